//! The one writer of marts: the same batches of rows in the same order give the same bytes, however many come at once.
//!
//! Rows are cut into row groups of a fixed size and files of a fixed number of row groups; the rows themselves are not
//! copied. The columns of all row groups that are complete are encoded in parallel on the current rayon pool.

use super::catalogue::{Mart, MartColumn, MartType};
use super::disk::Disk;
use super::error::MartError;
use super::properties::properties;
use arrow::array::{Array, ArrayRef, AsArray, Decimal64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriter, compute_leaves,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group.
pub const ROW_GROUP_ROWS: usize = 131_072;
/// Row groups of a file.
const FILE_ROW_GROUPS: usize = 64;

/// A mart as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct WrittenMart {
    /// Its name.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its files, relative to the output folder.
    pub files: Vec<String>,
    /// What they take on disk.
    #[serde(skip)]
    pub bytes: u64,
}

/// Writes one mart into its folder.
pub struct MartWriter<'a> {
    mart: &'a Mart,
    folder: PathBuf,
    schema: SchemaRef,
    minor_digits: u8,
    properties: Arc<WriterProperties>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    open: Option<OpenFile>,
    written: WrittenMart,
    disk: &'a Disk,
}

struct OpenFile {
    path: PathBuf,
    file: Arc<File>,
    writer: SerializedFileWriter<Arc<File>>,
    encoders: ArrowRowGroupWriterFactory,
    row_groups: usize,
}

impl<'a> MartWriter<'a> {
    /// Starts the mart in the folder `<stage>/<name>`; its files are handed to `disk`.
    ///
    /// # Errors
    /// A folder that cannot be created.
    pub fn create(stage: &Path, mart: &'a Mart, minor_digits: u8, disk: &'a Disk) -> Result<Self, MartError> {
        let folder = stage.join(mart.name);
        std::fs::create_dir_all(&folder).map_err(MartError::write(&folder))?;
        Ok(Self {
            mart,
            folder,
            schema: mart.schema(minor_digits),
            minor_digits,
            properties: Arc::new(properties(mart)?),
            pending: Vec::new(),
            pending_rows: 0,
            open: None,
            written: WrittenMart { name: mart.name.to_owned(), rows: 0, files: Vec::new(), bytes: 0 },
            disk,
        })
    }

    /// Appends rows; their columns are matched by name, money is an integer in minor units. What comes in one call is
    /// encoded side by side.
    ///
    /// # Errors
    /// Rows of another shape, or a file that cannot be written.
    pub fn write(&mut self, batches: Vec<RecordBatch>) -> Result<(), MartError> {
        let mut complete = Vec::new();
        for rows in batches {
            let mut rows = self.conform(&rows)?;
            self.written.rows += rows.num_rows() as u64;
            while self.pending_rows + rows.num_rows() >= ROW_GROUP_ROWS {
                let room = ROW_GROUP_ROWS - self.pending_rows;
                self.pending.push(rows.slice(0, room));
                rows = rows.slice(room, rows.num_rows() - room);
                complete.push(std::mem::take(&mut self.pending));
                self.pending_rows = 0;
            }
            if rows.num_rows() > 0 {
                self.pending_rows += rows.num_rows();
                self.pending.push(rows);
            }
        }
        self.append(&complete)
    }

