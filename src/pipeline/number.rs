//! Counts and sums as numbers, to divide and to show, never to add up money.

use crate::config::plan::Finance;
use closedloop_core::ledger::WHOLE;

/// A count: exact, as counts stay below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2⁵³")]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// A sum of minor units in the major unit.
#[expect(clippy::cast_precision_loss, reason = "a sum to divide, not to add to")]
pub(super) fn major(minor: i128, finance: &Finance) -> f64 {
    minor as f64 / finance.unit()
}

/// A sum of shares as fractional deals.
#[expect(clippy::cast_precision_loss, reason = "shown, not added")]
pub(super) fn deals(share: u128) -> f64 {
    share as f64 / WHOLE as f64
}
