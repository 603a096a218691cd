//! The incremental model: how much likelier a conversion was because of the recorded touches.
//!
//! *Model.* An account converts at the rate λ(t) = exp(base(t) + Σ_f β_f·ln(1 + x_f(t))) per day, where x_f(t) is the sum of
//! 2^(−age/h) over its touches of channel f so far, and the base holds the account's covariates, whether it is a customer
//! already, and the season. After a win exposures start again from nothing. ln(1 + x) is saturation: the second touch in a
//! row adds less than the first. Credited channels have β ≥ 0 and one half-life each, chosen from a grid by likelihood.
//! *Controls* are sales touches and the channels that demand uses to reach us (direct, organic): they enter at several
//! half-lives at once, with either sign, and are never credited. They are there because what follows intent (retargeting,
//! nurturing of open deals) is judged against accounts that have shown the same intent. For the
//! same reason each channel's exposure is accompanied by the one to be expected of the account's history (`expectation.rs`).
//!
//! *Fit.* Poisson regression on person-periods, with a ridge whose strength is cross-validated over accounts
//! ([`fit`]). *Credit* by backward elimination: with λ_k the rate given the first k touches, touch k earns
//! λ_k − λ_(k−1), and λ_0 is left to the baseline (Shender et al. 2023, *A Time To Event Framework For Multi-touch
//! Attribution*, J. Data Sci. 21). Experiments pull the estimates toward what was measured ([`Experiment`]).
//!
//! *What observation cannot show.* Intent that no recorded touch reveals, and that draws a channel's touches, is credited
//! to that channel. Touches that a channel causes in a control channel are taken from it. Only experiments settle both.
//!
//! ```text
//! Subjects ─walk─► Design (rows) ─Objective─► ProjectedNewton ─► Fit ─► Incremental (credits), share intervals, refits
//! ```

mod average;
mod credit;
mod design;
mod error;
mod expectation;
mod experiment;
mod fit;
mod gram;
mod influence;
mod lag;
mod link;
mod objective;
mod parallel;
mod quadratic;
mod sample;
mod select;
mod settings;
mod shares;
mod solver;
mod subjects;
#[cfg(test)]
mod tests;
mod walk;

pub use credit::{ChannelEffect, Evidence, Incremental, IncrementalTotal};
pub use error::IncrementalError;
pub use experiment::{Calibration, Experiment};
pub use fit::{Fit, fit};
pub use influence::Influence;
pub use lag::Lag;
pub use link::Link;
pub use settings::IncrementalSettings;
pub use shares::ShareEstimate;
pub use subjects::{SALES, Subject, Subjects};
