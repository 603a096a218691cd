//! What is minimised: the negative log-likelihood of the Poisson regression, the ridge, and the experiments.
//!
//! Σ_rows d·e^η − y·η + ½ Σ_j ρ_j θ_j² + ½ Σ_e (L_e(θ) − lift_e)²/se_e², with η = base(cell) + Σ_f β_f·exposure_f.

use super::design::Design;
use super::experiment::Target;
use super::parallel::sum_over;
use super::walk::Role;
use std::ops::Range;

/// The prior precision of the controls' coefficients: all but free. A ridge on what adjusts would hand the
/// confounding it fails to adjust for to the credited channels (Hahn, Carvalho, Puelz, He 2018, *Regularization and Confounding*).
const CONTROL_RIDGE: f64 = 0.01;

/// The objective at one point; the Hessian is dense, row by row. Experiments enter it by their Gauss–Newton part,
/// so that it stays positive definite.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub loss: f64,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

/// The objective for given weights of the accounts.
#[derive(Debug)]
pub(super) struct Objective<'a> {
    pub design: &'a Design,
    /// Prior precision per coefficient, the ridge.
    pub ridge: Vec<f64>,
    /// Experiments to honour.
    pub targets: &'a [Target],
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

impl<'a> Objective<'a> {
    /// `weight(account)` is how often the account of that position counts; `ridge` is the prior precision of the
    /// credited coefficients; that of the base is one, and the intercept is free.
    pub(super) fn new(design: &'a Design, ridge: f64, targets: &'a [Target], weight: impl Fn(usize) -> f64) -> Self {
        let frame = &design.frame;
        let weigh = |values: &[f64]| -> Vec<f64> {
            frame.account.iter().zip(values).map(|(&account, value)| value * weight(account as usize)).collect()
        };
        let mut idle = vec![(0.0, 0.0); frame.cells.len()];
        for row in &frame.idle {
            let weight = weight(row.account as usize);
            idle[row.cell as usize].0 += weight * row.days;
            idle[row.cell as usize].1 += weight * row.conversions;
        }
        let mut ridges = vec![1.0; design.width()];
        ridges[0] = 0.0;
        for (into, feature) in ridges[frame.base_count..].iter_mut().zip(&design.features) {
            *into = if feature.role == Role::Credited { ridge } else { CONTROL_RIDGE };
        }
        Self { design, ridge: ridges, targets, days: weigh(&frame.days), conversions: weigh(&frame.conversions), idle }
    }

    /// All conversions, weighted.
    pub(super) fn total_conversions(&self) -> f64 {
        self.conversions.iter().sum::<f64>() + self.idle.iter().map(|(_, conversions)| conversions).sum::<f64>()
    }

    /// All days, weighted.
    pub(super) fn total_days(&self) -> f64 {
        self.days.iter().sum::<f64>() + self.idle.iter().map(|(days, _)| days).sum::<f64>()
    }

    /// The log rate of each cell of the base.
    pub(super) fn base(&self, theta: &[f64]) -> Vec<f64> {
        let of = |levels: &Vec<u32>| theta[0] + levels.iter().map(|&level| theta[level as usize]).sum::<f64>();
        self.design.frame.cells.iter().map(of).collect()
    }

    /// The expected conversions of a row.
    pub(super) fn expected(&self, row: usize, base: &[f64], effects: &[f64]) -> f64 {
        self.days[row] * self.log_rate(row, base, effects).exp()
    }

    /// Conversions less expected conversions of a row: its part of the score.
    pub(super) fn residual(&self, row: usize, base: &[f64], effects: &[f64]) -> f64 {
        self.conversions[row] - self.expected(row, base, effects)
    }

    fn log_rate(&self, row: usize, base: &[f64], effects: &[f64]) -> f64 {
        base[self.design.frame.cell[row] as usize] + dot(self.design.row(row), effects)
    }

