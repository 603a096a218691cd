//! What became of the touches: every one read is used, out of scope or set aside.

use super::credit::RepeatedTouch;
use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use crate::config::file::Table;
use crate::config::plan::Source;
use crate::engine::among;
use crate::engine::columns::{column, text_column};
use crate::engine::conditions::eligible;
use crate::engine::ids::{IdColumn, IdValue};
use crate::engine::load::{Loaded, SOURCE_ROW, SourceRows, set_aside_rows};
use crate::engine::set_aside::{RowCounts, SetAsideRow, Tally};
use crate::engine::{EngineError, session};
use crate::scatter::conversions::Conversions;
use crate::scatter::keys::NO_NUMBER;
use crate::scatter::lines::Lines;
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::NO_CONTACT;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::{cast, take_record_batch};
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::SessionContext;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

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
    if let Some(source) = plan.source(Table::Touchpoints) {
        if scattered.counts.unreadable > 0 {
            let unreadable = workers.runtime.block_on(unreadable(ctx, source, loaded))?;
            loaded.set_aside.extend(unreadable);
        }
        if !touches.repeated.is_empty() {
            let repeated = repeated(ctx, plan, source, loaded, &touches.repeated, conversions, lines);
            let repeated = workers.runtime.block_on(repeated)?;
            loaded.set_aside.extend(repeated);
        }
    }
    loaded.counts.insert(Table::Touchpoints, counts);
    loaded.collapsed = touches.collapsed;
    Ok(())
}

/// The touchpoints that cannot be read, with reason and place.
async fn unreadable(ctx: &SessionContext, source: &Source, loaded: &Loaded) -> Result<Vec<SetAsideRow>, EngineError> {
    let bad = session::read_only(ctx, include_str!("../../sql/stage/unreadable_touchpoints.sql")).await?;
    let rows = session::collect(bad).await.map_err(|error| source.explain(&error))?;
    set_aside_rows(source, &loaded.touch_cells, &rows)
}

/// Touches whose identifier was repeated within their account, as rows to set aside with the text they were read from.
async fn repeated(
    ctx: &SessionContext,
    plan: &Plan,
    source: &Source,
    loaded: &Loaded,
    touches: &[RepeatedTouch],
    conversions: &Conversions,
    lines: &Lines,
) -> Result<Vec<SetAsideRow>, EngineError> {
    let touchpoints = ctx.table("touchpoints").await?;
    let ids: StringArray = touches.iter().map(|repeated| Some(repeated.id.as_str())).collect();
    let ids = cast(&ids, touchpoints.schema().field_with_unqualified_name("touch_id")?.data_type())?;
    let could_be_used = col("reason").is_null().and(col("in_scope"));
    let touchpoints = touchpoints.filter(among(col("touch_id"), Arc::clone(&ids))?.and(could_be_used))?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let names = ["touch_id", "touched_at", "campaign_id", "account_id", "contact_id", SOURCE_ROW];
    let columns = names.map(col).into_iter().chain([eligible]);
    let reason = lit("duplicate_key").alias("reason");
    let rows = session::collect(touchpoints.select(columns.chain([reason]))?);
    let rows = rows.await.map_err(|error| source.explain(&error))?;
    let rejected = rejected(&rows, &ids, touches, conversions, lines)?;
    set_aside_rows(source, &loaded.touch_cells, &take_record_batch(&rows, &rejected)?)
}

/// Where touches that were rejected, with these identifiers, stand among rows.
fn rejected(
    rows: &RecordBatch,
    ids: &ArrayRef,
    touches: &[RepeatedTouch],
    conversions: &Conversions,
    lines: &Lines,
) -> Result<UInt64Array, EngineError> {
    let known = KnownTouches::of(rows, conversions)?;
    let mut positions: HashMap<TouchKey<'_>, Vec<usize>, FixedState> = HashMap::default();
    (0..rows.num_rows()).for_each(|row| positions.entry(known.key(row)).or_default().push(row));
    // Of rows that the engine cannot tell apart the least is taken to be rejected, whatever the input's order.
    let source_rows = SourceRows::of(rows)?;
    positions.values_mut().for_each(|rows| rows.sort_by(|&a, &b| source_rows.cells(b).cmp(source_rows.cells(a))));
    let ids = IdColumn::try_new(ids)?;
    let rejected = touches.iter().enumerate().filter_map(|(position, RepeatedTouch { account, touch, .. })| {
        let campaign = lines.line(touch.line).campaign.as_deref();
        let (id, at, contact, eligible) = (ids.get(position), touch.at, touch.contact, touch.eligible);
        let key = TouchKey { id, account: *account, at, contact, campaign, eligible };
        positions.get_mut(&key)?.pop().map(|row| row as u64)
    });
    Ok(rejected.collect())
}

/// What the engine knows of a touch.
#[derive(PartialEq, Eq, Hash)]
struct TouchKey<'a> {
    id: Option<IdValue<'a>>,
    account: u32,
    at: i64,
    contact: u32,
    campaign: Option<&'a str>,
    eligible: bool,
}

/// What the engine knows of touches.
struct KnownTouches<'a> {
    ids: IdColumn<'a>,
    accounts: IdColumn<'a>,
    contacts: IdColumn<'a>,
    instants: &'a TimestampMicrosecondArray,
    campaigns: StringArray,
    eligible: &'a BooleanArray,
    conversions: &'a Conversions,
}

impl<'a> KnownTouches<'a> {
    fn of(rows: &'a RecordBatch, conversions: &'a Conversions) -> Result<Self, EngineError> {
        let id_column = |name| column(rows, name).and_then(IdColumn::try_new);
        Ok(Self {
            ids: id_column("touch_id")?,
            accounts: id_column("account_id")?,
            contacts: id_column("contact_id")?,
            instants: column(rows, "touched_at")?.as_primitive(),
            campaigns: text_column(rows, "campaign_id")?,
            eligible: column(rows, "eligible")?.as_boolean(),
            conversions,
        })
    }

    fn key(&self, row: usize) -> TouchKey<'_> {
        let contact = self.conversions.by_contact.probe(&self.contacts, row);
        TouchKey {
            id: self.ids.get(row),
            account: self.conversions.account_of(&self.accounts, contact, row).unwrap_or(NO_NUMBER),
            at: self.instants.value(row),
            contact: contact.unwrap_or(NO_CONTACT),
            campaign: self.campaigns.is_valid(row).then(|| self.campaigns.value(row)),
            eligible: self.eligible.is_valid(row) && self.eligible.value(row),
        }
    }
}
