//! `line_sums`: what every line earned and cost, in the order of the ROI marts, with names for codes.

mod cells;

use super::Names;
use crate::config::file::DealKind;
use crate::config::{Intervals, Plan};
use crate::engine::EngineError;
use crate::engine::session::BATCH_ROWS;
use crate::pipeline::columns::Columns;
use crate::pipeline::credit_outcome::CreditOutcome;
use crate::pipeline::number::deals;
use crate::pipeline::place_sums::Sums;
use crate::pipeline::spent::SpendByLine;
use crate::pipeline::spread::Level;
use arrow::array::RecordBatch;
use cells::{OfCell, RoiCell, RoiCells, RoiLine};
use closedloop_core::uncertainty::Interval;
use rayon::prelude::*;

/// At which grain lines are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Campaigns, and channels as far as they have no campaign.
    Campaign,
    /// Channels.
    Channel,
}

impl Grain {
    fn has(self, level: Level) -> bool {
        matches!(level, Level::Campaign(_)) == (self == Self::Campaign)
    }
}

/// A cell under one model.
struct Row<'a> {
    cell: &'a RoiCell,
    line: &'a RoiLine<'a>,
    of: &'a OfCell<'a>,
    model: usize,
    can_credit: bool,
    /// By amount, from 1, among lines of its kind in the quarter under the model.
    rank: usize,
}

impl Row<'_> {
    fn sums(&self) -> Sums {
        self.of.sums(self.model)
    }

    /// The interval of the money.
    fn of_amount(&self) -> Option<Interval> {
        self.of.interval(self.model)?.amount
    }

    /// The interval of the new deals.
    fn of_new(&self) -> Option<Interval> {
        self.of.interval(self.model)?.new
    }
}

impl Names<'_> {
    /// `line_sums` at a grain: line × fiscal quarter (null: all quarters) × model × basis, sorted by basis, model, quarter
    /// and line; one batch at least. Money is in minor units, deals are fractions of whole ones. Beside the amount stand its
    /// rank among lines of its kind, whether the model can credit the line, and what the model at `default_model` and the
    /// models at the extremes give.
    ///
    /// # Errors
    /// Names that are too long together.
    pub fn line_sums(
        &self,
        grain: Grain,
        outcome: &CreditOutcome,
        spend: &SpendByLine<'_>,
        plan: &Plan,
    ) -> Result<Vec<RecordBatch>, EngineError> {
        let cells = self.roi_cells(grain, outcome, spend);
        let in_order = cells.in_order();
        let rows = self.rows(&cells, &in_order);
        match rows.is_empty() {
            true => Ok(vec![self.batch(&[], plan)?]),
            false => rows.par_chunks(ROWS_OF_A_TASK).map(|rows| self.batch(rows, plan)).collect(),
        }
    }

    /// The rows in order, of cells in order.
    fn rows<'a>(&self, cells: &'a RoiCells<'a>, in_order: &'a [(RoiCell, &'a OfCell<'a>)]) -> Vec<Row<'a>> {
        let mut models: Vec<usize> = (0..self.models.len()).collect();
        models.sort_by_key(|&model| self.models[model].id());
        let mut rows: Vec<Row<'_>> = Vec::new();
        for of_basis in in_order.chunk_by(|(a, _), (b, _)| a.basis == b.basis) {
            for &model in &models {
                let start = rows.len();
                let of_model = of_basis.iter().filter(|(_, of)| of.has(model));
                rows.extend(of_model.map(|(cell, of)| {
                    let line = cells.line(cell);
                    Row { cell, line, of, model, can_credit: cells.can_credit(cell)[model], rank: 0 }
                }));
                rank(&mut rows[start..]);
            }
        }
        rows
    }

    fn batch(&self, rows: &[Row<'_>], plan: &Plan) -> Result<RecordBatch, EngineError> {
        let (rows, sums) = (|| rows.iter(), || rows.iter().map(Row::sums));
        let count = |count: u64| i64::try_from(count).ok();
        let mut columns = Columns::default();
        columns.texts("basis", rows().map(|row| row.cell.basis));
        columns.texts("model", rows().map(|row| self.models[row.model].id()));
        columns.integers32("quarter", rows().map(|row| row.cell.quarter.number()));
        columns.texts("line", rows().map(|row| row.line.kind.name()));
        columns.texts("campaign_id", rows().map(|row| row.line.campaign));
        columns.texts("channel", rows().map(|row| row.line.channel));
        columns.texts("residual", rows().map(|row| row.line.residual));
        columns.integers("amount", sums().map(|sums| sums.amount()));
        for kind in DealKind::ALL {
            columns.integers(&format!("{}_amount", kind.name()), sums().map(|sums| sums.of_kind(kind)));
        }
        columns.numbers("attributed_deals", sums().map(|sums| deals(sums.deals)));
        columns.numbers("new_deals", sums().map(|sums| deals(sums.new)));
        columns.integers("touched_deals", rows().map(|row| count(row.of.touched_deals(row.model))));
        columns.integers("touches", rows().map(|row| count(row.of.counts.touches)));
        columns.integers("spend", rows().map(|row| row.of.spend));
        let accounts = |row: &Row<'_>| match row.of.intervals {
            Some(intervals) => count(intervals.accounts),
            None => (plan.intervals != Intervals::Off && row.line.residual.is_none()).then_some(0),
        };
        columns.integers("accounts", rows().map(accounts));
        let (se, low, high) = (|i: Interval| i.se, |i: Interval| i.low, |i: Interval| i.high);
        columns.numbers("amount_se", rows().map(|row| row.of_amount().map(se)));
        columns.numbers("amount_low", rows().map(|row| row.of_amount().map(low)));
        columns.numbers("amount_high", rows().map(|row| row.of_amount().map(high)));
        columns.numbers("new_se", rows().map(|row| row.of_new().map(se)));
        columns.numbers("new_low", rows().map(|row| row.of_new().map(low)));
        columns.numbers("new_high", rows().map(|row| row.of_new().map(high)));
        columns.counts("rank", rows().map(|row| row.rank));
        columns.flags("can_credit", rows().map(|row| row.can_credit));
        columns.integers("default_amount", rows().map(|row| row.of.sums(plan.default_model).amount()));
        columns.integers("least_amount", rows().map(|row| row.of.extremes.map(|(least, _)| least)));
        columns.integers("greatest_amount", rows().map(|row| row.of.extremes.map(|(_, greatest)| greatest)));
        columns.finish()
    }
}

/// Rows that are put together in one go.
const ROWS_OF_A_TASK: usize = BATCH_ROWS / 4;

/// Ranks rows of one basis and model, which stand in order. Equal amounts have one rank.
fn rank(rows: &mut [Row<'_>]) {
    let are_ranked_together = |a: &Row<'_>, b: &Row<'_>| (a.cell.quarter, a.line.kind) == (b.cell.quarter, b.line.kind);
    for rows in rows.chunk_by_mut(are_ranked_together) {
        let mut amounts: Vec<i64> = rows.iter().map(|row| row.sums().amount()).collect();
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        for row in rows {
            let amount = row.sums().amount();
            row.rank = 1 + amounts.partition_point(|other| *other > amount);
        }
    }
}
