//! Spilling: partitions that do not fit the memory limit wait in a compressed Arrow IPC file, one record batch a piece.

use super::pieces::Piece;
use super::touch::ScatteredTouch;
use crate::engine::{EngineError, ipc_file};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt16Type, UInt32Type, UInt64Type};
use arrow_ipc::writer::FileWriter;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One reader's spill file as it grows.
pub(super) struct SpillWriter {
    path: PathBuf,
    schema: Arc<Schema>,
    writer: FileWriter<BufWriter<File>>,
    /// The partition of every batch.
    partitions: Vec<usize>,
}

impl SpillWriter {
    /// Opens the spill file of a reader.
    pub(super) fn create(folder: &Path, reader: usize) -> Result<Self, EngineError> {
        let path = folder.join(format!("touches-{reader}.arrow"));
        let columns = [
            ("touched_at", DataType::Int64),
            ("id", DataType::UInt64),
            ("line", DataType::UInt32),
            ("slot", DataType::UInt16),
            ("touch_type", DataType::UInt16),
            ("contact", DataType::UInt32),
            ("text", DataType::Utf8),
        ];
        let fields: Vec<Field> = columns.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let writer = ipc_file::create(&path, &schema)?;
        Ok(Self { path, schema, writer, partitions: Vec::new() })
    }

    /// Appends a piece of a partition.
    pub(super) fn write(&mut self, partition: usize, piece: &Piece) -> Result<(), EngineError> {
        let touches = || piece.touches();
        let rows = touches().count();
        let contacts: UInt32Array = piece.contacts().map(Some).chain(std::iter::repeat(None)).take(rows).collect();
        let texts: StringArray = piece.texts().iter().map(Some).chain(std::iter::repeat(None)).take(rows).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(touches().map(|touch| touch.at).collect::<Int64Array>()),
            Arc::new(touches().map(|touch| touch.id).collect::<UInt64Array>()),
            Arc::new(touches().map(|touch| touch.line_word).collect::<UInt32Array>()),
            Arc::new(touches().map(|touch| touch.slot).collect::<UInt16Array>()),
            Arc::new(touches().map(|touch| touch.touch_type).collect::<UInt16Array>()),
            Arc::new(contacts),
            Arc::new(texts),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch).map_err(EngineError::spill(&self.path))?;
        self.partitions.push(partition);
        Ok(())
    }

    /// Completes the file.
    pub(super) fn finish(mut self) -> Result<SpillFile, EngineError> {
        self.writer.finish().map_err(EngineError::spill(&self.path))?;
        let mut batches: Vec<(usize, usize)> = self.partitions.into_iter().enumerate().map(|(b, p)| (p, b)).collect();
        batches.sort_unstable();
        Ok(SpillFile { path: self.path, batches })
    }
}

/// One reader's pieces on disk.
#[derive(Debug)]
pub(super) struct SpillFile {
    path: PathBuf,
    /// Partition and position of every batch, sorted.
    batches: Vec<(usize, usize)>,
}

impl SpillFile {
    /// Reads the pieces of a partition, in the order in which they were written.
    pub(super) fn read(&self, partition: usize) -> Result<Vec<Piece>, EngineError> {
        let start = self.batches.partition_point(|&(of, _)| of < partition);
        let end = self.batches.partition_point(|&(of, _)| of <= partition);
        if start == end {
            return Ok(Vec::new());
        }
        let batches = ipc_file::read(&self.path, None, self.batches[start..end].iter().map(|&(_, batch)| batch))?;
        batches.map(|rows| Ok(piece_of(&rows?))).collect()
    }
}

fn piece_of(rows: &RecordBatch) -> Piece {
    let at = rows.column(0).as_primitive::<Int64Type>().values();
    let ids = rows.column(1).as_primitive::<UInt64Type>().values();
    let lines = rows.column(2).as_primitive::<UInt32Type>().values();
    let slots = rows.column(3).as_primitive::<UInt16Type>().values();
    let types = rows.column(4).as_primitive::<UInt16Type>().values();
    let contacts = rows.column(5).as_primitive::<UInt32Type>();
    let texts = rows.column(6).as_string::<i32>();
    let mut piece = Piece::default();
    for text in texts.iter().flatten() {
        piece.push_text(text);
    }
    for (row, contact) in contacts.iter().enumerate() {
        let (line_word, slot, touch_type) = (lines[row], slots[row], types[row]);
        piece.push(ScatteredTouch { at: at[row], id: ids[row], line_word, slot, touch_type }, contact);
    }
    piece
}
