//! The stages of a run, in order; the only place that joins engine, scatter, core and mart.
//!
//! ```text
//! load ──► index ──► scatter ──► credit ──► roll up ──► publish
//! ```

mod batches;
pub mod credit;
mod credit_rows;
mod error;
mod inputs;
mod journey_rows;
mod roll_up;
mod run;
mod scatter_touches;
pub mod totals;

pub use batches::{spec_hash, spec_json};
pub use error::RunError;
pub use run::{Progress, Report, RunOptions, Silent, TopCampaign, run};
