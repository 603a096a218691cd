//! The optimiser: Newton steps projected on β ≥ 0 (Bertsekas 1982, *Projected Newton methods*), run by argmin.

use super::error::IncrementalError;
use super::evaluation::Evaluation;
use super::objective::Objective;
use argmin::core::{Error, Executor, IterState, KV, Problem, Solver, State, TerminationReason, TerminationStatus};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// The optimum counts as reached when the next Newton step would raise the log-likelihood by less than this: the estimates are
/// then within a thousandth of a standard error. Rounding of the loss sets a second limit, as a part of it.
pub(super) const TOLERANCE: f64 = 1e-7;
const ROUNDING: f64 = 1e-14;
const MAX_STEPS: u64 = 100;

/// An optimum and the objective there.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    pub theta: Vec<f64>,
    pub evaluation: Evaluation,
}

type Iterate = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

struct ProjectedNewton {
    bounded: Vec<bool>,
    tolerance: f64,
    current: Option<Evaluation>,
    /// Whether the last step was too small to matter.
    settled: bool,
    /// Whether no step was found that lowers the loss.
    stuck: bool,
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
    let solver = ProjectedNewton { bounded: bounded.clone(), tolerance, current: None, settled: false, stuck: false };
    let run =
        Executor::new(objective, solver).configure(|state| state.param(start).max_iters(MAX_STEPS)).ctrlc(false).run();
    let failed = |iterations, slope| IncrementalError::NotConverged { iterations, slope };
    let mut result = run.map_err(|_| IncrementalError::Undetermined)?;
    let steps = result.state.get_iter();
    let (theta, evaluation) = match (result.state.take_param(), result.solver.current.take()) {
        (Some(theta), Some(evaluation)) => (theta, evaluation),
        _ => return Err(failed(steps, f64::NAN)),
    };
    if !result.solver.settled {
        return Err(failed(steps, largest_slope(&theta, &evaluation.gradient, &bounded)));
    }
    Ok(Optimum { theta, evaluation })
}

/// The largest component of the projected gradient.
fn largest_slope(theta: &[f64], gradient: &[f64], bounded: &[bool]) -> f64 {
    let free = |j: usize| !(bounded[j] && theta[j] <= 0.0 && gradient[j] > 0.0);
    (0..theta.len()).filter(|&j| free(j)).map(|j| gradient[j].abs()).fold(0.0, f64::max)
}

/// The Newton direction within the bounds: coefficients at zero that want to fall stay; those that the step would take
/// below zero go to zero instead, and the others take account of it.
///
/// # Errors
/// Where the Hessian is not positive definite.
pub(super) fn direction(theta: &[f64], gradient: &[f64], hessian: &[f64], bounded: &[bool]) -> Result<Vec<f64>, Error> {
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
        let step = block.llt(Side::Lower).map_err(|error| Error::msg(format!("{error:?}")))?.solve(&slope);
        free.iter().enumerate().for_each(|(i, &j)| direction[j] = step[(i, 0)]);
        let below: Vec<usize> = free.into_iter().filter(|&j| bounded[j] && theta[j] + direction[j] < 0.0).collect();
        if below.is_empty() {
            return Ok(direction);
        }
        for j in below {
            is_free[j] = false;
            direction[j] = -theta[j];
        }
    }
}

impl Solver<&Objective<'_>, Iterate> for ProjectedNewton {
    fn name(&self) -> &str {
        "projected Newton"
    }

    fn init(
        &mut self,
        problem: &mut Problem<&Objective<'_>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let mut theta = state.take_param().ok_or_else(|| Error::msg("no start"))?;
        theta.iter_mut().zip(&self.bounded).for_each(|(x, &bounded)| *x = if bounded { x.max(0.0) } else { *x });
        let evaluation = problem.problem("evaluations", |objective| Ok(objective.evaluate(&theta)))?;
        let state = state.param(theta).cost(evaluation.loss).gradient(evaluation.gradient.clone());
        self.current = Some(evaluation);
        Ok((state, None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<&Objective<'_>>,
        mut state: Iterate,
    ) -> Result<(Iterate, Option<KV>), Error> {
        let theta = state.take_param().ok_or_else(|| Error::msg("no point"))?;
        let evaluation = self.current.take().ok_or_else(|| Error::msg("no evaluation"))?;
        let direction = direction(&theta, &evaluation.gradient, &evaluation.hessian, &self.bounded)?;
        let gain = -0.5 * evaluation.gradient.iter().zip(&direction).map(|(g, d)| g * d).sum::<f64>();
        if gain <= self.tolerance.max(ROUNDING * evaluation.loss.abs()) {
            self.settled = true;
            let state = state.param(theta).cost(evaluation.loss);
            self.current = Some(evaluation);
            return Ok((state, None));
        }
        let mut length = 1.0;
        while length > 1e-9 {
            let next: Vec<f64> = (0..theta.len())
                .map(|j| {
                    let moved = theta[j] + length * direction[j];
                    if self.bounded[j] { moved.max(0.0) } else { moved }
                })
                .collect();
            let trial = problem.problem("evaluations", |objective| Ok(objective.evaluate(&next)))?;
            let predicted: f64 = (0..theta.len()).map(|j| evaluation.gradient[j] * (next[j] - theta[j])).sum();
            // Armijo's rule along the projected path.
            if trial.loss.is_finite() && trial.loss <= evaluation.loss + 1e-4 * predicted {
                let state = state.param(next).cost(trial.loss).gradient(trial.gradient.clone());
                self.current = Some(trial);
                return Ok((state, None));
            }
            length *= 0.5;
        }
        self.stuck = true;
        let state = state.param(theta).cost(evaluation.loss);
        self.current = Some(evaluation);
        Ok((state, None))
    }

    fn terminate(&mut self, _state: &Iterate) -> TerminationStatus {
        if self.settled || self.stuck {
            return TerminationStatus::Terminated(TerminationReason::SolverConverged);
        }
        TerminationStatus::NotTerminated
    }
}
