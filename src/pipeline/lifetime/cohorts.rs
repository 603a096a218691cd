//! Cohorts: what the customers acquired in a quarter have earned since, quarter by quarter.

use super::customers::{Booking, Customers};
use super::value::{Valued, amount, minor};
use crate::config::Calendar;
use crate::config::calendar::{date_of_days, days_since_epoch};
use std::collections::{BTreeMap, BTreeSet};

/// A cohort at an age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CohortAge {
    /// Quarter of acquisition, as a number that counts quarters.
    pub(super) cohort: i32,
    /// Quarters since then.
    pub(super) age: i32,
    /// Customers of the cohort.
    pub(super) customers: u64,
    /// Of these, those that bought in the quarter.
    pub(super) buyers: u64,
    /// Margin earned in the quarter, in minor units.
    pub(super) margin: i64,
    /// Earned so far.
    pub(super) cumulative: i64,
    /// The same with each quarter discounted to the acquisition.
    pub(super) cumulative_discounted: i64,
}

/// The quarter of a day.
pub(super) fn quarter_of(calendar: &Calendar, day: i32) -> i32 {
    date_of_days(day).map(|date| calendar.quarter_of_date(date)).unwrap_or_default()
}

/// Every cohort at every age up to the quarter of the last observed day, in order.
pub(super) fn cohorts(calendar: &Calendar, customers: &Customers, valued: &Valued) -> Vec<CohortAge> {
    let now = quarter_of(calendar, valued.until);
    let mut cells: BTreeMap<(i32, i32), (i64, u64)> = BTreeMap::new();
    let mut sizes: BTreeMap<i32, u64> = BTreeMap::new();
    for (position, &acquired) in valued.histories.first_period.iter().enumerate() {
        let cohort = quarter_of(calendar, acquired);
        *sizes.entry(cohort).or_default() += 1;
        for booking in &customers.bookings[valued.money[position].bookings.clone()] {
            by_quarter(calendar, booking, valued.until, |quarter, margin| {
                cells.entry((cohort, (quarter - cohort).max(0))).or_default().0 += margin;
            });
        }
        let ages = valued.days_bought(position).map(|day| (quarter_of(calendar, day) - cohort).max(0));
        for age in ages.collect::<BTreeSet<_>>() {
            cells.entry((cohort, age)).or_default().1 += 1;
        }
    }
    let mut rows = Vec::new();
    for (cohort, customers) in sizes {
        let (mut cumulative, mut cumulative_discounted) = (0, 0);
        for age in 0..=(now - cohort).max(0) {
            let (margin, buyers) = cells.get(&(cohort, age)).copied().unwrap_or_default();
            cumulative += margin;
            let factor = (-valued.horizon.discount.ln_1p() * 3.0 * f64::from(age)).exp();
            cumulative_discounted += minor(amount(margin) * factor);
            rows.push(CohortAge { cohort, age, customers, buyers, margin, cumulative, cumulative_discounted });
        }
    }
    rows
}

/// What a booking has earned by the end of the last observed day, quarter by quarter.
fn by_quarter(calendar: &Calendar, booking: &Booking, until: i32, mut tell: impl FnMut(i32, i64)) {
    let Some((first, last)) = booking.term else {
        return tell(quarter_of(calendar, booking.day), booking.earned(until));
    };
    let last = last.min(until);
    let (mut day, mut before) = (first, 0);
    while day <= last {
        let quarter = quarter_of(calendar, day);
        let end = calendar.quarter_end(quarter).map_or(last, days_since_epoch).clamp(day, last);
        let earned = booking.earned(end);
        tell(quarter, earned - before);
        (before, day) = (earned, end.saturating_add(1));
    }
}
