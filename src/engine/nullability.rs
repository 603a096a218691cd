//! What the footers of Parquet files say of nulls: a column that has none need not be asked row by row.

use arrow::datatypes::{Field, Schema};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use std::fs::File;
use std::path::PathBuf;

/// The schema, in which those columns cannot be null that have no null in any of the files.
///
/// # Errors
/// Files whose footers cannot be read.
pub(super) fn without_nulls(schema: &Schema, files: &[PathBuf]) -> Result<Schema, ParquetError> {
    let footers = files.iter().map(|file| ParquetMetaDataReader::new().parse_and_finish(&File::open(file)?));
    let footers = footers.collect::<Result<Vec<_>, ParquetError>>()?;
    let fields = schema.fields().iter().map(|field| {
        let has_none = footers.iter().all(|footer| has_no_null(footer, field.name()));
        Field::clone(field).with_nullable(field.is_nullable() && !has_none)
    });
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}

fn has_no_null(footer: &ParquetMetaData, column: &str) -> bool {
    let of_column = |chunk: &&ColumnChunkMetaData| matches!(chunk.column_path().parts(), [name] if name == column);
    footer.row_groups().iter().all(|rows| {
        let statistics = rows.columns().iter().find(of_column).and_then(ColumnChunkMetaData::statistics);
        statistics.and_then(|statistics| statistics.null_count_opt()) == Some(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    #[test]
    fn a_column_without_a_null_in_any_file_cannot_be_null() {
        let folder = tempfile::tempdir().unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let some: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batches = [
            RecordBatch::try_from_iter_with_nullable([("a", Arc::clone(&ids), true), ("b", Arc::clone(&ids), true)]),
            RecordBatch::try_from_iter_with_nullable([("a", ids, true), ("b", some, true)]),
        ];
        let batches = batches.map(Result::unwrap);
        let files: Vec<PathBuf> = (0..2).map(|number| folder.path().join(format!("{number}.parquet"))).collect();
        for (file, rows) in files.iter().zip(&batches) {
            let mut writer = ArrowWriter::try_new(File::create(file).unwrap(), rows.schema(), None).unwrap();
            writer.write(rows).unwrap();
            writer.close().unwrap();
        }
        let nullable = |files: &[PathBuf]| {
            let schema = without_nulls(&batches[0].schema(), files).unwrap();
            [schema.field(0).is_nullable(), schema.field(1).is_nullable()]
        };
        assert_eq!(nullable(&files[..1]), [false, false]);
        assert_eq!(nullable(&files), [false, true]);
    }
}
