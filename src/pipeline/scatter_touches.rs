//! Streams the touchpoints from the engine past the index.

use super::error::RunError;
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::conditions::{eligible, of_sales, sql_fault};
use crate::engine::memory::Budget;
use crate::engine::words::words;
use crate::scatter::conversions::Conversions;
use crate::scatter::lines::{LineCodes, Lines};
use crate::scatter::partition::{Scatter, Scattered};
use crate::scatter::reader::{CONTACT_COLUMN, OF_SALES_COLUMN, ScatteredPart, TOUCH_COLUMNS, TOUCH_TYPE_COLUMN};
use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, col, is_null, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use std::thread::Builder;
use tokio::runtime::Runtime;

/// Reads every touchpoint of `touches`, see [`touch_columns`], once; `advance` is told how many rows have gone by, and `fail`
/// says what a failure means.
///
/// # Errors
/// A touchpoints source that cannot be read.
pub(super) fn scatter(
    runtime: &Runtime,
    touches: DataFrame,
    conversions: &Conversions,
    lines: LineCodes,
    budget: &Budget,
    fail: &(dyn Fn(DataFusionError) -> EngineError + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(Scattered, Lines), RunError> {
    let ids_are_text =
        touches.schema().field_with_unqualified_name("touch_id").map_err(fail)?.data_type() == &DataType::Utf8View;
    let streams = runtime.block_on(touches.execute_stream_partitioned()).map_err(fail)?;
    let scatter = Scatter::new(conversions, &lines, budget);
    let threads = streams.len();
    let parts: Vec<Result<ScatteredPart, RunError>> = std::thread::scope(|scope| {
        let start = |(number, stream)| {
            let scatter = &scatter;
            let read = move || read_stream(runtime, scatter, number, stream, fail, advance);
            Builder::new().spawn_scoped(scope, read).map_err(|error| RunError::no_threads(threads, &error))
        };
        let readers: Vec<_> = streams.into_iter().enumerate().map(start).collect();
        readers
            .into_iter()
            .map(|reader| Ok(reader?.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?))
            .collect()
    });
    let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let scattered = scatter.finish(parts, ids_are_text);
    Ok((scattered, lines.finish()))
}

fn read_stream(
    runtime: &Runtime,
    scatter: &Scatter<'_>,
    number: usize,
    mut stream: SendableRecordBatchStream,
    fail: &(dyn Fn(DataFusionError) -> EngineError + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<ScatteredPart, EngineError> {
    let mut reader = scatter.reader(number);
    while let Some(batch) = runtime.block_on(stream.next()) {
        let batch = batch.map_err(fail)?;
        reader.read(&batch)?;
        advance(batch.num_rows() as u64);
    }
    reader.finish()
}

/// The columns that the scatter reads, the predicates evaluated, of all touchpoints or those that `only` lets through.
///
/// # Errors
/// An `eligible` predicate that does not plan.
pub(super) async fn touch_columns(
    ctx: &SessionContext,
    plan: &Plan,
    only: Option<Expr>,
) -> Result<DataFrame, EngineError> {
    let touchpoints = ctx.table("touchpoints").await?;
    let touchpoints = match only {
        None => touchpoints,
        Some(only) => touchpoints.filter(only)?,
    };
    let eligible = eligible(&touchpoints, plan)?;
    let touch_type = plan.tells_types_apart().then_some(TOUCH_TYPE_COLUMN);
    let sales = plan.follows_accounts().then(|| of_sales(&touchpoints, plan)).transpose()?;
    let of_sales = sales.is_some().then_some(OF_SALES_COLUMN);
    let sales = sales.unwrap_or_else(|| lit(false));
    let contact = plan.source(Table::Contacts).map(|_| CONTACT_COLUMN);
    let columns = TOUCH_COLUMNS.into_iter().chain(contact).chain(touch_type).chain(of_sales);
    let selected = columns.map(|name| match name {
        "eligible" => eligible.clone().alias(name),
        OF_SALES_COLUMN => sales.clone().alias(name),
        "is_good" => is_null(col("reason")).alias(name),
        _ => col(name),
    });
    touchpoints.select(selected).map_err(|error| sql_fault("journeys.eligible", words(&error)))
}
