//! The DataFusion session of a run: threads, views and the SQL files.

use super::constant_columns::ConstantColumns;
use super::memory::Budget;
use super::parquet_scans::ParquetScans;
use super::{EngineError, functions};
use crate::config::{Calendar, Plan};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::common::ParamValues;
use datafusion::common::runtime::SpawnedTask;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::optimizer::Optimizer;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, collect_partitioned, displayable};
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext, col};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// Rows of a batch. Rows in batches as long as this pass filters that keep all of them without being copied.
pub const BATCH_ROWS: usize = 8_192 * 4;

/// What a memory limit has for every partition of a query that sorts, and for what it joins.
const SORT_BYTES: usize = 64 << 20;

/// A session for `plan` with `threads` partitions, whose operators take their memory from `budget`.
///
/// # Errors
/// A temporary folder that cannot be made.
pub fn open(plan: &Plan, threads: usize, budget: &Budget) -> Result<SessionContext, EngineError> {
    let ctx = open_in(&plan.calendar, plan.finance.minor_digits, threads, budget)?;
    functions::register_of_plan(&ctx, plan);
    Ok(ctx)
}

/// A session without a plan: its functions know the calendar and the digits of the minor unit.
///
/// # Errors
/// A temporary folder that cannot be made.
pub fn open_in(
    calendar: &Calendar,
    minor_digits: u8,
    threads: usize,
    budget: &Budget,
) -> Result<SessionContext, EngineError> {
    let mut config = SessionConfig::new().with_target_partitions(threads).with_batch_size(BATCH_ROWS);
    // Of what zone TIMESTAMPTZ is: without one it would lose the offsets of texts.
    config.options_mut().execution.time_zone = Some(calendar.zone_name().to_owned());
    let runtime = budget.runtime()?;
    // What a sort takes at the least: two batches, and what it keeps for merging.
    if let Some(limit) = memory_limit(&runtime) {
        config = config.with_batch_size(BATCH_ROWS / 4).with_sort_spill_reservation_bytes(limit / 128);
    }
    let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features();
    let mut rules = Optimizer::new().rules;
    rules.insert(0, Arc::new(ConstantColumns));
    let state = state.with_optimizer_rules(rules).with_physical_optimizer_rule(Arc::new(ParquetScans));
    let ctx = SessionContext::new_with_state(state.build());
    functions::register(&ctx, calendar, minor_digits);
    Ok(ctx)
}

/// A session with the same functions, memory and tables, whose plans have one partition.
pub fn unpartitioned(ctx: &SessionContext) -> SessionContext {
    repartitioned(ctx, 1)
}

/// A session with the same functions, memory and tables, whose plans have no more partitions than can sort at once.
pub fn for_sorts(ctx: &SessionContext) -> SessionContext {
    let partitions = ctx.state().config().target_partitions();
    match memory_limit(&ctx.runtime_env()) {
        Some(limit) => repartitioned(ctx, (limit / SORT_BYTES).clamp(1, partitions)),
        None => ctx.clone(),
    }
}

fn repartitioned(ctx: &SessionContext, partitions: usize) -> SessionContext {
    // A new catalogue would hide the tables.
    let config = ctx.copied_config().with_target_partitions(partitions).with_create_default_catalog_and_schema(false);
    SessionContext::new_with_state(SessionStateBuilder::new_from_existing(ctx.state()).with_config(config).build())
}

/// A session with the same functions and memory, without tables, whose plans have one partition.
pub fn single(ctx: &SessionContext) -> SessionContext {
    let state = SessionStateBuilder::new_from_existing(ctx.state())
        .with_config(ctx.copied_config().with_target_partitions(1))
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
    SessionContext::new_with_state(state.build())
}

/// Plans one query that can only read.
pub async fn read_only(ctx: &SessionContext, sql: &str) -> Result<DataFrame, DataFusionError> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    ctx.sql_with_options(sql, options).await
}

/// Plans `sql`, one of the files under `sql/`, with values for those of these parameters that it names.
pub async fn read_with(
    ctx: &SessionContext,
    sql: &str,
    values: &[(&str, ScalarValue)],
) -> Result<DataFrame, DataFusionError> {
    let frame = read_only(ctx, sql).await?;
    let named = values.iter().filter(|(name, _)| sql.contains(&format!("${name}")));
    let named: Vec<(String, ScalarValue)> = named.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    if named.is_empty() { Ok(frame) } else { frame.with_param_values(ParamValues::from(named)) }
}

/// A list of texts as the value of a parameter.
pub fn texts(texts: impl Iterator<Item: Into<ScalarValue>>) -> ScalarValue {
    let texts: Vec<ScalarValue> = texts.map(Into::into).collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&texts, &DataType::Utf8))
}

/// Registers `sql`, one of the files under `sql/`, as the view `name`.
pub async fn register_view(ctx: &SessionContext, name: &str, sql: &str) -> Result<(), EngineError> {
    let view = read_only(ctx, sql).await?.into_view();
    ctx.register_table(name, view)?;
    Ok(())
}

/// Runs a query and returns its rows as one batch. The plan and its rows may disagree on what can be null; the rows win.
pub async fn collect(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let planned = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await?;
    let schema = batches.first().map_or(planned, RecordBatch::schema);
    Ok(joined(&schema, batches)?)
}

