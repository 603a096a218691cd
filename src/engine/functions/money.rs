//! `minor_units(x)`: text or number to an integer in the currency's minor unit, rounded half away from zero once;
//! `is_rounded(x)`: whether that lost anything; `portion(amount, part, whole)`.

use super::ArrayFunction;
use super::text::is_text;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use closedloop_core::ledger;
use datafusion::error::Result;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use std::sync::Arc;

/// The largest amount a mart can hold, exclusive: DECIMAL(18).
const LIMIT: u64 = 1_000_000_000_000_000_000;

pub(super) fn functions(digits: u8) -> Vec<ArrayFunction> {
    vec![
        ArrayFunction::new("minor_units", 1, DataType::Int64, move |args| match exact_floats(&args[0], digits) {
            Some((minor, nulls)) => Ok(Arc::new(Int64Array::new(minor.into(), nulls))),
            None => Ok(Arc::new(read::<Int64Array, _>(&args[0], digits, |amount| amount.minor)?)),
        }),
        ArrayFunction::new("is_rounded", 1, DataType::Boolean, move |args| match exact_floats(&args[0], digits) {
            Some((minor, nulls)) => Ok(Arc::new(BooleanArray::new(BooleanBuffer::new_unset(minor.len()), nulls))),
            None => Ok(Arc::new(read::<BooleanArray, _>(&args[0], digits, |amount| amount.rounded)?)),
        }),
        ArrayFunction::new("portion", 3, DataType::Int64, portion),
    ]
}

/// An amount as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Amount {
    minor: i64,
    rounded: bool,
}

/// What is asked of the amounts of whatever a source has; `None` where it is not an amount of at most 18 digits.
fn read<A: FromIterator<Option<T>>, T>(values: &ArrayRef, digits: u8, asked: impl Fn(Amount) -> T) -> Result<A> {
    if values.data_type() == &DataType::Float64 {
        let floats = values.as_primitive::<Float64Type>();
        return Ok(floats.iter().map(|float| of_float(float?, digits).map(&asked)).collect());
    }
    if !(is_text(values.data_type()) || values.data_type().is_numeric()) {
        return Ok((0..values.len()).map(|_| None).collect());
    }
    let text = cast(values, &DataType::Utf8View)?;
    Ok(text.as_string_view().iter().map(|text| of_text(text?, digits).map(&asked)).collect())
}

/// Floats that each mean a whole number of minor units of at most 15 digits, as nearly all columns of money do: these numbers, and
/// where there is none. Told without a jump.
fn exact_floats(values: &ArrayRef, digits: u8) -> Option<(Vec<i64>, Option<NullBuffer>)> {
    let floats = values.as_primitive_opt::<Float64Type>()?;
    let unit = unit(digits);
    let mut are_exact = true;
    let minor = floats.values().iter().map(|&float| {
        let nearest = nearest_integer(float * unit);
        are_exact &= means(float, nearest, unit);
        nearest
    });
    let minor: Vec<i64> = minor.collect();
    are_exact.then(|| (minor, floats.nulls().cloned()))
}

/// Minor units of a major one.
fn unit(digits: u8) -> f64 {
    10_f64.powi(i32::from(digits))
}

/// The integer nearest to a float, half away from zero; any for one of more than 18 digits.
#[expect(clippy::cast_possible_truncation, reason = "a float out of range is no amount")]
fn nearest_integer(float: f64) -> i64 {
    (float + 0.5_f64.copysign(float)) as i64
}

/// Whether a float is the nearest to so many minor units, which have at most 15 digits.
#[expect(clippy::cast_precision_loss, reason = "15 digits are exact")]
fn means(float: f64, minor: i64, unit: f64) -> bool {
    (minor.unsigned_abs() < 1_000_000_000_000_000) & (minor as f64 / unit == float)
}

/// A float means the shortest decimal that reads back as it. When it is the float nearest to a whole number of minor
/// units of at most 15 digits, that decimal is the whole number; else its text is read.
fn of_float(float: f64, digits: u8) -> Option<Amount> {
    let nearest = nearest_integer(float * unit(digits));
    if means(float, nearest, unit(digits)) {
        return Some(Amount { minor: nearest, rounded: false });
    }
    of_text(&float.to_string(), digits)
}

fn of_text(text: &str, digits: u8) -> Option<Amount> {
    let text = text.trim();
    // Rust sets digits apart by underscores, people do not.
    if text.contains('_') {
        return None;
    }
    let text = without_far_digits(text);
    let exact: Decimal = text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?;
    let rounded = exact.round_dp_with_strategy(u32::from(digits), RoundingStrategy::MidpointAwayFromZero);
    let minor = rounded.checked_mul(Decimal::from(10_u64.pow(u32::from(digits))))?.to_i64()?;
    (minor.unsigned_abs() < LIMIT).then_some(Amount { minor, rounded: rounded != exact })
}

