//! How sure a number is: intervals clustered by account.
//!
//! The unit of chance is the account: all of its deals and touches come and go together. Two ways lead to the same
//! interval. The *closed form* of a sum over accounts T = Σ a_i is Var(T) = Σ a_i²; the *Poisson bootstrap* weighs every
//! account by an independent Poisson(1) number and recomputes, and for a sum its variance is exactly Σ a_i² (Chamandy,
//! Muralidharan, Najmi, Naidu 2012, *Estimating uncertainty for massive data streams*). Spend is a decision, not chance,
//! so it is held fixed in `roi` and `cost_per_new_customer` (delta method).
//!
//! *Small samples.* A sum of non-negative parts is far from normal when few accounts carry it, and a symmetric interval
//! would fall below zero. It gets the interval T·exp(±z·se/T), the normal interval of log T: never negative, exactly
//! [T·e^−z, T·e^z] for a single account, and consistent between money, `roi` and cost. Sums with negative parts
//! (refunds) get the symmetric interval. How many accounts carry a number is returned with it: below about ten the
//! interval says little more than "few".

mod clustered;
mod poisson;
mod summary;

pub use clustered::ClusteredSum;
pub use poisson::{poisson_weight, poisson_weights};
pub use summary::{percentile_interval, standard_error};

use statrs::distribution::{ContinuousCDF, Normal};

/// An estimate's standard error and the ends of its interval: the columns `_se`, `_low`, `_high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The standard error, in the unit of the estimate.
    pub se: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies inside, ends included.
    pub fn covers(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The two-sided standard normal quantile: 1.96 for a `level` of 0.95. `level` is between 0 and 1, both excluded.
pub fn normal_quantile(level: f64) -> f64 {
    Normal::standard().inverse_cdf(0.5 + level / 2.0)
}
