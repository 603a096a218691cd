//! The stages of a run, in order; the only place that joins engine, scatter, core and mart.
//!
//! ```text
//! load ──► index ──► scatter ──► fit ──► lifetime ──► credit ──► roll up ──► publish
//! ```

mod agreement;
mod batches;
mod campaign_names;
mod clock;
mod columns;
pub mod credit;
mod credit_outcome;
mod credit_rows;
mod error;
pub mod explain;
pub mod explain_campaign;
mod findings;
mod fit;
mod idle;
mod inputs;
mod journey_rows;
pub mod lifetime;
mod line_kind;
mod mart_rows;
mod number;
pub(crate) mod phrases;
mod place_sums;
mod plan_sql;
mod plans;
mod prepare;
mod remarks;
mod report;
mod roll_up;
mod run;
mod runtime;
mod scatter_touches;
mod sensitivity;
mod spent;
pub mod spread;
pub mod totals;
mod touch_outcome;

pub use batches::{spec_hash, spec_json};
pub use clock::{Progress, Silent, StageReport};
pub use error::RunError;
pub use findings::{Finding, inspect};
pub use inputs::unchanged;
pub use plans::{NamedPlan, engine_plans};
pub use report::{Report, TopCampaign};
pub use run::{RunOptions, run};
pub use runtime::runtime;
