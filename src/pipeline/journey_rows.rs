//! Rows of `journeys`, until they become a batch.

use crate::config::file::DealKind;
use crate::scatter::conversions::CreditDeal;
use closedloop_core::journey::Anchors;
use closedloop_core::ledger::Bucket;

/// One deal and the journey that led to it; a credit deal has the journey of its original.
#[derive(Debug, Clone)]
pub struct JourneyRow {
    /// Row of the deals table.
    pub deal: u32,
    /// Kind of the deal.
    pub kind: DealKind,
    /// Minor units.
    pub amount: i64,
    /// When it was booked, microseconds.
    pub closed_at: i64,
    /// Position of the close quarter.
    pub close_quarter: u32,
    /// Number of eligible touches.
    pub touches: u64,
    /// Microseconds.
    pub first_touched_at: Option<i64>,
    /// Microseconds.
    pub last_touched_at: Option<i64>,
    /// Which anchors exist.
    pub anchors: Anchors,
}

impl JourneyRow {
    /// A deal without touches.
    pub(super) fn empty(deal: u32, kind: DealKind, amount: i64, closed_at: i64, close_quarter: u32) -> Self {
        Self {
            deal,
            kind,
            amount,
            closed_at,
            close_quarter,
            touches: 0,
            first_touched_at: None,
            last_touched_at: None,
            anchors: Anchors::default(),
        }
    }

    /// The row of a credit deal of this deal.
    pub(super) fn of_credit(&self, credit: &CreditDeal) -> Self {
        Self {
            deal: credit.deal,
            kind: DealKind::Credit,
            amount: credit.amount,
            closed_at: credit.closed_at,
            close_quarter: credit.close_quarter,
            ..self.clone()
        }
    }
}

/// What a model left of a deal: the bucket, if any, and its money.
pub type Left = (Option<Bucket>, i64);

/// Deal rows with what every model left.
#[derive(Debug)]
pub struct JourneyRows {
    /// The deals.
    pub rows: Vec<JourneyRow>,
    /// The bucket of the whole deal, where it is one under every model.
    pub whole: Vec<Option<Bucket>>,
    /// Per model, one entry a deal.
    pub left: Vec<Vec<Left>>,
}

impl JourneyRows {
    /// No rows yet.
    pub fn new(models: usize) -> Self {
        Self { rows: Vec::new(), whole: Vec::new(), left: vec![Vec::new(); models] }
    }

    /// Appends a credited deal.
    pub(super) fn push(&mut self, row: JourneyRow, left: impl Iterator<Item = Left>) {
        self.rows.push(row);
        self.whole.push(None);
        for (model, left) in left.enumerate() {
            self.left[model].push(left);
        }
    }

    /// Appends a deal that goes to one bucket under every model.
    pub(super) fn push_left(&mut self, row: JourneyRow, bucket: Bucket) {
        for left in &mut self.left {
            left.push((Some(bucket), row.amount));
        }
        self.rows.push(row);
        self.whole.push(Some(bucket));
    }
}
