//! The calendar of the run: how text becomes an instant, and which fiscal quarter an instant falls in.

mod stretches;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, civil};
use std::ops::RangeInclusive;
use stretches::Stretches;

const DAY: i64 = 86_400 * 1_000_000;

/// Time zone and fiscal year. Instants are microseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    stretches: Stretches,
    fiscal_year_start: i8,
}

/// What a date without a time of day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateMeans {
    /// Its first microsecond.
    Start,
    /// Its last microsecond.
    End,
}

impl Calendar {
    /// A calendar in `zone` whose fiscal year starts in month `fiscal_year_start` (1 to 12).
    pub fn new(zone: TimeZone, fiscal_year_start: i8) -> Self {
        Self { stretches: Stretches::of(&zone), zone, fiscal_year_start }
    }

    /// The IANA name of the time zone.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The month in which its fiscal year starts, 1 to 12.
    pub fn fiscal_year_start(&self) -> i8 {
        self.fiscal_year_start
    }

    /// Whether naive times are UTC.
    pub fn is_utc(&self) -> bool {
        self.zone_name() == "UTC"
    }

    /// Reads a timestamp with an offset, a naive one, or a date. `None` where it is none of these or does not exist in
    /// the time zone; of two readings the earlier instant.
    pub fn read_instant(&self, text: &str, date_means: DateMeans) -> Option<i64> {
        let text = text.trim();
        if text.len() <= 10 {
            return self.instant_of_date(text.parse().ok()?, date_means);
        }
        // Most texts have no offset, and to find that out by parsing takes as long as to read them.
        let may_have_offset = text.bytes().skip(10).any(|byte| b"+-Zz[".contains(&byte));
        match may_have_offset.then(|| text.parse::<Timestamp>()) {
            Some(Ok(timestamp)) => Some(timestamp.as_microsecond()),
            _ => self.instant_of_naive(text.parse().ok()?),
        }
    }

    /// Reads a date, or the local date of a timestamp, as days since 1970-01-01. A date is what it says, even where the time
    /// zone skipped that day.
    pub fn read_day(&self, text: &str) -> Option<i32> {
        let text = text.trim();
        if text.len() > 10 {
            return self.day_of(self.read_instant(text, DateMeans::Start)?);
        }
        let date = text.parse().ok()?;
        self.instant_of_date(date, DateMeans::Start).map(|_| days_since_epoch(date))
    }

    /// The instant of a local time, given in microseconds as if it were UTC; `None` where the clocks skip it.
    pub fn instant_of_local(&self, local: i64) -> Option<i64> {
        let naive = || Some(TimeZone::UTC.to_datetime(Timestamp::from_microsecond(local).ok()?));
        self.stretches.instant_of(local).or_else(|| self.ask_zone(naive()?))
    }

    /// The same of a local time as it is written.
    fn instant_of_naive(&self, naive: DateTime) -> Option<i64> {
        let local = TimeZone::UTC.to_timestamp(naive).ok().map(Timestamp::as_microsecond);
        local.and_then(|local| self.stretches.instant_of(local)).or_else(|| self.ask_zone(naive))
    }

