//! The engine's plans of a run, to look at: how the touches are streamed, and how the marts are rolled up.

use super::clock::{Clock, Silent};
use super::error::RunError;
use super::lifetime::LifetimeValue;
use super::prepare::{Workers, index};
use super::roll_up;
use super::scatter_touches::touch_columns;
use crate::config::Plan;
use crate::engine::memory::Budget;
use crate::engine::session;

/// What is planned, and the physical plan.
pub type NamedPlan = (String, String);

/// Plans the touches' stream and the roll-ups of the ledger. Reads the small tables, and no touch.
///
/// # Errors
/// Whatever stops a run before the touches are read.
pub fn engine_plans(plan: &Plan, threads: usize) -> Result<Vec<NamedPlan>, RunError> {
    let workers = Workers::start(threads)?;
    let mut clock = Clock::new(&Silent);
    let indexed = index(plan, &workers, Budget::unlimited(), &mut clock)?;
    let touches = async { session::physical_plan(touch_columns(&indexed.ctx, plan, None).await?).await };
    let mut plans = vec![("touchpoints".to_owned(), workers.runtime.block_on(touches)?)];
    let prepared = indexed.without_touches(plan, &workers, &mut clock)?;
    LifetimeValue::register_quarters(None, plan, &prepared)?;
    plans.extend(workers.runtime.block_on(roll_up::physical_plans(plan, &workers, &prepared))?);
    Ok(plans)
}
