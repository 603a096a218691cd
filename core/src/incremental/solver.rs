//! The optimiser: Newton steps projected on β ≥ 0 (Bertsekas 1982, *Projected Newton methods*).

use super::error::IncrementalError;
use super::evaluation::Evaluation;
use super::objective::Objective;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// The optimum counts as reached when the next Newton step would raise the log-likelihood by less than this: the estimates are
/// then within a thousandth of a standard error. Rounding of the loss sets a second limit, as a part of it.
pub(super) const TOLERANCE: f64 = 1e-7;
const ROUNDING: f64 = 1e-14;
const MAX_STEPS: u64 = 100;
/// The part of a step below which none is tried.
const SHORTEST: f64 = 1e-9;

/// An optimum and the objective there.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    pub theta: Vec<f64>,
    pub evaluation: Evaluation,
}

/// Minimises the objective from `start`; effects of credited channels stay at or above zero. It ends when another step would
/// gain less than `tolerance`.
///
/// # Errors
/// [`IncrementalError::NotConverged`]; [`IncrementalError::Undetermined`] where the Hessian is not positive definite.
pub(super) fn minimise(
    objective: &Objective<'_>,
    start: Vec<f64>,
    tolerance: f64,
) -> Result<Optimum, IncrementalError> {
    let bounded = objective.bounded();
    let mut theta: Vec<f64> = start.into_iter().zip(&bounded).map(|(x, &bounded)| within(x, bounded)).collect();
    let mut evaluation = objective.evaluate(&theta);
    let mut iterations = 0;
    while iterations < MAX_STEPS {
        let direction = direction(&theta, &evaluation.gradient, &evaluation.hessian, &bounded)
            .ok_or(IncrementalError::Undetermined)?;
        let gain = -0.5 * evaluation.gradient.iter().zip(&direction).map(|(g, d)| g * d).sum::<f64>();
        if gain <= tolerance.max(ROUNDING * evaluation.loss.abs()) {
            return Ok(Optimum { theta, evaluation });
        }
        let Some(lower) = descend(objective, &theta, &evaluation, &direction, &bounded) else { break };
        (theta, evaluation) = lower;
        iterations += 1;
    }
    let slope = largest_slope(&theta, &evaluation.gradient, &bounded);
    Err(IncrementalError::NotConverged { iterations, slope })
}

/// A coefficient, or zero where it may not be negative.
fn within(x: f64, bounded: bool) -> f64 {
    if bounded { x.max(0.0) } else { x }
}

/// The first point that lowers the loss enough (Armijo's rule along the projected path), of the step, its half, its quarter and so on.
fn descend(
    objective: &Objective<'_>,
    theta: &[f64],
    evaluation: &Evaluation,
    direction: &[f64],
    bounded: &[bool],
) -> Option<(Vec<f64>, Evaluation)> {
    let mut length = 1.0;
    while length > SHORTEST {
        let next: Vec<f64> = (0..theta.len()).map(|j| within(theta[j] + length * direction[j], bounded[j])).collect();
        let trial = objective.evaluate(&next);
        let predicted: f64 = (0..theta.len()).map(|j| evaluation.gradient[j] * (next[j] - theta[j])).sum();
        if trial.loss.is_finite() && trial.loss <= evaluation.loss + 1e-4 * predicted {
            return Some((next, trial));
        }
        length *= 0.5;
    }
    None
}

/// The largest component of the projected gradient.
fn largest_slope(theta: &[f64], gradient: &[f64], bounded: &[bool]) -> f64 {
    let free = |j: usize| !(bounded[j] && theta[j] <= 0.0 && gradient[j] > 0.0);
    (0..theta.len()).filter(|&j| free(j)).map(|j| gradient[j].abs()).fold(0.0, f64::max)
}

/// The Newton direction within the bounds: coefficients at zero that want to fall stay; those that the step would take
/// below zero go to zero instead, and the others take account of it. `None` where the Hessian is not positive definite.
pub(super) fn direction(theta: &[f64], gradient: &[f64], hessian: &[f64], bounded: &[bool]) -> Option<Vec<f64>> {
    let width = theta.len();
    let mut direction = vec![0.0; width];
    let mut is_free: Vec<bool> = (0..width).map(|j| !(bounded[j] && theta[j] <= 0.0 && gradient[j] > 0.0)).collect();
    loop {
        let free: Vec<usize> = (0..width).filter(|&j| is_free[j]).collect();
        let block = Mat::from_fn(free.len(), free.len(), |i, j| hessian[free[i] * width + free[j]]);
        let slope = Mat::from_fn(free.len(), 1, |i, _| {
            let row = &hessian[free[i] * width..(free[i] + 1) * width];
            let by_fixed: f64 = (0..width).filter(|&j| !is_free[j]).map(|j| row[j] * direction[j]).sum();
            -gradient[free[i]] - by_fixed
        });
        let step = block.llt(Side::Lower).ok()?.solve(&slope);
        free.iter().enumerate().for_each(|(i, &j)| direction[j] = step[(i, 0)]);
        let below: Vec<usize> = free.into_iter().filter(|&j| bounded[j] && theta[j] + direction[j] < 0.0).collect();
        if below.is_empty() {
            return Some(direction);
        }
        for j in below {
            is_free[j] = false;
            direction[j] = -theta[j];
        }
    }
}
