//! From the credit stage's rows and totals to batches with the marts' column names.

mod agreement;
mod given;
mod line_sums;
mod sensitivity;

pub(super) use given::{dim_model, input_reconciliation, line_channels, set_aside, spend_by_quarter};
pub use given::{spec_hash, spec_json};
pub(super) use line_sums::Grain;

use super::columns::Columns;
use super::credit_rows::CreditRows;
use super::journey_rows::{JourneyRow, JourneyRows};
use super::totals::CreditTotals;
use crate::config::Calendar;
use crate::config::file::DealKind;
use crate::engine::EngineError;
use crate::engine::columns::column;
use crate::engine::dense::narrow;
use crate::scatter::lines::Lines;
use crate::scatter::quarters::Quarters;
use crate::scatter::touch::TouchIds;
use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    StringBuilder, UInt32Array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, UInt32Type};
use closedloop_core::journey::{Anchor, days};
use closedloop_core::ledger::Bucket;
use closedloop_core::model::ModelSpec;
use std::sync::Arc;

/// A quarter counts the deals that closed in it.
const CLOSE_DATE: &str = "close_date";
/// A quarter counts the touches in it.
const TOUCH_DATE: &str = "touch_date";
const BASES: [&str; 2] = [CLOSE_DATE, TOUCH_DATE];

/// The names behind the codes of the credit stage.
pub(super) struct Names<'a> {
    deals: &'a RecordBatch,
    campaigns: ArrayRef,
    channels: ArrayRef,
    kinds: ArrayRef,
    quarter_names: ArrayRef,
    buckets: ArrayRef,
    quarters: &'a Quarters,
    models: &'a [ModelSpec],
    lines: &'a Lines,
}

impl<'a> Names<'a> {
    /// Names for the rows of the canonical deals table and the codes of a run.
    pub(super) fn new(
        deals: &'a RecordBatch,
        lines: &'a Lines,
        quarters: &'a Quarters,
        models: &'a [ModelSpec],
    ) -> Self {
        let codes = || 0..narrow(lines.count());
        let campaigns: StringArray = codes().map(|code| lines.line(code).campaign.as_deref()).collect();
        let channels: StringArray = codes().map(|code| Some(lines.line(code).channel.as_str())).collect();
        let numbers = (0..narrow(quarters.count())).map(|position| quarters.number(position));
        let quarter_names: StringArray = numbers.map(|number| Some(Calendar::quarter_name(number))).collect();
        let kinds: StringArray = DealKind::ALL.iter().map(|kind| Some(kind.name())).collect();
        let buckets: StringArray = Bucket::ALL.iter().map(|bucket| Some(bucket.name())).collect();
        Self {
            deals,
            campaigns: Arc::new(campaigns),
            channels: Arc::new(channels),
            kinds: Arc::new(kinds),
            quarter_names: Arc::new(quarter_names),
            buckets: Arc::new(buckets),
            quarters,
            models,
            lines,
        }
    }

    /// Identifiers of rows of the deals table, as text.
    fn of_deals(&self, name: &str, rows: &UInt32Array) -> Result<ArrayRef, EngineError> {
        Ok(cast(&take(column(self.deals, name)?, rows, None)?, &DataType::Utf8)?)
    }

