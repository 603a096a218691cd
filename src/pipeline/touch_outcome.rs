//! What became of the touches: every one read is used, out of scope or set aside.

use super::credit::RepeatedTouch;
use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use crate::config::file::Table;
use crate::config::plan::Source;
use crate::engine::among;
use crate::engine::columns::{column, text_column, value_at};
use crate::engine::conditions::{eligible, of_sales};
use crate::engine::ids::{IdColumn, IdValue};
use crate::engine::load::{SOURCE_ROW, SourceRows, set_aside_rows, with_reason};
use crate::engine::set_aside::{RowCounts, SetAsideRow, Tally};
use crate::engine::{EngineError, session};
use crate::scatter::keys::NO_NUMBER;
use crate::scatter::lines::Line;
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::{NO_CONTACT, Touch};
use arrow::array::{AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::compute::{cast, concat_batches, filter_record_batch, is_null, not, take_record_batch};
use datafusion::logical_expr::{col, lit};
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
    let counts = touches.counts(&prepared.scattered.counts);
    if counts.set_aside.rows > 0
        && let Some(source) = plan.source(Table::Touchpoints)
    {
        let rejected = counts.set_aside.rows;
        let set_aside = workers.runtime.block_on(set_aside(plan, source, prepared, &touches.repeated, rejected))?;
        // Marts without a touch would take the place of those of an earlier run.
        if let Some(first) = SetAsideRow::first(set_aside.iter()).filter(|_| rejected == counts.read.rows) {
            return Err(source.fault(first.why_none_can_be_used(rejected)).into());
        }
        prepared.loaded.set_aside.extend(set_aside);
    }
    prepared.loaded.counts.insert(Table::Touchpoints, counts);
    prepared.loaded.collapsed = touches.collapsed;
    Ok(())
}

/// The touchpoints that cannot be read, and those whose identifier was repeated within their account.
async fn set_aside(
    plan: &Plan,
    source: &Source,
    prepared: &Prepared,
    repeated: &[RepeatedTouch],
    expected: u64,
) -> Result<Vec<SetAsideRow>, EngineError> {
    let touchpoints = prepared.ctx.table("touchpoints").await?;
    let ids: StringArray = repeated.iter().map(|touch| Some(touch.id.as_str())).collect();
    let ids = cast(&ids, touchpoints.schema().field_with_unqualified_name("touch_id")?.data_type())?;
    let is_repeated = among(col("touch_id"), Arc::clone(&ids))?.and(col("in_scope"));
    let touchpoints = touchpoints.filter(col("reason").is_not_null().or(is_repeated))?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let of_sales = if prepared.marks_sales { of_sales(&touchpoints, plan)? } else { lit(false) };
    let names =
        ["touch_id", "touched_at", "campaign_id", "channel", "account_id", "contact_id", "touch_type", "reason"];
    let columns = names.into_iter().chain([SOURCE_ROW]).map(col).chain([eligible, of_sales.alias("of_sales")]);
    let rows = session::collect(touchpoints.select(columns)?).await.map_err(|error| source.explain(&error))?;
    let is_good = is_null(column(&rows, "reason")?)?;
    let (unreadable, candidates) =
        (filter_record_batch(&rows, &not(&is_good)?)?, filter_record_batch(&rows, &is_good)?);
    let places = places_of_rejected(&candidates, &IdColumn::try_new(&ids)?, repeated, prepared)?;
    let rejected = with_reason(&take_record_batch(&candidates, &places)?, &rows.schema(), "duplicate_key")?;
    let rows = concat_batches(&rows.schema(), [&unreadable, &rejected])?;
    set_aside_rows(source, &prepared.loaded.touch_cells, &rows, expected)
}

/// Where touches that were rejected stand among rows; `ids` are those of the touches, one by one.
fn places_of_rejected(
    rows: &RecordBatch,
    ids: &IdColumn<'_>,
    touches: &[RepeatedTouch],
    prepared: &Prepared,
) -> Result<UInt64Array, EngineError> {
    let known = KnownTouches::of(rows, prepared)?;
    let mut positions: HashMap<TouchKey<'_>, Vec<usize>, FixedState> = HashMap::default();
    (0..rows.num_rows()).for_each(|row| positions.entry(known.key(row)).or_default().push(row));
    // Of rows that the engine cannot tell apart the least is taken to be rejected, whatever the input's order.
    let source_rows = SourceRows::of(rows)?;
    positions.values_mut().for_each(|rows| rows.sort_by(|&a, &b| source_rows.cells(b).cmp(source_rows.cells(a))));
    let places = touches.iter().enumerate().filter_map(|(position, RepeatedTouch { account, touch, .. })| {
        let Touch { at, contact, touch_type, eligible, of_sales, .. } = *touch;
        let Line { campaign, channel } = prepared.lines.line(touch.line);
        let (id, campaign) = (ids.get(position), campaign.as_deref());
        let key = TouchKey { id, account: *account, at, contact, campaign, channel, touch_type, eligible, of_sales };
        positions.get_mut(&key)?.pop().map(|row| row as u64)
    });
    Ok(places.collect())
}

/// What the engine knows of a touch.
#[derive(PartialEq, Eq, Hash)]
struct TouchKey<'a> {
    id: Option<IdValue<'a>>,
    account: u32,
    at: i64,
    contact: u32,
    campaign: Option<&'a str>,
    channel: &'a str,
    touch_type: u16,
    eligible: bool,
    of_sales: bool,
}

/// What the engine knows of touches.
struct KnownTouches<'a> {
    ids: IdColumn<'a>,
    accounts: IdColumn<'a>,
    contacts: IdColumn<'a>,
    instants: &'a TimestampMicrosecondArray,
    campaigns: StringArray,
    channels: StringArray,
    touch_types: StringArray,
    eligible: &'a BooleanArray,
    of_sales: &'a BooleanArray,
    prepared: &'a Prepared,
    codes: HashMap<String, u16>,
}

impl<'a> KnownTouches<'a> {
    fn of(rows: &'a RecordBatch, prepared: &'a Prepared) -> Result<Self, EngineError> {
        let id_column = |name| column(rows, name).and_then(IdColumn::try_new);
        Ok(Self {
            ids: id_column("touch_id")?,
            accounts: id_column("account_id")?,
            contacts: id_column("contact_id")?,
            instants: column(rows, "touched_at")?.as_primitive(),
            campaigns: text_column(rows, "campaign_id")?,
            channels: text_column(rows, "channel")?,
            touch_types: text_column(rows, "touch_type")?,
            eligible: column(rows, "eligible")?.as_boolean(),
            of_sales: column(rows, "of_sales")?.as_boolean(),
            prepared,
            codes: prepared.scattered.types.all().into_iter().collect(),
        })
    }

    fn key(&self, row: usize) -> TouchKey<'_> {
        let Prepared { conversions, lines, .. } = self.prepared;
        let contact = conversions.by_contact.probe(&self.contacts, row);
        let campaign = value_at(&self.campaigns, row);
        TouchKey {
            id: self.ids.get(row),
            account: conversions.account_of(&self.accounts, contact, row).unwrap_or(NO_NUMBER),
            at: self.instants.value(row),
            contact: contact.unwrap_or(NO_CONTACT),
            campaign,
            channel: lines.channel_of_touch(campaign, value_at(&self.channels, row)),
            // Without a code types are not told apart.
            touch_type: value_at(&self.touch_types, row).and_then(|name| self.codes.get(name).copied()).unwrap_or(0),
            eligible: value_at(self.eligible, row) == Some(true),
            of_sales: value_at(self.of_sales, row) == Some(true),
        }
    }
}
