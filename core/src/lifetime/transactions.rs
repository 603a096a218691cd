//! Transactions → summaries: one history per customer, with the rules for merging and for refunds.
//!
//! 1. *Merging.* Purchases (amounts of 0 or more) of one customer in one period, a day, week (from Monday) or calendar month, are one
//!    purchase of their summed amount. x counts the periods with a purchase after the first such period.
//! 2. *Refunds.* A negative amount is taken off the customer's purchases at or before its period, latest first. A purchase that is
//!    taken back in full did not happen. What no purchase is left for is counted as unmatched.
//! 3. The mean value is that of the repeat purchases, what is left of them; the first is left out.
//!
//! The sums are integers, so the order of the transactions changes nothing.

use rayon::prelude::*;

use super::error::LifetimeError;
use super::summary::Summaries;

/// A period in which purchases are one, and a unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A day.
    Day,
    /// A week from Monday; 7 days.
    Week,
    /// A calendar month; 365.25/12 days on average.
    Month,
}

impl Period {
    /// Its mean length in days.
    pub fn days(self) -> f64 {
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => 365.25 / 12.0,
        }
    }

    /// The number of the period that holds `day`, days since 1970-01-01.
    pub fn number(self, day: i32) -> i32 {
        match self {
            Self::Day => day,
            // 1970-01-01 was a Thursday.
            Self::Week => day.saturating_add(3).div_euclid(7),
            Self::Month => month_number(day),
        }
    }
}

/// Months since January 1970 in the proleptic Gregorian calendar, by years that begin in March.
fn month_number(day: i32) -> i32 {
    const CYCLE: i64 = 146_097;
    let from_march = i64::from(day) + 719_468;
    let (cycle, rest) = (from_march.div_euclid(CYCLE), from_march.rem_euclid(CYCLE));
    let year = (rest - rest / 1_460 + rest / 36_524 - rest / 146_096) / 365;
    let day_of_year = rest - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    // March is month 2 of the calendar, counted from 0.
    i32::try_from((cycle * 400 + year - 1970) * 12 + month + 2).unwrap_or(i32::MAX)
}

/// How time is cut and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grain {
    /// Purchases of one such period are one.
    pub merge: Period,
    /// t_x and T are told in this unit.
    pub unit: Period,
}

impl Grain {
    /// Merged and told in one period.
    pub fn of(period: Period) -> Self {
        Self { merge: period, unit: period }
    }

    /// Periods as time in the unit.
    fn time(self, periods: i64) -> f64 {
        let periods = super::numeric::float(periods.unsigned_abs());
        if self.merge == self.unit { periods } else { periods * self.merge.days() / self.unit.days() }
    }
}

/// Transactions, column by column, in any order. A customer code need not be dense.
#[derive(Debug, Clone, Copy)]
pub struct Transactions<'a> {
    /// Code of the customer.
    pub customer: &'a [u32],
    /// Local day, since 1970-01-01.
    pub day: &'a [i32],
    /// Money in minor units; refunds are negative.
    pub amount: &'a [i64],
}

/// The histories of the customers that have a purchase.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histories {
    /// Codes of the customers, ascending.
    pub customer: Vec<u32>,
    /// Number of the period of the first purchase that was not taken back ([`Period::number`] of the merging period).
    pub first_period: Vec<i32>,
    /// Net money of all purchases kept, in minor units.
    pub total: Vec<i64>,
    /// Net money of the repeat purchases, in minor units.
    pub repeat_total: Vec<i64>,
    /// What the models need, in the same order; mean values are in minor units.
    pub summaries: Summaries,
    /// Customers without a purchase left (all taken back, or refunds only), ascending, with their net amount.
    pub without_purchase: Vec<(u32, i64)>,
    /// Refunds beyond a customer's purchases: customer and amount (negative), ascending by customer.
    pub unmatched: Vec<(u32, i64)>,
}

/// What customers did in a time that was held out: their purchases and net money, in the order of the histories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holdout {
    /// Periods with a purchase.
    pub purchases: Vec<u32>,
    /// Net money, in minor units.
    pub amount: Vec<i64>,
}

/// A customer's transactions of one kind in one period.
type Entry = (u32, i32, i64);

