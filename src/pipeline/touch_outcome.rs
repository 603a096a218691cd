//! What became of the touches: every one read is used, out of scope or set aside.

use super::credit::RepeatedTouch;
use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::columns::column;
use crate::engine::conditions::{eligible, source_fault};
use crate::engine::ids::IdColumn;
use crate::engine::load::{Loaded, SOURCE_ROW, set_aside_rows};
use crate::engine::set_aside::{RowCounts, SetAsideRow, Tally, locate};
use crate::engine::{EngineError, session};
use crate::scatter::conversions::Conversions;
use crate::scatter::keys::NO_NUMBER;
use crate::scatter::lines::Lines;
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::NO_CONTACT;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::logical_expr::{cast, col, lit};
use datafusion::prelude::SessionContext;
use std::collections::{BTreeSet, HashMap};

/// What became of the touches, as the credit stage saw it.
#[derive(Default)]
pub(super) struct TouchOutcome {
    pub(super) used: u64,
    pub(super) repeated: Vec<RepeatedTouch>,
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
    let Prepared { ctx, loaded, scattered, conversions, lines, .. } = prepared;
    let counts = touches.counts(&scattered.counts);
    if scattered.counts.unreadable > 0 {
        let unreadable = workers.runtime.block_on(unreadable(ctx, plan, loaded))?;
        loaded.set_aside.extend(unreadable);
    }
    let repeated = repeated(ctx, plan, loaded, &touches.repeated, conversions, lines);
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
    touches: &[RepeatedTouch],
    conversions: &Conversions,
    lines: &Lines,
) -> Result<Vec<SetAsideRow>, EngineError> {
    if touches.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<&String> = touches.iter().map(|repeated| &repeated.id).collect();
    let of_wanted = cast(col("touch_id"), DataType::Utf8).in_list(wanted.into_iter().map(lit).collect(), false);
    let could_be_used = col("reason").is_null().and(col("in_scope"));
    let touchpoints = ctx.table("touchpoints").await?.filter(of_wanted.and(could_be_used))?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let names = ["touch_id", "touched_at", "campaign_id", "account_id", "contact_id", SOURCE_ROW];
    let columns = names.map(col).into_iter().chain([eligible]);
    let reason = lit("duplicate_key").alias("reason");
    let rows = session::collect(touchpoints.select(columns.chain([reason]))?);
    let rows = rows.await.map_err(|error| source_fault(plan, error))?;
    let candidates = set_aside_rows(Table::Touchpoints, &loaded.touch_cells, &rows)?;
    let keys = touch_keys(&rows, conversions)?;
    let mut rejected = Vec::with_capacity(touches.len());
    let mut by_key: HashMap<TouchKey, Vec<SetAsideRow>> = HashMap::new();
    for (key, row) in keys.into_iter().zip(candidates) {
        by_key.entry(key).or_default().push(row);
    }
    // Of rows that the engine cannot tell apart the least is taken to be rejected, whatever the input's order.
    by_key.values_mut().for_each(|rows| rows.sort_by(|a, b| b.cmp(a)));
    for RepeatedTouch { account, id, touch } in touches {
        let campaign = lines.line(touch.line).campaign.clone();
        let (at, contact, eligible) = (touch.at, touch.contact, touch.eligible);
        let key = TouchKey { id: id.clone(), account: *account, at, contact, campaign, eligible };
        rejected.extend(by_key.get_mut(&key).and_then(Vec::pop));
    }
    rejected.sort();
    if let Some(source) = plan.source(Table::Touchpoints) {
        locate(source, &mut rejected)?;
    }
    Ok(rejected)
}

/// What the engine knows of a touch.
#[derive(PartialEq, Eq, Hash)]
struct TouchKey {
    id: String,
    account: u32,
    at: i64,
    contact: u32,
    campaign: Option<String>,
    eligible: bool,
}

fn touch_keys(rows: &RecordBatch, conversions: &Conversions) -> Result<Vec<TouchKey>, EngineError> {
    let id_column = |name| column(rows, name).and_then(IdColumn::try_new);
    let (ids, campaigns) = (id_column("touch_id")?, id_column("campaign_id")?);
    let (accounts, contacts) = (id_column("account_id")?, id_column("contact_id")?);
    let instants = column(rows, "touched_at")?.as_primitive::<TimestampMicrosecondType>();
    let eligible = column(rows, "eligible")?.as_boolean();
    let key = |row| {
        let contact = conversions.by_contact.probe(&contacts, row);
        TouchKey {
            id: ids.text(row).unwrap_or_default(),
            account: conversions.account_of(&accounts, contact, row).unwrap_or(NO_NUMBER),
            at: instants.value(row),
            contact: contact.unwrap_or(NO_CONTACT),
            campaign: campaigns.text(row),
            eligible: eligible.is_valid(row) && eligible.value(row),
        }
    };
    Ok((0..rows.num_rows()).map(key).collect())
}
