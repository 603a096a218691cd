//! `closedloop clv`: models fitted to one file of transactions or summaries, and predictions of its customers.

mod predictions;
mod read;

use crate::mart::publication::check_is_table;
use crate::pipeline::RunError;
use crate::pipeline::prepare::Workers;
use closedloop_core::lifetime::{
    Fit, Forecast, Horizon, LifetimeError, Period, PurchaseModel, SpendFit, Summaries, fit_spend,
    frequency_value_correlation,
};
use predictions::PredictionTable;
use rayon::prelude::*;
use read::{FileCustomers, Seen};
use std::path::{Path, PathBuf};

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

/// Fits the models, and writes predictions where a folder is given.
///
/// # Errors
/// A file that cannot be read; data to which none of the models can be fitted; a folder that cannot be written.
pub fn fit_file(question: &FileQuestion) -> Result<FileAnswer, RunError> {
    question.out.as_deref().map_or(Ok(()), |out| check_is_table(&predictions::folder(out)))?;
    let workers = Workers::start(question.threads)?;
    workers.pool.install(|| workers.runtime.block_on(FileCustomers::read(question))?.answer(question))
}

impl FileCustomers {
    fn answer(mut self, question: &FileQuestion) -> Result<FileAnswer, RunError> {
        let mut notes = std::mem::take(&mut self.notes);
        let (mut fits, mut refused) = (Vec::new(), Vec::new());
        for (model, fit) in self.fit_purchases(question) {
            match fit {
                Ok(fit) => fits.push((model, fit)),
                Err(error) => {
                    notes.push(error.to_string());
                    refused.push(error);
                }
            }
        }
        let spend = match self.fit_spend(question, fits.first().map(|(model, _)| *model)) {
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
                refused.push(error);
                None
            }
        };
        if fits.is_empty() && spend.is_none() {
            if question.with_spend && !self.has_amounts {
                refused.push(LifetimeError::NoAmounts);
            }
            if let Some(error) = refused.into_iter().next() {
                return Err(error.into());
            }
        }
        let predictions = match (fits.first(), &question.out) {
            (Some((model, fit)), Some(out)) => Some(self.predict(question, *model, fit, spend.as_ref(), out)?),
            _ => None,
        };
        if question.out.is_some() && predictions.is_none() {
            notes.push("no predictions are written: they need a fitted model of purchases".to_owned());
        }
        let fits = fits.into_iter().map(|(_, fit)| fit).chain(spend).collect();
        Ok(FileAnswer { fits, notes, predictions })
    }

    /// The fits of the purchase models, or why there is none.
    fn fit_purchases(&self, question: &FileQuestion) -> Vec<(PurchaseModel, Result<Fit, LifetimeError>)> {
        question.models.par_iter().map(|&model| (model, model.fit(&self.seen_by(model).rows))).collect()
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
        let Seen { summaries, .. } = of.map_or(&self.merged, |model| self.seen_by(model));
        Ok(Some((fit_spend(summaries)?, frequency_value_correlation(summaries))))
    }

    /// Writes what a fitted model of purchases predicts of every customer.
    fn predict(
        &self,
        question: &FileQuestion,
        model: PurchaseModel,
        fit: &Fit,
        spend: Option<&Fit>,
        out: &Path,
    ) -> Result<(PathBuf, u64), RunError> {
        let Seen { summaries, rows } = self.seen_by(model);
        let spend = spend.map_or_else(|| SpendFit::Fixed(mean_of_repeats(summaries)), SpendFit::Fitted);
        let horizon = Horizon::of_months(question.horizon_months, question.unit, question.discount);
        let forecast = Forecast::new(model, fit, spend, summaries, rows, &horizon)?;
        let table = PredictionTable { ids: &self.ids, has_amounts: self.has_amounts, model, summaries };
        table.write(&forecast.predictions(), out)
    }
}

/// The mean value of all repeat purchases.
fn mean_of_repeats(summaries: &Summaries) -> f64 {
    let pairs = || summaries.x.iter().zip(&summaries.mean_value);
    let purchases: f64 = pairs().map(|(&x, _)| f64::from(x)).sum();
    let value: f64 = pairs().map(|(&x, value)| f64::from(x) * value).sum();
    if purchases > 0.0 { value / purchases } else { 0.0 }
}