/// Summarises transactions observed up to the end of day `until`.
///
/// # Errors
/// Columns of different lengths, a transaction after `until`, money beyond 64 bits.
pub fn summarise(transactions: &Transactions<'_>, grain: Grain, until: i32) -> Result<Histories, LifetimeError> {
    check_columns(transactions)?;
    let late = (transactions.customer.iter().zip(transactions.day)).filter(|&(_, &day)| day > until).min();
    match late {
        Some((&customer, &day)) => Err(LifetimeError::FutureDate { customer, day, until }),
        None => histories(&sorted(transactions, grain, |_| true), grain, until),
    }
}

/// Summarises transactions up to the end of day `until`, and counts what the same customers did after it, up to the end of `end`.
///
/// # Errors
/// As [`summarise`], for transactions after `end`.
pub fn calibrate(
    transactions: &Transactions<'_>,
    grain: Grain,
    until: i32,
    end: i32,
) -> Result<(Histories, Holdout), LifetimeError> {
    check_columns(transactions)?;
    let late = (transactions.customer.iter().zip(transactions.day)).filter(|&(_, &day)| day > end).min();
    if let Some((&customer, &day)) = late {
        return Err(LifetimeError::FutureDate { customer, day, until: end });
    }
    let histories = histories(&sorted(transactions, grain, |day| day <= until), grain, until)?;
    let mut holdout =
        Holdout { purchases: vec![0; histories.customer.len()], amount: vec![0; histories.customer.len()] };
    // A period that straddles the cut belongs to the history.
    let cut = grain.merge.number(until);
    for entries in sorted(transactions, grain, |day| day > until).chunk_by(|a, b| a.0 == b.0) {
        let Ok(row) = histories.customer.binary_search(&entries[0].0) else { continue };
        let mut last = cut;
        for &(customer, period, amount) in entries {
            holdout.amount[row] =
                holdout.amount[row].checked_add(amount).ok_or(LifetimeError::Overflow { customer })?;
            if amount >= 0 && period > last {
                last = period;
                holdout.purchases[row] += 1;
            }
        }
    }
    Ok((histories, holdout))
}

fn check_columns(transactions: &Transactions<'_>) -> Result<(), LifetimeError> {
    let lengths = vec![transactions.customer.len(), transactions.day.len(), transactions.amount.len()];
    if lengths.iter().all(|&length| length == lengths[0]) {
        Ok(())
    } else {
        Err(LifetimeError::ColumnLengths { table: "the transactions", lengths })
    }
}

/// The transactions of the days that `wanted` takes, by customer, period and amount.
fn sorted(transactions: &Transactions<'_>, grain: Grain, wanted: impl Fn(i32) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = (transactions.customer.iter().zip(transactions.day).zip(transactions.amount))
        .filter(|&((_, &day), _)| wanted(day))
        .map(|((&customer, &day), &amount)| (customer, grain.merge.number(day), amount))
        .collect();
    entries.par_sort_unstable();
    entries
}

/// A purchase that is not taken back: its period and what is left of its amount.
type Purchase = (i32, i128);

/// One customer's purchases under the rules, and the refund that is left over (0 or less).
fn purchases(entries: &[Entry]) -> (Vec<Purchase>, i128) {
    let (mut kept, mut unmatched): (Vec<Purchase>, i128) = (vec![], 0);
    for period in entries.chunk_by(|a, b| a.1 == b.1) {
        // Refunds come first in a period, being less than 0.
        let refunds = period.partition_point(|entry| entry.2 < 0);
        let sum = |entries: &[Entry]| entries.iter().map(|entry| i128::from(entry.2)).sum::<i128>();
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
        unmatched += refund;
    }
    (kept, unmatched)
}

