//! The account's touch rows as the inputs have them, used or not.

use super::super::error::RunError;
use super::super::prepare::Indexed;
use crate::config::Plan;
use crate::engine::columns::{column, text_column, value_at};
use crate::engine::conditions::eligible;
use crate::engine::ids::IdColumn;
use crate::engine::{EngineError, session};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::{Expr, col};

/// Every touch row of the account, in order.
pub(super) async fn history(plan: &Plan, indexed: &Indexed, only: Expr) -> Result<RecordBatch, EngineError> {
    let touchpoints = indexed.ctx.table("touchpoints").await?.filter(only)?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let columns = ["touch_id", "contact_id", "touched_at", "campaign_id", "channel", "in_scope", "reason"];
    let selected = columns.into_iter().map(col).chain([eligible]);
    let rows = session::collect(touchpoints.select(selected)?).await?;
    let instants = column(&rows, "touched_at")?.as_primitive::<TimestampMicrosecondType>();
    let ids = IdColumn::try_new(column(&rows, "touch_id")?)?;
    let at = |row: usize| value_at(instants, row);
    let mut order: Vec<usize> = (0..rows.num_rows()).collect();
    order.sort_by(|&a, &b| at(a).cmp(&at(b)).then_with(|| ids.compare(a, b)));
    Ok(take_record_batch(&rows, &order.into_iter().map(|row| row as u64).collect::<UInt64Array>())?)
}

/// The account's touch rows, column by column.
pub(super) struct Rows<'a> {
    pub(super) ids: IdColumn<'a>,
    pub(super) contacts: IdColumn<'a>,
    touched_at: &'a TimestampMicrosecondArray,
    pub(super) campaigns: IdColumn<'a>,
    channels: StringArray,
    in_scope: &'a BooleanArray,
    reasons: &'a ArrayRef,
    eligible: &'a BooleanArray,
}

impl<'a> Rows<'a> {
    pub(super) fn try_new(history: &'a RecordBatch) -> Result<Self, RunError> {
        Ok(Self {
            ids: IdColumn::try_new(column(history, "touch_id")?)?,
            contacts: IdColumn::try_new(column(history, "contact_id")?)?,
            touched_at: column(history, "touched_at")?.as_primitive::<TimestampMicrosecondType>(),
            campaigns: IdColumn::try_new(column(history, "campaign_id")?)?,
            channels: text_column(history, "channel")?,
            in_scope: column(history, "in_scope")?.as_boolean(),
            reasons: column(history, "reason")?,
            eligible: column(history, "eligible")?.as_boolean(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.touched_at.len()
    }

    pub(super) fn at(&self, row: usize) -> Option<i64> {
        value_at(self.touched_at, row)
    }

    pub(super) fn channel(&self, row: usize) -> Option<String> {
        value_at(&self.channels, row).map(str::to_owned)
    }

    /// Whether a row can be read.
    pub(super) fn is_readable(&self, row: usize) -> bool {
        self.reasons.is_null(row)
    }

    /// Whether a row was recorded by the as-of date.
    pub(super) fn in_scope(&self, row: usize) -> bool {
        self.in_scope.is_valid(row) && self.in_scope.value(row)
    }

    /// Whether a row satisfies the predicate.
    pub(super) fn eligible(&self, row: usize) -> bool {
        self.eligible.is_valid(row) && self.eligible.value(row)
    }
}
