//! The incremental model: how much likelier a conversion was because of the recorded touches.
//!
//! *Model.* An account converts at the rate λ(t) = e^base(t)·rise(Σ_c β_c·ln(1 + x_c(t))) per day, where x_c(t) is the sum of what
//! is left of its touches of channel c so far ([`Lag`]), and the base holds the account's covariates, whether it is a customer
//! already, the season, and controls. After a win exposures start again from nothing. ln(1 + x) is saturation: the second touch in a
//! row adds less than the first. β ≥ 0. The rise is 1 + s or e^s, whichever is likelier ([`Link`]). Lags that the data cannot
//! tell apart are averaged by likelihood (`average.rs`), so that intervals hold what is not known about them.
//! *Controls* are sales touches and the channels that demand uses to reach us (direct, organic): they enter at several
//! half-lives at once, with either sign, and are never credited. They are there because what follows intent (retargeting,
//! nurturing of open deals) is judged against accounts that have shown the same intent. For the
//! same reason each channel's exposure is accompanied by the one to be expected of the account's history (`expectation.rs`).
//!
//! *Fit.* Poisson regression on person-periods, with a ridge whose strength is cross-validated over accounts
//! ([`fit`]). Of many accounts a weighted part is looked at (`sample.rs`). *Credit* by backward elimination: with λ_k the rate
//! given the first k touches, touch k earns λ_k − λ_(k−1), and λ_0 is left to the baseline (Shender et al. 2023, *A Time To
//! Event Framework For Multi-touch Attribution*, J. Data Sci. 21). Experiments pull the estimates toward what was measured
//! ([`Experiment`]).
//!
//! *What observation cannot show.* Intent that no recorded touch reveals, and that draws a channel's touches, is credited
//! to that channel. Touches that a channel causes in a control channel are taken from it. Only experiments settle both.
//!
//! ```text
//! Subjects ─Sample, walk─► Design (rows) ─Objective─► lags, link, ridge ─► optimum ─Average─► Incremental (credits), Influence (intervals of shares)
//! ```

mod average;
mod clock;
mod credit;
mod design;
mod error;
mod evaluation;
mod expectation;
mod experiment;
mod fit;
mod gram;
mod influence;
mod lag;
mod link;
mod objective;
mod quadratic;
mod refuse;
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
pub use lag::Lag;
pub use link::Link;
pub use sample::Sampling;
pub use settings::IncrementalSettings;
pub use shares::ShareEstimate;
pub use subjects::{SALES, Subject, Subjects};