    /// Writes what is pending and closes. A mart without rows still has one file with its columns.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn finish(mut self) -> Result<WrittenMart, MartError> {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.append(&[rest])?;
        }
        if self.open.is_none() && self.written.files.is_empty() {
            self.open = Some(self.open_file()?);
        }
        self.close_file()?;
        Ok(self.written)
    }

    /// Appends row groups, file by file.
    fn append(&mut self, mut row_groups: &[Vec<RecordBatch>]) -> Result<(), MartError> {
        while !row_groups.is_empty() {
            let mut file = match self.open.take() {
                Some(file) => file,
                None => self.open_file()?,
            };
            let (first, rest) = row_groups.split_at(row_groups.len().min(FILE_ROW_GROUPS - file.row_groups));
            file.append(first).map_err(|error| self.encode(error))?;
            let is_full = file.row_groups == FILE_ROW_GROUPS;
            self.open = Some(file);
            if is_full {
                self.close_file()?;
            }
            row_groups = rest;
        }
        Ok(())
    }

    fn open_file(&mut self) -> Result<OpenFile, MartError> {
        let name = format!("part-{:05}.parquet", self.written.files.len());
        let path = self.folder.join(&name);
        self.written.files.push(format!("{}/{name}", self.mart.name));
        let file = Arc::new(File::create(&path).map_err(MartError::write(&path))?);
        let writer =
            ArrowWriter::try_new(Arc::clone(&file), Arc::clone(&self.schema), Some(self.properties.as_ref().clone()))
                .and_then(ArrowWriter::into_serialized_writer);
        let (writer, encoders) = writer.map_err(|error| self.encode(error))?;
        Ok(OpenFile { path, file, writer, encoders, row_groups: 0 })
    }

    fn close_file(&mut self) -> Result<(), MartError> {
        let Some(OpenFile { path, file, writer, .. }) = self.open.take() else { return Ok(()) };
        writer.close().map_err(|error| self.encode(error))?;
        self.written.bytes += file.metadata().map_or(0, |file| file.len());
        self.disk.take(&path, &file)
    }

    /// The rows with the mart's columns, in types that are encoded as the mart's.
    fn conform(&self, rows: &RecordBatch) -> Result<RecordBatch, MartError> {
        let columns = self.mart.columns.iter().map(|column| {
            let values =
                rows.column_by_name(&column.name).ok_or_else(|| self.shape(format!("no column {}", column.name)))?;
            let values = self.typed(values, column).map_err(|error| self.shape(format!("{}: {error}", column.name)))?;
            Ok((column.name.as_str(), values, true))
        });
        let columns = columns.collect::<Result<Vec<_>, MartError>>()?;
        RecordBatch::try_from_iter_with_nullable(columns).map_err(|error| self.shape(error.to_string()))
    }

    fn typed(&self, values: &ArrayRef, column: &MartColumn) -> Result<ArrayRef, arrow::error::ArrowError> {
        let wanted = column.kind.data_type(self.minor_digits);
        match (column.kind, values.as_primitive_opt::<Int64Type>()) {
            // DECIMAL(18) is stored in 64 bits, which these are.
            (MartType::Money, Some(minor)) => {
                let money: Decimal64Array = minor.clone().reinterpret_cast();
                Ok(Arc::new(money.with_precision_and_scale(18, self.minor_digits.cast_signed())?))
            }
            _ if values.data_type() == &wanted || is_dictionary_of(values.data_type(), &wanted) => {
                Ok(Arc::clone(values))
            }
            _ => cast(values, &wanted),
        }
    }

    fn shape(&self, message: String) -> MartError {
        MartError::Shape { mart: self.mart.name.to_owned(), message }
    }

    fn encode(&self, error: ParquetError) -> MartError {
        let source = match error {
            ParquetError::External(source) => match source.downcast::<std::io::Error>() {
                Ok(refused) => return MartError::Write { path: self.folder.clone(), source: *refused },
                Err(other) => ParquetError::External(other),
            },
            other => other,
        };
        MartError::Encode { mart: self.mart.name.to_owned(), source }
    }
}

fn is_dictionary_of(given: &DataType, wanted: &DataType) -> bool {
    matches!(given, DataType::Dictionary(_, values) if **values == *wanted)
}

impl OpenFile {
    /// Appends row groups, all of their columns encoded in parallel.
    fn append(&mut self, row_groups: &[Vec<RecordBatch>]) -> Result<(), ParquetError> {
        let numbers = self.row_groups..self.row_groups + row_groups.len();
        let encoders = numbers.map(|number| self.encoders.create_column_writers(number));
        let encoders = encoders.collect::<Result<Vec<_>, _>>()?;
        let encoded: Vec<Vec<ArrowColumnChunk>> = encoders
            .into_par_iter()
            .zip(row_groups)
            .map(|(encoders, rows)| {
                // One by one: texts take many times as long as numbers.
                let columns = encoders.into_par_iter().enumerate().with_max_len(1);
                columns.map(|(column, encoder)| encode_column(encoder, rows, column)).collect()
            })
            .collect::<Result<_, _>>()?;
        for chunks in encoded {
            let mut row_group = self.writer.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut row_group)?;
            }
            row_group.close()?;
            self.row_groups += 1;
        }
        Ok(())
    }
}

fn encode_column(
    mut encoder: ArrowColumnWriter,
    rows: &[RecordBatch],
    column: usize,
) -> Result<ArrowColumnChunk, ParquetError> {
    for rows in rows {
        for leaf in compute_leaves(rows.schema_ref().field(column), rows.column(column))? {
            encoder.write(&leaf)?;
        }
    }
    encoder.close()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::mart::catalogue;

    /// The last bytes are refused when the file is closed, which is no bug of ours.
    #[test]
    fn a_full_disk_is_told_as_one() {
        let (stage, disk) = (tempfile::tempdir().unwrap(), Disk::default());
        let marts = catalogue::marts(&[]);
        let mut writer = MartWriter::create(stage.path(), &marts[0], 2, &disk).unwrap();
        let file = writer.folder.join("part-00000.parquet");
        std::os::unix::fs::symlink("/dev/full", file).unwrap();
        let no_rows = RecordBatch::new_empty(Arc::clone(&writer.schema));
        writer.write(vec![no_rows]).unwrap();
        let error = writer.finish().unwrap_err();
        assert!(matches!(error, MartError::Write { .. }), "{error}");
    }
}
