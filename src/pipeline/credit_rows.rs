//! Rows of `touch_credits`, column by column, until they become a batch.

use super::credit::{EligibleTouches, Split};
use super::journey_rows::JourneyRow;
use crate::config::file::DealKind;
use crate::scatter::touch::Touch;
use closedloop_core::journey::Anchor;
use closedloop_core::ledger::fraction;
use std::iter::repeat_n;

/// Deal × touch rows with every model's share and money.
#[derive(Debug)]
pub struct CreditRows {
    /// Rows of the deals table.
    pub deals: Vec<u32>,
    /// Kinds of the deals.
    pub kinds: Vec<DealKind>,
    /// Position in the journey, from 1.
    pub positions: Vec<i32>,
    /// Touch identifiers, to be read through `TouchIds`.
    pub touch_ids: Vec<u64>,
    /// Microseconds.
    pub touched_at: Vec<i64>,
    /// Codes of the lines.
    pub lines: Vec<u32>,
    /// Positions of the close quarters.
    pub close_quarters: Vec<u32>,
    /// Positions of the touch quarters.
    pub touch_quarters: Vec<u32>,
    /// Which anchors the touch holds, in the order of [`Anchor::ALL`].
    pub anchors: Vec<[bool; 4]>,
    /// Shares per model, of the whole deal.
    pub shares: Vec<Vec<f64>>,
    /// Money per model, minor units.
    pub amounts: Vec<Vec<i64>>,
}

impl CreditRows {
    /// No rows yet, with room for so many.
    pub fn with_room_for(rows: usize, models: usize) -> Self {
        Self {
            deals: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            positions: Vec::with_capacity(rows),
            touch_ids: Vec::with_capacity(rows),
            touched_at: Vec::with_capacity(rows),
            lines: Vec::with_capacity(rows),
            close_quarters: Vec::with_capacity(rows),
            touch_quarters: Vec::with_capacity(rows),
            anchors: Vec::with_capacity(rows),
            shares: (0..models).map(|_| Vec::with_capacity(rows)).collect(),
            amounts: (0..models).map(|_| Vec::with_capacity(rows)).collect(),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.deals.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.deals.is_empty()
    }

    /// Appends the touches of a deal's journey, with what each model gives them.
    pub(super) fn push(&mut self, deal: &JourneyRow, journey: &EligibleTouches, touches: &[Touch], split: &Split) {
        let count = journey.position.len();
        self.deals.extend(repeat_n(deal.deal, count));
        self.kinds.extend(repeat_n(deal.kind, count));
        self.positions.extend((1..).take(count));
        self.touch_ids.extend(journey.position.iter().map(|&position| touches[position].id));
        self.touched_at.extend_from_slice(&journey.touched_at);
        self.lines.extend_from_slice(&journey.lines);
        self.close_quarters.extend(repeat_n(deal.close_quarter, count));
        self.touch_quarters.extend_from_slice(&journey.quarters);
        let held = |touch| Anchor::ALL.map(|anchor| deal.anchors.position(anchor) == Some(touch));
        self.anchors.extend((0..count).map(held));
        for (model, (shares, amounts)) in self.shares.iter_mut().zip(&mut self.amounts).enumerate() {
            shares.extend(split.shares_of(model, count).map(fraction));
            amounts.extend(split.posted(model, count));
        }
    }
}
