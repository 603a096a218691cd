//! Named columns of a batch, made of what rows hold one after the other.

use crate::engine::EngineError;
use crate::mart::catalogue::MartType;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringBuilder, TimestampMicrosecondArray,
};
use std::sync::Arc;

/// Named columns of a batch to be.
#[derive(Default)]
pub(super) struct Columns {
    columns: Vec<(String, ArrayRef)>,
    /// The first column of texts that no array holds.
    too_long: Option<String>,
}

/// The bytes that an array of texts can hold.
const MOST_BYTES: usize = i32::MAX as usize;

impl Columns {
    pub(super) fn push(&mut self, name: &str, values: ArrayRef) {
        self.columns.push((name.to_owned(), values));
    }

    pub(super) fn texts<'a>(&mut self, name: &str, values: impl Iterator<Item: Into<Option<&'a str>>>) {
        let mut texts = StringBuilder::new();
        for text in values.map(Into::into) {
            if texts.values_slice().len() + text.map_or(0, str::len) > MOST_BYTES {
                self.too_long.get_or_insert_with(|| name.to_owned());
                break;
            }
            texts.append_option(text);
        }
        self.push(name, Arc::new(texts.finish()));
    }

    pub(super) fn integers(&mut self, name: &str, values: impl Iterator<Item: Into<Option<i64>>>) {
        self.push(name, Arc::new(values.map(Into::into).collect::<Int64Array>()));
    }

    /// Integers of another type; null where 64 bits do not hold one.
    pub(super) fn counts(&mut self, name: &str, values: impl Iterator<Item: TryInto<i64>>) {
        self.integers(name, values.map(|count| count.try_into().ok()));
    }

    pub(super) fn numbers(&mut self, name: &str, values: impl Iterator<Item: Into<Option<f64>>>) {
        self.push(name, Arc::new(values.map(Into::into).collect::<Float64Array>()));
    }

    /// Numbers; what is none is null.
    pub(super) fn finite(&mut self, name: &str, values: impl Iterator<Item: Into<Option<f64>>>) {
        self.numbers(name, values.map(|value| value.into().filter(|number| number.is_finite())));
    }

    pub(super) fn integers32(&mut self, name: &str, values: impl Iterator<Item: Into<Option<i32>>>) {
        self.push(name, Arc::new(values.map(Into::into).collect::<Int32Array>()));
    }

    pub(super) fn flags(&mut self, name: &str, values: impl Iterator<Item: Into<Option<bool>>>) {
        self.push(name, Arc::new(values.map(Into::into).collect::<BooleanArray>()));
    }

    /// Days since 1970-01-01.
    pub(super) fn dates(&mut self, name: &str, values: impl Iterator<Item: Into<Option<i32>>>) {
        self.push(name, Arc::new(values.map(Into::into).collect::<Date32Array>()));
    }

    /// Microseconds since 1970-01-01, in UTC.
    pub(super) fn instants(&mut self, name: &str, values: impl Iterator<Item: Into<Option<i64>>>) {
        let instants: TimestampMicrosecondArray = values.map(Into::into).collect();
        self.push(name, Arc::new(instants.with_data_type(MartType::Instant.data_type(0))));
    }

    pub(super) fn shares(&mut self, name: &str, values: impl Iterator<Item = u128>) -> Result<(), EngineError> {
        let shares: Decimal128Array = values.map(|share| i128::try_from(share).ok()).collect();
        self.push(name, Arc::new(shares.with_precision_and_scale(38, 0)?));
        Ok(())
    }

    /// The batch.
    ///
    /// # Errors
    /// Texts of a column that are too long together.
    pub(super) fn finish(self) -> Result<RecordBatch, EngineError> {
        if let Some(column) = self.too_long {
            return Err(EngineError::TooLong { column });
        }
        Ok(RecordBatch::try_from_iter_with_nullable(
            self.columns.into_iter().map(|(name, values)| (name, values, true)),
        )?)
    }
}
