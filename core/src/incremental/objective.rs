//! What is minimised: the negative log-likelihood of the Poisson regression, the ridge, and the experiments.
//!
//! Σ_rows λ·d − y·ln λ + ½ Σ_j ρ_j θ_j² + ½ Σ_e (L_e(θ) − lift_e)²/se_e², with ln λ = base(cell) + Σ_controls β·exposure +
//! ln(rise of Σ_credited β·exposure). The Hessian is Fisher's, Σ d·λ·z·zᵀ with z = ∂ln λ/∂θ, which is positive
//! definite, and the exact one where channels multiply; experiments enter it by their Gauss–Newton part.

use super::design::Design;
use super::evaluation::{Evaluation, dot};
use super::experiment::Target;
use super::gram::Gram;
use super::link::Link;
use super::walk::Role;
use crate::number::size;
use crate::parallel::sum_over;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// The prior precision of the controls' coefficients: all but free. A ridge on what adjusts would hand the
/// confounding it fails to adjust for to the credited channels (Hahn, Carvalho, Puelz, He 2018, *Regularization and Confounding*).
pub(super) const CONTROL_RIDGE: f64 = 0.01;

/// Rows per piece of work.
pub(super) const PIECE: usize = 4_096;

/// Which of a design's columns are in, credited ones first, and how the credited ones combine.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub columns: Vec<usize>,
    pub link: Link,
}

/// The objective for given weights of the accounts.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    pub design: &'a Design,
    pub terms: &'a Terms,
    /// Prior precision per coefficient, the ridge.
    pub ridge: Vec<f64>,
    /// Experiments to honour.
    pub targets: &'a [Target],
    /// How many of all accounts one of weight one stands for: experiments are about all of them, whoever is looked at.
    pub represents: f64,
    credited: usize,
    /// Row by row, the exposures of the columns that are in; zero where a row does not count.
    exposures: Cow<'a, [f64]>,
    days: Vec<f64>,
    conversions: Vec<f64>,
    idle: Vec<(f64, f64)>,
}

/// Sums over a piece of rows: what the base needs per cell, what the features need at once.
struct Piece {
    loss: f64,
    residual: Vec<f64>,
    expected: Vec<f64>,
    expected_by_feature: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Terms {
    /// The number of credited columns.
    fn credited(&self, design: &Design) -> usize {
        self.columns.iter().take_while(|&&column| design.features[column].role == Role::Credited).count()
    }

    /// Which coefficients may not be negative: those of the credited columns.
    pub(super) fn bounded(&self, design: &Design) -> Vec<bool> {
        let credited = design.base_count..design.base_count + self.credited(design);
        (0..design.base_count + self.columns.len()).map(|coefficient| credited.contains(&coefficient)).collect()
    }

    /// The prior precision per coefficient: `ridge` for credited columns; that of the base is one, and the intercept is free.
    pub(super) fn precisions(&self, design: &Design, ridge: f64) -> Vec<f64> {
        let mut precisions = vec![1.0; design.base_count];
        precisions[0] = 0.0;
        let credited = self.credited(design);
        precisions.extend((0..self.columns.len()).map(|term| if term < credited { ridge } else { CONTROL_RIDGE }));
        precisions
    }
}

impl<'a> Objective<'a> {
    /// `weight(account)` is how often the account of that position counts; `ridge` is the prior precision of the credited
    /// coefficients.
    pub(super) fn new(
        design: &'a Design,
        terms: &'a Terms,
        ridge: f64,
        targets: &'a [Target],
        weight: impl Fn(usize) -> f64,
    ) -> Self {
        let weigh = |values: &[f64]| -> Vec<f64> {
            design.account.iter().zip(values).map(|(&account, value)| value * weight(account as usize)).collect()
        };
        let (days, conversions) = (weigh(&design.days), weigh(&design.conversions));
        let exposures = if terms.columns.iter().copied().eq(0..design.features.len()) {
            Cow::Borrowed(design.exposures())
        } else {
            Cow::Owned(picked(design, &terms.columns, |row| days[row] != 0.0 || conversions[row] != 0.0))
        };
        let whole: f64 = (0..design.keys.len()).map(&weight).sum();
        let represents = design.represents * if whole > 0.0 { size(design.keys.len()) / whole } else { 1.0 };
        let mut idle = vec![(0.0, 0.0); design.cells.len()];
        for row in &design.idle {
            let weight = weight(row.account as usize);
            idle[row.cell as usize].0 += weight * row.days;
            idle[row.cell as usize].1 += weight * row.conversions;
        }
        Self {
            design,
            terms,
            ridge: terms.precisions(design, ridge),
            targets,
            represents,
            credited: terms.credited(design),
            exposures,
            days,
            conversions,
            idle,
        }
    }

