//! How text reads as dates, amounts and flags, and the SQL that turns what the engine would not read.

use super::select::{quoted, quoted_text};
use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use crate::engine::contract::ColumnKind;
use crate::engine::{WrittenAmount, in_iso, month, written_flag};
use arrow::array::{Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use iso_currency::Currency;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// How the values of a column read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the engine reads them.
    AsIs,
    /// Dates, perhaps with times of day, in the first of these formats that fits, as 31.12.26 or Dec 31, 2026 9:05 PM.
    Formatted {
        formats: Vec<String>,
        /// Whether nothing says if the month comes first, as is assumed.
        is_guess: bool,
    },
    /// Amounts as people write them, with this mark before the cents.
    Written(char),
    /// Flags as people write them, as in the words of another language.
    Words,
    /// Not at all.
    Unreadable,
}

impl Reading {
    /// The expression that gives a column as the engine reads it.
    pub(super) fn expr(&self, header: &str) -> String {
        let x = quoted(header);
        match self {
            Self::AsIs | Self::Unreadable => x,
            Self::Formatted { formats, .. } => {
                let formats: Vec<String> = formats.iter().map(|format| quoted_text(format)).collect();
                format!("read_time({x}, {})", formats.join(", "))
            }
            Self::Written(mark) => format!("read_amount({x}, '{mark}')"),
            Self::Words => format!("read_flag({x})"),
        }
    }
}

/// How values read as those of a kind of column.
pub(super) fn of(kind: ColumnKind, values: &[&str]) -> Reading {
    match kind {
        ColumnKind::Instant => of_instants(values),
        ColumnKind::Date => of_months(values).unwrap_or_else(|| of_instants(values)),
        ColumnKind::Money => of_amounts(values),
        ColumnKind::Flag => of_flags(values),
        _ => Reading::AsIs,
    }
}