    /// The negative log-likelihood alone, by which held-out accounts are judged.
    pub(super) fn likelihood_loss(&self, theta: &[f64]) -> f64 {
        let base = self.base(theta);
        let effects = &theta[self.design.frame.base_count..];
        let mut loss = self.idle.iter().zip(&base).map(|(&(days, y), base)| days * base.exp() - y * base).sum::<f64>();
        let piece = |rows: Range<usize>| -> f64 {
            rows.map(|row| {
                let log_rate = self.log_rate(row, &base, effects);
                self.days[row] * log_rate.exp() - self.conversions[row] * log_rate
            })
            .sum()
        };
        sum_over(self.design.frame.rows(), piece, |part| loss += part);
        loss
    }

    /// Loss, gradient and Hessian at `theta`.
    pub(super) fn evaluate(&self, theta: &[f64]) -> Evaluation {
        let frame = &self.design.frame;
        let (base_count, width, features) = (frame.base_count, self.design.width(), self.design.features.len());
        let base = self.base(theta);
        let mut whole = Piece {
            loss: 0.0,
            residual: vec![0.0; base.len()],
            expected: vec![0.0; base.len()],
            expected_by_feature: vec![0.0; base.len() * features],
            gradient: vec![0.0; features],
            hessian: vec![0.0; features * features],
        };
        for (cell, &(days, conversions)) in self.idle.iter().enumerate() {
            let expected = if days > 0.0 { days * base[cell].exp() } else { 0.0 };
            whole.loss += expected - conversions * base[cell];
            whole.residual[cell] += expected - conversions;
            whole.expected[cell] += expected;
        }
        let rows = |rows| self.piece(rows, &base, &theta[base_count..]);
        sum_over(frame.rows(), rows, |part| whole.add(&part));
        let mut result = Evaluation { loss: whole.loss, gradient: vec![0.0; width], hessian: vec![0.0; width * width] };
        for (cell, levels) in frame.cells.iter().enumerate() {
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
            for g in 0..features {
                let value = whole.hessian[f.min(g) * features + f.max(g)];
                result.hessian[(base_count + f) * width + base_count + g] += value;
            }
        }
        self.add_ridge(theta, &mut result);
        for target in self.targets {
            target.add_to(self, theta, &base, &mut result);
        }
        result
    }

    fn piece(&self, rows: Range<usize>, base: &[f64], effects: &[f64]) -> Piece {
        let features = effects.len();
        let mut piece = Piece {
            loss: 0.0,
            residual: vec![0.0; base.len()],
            expected: vec![0.0; base.len()],
            expected_by_feature: vec![0.0; base.len() * features],
            gradient: vec![0.0; features],
            hessian: vec![0.0; features * features],
        };
        for row in rows {
            let cell = self.design.frame.cell[row] as usize;
            let exposures = self.design.row(row);
            let log_rate = base[cell] + dot(exposures, effects);
            let expected = if self.days[row] > 0.0 { self.days[row] * log_rate.exp() } else { 0.0 };
            let residual = expected - self.conversions[row];
            piece.loss += expected - self.conversions[row] * log_rate;
            piece.residual[cell] += residual;
            piece.expected[cell] += expected;
            for (f, &exposure) in exposures.iter().enumerate() {
                if exposure == 0.0 {
                    continue;
                }
                piece.gradient[f] += residual * exposure;
                let weighted = expected * exposure;
                piece.expected_by_feature[cell * features + f] += weighted;
                for (into, &other) in
                    piece.hessian[f * features + f..(f + 1) * features].iter_mut().zip(&exposures[f..])
                {
                    *into += weighted * other;
                }
            }
        }
        piece
    }

    fn add_ridge(&self, theta: &[f64], result: &mut Evaluation) {
        let width = theta.len();
        for (j, (&coefficient, &precision)) in theta.iter().zip(&self.ridge).enumerate() {
            result.loss += 0.5 * precision * coefficient * coefficient;
            result.gradient[j] += precision * coefficient;
            result.hessian[j * width + j] += precision;
        }
    }
}

impl Piece {
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

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
