//! Rows of `touch_credits`, column by column, until they become a batch.

use super::journey_rows::JourneyRow;
use crate::config::file::DealKind;
use crate::scatter::touch::Touch;
use closedloop_core::journey::{Anchor, Anchors};

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
    /// Shares per model, in units of 2⁻⁴⁸.
    pub shares: Vec<Vec<u64>>,
    /// Money per model, minor units.
    pub amounts: Vec<Vec<i64>>,
}

impl CreditRows {
    /// No rows yet.
    pub fn new(models: usize) -> Self {
        Self {
            deals: Vec::new(),
            kinds: Vec::new(),
            positions: Vec::new(),
            touch_ids: Vec::new(),
            touched_at: Vec::new(),
            lines: Vec::new(),
            close_quarters: Vec::new(),
            touch_quarters: Vec::new(),
            anchors: Vec::new(),
            shares: vec![Vec::new(); models],
            amounts: vec![Vec::new(); models],
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

    /// Appends the `position`-th touch of a deal's journey with each model's `(share, amount)`.
    pub(super) fn push(
        &mut self,
        deal: &JourneyRow,
        position: usize,
        touch: &Touch,
        touch_quarter: u32,
        anchors: Anchors,
        money: impl Iterator<Item = (u64, i64)>,
    ) {
        self.deals.push(deal.deal);
        self.kinds.push(deal.kind);
        self.positions.push(i32::try_from(position + 1).unwrap_or(i32::MAX));
        self.touch_ids.push(touch.id);
        self.touched_at.push(touch.at);
        self.lines.push(touch.line);
        self.close_quarters.push(deal.close_quarter);
        self.touch_quarters.push(touch_quarter);
        self.anchors.push(Anchor::ALL.map(|anchor| anchors.position(anchor) == Some(position)));
        for (model, (share, amount)) in money.enumerate() {
            self.shares[model].push(share);
            self.amounts[model].push(amount);
        }
    }
}
