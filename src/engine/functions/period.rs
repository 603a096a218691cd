//! `period_number(unit, day)`: the number of the day, week or month that holds a day, itself counted from 1970-01-01.

use super::ArrayFunction;
use arrow::array::{Array, AsArray, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use closedloop_core::lifetime::Period;
use std::sync::Arc;

pub(super) fn functions() -> Vec<ArrayFunction> {
    vec![ArrayFunction::new("period_number", 2, DataType::Int32, |args| {
        let units = cast(&args[0], &DataType::Utf8)?;
        let units = units.as_string::<i32>();
        let days = cast(&args[1], &DataType::Int32)?;
        let numbered = days.as_primitive::<Int32Type>().iter().enumerate();
        let number = |(row, day): (usize, Option<i32>)| {
            let unit = units.is_valid(row).then(|| Period::from_name(units.value(row))).flatten();
            Some(unit?.number(day?))
        };
        Ok(Arc::new(numbered.map(number).collect::<Int32Array>()))
    })]
}
