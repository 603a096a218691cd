//! Maximum likelihood for every lifetime model: several starts, L-BFGS, Newton's method to finish, errors from the Hessian.

use std::cell::{Cell, RefCell};

use argmin::core::{ArgminError, CostFunction, Error, Executor, Gradient, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, Side};

use super::error::LifetimeError;

/// A model and its data: what [`maximise`] needs. All parameters are positive.
pub(crate) trait Likelihood: Sized {
    /// The model's id.
    fn model(&self) -> &'static str;
    /// The parameters' names, in order.
    fn names(&self) -> &'static [&'static str];
    /// Parameter values to start from, the most plausible first.
    fn starts(&self) -> Vec<Vec<f64>>;
    /// The customers the likelihood is about.
    fn customers(&self) -> f64;
    /// The same model on a sample, when the data are so many that the starts should race on fewer.
    fn sample(&self) -> Option<Self>;
    /// The log-likelihood; `gradient` takes its derivatives by the parameters.
    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64;
}

/// A parameter's estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// The name in the literature: `r`, `alpha`, …
    pub name: &'static str,
    /// The maximum-likelihood estimate.
    pub estimate: f64,
    /// Its standard error, from the inverse Hessian of the negative log-likelihood.
    pub standard_error: f64,
}

/// A fitted model. It has converged: what does not is a [`LifetimeError`].
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The model's id: `bg_nbd`, `gamma_gamma`, …
    pub model: &'static str,
    /// The estimates, in the model's order.
    pub parameters: Vec<Parameter>,
    /// The log-likelihood at the estimates, over all customers, without constants of the data.
    pub log_likelihood: f64,
    /// The customers fitted.
    pub customers: u64,
    /// Largest derivative of the mean log-likelihood by a log-parameter: how near the maximum is.
    pub gradient: f64,
    /// How often the likelihood was evaluated with its gradient, on all rows.
    pub evaluations: u64,
    /// Covariance of the logarithms of the estimates, row by row.
    pub log_covariance: Vec<f64>,
}

impl Fit {
    /// The estimates alone.
    pub fn estimates(&self) -> Vec<f64> {
        self.parameters.iter().map(|parameter| parameter.estimate).collect()
    }
}

/// How far, in logarithms, a parameter may go from every start before its likelihood counts as unbounded.
const REACH: f64 = 14.0;
/// The largest derivative of the mean log-likelihood at which a fit has converged.
const TOLERANCE: f64 = 1e-8;
/// Iterations of L-BFGS at most.
const ITERATIONS: u64 = 400;
/// Evaluations of a descent at most: a line search along a ridge to infinity has no end of its own.
const EVALUATIONS: u64 = 5 * ITERATIONS;
/// Newton steps at most: near a maximum three do; along a ridge to infinity they are bounded by [`REACH`].
const ROUNDS: u32 = 60;
/// The standard error, in logarithms, from which on a parameter counts as unknown: a factor of e¹⁰ either way.
const UNDETERMINED: f64 = 10.0;

/// The mean negative log-likelihood over log-parameters, evaluated once per point although the optimiser asks for
/// value and gradient apart.
struct Objective<'a, L> {
    likelihood: &'a L,
    low: Vec<f64>,
    high: Vec<f64>,
    evaluations: Cell<u64>,
    last: RefCell<(Vec<f64>, f64, Vec<f64>)>,
}

impl<'a, L: Likelihood> Objective<'a, L> {
    fn new(likelihood: &'a L, starts: &[Vec<f64>]) -> Self {
        let size = likelihood.names().len();
        let bound = |pick: fn(f64, f64) -> f64, worst: f64| -> Vec<f64> {
            (0..size).map(|i| starts.iter().map(|start| start[i].ln()).fold(worst, pick)).collect()
        };
        Self {
            likelihood,
            low: bound(f64::min, f64::INFINITY).into_iter().map(|low| low - REACH).collect(),
            high: bound(f64::max, f64::NEG_INFINITY).into_iter().map(|high| high + REACH).collect(),
            evaluations: Cell::new(0),
            last: RefCell::default(),
        }
    }

    /// Value and gradient. Outside the bounds a parabola leads back, so that no step of the optimiser is lost.
    fn at(&self, point: &[f64]) -> (f64, Vec<f64>) {
        if self.last.borrow().0 != point {
            let mut inside: Vec<f64> = point.to_vec();
            inside.iter_mut().enumerate().for_each(|(i, value)| *value = value.clamp(self.low[i], self.high[i]));
            let parameters: Vec<f64> = inside.iter().map(|value| value.exp()).collect();
            let mut gradient = vec![0.0; point.len()];
            let customers = self.likelihood.customers();
            let mut value = -self.likelihood.evaluate(&parameters, &mut gradient) / customers;
            for (i, slope) in gradient.iter_mut().enumerate() {
                let excess = point[i] - inside[i];
                value += 0.5 * excess * excess;
                *slope = if excess == 0.0 { -*slope * parameters[i] / customers } else { excess };
            }
            self.evaluations.set(self.evaluations.get() + 1);
            self.last.replace((point.to_vec(), value, gradient));
        }
        let last = self.last.borrow();
        (last.1, last.2.clone())
    }

