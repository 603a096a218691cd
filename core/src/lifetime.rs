//! Customer lifetime value: from transactions to fitted models to predictions with intervals.
//!
//! ```text
//! Transactions ──(SQL)──► Histories ──.summaries──► Summaries ──rows──► Rows (unique x, t_x, T with counts)
//!  customer, day, amount       first, totals, refunds    x, t_x, T, mean value │
//!                                                           │                  ├─PurchaseModel::fit──► Fit ─┐
//!                                                           └──────fit_spend (Gamma-Gamma)─────────► Fit ─┤
//!                                                                                                          ▼
//!                                          Predictions (per customer) ◄──predictions──┬── Forecast::new (Horizon)
//!                                          Total (of any group)       ◄──total────────┘
//!
//! Renewals (lost, kept per renewal) ──fit──► Fit ──► ShiftedBetaGeometric ──predictive──► Predictive
//!                                   ──kaplan_meier──► SurvivalStep
//! ```
//!
//! Which of the two lines a segment takes is [`choose_family`]'s answer. All parameters are positive and fitted as
//! logarithms by one routine; a [`Fit`] has converged, and whatever cannot be fitted is a [`LifetimeError`] of one sentence. No result is
//! NaN or infinite. Every sum has a fixed order, so neither threads nor the order of the input change a byte.
//!
//! Time is in the unit of the [`Grain`], money in that of the amounts handed in.

mod contract;
mod contractual;
mod error;
mod family;
mod fit;
mod forecast;
mod histories;
mod interval;
mod numeric;
mod purchase;
mod spend;
mod summary;
mod valuation;

pub use contract::{Contract, GRACE_DAYS, Term};
pub use contractual::{Renewals, ShiftedBetaGeometric, SurvivalStep, contract_covariance};
pub use error::LifetimeError;
pub use family::{Family, SegmentFacts, choose_family};
pub use fit::{Fit, Parameter};
pub use forecast::{Forecast, Horizon, Predictions, SpendFit, Total};
pub use histories::{Grain, Histories, Holdout, Period};
pub use interval::{Estimate, PARAMETERS, Predictive};
pub use purchase::{Moments, PurchaseModel, Purchases};
pub use spend::{GAMMA_GAMMA, Spend, fit_spend, frequency_value_correlation};
pub use summary::{Rows, Summaries};
pub use valuation::{Calibration, Expectation, Group, Method, Past, Segment, Trial, Valuation, hold_out, holdout_days};
