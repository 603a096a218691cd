//! The maths of closedloop: journeys, attribution models and the money ledger.
//!
//! This crate knows no data engine, no file format and no clock. Time is microseconds since the Unix epoch,
//! money is an integer in the currency's minor unit, a share is an integer fraction of [`ledger::WHOLE`].
//!
//! ```text
//! Journey ──AttributionModel──► credits (f64) ──Allotter::shares──► shares (2⁻⁴⁸) ──Allotter::amounts──► cents
//! ```

pub mod incremental;
pub mod journey;
pub mod ledger;
pub mod model;
pub mod uncertainty;
pub mod worlds;
