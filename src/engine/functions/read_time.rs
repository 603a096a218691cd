//! `read_time(x, format, …)`: text in the first of some shapes that it has, as the ISO 8601 text that stages read.

use super::ArrayFunction;
use crate::engine::columns::value_at;
use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};
use jiff::civil::date;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The function; formats are those of `strptime`.
pub(super) fn function() -> ArrayFunction {
    ArrayFunction {
        name: "read_time",
        signature: Signature::variadic_any(Volatility::Immutable),
        returns: DataType::Utf8View,
        body: Box::new(read_times),
    }
}

fn read_times(args: &[ArrayRef]) -> Result<ArrayRef> {
    let columns = args.iter().map(|column| Ok(cast(column, &DataType::Utf8)?)).collect::<Result<Vec<_>>>()?;
    let columns: Vec<&StringArray> = columns.iter().map(|column| column.as_string::<i32>()).collect();
    let [texts, formats @ ..] = columns.as_slice() else { return Ok(Arc::new(StringViewArray::new_null(0))) };
    let known: BTreeSet<&str> = formats.iter().flat_map(|formats| formats.iter().flatten()).collect();
    if let Some(format) = known.into_iter().find(|format| !names_a_month(format)) {
        return plan_err!(
            "read_time cannot read dates by the format '{format}'; write it as for strptime with day, month and year, as '%d/%m/%Y %H:%M', \
             or month and year"
        );
    }
    let read = |row: usize| {
        let text = value_at(*texts, row)?;
        let of_row = formats.iter().filter(|format| format.is_valid(row)).map(|format| format.value(row));
        // What has none of the shapes stays as it is, so that a row set aside shows it.
        Some(of_row.into_iter().find_map(|format| in_iso(format, text)).unwrap_or_else(|| text.to_owned()))
    };
    Ok(Arc::new((0..texts.len()).map(read).collect::<StringViewArray>()))
}

/// Whether a format says on which day something was, or in which month: what it makes of a day can be read back.
fn names_a_month(format: &str) -> bool {
    let Ok(day) = date(2024, 11, 29).at(21, 5, 7, 0).to_zoned(TimeZone::UTC) else { return false };
    strtime::format(format, &day).is_ok_and(|text| in_iso(format, &text).is_some())
}

/// A text of this format as ISO 8601: a date, a time of day with it, or an instant where it names its offset; a month where it names no
/// day.
pub(crate) fn in_iso(format: &str, text: &str) -> Option<String> {
    let read = BrokenDownTime::parse(format, text.trim()).ok()?;
    if let Ok(instant) = read.to_timestamp() {
        return Some(instant.to_string());
    }
    if read.iana_time_zone().is_some() {
        return read.to_zoned().ok().map(|zoned| zoned.timestamp().to_string());
    }
    // A year of two digits is no year of four.
    let year = read.to_date().map_or_else(|_| read.year(), |date| Some(date.year())).filter(|&year| year >= 1_000)?;
    let Ok(date) = read.to_date() else {
        let names_no_day = read.day().is_none() && read.day_of_year().is_none();
        return read.month().filter(|_| names_no_day).map(|month| format!("{year}-{month:02}"));
    };
    Some(if read.hour().is_some() { date.to_datetime(read.to_time().ok()?).to_string() } else { date.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_in_the_first_shape_that_it_has() {
        let texts = [Some("3/31/24 9:05 PM"), Some(" 12/1/2024 "), Some("soon"), None];
        let formats = ["%m/%d/%y %I:%M %p", "%m/%d/%Y"].map(|format| vec![format; texts.len()]);
        let column = |texts: Vec<Option<&str>>| Arc::new(StringArray::from(texts)) as ArrayRef;
        let args: Vec<ArrayRef> = [column(texts.to_vec())]
            .into_iter()
            .chain(formats.map(|format| column(format.into_iter().map(Some).collect())))
            .collect();
        let read = read_times(&args).unwrap();
        let expected = [Some("2024-03-31T21:05:00"), Some("2024-12-01"), Some("soon"), None];
        assert_eq!(read.as_string_view().iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn formats_that_name_no_day_are_refused() {
        for format in ["MM/DD/YYYY", "%m/%d", "%H:%M", "%Y", "%m", "%d/%m/%K", "%Y-%m-%d %", "%c", ""] {
            let column = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
            let error = read_times(&[column("3/31/2024"), column("%m/%d/%Y"), column(format)]).unwrap_err().to_string();
            assert!(error.contains(&format!("'{format}'")), "{error}");
        }
        for format in ["%s", "%d/%m/%y %I:%M %p", "%A, %d %B %Y", "%Y-%j", "%G-W%V-%u", "%F %T", "%d %b %Y %Q", "%b %Y"]
        {
            assert!(names_a_month(format), "{format}");
        }
    }

    #[test]
    fn shapes_are_those_of_dates_times_and_instants() {
        for (format, text, iso) in [
            ("%d.%m.%y", "1.2.24", "2024-02-01"),
            ("%d-%b-%Y", "01-FEB-2024", "2024-02-01"),
            ("%B %d, %Y", "February 1, 2024", "2024-02-01"),
            ("%d/%m/%Y %H:%M:%S", "01/02/2024 07:08:09", "2024-02-01T07:08:09"),
            ("%d/%m/%Y %H:%M %z", "01/02/2024 00:30 +0100", "2024-01-31T23:30:00Z"),
            ("%d/%m/%Y %H:%M %Q", "01/02/2024 00:30 Europe/Berlin", "2024-01-31T23:30:00Z"),
            ("%b-%y", "Dec-24", "2024-12"),
            ("%B %Y", "february 2024", "2024-02"),
            ("%s", "86400", "1970-01-02T00:00:00Z"),
        ] {
            assert_eq!(in_iso(format, text).as_deref(), Some(iso), "{format}");
        }
        for (format, text) in [
            ("%d.%m.%Y", "30.2.2024"),
            ("%m/%d/%Y", "13/1/2024"),
            ("%Q", "1"),
            ("%d.%m.%Y", "1.2.2024 x"),
            ("%Y/%m/%d", "22/1/24"),
            ("%m/%Y", "12/24"),
            ("%m/%Y", "13/2024"),
        ] {
            assert_eq!(in_iso(format, text), None, "{format}");
        }
    }
}
