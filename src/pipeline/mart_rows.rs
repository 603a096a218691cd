//! The rows of marts, written as they are told, so that no mart is ever held whole.

use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::engine::EngineError;
use crate::engine::session;
use crate::mart::stage::MartStage;
use crate::mart::writer::{ROW_GROUP_ROWS, WrittenMart};
use arrow::array::{RecordBatch, make_array};
use arrow::compute::BatchCoalescer;
use datafusion::error::DataFusionError;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use rayon::prelude::*;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Rows of a piece that is handed to the writer; row groups hold a whole number of them.
const PIECE_ROWS: usize = ROW_GROUP_ROWS / 8;

/// The rows of a mart, in order.
pub(super) enum MartRows {
    /// At hand.
    Held(RecordBatch),
    /// Told by queries, one after the other.
    Told(Vec<DataFrame>),
}

impl From<RecordBatch> for MartRows {
    fn from(rows: RecordBatch) -> Self {
        Self::Held(rows)
    }
}

/// Writes the marts side by side, in their order as threads come free; one after the other where memory is limited, which
/// each query is then to have for itself.
///
/// # Errors
/// SQL of ours that does not run, or a file that cannot be written.
pub(super) fn write_marts(
    workers: &Workers,
    prepared: &Prepared,
    stage: &MartStage<'_>,
    marts: Vec<(&'static str, MartRows)>,
) -> Result<Vec<WrittenMart>, RunError> {
    let write = |(name, rows)| write_mart(&workers.runtime, stage, name, rows);
    let is_limited = session::has_limited_memory(&prepared.ctx);
    workers.pool.install(|| match is_limited {
        true => marts.into_iter().map(write).collect(),
        false => marts.into_iter().par_bridge().map(write).collect(),
    })
}

fn write_mart(
    runtime: &Runtime,
    stage: &MartStage<'_>,
    name: &'static str,
    rows: MartRows,
) -> Result<WrittenMart, RunError> {
    let failed = |error: DataFusionError| RunError::from(EngineError::from(error));
    let mut writer = stage.writer(name)?;
    match rows {
        MartRows::Held(rows) => writer.write(vec![rows])?,
        MartRows::Told(queries) => {
            for query in queries {
                let mut rows = runtime.block_on(query.execute_stream()).map_err(failed)?;
                // Pages end where batches do, and the engine cuts these as its threads come and go.
                let mut pieces = BatchCoalescer::new(rows.schema(), PIECE_ROWS);
                while let Some(rows) = runtime.block_on(rows.next()) {
                    pieces.push_batch(rows.map_err(failed)?).map_err(EngineError::from)?;
                    writer.write(completed(&mut pieces)?)?;
                }
                pieces.finish_buffered_batch().map_err(EngineError::from)?;
                writer.write(completed(&mut pieces)?)?;
            }
        }
    }
    Ok(writer.finish()?)
}

/// The pieces that are complete, each as its rows alone make it.
fn completed(pieces: &mut BatchCoalescer) -> Result<Vec<RecordBatch>, EngineError> {
    std::iter::from_fn(|| pieces.next_completed_batch()).map(|rows| without_idle_bitmaps(&rows)).collect()
}

/// Rows without the bitmaps of nulls that mark none: which columns have one depends on the batches that the rows were in, and
/// the writer cuts pages elsewhere where one is.
fn without_idle_bitmaps(rows: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let columns = rows.columns().iter().map(|column| match column.nulls() {
        Some(nulls) if nulls.null_count() == 0 => Ok(make_array(column.to_data().into_builder().nulls(None).build()?)),
        _ => Ok(Arc::clone(column)),
    });
    Ok(RecordBatch::try_new(rows.schema(), columns.collect::<Result<_, EngineError>>()?)?)
}
