//! What became of the touches: every one read is used, out of scope or set aside.

use super::error::RunError;
use super::prepare::{Prepared, Workers};
use super::scatter_touches;
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::set_aside::{RowCounts, Tally};
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::Touch;

/// What became of the touches, as the credit stage saw it.
#[derive(Default)]
pub(super) struct TouchOutcome {
    pub(super) used: u64,
    pub(super) repeated: Vec<(String, Touch)>,
    pub(super) collapsed: u64,
}

impl TouchOutcome {
    /// Adds what became of other touches.
    pub(super) fn add(&mut self, other: Self) {
        self.used += other.used;
        self.repeated.extend(other.repeated);
        self.collapsed += other.collapsed;
    }

    fn counts(&self, scattered: &TouchCounts) -> RowCounts {
        let tally = |rows| Tally { rows, amount: 0 };
        let set_aside = scattered.unreadable + self.repeated.len() as u64;
        RowCounts {
            read: tally(scattered.read),
            used: tally(self.used),
            out_of_scope: tally(scattered.read - self.used - set_aside),
            set_aside: tally(set_aside),
            ..RowCounts::default()
        }
    }
}

/// Counts the touches and sets aside those that cannot be read or are repeated.
pub(super) fn account_for_touches(
    plan: &Plan,
    workers: &Workers,
    prepared: &mut Prepared,
    touches: &TouchOutcome,
) -> Result<(), RunError> {
    let Prepared { ctx, loaded, scattered, lines, .. } = prepared;
    let counts = touches.counts(&scattered.counts);
    if scattered.counts.unreadable > 0 {
        let unreadable = workers.runtime.block_on(scatter_touches::unreadable(ctx, plan, loaded))?;
        loaded.set_aside.extend(unreadable);
    }
    let repeated = scatter_touches::repeated(ctx, plan, loaded, &touches.repeated, lines);
    let repeated = workers.runtime.block_on(repeated)?;
    loaded.set_aside.extend(repeated);
    loaded.counts.insert(Table::Touchpoints, counts);
    loaded.collapsed = touches.collapsed;
    Ok(())
}
