//! The customers of a file: their histories, made of its transactions or as it summarises them.

use super::{Content, FileQuestion};
use crate::config::Calendar;
use crate::config::calendar::date_of_days;
use crate::config::file::Table;
use crate::config::plan::{CsvLayout, Source, delimiter_of, format_of};
use crate::engine::columns::column;
use crate::engine::memory::Budget;
use crate::engine::purchases::PurchaseRows;
use crate::engine::transactions::{self, FileSummaries, FileTransactions};
use crate::engine::{EngineError, session};
use crate::pipeline::RunError;
use crate::pipeline::lifetime::coding::code;
use crate::pipeline::phrases::counted;
use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{max, take};
use arrow::datatypes::{Int32Type, Int64Type};
use closedloop_core::lifetime::{Grain, LifetimeError, PurchaseModel, Rows, Summaries};
use datafusion::prelude::SessionContext;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Digits that amounts are read with; no currency has more.
const DIGITS: u8 = 4;
/// An amount of one, read so.
const UNIT: u32 = 10_u32.pow(DIGITS as u32);

/// What a model of purchases sees: the history of every customer, and the unique ones of them.
pub(super) struct Seen {
    pub(super) summaries: Summaries,
    pub(super) rows: Rows,
}

impl From<Summaries> for Seen {
    fn from(summaries: Summaries) -> Self {
        Self { rows: summaries.rows(), summaries }
    }
}

/// The customers of a file.
pub(super) struct FileCustomers {
    /// Integers or text.
    pub(super) ids: ArrayRef,
    /// As merged or given.
    pub(super) merged: Seen,
    /// Transactions merged by the unit, where BG/BB asks for it.
    by_unit: Option<Seen>,
    pub(super) has_amounts: bool,
    pub(super) notes: Vec<String>,
}

impl FileCustomers {
    /// What a model of purchases sees of the customers.
    pub(super) fn seen_by(&self, model: PurchaseModel) -> &Seen {
        self.by_unit.as_ref().filter(|_| model == PurchaseModel::BgBb).unwrap_or(&self.merged)
    }

    /// Reads them.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds no history.
    pub(super) async fn read(question: &FileQuestion) -> Result<Self, RunError> {
        let budget = Budget::unlimited();
        let ctx = session::open_in(&Calendar::new(TimeZone::UTC, 1), DIGITS, question.threads, &budget)?;
        match &question.content {
            Content::Summaries { id } => {
                let source = source(question, BTreeMap::new())?;
                let given = transactions::read_summaries(&ctx, &source, id.as_deref()).await?;
                Self::of_summaries(given).map_err(|error| in_file(&source.given, error.to_string()))
            }
            Content::Transactions { id, at, amount, until } => {
                let mut columns =
                    BTreeMap::from([("account_id".to_owned(), id.clone()), ("transacted_at".to_owned(), at.clone())]);
                if let Some(amount) = amount {
                    columns.insert("amount".to_owned(), amount.clone());
                }
                let source = source(question, columns)?;
                Self::of_transactions(question, &ctx, &source, amount.is_some(), *until).await
            }
        }
    }

    fn of_summaries(given: FileSummaries) -> Result<Self, LifetimeError> {
        let [frequency, recency, observed] = given.history;
        let mut repeats = Vec::with_capacity(frequency.len());
        for (row, &x) in frequency.iter().enumerate() {
            repeats.push(whole(x).ok_or(LifetimeError::BadRow { row, reason: "the frequency is not a whole number" })?);
        }
        let (has_amounts, rows) = (given.mean_value.is_some(), repeats.len());
        let merged = Summaries::new(repeats, recency, observed, given.mean_value.unwrap_or_else(|| vec![0.0; rows]))?;
        let numbered = || StringArray::from_iter_values((1..=rows).map(|row| row.to_string()));
        let ids = Arc::new(given.customer.unwrap_or_else(numbered));
        Ok(Self { ids, merged: merged.into(), by_unit: None, has_amounts, notes: vec![] })
    }

