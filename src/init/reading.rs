//! How text reads as dates, amounts and flags, and the SQL that turns what the engine would not read.

mod amounts;
mod dates;

use super::look::Look;
use super::select::{quoted, quoted_text};
use crate::engine::contract::ColumnKind;
use crate::engine::written_flag;
pub(super) use amounts::{SIGNS, are_all_thousands, is_code, written_currencies};
use arrow::array::{Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use dates::Fraction;
pub(super) use dates::is_instant;
use std::collections::BTreeSet;

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
    /// Thousandths or millionths of seconds since 1970.
    Since1970(Fraction),
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
            // What is no number stays as it is, so that a row set aside shows it.
            Self::Since1970(fraction) => {
                let instant = format!("CAST({}(TRY_CAST({x} AS BIGINT)) AS VARCHAR)", fraction.function());
                format!("coalesce({instant}, CAST({x} AS VARCHAR))")
            }
            Self::Written(mark) => format!("read_amount({x}, '{mark}')"),
            Self::Words => format!("read_flag({x})"),
        }
    }

    /// Whether a value of a column that reads like this is a date or an amount.
    pub(super) fn reads(&self, kind: ColumnKind, text: &str) -> bool {
        match (self, kind) {
            (Self::AsIs, ColumnKind::Money) => amounts::is_number(text),
            (Self::AsIs, ColumnKind::Instant) => is_instant(text),
            (Self::AsIs, ColumnKind::Date) => dates::is_day_or_month(text),
            (Self::Formatted { formats, .. }, _) => dates::has_one(formats, text) || dates::is_day_or_month(text),
            (Self::Since1970(fraction), _) => fraction.is_of(text),
            (Self::Written(mark), _) => amounts::is_written(text, *mark),
            (Self::AsIs | Self::Words, _) => true,
            (Self::Unreadable, _) => false,
        }
    }
}

/// How a column reads as a kind of value; whether days or months come first may be known from another column of its file.
pub(super) fn of_column(kind: ColumnKind, look: &Look, header: &str) -> Reading {
    let values = |header| look.values(header).collect::<Vec<_>>();
    let reading = of(kind, &values(header));
    if !matches!(reading, Reading::Formatted { is_guess: true, .. }) {
        return reading;
    }
    let others = look.headers.iter().filter(|other| *other != header);
    let orders: BTreeSet<char> = others.filter_map(|other| dates::proven_order(&values(other))).collect();
    match orders.first() {
        Some(first) if orders.len() == 1 => dates::in_order(&values(header), *first).unwrap_or(reading),
        _ => reading,
    }
}

/// How values read as those of a kind of column.
pub(super) fn of(kind: ColumnKind, values: &[&str]) -> Reading {
    match kind {
        ColumnKind::Instant => of_most(|share| dates::instants(values, share)),
        ColumnKind::Date => {
            of_most(|share| dates::months(values, share).unwrap_or_else(|| dates::instants(values, share)))
        }
        ColumnKind::Money => of_most(|share| amounts::amounts(values, share)),
        ColumnKind::Flag => of_flags(values),
        _ => Reading::AsIs,
    }
}

/// The part of the values that must read alike, of so many.
type Share = (usize, usize);
const NINE_OF_TEN: Share = (9, 10);
/// A cell or two must not change how all others read.
const HALF: Share = (1, 2);

/// How nine of ten values read, or else half of them.
fn of_most(reading: impl Fn(Share) -> Reading) -> Reading {
    match reading(NINE_OF_TEN) {
        Reading::Unreadable => reading(HALF),
        readable => readable,
    }
}

/// Whether a part of the values satisfies something; true of none.
fn mostly(values: &[&str], share: Share, is: impl Fn(&str) -> bool) -> bool {
    are_enough(values.iter().filter(|value| is(value)).count(), values, share)
}

fn are_enough(count: usize, values: &[&str], (of, all): Share) -> bool {
    count * all >= values.len() * of
}

/// How a column of flags reads.
fn of_flags(values: &[&str]) -> Reading {
    let is_flag =
        |text: &str| cast(&StringArray::from(vec![text]), &DataType::Boolean).is_ok_and(|flag| flag.null_count() == 0);
    if mostly(values, NINE_OF_TEN, is_flag) {
        return Reading::AsIs;
    }
    if mostly(values, NINE_OF_TEN, |text| written_flag(text).is_some()) { Reading::Words } else { Reading::Unreadable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plan::CsvLayout;

    fn look(headers: &[&str], rows: &[&[&str]]) -> Look {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let rows = rows.iter().map(|row| texts(row)).collect();
        Look {
            path: String::new(),
            typed: false,
            layout: CsvLayout::plain(b','),
            around: Vec::new(),
            headers: texts(headers),
            rows,
            whole: true,
        }
    }

    #[test]
    fn another_column_of_the_file_tells_whether_days_come_first() {
        let formatted = |format: &str, is_guess| Reading::Formatted { formats: vec![format.to_owned()], is_guess };
        let open = |other: &str| {
            let look = look(&["open", "close", "name"], &[&["1/2/2024", other, "a/b"], &["3/4/2024", other, "c"]]);
            of_column(ColumnKind::Instant, &look, "open")
        };
        assert_eq!(open("22/1/2024"), formatted("%d/%m/%Y", false));
        assert_eq!(open("1/22/2024"), formatted("%m/%d/%Y", false));
        for unsaid in ["5/6/2024", "2024-01-22", ""] {
            assert_eq!(open(unsaid), formatted("%m/%d/%Y", true), "{unsaid}");
        }
    }

    #[test]
    fn an_odd_value_does_not_read() {
        let of_amounts = of(ColumnKind::Money, &["$1,000.00", "$ 2,000.00", "$ -"]);
        assert_eq!(of_amounts, Reading::Written('.'));
        assert!(of_amounts.reads(ColumnKind::Money, "$ 2,000.00") && !of_amounts.reads(ColumnKind::Money, "$ -"));
        let of_dates = of(ColumnKind::Instant, &["12/15/23", "1/15/24", "2024-01-16", "soon"]);
        for (text, reads) in [("12/15/23", true), ("2024-01-16", true), ("soon", false)] {
            assert_eq!(of_dates.reads(ColumnKind::Instant, text), reads, "{text}");
        }
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
        let reading = of(ColumnKind::Instant, &["1/22/24", "1/2/2024"]);
        assert_eq!(reading.expr("d"), "read_time(\"d\", '%m/%d/%y', '%m/%d/%Y')");
        let reading = of(ColumnKind::Instant, &["1702634400123"]);
        assert_eq!(
            reading.expr("d"),
            "coalesce(CAST(to_timestamp_millis(TRY_CAST(\"d\" AS BIGINT)) AS VARCHAR), CAST(\"d\" AS VARCHAR))"
        );
    }
}
