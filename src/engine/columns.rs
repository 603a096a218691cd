//! Columns of our own tables by their names.

use super::EngineError;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
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
pub fn text_column(rows: &RecordBatch, name: &str) -> Result<ArrayRef, EngineError> {
    Ok(cast(column(rows, name)?, &DataType::Utf8)?)
}