    /// The number of coefficients: base, then columns.
    pub(super) fn width(&self) -> usize {
        self.design.base_count + self.terms.columns.len()
    }

    /// Which coefficients may not be negative.
    pub(super) fn bounded(&self) -> Vec<bool> {
        self.terms.bounded(self.design)
    }

    /// The same rate for everybody.
    pub(super) fn cold_start(&self) -> Vec<f64> {
        let conversions = self.conversions.iter().sum::<f64>() + self.idle.iter().map(|cell| cell.1).sum::<f64>();
        let days = self.days.iter().sum::<f64>() + self.idle.iter().map(|cell| cell.0).sum::<f64>();
        let mut theta = vec![0.0; self.width()];
        theta[0] = (conversions.max(0.5) / days.max(1.0)).ln();
        theta
    }

    /// The log rate of each cell of the base.
    pub(super) fn base(&self, theta: &[f64]) -> Vec<f64> {
        let of = |levels: &Vec<u32>| theta[0] + levels.iter().map(|&level| theta[level as usize]).sum::<f64>();
        self.design.cells.iter().map(of).collect()
    }

    /// The exposures of a row to the columns that are in.
    fn row(&self, row: usize) -> &[f64] {
        let width = self.terms.columns.len();
        &self.exposures[row * width..(row + 1) * width]
    }

    /// The sum of a row's credited effects.
    pub(super) fn rise(&self, row: usize, effects: &[f64]) -> f64 {
        dot(&self.row(row)[..self.credited], &effects[..self.credited])
    }

    /// The log rate of a row and, in `slope`, its slope in every effect.
    pub(super) fn log_rate(&self, row: usize, base: &[f64], effects: &[f64], slope: &mut [f64]) -> f64 {
        slope.copy_from_slice(self.row(row));
        let rise = dot(&slope[..self.credited], &effects[..self.credited]);
        let controls = dot(&slope[self.credited..], &effects[self.credited..]);
        let credited = self.terms.link.slope(rise);
        if credited != 1.0 {
            slope[..self.credited].iter_mut().for_each(|slope| *slope *= credited);
        }
        base[self.design.cell[row] as usize] + controls + self.terms.link.log_rise(rise)
    }

    /// Whether a row stands for any time.
    pub(super) fn lasts(&self, row: usize) -> bool {
        self.days[row] > 0.0
    }

    /// Expected conversions of a row at a log rate.
    pub(super) fn expected(&self, row: usize, log_rate: f64) -> f64 {
        if self.lasts(row) { self.days[row] * log_rate.exp() } else { 0.0 }
    }

    /// Conversions less expected conversions of a row: what its slope is multiplied by in the score.
    pub(super) fn residual(&self, row: usize, log_rate: f64) -> f64 {
        self.conversions[row] - self.expected(row, log_rate)
    }

    /// Loss, gradient and Hessian at `theta`.
    pub(super) fn evaluate(&self, theta: &[f64]) -> Evaluation {
        let mut result = self.likelihood(theta);
        result.add_ridge(theta, &self.ridge);
        for target in self.targets {
            target.add_to(self, theta, &self.base(theta), &mut result);
        }
        result
    }

