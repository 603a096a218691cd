//! How text reads as dates, amounts and flags, and the SQL that turns what the engine would not read.

use super::select::quoted;
use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use arrow::array::{Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// How the values of a column read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the engine reads them.
    AsIs,
    /// Dates as 31/12/2026 or 31.12.26; `None`: nothing says whether the day comes first.
    Local { separator: char, day_first: Option<bool> },
    /// Dates as 2026/12/31, with or without a time of day.
    Slashed,
    /// Amounts with a currency sign or thousands separators, and a point before the cents.
    PointAmount,
    /// Amounts with a comma before the cents.
    CommaAmount,
    /// Flags in the words of another language.
    Words,
    /// Not at all.
    Unreadable,
}

impl Reading {
    /// The expression that gives a column as the engine reads it.
    pub(super) fn expr(self, header: &str) -> String {
        let x = quoted(header);
        match self {
            Self::AsIs | Self::Unreadable => x,
            Self::Local { separator, day_first } => {
                let (month, day) = if day_first == Some(true) { (2, 1) } else { (1, 2) };
                let part = |n: u8| format!("lpad(split_part({x}, '{separator}', {n}), 2, '0')");
                // Years of two digits are of this century.
                let year = format!("right('20' || split_part(split_part({x}, ' ', 1), '{separator}', 3), 4)");
                format!("{year} || '-' || {} || '-' || {}", part(month), part(day))
            }
            Self::Slashed => format!("replace({x}, '/', '-')"),
            Self::PointAmount => without(&x, ','),
            Self::CommaAmount => format!("replace({}, ',', '.')", without(&x, '.')),
            Self::Words => {
                let one_of =
                    |words: &[&str]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
                let (yes, no) = (one_of(&YES), one_of(&NO));
                format!(
                    "CASE WHEN lower({x}) IN ({yes}) THEN 'true' WHEN lower({x}) IN ({no}) THEN 'false' ELSE {x} END"
                )
            }
        }
    }
}

/// Signs of currencies, and what they are taken for.
const SIGNS: [(char, &str); 3] = [('$', "USD"), ('€', "EUR"), ('£', "GBP")];

/// Yes and no in other languages than that of the engine.
pub(super) const YES: [&str; 7] = ["ja", "wahr", "oui", "vrai", "sí", "si", "sim"];
const NO: [&str; 5] = ["nein", "falsch", "non", "faux", "não"];

/// An amount without signs of currencies, blanks and separators of thousands.
fn without(expr: &str, thousands: char) -> String {
    let signs = SIGNS.map(|(sign, _)| sign).into_iter().chain([thousands, ' ']);
    signs.fold(expr.to_owned(), |expr, sign| format!("replace({expr}, '{sign}', '')"))
}

/// The currencies whose signs amounts bear.
pub(super) fn signed_currencies(amounts: &[&str]) -> BTreeSet<&'static str> {
    let is_borne = |(sign, _): &(char, &str)| amounts.iter().any(|text| text.contains(*sign));
    SIGNS.into_iter().filter(is_borne).map(|(_, code)| code).collect()
}

/// Whether a text is a date or timestamp that the engine reads.
pub(super) fn is_instant(text: &str) -> bool {
    Calendar::new(TimeZone::UTC, 1).read_instant(text, DateMeans::Start).is_some()
}

/// How a column of dates or timestamps reads: as nine of ten of its values do.
pub(super) fn of_instants(values: &[&str]) -> Reading {
    if mostly(values, is_instant) {
        return Reading::AsIs;
    }
    if mostly(values, |text| is_instant(&text.replace('/', "-"))) {
        return Reading::Slashed;
    }
    for separator in ['/', '.', '-'] {
        let parts = |text: &str| local_parts(text, separator);
        if !mostly(values, |text| parts(text).is_some()) {
            continue;
        }
        let over_twelve =
            |position: usize| values.iter().filter_map(|text| parts(text)).any(|parts| parts[position] > 12);
        let day_first = match (over_twelve(0), over_twelve(1)) {
            (true, true) => return Reading::Unreadable,
            (false, false) if separator == '/' => None,
            (first, second) => Some(first || !second),
        };
        return Reading::Local { separator, day_first };
    }
    Reading::Unreadable
}

