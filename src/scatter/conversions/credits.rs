//! Deals that give money back, by the deals they give it back on.

use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::Range;

/// A deal that gives money back on an earlier one.
#[derive(Debug, Clone)]
pub struct CreditDeal {
    /// Its row in the deals table.
    pub deal: u32,
    /// Minor units, usually negative.
    pub amount: i64,
    /// When it was booked.
    pub closed_at: i64,
    /// Position of the quarter it was booked in.
    pub close_quarter: u32,
}

/// All credit deals.
#[derive(Debug, Default)]
pub struct CreditDeals {
    /// In the order of their originals, then of booking.
    pub(super) matched: Vec<CreditDeal>,
    /// Those in `matched` of an original, by its row in the deals table: few deals have any.
    pub(super) of_deal: HashMap<u32, Range<u32>, FixedState>,
    /// Credit deals whose original cannot be found, in order of closing and deal.
    pub unmatched: Vec<CreditDeal>,
}

impl CreditDeals {
    /// Every credit deal.
    pub fn all(&self) -> impl Iterator<Item = &CreditDeal> {
        self.matched.iter().chain(&self.unmatched)
    }

    /// How much memory they take, near enough.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.matched.as_slice())
            + size_of_val(self.unmatched.as_slice())
            + self.of_deal.capacity() * size_of::<(u32, Range<u32>)>()
    }

    /// The credits of a deal, oldest first.
    pub(super) fn of(&self, deal: u32) -> &[CreditDeal] {
        self.of_deal.get(&deal).map_or(&[], |range| &self.matched[range.start as usize..range.end as usize])
    }
}