    /// Rows of `touch_credits`, whose touches have `ids`. Columns that repeat are dictionaries.
    pub(super) fn touch_credits(&self, rows: CreditRows, ids: &TouchIds) -> Result<RecordBatch, EngineError> {
        let (heads, deal_keys) = numbered_runs(&rows.deals);
        let heads = UInt32Array::from(heads);
        let of_deals = |column| repeated(&deal_keys, self.of_deals(column, &heads)?);
        let mut touch_ids = StringBuilder::with_capacity(rows.touch_ids.len(), rows.touch_ids.len() * 12);
        ids.append(&rows.touch_ids, &mut touch_ids);
        let kinds: Vec<u32> = rows.kinds.iter().map(|kind| *kind as u32).collect();
        let mut columns = Columns::default();
        columns.push("account_id", of_deals("account_id")?);
        columns.push("deal_id", of_deals("deal_id")?);
        columns.push("opportunity_id", of_deals("opportunity_id")?);
        columns.push("kind", repeated(&kinds, Arc::clone(&self.kinds))?);
        columns.push("position", Arc::new(Int32Array::from(rows.positions)));
        columns.push("touch_id", Arc::new(touch_ids.finish()));
        columns.instants("touched_at", rows.touched_at.into_iter().map(Some));
        columns.push("campaign_id", repeated(&rows.lines, Arc::clone(&self.campaigns))?);
        columns.push("channel", repeated(&rows.lines, Arc::clone(&self.channels))?);
        columns.push("close_quarter", repeated(&rows.close_quarters, Arc::clone(&self.quarter_names))?);
        columns.push("touch_quarter", repeated(&rows.touch_quarters, Arc::clone(&self.quarter_names))?);
        for (anchor, name) in
            ["is_first", "is_lead_creation", "is_opportunity_creation", "is_closing"].iter().enumerate()
        {
            let held = BooleanBuffer::collect_bool(rows.anchors.len(), |row| rows.anchors[row][anchor]);
            columns.push(name, Arc::new(BooleanArray::new(held, None)));
        }
        for ((model, shares), amounts) in self.models.iter().zip(rows.shares).zip(rows.amounts) {
            let stem = model.column_stem();
            columns.push(&format!("{stem}_share"), Arc::new(Float64Array::from(shares)));
            columns.push(&format!("{stem}_amount"), Arc::new(Int64Array::from(amounts)));
        }
        columns.finish()
    }

    /// Rows of `journeys`. Columns that repeat are dictionaries.
    pub(super) fn journeys(&self, journeys: &JourneyRows) -> Result<RecordBatch, EngineError> {
        let rows = &journeys.rows;
        let deals: UInt32Array = rows.iter().map(|row| Some(row.deal)).collect();
        let close: Vec<u32> = rows.iter().map(|row| row.close_quarter).collect();
        let kinds: Vec<u32> = rows.iter().map(|row| row.kind as u32).collect();
        let outcomes: Vec<u32> = rows.iter().map(|row| u32::from(row.kind == DealKind::Credit)).collect();
        let won_or_credit: ArrayRef = Arc::new(StringArray::from(vec!["won", "credit"]));
        let span = |row: &JourneyRow| row.first_touched_at.map(|first| days(row.closed_at - first));
        let has = |anchor| rows.iter().map(move |row| Some(row.anchors.position(anchor).is_some()));
        let mut columns = Columns::default();
        columns.push("account_id", self.of_deals("account_id", &deals)?);
        columns.push("deal_id", self.of_deals("deal_id", &deals)?);
        columns.push("opportunity_id", self.of_deals("opportunity_id", &deals)?);
        columns.push("kind", repeated(&kinds, Arc::clone(&self.kinds))?);
        columns.push("outcome", repeated(&outcomes, won_or_credit)?);
        columns.instants("closed_at", rows.iter().map(|row| row.closed_at));
        columns.push("close_quarter", repeated(&close, Arc::clone(&self.quarter_names))?);
        columns.integers("amount", rows.iter().map(|row| row.amount));
        columns.counts("touches", rows.iter().map(|row| row.touches));
        columns.instants("first_touched_at", rows.iter().map(|row| row.first_touched_at));
        columns.instants("last_touched_at", rows.iter().map(|row| row.last_touched_at));
        columns.numbers("span_days", rows.iter().map(span));
        columns.flags("has_lead_creation", has(Anchor::LeadCreation));
        columns.flags("has_opportunity_creation", has(Anchor::OpportunityCreation));
        columns.push("residual", self.buckets(journeys.whole.iter().copied())?);
        for (model, left) in self.models.iter().zip(&journeys.left) {
            let stem = model.column_stem();
            let amounts: Vec<i64> = left.iter().map(|(_, amount)| *amount).collect();
            columns.push(&format!("{stem}_residual"), self.buckets(left.iter().map(|(bucket, _)| *bucket))?);
            columns.push(&format!("{stem}_residual_amount"), Arc::new(Int64Array::from(amounts)));
        }
        columns.finish()
    }

