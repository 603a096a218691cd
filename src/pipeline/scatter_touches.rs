//! Streams the touchpoints from the engine past the index.

use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::load::{Loaded, set_aside_rows};
use crate::engine::session;
use crate::engine::set_aside::{SetAsideRow, locate, reason};
use crate::engine::words::words;
use crate::scatter::conversions::Conversions;
use crate::scatter::lines::{LineCodes, Lines};
use crate::scatter::partition::{Scatter, Scattered, ScatteredPart, TOUCH_COLUMNS, TOUCH_TYPE_COLUMN};
use crate::scatter::touch::{Touch, TouchIds};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, cast, col, is_null};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;

/// Reads every touchpoint once, or those that `only` lets through; `advance` is told how many rows have gone by.
///
/// # Errors
/// A touchpoints source that cannot be read, or an `eligible` predicate that does not plan.
pub(super) fn scatter(
    runtime: &Runtime,
    ctx: &SessionContext,
    plan: &Plan,
    conversions: &Conversions,
    lines: LineCodes,
    only: Option<Expr>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(Scattered, Lines), EngineError> {
    let touches = runtime.block_on(touch_columns(ctx, plan, only))?;
    let ids_are_text = touches.schema().field(0).data_type() == &DataType::Utf8View;
    let fail = |error| match plan.source(Table::Touchpoints) {
        Some(source) => source.explain(&error),
        None => error.into(),
    };
    let streams = runtime.block_on(touches.execute_stream_partitioned()).map_err(fail)?;
    let scatter = Scatter::new(conversions, &lines);
    let next = AtomicUsize::new(0);
    let parts: Vec<Result<ScatteredPart, EngineError>> = std::thread::scope(|scope| {
        let readers: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let (scatter, number) = (&scatter, next.fetch_add(1, Ordering::Relaxed));
                scope.spawn(move || read_stream(runtime, scatter, number, stream, &fail, advance))
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
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
    Ok(reader.finish())
}

/// The columns that the scatter reads, the predicates evaluated.
async fn touch_columns(ctx: &SessionContext, plan: &Plan, only: Option<Expr>) -> Result<DataFrame, EngineError> {
    let touchpoints = ctx.table("touchpoints").await?;
    let touchpoints = match only {
        None => touchpoints,
        Some(only) => touchpoints.filter(only)?,
    };
    let eligible = eligible(&touchpoints, plan)?;
    let touch_type = plan.journeys.collapse.is_some().then_some(TOUCH_TYPE_COLUMN);
    let selected = TOUCH_COLUMNS.into_iter().chain(touch_type).map(|name| match name {
        "eligible" => eligible.clone().alias(name),
        "is_good" => is_null(col("reason")).alias(name),
        _ => col(name),
    });
    touchpoints.select(selected).map_err(|error| predicate_fault("journeys.eligible", words(&error)))
}

/// Whether the configuration lets a touch earn credit: eligible, and no suppression rule matches.
pub(super) fn eligible(touchpoints: &DataFrame, plan: &Plan) -> Result<Expr, EngineError> {
    let mut eligible = condition(touchpoints, "journeys.eligible", &plan.journeys.eligible)?;
    for (name, rule) in &plan.journeys.suppress {
        let rule = condition(touchpoints, &format!("journeys.suppress.{name}"), rule)?;
        eligible = eligible.and(rule.is_not_true());
    }
    Ok(eligible)
}

/// A configured condition on one touch.
fn condition(touchpoints: &DataFrame, key: &str, sql: &str) -> Result<Expr, EngineError> {
    let condition = touchpoints.parse_sql_expr(sql).map_err(|error| predicate_fault(key, words(&error)))?;
    if condition.exists(|part| Ok(looks_beyond_its_row(part)))? {
        return Err(predicate_fault(key, "must be a condition on one touch".to_owned()));
    }
    Ok(cast(condition, DataType::Boolean))
}

fn predicate_fault(key: &str, message: String) -> EngineError {
    EngineError::Sql { key: key.to_owned(), message }
}

fn looks_beyond_its_row(part: &Expr) -> bool {
    use Expr::{AggregateFunction, Exists, InSubquery, ScalarSubquery, WindowFunction};
    matches!(part, AggregateFunction(_) | WindowFunction(_) | Exists(_) | InSubquery(_) | ScalarSubquery(_))
}

/// The touchpoints that cannot be read, with reason and place.
pub(super) async fn unreadable(
    ctx: &SessionContext,
    plan: &Plan,
    loaded: &Loaded,
) -> Result<Vec<SetAsideRow>, EngineError> {
    let bad = session::read_only(ctx, include_str!("../../sql/stage/unreadable_touchpoints.sql")).await?;
    let rows = session::collect(bad).await?;
    let mut rows = set_aside_rows(Table::Touchpoints, &loaded.touch_cells, &rows)?;
    if let Some(source) = plan.source(Table::Touchpoints) {
        locate(source, &mut rows)?;
    }
    Ok(rows)
}

/// Touches whose identifier was repeated within their account, as rows to set aside.
pub(super) fn repeated(touches: &[Touch], ids: &TouchIds, lines: &Lines, plan: &Plan) -> Vec<SetAsideRow> {
    let rows = touches.iter().map(|touch| {
        let mut key = String::new();
        ids.write(touch.id, &mut key);
        let line = lines.line(touch.line);
        let at = jiff::Timestamp::from_microsecond(touch.at).map(|at| at.to_string()).ok();
        let cells = vec![
            ("touch_id".to_owned(), Some(key.clone())),
            ("touched_at".to_owned(), at),
            ("campaign_id".to_owned(), line.campaign.clone()),
            ("channel".to_owned(), Some(line.channel.clone())),
        ];
        SetAsideRow {
            table: Table::Touchpoints,
            reason: reason("duplicate_key"),
            key: Some(key),
            amount: None,
            cells,
            file: None,
            line: None,
        }
    });
    let mut rows: Vec<SetAsideRow> = rows.collect();
    rows.sort();
    if let Some(source) = plan.source(Table::Touchpoints) {
        // A repeat that cannot be placed is still set aside; the file was read once without fault.
        let _ = crate::engine::set_aside::locate_by_key(source, "touch_id", &mut rows);
    }
    rows
}
