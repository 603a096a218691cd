//! How text reads as dates, points of time and months.

use super::{HALF, Reading, Share, are_enough, mostly};
use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use crate::engine::contract::ColumnKind;
use crate::engine::{in_iso, month};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Whether a text is a date or timestamp that the engine reads.
pub(in crate::init) fn is_instant(text: &str) -> bool {
    Calendar::new(TimeZone::UTC, 1).read_instant(text, DateMeans::Start).is_some()
}

/// Dates that are read in one way only, as `strptime` has them; years of two digits first, since they are part of all.
const DATES: [&str; 11] = [
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %y",
    "%d %b %Y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d. %b %Y",
    "%d. %B %Y",
];
/// Times of day behind them.
const TIMES: [&str; 6] = ["", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p"];

/// Points of time that name their zone, as BigQuery writes them.
const ZONED: [&str; 2] = ["%Y-%m-%d %H:%M:%S %Q", "%Y-%m-%d %H:%M:%S%.f %Q"];

/// Parts of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::init) enum Fraction {
    Thousandths,
    Millionths,
}

impl Fraction {
    /// The SQL function that reads counts of them since 1970.
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Thousandths => "to_timestamp_millis",
            Self::Millionths => "to_timestamp_micros",
        }
    }

    pub(super) fn is_of(self, text: &str) -> bool {
        match self {
            Self::Thousandths => is_since_1970(text, 13),
            Self::Millionths => is_since_1970(text, 16),
        }
    }
}