/// Builds the histories from sorted entries.
fn histories(entries: &[Entry], grain: Grain, until: i32) -> Result<Histories, LifetimeError> {
    let end = i64::from(grain.merge.number(until));
    let mut histories = Histories::default();
    for entries in entries.chunk_by(|a, b| a.0 == b.0) {
        let customer = entries[0].0;
        let (kept, unmatched) = purchases(entries);
        let narrow = |amount: i128| i64::try_from(amount).map_err(|_| LifetimeError::Overflow { customer });
        if unmatched < 0 {
            histories.unmatched.push((customer, narrow(unmatched)?));
        }
        let (Some(&(first, first_amount)), Some(&(last, _))) = (kept.first(), kept.last()) else {
            histories.without_purchase.push((customer, narrow(unmatched)?));
            continue;
        };
        let total: i128 = kept.iter().map(|purchase| purchase.1).sum();
        let repeat_total = narrow(total - first_amount)?;
        let repeats = u32::try_from(kept.len() - 1).map_err(|_| LifetimeError::Overflow { customer })?;
        histories.customer.push(customer);
        histories.first_period.push(first);
        histories.total.push(narrow(total)?);
        histories.repeat_total.push(repeat_total);
        let summaries = &mut histories.summaries;
        summaries.x.push(repeats);
        summaries.t_x.push(grain.time(i64::from(last) - i64::from(first)));
        summaries.t.push(grain.time(end - i64::from(first)));
        let mean = super::numeric::float(repeat_total.unsigned_abs()) / f64::from(repeats.max(1));
        summaries.mean_value.push(mean);
    }
    Ok(histories)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(u32, i32, i64)], grain: Grain, until: i32) -> Histories {
        let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let day: Vec<i32> = rows.iter().map(|row| row.1).collect();
        let amount: Vec<i64> = rows.iter().map(|row| row.2).collect();
        summarise(&Transactions { customer: &customer, day: &day, amount: &amount }, grain, until).unwrap()
    }

    #[test]
    fn purchases_of_a_day_are_one_and_the_first_is_left_out_of_the_mean() {
        let histories = of(&[(7, 0, 500), (7, 14, 100), (7, 14, 200), (7, 21, 400)], Grain::of(Period::Day), 30);
        let summaries = &histories.summaries;
        assert_eq!((summaries.x[0], summaries.t_x[0], summaries.t[0]), (2, 21.0, 30.0));
        assert_eq!((summaries.mean_value[0], histories.total[0], histories.repeat_total[0]), (350.0, 1_200, 700));
    }

    #[test]
    fn a_refund_takes_the_latest_purchase_first_and_one_taken_back_in_full_did_not_happen() {
        let rows = [(1, 0, 500), (1, 10, 300), (1, 20, 200), (1, 25, -350), (1, 28, 50)];
        let histories = of(&rows, Grain::of(Period::Day), 30);
        // 200 of day 20 are gone, 150 of day 10; days 0, 10 and 28 remain.
        assert_eq!((histories.summaries.x[0], histories.summaries.t_x[0]), (2, 28.0));
        assert_eq!((histories.repeat_total[0], histories.total[0]), (200, 700));
        assert!(histories.unmatched.is_empty());
    }

    #[test]
    fn a_customer_who_took_all_back_is_no_customer() {
        let histories = of(&[(1, 0, 500), (1, 3, -700), (2, 1, 0), (3, 1, -5)], Grain::of(Period::Day), 9);
        assert_eq!(histories.customer, [2]);
        assert_eq!(histories.without_purchase, [(1, -200), (3, -5)]);
        assert_eq!(histories.unmatched, [(1, -200), (3, -5)]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_follow_the_calendar() {
        // 1970-01-04 was a Sunday, the 5th a Monday.
        assert_eq!((Period::Week.number(3), Period::Week.number(4), Period::Week.number(-4)), (0, 1, -1));
        // 1969-12-31, 1970-01-31, 1970-02-01, 2000-02-29, 2000-03-01, 2026-11-25.
        let months = [-1, 30, 31, 11_016, 11_017, 20_782].map(|day| Period::Month.number(day));
        assert_eq!(months, [-1, 0, 1, 361, 362, 682]);
    }

    #[test]
    fn a_date_after_the_end_is_refused() {
        let transactions = Transactions { customer: &[4], day: &[11], amount: &[1] };
        let refused = summarise(&transactions, Grain::of(Period::Day), 10);
        assert_eq!(refused, Err(LifetimeError::FutureDate { customer: 4, day: 11, until: 10 }));
    }

    #[test]
    fn the_holdout_counts_what_came_after_the_cut() {
        let transactions =
            Transactions { customer: &[1, 1, 1, 1, 2], day: &[0, 5, 12, 12, 11], amount: &[10, 20, 30, 40, 50] };
        let (histories, holdout) = calibrate(&transactions, Grain::of(Period::Day), 10, 20).unwrap();
        assert_eq!(histories.customer, [1]);
        assert_eq!((holdout.purchases[0], holdout.amount[0]), (1, 70));
    }
}
