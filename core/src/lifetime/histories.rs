//! Histories of customers, what all lifetime models start from, and the grain of time in which they are told.
//!
//! 1. *Merging.* Purchases (amounts of 0 or more) of one customer in one period, a day, week (from Monday) or calendar month, are one
//!    purchase of their summed amount. x counts the periods with a purchase after the first such period.
//! 2. *Refunds.* A negative amount is taken off the customer's purchases at or before its period, latest first. A purchase that is
//!    taken back in full did not happen. What no purchase is left for is dropped.
//! 3. The mean value is that of the repeat purchases, what is left of them; the first is left out.

use super::summary::Summaries;
use jiff::Span;
use jiff::civil::{Date, date};
use serde::Deserialize;

/// A period in which purchases are one, and a unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The period of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Day, Self::Week, Self::Month].into_iter().find(|period| period.name() == name)
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

/// Months since January 1970; days beyond the calendar are its first and its last.
fn month_number(day: i32) -> i32 {
    let since = Span::new().try_days(day);
    let date = since.map_or(if day < 0 { Date::MIN } else { Date::MAX }, |days| date(1970, 1, 1).saturating_add(days));
    (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1
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
}

/// What customers did in a time that was held out: the purchases that they kept and their money, in the order of the histories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holdout {
    /// Periods with a purchase that was not taken back.
    pub purchases: Vec<u32>,
    /// What is left of them, in minor units.
    pub amount: Vec<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_follow_the_calendar() {
        // 1970-01-04 was a Sunday, the 5th a Monday.
        assert_eq!((Period::Week.number(3), Period::Week.number(4), Period::Week.number(-4)), (0, 1, -1));
        // 1969-12-31, 1970-01-31, 1970-02-01, 2000-02-29, 2000-03-01, 2026-11-25.
        let months = [-1, 30, 31, 11_016, 11_017, 20_782].map(|day| Period::Month.number(day));
        assert_eq!(months, [-1, 0, 1, 361, 362, 682]);
    }
}