    /// The Hessian by central differences of the analytic gradient, made symmetric.
    fn hessian(&self, point: &[f64]) -> Mat<f64> {
        const STEP: f64 = 1e-4;
        let size = point.len();
        let columns: Vec<Vec<f64>> = (0..size)
            .map(|i| {
                let shifted = |by: f64| {
                    let mut point = point.to_vec();
                    point[i] += by;
                    self.at(&point).1
                };
                let (up, down) = (shifted(STEP), shifted(-STEP));
                up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * STEP)).collect()
            })
            .collect();
        Mat::from_fn(size, size, |row, column| 0.5 * (columns[column][row] + columns[row][column]))
    }

    /// L-BFGS from one start. It may stop at a failed line search close to the maximum; what it found is kept.
    fn descend(self, start: &[f64]) -> Result<(Self, Vec<f64>), Error> {
        let likelihood = self.likelihood;
        let (low, high) = (self.low.clone(), self.high.clone());
        let search = MoreThuenteLineSearch::new().with_c(1e-4, 0.9)?;
        let solver: LBFGS<_, Vec<f64>, Vec<f64>, f64> =
            LBFGS::new(search, 7).with_tolerance_grad(1e-6)?.with_tolerance_cost(1e-14)?;
        let result = Executor::new(self, solver)
            .configure(|state| state.param(start.to_vec()).max_iters(ITERATIONS))
            .ctrlc(false)
            .run()?;
        let best = result.state.get_best_param().cloned().unwrap_or_else(|| start.to_vec());
        let objective = result.problem.problem.unwrap_or_else(|| Self {
            likelihood,
            low,
            high,
            evaluations: Cell::new(0),
            last: RefCell::default(),
        });
        Ok((objective, best))
    }
}

impl<L: Likelihood> CostFunction for Objective<'_, L> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, point: &Vec<f64>) -> Result<f64, Error> {
        if self.evaluations.get() > EVALUATIONS {
            return Err(ArgminError::ConditionViolated { text: "the line search has no end".to_owned() }.into());
        }
        Ok(self.at(point).0)
    }
}

impl<L: Likelihood> Gradient for Objective<'_, L> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, point: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(point).1)
    }
}

/// The largest absolute value.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, value| value.abs().max(largest))
}

/// Fits the model by maximum likelihood.
///
/// The starts race by L-BFGS, on a sample when there are many rows; the best is carried on to all rows and
/// finished by Newton's method. Standard errors are those of the delta method: covariance of the logarithms times the estimates.
///
/// # Errors
/// [`LifetimeError::Unbounded`], [`LifetimeError::Undetermined`] and [`LifetimeError::NotConverged`].
pub(crate) fn maximise<L: Likelihood>(likelihood: &L) -> Result<Fit, LifetimeError> {
    let starts = likelihood.starts();
    let logs = |start: &Vec<f64>| -> Vec<f64> { start.iter().map(|value| value.ln()).collect() };
    let sample = likelihood.sample();
    let raced = sample.as_ref().unwrap_or(likelihood);
    let mut best: Option<(f64, Vec<f64>)> = None;
    for start in &starts {
        let Ok((objective, point)) = Objective::new(raced, &starts).descend(&logs(start)) else { continue };
        let value = objective.at(&point).0;
        if value.is_finite() && best.as_ref().is_none_or(|(least, _)| value < *least) {
            best = Some((value, point));
        }
    }
    let nowhere = LifetimeError::NotConverged { model: likelihood.model(), gradient: f64::MAX, evaluations: 0 };
    let (_, start) = best.ok_or(nowhere)?;
    // Where no descent leads on, Newton's method may.
    let all = || Objective::new(likelihood, &starts);
    let (objective, point) = all().descend(&start).unwrap_or_else(|_| (all(), start));
    finish(&objective, point)
}

/// A point with what the objective says there.
struct Peak {
    point: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    hessian: Mat<f64>,
}

/// Newton's method from close by, the checks, and the fit.
fn finish<L: Likelihood>(objective: &Objective<'_, L>, point: Vec<f64>) -> Result<Fit, LifetimeError> {
    let peak = climb(objective, point);
    let likelihood = objective.likelihood;
    if let Some(error) = unbounded(objective, &peak.point) {
        return Err(error);
    }
    let (evaluations, gradient) = (objective.evaluations.get(), largest(&peak.gradient));
    let converged = peak.value.is_finite() && gradient <= TOLERANCE;
    if !converged {
        return Err(LifetimeError::NotConverged { model: likelihood.model(), gradient, evaluations });
    }
    let log_covariance = covariance(likelihood, &peak.hessian)?;
    let size = peak.point.len();
    let parameter = |(i, at): (usize, &f64)| {
        let estimate = at.exp();
        let standard_error = estimate * log_covariance[i * size + i].sqrt();
        Parameter { name: likelihood.names()[i], estimate, standard_error }
    };
    Ok(Fit {
        model: likelihood.model(),
        parameters: peak.point.iter().enumerate().map(parameter).collect(),
        log_likelihood: -peak.value * likelihood.customers(),
        customers: whole(likelihood.customers()),
        gradient,
        evaluations,
        log_covariance,
    })
}

