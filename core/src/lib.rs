//! The maths of closedloop: journeys, attribution models, the money ledger and customer lifetimes.
//!
//! This crate knows no data engine, no file format and no clock. Time is microseconds since the Unix epoch,
//! money is an integer in the currency's minor unit, a share is an integer fraction of [`ledger::WHOLE`].
//!
//! ```text
//! Journey ──AttributionModel──► credits (f64) ──Allotter::shares──► shares (2⁻⁴⁸) ──Allotter::amounts──► cents
//! ```
//!
//! A fitted model has seen all journeys, converted or not, as integer counts:
//!
//! ```text
//! journeys ──JourneyStatistics──► ModelSpec::build ──► AttributionModel
//! ```

mod account_stream;
pub mod agreement;
pub mod chain;
mod channel_set;
pub mod game;
pub mod incremental;
pub mod journey;
pub mod ledger;
pub mod lifetime;
pub mod model;
mod number;
mod parallel;
pub mod paths;
pub mod statistics;
pub mod uncertainty;
pub mod validation;
pub mod worlds;
