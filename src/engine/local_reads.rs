//! Parquet files of the local file system, read by the thread that asks for them.
//!
//! The engine's own way hands every read to another thread, which writes zeros first where the file's bytes will stand. Files
//! mostly lie in the page cache, from where a row group comes sooner than another thread wakes up.

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::Result;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::{BoxFuture, FutureExt, ready};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Makes readers that read in place, and leave footers to those of another factory.
#[derive(Debug)]
pub(super) struct LocalReads {
    others: Arc<dyn ParquetFileReaderFactory>,
}

impl LocalReads {
    pub(super) fn new(others: Arc<dyn ParquetFileReaderFactory>) -> Self {
        Self { others }
    }
}

impl ParquetFileReaderFactory for LocalReads {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let path = LocalFileSystem::new().path_to_filesystem(&file.object_meta.location)?;
        let other = self.others.create_reader(partition_index, file, metadata_size_hint, metrics)?;
        Ok(Box::new(LocalReader { path, file: None, other }))
    }
}

struct LocalReader {
    path: PathBuf,
    file: Option<File>,
    other: Box<dyn AsyncFileReader + Send>,
}

impl LocalReader {
    /// What stands in a range of the file; `None` where it cannot be read.
    fn read(&mut self, range: &Range<u64>) -> Option<Bytes> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::open(&self.path).ok()?),
        };
        let length = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        let mut bytes = Vec::with_capacity(length);
        file.seek(SeekFrom::Start(range.start)).ok()?;
        let read = file.take(range.end - range.start).read_to_end(&mut bytes).ok()?;
        (read == length).then(|| bytes.into())
    }
}

impl AsyncFileReader for LocalReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, errors::Result<Bytes>> {
        match self.read(&range) {
            Some(bytes) => ready(Ok(bytes)).boxed(),
            // The other says why.
            None => self.other.get_bytes(range),
        }
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, errors::Result<Vec<Bytes>>> {
        match ranges.iter().map(|range| self.read(range)).collect() {
            Some(bytes) => ready(Ok(bytes)).boxed(),
            None => self.other.get_byte_ranges(ranges),
        }
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, errors::Result<Arc<ParquetMetaData>>> {
        self.other.get_metadata(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
    use datafusion::object_store::path::Path;
    use datafusion::object_store::{ObjectStore, ObjectStoreExt};
    use tempfile::TempDir;
    use tokio::runtime::{Builder, Runtime};

    /// A folder with one file, called as people call theirs, and a reader of it.
    fn reader_of(text: &str) -> (TempDir, Runtime, Box<dyn AsyncFileReader + Send>) {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), Builder::new_multi_thread().build().unwrap());
        let path = folder.path().join("größe 100 % #1.parquet");
        std::fs::write(&path, text).unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
        let meta = runtime.block_on(store.head(&Path::from_absolute_path(path).unwrap())).unwrap();
        let readers = LocalReads::new(Arc::new(DefaultParquetFileReaderFactory::new(store)));
        let reader = readers.create_reader(0, meta.into(), None, &ExecutionPlanMetricsSet::new()).unwrap();
        (folder, runtime, reader)
    }

    #[test]
    fn a_range_is_what_stands_there_and_is_read_at_once() {
        let (_folder, _, mut reader) = reader_of("abcdef");
        let read = reader.get_byte_ranges(vec![4..6, 0..3, 2..2]).now_or_never();
        assert_eq!(read.unwrap().unwrap(), ["ef", "abc", ""].map(Bytes::from));
        assert_eq!(reader.get_bytes(1..2).now_or_never().unwrap().unwrap(), "b");
    }

    #[test]
    fn what_cannot_be_read_is_the_others_to_tell() {
        let (folder, runtime, mut reader) = reader_of("abcdef");
        drop(folder);
        for range in [0..1, 0..6] {
            let error = runtime.block_on(reader.get_byte_ranges(vec![range])).unwrap_err().to_string();
            assert!(error.contains("#1.parquet"), "{error}");
        }
    }
}