/// Newton's method. The Hessian is that of an earlier point as long as this does.
fn climb<L: Likelihood>(objective: &Objective<'_, L>, mut point: Vec<f64>) -> Peak {
    let (mut value, mut gradient) = objective.at(&point);
    let mut hessian = objective.hessian(&point);
    for _ in 0..ROUNDS {
        if largest(&gradient) < 1e-3 * TOLERANCE {
            break;
        }
        let Some(step) = newton_step(&hessian, &gradient) else { break };
        let next: Vec<f64> = point.iter().zip(&step).map(|(at, step)| at - step.clamp(-1.0, 1.0)).collect();
        let (next_value, next_gradient) = objective.at(&next);
        // At the maximum the value changes by rounding only; then the gradient decides.
        let better = next_value < value || largest(&next_gradient) < largest(&gradient);
        if !better || !next_value.is_finite() {
            break;
        }
        let slow = largest(&next_gradient) > 0.1 * largest(&gradient);
        (point, value, gradient) = (next, next_value, next_gradient);
        if slow {
            hessian = objective.hessian(&point);
        }
    }
    Peak { point, value, gradient, hessian }
}

/// The first parameter that has run away from where the fit started.
fn unbounded<L: Likelihood>(objective: &Objective<'_, L>, point: &[f64]) -> Option<LifetimeError> {
    let likelihood = objective.likelihood;
    point.iter().enumerate().find_map(|(i, &at)| {
        let limit = if at < objective.low[i] + 2.0 {
            "zero"
        } else if at > objective.high[i] - 2.0 {
            "infinity"
        } else {
            return None;
        };
        Some(LifetimeError::Unbounded { model: likelihood.model(), parameter: likelihood.names()[i], limit })
    })
}

/// Covariance of the log-parameters, row by row: the inverse Hessian of the negative log-likelihood, which is `hessian` for each
/// customer.
fn covariance<L: Likelihood>(likelihood: &L, hessian: &Mat<f64>) -> Result<Vec<f64>, LifetimeError> {
    let size = hessian.nrows();
    let undetermined =
        |i: usize| LifetimeError::Undetermined { model: likelihood.model(), parameter: likelihood.names()[i] };
    let flattest = (1..size).fold(0, |least, i| if hessian[(i, i)] < hessian[(least, least)] { i } else { least });
    let decomposed = hessian.llt(Side::Lower).map_err(|_| undetermined(flattest))?;
    let inverse = decomposed.inverse();
    let customers = likelihood.customers();
    let covariance: Vec<f64> = (0..size * size).map(|i| inverse[(i / size, i % size)] / customers).collect();
    let known = 0.0..=UNDETERMINED * UNDETERMINED;
    match (0..size).find(|i| !known.contains(&covariance[i * size + i])) {
        Some(i) => Err(undetermined(i)),
        None => Ok(covariance),
    }
}

/// Newton's step; where the function is not convex, that of the Hessian with as much added to its diagonal as makes it so.
fn newton_step(hessian: &Mat<f64>, gradient: &[f64]) -> Option<Vec<f64>> {
    let size = gradient.len();
    let scale = (0..size).map(|i| hessian[(i, i)].abs()).fold(1e-12, f64::max);
    [0.0, 1e-9, 1e-7, 1e-5, 1e-3, 0.1, 10.0].into_iter().find_map(|added| {
        let raised = Mat::from_fn(size, size, |i, j| hessian[(i, j)] + if i == j { added * scale } else { 0.0 });
        let step = raised.llt(Side::Lower).ok()?.solve(Mat::from_fn(size, 1, |row, _| gradient[row]));
        Some((0..size).map(|i| step[(i, 0)]).collect())
    })
}

/// A whole number kept as a float.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a non-negative count of customers")]
fn whole(count: f64) -> u64 {
    count as u64
}

/// Refuses parameters that are not positive and finite.
pub(crate) fn check_parameters(
    model: &'static str,
    names: &'static [&'static str],
    values: &[f64],
) -> Result<(), LifetimeError> {
    if values.len() != names.len() {
        return Err(LifetimeError::ColumnLengths { table: model, lengths: vec![names.len(), values.len()] });
    }
    match names.iter().zip(values).find(|(_, value)| !value.is_finite() || **value <= 0.0) {
        Some((parameter, &value)) => Err(LifetimeError::BadParameter { model, parameter, value }),
        None => Ok(()),
    }
}
