//! Compressed Arrow IPC files, in which rows wait that exceed the memory limit.

use super::EngineError;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// Begins a file where none is.
///
/// # Errors
/// A folder that takes no file of that name.
pub(crate) fn create(path: &Path, schema: &Schema) -> Result<FileWriter<BufWriter<File>>, EngineError> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let file = File::create_new(path).map_err(EngineError::spill(path))?;
    FileWriter::try_new_with_options(BufWriter::new(file), schema, options).map_err(EngineError::spill(path))
}

/// The batches of a file at these positions, with these of its columns or all, each read when it is asked for.
///
/// # Errors
/// A file that cannot be read back, or a batch of it.
pub(crate) fn read<P: Iterator<Item = usize>>(
    path: &Path,
    columns: Option<Vec<usize>>,
    positions: P,
) -> Result<impl Iterator<Item = Result<RecordBatch, EngineError>> + use<P>, EngineError> {
    let file = File::open(path).map_err(EngineError::spill(path))?;
    let mut reader = FileReader::try_new(BufReader::new(file), columns).map_err(EngineError::spill(path))?;
    let batches = positions.filter_map(move |position| match reader.set_index(position) {
        Ok(()) => reader.next(),
        Err(error) => Some(Err(error)),
    });
    let fault = EngineError::spill(path);
    Ok(batches.map(move |rows| rows.map_err(&fault)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array};
    use std::sync::Arc;

    #[test]
    fn a_file_cut_short_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.arrow");
        let numbers: ArrayRef = Arc::new((0..1_000).collect::<Int64Array>());
        let rows = RecordBatch::try_from_iter([("number", numbers)]).unwrap();
        let mut writer = create(&path, rows.schema_ref()).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
        drop(writer);
        let read_back: Vec<RecordBatch> = read(&path, None, 0..1).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(read_back, [rows]);

        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        let error = read(&path, None, 0..1).err().unwrap().to_string();
        assert!(error.contains("rows.arrow cannot hold what exceeds the memory limit"), "{error}");
    }
}
