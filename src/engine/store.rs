//! Canonical rows as they come: held in memory, or under a memory limit, once they are many, in a compressed Arrow IPC
//! file from which every query reads them again.

use super::{EngineError, ipc_file, session};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow_ipc::writer::FileWriter;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of one table that a memory limit lets stay in memory.
const HELD_BYTES: usize = 32 << 20;

/// Takes the rows of one table.
pub(super) struct RowStore {
    /// Where rows go that are too many; `None` without a memory limit.
    path: Option<PathBuf>,
    held: Vec<RecordBatch>,
    bytes: usize,
    file: Option<RowFileWriter>,
}

struct RowFileWriter {
    schema: SchemaRef,
    writer: FileWriter<BufWriter<File>>,
    batches: usize,
}

impl RowStore {
    /// A store called `name`, as no other is, whose rows go to the folder `scratch` when they are too many.
    pub(super) fn new(scratch: Option<&Path>, name: &str) -> Self {
        let path = scratch.map(|folder| folder.join(format!("{name}.arrow")));
        Self { path, held: Vec::new(), bytes: 0, file: None }
    }

    /// Takes a batch.
    pub(super) fn push(&mut self, rows: RecordBatch) -> Result<(), EngineError> {
        self.bytes += rows.get_array_memory_size();
        self.held.push(rows);
        let Some(path) = self.path.as_ref().filter(|_| self.file.is_some() || self.bytes > HELD_BYTES) else {
            return Ok(());
        };
        for rows in std::mem::take(&mut self.held) {
            let file = match &mut self.file {
                Some(file) => file,
                None => self.file.insert(RowFileWriter::create(path, rows.schema())?),
            };
            file.writer.write(&rows).map_err(EngineError::spill(path))?;
            file.batches += 1;
        }
        Ok(())
    }

    /// All rows that came.
    pub(super) fn finish(self) -> Result<StoredRows, EngineError> {
        match (self.file, self.path) {
            (Some(mut file), Some(path)) => {
                file.writer.finish().map_err(EngineError::spill(&path))?;
                Ok(StoredRows::OnDisk(RowFile { path, schema: file.schema, batches: file.batches }))
            }
            _ => Ok(StoredRows::Held(self.held)),
        }
    }
}

impl RowFileWriter {
    fn create(path: &Path, schema: SchemaRef) -> Result<Self, EngineError> {
        Ok(Self { writer: ipc_file::create(path, &schema)?, schema, batches: 0 })
    }
}

/// The rows of one table.
pub(super) enum StoredRows {
    /// In the pieces in which they came, so that a large table is never copied.
    Held(Vec<RecordBatch>),
    /// In a file.
    OnDisk(RowFile),
}

/// Batches in an Arrow IPC file.
#[derive(Debug, Clone)]
pub(super) struct RowFile {
    path: PathBuf,
    schema: SchemaRef,
    batches: usize,
}

impl StoredRows {
    /// The rows, piece by piece.
    pub(super) fn batches(
        &self,
    ) -> Result<Box<dyn Iterator<Item = Result<RecordBatch, EngineError>> + '_>, EngineError> {
        Ok(match self {
            Self::Held(batches) => Box::new(batches.iter().cloned().map(Ok)),
            Self::OnDisk(file) => Box::new(file.read(None, 0, 1)?),
        })
    }

    /// Registers the rows as the table `name`, without the columns `left_out`.
    pub(super) fn register(self, ctx: &SessionContext, name: &str, left_out: &[&str]) -> Result<(), EngineError> {
        match self {
            Self::Held(batches) => {
                let batches = batches.iter().map(|rows| without(rows, left_out)).collect::<Result<_, _>>()?;
                session::register_batches(ctx, name, batches)
            }
            Self::OnDisk(file) => {
                let columns = columns_but(&file.schema, left_out);
                let schema = Arc::new(file.schema.project(&columns)?);
                let parts = ctx.state().config().target_partitions();
                let partitions = (0..parts).map(|part| -> Arc<dyn PartitionStream> {
                    let (file, schema, columns) = (file.clone(), Arc::clone(&schema), columns.clone());
                    Arc::new(FilePartition { file, schema, columns, part, parts })
                });
                let table = StreamingTable::try_new(Arc::clone(&schema), partitions.collect())?;
                ctx.register_table(name, Arc::new(table))?;
                Ok(())
            }
        }
    }
}

impl RowFile {
    /// Reads every `parts`-th batch, from the `part`-th on, with these columns or all.
    fn read(
        &self,
        columns: Option<Vec<usize>>,
        part: usize,
        parts: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, EngineError>> + Send + use<>, EngineError> {
        ipc_file::read(&self.path, columns, (part..self.batches).step_by(parts))
    }
}

/// One of several streams that share the batches of a file, with some of its columns.
#[derive(Debug)]
struct FilePartition {
    file: RowFile,
    schema: SchemaRef,
    columns: Vec<usize>,
    part: usize,
    parts: usize,
}

impl PartitionStream for FilePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches: Box<dyn Iterator<Item = Result<RecordBatch, EngineError>> + Send> =
            match self.file.read(Some(self.columns.clone()), self.part, self.parts) {
                Ok(batches) => Box::new(batches),
                Err(error) => Box::new(std::iter::once(Err(error))),
            };
        let batches = batches.map(|rows| rows.map_err(|error| DataFusionError::External(Box::new(error))));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(batches)))
    }
}

/// Rows without some of their columns.
pub(super) fn without(rows: &RecordBatch, names: &[&str]) -> Result<RecordBatch, ArrowError> {
    rows.project(&columns_but(rows.schema_ref(), names))
}

/// The positions of all columns but these.
fn columns_but(schema: &Schema, names: &[&str]) -> Vec<usize> {
    (0..schema.fields().len()).filter(|&i| !names.contains(&schema.field(i).name().as_str())).collect()
}
