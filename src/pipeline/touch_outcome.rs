//! What became of the touches: every one read is used, out of scope or set aside.

use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::conditions::{eligible, source_fault};
use crate::engine::ids::IdColumn;
use crate::engine::load::{Loaded, SOURCE_ROW, set_aside_rows};
use crate::engine::set_aside::{RowCounts, SetAsideRow, Tally, locate};
use crate::engine::{EngineError, session};
use crate::scatter::lines::Lines;
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::Touch;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::logical_expr::{cast, col, lit};
use datafusion::prelude::SessionContext;
use std::collections::{BTreeSet, HashMap};

/// What became of the touches, as the credit stage saw it.
#[derive(Default)]
pub(super) struct TouchOutcome {
    pub(super) used: u64,
    pub(super) repeated: Vec<(String, Touch)>,
    pub(super) collapsed: u64,
}

impl TouchOutcome {
    /// Adds what became of other touches.
    pub(super) fn add(&mut self, other: Self) {
        self.used += other.used;
        self.repeated.extend(other.repeated);
        self.collapsed += other.collapsed;
    }

    fn counts(&self, scattered: &TouchCounts) -> RowCounts {
        let tally = |rows| Tally { rows, amount: 0 };
        let set_aside = scattered.unreadable + self.repeated.len() as u64;
        RowCounts {
            read: tally(scattered.read),
            used: tally(self.used),
            out_of_scope: tally(scattered.read - self.used - set_aside),
            set_aside: tally(set_aside),
            ..RowCounts::default()
        }
    }
}

/// Counts the touches and sets aside those that cannot be read or are repeated.
pub(super) fn account_for_touches(
    plan: &Plan,
    workers: &Workers,
    prepared: &mut Prepared,
    touches: &TouchOutcome,
) -> Result<(), RunError> {
    let Prepared { ctx, loaded, scattered, lines, .. } = prepared;
    let counts = touches.counts(&scattered.counts);
    if scattered.counts.unreadable > 0 {
        let unreadable = workers.runtime.block_on(unreadable(ctx, plan, loaded))?;
        loaded.set_aside.extend(unreadable);
    }
    let repeated = repeated(ctx, plan, loaded, &touches.repeated, lines);
    let repeated = workers.runtime.block_on(repeated)?;
    loaded.set_aside.extend(repeated);
    loaded.counts.insert(Table::Touchpoints, counts);
    loaded.collapsed = touches.collapsed;
    Ok(())
}

/// The touchpoints that cannot be read, with reason and place.
async fn unreadable(ctx: &SessionContext, plan: &Plan, loaded: &Loaded) -> Result<Vec<SetAsideRow>, EngineError> {
    let bad = session::read_only(ctx, include_str!("../../sql/stage/unreadable_touchpoints.sql")).await?;
    let rows = session::collect(bad).await.map_err(|error| source_fault(plan, error))?;
    let mut rows = set_aside_rows(Table::Touchpoints, &loaded.touch_cells, &rows)?;
    rows.sort();
    if let Some(source) = plan.source(Table::Touchpoints) {
        locate(source, &mut rows)?;
    }
    Ok(rows)
}

/// Touches whose identifier was repeated within their account, as rows to set aside with the text they were read from.
async fn repeated(
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
    let rows = rows.await.map_err(|error| source_fault(plan, error))?;
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