    fn ask_zone(&self, naive: DateTime) -> Option<i64> {
        let ambiguous = self.zone.to_ambiguous_timestamp(naive);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return None;
        }
        Some(ambiguous.earlier().ok()?.as_microsecond())
    }

    /// The first or last microsecond of a local day, since 1970-01-01.
    pub fn instant_of_day(&self, day: i32, date_means: DateMeans) -> Option<i64> {
        let start = |day: i64| self.stretches.instant_of(day.checked_mul(DAY)?);
        let far_from_changes = match date_means {
            DateMeans::Start => start(i64::from(day)),
            DateMeans::End => start(i64::from(day) + 1).map(|next| next - 1),
        };
        far_from_changes.or_else(|| self.instant_of_date(date_of_days(day)?, date_means))
    }

    /// The first or last microsecond of a local day.
    pub fn instant_of_date(&self, date: Date, date_means: DateMeans) -> Option<i64> {
        match date_means {
            DateMeans::Start => Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond()),
            DateMeans::End => Some(self.instant_of_date(date.tomorrow().ok()?, DateMeans::Start)? - 1),
        }
    }

    /// The local date of an instant.
    pub fn date_of(&self, instant: i64) -> Option<Date> {
        Some(Timestamp::from_microsecond(instant).ok()?.to_zoned(self.zone.clone()).date())
    }

    /// The local day of an instant, since 1970-01-01.
    pub fn day_of(&self, instant: i64) -> Option<i32> {
        let asked = || {
            let offset = self.zone.to_offset(Timestamp::from_microsecond(instant).ok()?);
            Some(i64::from(offset.seconds()) * 1_000_000)
        };
        let offset = self.stretches.offset_at(instant).or_else(asked)?;
        i32::try_from((instant + offset).div_euclid(DAY)).ok()
    }

    /// The local time, to the minute, of an instant as [`instant_text`] writes it.
    pub fn local_minute(&self, instant: &str) -> Option<String> {
        let local = instant.parse::<Timestamp>().ok()?.to_zoned(self.zone.clone());
        Some(local.strftime("%Y-%m-%d %H:%M").to_string())
    }

    /// The fiscal quarter of a local date, as a number that counts quarters: fiscal year · 4 + quarter − 1.
    pub fn quarter_of_date(&self, date: Date) -> i32 {
        let months = i32::from(date.year()) * 12 + i32::from(date.month()) - i32::from(self.fiscal_year_start);
        months.div_euclid(3) + self.shift()
    }

    /// Quarters by which a fiscal year that ends in the next calendar year is numbered ahead.
    fn shift(&self) -> i32 {
        if self.fiscal_year_start == 1 { 0 } else { 4 }
    }

    /// The fiscal quarter of an instant.
    pub fn quarter_of(&self, instant: i64) -> Option<i32> {
        Some(self.quarter_of_date(self.date_of(instant)?))
    }

    /// First day of a quarter.
    pub fn quarter_start(&self, quarter: i32) -> Option<Date> {
        let months = quarter.checked_sub(self.shift())?.checked_mul(3)?;
        let months = months.checked_add(i32::from(self.fiscal_year_start) - 1)?;
        let year = i16::try_from(months.div_euclid(12)).ok()?;
        let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
        Date::new(year, month, 1).ok()
    }

    /// Last day of a quarter.
    pub fn quarter_end(&self, quarter: i32) -> Option<Date> {
        self.quarter_start(quarter.checked_add(1)?)?.yesterday().ok()
    }

    /// The days of a quarter, since 1970-01-01.
    pub fn days_of(&self, quarter: i32) -> Option<RangeInclusive<i32>> {
        Some(days_since_epoch(self.quarter_start(quarter)?)..=days_since_epoch(self.quarter_end(quarter)?))
    }

    /// Fiscal year (the calendar year in which it ends) and quarter 1 to 4.
    pub fn year_and_quarter(quarter: i32) -> (i32, i32) {
        (quarter.div_euclid(4), quarter.rem_euclid(4) + 1)
    }

    /// The name of a quarter, as in `FY26Q3`; outside 2000 to 2099 with the whole year, so that no two have the same name.
    pub fn quarter_name(quarter: i32) -> String {
        let (year, number) = Self::year_and_quarter(quarter);
        match year {
            2000..2100 => format!("FY{:02}Q{number}", year - 2000),
            _ => format!("FY{year:04}Q{number}"),
        }
    }
}

/// An instant as people and programs read it, in UTC.
pub fn instant_text(instant: i64) -> String {
    Timestamp::from_microsecond(instant).map(|at| at.to_string()).unwrap_or_default()
}

