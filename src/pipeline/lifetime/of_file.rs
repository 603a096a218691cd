//! `closedloop clv`: models fitted to one file of transactions or summaries, and predictions of its customers.

mod predictions;

use super::coding::code;
use crate::config::Calendar;
use crate::config::calendar::date_of_days;
use crate::config::file::Table;
use crate::config::plan::{Source, delimiter_of, format_of, has_ending};
use crate::engine::columns::column;
use crate::engine::memory::Budget;
use crate::engine::purchases::PurchaseRows;
use crate::engine::transactions::{self, FileSummaries};
use crate::engine::{EngineError, session};
use crate::mart::publication::check_is_table;
use crate::pipeline::RunError;
use crate::pipeline::phrases::counted;
use crate::pipeline::prepare::Workers;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{max, take};
use arrow::datatypes::{Int32Type, Int64Type};
use closedloop_core::lifetime::{
    Fit, Forecast, Grain, Horizon, LifetimeError, Period, PurchaseModel, Rows, SpendFit, Summaries, fit_spend,
    frequency_value_correlation,
};
use jiff::tz::TimeZone;
use predictions::PredictionTable;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked of a file.
#[derive(Debug)]
pub struct FileQuestion {
    /// CSV, Parquet or NDJSON.
    pub file: PathBuf,
    /// What stands between columns of CSV; `None` means a comma, in `.tsv` a tab.
    pub delimiter: Option<u8>,
    /// What the file holds.
    pub content: Content,
    /// Unit of time.
    pub unit: Period,
    /// Purchases of one such period are one; for BG/BB those of one unit.
    pub merge: Period,
    /// The purchase models to fit; predictions are those of the first that can be fitted.
    pub models: Vec<PurchaseModel>,
    /// Whether to fit Gamma-Gamma to the amounts.
    pub with_spend: bool,
    /// Months ahead.
    pub horizon_months: u32,
    /// Discount rate a year.
    pub discount: f64,
    /// Folder for the predictions.
    pub out: Option<PathBuf>,
    /// Threads to use.
    pub threads: usize,
}

/// What a file holds.
#[derive(Debug)]
pub enum Content {
    /// One row a transaction.
    Transactions {
        /// Column of the customer.
        id: String,
        /// Column of the date.
        at: String,
        /// Column of the amount.
        amount: Option<String>,
        /// Last day observed, since 1970-01-01; `None` means the latest in the file.
        until: Option<i32>,
    },
    /// One row a customer, under the usual headings.
    Summaries {
        /// Column of the customer; without it they are numbered by row.
        id: Option<String>,
    },
}

/// What came of it.
#[derive(Debug)]
pub struct FileAnswer {
    /// The fits, in the order of the models asked for, Gamma-Gamma last.
    pub fits: Vec<Fit>,
    /// What a reader of the fits should know: what was left out, what could not be fitted.
    pub notes: Vec<String>,
    /// Where the predictions are, and for how many customers.
    pub predictions: Option<(PathBuf, u64)>,
}

/// Digits that amounts are read with; no currency has more.
const DIGITS: u8 = 4;
const UNIT: f64 = 10_000.0;

/// Fits the models, and writes predictions where a folder is given.
///
/// # Errors
/// A file that cannot be read; data to which none of the models can be fitted; a folder that cannot be written.
pub fn fit_file(question: &FileQuestion) -> Result<FileAnswer, RunError> {
    question.out.as_deref().map_or(Ok(()), |out| check_is_table(&predictions::folder(out)))?;
    let workers = Workers::start(question.threads)?;
    workers.pool.install(|| workers.runtime.block_on(Customers::read(question))?.answer(question))
}

/// The customers of a file.
struct Customers {
    /// Integers or text.
    ids: ArrayRef,
    /// As merged or given.
    merged: Summaries,
    /// Merged by the unit, where BG/BB asks for it.
    by_unit: Option<Summaries>,
    has_amounts: bool,
    notes: Vec<String>,
}