/// A query under way.
pub struct Query<T>(SpawnedTask<Result<T, DataFusionError>>);

impl<T: Send + 'static> Query<T> {
    /// Starts it on the runtime of the caller.
    pub fn start(query: impl Future<Output = Result<T, DataFusionError>> + Send + 'static) -> Self {
        Self(SpawnedTask::spawn(query))
    }

    /// Waits for its rows.
    ///
    /// # Errors
    /// A query that fails.
    pub async fn rows(self) -> Result<T, DataFusionError> {
        joined_task(self.0).await?
    }
}

/// What a task beside this one comes to; where it panicked, so does this.
///
/// # Errors
/// A task that was cancelled, as only an end of the runtime does.
pub async fn joined_task<T: 'static>(task: SpawnedTask<T>) -> Result<T, DataFusionError> {
    task.join_unwind().await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))
}

/// Whether what the session holds is limited.
pub fn has_limited_memory(ctx: &SessionContext) -> bool {
    memory_limit(&ctx.runtime_env()).is_some()
}

fn memory_limit(runtime: &RuntimeEnv) -> Option<usize> {
    match runtime.memory_pool.memory_limit() {
        MemoryLimit::Finite(bytes) => Some(bytes),
        _ => None,
    }
}

/// Starts a query whose rows are wanted as one batch, beside whatever comes next; where memory is limited, which it is then
/// to have for itself, it is over before anything does.
pub async fn start(ctx: &SessionContext, frame: DataFrame) -> Query<RecordBatch> {
    if has_limited_memory(ctx) {
        let rows = collect(frame).await;
        return Query::start(async { rows });
    }
    Query::start(collect(frame))
}

/// Runs so many queries and returns the rows of each as one batch, told apart by their order.
pub async fn collect_each<const N: usize>(
    ctx: &SessionContext,
    frames: [DataFrame; N],
) -> Result<[RecordBatch; N], DataFusionError> {
    let mut queries = Vec::with_capacity(N);
    for frame in frames {
        queries.push(start(ctx, frame).await);
    }
    let mut rows = Vec::with_capacity(N);
    for query in queries {
        rows.push(query.rows().await?);
    }
    rows.try_into().map_err(|_| DataFusionError::Internal("a query without rows".to_owned()))
}

/// Runs plans of one schema side by side and returns their rows in the order of the plans.
pub async fn collect_all(
    ctx: &SessionContext,
    plans: Vec<Arc<dyn ExecutionPlan>>,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    Ok(collect_partitioned(UnionExec::try_new(plans)?, ctx.task_ctx()).await?.concat())
}

/// One batch of many, column by column, so that no more than one column is ever held twice. Columns that are one and the
/// same in every batch stay so.
fn joined(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<RecordBatch, ArrowError> {
    if batches.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let is_same = |a: usize, b: usize| batches.iter().all(|rows| Arc::ptr_eq(rows.column(a), rows.column(b)));
    let count = schema.fields().len();
    let originals: Vec<Option<usize>> = (0..count).map(|b| (0..b).find(|&a| is_same(a, b))).collect();
    let mut pieces: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(batches.len()); count];
    for rows in batches {
        pieces.iter_mut().zip(rows.columns()).for_each(|(pieces, column)| pieces.push(Arc::clone(column)));
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(count);
    for (original, pieces) in originals.into_iter().zip(pieces) {
        columns.push(match original {
            Some(original) => Arc::clone(&columns[original]),
            None => concat(&pieces.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?,
        });
    }
    RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &RecordBatchOptions::new().with_row_count(Some(rows)),
    )
}

/// Registers rows held in memory as the table `name`.
pub fn register_rows(ctx: &SessionContext, name: &str, rows: RecordBatch) -> Result<(), EngineError> {
    register_batches(ctx, name, vec![rows])
}

/// Registers rows held in memory as the table `name`; there is at least one batch, which may be empty.
pub fn register_batches(ctx: &SessionContext, name: &str, batches: Vec<RecordBatch>) -> Result<(), EngineError> {
    ctx.register_table(name, Arc::new(in_memory(batches)?))?;
    Ok(())
}

/// The same of rows in ascending order of the columns `by`, nulls last.
pub fn register_sorted(
    ctx: &SessionContext,
    name: &str,
    batches: Vec<RecordBatch>,
    by: &[&str],
) -> Result<(), EngineError> {
    let order = vec![by.iter().map(|column| col(*column).sort(true, false)).collect()];
    ctx.register_table(name, Arc::new(in_memory(batches)?.with_sort_order(order)))?;
    Ok(())
}

fn in_memory(batches: Vec<RecordBatch>) -> Result<MemTable, DataFusionError> {
    let schema = batches.first().map(RecordBatch::schema).unwrap_or_else(|| Arc::new(Schema::empty()));
    MemTable::try_new(schema, vec![batches])
}

/// How the engine would run a query, as text.
///
/// # Errors
/// A query that does not plan.
pub async fn physical_plan(frame: DataFrame) -> Result<String, EngineError> {
    let plan = frame.create_physical_plan().await?;
    Ok(displayable(plan.as_ref()).indent(false).to_string())
}