/// Whether a text is a count since 1970 of so many digits: from 2001, when seconds came to ten, to 2033.
fn is_since_1970(text: &str, digits: usize) -> bool {
    text.len() == digits && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How a column of dates or timestamps reads.
pub(super) fn instants(values: &[&str], share: Share) -> Reading {
    if mostly(values, share, is_instant) {
        return Reading::AsIs;
    }
    if mostly(values, share, |text| is_since_1970(text, 10)) {
        return Reading::Formatted { formats: vec!["%s".to_owned()], is_guess: false };
    }
    for fraction in [Fraction::Thousandths, Fraction::Millionths] {
        if mostly(values, share, |text| fraction.is_of(text)) {
            return Reading::Since1970(fraction);
        }
    }
    let zoned = first_formats(values, &ZONED.map(str::to_owned), share);
    if let Some(formats) = zoned.or_else(|| formats_of(values, &DATES.map(str::to_owned), share)) {
        return Reading::Formatted { formats, is_guess: false };
    }
    for separator in ['/', '.', '-'] {
        let [month_first, day_first] =
            ['m', 'd'].map(|first| formats_of(values, &numeric_dates(first, separator), share));
        let (formats, is_guess) = match (month_first, day_first) {
            (Some(month_first), Some(day_first)) => {
                let only = |these: &[String], others: &[String]| {
                    values.iter().filter(|text| has_one(these, text) && !has_one(others, text)).count()
                };
                match (only(&month_first, &day_first), only(&day_first, &month_first)) {
                    (0, 0) if separator == '/' => (month_first, true),
                    (0, 0) => (day_first, false),
                    (month, day) if month > 2 * day => (month_first, false),
                    (month, day) if day > 2 * month => (day_first, false),
                    _ => return Reading::Unreadable,
                }
            }
            (Some(formats), None) | (None, Some(formats)) => (formats, false),
            (None, None) => continue,
        };
        return Reading::Formatted { formats, is_guess };
    }
    Reading::Unreadable
}

/// Dates in digits of which days, 'd', or months, 'm', come first.
fn numeric_dates(first: char, separator: char) -> [String; 2] {
    let second = if first == 'm' { 'd' } else { 'm' };
    ["y", "Y"].map(|year| format!("%{first}{separator}%{second}{separator}%{year}"))
}

/// Whether days, 'd', or months, 'm', come first in dates with slashes that could not be read otherwise.
pub(super) fn proven_order(values: &[&str]) -> Option<char> {
    values.first().filter(|text| text.contains('/'))?;
    let Reading::Formatted { formats, is_guess: false } = super::of(ColumnKind::Instant, values) else { return None };
    ['d', 'm'].into_iter().find(|first| formats.iter().all(|format| format.starts_with(&format!("%{first}/"))))
}

/// How a column reads in which days, 'd', or months, 'm', come first.
pub(super) fn in_order(values: &[&str], first: char) -> Option<Reading> {
    let formats = formats_of(values, &numeric_dates(first, '/'), HALF)?;
    Some(Reading::Formatted { formats, is_guess: false })
}

/// Whether a text is a day, a point of time or a month that the engine reads.
pub(super) fn is_day_or_month(text: &str) -> bool {
    is_instant(text) || month(text).is_some()
}

/// Months, which are all their days, as finance has spend; a year of two digits first. "Jan 15" is rather a day.
const MONTHS: [&str; 8] = ["%b-%y", "%b %Y", "%b-%Y", "%B %Y", "%m/%Y", "%m.%Y", "%Y/%m", "%Y%m"];

/// Years in which somebody may have spent something.
const YEARS: RangeInclusive<i16> = 1990..=2100;

/// More years than one file tells of: so many are days, as in Jan-31.
const MOST_YEARS: usize = 12;

/// How a column of months reads, if it is one.
pub(super) fn months(values: &[&str], share: Share) -> Option<Reading> {
    if values.is_empty() {
        return None;
    }
    if mostly(values, share, |text| month(text).is_some()) {
        return Some(Reading::AsIs);
    }
    let formats = first_formats(values, &MONTHS.map(str::to_owned), share)?;
    let read = values.iter().filter_map(|text| formats.iter().find_map(|format| in_iso(format, text)));
    let years: BTreeSet<i16> = read.filter_map(|iso| month(&iso)).map(Date::year).collect();
    let are_likely = years.len() <= MOST_YEARS && years.iter().all(|year| YEARS.contains(year));
    are_likely.then_some(Reading::Formatted { formats, is_guess: false })
}

/// The formats of these dates, with times of day, that enough values have.
fn formats_of(values: &[&str], dates: &[String], share: Share) -> Option<Vec<String>> {
    let all: Vec<String> = dates.iter().flat_map(|date| TIMES.map(|time| format!("{date}{time}"))).collect();
    first_formats(values, &all, share)
}

/// Of formats that enough values have one of, those that are the first for any.
fn first_formats(values: &[&str], all: &[String], share: Share) -> Option<Vec<String>> {
    let first = |text: &&str| all.iter().position(|format| in_iso(format, text).is_some());
    let found: Vec<usize> = values.iter().filter_map(first).collect();
    let formats = found.iter().collect::<BTreeSet<_>>().into_iter().map(|&format| all[format].clone());
    are_enough(found.len(), values, share).then(|| formats.collect())
}

/// Whether a text has one of some formats.
pub(super) fn has_one(formats: &[String], text: &str) -> bool {
    formats.iter().any(|format| in_iso(format, text).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::of;
    use super::*;

    fn instants(values: &[&str]) -> Reading {
        of(ColumnKind::Instant, values)
    }

    #[test]
    fn months_are_dates_and_no_instants() {
        let formatted = |formats: &[&str]| Reading::Formatted {
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
            is_guess: false,
        };
        let read = |values: &[&str]| [ColumnKind::Date, ColumnKind::Instant].map(|kind| of(kind, values));
        assert_eq!(read(&["2024-11", "2024-12"]), [Reading::AsIs, Reading::Unreadable]);
        assert_eq!(read(&["Nov-24", "Dec-24"]), [formatted(&["%b-%y"]), Reading::Unreadable]);
        assert_eq!(read(&["November 2024", "May 2024"]), [formatted(&["%b %Y", "%B %Y"]), Reading::Unreadable]);
        assert_eq!(read(&["202312", "202401"]), [formatted(&["%Y%m"]), Reading::Unreadable]);
        assert_eq!(read(&["12/2024"]), [formatted(&["%m/%Y"]), Reading::Unreadable]);
        // Days of spreadsheets since 1900, days with a year of two digits, and days without a year.
        for others in [&["45292", "45323"][..], &["240101", "240201"], &["Jan 15", "Feb 1"]] {
            assert_eq!(read(others)[0], Reading::Unreadable, "{others:?}");
        }
        let january: Vec<String> = (1..=31).map(|day| format!("Jan-{day:02}")).collect();
        assert_eq!(read(&january.iter().map(String::as_str).collect::<Vec<_>>())[0], Reading::Unreadable);
        assert_eq!(read(&["2024-12-01"]), [Reading::AsIs, Reading::AsIs]);
    }

    #[test]
    fn the_order_of_day_and_month_comes_from_the_values() {
        let formatted = |formats: &[&str], is_guess| Reading::Formatted {
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
            is_guess,
        };
        assert_eq!(instants(&["2024-01-22T16:14:25.000+0000", "2024-02-01"]), Reading::AsIs);
        let month_first = formatted(&["%m/%d/%Y", "%m/%d/%Y %I:%M %p"], false);
        assert_eq!(instants(&["1/2/2024", "1/22/2024 4:14 PM"]), month_first);
        assert_eq!(instants(&["1/2/2024", "22/1/2024"]), formatted(&["%d/%m/%Y"], false));
        assert_eq!(instants(&["1/2/2024", "3/4/2024"]), formatted(&["%m/%d/%Y"], true));
        assert_eq!(instants(&["1.2.2024", "2.2.2024 08:30"]), formatted(&["%d.%m.%Y", "%d.%m.%Y %H:%M"], false));
        assert_eq!(instants(&["1/22/24", "1/2/2024"]), formatted(&["%m/%d/%y", "%m/%d/%Y"], false));
        assert_eq!(instants(&["2024/01/22", "2024/02/01 16:14"]), formatted(&["%Y/%m/%d", "%Y/%m/%d %H:%M"], false));
        assert_eq!(instants(&["1 Feb 2024", "22 Feb 2024"]), formatted(&["%d %b %Y"], false));
        assert_eq!(instants(&["22/1/24", "3/1/24"]), formatted(&["%d/%m/%y"], false));
        assert_eq!(instants(&["1.2.24"]), formatted(&["%d.%m.%y"], false));
        assert_eq!(instants(&["3/25/2024 16:14:25.000"]), formatted(&["%m/%d/%Y %H:%M:%S%.f"], false));
        assert_eq!(instants(&["22-JAN-24"]), formatted(&["%d-%b-%y"], false));
        assert_eq!(instants(&["January 22, 2024"]), formatted(&["%B %d, %Y"], false));
        // One that somebody typed the other way round does not count against all others.
        let typed = ["13/1/2024", "14/1/2024", "15/1/2024", "1/13/2024"];
        assert_eq!(instants(&typed), formatted(&["%d/%m/%Y"], false));
        for unreadable in [&["13/13/2024"][..], &["soon"], &["13/1/2024", "1/13/2024"]] {
            assert_eq!(instants(unreadable), Reading::Unreadable, "{unreadable:?}");
        }
    }

    #[test]
    fn points_of_time_are_also_those_of_machines() {
        let formatted = |format: &str| Reading::Formatted { formats: vec![format.to_owned()], is_guess: false };
        assert_eq!(instants(&["1702634400"]), formatted("%s"));
        assert_eq!(instants(&["1702634400123"]), Reading::Since1970(Fraction::Thousandths));
        assert_eq!(instants(&["1702634400123456"]), Reading::Since1970(Fraction::Millionths));
        assert_eq!(instants(&["2024-01-15 10:00:00 UTC"]), formatted("%Y-%m-%d %H:%M:%S %Q"));
        assert_eq!(instants(&["2024-01-15 10:00:00.123456 UTC"]), formatted("%Y-%m-%d %H:%M:%S%.f %Q"));
        for unreadable in ["17026344001", "9702634400", "170263440a"] {
            assert_eq!(instants(&[unreadable]), Reading::Unreadable, "{unreadable}");
        }
    }
}
