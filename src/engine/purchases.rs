//! Purchases and refunds sorted by customer, and cut into shares for threads.

use super::EngineError;
use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, UInt32Array};
use closedloop_core::lifetime::LifetimeError;
use rayon::prelude::*;
use std::sync::Arc;

/// Purchases and refunds by customer: first of those who kept everything, then of those who gave something back.
#[derive(Debug, Clone)]
pub struct PurchaseRows {
    pub(super) customer: UInt32Array,
    day: Int32Array,
    amount: Int64Array,
    /// Where the customers begin who gave something back.
    pub(super) gave_back: usize,
}

/// Rows that go through a query at a time.
const SLICE: usize = 1 << 15;
/// Rows that are worth a query of their own.
pub(super) const SHARE: usize = 1 << 18;

impl PurchaseRows {
    /// Rows in any order of customer (a dense code, not null), local day (since 1970-01-01, not null) and amount (minor units;
    /// refunds are negative).
    ///
    /// # Errors
    /// Columns of different lengths; amounts that together exceed 64 bits.
    pub fn new(customer: &[u32], day: &[i32], amount: &[i64]) -> Result<Self, LifetimeError> {
        let lengths = vec![customer.len(), day.len(), amount.len()];
        if lengths.iter().any(|&length| length != amount.len()) {
            return Err(LifetimeError::ColumnLengths { table: "the transactions", lengths });
        }
        let whole: u128 = amount.par_iter().map(|amount| u128::from(amount.unsigned_abs())).sum();
        if i64::try_from(whole).is_err() {
            return Err(LifetimeError::Overflow);
        }
        let codes = customer.par_iter().max().map_or(0, |&last| last as usize + 1);
        let (mut places, mut gave_back) = (vec![0; codes], vec![false; codes]);
        for (&code, &amount) in customer.iter().zip(amount) {
            places[code as usize] += 1;
            gave_back[code as usize] |= amount < 0;
        }
        // A counting sort: what was a count becomes the place of the customer's next row.
        let (mut rows, mut kept) = (0, 0);
        for with_refunds in [false, true] {
            kept = rows;
            for (place, _) in places.iter_mut().zip(&gave_back).filter(|(_, gave_back)| **gave_back == with_refunds) {
                rows += std::mem::replace(place, rows);
            }
        }
        let mut order = vec![0; rows];
        for (row, &code) in customer.iter().enumerate() {
            let place = &mut places[code as usize];
            order[*place] = row;
            *place += 1;
        }
        Ok(Self {
            customer: in_order(customer, &order).into(),
            day: in_order(day, &order).into(),
            amount: in_order(amount, &order).into(),
            gave_back: kept,
        })
    }

    /// The rows cut between customers into at most `threads` shares of either kind, and whether its customers gave
    /// something back. There is at least one, which may be empty.
    pub(super) fn shares(&self, threads: usize) -> Result<Vec<(Vec<RecordBatch>, bool)>, EngineError> {
        let columns: [(&str, ArrayRef); 3] = [
            ("customer", Arc::new(self.customer.clone())),
            ("day", Arc::new(self.day.clone())),
            ("amount", Arc::new(self.amount.clone())),
        ];
        let (rows, customers) = (RecordBatch::try_from_iter(columns)?, self.customer.values());
        let mut shares = Vec::new();
        let (kept, all) = (self.gave_back, rows.num_rows());
        for (from, to, gave_back) in [(0, kept, false)].into_iter().chain((kept < all).then_some((kept, all, true))) {
            let count = ((to - from) / SHARE).clamp(1, threads);
            let mut start = from;
            for share in 1..=count {
                let mut end = start.max(from + (to - from) * share / count);
                while end < to && customers[end] == customers[end - 1] {
                    end += 1;
                }
                let slices = (start..end.max(start + 1)).step_by(SLICE);
                let slices = slices.map(|start| rows.slice(start, SLICE.min(end - start))).collect();
                shares.push((slices, gave_back));
                start = end;
            }
        }
        Ok(shares)
    }
}

fn in_order<T: Copy + Send + Sync>(values: &[T], order: &[usize]) -> Vec<T> {
    order.par_iter().map(|&row| values[row]).collect()
}
