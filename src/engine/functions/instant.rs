//! `instant_start(x)`, `instant_end(x)`: text, date or timestamp to UTC microseconds.

use super::text::is_text;
use super::{ArrayFunction, SharedCalendar};
use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use arrow::array::{Array, ArrayRef, AsArray, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ScalarUDF};
use jiff::Timestamp;
use std::sync::Arc;

/// UTC microseconds, the type of every instant.
pub(in crate::engine) fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(super) fn functions(calendar: &SharedCalendar) -> Vec<ArrayFunction> {
    let instant = |name, date_means| {
        let calendar = Arc::clone(calendar);
        ArrayFunction::new(name, 1, instant_type(), move |args| instants(&calendar, date_means, &args[0]))
    };
    vec![instant("instant_start", DateMeans::Start), instant("instant_end", DateMeans::End)]
}

/// Instants of whatever a source has; null where it cannot be read.
fn instants(calendar: &Calendar, date_means: DateMeans, values: &ArrayRef) -> Result<ArrayRef> {
    let array: TimestampMicrosecondArray = match values.data_type() {
        DataType::Timestamp(_, Some(_)) => {
            let instants = cast(values, &instant_type())?;
            within_calendar(instants.as_primitive::<TimestampMicrosecondType>())
        }
        DataType::Timestamp(_, None) => {
            let naive = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let naive = naive.as_primitive::<TimestampMicrosecondType>();
            if calendar.is_utc() {
                within_calendar(naive)
            } else {
                naive.iter().map(|local| calendar.instant_of_local(local?)).collect()
            }
        }
        DataType::Date32 | DataType::Date64 => {
            let days = cast(values, &DataType::Date32)?;
            let days = days.as_primitive::<Date32Type>();
            days.iter().map(|day| calendar.instant_of_day(day?, date_means)).collect()
        }
        _ if is_text(values.data_type()) => {
            let text = cast(values, &DataType::Utf8View)?;
            text.as_string_view().iter().map(|text| calendar.read_instant(text?, date_means)).collect()
        }
        _ => TimestampMicrosecondArray::new_null(values.len()),
    };
    Ok(Arc::new(array.with_timezone("UTC")))
}

/// The instants that have a date; others, as some systems write for never, cannot be read.
pub(super) fn within_calendar(instants: &TimestampMicrosecondArray) -> TimestampMicrosecondArray {
    let (first, last) = (Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
    let has_date = |micros: i64| (first <= micros) & (micros <= last);
    // Nearly always all have one, which is told without a jump.
    if instants.values().iter().fold(true, |all, &micros| all & has_date(micros)) {
        return instants.clone();
    }
    instants.unary_opt(|micros| has_date(micros).then_some(micros))
}

/// Dates and times as text, for people to look at; those beyond the calendar as the numbers that they are held as.
pub(in crate::engine) fn time_text(times: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("time_text", 1, DataType::Utf8, time_texts)).call(vec![times])
}

fn time_texts(args: &[ArrayRef]) -> Result<ArrayRef> {
    let times = &args[0];
    if let Ok(texts) = cast(times, &DataType::Utf8) {
        return Ok(texts);
    }
    let shown = ArrayFormatter::try_new(times, &FormatOptions::default())?;
    let numbers = cast(times, &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>().iter().enumerate();
    let text = |row: usize, number: i64| shown.value(row).try_to_string().unwrap_or_else(|_| number.to_string());
    let texts: StringArray = numbers.map(|(row, number)| Some(text(row, number?))).collect();
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    /// By hand: noon of the first day, and what no calendar has.
    #[test]
    fn times_beyond_the_calendar_are_shown_as_numbers() {
        let times: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![Some(43_200_000_000), None, Some(i64::MAX)]));
        let texts = time_texts(&[times]).unwrap();
        let expected = [Some("1970-01-01T12:00:00"), None, Some("9223372036854775807")];
        assert_eq!(texts.as_string::<i32>().iter().collect::<Vec<_>>(), expected);
    }

    /// Systems write the end of their range for never.
    #[test]
    fn instants_without_a_date_cannot_be_read() {
        let last = Timestamp::MAX.as_microsecond();
        let micros = TimestampMicrosecondArray::from(vec![Some(0), Some(i64::MAX), None, Some(i64::MIN), Some(last)]);
        let calendar = Calendar::new(TimeZone::UTC, 1);
        for given in [micros.clone(), micros.with_timezone("+02:00")] {
            let given: ArrayRef = Arc::new(given);
            let read = instants(&calendar, DateMeans::Start, &given).unwrap();
            let read = read.as_primitive::<TimestampMicrosecondType>().iter().collect::<Vec<_>>();
            assert_eq!(read, [Some(0), None, None, None, Some(last)]);
        }
    }
}
