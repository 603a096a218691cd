//! Experiments: measured lifts that pull the estimates, by their precision.

use super::error::IncrementalError;
use super::objective::{Evaluation, Objective};
use super::walk::{Feature, Role};

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

/// An experiment ready for the objective: the model's lift is L(θ) = Σ d·e^η·(1 − e^(−β_f·exposure_f)) over the rows in the
/// window, the expected conversions less those without the channel.
#[derive(Debug, Clone)]
pub(super) struct Target {
    column: usize,
    rows: Vec<usize>,
    lift: f64,
    precision: f64,
}

impl Target {
    /// Finds the feature and the rows. `position` counts from one, for people.
    pub(super) fn prepare(
        objective: &Objective<'_>,
        experiment: &Experiment,
        position: usize,
    ) -> Result<Self, IncrementalError> {
        let wrong = |what| IncrementalError::Experiment { position, what };
        if !(experiment.standard_error > 0.0 && experiment.standard_error.is_finite() && experiment.lift.is_finite()) {
            return Err(wrong("needs a finite lift and a standard error above zero"));
        }
        let credited = |f: &Feature| f.role == Role::Credited && f.channel == experiment.channel;
        let column = objective.design.features.iter().position(credited);
        let column = column.ok_or_else(|| wrong("names a channel that is not credited"))?;
        let window = experiment.from..experiment.until;
        let frame = &objective.design.frame;
        let rows: Vec<usize> = (0..frame.rows())
            .filter(|&row| window.contains(&frame.at[row]) && objective.design.row(row)[column] > 0.0)
            .collect();
        if rows.is_empty() {
            return Err(wrong("has no touches of its channel in or before its window"));
        }
        Ok(Self { column, rows, lift: experiment.lift, precision: experiment.standard_error.powi(-2) })
    }

    /// The model's lift and its gradient.
    pub(super) fn implied(&self, objective: &Objective<'_>, theta: &[f64], base: &[f64]) -> (f64, Vec<f64>) {
        let base_count = objective.design.frame.base_count;
        let effects = &theta[base_count..];
        let (mut lift, mut gradient) = (0.0, vec![0.0; theta.len()]);
        for &row in &self.rows {
            let exposures = objective.design.row(row);
            let expected = objective.expected(row, base, effects);
            let caused = -expected * (-effects[self.column] * exposures[self.column]).exp_m1();
            lift += caused;
            gradient[0] += caused;
            for &level in &objective.design.frame.cells[objective.design.frame.cell[row] as usize] {
                gradient[level as usize] += caused;
            }
            for (f, &exposure) in exposures.iter().enumerate() {
                // The rate without the channel does not move with the channel's own effect.
                gradient[base_count + f] += exposure * if f == self.column { expected } else { caused };
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
