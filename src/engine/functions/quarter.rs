//! `fiscal_quarter(x)`: the fiscal quarter of an instant or a date, as a number that counts quarters; and what belongs
//! to such a number: `quarter_name(q)`, `quarter_start(q)`, `quarter_end(q)`.

use super::day::quarters;
use super::{ArrayFunction, SharedCalendar};
use crate::config::Calendar;
use crate::config::calendar::days_since_epoch;
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use datafusion::error::Result;
use jiff::civil::Date;
use std::sync::Arc;

pub(super) fn functions(calendar: &SharedCalendar) -> Vec<ArrayFunction> {
    let quarter_calendar = Arc::clone(calendar);
    let bound = |name, date_of: fn(&Calendar, i32) -> Option<Date>| {
        let calendar = Arc::clone(calendar);
        ArrayFunction::new(name, 1, DataType::Date32, move |args| dates(&args[0], |q| date_of(&calendar, q)))
    };
    vec![
        ArrayFunction::new("fiscal_quarter", 1, DataType::Int32, move |args| quarters(&quarter_calendar, &args[0])),
        ArrayFunction::new("quarter_name", 1, DataType::Utf8, |args| names(&args[0])),
        bound("quarter_start", Calendar::quarter_start),
        bound("quarter_end", Calendar::quarter_end),
    ]
}

fn dates(quarters: &ArrayRef, date_of: impl Fn(i32) -> Option<Date>) -> Result<ArrayRef> {
    let quarters = cast(quarters, &DataType::Int32)?;
    let dates: Date32Array =
        quarters.as_primitive::<Int32Type>().iter().map(|q| date_of(q?).map(days_since_epoch)).collect();
    Ok(Arc::new(dates))
}

fn names(quarters: &ArrayRef) -> Result<ArrayRef> {
    let quarters = cast(quarters, &DataType::Int32)?;
    let mut names = StringBuilder::with_capacity(quarters.len(), quarters.len() * 6);
    // Neighbouring rows are often of one quarter: its name is remembered.
    let (mut latest, mut name) = (None, String::new());
    for quarter in quarters.as_primitive::<Int32Type>() {
        if quarter != latest {
            (latest, name) = (quarter, quarter.map(Calendar::quarter_name).unwrap_or_default());
        }
        names.append_option(quarter.map(|_| &name));
    }
    let names = names.finish();
    Ok(Arc::new(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int32Array;
    use jiff::tz::TimeZone;

    /// Every day of two years in an order that leaves quarters and comes back, nulls between.
    #[test]
    fn every_day_has_the_quarter_of_its_date() {
        let calendar = Calendar::new(TimeZone::UTC, 2);
        let first = days_since_epoch("2024-01-15".parse().unwrap());
        let days: Vec<Option<i32>> =
            (0..731).map(|i| (i % 13 != 0).then_some(first + if i % 5 == 0 { 730 - i } else { i })).collect();
        let dates: ArrayRef = Arc::new(Date32Array::from(days.clone()));
        let found = quarters(&calendar, &dates).unwrap();
        let expected: Int32Array = days
            .into_iter()
            .map(|day| Some(calendar.quarter_of_date(crate::config::calendar::date_of_days(day?).unwrap())))
            .collect();
        assert_eq!(found.as_primitive::<Int32Type>(), &expected);
    }

    #[test]
    fn a_day_outside_the_calendar_has_no_quarter() {
        let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, i32::MAX, i32::MIN, 0]));
        let found = quarters(&Calendar::new(TimeZone::UTC, 1), &dates).unwrap();
        let first = Some(1970 * 4);
        assert_eq!(found.as_primitive::<Int32Type>(), &Int32Array::from(vec![first, None, None, first]));
    }

    #[test]
    fn names_follow_their_quarters() {
        let numbers: ArrayRef =
            Arc::new(Int32Array::from(vec![None, Some(8_104), Some(8_104), None, Some(8_107), Some(8_104)]));
        let names = names(&numbers).unwrap();
        let names: Vec<Option<&str>> = names.as_string::<i32>().iter().collect();
        let expected = [None, Some("FY26Q1"), Some("FY26Q1"), None, Some("FY26Q4"), Some("FY26Q1")];
        assert_eq!(names, expected);
    }
}
