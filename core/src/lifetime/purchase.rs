//! The models of customers who leave without a word: what each must answer, and the choice among them.

mod beta_geometric;
mod bg_bb;
mod pareto_nbd;

use super::error::LifetimeError;
use super::fit::{Fit, maximise};
use super::summary::Rows;
use beta_geometric::{BetaGeometric, BetaGeometricLikelihood, Dropout};
use bg_bb::{BgBb, BgBbLikelihood};
use pareto_nbd::{ParetoNbd, ParetoNbdLikelihood};

/// A purchase model of the literature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PurchaseModel {
    /// BG/NBD: a customer may leave after each repeat purchase (Fader, Hardie & Lee 2005).
    BgNbd,
    /// MBG/NBD: a customer may leave after any purchase, the first included (Batislam, Denizel & Filiztekin 2007).
    MbgNbd,
    /// Pareto/NBD: a customer may leave at any time (Schmittlein, Morrison & Colombo 1987).
    ParetoNbd,
    /// BG/BB: purchases and leaving at whole periods (Fader, Hardie & Shang 2010). x, t_x and T count periods.
    BgBb,
}

impl PurchaseModel {
    /// Every purchase model.
    pub const ALL: [Self; 4] = [Self::BgNbd, Self::MbgNbd, Self::ParetoNbd, Self::BgBb];

    /// The id used in tables and settings.
    pub fn id(self) -> &'static str {
        match self {
            Self::BgNbd => "bg_nbd",
            Self::MbgNbd => "mbg_nbd",
            Self::ParetoNbd => "pareto_nbd",
            Self::BgBb => "bg_bb",
        }
    }

    /// The model of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.id() == id)
    }

    /// The names of the parameters, in order.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::BgNbd | Self::MbgNbd => &["r", "alpha", "a", "b"],
            Self::ParetoNbd => &["r", "alpha", "s", "beta"],
            Self::BgBb => &["alpha", "beta", "gamma", "delta"],
        }
    }

    /// Fits the model by maximum likelihood on unique histories.
    ///
    /// # Errors
    /// Histories that say nothing (nobody, one customer, no repeats, no time), for BG/BB times that are not whole periods, and
    /// a likelihood without a maximum.
    pub fn fit(self, rows: &Rows) -> Result<Fit, LifetimeError> {
        rows.check(self.id())?;
        match self {
            Self::BgNbd => maximise(&BetaGeometricLikelihood::new(rows, Dropout::AfterRepeat)),
            Self::MbgNbd => maximise(&BetaGeometricLikelihood::new(rows, Dropout::AfterAny)),
            Self::ParetoNbd => maximise(&ParetoNbdLikelihood::new(rows)),
            Self::BgBb => maximise(&BgBbLikelihood::new(rows)?),
        }
    }

    /// The model at given parameters, ready for the histories in `rows` and times up to `longest`.
    ///
    /// # Errors
    /// Parameters that are not positive and finite; for BG/BB times that are not whole periods.
    pub fn at(self, parameters: &[f64], rows: &Rows, longest: f64) -> Result<Box<dyn Purchases>, LifetimeError> {
        super::fit::check_parameters(self.id(), self.parameters(), parameters)?;
        Ok(match self {
            Self::BgNbd => Box::new(BetaGeometric::new(parameters, Dropout::AfterRepeat, rows, longest)),
            Self::MbgNbd => Box::new(BetaGeometric::new(parameters, Dropout::AfterAny, rows, longest)),
            Self::ParetoNbd => Box::new(ParetoNbd::new(parameters)),
            Self::BgBb => Box::new(BgBb::new(parameters, rows, longest)?),
        })
    }

    /// The log-likelihood of `rows` at given parameters.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn log_likelihood(self, parameters: &[f64], rows: &Rows) -> Result<f64, LifetimeError> {
        use super::fit::Likelihood;
        super::fit::check_parameters(self.id(), self.parameters(), parameters)?;
        let mut gradient = [0.0; 4];
        Ok(match self {
            Self::BgNbd => BetaGeometricLikelihood::new(rows, Dropout::AfterRepeat).evaluate(parameters, &mut gradient),
            Self::MbgNbd => BetaGeometricLikelihood::new(rows, Dropout::AfterAny).evaluate(parameters, &mut gradient),
            Self::ParetoNbd => ParetoNbdLikelihood::new(rows).evaluate(parameters, &mut gradient),
            Self::BgBb => BgBbLikelihood::new(rows)?.evaluate(parameters, &mut gradient),
        })
    }
}

/// Purchases over a coming time of a customer who is alive now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// E\[N\].
    pub mean: f64,
    /// E\[N(N−1)\].
    pub pairs: f64,
    /// P(N = 0).
    pub none: f64,
}

/// A purchase model with its parameters.
pub trait Purchases: Send + Sync {
    /// The probability that a customer with this history is still alive.
    fn p_alive(&self, x: u32, t_x: f64, t: f64) -> f64;

    /// Expected purchases over the next `time`, of a customer with `x` repeats who is alive at `t`.
    fn while_alive(&self, x: u32, t: f64, time: f64) -> f64;

    /// The same with what is needed for an interval.
    fn moments(&self, x: u32, t: f64, time: f64) -> Moments;

    /// The most purchases that anybody can make over `time`.
    fn most(&self, _time: f64) -> f64 {
        f64::INFINITY
    }
}

/// Above this many unique rows the starts race on a sample of about as many.
const RACE_ROWS: usize = 3_000;

/// The rows on which the starts race, if there are so many that it pays.
fn race_rows(rows: &Rows) -> Option<Rows> {
    let sample = (rows.len() > 2 * RACE_ROWS).then(|| rows.thinned(RACE_ROWS))?;
    sample.check("").is_ok().then_some(sample)
}

/// Starts for the purchase rate: shapes with the scale that gives the mean rate of the data.
fn rate_starts(rows: &Rows, shapes: &[f64]) -> Vec<(f64, f64)> {
    let rate = rows.total(|row| f64::from(rows.x[row])) / rows.total(|row| rows.t[row]);
    shapes.iter().map(|&shape| (shape, shape / rate)).collect()
}