    /// `credit_totals`: close quarter × touch quarter × line × kind × model, long.
    pub(super) fn credit_totals(&self, totals: &CreditTotals) -> Result<RecordBatch, EngineError> {
        let cells = || {
            totals.rows().flat_map(|(key, _, earned)| {
                self.models.iter().zip(earned).map(move |(model, earned)| (key, model, earned.amount))
            })
        };
        let quarter = |position: u32| self.quarters.number(position);
        let mut columns = Columns::default();
        columns.integers32("close_quarter", cells().map(|(key, ..)| quarter(key.close_quarter)));
        columns.integers32("touch_quarter", cells().map(|(key, ..)| quarter(key.touch_quarter)));
        columns.texts("campaign_id", cells().map(|(key, ..)| self.lines.line(key.line).campaign.as_deref()));
        columns.texts("kind", cells().map(|(key, ..)| key.kind.name()));
        columns.texts("model", cells().map(|(_, model, _)| model.id()));
        columns.integers("amount", cells().map(|(.., amount)| amount));
        columns.finish()
    }

    /// `residual_totals`: close quarter × kind × model × residual.
    pub(super) fn residual_totals(&self, totals: &CreditTotals) -> Result<RecordBatch, EngineError> {
        let rows = || totals.residuals();
        let mut columns = Columns::default();
        columns.integers32("close_quarter", rows().map(|(key, _)| self.quarters.number(key.close_quarter)));
        columns.texts("kind", rows().map(|(key, _)| key.kind.name()));
        columns.texts("model", rows().map(|(key, _)| self.models[key.model].id()));
        columns.texts("residual", rows().map(|(key, _)| key.bucket.name()));
        columns.integers("amount", rows().map(|(_, left)| left.earned.amount));
        columns.finish()
    }

    /// `booked_totals`: close quarter × kind.
    pub(super) fn booked_totals(&self, totals: &CreditTotals) -> Result<RecordBatch, EngineError> {
        let rows = || totals.booked();
        let mut columns = Columns::default();
        columns.integers32("close_quarter", rows().map(|(quarter, ..)| self.quarters.number(quarter)));
        columns.texts("kind", rows().map(|(_, kind, _)| kind.name()));
        columns.integers("amount", rows().map(|(.., left)| left.earned.amount));
        columns.counts("deals", rows().map(|(.., left)| left.deals));
        columns.finish()
    }

    /// The names of buckets; null where there is none.
    fn buckets(&self, buckets: impl Iterator<Item = Option<Bucket>>) -> Result<ArrayRef, EngineError> {
        let codes: UInt32Array = buckets.map(|bucket| bucket.map(|bucket| bucket as u32)).collect();
        Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(codes, Arc::clone(&self.buckets))?))
    }
}

/// The values where runs of equal ones start, and of every position the number of its run.
fn numbered_runs(values: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut heads: Vec<u32> = Vec::new();
    let mut numbers = Vec::with_capacity(values.len());
    let mut number = 0;
    for &value in values {
        if heads.last() != Some(&value) {
            number = narrow(heads.len());
            heads.push(value);
        }
        numbers.push(number);
    }
    (heads, numbers)
}

/// A column in which `values` repeat: a dictionary of them.
fn repeated(keys: &[u32], values: ArrayRef) -> Result<ArrayRef, EngineError> {
    Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(keys.to_vec().into(), values)?))
}
