//! What the footers of Parquet files say of nulls and blanks: a column that has none need not be asked row by row.

use super::source::FileSchema;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The footers of the files of one table.
pub(super) struct Footers(Vec<ParquetMetaData>);

impl Footers {
    /// Reads them.
    ///
    /// # Errors
    /// Files whose footers cannot be read.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, ParquetError> {
        let footers = files.iter().map(|file| ParquetMetaDataReader::new().parse_and_finish(&File::open(file)?));
        Ok(Self(footers.collect::<Result<_, ParquetError>>()?))
    }

    /// The numbers of the files with rows; of all, where none has any.
    pub(super) fn with_rows(&self) -> Vec<usize> {
        let all = 0..self.0.len();
        let has_rows = |number: &usize| self.0[*number].file_metadata().num_rows() > 0;
        let with_rows: Vec<usize> = all.clone().filter(has_rows).collect();
        if with_rows.is_empty() { all.collect() } else { with_rows }
    }

    /// Whether files of these numbers have the same columns of the same types.
    pub(super) fn have_one_schema(&self, numbers: &[usize]) -> bool {
        let schemas = numbers.iter().map(|&number| {
            let file = self.0[number].file_metadata();
            parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).ok().map(|schema| schema.fields)
        });
        let schemas: Vec<_> = schemas.collect();
        schemas.windows(2).all(|pair| pair[0].is_some() && pair[0] == pair[1])
    }

    /// What one of the files has, of which this is the schema.
    pub(super) fn of_file(&self, number: usize, file: &Path, schema: &SchemaRef) -> FileSchema {
        let footer = &self.0[number];
        let named = |is: &dyn Fn(&Field) -> bool| -> BTreeSet<String> {
            schema.fields().iter().filter(|field| is(field)).map(|field| field.name().clone()).collect()
        };
        let is_empty = |field: &Field| every_chunk(footer, field.name(), holds_no_value);
        let is_beyond = |field: &Field| {
            matches!(field.data_type(), DataType::Int64 | DataType::UInt64)
                && !every_chunk(footer, field.name(), |chunk| chunk.statistics().is_some_and(fits_floats))
        };
        FileSchema {
            file: file.to_owned(),
            schema: Arc::clone(schema),
            empty: named(&is_empty),
            beyond_floats: named(&|field| is_beyond(field) && !is_empty(field)),
        }
    }

    /// The schema, in which those columns cannot be null that have no null in any of the files.
    pub(super) fn without_nulls(&self, schema: &Schema) -> Schema {
        let fields = schema.fields().iter().map(|field| {
            let has_none = self.say_of(field.name(), |statistics| statistics.null_count_opt() == Some(0));
            Field::clone(field).with_nullable(field.is_nullable() && !has_none)
        });
        Schema::new(fields.collect::<Vec<_>>())
    }

    /// The columns of text that have no blank in any of the files.
    pub(super) fn never_blank(&self, schema: &Schema) -> BTreeSet<String> {
        let names = schema.fields().iter().map(|field| field.name());
        names.filter(|name| self.say_of(name, starts_behind_blanks)).cloned().collect()
    }

    /// Whether the statistics of a column say something in every row group.
    fn say_of(&self, column: &str, say: impl Fn(&Statistics) -> bool) -> bool {
        self.0.iter().all(|footer| every_chunk(footer, column, |chunk| chunk.statistics().is_some_and(&say)))
    }
}

/// Whether something is true of a column of single values in every row group of a file.
fn every_chunk(footer: &ParquetMetaData, column: &str, is: impl Fn(&ColumnChunkMetaData) -> bool) -> bool {
    let of_column = |chunk: &&ColumnChunkMetaData| matches!(chunk.column_path().parts(), [name] if name == column);
    footer.row_groups().iter().all(|rows| rows.columns().iter().find(of_column).is_some_and(&is))
}

fn holds_no_value(chunk: &ColumnChunkMetaData) -> bool {
    let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
    nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(chunk.num_values()))
}

/// Whether floats hold all of these whole numbers.
fn fits_floats(statistics: &Statistics) -> bool {
    const LARGEST: u64 = 1 << 53;
    let fits = |number: Option<&i64>| number.is_some_and(|number| number.unsigned_abs() <= LARGEST);
    matches!(statistics, Statistics::Int64(numbers) if fits(numbers.min_opt()) && fits(numbers.max_opt()))
}

/// Whether the least text, of which statistics have a beginning, comes behind all that consist of spaces.
fn starts_behind_blanks(statistics: &Statistics) -> bool {
    let Statistics::ByteArray(texts) = statistics else { return false };
    let least = texts.min_bytes_opt().and_then(<[u8]>::first);
    !statistics.is_min_max_deprecated() && least.is_some_and(|first| *first > b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    fn write(path: &Path, columns: [ArrayRef; 2]) -> SchemaRef {
        let columns = ["a", "b"].into_iter().zip(columns).map(|(name, values)| (name, values, true));
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        rows.schema()
    }

    #[test]
    fn a_column_without_a_null_in_any_file_cannot_be_null() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["0", "1"].map(|name| folder.path().join(name));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let some: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let schema = write(&files[0], [Arc::clone(&ids), Arc::clone(&ids)]);
        write(&files[1], [ids, some]);
        let nullable = |files: &[PathBuf]| {
            let schema = Footers::read(files).unwrap().without_nulls(&schema);
            [schema.field(0).is_nullable(), schema.field(1).is_nullable()]
        };
        assert_eq!(nullable(&files[..1]), [false, false]);
        assert_eq!(nullable(&files), [false, true]);
    }

    #[test]
    fn a_column_without_a_blank_in_any_file_is_never_blank() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["0", "1"].map(|name| folder.path().join(name));
        let texts = |texts: [Option<&str>; 2]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let schema = write(&files[0], [texts([Some("x"), None]), texts([Some("é"), Some("y")])]);
        let never_blank = |files: &[PathBuf]| Footers::read(files).unwrap().never_blank(&schema);
        assert_eq!(never_blank(&files[..1]), ["a".to_owned(), "b".to_owned()].into());
        for blank in ["", "   "] {
            write(&files[1], [texts([Some("x"), Some("y")]), texts([Some("x"), Some(blank)])]);
            assert_eq!(never_blank(&files), ["a".to_owned()].into(), "{blank:?}");
        }
        // Of numbers, and where nothing but nulls stands, nobody asks.
        write(&files[1], [texts([None, None]), Arc::new(Int64Array::from(vec![1, 2]))]);
        assert_eq!(never_blank(&files), BTreeSet::new());
    }
}
