//! The rows of CSV files that hold more than a header and rows in UTF-8, which the engine cannot read by itself.

use crate::config::plan::CsvLayout;
use arrow::csv::ReaderBuilder;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use std::path::PathBuf;
use std::sync::Arc;

/// The rows of files as a table with columns of text, to be read when it is asked.
pub(super) fn csv_rows(files: &[PathBuf], layout: CsvLayout, schema: &SchemaRef) -> Result<StreamingTable> {
    let rows = CsvRows { files: files.to_vec(), layout, schema: Arc::clone(schema) };
    StreamingTable::try_new(Arc::clone(schema), vec![Arc::new(rows)])
}

/// The rows of one file after the other.
#[derive(Debug, Clone)]
struct CsvRows {
    files: Vec<PathBuf>,
    layout: CsvLayout,
    schema: SchemaRef,
}

impl PartitionStream for CsvRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 1);
        let (rows, batches) = (self.clone(), stream.tx());
        let size = ctx.session_config().batch_size();
        stream.spawn_blocking(move || {
            for file in &rows.files {
                let reader = ReaderBuilder::new(Arc::clone(&rows.schema)).with_header(true).with_batch_size(size);
                let text = rows.layout.text(file).map_err(DataFusionError::from)?;
                for batch in reader.with_delimiter(rows.layout.delimiter).build(text)? {
                    // Nobody may be listening any more.
                    if batches.blocking_send(Ok(batch?)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        stream.build()
    }
}
