//! What opportunities do not say: how they ended, and of what kind their deals are.

use crate::engine::EngineError;
use crate::engine::columns::{column, text_column};
use crate::engine::set_aside::Tally;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use std::collections::BTreeMap;

/// What the used opportunities do not say, where they are the deals.
#[derive(Debug, Default)]
pub struct Unsaid {
    /// By stage and day of the close, since 1970-01-01: those of which neither a flag nor the stage says how they ended.
    pub ends: BTreeMap<(String, i32), Tally>,
    /// By type: won ones of which it says no kind of deal.
    pub kinds: BTreeMap<String, Tally>,
}

/// The columns of a stage that say what is unsaid.
pub(super) const COLUMNS: [&str; 4] = ["unsaid_stage", "unsaid_close", "unsaid_amount", "unsaid_type"];

/// What used rows do not say, by their position, until it is known which of them are kept.
#[derive(Debug, Default)]
pub(super) struct UnsaidRows {
    /// By stage: position, day of the close, amount.
    ends: BTreeMap<String, Vec<(usize, i32, Option<i64>)>>,
    /// By type: position, amount.
    kinds: BTreeMap<String, Vec<(usize, Option<i64>)>>,
}

impl UnsaidRows {
    /// Adds what rows, of which the first has this position, do not say; those of other tables have no such columns.
    pub(super) fn add(&mut self, rows: &RecordBatch, first: usize) -> Result<(), EngineError> {
        let has_some = |name: &str| rows.column_by_name(name).is_some_and(|column| column.null_count() < column.len());
        if has_some("unsaid_stage") {
            let stages = text_column(rows, "unsaid_stage")?;
            let closes = column(rows, "unsaid_close")?.as_primitive::<Date32Type>().iter();
            let amounts = column(rows, "unsaid_amount")?.as_primitive::<Int64Type>().iter();
            for ((position, stage), (close, amount)) in (first..).zip(stages.iter()).zip(closes.zip(amounts)) {
                if let (Some(stage), Some(close)) = (stage, close) {
                    self.ends.entry(stage.to_owned()).or_default().push((position, close, amount));
                }
            }
        }
        if has_some("unsaid_type") {
            let types = text_column(rows, "unsaid_type")?;
            let amounts = column(rows, "amount")?.as_primitive::<Int64Type>().iter();
            for ((position, name), amount) in (first..).zip(types.iter()).zip(amounts) {
                if let Some(name) = name {
                    self.kinds.entry(name.to_owned()).or_default().push((position, amount));
                }
            }
        }
        Ok(())
    }

    /// What the rows at the positions that are kept do not say.
    pub(super) fn of_kept(self, is_kept: impl Fn(usize) -> bool) -> Unsaid {
        let mut unsaid = Unsaid::default();
        for (stage, rows) in self.ends {
            for (_, close, amount) in rows.into_iter().filter(|(position, ..)| is_kept(*position)) {
                add(unsaid.ends.entry((stage.clone(), close)).or_default(), amount);
            }
        }
        for (name, rows) in self.kinds {
            for (_, amount) in rows.into_iter().filter(|(position, _)| is_kept(*position)) {
                add(unsaid.kinds.entry(name.clone()).or_default(), amount);
            }
        }
        unsaid
    }
}

fn add(tally: &mut Tally, amount: Option<i64>) {
    tally.rows += 1;
    tally.amount += i128::from(amount.unwrap_or(0));
}
