//! Histories of transactions in memory, by the rules that [`Histories`] tells: customer after customer, period after period.

use closedloop_core::lifetime::{Grain, Histories, Holdout};

/// Transactions, column by column, in any order. A customer code need not be dense.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transactions<'a> {
    /// Code of the customer.
    pub(crate) customer: &'a [u32],
    /// Local day, since 1970-01-01.
    pub(crate) day: &'a [i32],
    /// Money in minor units; refunds are negative.
    pub(crate) amount: &'a [i64],
}

/// A customer's transactions of one kind in one period.
type Entry = (u32, i32, i64);

/// Summarises transactions observed up to the end of day `until`.
pub(crate) fn summarise(transactions: &Transactions<'_>, grain: Grain, until: i32) -> Histories {
    histories(&sorted(transactions, grain, |day| day <= until), grain, until)
}

/// Summarises transactions up to the end of day `until`, and counts what the same customers did after it.
pub(crate) fn calibrate(transactions: &Transactions<'_>, grain: Grain, until: i32) -> (Histories, Holdout) {
    let histories = summarise(transactions, grain, until);
    let mut holdout =
        Holdout { purchases: vec![0; histories.customer.len()], amount: vec![0; histories.customer.len()] };
    // A period that straddles the cut belongs to the history.
    let cut = grain.merge.number(until);
    for entries in sorted(transactions, grain, |day| day > until).chunk_by(|a, b| a.0 == b.0) {
        let Ok(row) = histories.customer.binary_search(&entries[0].0) else { continue };
        let mut last = cut;
        for &(_, period, amount) in entries {
            holdout.amount[row] += amount;
            if amount >= 0 && period > last {
                last = period;
                holdout.purchases[row] += 1;
            }
        }
    }
    (histories, holdout)
}

/// The transactions of the days that `wanted` takes, by customer, period and amount.
fn sorted(transactions: &Transactions<'_>, grain: Grain, wanted: impl Fn(i32) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = (transactions.customer.iter().zip(transactions.day).zip(transactions.amount))
        .filter(|&((_, &day), _)| wanted(day))
        .map(|((&customer, &day), &amount)| (customer, grain.merge.number(day), amount))
        .collect();
    entries.sort_unstable();
    entries
}

/// One customer's purchases under the rules: period and what is left of the amount.
fn purchases(entries: &[Entry]) -> Vec<(i32, i64)> {
    let mut kept: Vec<(i32, i64)> = vec![];
    for period in entries.chunk_by(|a, b| a.1 == b.1) {
        // Refunds come first in a period, being less than 0.
        let refunds = period.partition_point(|entry| entry.2 < 0);
        let sum = |entries: &[Entry]| entries.iter().map(|entry| entry.2).sum::<i64>();
        if refunds < period.len() {
            kept.push((period[0].1, sum(&period[refunds..])));
        }
        let mut refund = sum(&period[..refunds]);
        let mut at = kept.len();
        while refund < 0 && at > 0 {
            at -= 1;
            let left = kept[at].1 + refund;
            if left > 0 {
                kept[at].1 = left;
                refund = 0;
            } else if kept[at].1 > 0 {
                // Purchases of nothing (gifts, free orders) cannot be taken back.
                kept.remove(at);
                refund = left;
            }
        }
    }
    kept
}

fn time(grain: Grain, periods: i32) -> f64 {
    let periods = f64::from(periods);
    if grain.merge == grain.unit { periods } else { periods * grain.merge.days() / grain.unit.days() }
}

#[expect(clippy::cast_precision_loss, reason = "amounts of tests are small")]
fn histories(entries: &[Entry], grain: Grain, until: i32) -> Histories {
    let end = grain.merge.number(until);
    let mut histories = Histories::default();
    for entries in entries.chunk_by(|a, b| a.0 == b.0) {
        let kept = purchases(entries);
        let (Some(&(first, first_amount)), Some(&(last, _))) = (kept.first(), kept.last()) else { continue };
        let total: i64 = kept.iter().map(|purchase| purchase.1).sum();
        let repeats = u32::try_from(kept.len() - 1).unwrap();
        histories.customer.push(entries[0].0);
        histories.first_period.push(first);
        histories.total.push(total);
        histories.repeat_total.push(total - first_amount);
        let summaries = &mut histories.summaries;
        summaries.x.push(repeats);
        summaries.t_x.push(time(grain, last - first));
        summaries.t.push(time(grain, end - first));
        summaries.mean_value.push((total - first_amount) as f64 / f64::from(repeats.max(1)));
    }
    histories
}
