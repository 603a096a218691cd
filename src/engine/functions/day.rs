//! `local_date(x)`: text, date or timestamp to a date; `first_day(x)`, `last_day(x)`: the same, and of a month its first or last.

use super::instant::{instant_type, within_calendar};
use super::text::is_text;
use super::{ArrayFunction, SharedCalendar};
use crate::config::Calendar;
use crate::config::calendar::{all_days, date_of_days, days_since_epoch};
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;
use jiff::civil::Date;
use jiff::fmt::strtime::BrokenDownTime;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub(super) fn functions(calendar: &SharedCalendar) -> Vec<ArrayFunction> {
    let day = |name, of_text: fn(&Calendar, &str) -> Option<i32>| {
        let calendar = Arc::clone(calendar);
        ArrayFunction::new(name, 1, DataType::Date32, move |args| days(&calendar, &args[0], of_text))
    };
    vec![
        day("local_date", Calendar::read_day),
        day("first_day", |calendar, text| calendar.read_day(text).or_else(|| Some(days_since_epoch(month(text)?)))),
        day("last_day", |calendar, text| {
            calendar.read_day(text).or_else(|| Some(days_since_epoch(month(text)?.last_of_month())))
        }),
    ]
}

/// Dates of whatever a source has, of text as told; null where they cannot be read.
fn days(calendar: &Calendar, values: &ArrayRef, of_text: fn(&Calendar, &str) -> Option<i32>) -> Result<ArrayRef> {
    let dates: Date32Array = match values.data_type() {
        DataType::Timestamp(_, None) => {
            let naive = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let naive = within_calendar(naive.as_primitive::<TimestampMicrosecondType>());
            cast(&naive, &DataType::Date32)?.as_primitive::<Date32Type>().clone()
        }
        DataType::Date32 | DataType::Date64 => {
            let (days, all_days) = (cast(values, &DataType::Date32)?, all_days());
            days.as_primitive::<Date32Type>().unary_opt(|day| all_days.contains(&day).then_some(day))
        }
        DataType::Timestamp(..) => {
            let instants = cast(values, &instant_type())?;
            let instants = instants.as_primitive::<TimestampMicrosecondType>();
            instants.iter().map(|instant| calendar.day_of(instant?)).collect()
        }
        _ if is_text(values.data_type()) => {
            let text = cast(values, &DataType::Utf8View)?;
            text.as_string_view().iter().map(|text| of_text(calendar, text?)).collect()
        }
        _ => Date32Array::new_null(values.len()),
    };
    Ok(Arc::new(dates))
}

/// The first day of a month, as 2024-12.
pub(crate) fn month(text: &str) -> Option<Date> {
    let text = text.trim();
    let read = BrokenDownTime::parse("%Y-%m", text).ok().filter(|_| text.len() == 7)?;
    Date::new(read.year()?, read.month()?, 1).ok()
}

/// Fiscal quarters of instants or dates; null outside the calendar.
pub(super) fn quarters(calendar: &Calendar, values: &ArrayRef) -> Result<ArrayRef> {
    let dates = days(calendar, values, Calendar::read_day)?;
    // Neighbouring rows are often of one quarter: its days are remembered.
    let mut latest: Option<(RangeInclusive<i32>, i32)> = None;
    let mut quarter = |days: i32| match &latest {
        Some((days_of_quarter, quarter)) if days_of_quarter.contains(&days) => Some(*quarter),
        _ => {
            let quarter = calendar.quarter_of_date(date_of_days(days)?);
            latest = Some((calendar.days_of(quarter).unwrap_or(days..=days), quarter));
            Some(quarter)
        }
    };
    let quarters: Int32Array = dates.as_primitive::<Date32Type>().iter().map(|days| quarter(days?)).collect();
    Ok(Arc::new(quarters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{StringArray, TimestampMicrosecondArray};
    use jiff::tz::TimeZone;

    fn dates(name: &str, values: ArrayRef) -> Vec<Option<i32>> {
        let calendar = Arc::new(Calendar::new(TimeZone::UTC, 1));
        let function = functions(&calendar).into_iter().find(|function| function.name == name).unwrap();
        (function.body)(&[values]).unwrap().as_primitive::<Date32Type>().iter().collect()
    }

    /// Systems write the end of their range for never.
    #[test]
    fn instants_without_a_date_cannot_be_read() {
        let micros = TimestampMicrosecondArray::from(vec![Some(86_400_000_001), Some(i64::MAX), None]);
        assert_eq!(dates("local_date", Arc::new(micros)), [Some(1), None, None]);
    }

    /// By hand: 1972 is a leap year.
    #[test]
    fn a_month_has_a_first_and_a_last_day() {
        let texts = [
            "1970-01",
            "1972-02",
            " 1970-12 ",
            "1970-01-03",
            "1970-01-03T23:00:00Z",
            "1970-13",
            "1970-1",
            "197001",
            "70-01",
        ];
        let dates = |name| dates(name, Arc::new(StringArray::from(texts.to_vec())));
        let nothing = [None; 4];
        assert_eq!(dates("first_day"), [&[Some(0), Some(761), Some(334), Some(2), Some(2)][..], &nothing].concat());
        assert_eq!(dates("last_day"), [&[Some(30), Some(789), Some(364), Some(2), Some(2)][..], &nothing].concat());
        assert_eq!(dates("local_date"), [&[None, None, None, Some(2), Some(2)][..], &nothing].concat());
    }
}