    /// The same without ridge and experiments.
    pub(super) fn likelihood(&self, theta: &[f64]) -> Evaluation {
        let (base_count, width, features) = (self.design.base_count, self.width(), self.terms.columns.len());
        let base = self.base(theta);
        let mut whole = Piece::new(base.len(), features);
        for (cell, &(days, conversions)) in self.idle.iter().enumerate() {
            let expected = if days > 0.0 { days * base[cell].exp() } else { 0.0 };
            whole.loss += expected - conversions * base[cell];
            whole.residual[cell] += expected - conversions;
            whole.expected[cell] += expected;
        }
        let rows = |rows| self.piece(rows, &base, &theta[base_count..]);
        sum_over(self.design.rows(), PIECE, rows, |part| whole.add(&part));
        let mut result = Evaluation { loss: whole.loss, ..Evaluation::nothing(width) };
        for (cell, levels) in self.design.cells.iter().enumerate() {
            let active = || std::iter::once(0).chain(levels.iter().map(|&level| level as usize));
            for i in active() {
                result.gradient[i] += whole.residual[cell];
                for j in active() {
                    result.hessian[i * width + j] += whole.expected[cell];
                }
                for f in 0..features {
                    let expected = whole.expected_by_feature[cell * features + f];
                    result.hessian[i * width + base_count + f] += expected;
                    result.hessian[(base_count + f) * width + i] += expected;
                }
            }
        }
        for f in 0..features {
            result.gradient[base_count + f] += whole.gradient[f];
            let row = &mut result.hessian[(base_count + f) * width + base_count..][..features];
            row.iter_mut().zip(&whole.hessian[f * features..]).for_each(|(into, from)| *into += from);
        }
        result
    }

    fn piece(&self, rows: Range<usize>, base: &[f64], effects: &[f64]) -> Piece {
        let features = effects.len();
        let mut piece = Piece::new(base.len(), features);
        let mut gram = Gram::new(features);
        let mut slope = vec![0.0; features];
        for row in rows {
            if self.days[row] == 0.0 && self.conversions[row] == 0.0 {
                continue;
            }
            let cell = self.design.cell[row] as usize;
            let log_rate = self.log_rate(row, base, effects, &mut slope);
            let expected = self.expected(row, log_rate);
            let residual = expected - self.conversions[row];
            piece.loss += expected - self.conversions[row] * log_rate;
            piece.residual[cell] += residual;
            piece.expected[cell] += expected;
            let by_feature = &mut piece.expected_by_feature[cell * features..(cell + 1) * features];
            for ((gradient, by_feature), slope) in piece.gradient.iter_mut().zip(by_feature).zip(&slope) {
                *gradient += residual * slope;
                *by_feature += expected * slope;
            }
            if expected > 0.0 {
                gram.push(expected, &slope);
            }
        }
        Piece { hessian: gram.finish(), ..piece }
    }
}

/// Some columns of the rows that are in, row by row; the other rows are zero.
fn picked(design: &Design, columns: &[usize], is_in: impl Fn(usize) -> bool + Sync) -> Vec<f64> {
    let mut picked = vec![0.0; design.rows() * columns.len()];
    let rows = picked.par_chunks_exact_mut(columns.len().max(1)).with_min_len(PIECE).enumerate();
    rows.filter(|(row, _)| is_in(*row)).for_each(|(row, into)| {
        let exposures = design.row(row);
        into.iter_mut().zip(columns).for_each(|(into, &column)| *into = exposures[column]);
    });
    picked
}

impl Piece {
    fn new(cells: usize, features: usize) -> Self {
        Self {
            loss: 0.0,
            residual: vec![0.0; cells],
            expected: vec![0.0; cells],
            expected_by_feature: vec![0.0; cells * features],
            gradient: vec![0.0; features],
            hessian: vec![0.0; features * features],
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |into: &mut [f64], from: &[f64]| into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        self.loss += other.loss;
        add(&mut self.residual, &other.residual);
        add(&mut self.expected, &other.expected);
        add(&mut self.expected_by_feature, &other.expected_by_feature);
        add(&mut self.gradient, &other.gradient);
        add(&mut self.hessian, &other.hessian);
    }
}
