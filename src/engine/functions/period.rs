//! `period_number(unit, day)`: the number of the day, week or month that holds a day, itself counted from 1970-01-01;
//! `dated(period, money)`: money as a number in the order of its period, and `money_of(dated)`: the money again.

use super::ArrayFunction;
use crate::engine::columns::value_at;
use arrow::array::{ArrayRef, AsArray, Decimal128Array, Int32Array, Int64Array};
use arrow::compute::{binary, cast};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type};
use closedloop_core::lifetime::Period;
use datafusion::error::Result;
use std::sync::Arc;

/// Money that is not negative takes the low bits.
const DATED: DataType = DataType::Decimal128(38, 0);

pub(super) fn functions() -> Vec<ArrayFunction> {
    vec![
        ArrayFunction::new("period_number", 2, DataType::Int32, period_number),
        ArrayFunction::new("dated", 2, DATED, dated),
        ArrayFunction::new("money_of", 1, DataType::Int64, money_of),
    ]
}

fn period_number(args: &[ArrayRef]) -> Result<ArrayRef> {
    let units = cast(&args[0], &DataType::Utf8)?;
    let units = units.as_string::<i32>();
    let days = cast(&args[1], &DataType::Int32)?;
    let numbered = days.as_primitive::<Int32Type>().iter().enumerate();
    let number = |(row, day): (usize, Option<i32>)| {
        let unit = value_at(units, row).and_then(Period::from_name);
        Some(unit?.number(day?))
    };
    Ok(Arc::new(numbered.map(number).collect::<Int32Array>()))
}

fn dated(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (periods, money) = (cast(&args[0], &DataType::Int32)?, cast(&args[1], &DataType::Int64)?);
    let both = |period: i32, money: i64| (i128::from(period) << 64) + i128::from(money);
    let dated: Decimal128Array = binary(periods.as_primitive::<Int32Type>(), money.as_primitive::<Int64Type>(), both)?;
    Ok(Arc::new(dated.with_data_type(DATED)))
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
fn money_of(args: &[ArrayRef]) -> Result<ArrayRef> {
    let dated = cast(&args[0], &DATED)?;
    let money: Int64Array = dated.as_primitive::<Decimal128Type>().unary(|dated| dated as i64);
    Ok(Arc::new(money))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_dated_money_is_that_of_the_first_period() {
        let periods: ArrayRef = Arc::new(Int32Array::from(vec![Some(3), Some(i32::MIN), Some(-1), None]));
        let money: ArrayRef = Arc::new(Int64Array::from(vec![Some(0), Some(i64::MAX), Some(7), Some(1)]));
        let dated = dated(&[periods, money]).unwrap();
        let values = dated.as_primitive::<Decimal128Type>().values();
        assert!(values[1] < values[2] && values[2] < values[0] && dated.is_null(3));
        let money = money_of(&[dated]).unwrap();
        assert_eq!(money.as_primitive::<Int64Type>().values()[..3], [0, i64::MAX, 7]);
    }
}
