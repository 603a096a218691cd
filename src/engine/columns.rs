//! Columns of our own tables by their names.

use super::EngineError;
use arrow::array::{Array, ArrayAccessor, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;

/// A column that the rows have.
///
/// # Errors
/// Rows without it: a bug.
pub fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, EngineError> {
    rows.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("no column {name}")).into())
}

/// A column as plain text.
///
/// # Errors
/// As for [`column()`].
pub fn text_column(rows: &RecordBatch, name: &str) -> Result<StringArray, EngineError> {
    texts(column(rows, name)?)
}

/// A column of integers, money or instants as 64-bit integers: units, minor units or microseconds.
///
/// # Errors
/// As for [`column()`].
pub fn integer_column(rows: &RecordBatch, name: &str) -> Result<Int64Array, EngineError> {
    Ok(cast(column(rows, name)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// The value of a row, where it has one.
#[inline]
pub fn value_at<A: ArrayAccessor + Copy>(values: A, row: usize) -> Option<A::Item> {
    values.is_valid(row).then(|| values.value(row))
}

/// Values as plain text.
///
/// # Errors
/// Values that are no text and cannot be told as text: a bug.
pub fn texts(values: &dyn Array) -> Result<StringArray, EngineError> {
    Ok(cast(values, &DataType::Utf8)?.as_string::<i32>().clone())
}