/// Day and month, in the order of the text.
fn local_parts(text: &str, separator: char) -> Option<[u8; 2]> {
    let mut parts = text.split(' ').next()?.split(separator);
    let (first, second, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let is_year = year.parse::<u16>().is_ok() && (year.len() == 4 || year.len() == 2 && separator != '-');
    (parts.next().is_none() && is_year).then_some([first, second])
}

/// How a column of flags reads.
pub(super) fn of_flags(values: &[&str]) -> Reading {
    let is_flag =
        |text: &str| cast(&StringArray::from(vec![text]), &DataType::Boolean).is_ok_and(|flag| flag.null_count() == 0);
    if mostly(values, is_flag) {
        return Reading::AsIs;
    }
    let is_word = |text: &str| YES.iter().chain(&NO).any(|word| *word == text.to_lowercase());
    if mostly(values, |text| is_flag(text) || is_word(text)) { Reading::Words } else { Reading::Unreadable }
}

/// How a column of amounts reads.
pub(super) fn of_amounts(values: &[&str]) -> Reading {
    let is_number = |text: &str| text.parse::<Decimal>().is_ok() || Decimal::from_scientific(text).is_ok();
    if mostly(values, is_number) {
        return Reading::AsIs;
    }
    let bare = |text: &str| text.replace(SIGNS.map(|(sign, _)| sign), "").replace(' ', "");
    // A comma before the cents: 1.234,5 or 1234,50. Three digits after it are thousands.
    let comma_cents = |text: &str| bare(text).rsplit_once(',').is_some_and(|(_, cents)| cents.len() < 3);
    let point = |text: &str| is_number(&bare(text).replace(',', ""));
    let comma = |text: &str| is_number(&bare(text).replace('.', "").replace(',', "."));
    if values.iter().any(|text| comma_cents(text)) {
        return if mostly(values, comma) { Reading::CommaAmount } else { Reading::Unreadable };
    }
    if mostly(values, point) { Reading::PointAmount } else { Reading::Unreadable }
}

/// Whether all points stand where those of thousands do, as in 1.234.
pub(super) fn may_be_thousands(values: &[&str]) -> bool {
    let mut pointed = values.iter().filter(|text| text.contains('.')).peekable();
    let is_three = |digits: &str| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    pointed.peek().is_some() && pointed.all(|text| text.split('.').skip(1).all(is_three))
}

/// Whether nine of ten values satisfy something; true of none.
fn mostly(values: &[&str], is: impl Fn(&str) -> bool) -> bool {
    values.iter().filter(|value| is(value)).count() * 10 >= values.len() * 9
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
    fn points_before_three_digits_may_be_of_thousands() {
        assert!(may_be_thousands(&["1.234", "7", "€12.500"]));
        for other in [&["1.234", "7.5"][..], &["7"], &[], &["1.2345"]] {
            assert!(!may_be_thousands(other), "{other:?}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_comes_from_the_values() {
        let local = |separator, day_first| Reading::Local { separator, day_first };
        assert_eq!(instants(&["2024-01-22T16:14:25.000+0000", "2024-02-01"]), Reading::AsIs);
        assert_eq!(instants(&["1/2/2024", "1/22/2024 4:14 PM"]), local('/', Some(false)));
        assert_eq!(instants(&["1/2/2024", "22/1/2024"]), local('/', Some(true)));
        assert_eq!(instants(&["1/2/2024", "3/4/2024"]), local('/', None));
        assert_eq!(instants(&["1.2.2024"]), local('.', Some(true)));
        assert_eq!(instants(&["1/22/24", "1/2/2024"]), local('/', Some(false)));
        assert_eq!(instants(&["22-01-24"]), Reading::Unreadable);
        assert_eq!(instants(&["2024/01/22", "2024/02/01 16:14"]), Reading::Slashed);
        assert_eq!(instants(&["13/13/2024"]), Reading::Unreadable);
        assert_eq!(instants(&["soon"]), Reading::Unreadable);
    }

    #[test]
    fn amounts_with_signs_and_separators_are_told_apart() {
        assert_eq!(amounts(&["1234.50", "-3", "1e3"]), Reading::AsIs);
        assert_eq!(amounts(&["$1,234.50", "12"]), Reading::PointAmount);
        assert_eq!(amounts(&["1,234"]), Reading::PointAmount);
        assert_eq!(amounts(&["1.234,50 €", "12"]), Reading::CommaAmount);
        assert_eq!(amounts(&["a lot"]), Reading::Unreadable);
        assert_eq!(signed_currencies(&["1.234,50 €", "12"]), BTreeSet::from(["EUR"]));
        assert_eq!(signed_currencies(&["$1", "£2", "3"]), BTreeSet::from(["GBP", "USD"]));
        assert!(signed_currencies(&["3"]).is_empty());
    }

    #[test]
    fn flags_may_be_words_of_other_languages() {
        assert_eq!(of_flags(&["TRUE", "0", "yes", "n"]), Reading::AsIs);
        assert_eq!(of_flags(&["Ja", "nein", "false"]), Reading::Words);
        assert_eq!(of_flags(&["won", "lost"]), Reading::Unreadable);
        assert_eq!(of_flags(&[]), Reading::AsIs);
    }

    #[test]
    fn the_expression_names_year_month_day() {
        let reading = Reading::Local { separator: '/', day_first: Some(false) };
        let x = "\"d\"";
        assert_eq!(
            reading.expr("d"),
            format!(
                "right('20' || split_part(split_part({x}, ' ', 1), '/', 3), 4) || '-' || lpad(split_part({x}, '/', 1), 2, '0') || '-' || lpad(split_part({x}, '/', 2), 2, '0')"
            )
        );
    }
}
