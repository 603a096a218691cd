//! What the footers of Parquet files say of nulls and blanks: a column that has none need not be asked row by row.

use arrow::datatypes::{Field, Schema};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;

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

    /// Whether all of the files have the same columns of the same types.
    pub(super) fn have_one_schema(&self) -> bool {
        let schemas = self.0.iter().map(|footer| {
            let file = footer.file_metadata();
            parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata()).ok().map(|schema| schema.fields)
        });
        let schemas: Vec<_> = schemas.collect();
        schemas.windows(2).all(|pair| pair[0].is_some() && pair[0] == pair[1])
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
        let of_column = |chunk: &&ColumnChunkMetaData| matches!(chunk.column_path().parts(), [name] if name == column);
        self.0.iter().flat_map(ParquetMetaData::row_groups).all(|rows| {
            let statistics = rows.columns().iter().find(of_column).and_then(ColumnChunkMetaData::statistics);
            statistics.is_some_and(&say)
        })
    }
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
    use arrow::datatypes::SchemaRef;
    use parquet::arrow::ArrowWriter;
    use std::path::Path;
    use std::sync::Arc;

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