/// Signs of currencies, and what they are taken for.
const SIGNS: [(&str, &str); 14] = [
    ("$", "USD"),
    ("US$", "USD"),
    ("C$", "CAD"),
    ("CA$", "CAD"),
    ("A$", "AUD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("Fr.", "CHF"),
];

/// The currencies that stand beside amounts, and beside how many: ISO codes, or words of which it is not known whose they are.
pub(super) fn written_currencies(amounts: &[&str]) -> BTreeMap<String, usize> {
    let written =
        amounts.iter().filter_map(|text| DECIMAL_MARKS.iter().find_map(|mark| WrittenAmount::new(text, *mark)));
    let mut counts = BTreeMap::new();
    for WrittenAmount { currencies, .. } in written {
        // A code says more than the sign on the other side.
        let said = currencies.iter().find(|word| is_code(word)).or_else(|| currencies.first());
        let sign = SIGNS.iter().find(|(sign, _)| said.is_some_and(|word| word == sign));
        let currency = sign.map(|(_, code)| (*code).to_owned()).or_else(|| said.cloned());
        currency.into_iter().for_each(|currency| *counts.entry(currency).or_default() += 1);
    }
    counts
}

/// Whether a word is the ISO code of a currency.
pub(super) fn is_code(word: &str) -> bool {
    Currency::from_code(word).is_some()
}

/// Whether a text is a date or timestamp that the engine reads.
pub(super) fn is_instant(text: &str) -> bool {
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

/// How a column of dates or timestamps reads: as nine of ten of its values do.
fn of_instants(values: &[&str]) -> Reading {
    if mostly(values, is_instant) {
        return Reading::AsIs;
    }
    if let Some(formats) = formats_of(values, &DATES.map(str::to_owned)) {
        return Reading::Formatted { formats, is_guess: false };
    }
    for separator in ['/', '.', '-'] {
        let dates = |first: char, second: char| {
            ["y", "Y"].map(|year| format!("%{first}{separator}%{second}{separator}%{year}"))
        };
        let (month_first, day_first) = (formats_of(values, &dates('m', 'd')), formats_of(values, &dates('d', 'm')));
        let (formats, is_guess) = match (month_first, day_first) {
            (Some(month_first), Some(day_first)) => {
                let only = |these: &[String], others: &[String]| {
                    values.iter().any(|text| has_one(these, text) && !has_one(others, text))
                };
                match (only(&month_first, &day_first), only(&day_first, &month_first)) {
                    (true, true) => return Reading::Unreadable,
                    (true, false) => (month_first, false),
                    (false, true) => (day_first, false),
                    (false, false) if separator == '/' => (month_first, true),
                    (false, false) => (day_first, false),
                }
            }
            (Some(formats), None) | (None, Some(formats)) => (formats, false),
            (None, None) => continue,
        };
        return Reading::Formatted { formats, is_guess };
    }
    Reading::Unreadable
}

/// Months, which are all their days, as finance has spend; years of two digits first.
const MONTHS: [&str; 9] = ["%b %y", "%b-%y", "%B %y", "%b %Y", "%b-%Y", "%B %Y", "%m/%Y", "%m.%Y", "%Y/%m"];

/// How a column of months reads, if it is one.
fn of_months(values: &[&str]) -> Option<Reading> {
    if values.is_empty() {
        return None;
    }
    if mostly(values, |text| month(text).is_some()) {
        return Some(Reading::AsIs);
    }
    let formats = first_formats(values, &MONTHS.map(str::to_owned))?;
    Some(Reading::Formatted { formats, is_guess: false })
}

/// The formats of these dates, with times of day, that nine of ten values have.
fn formats_of(values: &[&str], dates: &[String]) -> Option<Vec<String>> {
    let all: Vec<String> = dates.iter().flat_map(|date| TIMES.map(|time| format!("{date}{time}"))).collect();
    first_formats(values, &all)
}

/// Of formats that nine of ten values have one of, those that are the first for any.
fn first_formats(values: &[&str], all: &[String]) -> Option<Vec<String>> {
    let first = |text: &&str| all.iter().position(|format| in_iso(format, text).is_some());
    let found: Vec<usize> = values.iter().filter_map(first).collect();
    let formats = found.iter().collect::<BTreeSet<_>>().into_iter().map(|&format| all[format].clone());
    are_most(found.len(), values).then(|| formats.collect())
}

/// Whether a text has one of some formats.
fn has_one(formats: &[String], text: &str) -> bool {
    formats.iter().any(|format| in_iso(format, text).is_some())
}

/// How a column of flags reads.
fn of_flags(values: &[&str]) -> Reading {
    let is_flag =
        |text: &str| cast(&StringArray::from(vec![text]), &DataType::Boolean).is_ok_and(|flag| flag.null_count() == 0);
    if mostly(values, is_flag) {
        return Reading::AsIs;
    }
    if mostly(values, |text| written_flag(text).is_some()) { Reading::Words } else { Reading::Unreadable }
}

const DECIMAL_MARKS: [char; 2] = ['.', ','];

/// How a column of amounts reads: by the decimal mark with which more of them do.
fn of_amounts(values: &[&str]) -> Reading {
    let is_number = |text: &str| text.parse::<Decimal>().is_ok() || Decimal::from_scientific(text).is_ok();
    if mostly(values, is_number) {
        return Reading::AsIs;
    }
    let [point, comma] = DECIMAL_MARKS.map(|mark| {
        let reads = |text: &&&str| WrittenAmount::new(text, mark).is_some() || is_number(text);
        (values.iter().filter(reads).count(), mark)
    });
    let (count, mark) = if comma.0 > point.0 { comma } else { point };
    if are_most(count, values) { Reading::Written(mark) } else { Reading::Unreadable }
}

/// Whether all points stand where those of thousands do, as in 1.234.
pub(super) fn may_be_thousands(values: &[&str]) -> bool {
    let digits = values.iter().map(|text| text.trim_matches(|c: char| !c.is_ascii_digit()));
    let mut pointed = digits.filter(|text| text.contains('.')).peekable();
    let is_three = |digits: &str| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    pointed.peek().is_some() && pointed.all(|text| text.split('.').skip(1).all(is_three))
}

/// Whether nine of ten values satisfy something; true of none.
fn mostly(values: &[&str], is: impl Fn(&str) -> bool) -> bool {
    are_most(values.iter().filter(|value| is(value)).count(), values)
}

fn are_most(count: usize, values: &[&str]) -> bool {
    count * 10 >= values.len() * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(values: &[&str]) -> Reading {
        of_instants(values)
    }

    fn amounts(values: &[&str]) -> Reading {
        of_amounts(values)
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
        assert_eq!(read(&["12/2024"]), [formatted(&["%m/%Y"]), Reading::Unreadable]);
        assert_eq!(read(&["2024-12-01"]), [Reading::AsIs, Reading::AsIs]);
    }

    #[test]
    fn points_before_three_digits_may_be_of_thousands() {
        assert!(may_be_thousands(&["1.234", "7", "€12.500", "1.000 €"]));
        for other in [&["1.234", "7.5"][..], &["7"], &[], &["1.2345"]] {
            assert!(!may_be_thousands(other), "{other:?}");
        }
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
        for unreadable in [&["13/13/2024"][..], &["soon"], &["13/1/2024", "1/13/2024"]] {
            assert_eq!(instants(unreadable), Reading::Unreadable, "{unreadable:?}");
        }
    }

    #[test]
    fn the_decimal_mark_comes_from_the_values() {
        assert_eq!(amounts(&["1234.50", "-3", "1e3"]), Reading::AsIs);
        assert_eq!(amounts(&["$1,234.50", "12"]), Reading::Written('.'));
        assert_eq!(amounts(&["(1,234.50)", "USD 5", "12-"]), Reading::Written('.'));
        assert_eq!(amounts(&["1,234"]), Reading::Written('.'));
        assert_eq!(amounts(&["1.234 €"]), Reading::Written('.'));
        assert_eq!(amounts(&["1.234,50 €", "12"]), Reading::Written(','));
        assert_eq!(amounts(&["1,234", "1234,5"]), Reading::Written(','));
        assert_eq!(amounts(&["0,123", "0,500", "12,345"]), Reading::Written(','));
        assert_eq!(amounts(&["1,234.50", "1234,5"]), Reading::Unreadable);
        assert_eq!(amounts(&["a lot"]), Reading::Unreadable);
        assert_eq!(amounts(&["5k"]), Reading::Unreadable);
    }

    #[test]
    fn signs_and_codes_name_currencies() {
        let codes = |amounts: &[&str]| written_currencies(amounts).into_keys().collect::<Vec<_>>();
        assert_eq!(codes(&["1.234,50 €", "12"]), ["EUR"]);
        assert_eq!(codes(&["$1", "£2", "3", "SEK 5"]), ["GBP", "SEK", "USD"]);
        assert_eq!(codes(&["$1 CAD", "R$ 4", "7 kr"]), ["BRL", "CAD", "kr"]);
        assert!(codes(&["3", "4.00"]).is_empty());
    }

    #[test]
    fn flags_may_be_words_of_other_languages() {
        assert_eq!(of_flags(&["TRUE", "0", "yes", "n"]), Reading::AsIs);
        assert_eq!(of_flags(&["Ja", "nein", "false"]), Reading::Words);
        assert_eq!(of_flags(&["won", "lost"]), Reading::Unreadable);
        assert_eq!(of_flags(&[]), Reading::AsIs);
    }

    #[test]
    fn the_expression_names_every_format() {
        let reading = instants(&["1/22/24", "1/2/2024"]);
        assert_eq!(reading.expr("d"), "read_time(\"d\", '%m/%d/%y', '%m/%d/%Y')");
    }
}
