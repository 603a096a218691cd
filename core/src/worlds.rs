//! Simulated worlds with known effects, and how far each model is from the truth in them.
//!
//! A world's accounts drift in and out of the market, visit the site more when they are in it, and are touched by
//! channels whose effects are set by the scenario ([`scenarios`]). The truth of a channel is the Shapley value of the
//! expected conversions over the sets of credited channels that are switched on, everything else alike, divided by the
//! expected conversions of the whole: a fair split of what the channels add together, equal to what switching a channel
//! off would cost wherever channels do not depend on each other. What remains is the baseline.
//!
//! The worlds do not have the form of any model: effects saturate as 1 − e^(−x), where the incremental model has ln(1 + x), and
//! touches follow an intent that is not recorded.

mod fitted;
mod report;
mod rules;
mod scenario;
mod simulate;
mod truth;
mod validate;

pub use fitted::fitted_estimators;
pub use report::ModelReport;
pub use rules::{estimate_shares, incremental_estimator, rule_estimators};
pub use scenario::{CHANNELS, ChannelTruth, Lag, Sales, Scenario, scenarios};
pub use simulate::World;
pub use truth::truth;
pub use validate::{Estimate, Estimation, Estimator, validate_models};
