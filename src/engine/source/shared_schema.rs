//! One schema for all files of a table: by name, each column in a type that holds what every file has in it, or as text, as CSV
//! has it. The engine would take the first file's and bend the values of the others to it, without a word.

use crate::config::plan::Source;
use crate::engine::EngineError;
use crate::engine::functions::is_text;
use arrow::datatypes::TimeUnit::Microsecond;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, Fields, Schema, SchemaRef,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The schema of all files.
pub(super) struct SharedSchema {
    pub(super) schema: Schema,
    /// Columns that some file lacks, with the first such file.
    pub(super) lacking: BTreeMap<String, PathBuf>,
}

impl SharedSchema {
    /// Of files with these schemas.
    ///
    /// # Errors
    /// A column that no one type holds, or whose name is written in two ways.
    pub(super) fn of(source: &Source, files: &[(PathBuf, SchemaRef)]) -> Result<Self, EngineError> {
        let mut columns: Vec<(Field, &PathBuf)> = Vec::new();
        for (file, schema) in files {
            for field in schema.fields() {
                let known = columns.iter_mut().find(|(known, _)| known.name() == field.name());
                match known {
                    Some((known, first)) => match united(known, field) {
                        Some(both) => *known = both,
                        None => return Err(two_types(source, (known, first), (field, file))),
                    },
                    None => {
                        let alike = |known: &&(Field, &PathBuf)| known.0.name().eq_ignore_ascii_case(field.name());
                        let renamed = |(known, _): &&(Field, &PathBuf)| schema.index_of(known.name()).is_err();
                        if let Some((known, first)) = columns.iter().filter(alike).find(renamed) {
                            let (file, first) = (file.display(), first.display());
                            let (name, known) = (field.name(), known.name());
                            return Err(source.fault(format!(
                                "column \"{name}\" of {file} is \"{known}\" in {first}; give it one name"
                            )));
                        }
                        columns.push((Field::clone(field), file));
                    }
                }
            }
        }
        let lacks = |field: &Field| files.iter().find(|(_, schema)| schema.index_of(field.name()).is_err());
        let lacking = columns.iter().filter_map(|(field, _)| Some((field.name().clone(), lacks(field)?.0.clone())));
        let lacking: BTreeMap<_, _> = lacking.collect();
        let fields = columns.into_iter().map(|(field, _)| {
            let may_be_null = field.is_nullable() || lacking.contains_key(field.name());
            field.with_nullable(may_be_null)
        });
        Ok(Self { schema: Schema::new(fields.collect::<Vec<_>>()), lacking })
    }
}

fn two_types(source: &Source, first: (&Field, &PathBuf), second: (&Field, &PathBuf)) -> EngineError {
    let [first_words, second_words] = [first, second].map(|(field, _)| words_for(field.data_type()));
    let (name, first, second) = (first.0.name(), first.1.display(), second.1.display());
    source.fault(format!(
        "column \"{name}\" holds {first_words} in {first} and {second_words} in {second}; write the same in all files"
    ))
}

/// What a type is called.
fn words_for(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Struct(_) | DataType::Map(..) => "objects",
        _ if data_type.is_nested() => "lists",
        _ if has_text(data_type) => "single values",
        _ => "bytes",
    }
}

/// A column in the type that holds the values of both; none where a value would become another.
fn united(a: &Field, b: &Field) -> Option<Field> {
    let data_type = united_type(a.data_type(), b.data_type())?;
    Some(Field::new(a.name(), data_type, a.is_nullable() || b.is_nullable()))
}

fn united_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Dictionary, Float64, Int64, List, Null, Struct, Timestamp, UInt64, Utf8View};
    let both = |is: fn(&DataType) -> bool| is(a) && is(b);
    Some(match (a, b) {
        _ if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        _ if both(is_text) => Utf8View,
        (Dictionary(_, values), other) | (other, Dictionary(_, values)) => united_type(values, other)?,
        _ if both(DataType::is_integer) && *a != UInt64 && *b != UInt64 => Int64,
        _ if both(|number| number.is_integer() || number.is_decimal()) => united_decimal(a, b),
        _ if both(|number| number.is_integer() || number.is_floating()) => Float64,
        // To the microsecond, of which no more is used. A time without a zone is no instant.
        (Timestamp(_, None), Timestamp(_, None)) => Timestamp(Microsecond, None),
        (Timestamp(_, Some(_)), Timestamp(_, Some(_))) => Timestamp(Microsecond, Some("UTC".into())),
        (List(a), List(b)) => List(Arc::new(united(a, b)?)),
        (Struct(a), Struct(b)) => Struct(united_fields(a, b)?),
        _ if both(has_text) => Utf8View,
        _ => return None,
    })
}

