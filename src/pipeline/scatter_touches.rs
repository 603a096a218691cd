//! Streams the touchpoints from the engine past the index.

use super::error::RunError;
use super::prepare::Memory;
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::diagnose::is_about_values;
use crate::engine::ids::IdColumn;
use crate::engine::load::{Loaded, SOURCE_ROW, set_aside_rows};
use crate::engine::session;
use crate::engine::set_aside::{SetAsideRow, locate};
use crate::engine::words::words;
use crate::scatter::conversions::Conversions;
use crate::scatter::lines::{LineCodes, Lines};
use crate::scatter::partition::{Scatter, Scattered};
use crate::scatter::reader::{CONTACT_COLUMN, OF_SALES_COLUMN, ScatteredPart, TOUCH_COLUMNS, TOUCH_TYPE_COLUMN};
use crate::scatter::touch::Touch;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, cast, col, is_null, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use std::collections::{BTreeSet, HashMap};
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
    memory: &Memory,
    fail: &(dyn Fn(DataFusionError) -> EngineError + Sync),
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(Scattered, Lines), RunError> {
    let ids_are_text = touches.schema().field(0).data_type() == &DataType::Utf8View;
    let streams = runtime.block_on(touches.execute_stream_partitioned()).map_err(fail)?;
    let scatter = Scatter::new(conversions, &lines, &memory.budget, memory.spill.clone());
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

/// What made reading the touches fail: their source, or the conditions on them where the source alone can be read.
pub(super) async fn fault(ctx: &SessionContext, plan: &Plan, error: DataFusionError) -> EngineError {
    let conditions =
        if plan.journeys.suppress.is_empty() { "journeys.eligible" } else { "journeys.eligible or journeys.suppress" };
    match read_without_conditions(ctx).await {
        Err(error) => of_source(plan, error),
        Ok(()) if is_about_values(&error) => predicate_fault(conditions, words(&error)),
        Ok(()) => of_source(plan, error),
    }
}

async fn read_without_conditions(ctx: &SessionContext) -> Result<(), DataFusionError> {
    let mut rows = ctx.table("touchpoints").await?.drop_columns(&[SOURCE_ROW])?.execute_stream().await?;
    while rows.next().await.transpose()?.is_some() {}
    Ok(())
}

/// What made reading the source of touches fail.
fn of_source(plan: &Plan, error: DataFusionError) -> EngineError {
    match plan.source(Table::Touchpoints) {
        Some(source) => source.explain(&error),
        None => error.into(),
    }
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
    touchpoints.select(selected).map_err(|error| predicate_fault("journeys.eligible", words(&error)))
}

/// Whether the configuration lets a touch earn credit: eligible, and no suppression rule matches.
pub(super) fn eligible(touchpoints: &DataFrame, plan: &Plan) -> Result<Expr, EngineError> {
    let eligible = condition(touchpoints, "journeys.eligible", &plan.journeys.eligible)?;
    not_suppressed(touchpoints, plan, eligible)
}

/// Whether a touch is of sales, whatever it may earn: the models that learn from rates control for it.
fn of_sales(touchpoints: &DataFrame, plan: &Plan) -> Result<Expr, EngineError> {
    not_suppressed(touchpoints, plan, col("source").eq(lit("sales")))
}

/// A condition on touches that no suppression rule matches.
fn not_suppressed(touchpoints: &DataFrame, plan: &Plan, mut condition_so_far: Expr) -> Result<Expr, EngineError> {
    for (name, rule) in &plan.journeys.suppress {
        let rule = condition(touchpoints, &format!("journeys.suppress.{name}"), rule)?;
        condition_so_far = condition_so_far.and(rule.is_not_true());
    }
    Ok(condition_so_far)
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
    let rows = session::collect(bad).await.map_err(|error| of_source(plan, error))?;
    let mut rows = set_aside_rows(Table::Touchpoints, &loaded.touch_cells, &rows)?;
    rows.sort();
    if let Some(source) = plan.source(Table::Touchpoints) {
        locate(source, &mut rows)?;
    }
    Ok(rows)
}

/// Touches whose identifier was repeated within their account, as rows to set aside with the text they were read from.
pub(super) async fn repeated(
    ctx: &SessionContext,
    plan: &Plan,
    loaded: &Loaded,
    touches: &[(String, Touch)],
    lines: &Lines,
) -> Result<Vec<SetAsideRow>, EngineError> {
    if touches.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<&String> = touches.iter().map(|(id, _)| id).collect();
    let of_wanted = cast(col("touch_id"), DataType::Utf8).in_list(wanted.into_iter().map(lit).collect(), false);
    let touchpoints = ctx.table("touchpoints").await?.filter(of_wanted)?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let columns = [col("touch_id"), col("touched_at"), col("campaign_id"), eligible, col(SOURCE_ROW)];
    let reason = lit("duplicate_key").alias("reason");
    let rows = session::collect(touchpoints.select(columns.into_iter().chain([reason]))?);
    let rows = rows.await.map_err(|error| of_source(plan, error))?;
    let candidates = set_aside_rows(Table::Touchpoints, &loaded.touch_cells, &rows)?;
    let keys = touch_keys(&rows)?;
    let mut rejected = Vec::with_capacity(touches.len());
    let mut by_key: HashMap<TouchKey, Vec<SetAsideRow>> = HashMap::new();
    for (key, row) in keys.into_iter().zip(candidates) {
        by_key.entry(key).or_default().push(row);
    }
    // Of rows that the engine cannot tell apart the least is taken to be rejected, whatever the input's order.
    by_key.values_mut().for_each(|rows| rows.sort_by(|a, b| b.cmp(a)));
    for (id, touch) in touches {
        let key = (id.clone(), touch.at, lines.line(touch.line).campaign.clone(), touch.eligible);
        rejected.extend(by_key.get_mut(&key).and_then(Vec::pop));
    }
    rejected.sort();
    if let Some(source) = plan.source(Table::Touchpoints) {
        locate(source, &mut rejected)?;
    }
    Ok(rejected)
}

/// Identifier, instant and campaign of a touch, and whether it can earn credit.
type TouchKey = (String, i64, Option<String>, bool);

fn touch_keys(rows: &RecordBatch) -> Result<Vec<TouchKey>, EngineError> {
    let ids = IdColumn::try_new(rows.column(0))?;
    let instants = rows.column(1).as_primitive::<TimestampMicrosecondType>();
    let campaigns = IdColumn::try_new(rows.column(2))?;
    let eligible = rows.column(3).as_boolean();
    let key = |row| {
        let eligible = eligible.is_valid(row) && eligible.value(row);
        (ids.text(row).unwrap_or_default(), instants.value(row), campaigns.text(row), eligible)
    };
    Ok((0..rows.num_rows()).map(key).collect())
}
