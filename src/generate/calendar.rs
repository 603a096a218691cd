//! The stretch of time that is simulated: 14 fiscal quarters, counted in days and weeks from the first.

use std::fmt;

use jiff::civil::{Date, Weekday, date};
use jiff::{SignedDuration, Timestamp, ToSpan};
use rand::RngExt;

use super::draw::{self, Rng};

/// The first day of the history, a fiscal-year start.
pub const START: Date = date(2023, 2, 1);
/// The last day of the history, a fiscal quarter's end; the as-of date of the data.
pub const END: Date = date(2026, 7, 31);
/// The first month of the fiscal year.
pub const FISCAL_YEAR_START: i8 = 2;
/// How many whole weeks the history has; what happens per week happens in these.
pub const WEEKS: usize = 182;

/// Days since [`START`].
pub type Day = i64;

/// The number of the last day of the history.
pub const LAST_DAY: Day = 1276;

/// Seconds in a day: all times are UTC.
const DAY_SECONDS: i64 = 86_400;

/// A second of the history, counted from the midnight that opens [`START`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The last second of the history.
    pub const LAST: Self = Self((LAST_DAY + 1) * DAY_SECONDS - 1);

    /// The moment `seconds` after the midnight that opens `day`.
    pub const fn new(day: Day, seconds: i64) -> Self {
        Self(day * DAY_SECONDS + seconds)
    }

    /// A second of `day` at which people work, in one of the time zones the company sells to.
    pub fn working_hours(rng: &mut Rng, day: Day) -> Self {
        Self::new(day, rng.random_range(7 * 3600..22 * 3600))
    }

    /// The day this moment falls in.
    pub const fn day(self) -> Day {
        self.0.div_euclid(DAY_SECONDS)
    }

    /// This moment moved by `seconds`.
    pub const fn plus(self, seconds: i64) -> Self {
        Self(self.0 + seconds)
    }

    /// The moment as the world counts time.
    pub fn timestamp(self) -> Timestamp {
        // The sum stays within a few years of START, far from the ends of what a timestamp can hold.
        Timestamp::UNIX_EPOCH + START.duration_since(date(1970, 1, 1)) + SignedDuration::from_secs(self.0)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

/// The calendar date of `day`.
pub fn date_of(day: Day) -> Date {
    START.saturating_add(SignedDuration::from_hours(24 * day))
}

/// The number of `date`.
pub fn day_of(date: Date) -> Day {
    date.duration_since(START).as_hours() / 24
}

/// The week `day` falls in; days before the history belong to its first week.
pub fn week_of(day: Day) -> usize {
    usize::try_from(day.div_euclid(7)).unwrap_or(0)
}

/// The first day of `week`.
pub fn first_day_of(week: usize) -> Day {
    Day::try_from(week).unwrap_or(Day::MAX / 7) * 7
}

/// `day`, or the Friday before it at a weekend.
pub fn workday(day: Day) -> Day {
    match date_of(day).weekday() {
        Weekday::Saturday => day - 1,
        Weekday::Sunday => day - 2,
        _ => day,
    }
}

/// The fiscal year's name of a day, such as `FY25`: the calendar year in which it ends.
pub fn fiscal_year(day: Day) -> String {
    let date = date_of(day);
    let year = date.year() + i16::from(date.month() >= FISCAL_YEAR_START);
    format!("FY{:02}", year % 100)
}

/// The last days of the fiscal quarters, in order, reaching a year past the history.
#[derive(Debug)]
pub struct QuarterEnds(Vec<Day>);

impl QuarterEnds {
    /// The quarter ends of the simulated company.
    pub fn new() -> Self {
        Self(START.series(3.months()).skip(1).take(18).map(|next| day_of(next) - 1).collect())
    }

    /// The day a deal really closes that would naturally close on `natural`, after `cycle` days of work.
    ///
    /// Sales people bend their deals towards the last two weeks of the nearest quarter; a long deal bends further.
    pub fn bend(&self, rng: &mut Rng, natural: Day, cycle: Day) -> Day {
        const EAGERNESS: f64 = 0.7;
        let distance = |end: &Day| (end - 6 - natural).abs();
        match self.0.iter().copied().min_by_key(distance) {
            Some(end) if distance(&end) <= cycle * 2 / 5 && draw::chance(rng, EAGERNESS) => {
                workday(rng.random_range(end - 13..=end))
            }
            _ => workday(natural),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_fourteen_fiscal_quarters() {
        assert_eq!(day_of(END), LAST_DAY);
        assert_eq!(week_of(LAST_DAY), WEEKS);
        assert_eq!(QuarterEnds::new().0[13], LAST_DAY);
        assert_eq!(Moment::LAST.to_string(), "2026-07-31T23:59:59Z");
        assert_eq!(fiscal_year(LAST_DAY), "FY27");
        assert_eq!(fiscal_year(0), "FY24");
    }
}
