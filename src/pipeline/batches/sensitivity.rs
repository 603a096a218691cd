//! `sensitivity_totals`: money over the grid of windows and half-lives, with names for codes.

use super::Names;
use crate::engine::EngineError;
use crate::pipeline::columns::Columns;
use crate::pipeline::sensitivity::{SensitivityRow, half_life_days};
use arrow::array::RecordBatch;
use closedloop_core::journey::days;

impl Names<'_> {
    /// `sensitivity_totals`: close quarter × line × model × lookback × half-life; money is in minor units.
    pub fn sensitivity_totals(&self, rows: &[SensitivityRow<'_>]) -> Result<RecordBatch, EngineError> {
        let mut columns = Columns::default();
        columns.integers32("quarter", rows.iter().map(|row| self.quarters.number(row.close_quarter)));
        columns.texts("campaign_id", rows.iter().map(|row| self.lines.line(row.line).campaign.as_deref()));
        columns.texts("channel", rows.iter().map(|row| self.lines.line(row.line).channel.as_str()));
        columns.texts("model", rows.iter().map(|row| row.spec.id()));
        columns.numbers("lookback_days", rows.iter().map(|row| days(row.lookback)));
        columns.numbers("half_life_days", rows.iter().map(|row| half_life_days(row.spec)));
        columns.flags("is_configured", rows.iter().map(|row| row.is_configured));
        columns.integers("amount", rows.iter().map(|row| row.amount));
        columns.finish()
    }
}
