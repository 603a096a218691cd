//! `touchpoints.parquet`: the one table too large for text.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::calendar::Moment;
use super::error::GenerateError;

/// Rows of a row group of the file.
const ROW_GROUP: usize = 262_144;
/// Rows handed to the writer at once.
const BATCH: usize = 8_192;

/// A row of `touchpoints.parquet`.
#[derive(Clone, Debug)]
pub struct TouchRow<'a> {
    pub(super) touch_id: String,
    pub(super) touched_at: Moment,
    pub(super) account_id: Option<String>,
    pub(super) contact_id: Option<String>,
    pub(super) campaign_id: Option<Cow<'a, str>>,
    pub(super) channel: Option<&'a str>,
    pub(super) touch_type: &'a str,
    pub(super) source: &'a str,
    pub(super) responded: Option<bool>,
    pub(super) recorded_at: Option<Moment>,
}

/// The columns of the rows not yet written, in the order of the schema.
#[derive(Debug, Default)]
struct Columns {
    touch_id: StringBuilder,
    touched_at: TimestampMicrosecondBuilder,
    account_id: StringBuilder,
    contact_id: StringBuilder,
    campaign_id: StringBuilder,
    channel: StringBuilder,
    touch_type: StringBuilder,
    source: StringBuilder,
    responded: BooleanBuilder,
    recorded_at: TimestampMicrosecondBuilder,
}

/// The file being written.
#[derive(Debug)]
pub struct TouchTable {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
    columns: Columns,
    waiting: usize,
    rows: u64,
    path: PathBuf,
}

impl TouchTable {
    /// Creates the file `name` in `folder`.
    pub fn create(folder: &Path, name: &str) -> Result<Self, GenerateError> {
        let path = folder.join(name);
        let file = File::create(&path).map_err(GenerateError::io(&path))?;
        let schema = schema();
        let writer = properties().and_then(|properties| ArrowWriter::try_new(file, schema.clone(), Some(properties)));
        let writer = writer.map_err(|source| GenerateError::Parquet { path: path.clone(), source })?;
        Ok(Self { writer, schema, columns: Columns::default(), waiting: 0, rows: 0, path })
    }

    /// Adds one row.
    pub fn write(&mut self, row: &TouchRow<'_>) -> Result<(), GenerateError> {
        self.columns.push(row);
        self.waiting += 1;
        self.rows += 1;
        if self.waiting == BATCH { self.flush().map_err(|source| self.fault(source)) } else { Ok(()) }
    }

    /// Completes the file and says how many rows it has.
    pub fn finish(mut self) -> Result<u64, GenerateError> {
        let written = self.flush().and_then(|()| self.writer.finish());
        written.map_err(|source| self.fault(source))?;
        Ok(self.rows)
    }

    /// Hands the waiting rows to the writer.
    fn flush(&mut self) -> Result<(), ParquetError> {
        self.waiting = 0;
        let batch = RecordBatch::try_new(self.schema.clone(), self.columns.finish())?;
        self.writer.write(&batch)
    }

    fn fault(&self, source: ParquetError) -> GenerateError {
        GenerateError::Parquet { path: self.path.clone(), source }
    }
}

/// The columns of the file.
fn schema() -> SchemaRef {
    let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(Schema::new(vec![
        Field::new("touch_id", DataType::Utf8, false),
        Field::new("touched_at", moment.clone(), false),
        Field::new("account_id", DataType::Utf8, true),
        Field::new("contact_id", DataType::Utf8, true),
        Field::new("campaign_id", DataType::Utf8, true),
        Field::new("channel", DataType::Utf8, true),
        Field::new("touch_type", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("responded", DataType::Boolean, true),
        Field::new("recorded_at", moment, true),
    ]))
}

/// How the file is written: small, as people download it.
fn properties() -> Result<WriterProperties, ParquetError> {
    // Touch ids never repeat but share their beginnings, so they are written as differences, not as a dictionary.
    let id = ColumnPath::from("touch_id");
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(6)?))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_column_dictionary_enabled(id.clone(), false)
        .set_column_encoding(id, Encoding::DELTA_BYTE_ARRAY)
        .set_created_by("closedloop generate".to_owned())
        .build())
}

impl Columns {
    /// Appends `row`.
    fn push(&mut self, row: &TouchRow<'_>) {
        let micros = |moment: Moment| moment.timestamp().as_microsecond();
        self.touch_id.append_value(&row.touch_id);
        self.touched_at.append_value(micros(row.touched_at));
        self.account_id.append_option(row.account_id.as_deref());
        self.contact_id.append_option(row.contact_id.as_deref());
        self.campaign_id.append_option(row.campaign_id.as_deref());
        self.channel.append_option(row.channel);
        self.touch_type.append_value(row.touch_type);
        self.source.append_value(row.source);
        self.responded.append_option(row.responded);
        self.recorded_at.append_option(row.recorded_at.map(micros));
    }

    /// Takes all rows appended so far.
    fn finish(&mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.touch_id.finish()),
            Arc::new(self.touched_at.finish()),
            Arc::new(self.account_id.finish()),
            Arc::new(self.contact_id.finish()),
            Arc::new(self.campaign_id.finish()),
            Arc::new(self.channel.finish()),
            Arc::new(self.touch_type.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.responded.finish()),
            Arc::new(self.recorded_at.finish()),
        ]
    }
}
