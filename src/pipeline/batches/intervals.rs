//! `interval_totals`: the intervals of every line and channel over all quarters, with names for codes.

use super::{BASES, Columns, Names};
use crate::engine::EngineError;
use crate::pipeline::spread::{IntervalRow, ModelInterval, Period};
use arrow::array::{Float64Array, RecordBatch};
use closedloop_core::uncertainty::Interval;
use std::sync::Arc;

/// A row of `interval_totals`.
struct Row<'a> {
    line: &'static str,
    campaign: Option<&'a str>,
    channel: &'a str,
    basis: &'static str,
    model: &'a str,
    accounts: u64,
    interval: ModelInterval,
}

impl Names<'_> {
    /// `interval_totals`: line (campaign, `no_campaign` or channel) × basis × model, over all quarters. Money is in minor
    /// units.
    ///
    /// # Errors
    /// None that inputs can cause.
    pub fn interval_totals(&self, intervals: &[IntervalRow]) -> Result<RecordBatch, EngineError> {
        let over_all = intervals.iter().filter(|row| row.place.1 == Period::All);
        let rows: Vec<Row<'_>> = over_all.flat_map(|row| self.interval_rows(row)).collect();
        let mut columns = Columns::default();
        columns.texts("line", rows.iter().map(|row| Some(row.line)));
        columns.texts("campaign_id", rows.iter().map(|row| row.campaign));
        columns.texts("channel", rows.iter().map(|row| Some(row.channel)));
        columns.texts("basis", rows.iter().map(|row| Some(row.basis)));
        columns.texts("model", rows.iter().map(|row| Some(row.model)));
        columns.integers("accounts", rows.iter().map(|row| i64::try_from(row.accounts).ok()));
        let mut floats = |name: &str, value: &dyn Fn(&ModelInterval) -> Option<f64>| {
            let values: Float64Array = rows.iter().map(|row| value(&row.interval)).collect();
            columns.push(name, Arc::new(values));
        };
        let (se, low, high) = (|i: Interval| i.se, |i: Interval| i.low, |i: Interval| i.high);
        floats("amount_se", &|of| of.amount.map(se));
        floats("amount_low", &|of| of.amount.map(low));
        floats("amount_high", &|of| of.amount.map(high));
        floats("new_se", &|of| of.new.map(se));
        floats("new_low", &|of| of.new.map(low));
        floats("new_high", &|of| of.new.map(high));
        columns.finish()
    }

    /// One place under every model; over all quarters it is the same on both bases.
    fn interval_rows<'a>(&'a self, row: &'a IntervalRow) -> impl Iterator<Item = Row<'a>> {
        let level = row.place.0;
        let (line, (campaign, channel)) = (level.line(self.lines), level.names(self.lines));
        let accounts = row.accounts;
        BASES.into_iter().flat_map(move |basis| {
            let models = self.models.iter().zip(&row.models);
            models.map(move |(model, &interval)| Row {
                line,
                campaign,
                channel,
                basis,
                model: model.id(),
                accounts,
                interval,
            })
        })
    }
}