/// An amount without the digits that a decimal would round away: it is to be rounded once, which cut digits do not change.
fn without_far_digits(text: &str) -> &str {
    const HELD: usize = 28;
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let room = HELD.saturating_sub(whole.trim_start_matches(['-', '+', '0']).len());
    let is_longer = fraction.len() > room && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if is_longer && room > 0 { &text[..=whole.len() + room] } else { text }
}

fn portion(args: &[ArrayRef]) -> Result<ArrayRef> {
    let integers = |array: &ArrayRef| cast(array, &DataType::Int64);
    let (amounts, parts, wholes) = (integers(&args[0])?, integers(&args[1])?, integers(&args[2])?);
    let (amounts, parts, wholes) =
        (amounts.as_primitive::<Int64Type>(), parts.as_primitive::<Int64Type>(), wholes.as_primitive::<Int64Type>());
    let portions: Int64Array = amounts
        .iter()
        .zip(parts)
        .zip(wholes)
        .map(|((amount, part), whole)| Some(ledger::portion(amount?, part?, whole?)))
        .collect();
    Ok(Arc::new(portions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Float64Array;

    fn minor(text: &str) -> Option<(i64, bool)> {
        of_text(text, 2).map(|amount| (amount.minor, amount.rounded))
    }

    #[test]
    fn text_is_rounded_half_away_from_zero_once() {
        assert_eq!(minor("19.99"), Some((1_999, false)));
        assert_eq!(minor("1.005"), Some((101, true)));
        assert_eq!(minor("-1.005"), Some((-101, true)));
        assert_eq!(minor(" 1e3 "), Some((100_000, false)));
        assert_eq!(minor("1.0049999999999999999999999999999999"), Some((100, true)));
        assert_eq!(minor("-1.0050000000000000000000000000000001"), Some((-101, true)));
        assert_eq!(minor("1234567890123.00499999999999999999"), Some((123_456_789_012_300, true)));
        assert_eq!(minor("-000000000000000000000000001.55"), Some((-155, false)));
        assert_eq!(minor("9999999999999999.99"), Some((999_999_999_999_999_999, false)));
    }

    #[test]
    fn what_is_not_an_amount_is_none() {
        for text in ["", "n/a", "1,000", "1_000", "$5", "12345678901234567.00", "-92233720368547758.08", "NaN", "inf"] {
            assert_eq!(minor(text), None, "{text}");
        }
    }

    /// Half a cent is rounded, and what is beside it and exact is not; 0.1 + 0.2 is no whole number of cents.
    #[test]
    fn one_inexact_float_changes_no_other_of_its_column() {
        let told = |floats: Vec<Option<f64>>| {
            let column: ArrayRef = Arc::new(Float64Array::from(floats));
            let [minor, rounded] = ["minor_units", "is_rounded"].map(|name| {
                let functions = functions(2);
                let function = functions.iter().find(|function| function.name == name).unwrap();
                (function.body)(std::slice::from_ref(&column)).unwrap()
            });
            let minor = minor.as_primitive::<Int64Type>().iter().collect::<Vec<_>>();
            (minor, rounded.as_boolean().iter().collect::<Vec<_>>())
        };
        let (minor, rounded) = told(vec![Some(19.99), None, Some(-0.01)]);
        assert_eq!((minor, rounded), (vec![Some(1_999), None, Some(-1)], vec![Some(false), None, Some(false)]));
        let (minor, rounded) = told(vec![Some(19.99), None, Some(0.005), Some(0.1 + 0.2), Some(f64::INFINITY)]);
        assert_eq!(minor, [Some(1_999), None, Some(1), Some(30), None]);
        assert_eq!(rounded, [Some(false), None, Some(true), Some(true), None]);
    }

    #[test]
    fn floats_mean_their_shortest_decimal() {
        assert_eq!(of_float(1_999.0 / 100.0, 2), Some(Amount { minor: 1_999, rounded: false }));
        assert_eq!(of_float(1.005, 2), Some(Amount { minor: 101, rounded: true }));
        assert_eq!(of_float(1.429_999_948, 2), Some(Amount { minor: 143, rounded: true }));
        assert_eq!(of_float(f64::NAN, 2), None);
        assert_eq!(of_float(1e300, 2), None);
    }
}
