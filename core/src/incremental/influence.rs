//! How sure the incremental model is: the influence of every account on the estimates (clustered sandwich), and the
//! delta method from there to shares and money.
//!
//! With s_a the score of account a and H the Hessian, the estimates move by u_a = H⁻¹·s_a when the account counts once more
//! (Liang and Zeger 1986). A sum T = Σ_a T_a(β) over accounts then has the variance Σ_a (T_a + g·u_a)², g being the slope of
//! T in β: chance in who converted and chance in the estimates at once, and their covariance. Accounts that were not looked
//! at have no u_a. What the data do not say about lags comes on top, and what experiments leave open ([`Average`]).
//!
//! *At the bound.* Intervals lie around the estimates without β ≥ 0 and without the ridge's pull, to first order, and are cut at
//! zero afterwards: cutting an interval for a quantity that cannot be negative never loses coverage. Link and ridge
//! count as known.

use super::average::Average;
use super::error::IncrementalError;
use super::evaluation::dot;
use super::objective::{Objective, PIECE};
use crate::parallel::sum_over;
use crate::uncertainty::{Interval, normal_quantile};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use std::ops::Range;

/// What one more of each account would do to the effects, and how sure they are.
#[derive(Debug)]
pub(super) struct Influence {
    /// From the model's effects to those without bound and ridge.
    pub shift: Vec<f64>,
    /// Account by account, one number per effect.
    moves: Vec<f64>,
    /// The covariance of the effects, row by row.
    covariance: Vec<f64>,
}

impl Influence {
    pub(super) fn new(full: &Objective<'_>, average: &Average) -> Result<Self, IncrementalError> {
        let design = full.design;
        let theta = average.theta();
        let width = average.components.len();
        let by_score = average.moves_by_score(design.base_count)?;
        let moves = moves(full, theta, &by_score, width);
        let mut covariance = vec![0.0; width * width];
        moves.chunks_exact(width).for_each(|part| add_square(&mut covariance, part));
        for target in full.targets {
            let slope = target.implied(full, theta, &full.base(theta)).1;
            let mut part = vec![0.0; width];
            for (row, slope) in by_score.chunks_exact(width).zip(&slope) {
                part.iter_mut().zip(row).for_each(|(into, by)| *into += by * slope * target.precision().sqrt());
            }
            add_square(&mut covariance, &part);
        }
        average.between(design).iter().for_each(|part| add_square(&mut covariance, part));
        let shift = average.components.iter().map(|lag| lag.weight * (lag.free - lag.effect)).collect();
        Ok(Self { shift, moves, covariance })
    }

    /// The interval of a sum at `level`: `parts` are the accounts' parts of it, each once, with the account's position in the design
    /// or `None` where it was not looked at; `total` and `slope` are those of the sum. Accounts without a part need not be there.
    pub(super) fn interval(
        &self,
        total: f64,
        parts: impl Iterator<Item = (Option<usize>, f64)>,
        slope: &[f64],
        level: f64,
    ) -> Interval {
        let width = self.shift.len();
        let of_effects: f64 =
            self.covariance.chunks_exact(width.max(1)).zip(slope).map(|(row, s)| s * dot(row, slope)).sum();
        let of_account = |account: usize| dot(&self.moves[account * width..(account + 1) * width], slope);
        let with_effects =
            |(account, part): (Option<usize>, f64)| part * (part + 2.0 * account.map_or(0.0, of_account));
        let se = (of_effects + parts.map(with_effects).sum::<f64>()).max(0.0).sqrt();
        let z = normal_quantile(level);
        Interval { se, low: (total - z * se).max(0.0), high: (total + z * se).max(0.0) }
    }
}

/// Account by account, what its score does to every effect.
fn moves(full: &Objective<'_>, theta: &[f64], by_score: &[f64], width: usize) -> Vec<f64> {
    let design = full.design;
    let (base, effects) = (full.base(theta), &theta[design.base_count..]);
    let (of_base, of_features) = by_score.split_at(design.base_count * width);
    let add =
        |into: &mut [f64], by: f64, row: &[f64]| into.iter_mut().zip(row).for_each(|(into, row)| *into += by * row);
    let of_cell = |levels: &Vec<u32>| {
        let mut sum = of_base[..width].to_vec();
        levels.iter().for_each(|&level| add(&mut sum, 1.0, &of_base[level as usize * width..][..width]));
        sum
    };
    let of_cells: Vec<Vec<f64>> = design.cells.iter().map(of_cell).collect();
    let of_features = MatRef::from_column_major_slice(of_features, width, effects.len());
    let of_rows = |rows: Range<usize>| {
        let (first, count) = (rows.start, rows.len());
        let (mut slopes, mut residuals) = (vec![0.0; effects.len() * count], Vec::with_capacity(count));
        let mut parts = vec![0.0; count * width];
        for (place, row) in rows.enumerate() {
            let log_rate =
                full.log_rate(row, &base, effects, &mut slopes[place * effects.len()..(place + 1) * effects.len()]);
            residuals.push(full.residual(row, log_rate));
            parts[place * width..(place + 1) * width].copy_from_slice(&of_cells[design.cell[row] as usize]);
        }
        let slopes = MatRef::from_column_major_slice(&slopes, effects.len(), count);
        let into = MatMut::from_column_major_slice_mut(&mut parts, width, count);
        matmul(into, Accum::Add, of_features, slopes, 1.0, Par::Seq);
        for (part, residual) in parts.chunks_exact_mut(width).zip(residuals) {
            part.iter_mut().for_each(|value| *value *= residual);
        }
        (first, parts)
    };
    let mut moves = vec![0.0; design.keys.len() * width];
    sum_over(design.rows(), PIECE, of_rows, |(first, parts)| {
        for (&account, part) in design.account[first..].iter().zip(parts.chunks_exact(width)) {
            add(&mut moves[account as usize * width..][..width], 1.0, part);
        }
    });
    for idle in &design.idle {
        let residual = idle.conversions - idle.days * base[idle.cell as usize].exp();
        add(&mut moves[idle.account as usize * width..][..width], residual, &of_cells[idle.cell as usize]);
    }
    moves
}

fn add_square(covariance: &mut [f64], part: &[f64]) {
    for (row, &value) in covariance.chunks_exact_mut(part.len()).zip(part) {
        row.iter_mut().zip(part).for_each(|(into, other)| *into += value * other);
    }
}
