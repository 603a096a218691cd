//! Experiments: measured lifts that pull the estimates, by their precision.

use super::design::Design;
use super::error::IncrementalError;
use super::evaluation::Evaluation;
use super::objective::{Objective, Terms};
use super::walk::Role;

/// What an experiment measured: conversions that happened because of a channel in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experiment {
    /// The credited channel's dense code.
    pub channel: u32,
    /// First instant of the window, microseconds.
    pub from: i64,
    /// First instant after it.
    pub until: i64,
    /// Conversions caused.
    pub lift: f64,
    /// Their standard error, above zero.
    pub standard_error: f64,
}

impl Experiment {
    /// The same measured in money: `amount_per_conversion` is the mean of the window's deals, in the unit of the lift.
    #[must_use]
    pub fn from_money(self, amount_per_conversion: f64) -> Self {
        Self {
            lift: self.lift / amount_per_conversion,
            standard_error: self.standard_error / amount_per_conversion,
            ..self
        }
    }
}

/// What an experiment did to the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The experiment.
    pub experiment: Experiment,
    /// The lift that the model implies without any experiment.
    pub before: f64,
    /// The lift that it implies with all of them.
    pub after: f64,
}

/// An experiment ready for the objective: the model's lift is L(θ) = Σ d·(λ − λ without the channel) over the rows in the
/// window, the expected conversions less those without the channel.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Which of the terms are the channel's.
    own: Vec<usize>,
    rows: Vec<usize>,
    lift: f64,
    precision: f64,
}

impl Target {
    /// Finds the channel's terms and the rows. `position` counts from one, for people.
    pub(super) fn prepare(
        design: &Design,
        terms: &Terms,
        experiment: &Experiment,
        position: usize,
    ) -> Result<Self, IncrementalError> {
        let wrong = |what| IncrementalError::Experiment { position, what };
        if !(experiment.standard_error > 0.0 && experiment.standard_error.is_finite() && experiment.lift.is_finite()) {
            return Err(wrong("needs a finite lift and a standard error above zero"));
        }
        let is_own = |&term: &usize| {
            let feature = design.features[terms.columns[term]];
            feature.role == Role::Credited && feature.channel == experiment.channel
        };
        let own: Vec<usize> = (0..terms.columns.len()).filter(is_own).collect();
        if own.is_empty() {
            return Err(wrong("names a channel that is not credited"));
        }
        let window = experiment.from..experiment.until;
        let is_exposed = |row: usize| own.iter().any(|&term| design.row(row)[terms.columns[term]] > 0.0);
        let rows: Vec<usize> =
            (0..design.rows()).filter(|&row| window.contains(&design.at[row]) && is_exposed(row)).collect();
        if rows.is_empty() {
            return Err(wrong("has no touches of its channel in or before its window"));
        }
        Ok(Self { own, rows, lift: experiment.lift, precision: experiment.standard_error.powi(-2) })
    }

    /// The model's lift and its gradient.
    pub(super) fn implied(&self, objective: &Objective<'_>, theta: &[f64], base: &[f64]) -> (f64, Vec<f64>) {
        let (design, link) = (objective.design, objective.terms.link);
        let base_count = design.base_count;
        let effects = &theta[base_count..];
        let bounded = objective.bounded();
        let (mut lift, mut gradient) = (0.0, vec![0.0; theta.len()]);
        let mut slope = vec![0.0; effects.len()];
        for &row in self.rows.iter().filter(|&&row| objective.lasts(row)) {
            let log_rate = objective.log_rate(row, base, effects, &mut slope);
            let exposures = design.row(row);
            let exposure = |term: usize| exposures[objective.terms.columns[term]];
            let rise = objective.rise(row, effects);
            let without = rise - self.own.iter().map(|&term| exposure(term) * effects[term]).sum::<f64>();
            let expected = objective.represents * objective.expected(row, log_rate);
            let left = expected * (link.log_rise(without) - link.log_rise(rise)).exp();
            let caused = expected - left;
            lift += caused;
            gradient[0] += caused;
            for &level in &design.cells[design.cell[row] as usize] {
                gradient[level as usize] += caused;
            }
            for (term, slope) in slope.iter().enumerate() {
                // The rate without the channel does not move with the channel's own effects.
                gradient[base_count + term] += if self.own.contains(&term) {
                    expected * slope
                } else if bounded[base_count + term] {
                    expected * slope - left * exposure(term) * link.slope(without)
                } else {
                    caused * slope
                };
            }
        }
        (lift, gradient)
    }

    pub(super) fn add_to(&self, objective: &Objective<'_>, theta: &[f64], base: &[f64], result: &mut Evaluation) {
        let (lift, slope) = self.implied(objective, theta, base);
        let gap = lift - self.lift;
        result.loss += 0.5 * self.precision * gap * gap;
        let width = theta.len();
        for i in 0..width {
            result.gradient[i] += self.precision * gap * slope[i];
            for j in 0..width {
                result.hessian[i * width + j] += self.precision * slope[i] * slope[j];
            }
        }
    }

    /// One over the squared standard error.
    pub(super) fn precision(&self) -> f64 {
        self.precision
    }
}