/// Whether text says all that a value is.
fn has_text(data_type: &DataType) -> bool {
    is_text(data_type) || *data_type == DataType::Boolean || data_type.is_primitive()
}

fn united_decimal(a: &DataType, b: &DataType) -> DataType {
    let [(a_whole, a_scale), (b_whole, b_scale)] = [digits(a), digits(b)];
    let scale = a_scale.max(b_scale);
    let precision = i16::from(a_whole.max(b_whole)) + i16::from(scale);
    match u8::try_from(precision) {
        Ok(precision) if precision <= DECIMAL128_MAX_PRECISION => DataType::Decimal128(precision, scale),
        Ok(precision) if precision <= DECIMAL256_MAX_PRECISION => DataType::Decimal256(precision, scale),
        _ => DataType::Utf8View,
    }
}

/// Digits before the point and behind it.
fn digits(number: &DataType) -> (i8, i8) {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    match number {
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => (precision.cast_signed() - scale, *scale),
        // No integer has more.
        _ => (20, 0),
    }
}

fn united_fields(a: &Fields, b: &Fields) -> Option<Fields> {
    let in_b = |field: &Arc<Field>| match b.find(field.name()) {
        Some((_, other)) => united(field, other),
        None => Some(Field::clone(field).with_nullable(true)),
    };
    let mut fields = a.iter().map(in_b).collect::<Option<Vec<_>>>()?;
    let only_b = b.iter().filter(|field| a.find(field.name()).is_none());
    fields.extend(only_b.map(|field| Field::clone(field).with_nullable(true)));
    Some(fields.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use DataType::{
        Binary, Boolean, Date32, Decimal128, Decimal256, Float64, Int32, Int64, Null, Timestamp, UInt64, Utf8, Utf8View,
    };
    use arrow::datatypes::TimeUnit::Millisecond;

    #[test]
    fn a_type_holds_the_values_of_both_or_there_is_none() {
        let utc = || Some("UTC".into());
        let decimal = Decimal128;
        let text = || DataType::Dictionary(Box::new(Int32), Box::new(Utf8));
        for (a, b, both) in [
            (Int32, Int64, Some(Int64)),
            (Int64, Float64, Some(Float64)),
            (Int64, UInt64, Some(decimal(20, 0))),
            (Null, Date32, Some(Date32)),
            (text(), Utf8View, Some(Utf8View)),
            (decimal(18, 2), decimal(10, 4), Some(decimal(20, 4))),
            (Int32, decimal(18, 2), Some(decimal(22, 2))),
            (decimal(38, 0), decimal(38, 10), Some(Decimal256(48, 10))),
            (Timestamp(Millisecond, None), Timestamp(Microsecond, None), Some(Timestamp(Microsecond, None))),
            (
                Timestamp(Millisecond, utc()),
                Timestamp(Millisecond, Some("+01:00".into())),
                Some(Timestamp(Microsecond, utc())),
            ),
            (Timestamp(Microsecond, None), Timestamp(Microsecond, utc()), Some(Utf8View)),
            (Date32, Timestamp(Microsecond, None), Some(Utf8View)),
            (Int64, Utf8View, Some(Utf8View)),
            (Boolean, Int64, Some(Utf8View)),
            (decimal(18, 2), Float64, Some(Utf8View)),
            (Decimal256(70, 0), decimal(20, 10), Some(Utf8View)),
            (Binary, Utf8View, None),
            (DataType::new_list(Int64, true), Int64, None),
        ] {
            assert_eq!(united_type(&a, &b), both, "{a} and {b}");
            assert_eq!(united_type(&b, &a), both, "{b} and {a}");
        }
    }

    /// Objects of two files, of which each has a field that the other lacks.
    #[test]
    fn objects_have_the_fields_of_both() {
        let object = |fields: &[(&str, DataType)]| {
            DataType::Struct(fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect())
        };
        let (a, b) = (object(&[("x", Int64), ("y", Utf8)]), object(&[("x", Float64), ("z", Boolean)]));
        assert_eq!(united_type(&a, &b), Some(object(&[("x", Float64), ("y", Utf8), ("z", Boolean)])));
    }
}
