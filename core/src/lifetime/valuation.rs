//! The value of a segment's customers: which family fits, the fits, and what every customer is expected to bring.

mod contracts;
mod holdout;
mod pooled;
mod purchases;

use super::contract::Contract;
use super::contractual::SurvivalStep;
use super::family::{Family, SegmentFacts, choose_family};
use super::fit::Fit;
use super::forecast::Horizon;
use super::histories::{Grain, Histories};
use super::interval::{Estimate, Predictive};
use super::purchase::PurchaseModel;
use super::summary::Summaries;
use crate::number::number;

pub use holdout::{Calibration, Group, Past, hold_out, holdout_days};

/// How customers are valued.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// How time is cut and told.
    pub grain: Grain,
    /// How far ahead, and how it is discounted.
    pub horizon: Horizon,
    /// The family; `None` chooses per segment.
    pub family: Option<Family>,
    /// Purchase models to fit; the one with the greatest likelihood predicts.
    pub models: Vec<PurchaseModel>,
}

/// The customers of a segment, in the order of their codes.
#[derive(Debug, Clone, Default)]
pub struct Segment {
    /// Their histories.
    pub summaries: Summaries,
    /// Their contracts.
    pub contracts: Vec<Option<Contract>>,
    /// Mean value of all purchases, in minor units: what a purchase is worth where spend cannot be fitted.
    pub mean_purchase: f64,
    /// Last day observed, since 1970-01-01.
    pub until: i32,
}

impl Segment {
    /// The customers at some positions of `histories`, whose contracts stand at the same positions.
    pub fn new(histories: &Histories, contracts: &[Option<Contract>], positions: &[usize], until: i32) -> Self {
        let all = &histories.summaries;
        let floats = |column: &[f64]| positions.iter().map(|&at| column[at]).collect::<Vec<f64>>();
        let x: Vec<u32> = positions.iter().map(|&at| all.x[at]).collect();
        let money: f64 = positions.iter().map(|&at| number(histories.total[at].unsigned_abs())).sum();
        let purchases: f64 = x.iter().map(|&x| f64::from(x) + 1.0).sum();
        Self {
            summaries: Summaries { x, t_x: floats(&all.t_x), t: floats(&all.t), mean_value: floats(&all.mean_value) },
            contracts: positions.iter().map(|&at| contracts[at]).collect(),
            mean_purchase: if purchases > 0.0 { money / purchases } else { 0.0 },
            until,
        }
    }

    /// What decides about the family.
    pub fn facts(&self) -> SegmentFacts {
        let count =
            |condition: &dyn Fn(usize) -> bool| (0..self.summaries.len()).filter(|&at| condition(at)).count() as u64;
        SegmentFacts {
            customers: self.summaries.len() as u64,
            with_terms: count(&|at| self.contracts[at].is_some()),
            repeaters: count(&|at| self.summaries.x[at] > 0),
        }
    }
}

/// A model that was tried on a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The model's id.
    pub model: &'static str,
    /// The fit, or why there is none, in a sentence.
    pub outcome: Result<Fit, String>,
    /// Whether the predictions are this model's.
    pub is_chosen: bool,
}

/// What is expected of one customer over the horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The probability to be alive; under contract 1, lapsed 0.
    pub p_alive: f64,
    /// Coming purchases or renewals.
    pub purchases: Estimate,
    /// Expected value of a coming purchase or renewal, in minor units.
    pub value: f64,
    /// Discounted value, in minor units, as it adds up over customers.
    pub predictive: Predictive,
    /// The same with its interval.
    pub clv: Estimate,
    /// Discounted value after the horizon; `None` where it is hardly discounted.
    pub beyond: Option<f64>,
    /// Undiscounted value of each month of the horizon.
    pub months: Vec<f64>,
}

/// A segment valued.
#[derive(Debug, Clone, PartialEq)]
pub struct Valuation {
    /// The family.
    pub family: Family,
    /// Why, in one sentence.
    pub reason: String,
    /// The models tried.
    pub trials: Vec<Trial>,
    /// Kaplan–Meier's survival, for contracts.
    pub survival: Vec<SurvivalStep>,
    /// Pearson's correlation of frequency and value, where Gamma-Gamma was fitted.
    pub correlation: Option<f64>,
    /// Expectations, in the order of the segment's customers; empty for [`Family::Historic`].
    pub expectations: Vec<Expectation>,
    /// Covariance of the fitted log-parameters, as [`Predictive::estimate`] takes it.
    pub covariance: Vec<f64>,
}

/// Values beyond this, in minor units, are no money.
const MOST: f64 = 1e16;

impl Valuation {
    /// Values a segment. What cannot be fitted leaves historic value only, with the reason.
    pub fn of(segment: &Segment, method: &Method) -> Self {
        let (chosen, why) = choose_family(segment.facts());
        let (family, reason) = match method.family {
            Some(family) => (family, "the configuration names the family"),
            None => (chosen, why),
        };
        let valued = match family {
            Family::Contractual => contracts::value(segment, method),
            Family::NonContractual => purchases::value(segment, method),
            Family::Historic => Self::historic(String::new(), Vec::new()),
        };
        let reason =
            if valued.family == family { reason.to_owned() } else { format!("{reason}; but {}", valued.reason) };
        Self { reason, ..valued }
    }

    /// No expectations.
    fn historic(reason: String, trials: Vec<Trial>) -> Self {
        Self {
            family: Family::Historic,
            reason,
            trials,
            survival: Vec::new(),
            correlation: None,
            expectations: Vec::new(),
            covariance: Vec::new(),
        }
    }

    /// Refuses expectations that are no money: a fit may be so vague that its mean is astronomical.
    fn checked(self) -> Self {
        let sound = |expectation: &Expectation| {
            let Expectation { p_alive, purchases, value, predictive, clv, beyond, months } = expectation;
            let numbers =
                [*p_alive, purchases.mean, purchases.low, purchases.high, *value, clv.mean, clv.low, clv.high];
            numbers.iter().chain(months).chain(beyond).all(|number| number.is_finite() && number.abs() < MOST)
                && predictive.variance.is_finite()
                && predictive.variance < MOST * MOST
                && predictive.gradient.iter().all(|slope| slope.abs() < MOST)
        };
        let total: f64 = self.expectations.iter().map(|expectation| expectation.clv.high).sum();
        let beyond: f64 = self.expectations.iter().filter_map(|expectation| expectation.beyond).sum();
        if total < MOST && beyond < MOST && self.expectations.iter().all(sound) {
            return self;
        }
        let mut trials = self.trials;
        trials.iter_mut().for_each(|trial| trial.is_chosen = false);
        Self::historic("the expected values are too large to be money".to_owned(), trials)
    }

    /// The purchase or contract model whose predictions these are.
    pub fn model(&self) -> Option<&'static str> {
        self.trials.iter().find(|trial| trial.is_chosen).map(|trial| trial.model)
    }
}
