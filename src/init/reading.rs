//! How text reads as dates and amounts, and the SQL that turns what the engine would not read.

use super::select::quoted;
use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// How the values of a column read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the engine reads them.
    AsIs,
    /// Dates as 31/12/2026 or 31.12.2026; `None`: nothing says whether the day comes first.
    Local { separator: char, day_first: Option<bool> },
    /// Amounts with a currency sign or thousands separators, and a point before the cents.
    PointAmount,
    /// Amounts with a comma before the cents.
    CommaAmount,
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
                let year = format!("split_part(split_part({x}, ' ', 1), '{separator}', 3)");
                format!("{year} || '-' || {} || '-' || {}", part(month), part(day))
            }
            Self::PointAmount => without(&x, &["$", "€", "£", ",", " "]),
            Self::CommaAmount => format!("replace({}, ',', '.')", without(&x, &["$", "€", "£", ".", " "])),
        }
    }
}

fn without(expr: &str, signs: &[&str]) -> String {
    signs.iter().fold(expr.to_owned(), |expr, sign| format!("replace({expr}, '{sign}', '')"))
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
    (parts.next().is_none() && year.len() == 4 && year.parse::<u16>().is_ok()).then_some([first, second])
}

/// How a column of amounts reads.
pub(super) fn of_amounts(values: &[&str]) -> Reading {
    let is_number = |text: &str| text.parse::<Decimal>().is_ok() || Decimal::from_scientific(text).is_ok();
    if mostly(values, is_number) {
        return Reading::AsIs;
    }
    let bare = |text: &str| text.replace(['$', '€', '£', ' '], "");
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
    }

    #[test]
    fn the_expression_names_year_month_day() {
        let reading = Reading::Local { separator: '/', day_first: Some(false) };
        let x = "\"d\"";
        assert_eq!(
            reading.expr("d"),
            format!(
                "split_part(split_part({x}, ' ', 1), '/', 3) || '-' || lpad(split_part({x}, '/', 1), 2, '0') || '-' || lpad(split_part({x}, '/', 2), 2, '0')"
            )
        );
    }
}
