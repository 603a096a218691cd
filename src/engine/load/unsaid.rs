//! What opportunities do not say: how they ended, and of what kind their deals are.

use crate::engine::EngineError;
use crate::engine::columns::column;
use crate::engine::set_aside::Tally;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use std::collections::BTreeMap;

/// What the used opportunities do not say, where they are the deals.
#[derive(Debug, Default)]
pub struct Unsaid {
    /// By stage and day of the close, since 1970-01-01: those of which neither a flag nor the stage says how they ended.
    pub ends: BTreeMap<(String, i32), Tally>,
    /// By type: won ones of which it says no kind of deal.
    pub kinds: BTreeMap<String, Tally>,
}

impl Unsaid {
    /// Adds what rows do not say; those of other tables have no such columns.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> Result<(), EngineError> {
        let has_some = |name: &str| rows.column_by_name(name).is_some_and(|column| column.null_count() < column.len());
        if has_some("unsaid_stage") {
            let stages = cast(column(rows, "unsaid_stage")?, &DataType::Utf8)?;
            let closes = column(rows, "unsaid_close")?.as_primitive::<Date32Type>().iter();
            let amounts = column(rows, "unsaid_amount")?.as_primitive::<Int64Type>().iter();
            for ((stage, close), amount) in stages.as_string::<i32>().iter().zip(closes).zip(amounts) {
                if let (Some(stage), Some(close)) = (stage, close) {
                    add(self.ends.entry((stage.to_owned(), close)).or_default(), amount);
                }
            }
        }
        if has_some("unsaid_type") {
            let types = cast(column(rows, "unsaid_type")?, &DataType::Utf8)?;
            let amounts = column(rows, "amount")?.as_primitive::<Int64Type>().iter();
            for (name, amount) in types.as_string::<i32>().iter().zip(amounts) {
                if let Some(name) = name {
                    add(self.kinds.entry(name.to_owned()).or_default(), amount);
                }
            }
        }
        Ok(())
    }
}

fn add(tally: &mut Tally, amount: Option<i64>) {
    tally.rows += 1;
    tally.amount += i128::from(amount.unwrap_or(0));
}
