//! What crediting comes to: rows and touches of a partition, totals of all accounts.

use super::worker::Worker;
use crate::pipeline::credit_rows::CreditRows;
use crate::pipeline::journey_rows::JourneyRows;
use crate::pipeline::spread::{AccountParts, KeptJourneys, Spread, Squares};
use crate::pipeline::totals::CreditTotals;
use crate::scatter::group::Grouped;
use crate::scatter::touch::{Touch, TouchIds};

/// What all accounts came to.
pub struct Credited {
    /// What lines earned and what was left.
    pub totals: CreditTotals,
    /// What intervals rest on; `None` unless they are wanted by the closed form.
    pub squares: Option<Squares>,
    /// The totals of the variants.
    pub variants: Vec<CreditTotals>,
}

/// A touch that was dropped because its account has another of its identifier.
pub struct RepeatedTouch {
    /// The account's dense number.
    pub account: u32,
    /// The identifier.
    pub id: String,
    /// The touch.
    pub touch: Touch,
}

/// What one partition's accounts came to.
pub struct PartitionCredit {
    /// Rows for `touch_credits`, in key order.
    pub credits: CreditRows,
    /// Rows for `journeys`, in key order.
    pub journeys: JourneyRows,
    /// Touches that served at least one conversion.
    pub used: u64,
    /// The identifiers of the touches.
    pub ids: TouchIds,
    /// Touches whose identifier was repeated.
    pub repeated: Vec<RepeatedTouch>,
    /// Touches that serve none, since they are collapsed into an earlier one wherever they are eligible.
    pub collapsed: u64,
    /// What each account gave each line, for the bootstrap.
    pub parts: AccountParts,
    /// The credited journeys, where they are kept.
    pub kept: KeptJourneys,
}

impl PartitionCredit {
    /// Journeys without touches.
    pub(in crate::pipeline) fn of_journeys(journeys: JourneyRows) -> Self {
        Self { journeys, ..Self::new(0, &Grouped::default(), false) }
    }

    pub(super) fn new(models: usize, grouped: &Grouped, wants_credits: bool) -> Self {
        let repeated =
            |&(account, touch): &(u32, Touch)| RepeatedTouch { account, id: grouped.ids.text(touch.id), touch };
        // Most touches serve one deal, some several.
        let rows = if wants_credits { grouped.count() + grouped.count() / 4 } else { 0 };
        Self {
            credits: CreditRows::with_room_for(rows, models),
            journeys: JourneyRows::new(models),
            used: 0,
            ids: grouped.ids.clone(),
            repeated: grouped.repeated.iter().map(repeated).collect(),
            collapsed: 0,
            parts: AccountParts::default(),
            kept: KeptJourneys::default(),
        }
    }
}

impl Credited {
    pub(super) fn add(&mut self, worker: Worker<'_>) {
        self.totals.merge(&worker.totals);
        for (mine, theirs) in self.variants.iter_mut().zip(&worker.variants) {
            mine.merge(&theirs.totals);
        }
        let squares = worker.spread.and_then(Spread::into_squares);
        self.squares = match (self.squares.take(), squares) {
            (Some(mut mine), Some(theirs)) => {
                mine.merge(&theirs);
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
    }
}