    async fn of_transactions(
        question: &FileQuestion,
        ctx: &SessionContext,
        source: &Source,
        has_amounts: bool,
        until: Option<i32>,
    ) -> Result<Self, RunError> {
        let read = transactions::read_transactions(ctx, source, has_amounts).await?;
        let mut notes = notes_of(&read);
        let latest = max(days(&read.rows)?).ok_or_else(|| no_rows(source, &read.unreadable))?;
        let until = until.unwrap_or(latest);
        let (rows, of_later_ones) = up_to_last_day(source, &read.rows, until)?;
        notes.extend(of_later_ones);
        let ids = column(&rows, "account_id")?;
        let coded = code(ids)?;
        let amounts = column(&rows, "amount")?.as_primitive::<Int64Type>();
        let purchases = PurchaseRows::new(&coded.codes, days(&rows)?.values(), amounts.values())?;
        let grain = Grain { merge: question.merge, unit: question.unit };
        let merged = purchases.histories(ctx, grain, until).await?;
        let by_unit = if question.models.contains(&PurchaseModel::BgBb) {
            Some(purchases.histories(ctx, Grain::of(question.unit), until).await?.summaries)
        } else {
            None
        };
        let gone = coded.rows.len() - merged.customer.len();
        if gone > 0 {
            notes.push(format!("{gone} customers have no purchase left after refunds and were left out"));
        }
        let first_rows: UInt32Array = merged.customer.iter().map(|&code| Some(coded.rows[code as usize])).collect();
        let ids = take(ids, &first_rows, None).map_err(EngineError::from)?;
        let in_units = |mut summaries: Summaries| {
            summaries.mean_value.iter_mut().for_each(|value| *value /= f64::from(UNIT));
            Seen::from(summaries)
        };
        Ok(Self { ids, merged: in_units(merged.summaries), by_unit: by_unit.map(in_units), has_amounts, notes })
    }
}

/// What was left out or changed where the file was read.
fn notes_of(read: &FileTransactions) -> Vec<String> {
    let left_out =
        |(reason, rows): (&String, &u64)| format!("{} left out: {reason}", counted(*rows, "row was", "rows were"));
    let rounded = (read.rounded > 0).then(|| {
        let amounts = counted(read.rounded, "amount was", "amounts were");
        format!("{amounts} rounded to {DIGITS} digits")
    });
    read.unreadable.iter().map(left_out).chain(rounded).collect()
}

/// The transactions up to the last day observed, and a note of the later ones.
fn up_to_last_day(source: &Source, rows: &RecordBatch, last: i32) -> Result<(RecordBatch, Option<String>), RunError> {
    let (rows, late) = transactions::up_to(rows, last)?;
    if late == 0 {
        return Ok((rows, None));
    }
    let day = date_of_days(last).map(|day| day.to_string()).unwrap_or_default();
    if rows.num_rows() == 0 {
        return Err(in_file(&source.given, format!("every transaction is after {day}; give a later --until")));
    }
    let after = counted(late, "transaction", "transactions");
    Ok((rows, Some(format!("left out: {after} after {day}"))))
}

/// Why there is no row to fit to.
fn no_rows(source: &Source, unreadable: &BTreeMap<String, u64>) -> RunError {
    if unreadable.is_empty() {
        return LifetimeError::NoCustomers.into();
    }
    let reasons: Vec<String> = unreadable.iter().map(|(reason, rows)| format!("{rows} {reason}")).collect();
    in_file(&source.given, format!("no row can be used ({}); check --id, --at and --amount", reasons.join(", ")))
}

/// What is wrong with a file.
fn in_file(given: &str, message: impl Into<String>) -> RunError {
    let (table, given, message) = (Table::Transactions, given.to_owned(), message.into());
    EngineError::Source { table, given, message }.into()
}

/// A file as a source of transactions.
fn source(question: &FileQuestion, columns: BTreeMap<String, String>) -> Result<Source, RunError> {
    let file = question.file.as_path();
    let given = file.display().to_string();
    if !file.is_file() {
        return Err(in_file(&given, "is not a file; check the path"));
    }
    let without_format = || in_file(&given, "its ending says no format; name it .csv, .parquet or .ndjson");
    let format = format_of(file).ok_or_else(without_format)?;
    let delimiter = question.delimiter.unwrap_or_else(|| delimiter_of(file));
    Ok(Source {
        table: Table::Transactions,
        files: vec![file.to_owned()],
        given,
        format,
        layout: CsvLayout::plain(delimiter),
        columns,
        sql: None,
        with: BTreeMap::new(),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers in range are cast exactly")]
fn whole(value: f64) -> Option<u32> {
    (value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0).then_some(value as u32)
}

fn days(rows: &RecordBatch) -> Result<&Int32Array, EngineError> {
    Ok(column(rows, "day")?.as_primitive::<Int32Type>())
}
