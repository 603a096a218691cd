//! One schema for all files of a table: by name, each column in a type that holds what every file has in it, or as text, as CSV
//! has it. The engine would take the first file's and bend the values of the others to it, without a word; and its own union of
//! types makes a day midnight, gives a time without a zone the other's, and has 38 digits at most.

use crate::engine::functions::is_text;
use arrow::datatypes::TimeUnit::Microsecond;
use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, Fields, Schema, SchemaRef,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What is known of one of the files.
pub(in crate::engine) struct FileSchema {
    pub(in crate::engine) file: PathBuf,
    pub(in crate::engine) schema: SchemaRef,
    /// Columns without a value: whatever their type, other files say it.
    pub(in crate::engine) empty: BTreeSet<String>,
    /// Columns of whole numbers of which floats may not hold all.
    pub(in crate::engine) beyond_floats: BTreeSet<String>,
}

/// The schema of all files.
pub(super) struct SharedSchema {
    pub(super) schema: Schema,
    /// Columns that some file lacks, with the first such file.
    pub(super) lacking: BTreeMap<String, PathBuf>,
    /// Why a table's own column cannot be read from these files, by its name in small letters.
    pub(super) faults: BTreeMap<String, String>,
}

/// A column as it was in the files so far.
struct Known<'a> {
    field: Field,
    file: &'a FileSchema,
}

impl SharedSchema {
    /// Of the files. A column that no one type holds is left out.
    pub(super) fn of(files: &[FileSchema]) -> Self {
        let (mut columns, mut faults): (Vec<Known<'_>>, _) = (Vec::new(), BTreeMap::new());
        let mut left_out: BTreeSet<String> = BTreeSet::new();
        for file in files {
            for field in file.schema.fields() {
                let Some(known) = columns.iter_mut().find(|known| known.field.name() == field.name()) else {
                    let renamed = columns.iter().find(|known| is_renamed(known, field, file));
                    faults.extend(renamed.map(|known| (field.name().to_lowercase(), two_names(known, field, file))));
                    columns.push(Known { field: Field::clone(field), file });
                    continue;
                };
                match united_columns(known, field, file) {
                    Some(both) => *known = both,
                    None => {
                        faults.entry(field.name().to_lowercase()).or_insert_with(|| two_types(known, field, file));
                        left_out.insert(field.name().clone());
                    }
                }
            }
        }
        let is_beyond = |name: &String, file: &&FileSchema| file.beyond_floats.contains(name);
        for Known { field, .. } in columns.iter().filter(|known| known.field.data_type().is_floating()) {
            let name = field.name();
            if let Some(beyond) = files.iter().find(|file| is_beyond(name, file)) {
                faults.insert(name.to_lowercase(), too_large(name, beyond));
                left_out.insert(name.clone());
            }
        }
        let lacks = |field: &Field| files.iter().find(|file| file.schema.index_of(field.name()).is_err());
        columns.retain(|known| !left_out.contains(known.field.name()));
        let lacking = columns.iter().filter_map(|Known { field, .. }| {
            let file = lacks(field)?.file.clone();
            Some((field.name().clone(), file))
        });
        let lacking: BTreeMap<_, _> = lacking.collect();
        let fields = columns.into_iter().map(|Known { field, .. }| {
            let may_be_null = field.is_nullable() || lacking.contains_key(field.name());
            field.with_nullable(may_be_null)
        });
        Self { schema: Schema::new(fields.collect::<Vec<_>>()), lacking, faults }
    }
}

/// A column and the same of another file; none where no type holds the values of both.
fn united_columns<'a>(known: &Known<'a>, field: &Field, file: &'a FileSchema) -> Option<Known<'a>> {
    let name = field.name();
    if file.empty.contains(name) {
        return Some(Known { field: known.field.clone().with_nullable(true), ..*known });
    }
    if known.file.empty.contains(name) {
        return Some(Known { field: field.clone().with_nullable(true), file });
    }
    Some(Known { field: united(&known.field, field)?, ..*known })
}

/// Whether a column of a file is one that it lacks, with other capitals.
fn is_renamed(known: &Known<'_>, field: &Field, file: &FileSchema) -> bool {
    let name = known.field.name();
    name.eq_ignore_ascii_case(field.name()) && file.schema.index_of(name).is_err()
}

fn two_names(known: &Known<'_>, field: &Field, file: &FileSchema) -> String {
    let (file, first) = (file.file.display(), known.file.file.display());
    format!("column \"{}\" of {file} is \"{}\" in {first}; give it one name", field.name(), known.field.name())
}

fn two_types(known: &Known<'_>, field: &Field, file: &FileSchema) -> String {
    let [first, second] = [&known.field, field].map(|field| words_for(field.data_type()));
    let (name, file, first_file) = (field.name(), file.file.display(), known.file.file.display());
    format!("column \"{name}\" holds {first} in {first_file} and {second} in {file}; write the same in all files")
}

fn too_large(name: &str, beyond: &FileSchema) -> String {
    let file = beyond.file.display();
    format!(
        "column \"{name}\" holds whole numbers in {file} that are too large for the floating-point numbers of other files; write \
         whole numbers or text in all files"
    )
}

/// What a type is called.
fn words_for(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Struct(_) | DataType::Map(..) => "objects",
        DataType::Dictionary(..) => "a dictionary",
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
    use DataType::{Boolean, Dictionary, Float64, Int64, List, Null, Struct, Timestamp, UInt64, Utf8View};
    let both = |is: fn(&DataType) -> bool| is(a) && is(b);
    Some(match (a, b) {
        _ if a == b => a.clone(),
        // Parquet has no dictionary of flags.
        (Dictionary(_, values), _) | (_, Dictionary(_, values)) if **values == Boolean => return None,
        (Null, other) | (other, Null) => other.clone(),
        _ if both(is_text) => Utf8View,
        (Dictionary(_, values), other) | (other, Dictionary(_, values)) => united_type(values, other)?,
        _ if both(DataType::is_integer) && *a != UInt64 && *b != UInt64 => Int64,
        _ if both(|number| number.is_integer() || number.is_decimal()) => united_decimal(a, b),
        _ if both(|number| number.is_integer() || number.is_floating()) => Float64,
        // To the microsecond, of which no more is used. A time without a zone is no instant.
        (Timestamp(_, None), Timestamp(_, None)) => Timestamp(Microsecond, None),
        (Timestamp(_, Some(a)), Timestamp(_, Some(b))) if a == b => Timestamp(Microsecond, Some(Arc::clone(a))),
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
    let precision = u8::try_from(a_whole.max(b_whole) + scale);
    match (precision, i8::try_from(scale)) {
        (Ok(precision), Ok(scale)) if precision <= DECIMAL128_MAX_PRECISION => DataType::Decimal128(precision, scale),
        (Ok(precision), Ok(scale)) if precision <= DECIMAL256_MAX_PRECISION => DataType::Decimal256(precision, scale),
        _ => DataType::Utf8View,
    }
}

/// Digits before the point and behind it.
fn digits(number: &DataType) -> (i16, i16) {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    match number {
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => (i16::from(*precision) - i16::from(*scale), i16::from(*scale)),
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