impl Customers {
    async fn read(question: &FileQuestion) -> Result<Self, RunError> {
        let budget = Budget::new(None);
        let ctx = session::open_in(&Calendar::new(TimeZone::UTC, 1), DIGITS, question.threads, &budget)?;
        match &question.content {
            Content::Summaries { id } => {
                let source = source(question, BTreeMap::new())?;
                let given = transactions::read_summaries(&ctx, &source, id.as_deref()).await?;
                Self::of_summaries(given).map_err(|error| in_file(&source, &error))
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
        Ok(Self { ids, by_unit: Some(merged.clone()), merged, has_amounts, notes: vec![] })
    }

    async fn of_transactions(
        question: &FileQuestion,
        ctx: &datafusion::prelude::SessionContext,
        source: &Source,
        has_amounts: bool,
        until: Option<i32>,
    ) -> Result<Self, RunError> {
        let read = transactions::read_transactions(ctx, source, has_amounts).await?;
        let mut notes = Vec::new();
        for (reason, rows) in &read.unreadable {
            notes.push(format!("{} left out: {reason}", counted(*rows, "row was", "rows were")));
        }
        if read.rounded > 0 {
            notes.push(format!("{} amounts were rounded to {DIGITS} digits", read.rounded));
        }
        let latest = max(days(&read.rows)?).ok_or_else(|| no_rows(source, &read.unreadable))?;
        let until = until.unwrap_or(latest);
        let (rows, late) = transactions::up_to(&read.rows, until)?;
        let day = date_of_days(until).map(|day| day.to_string()).unwrap_or_default();
        if late > 0 && rows.num_rows() == 0 {
            let message = format!("all {late} transactions are after {day}; give a later --until");
            return Err(in_file(source, &message));
        }
        if late > 0 {
            notes.push(format!("{late} transactions after {day} were left out"));
        }
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
            summaries.mean_value.iter_mut().for_each(|value| *value /= UNIT);
            summaries
        };
        Ok(Self { ids, merged: in_units(merged.summaries), by_unit: by_unit.map(in_units), has_amounts, notes })
    }

    fn answer(mut self, question: &FileQuestion) -> Result<FileAnswer, RunError> {
        let mut notes = std::mem::take(&mut self.notes);
        let (mut fits, mut first) = (Vec::new(), None);
        let mut refused: Option<LifetimeError> = None;
        let (rows, unit_rows, fitted) = self.fit_purchases(question);
        for (model, fit) in fitted {
            match fit {
                Ok(fit) => {
                    first.get_or_insert((model, fits.len()));
                    fits.push(fit);
                }
                Err(error) => {
                    notes.push(error.to_string());
                    refused.get_or_insert(error);
                }
            }
        }
        let spend = match self.fit_spend(question, first.map(|(model, _)| model)) {
            Ok(spend) => spend.map(|(fit, correlation)| {
                notes.extend(correlation.map(|correlation| {
                    format!(
                        "gamma_gamma takes spend to be independent of frequency; their correlation is {correlation:.3}"
                    )
                }));
                fit
            }),
            Err(error) => {
                notes.push(error.to_string());
                refused.get_or_insert(error);
                None
            }
        };
        if fits.is_empty() && spend.is_none() {
            if question.with_spend && !self.has_amounts {
                refused.get_or_insert(LifetimeError::NoAmounts);
            }
            if let Some(error) = refused {
                return Err(error.into());
            }
        }
        let predictions = match (first, &question.out) {
            (Some((model, fit)), Some(out)) => {
                let rows = unit_rows.as_ref().filter(|_| model == PurchaseModel::BgBb).unwrap_or(&rows);
                Some(self.predict(question, model, &fits[fit], spend.as_ref(), rows, out)?)
            }
            _ => None,
        };
        if question.out.is_some() && predictions.is_none() {
            notes.push("no predictions are written: they need a fitted model of purchases".to_owned());
        }
        fits.extend(spend);
        Ok(FileAnswer { fits, notes, predictions })
    }

    /// Writes what a fitted model of purchases, whose histories have these unique rows, predicts of every customer.
    fn predict(
        &self,
        question: &FileQuestion,
        model: PurchaseModel,
        fit: &Fit,
        spend: Option<&Fit>,
        rows: &Rows,
        out: &Path,
    ) -> Result<(PathBuf, u64), RunError> {
        let summaries = self.seen_by(model);
        let spend = spend.map_or_else(|| SpendFit::Fixed(mean_of_repeats(summaries)), SpendFit::Fitted);
        let forecast = Forecast::new(model, fit, spend, summaries, rows, &horizon(question))?;
        let table = PredictionTable { ids: &self.ids, has_amounts: self.has_amounts, model, summaries };
        table.write(&forecast.predictions(), out)
    }

    /// The unique histories, as merged and by unit, and the fits of the purchase models to them.
    fn fit_purchases(&self, question: &FileQuestion) -> (Rows, Option<Rows>, Vec<(PurchaseModel, FitResult)>) {
        let (rows, unit_rows) = (self.merged.rows(), self.by_unit.as_ref().map(Summaries::rows));
        let fit = |&model: &PurchaseModel| {
            let unit_rows = unit_rows.as_ref().filter(|_| model == PurchaseModel::BgBb);
            (model, model.fit(unit_rows.unwrap_or(&rows)))
        };
        let fitted = question.models.par_iter().map(fit).collect();
        (rows, unit_rows, fitted)
    }

    /// The histories that a purchase model is fitted to.
    fn seen_by(&self, model: PurchaseModel) -> &Summaries {
        self.by_unit.as_ref().filter(|_| model == PurchaseModel::BgBb).unwrap_or(&self.merged)
    }

    /// Gamma-Gamma, if it is asked for, with the correlation that it takes to be none; of the purchases as the model that predicts
    /// them counts them.
    fn fit_spend(
        &self,
        question: &FileQuestion,
        of: Option<PurchaseModel>,
    ) -> Result<Option<(Fit, Option<f64>)>, LifetimeError> {
        if !(question.with_spend && self.has_amounts) {
            return Ok(None);
        }
        let summaries = of.map_or(&self.merged, |model| self.seen_by(model));
        Ok(Some((fit_spend(summaries)?, frequency_value_correlation(summaries))))
    }
}

/// A fit, or why there is none.
type FitResult = Result<Fit, LifetimeError>;

/// The horizon in the unit of time.
fn horizon(question: &FileQuestion) -> Horizon {
    Horizon {
        months: question.horizon_months,
        month: Period::Month.days() / question.unit.days(),
        discount: monthly(question.discount),
    }
}

/// The rate a month that makes a rate a year.
pub(super) fn monthly(yearly: f64) -> f64 {
    (yearly.ln_1p() / 12.0).exp_m1()
}

/// The mean value of all repeat purchases.
fn mean_of_repeats(summaries: &Summaries) -> f64 {
    let pairs = || summaries.x.iter().zip(&summaries.mean_value);
    let purchases: f64 = pairs().map(|(&x, _)| f64::from(x)).sum();
    let value: f64 = pairs().map(|(&x, value)| f64::from(x) * value).sum();
    if purchases > 0.0 { value / purchases } else { 0.0 }
}

/// Why there is no row to fit to.
fn no_rows(source: &Source, unreadable: &BTreeMap<String, u64>) -> RunError {
    if unreadable.is_empty() {
        return LifetimeError::NoCustomers.into();
    }
    let reasons: Vec<String> = unreadable.iter().map(|(reason, rows)| format!("{rows} {reason}")).collect();
    in_file(source, &format!("no row can be used ({}); check --id, --at and --amount", reasons.join(", ")))
}

/// What is wrong with a file.
fn in_file(source: &Source, message: &impl ToString) -> RunError {
    let (table, given, message) = (source.table, source.given.clone(), message.to_string());
    EngineError::Source { table, given, message }.into()
}

/// A file as a source of transactions.
fn source(question: &FileQuestion, columns: BTreeMap<String, String>) -> Result<Source, RunError> {
    let file = question.file.as_path();
    let given = file.display().to_string();
    let fault = |message: &str| {
        let (table, given, message) = (Table::Transactions, given.clone(), message.to_owned());
        RunError::from(EngineError::Source { table, given, message })
    };
    if !file.is_file() {
        return Err(fault("is not a file; check the path"));
    }
    let format =
        format_of(file).ok_or_else(|| fault("its ending says no format; name it .csv, .parquet or .ndjson"))?;
    let gzip = has_ending(file, "gz");
    let delimiter = question.delimiter.unwrap_or_else(|| delimiter_of(file));
    Ok(Source {
        table: Table::Transactions,
        files: vec![file.to_owned()],
        given,
        format,
        gzip,
        delimiter,
        columns,
        sql: None,
        with: BTreeMap::new(),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers in range are cast exactly")]
fn whole(value: f64) -> Option<u32> {
    (value >= 0.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0).then_some(value as u32)
}

fn days(rows: &RecordBatch) -> Result<&arrow::array::Int32Array, EngineError> {
    Ok(column(rows, "day")?.as_primitive::<Int32Type>())
}