/// Days since the Unix epoch, the Parquet date.
pub fn days_since_epoch(date: Date) -> i32 {
    (date - civil::date(1970, 1, 1)).get_days()
}

/// The date of a number of days since the Unix epoch; `None` outside the calendar.
pub fn date_of_days(days: i32) -> Option<Date> {
    civil::date(1970, 1, 1).checked_add(Span::new().try_days(days).ok()?).ok()
}

/// The days of the calendar, since the Unix epoch.
pub fn all_days() -> RangeInclusive<i32> {
    days_since_epoch(Date::MIN)..=days_since_epoch(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_day_of_an_instant_is_that_of_its_date() {
        for zone in ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia"] {
            let calendar = Calendar::new(TimeZone::get(zone).unwrap(), 1);
            // Apia skipped 2011-12-30.
            for hour in (-600_000..600_000).step_by(7).chain(368_100..368_300) {
                let instant = hour * 3_600_000_000 - 1;
                assert_eq!(calendar.day_of(instant), calendar.date_of(instant).map(days_since_epoch), "{zone} {hour}");
            }
            assert_eq!(calendar.day_of(i64::MAX), None);
        }
    }

    /// Against asking the time zone for each. Apia skipped 2011-12-30, Troll changes by two hours, Lord Howe by half of one,
    /// Monrovia left seconds behind in 1972.
    #[test]
    fn local_times_are_what_the_time_zone_says() {
        let zones = ["UTC", "America/New_York", "Europe/Dublin", "Asia/Kolkata", "Pacific/Apia", "Antarctica/Troll"];
        for zone in zones.into_iter().chain(["Australia/Lord_Howe", "Africa/Monrovia", "Africa/Casablanca"]) {
            let calendar = Calendar::new(TimeZone::get(zone).unwrap(), 1);
            for quarter_of_an_hour in (-4_000_000..5_000_000).step_by(97).chain(1_472_000..1_474_000) {
                let local = quarter_of_an_hour * 900_000_000 + 7;
                let naive = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(local).unwrap());
                let asked = calendar.ask_zone(naive);
                assert_eq!(calendar.instant_of_local(local), asked, "{zone} {naive}");
                assert_eq!(calendar.instant_of_naive(naive), asked, "{zone} {naive}");
            }
            for day in -40_000..50_000 {
                for means in [DateMeans::Start, DateMeans::End] {
                    let asked = calendar.instant_of_date(date_of_days(day).unwrap(), means);
                    assert_eq!(calendar.instant_of_day(day, means), asked, "{zone} {day}");
                }
            }
        }
    }

    #[test]
    fn days_outside_the_calendar_have_no_date() {
        let (first, last) = all_days().into_inner();
        assert_eq!((date_of_days(first), date_of_days(last)), (Some(Date::MIN), Some(Date::MAX)));
        for outside in [first - 1, last + 1, i32::MIN, i32::MAX] {
            assert_eq!(date_of_days(outside), None, "{outside}");
        }
    }

    fn new_york() -> Calendar {
        Calendar::new(TimeZone::get("America/New_York").unwrap(), 2)
    }

    fn utc(text: &str) -> Option<i64> {
        Some(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn dates_and_naive_times_are_local_and_offsets_count() {
        let calendar = new_york();
        assert_eq!(calendar.read_instant("2026-07-01", DateMeans::Start), utc("2026-07-01T04:00:00Z"));
        assert_eq!(calendar.read_instant("2026-07-01", DateMeans::End), utc("2026-07-02T03:59:59.999999Z"));
        assert_eq!(calendar.read_instant("2026-07-01 12:00:00", DateMeans::End), utc("2026-07-01T16:00:00Z"));
        assert_eq!(calendar.read_instant("2024-01-19T09:42:24.000+0000", DateMeans::End), utc("2024-01-19T09:42:24Z"));
        assert_eq!(calendar.read_instant("01/02/2024", DateMeans::End), None);
    }

    /// Kiritimati had no last day of 1994: what happened on it began when the next day did.
    #[test]
    fn a_date_is_what_it_says_where_the_zone_skipped_that_day() {
        let calendar = Calendar::new(TimeZone::get("Pacific/Kiritimati").unwrap(), 1);
        let day = |year, month, day| Some(days_since_epoch(Date::constant(year, month, day)));
        assert_eq!(calendar.read_day("1994-12-31"), day(1994, 12, 31));
        assert_eq!(calendar.read_instant("1994-12-31", DateMeans::Start), utc("1994-12-31T10:00:00Z"));
        assert_eq!(calendar.read_day("1995-01-01T00:30:00"), day(1995, 1, 1));
    }

    proptest! {
        /// Against trying first whether the text has an offset.
        #[test]
        fn texts_mean_what_they_mean_when_an_offset_is_tried_first(
            date in "(-00)?(20[0-9]{2}-?[01][0-9]-?[0-3][0-9])",
            time in "([T ][0-2][0-9](:?[0-5][0-9](:?[0-6][0-9]([.,][0-9]{1,9})?)?)?)?",
            offset in "(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)?(\\[UTC\\])?| ?UTC| [AP]M",
        ) {
            let (calendar, text) = (new_york(), format!("{date}{time}{offset}"));
            let tried = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
            let expected = match text.len() {
                ..=10 => text.parse().ok().and_then(|date| calendar.instant_of_date(date, DateMeans::Start)),
                _ => tried.or_else(|| calendar.instant_of_naive(text.parse().ok()?)),
            };
            prop_assert_eq!(calendar.read_instant(&text, DateMeans::Start), expected, "{}", text);
        }
    }

    #[test]
    fn a_repeated_hour_is_the_earlier_one_and_a_skipped_hour_is_none() {
        let calendar = new_york();
        assert_eq!(calendar.read_instant("2026-11-01T01:30:00", DateMeans::Start), utc("2026-11-01T05:30:00Z"));
        assert_eq!(calendar.read_instant("2026-03-08T02:30:00", DateMeans::Start), None);
    }

    #[test]
    fn no_two_quarters_have_one_name() {
        let names = (0..4 * 9_999).map(Calendar::quarter_name);
        assert_eq!(names.collect::<std::collections::HashSet<_>>().len(), 4 * 9_999);
    }

    #[test]
    fn a_fiscal_year_is_named_after_the_calendar_year_in_which_it_ends() {
        let february = new_york();
        let quarter = |text: &str| Calendar::quarter_name(february.quarter_of_date(text.parse().unwrap()));
        assert_eq!(quarter("2026-01-31"), "FY26Q4");
        assert_eq!(quarter("2026-02-01"), "FY27Q1");
        assert_eq!(quarter("2026-08-01"), "FY27Q3");
        let january = Calendar::new(TimeZone::UTC, 1);
        assert_eq!(Calendar::quarter_name(january.quarter_of_date("2026-12-31".parse().unwrap())), "FY26Q4");
        assert_eq!(quarter("1999-12-31"), "FY00Q4");
        assert_eq!(quarter("1926-02-01"), "FY1927Q1");
        let quarter = february.quarter_of_date("2026-03-15".parse().unwrap());
        assert_eq!(february.quarter_start(quarter), Some("2026-02-01".parse().unwrap()));
        assert_eq!(february.quarter_end(quarter), Some("2026-04-30".parse().unwrap()));
        for beyond in [i32::MIN, 40_008, 1_000_000_000, i32::MAX] {
            assert_eq!((february.quarter_start(beyond), february.quarter_end(beyond)), (None, None), "{beyond}");
        }
        let day = |text: &str| days_since_epoch(text.parse().unwrap());
        assert_eq!(february.days_of(quarter), Some(day("2026-02-01")..=day("2026-04-30")));
    }
}
