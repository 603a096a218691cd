//! `closedloop clv`: lifetime models of one file of transactions, without a configuration.

use super::flags::{Threads, delimiter, each_once};
use super::money::counted;
use super::table::{cell, header, plain, print_fitted, print_notes, right};
use super::{code_once_said, remark};
use crate::config::calendar::days_since_epoch;
use crate::pipeline::lifetime::of_file::{Content, FileAnswer, FileQuestion, fit_file};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use closedloop_core::lifetime::{Fit, GAMMA_GAMMA, Period, PurchaseModel};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `clv`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  closedloop clv orders.csv --id customer --at ordered_at --amount total --out clv
  closedloop clv summary.csv --rfm --id ID --models bg_nbd,gamma_gamma --format json

Negative amounts are refunds of the latest purchases.")]
pub(super) struct ClvArgs {
    /// Transactions, or with --rfm summaries: CSV (also .gz), Parquet or NDJSON
    file: PathBuf,
    /// What stands between columns of CSV; \t for a tab [default: a comma, in .tsv a tab]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,
    /// Column of the customer
    #[arg(long, value_name = "COL", required_unless_present = "rfm")]
    id: Option<String>,
    /// Column of the date or time of the transaction
    #[arg(long, value_name = "COL", required_unless_present = "rfm", conflicts_with = "rfm")]
    at: Option<String>,
    /// Column of the amount
    #[arg(long, value_name = "COL", conflicts_with = "rfm")]
    amount: Option<String>,
    /// The file holds summaries: frequency (or x), recency (or t_x), T, monetary_value (or zbar)
    #[arg(long)]
    rfm: bool,
    /// Unit of time
    #[arg(long, value_parser = period(), default_value = "week")]
    unit: Period,
    /// Purchases of one such period are one; for bg_bb those of one --unit
    #[arg(long, value_name = "UNIT", value_parser = period(), default_value = "day", conflicts_with = "rfm")]
    merge: Period,
    /// Last day observed; later transactions are left out [default: the latest in the file]
    #[arg(long, value_name = "DATE", conflicts_with = "rfm")]
    until: Option<jiff::civil::Date>,
    /// Models to fit, separated by commas: bg_nbd, mbg_nbd, pareto_nbd, bg_bb, gamma_gamma. Predictions are those of the first
    #[arg(long, value_name = "MODELS", value_delimiter = ',', value_parser = model,
          default_value = "bg_nbd,mbg_nbd,pareto_nbd,gamma_gamma")]
    models: Vec<Model>,
    /// Months to predict
    #[arg(long, value_name = "N", default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=1200))]
    horizon: u32,
    /// Discount rate a year
    #[arg(long, value_name = "R", default_value_t = 0.1, value_parser = discount)]
    discount: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write what is predicted of every customer to DIR/predictions, as Parquet
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

fn period() -> impl TypedValueParser<Value = Period> {
    let names = [Period::Week, Period::Month, Period::Day].map(Period::name);
    PossibleValuesParser::new(names).try_map(|name| Period::from_name(&name).ok_or("is no unit of time"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
}

/// A model to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    Purchases(PurchaseModel),
    Spend,
}

impl Model {
    fn id(self) -> &'static str {
        match self {
            Self::Purchases(model) => model.id(),
            Self::Spend => GAMMA_GAMMA,
        }
    }
}

fn model(id: &str) -> Result<Model, String> {
    if id == GAMMA_GAMMA {
        return Ok(Model::Spend);
    }
    let ids = PurchaseModel::ALL.map(PurchaseModel::id).into_iter().chain([GAMMA_GAMMA]).collect::<Vec<_>>().join(", ");
    PurchaseModel::from_id(id).map(Model::Purchases).ok_or_else(|| format!("there are {ids}"))
}

fn discount(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "write a rate such as 0.1".to_owned())?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("give a rate from 0 to 1".to_owned()) }
}

impl ClvArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        each_once("--models", &self.models, |model| model.id().to_owned())?;
        let answer = fit_file(&self.question())?;
        let said = self.print(&mut anstream::stdout(), &answer);
        if self.format != Format::Table {
            for note in &answer.notes {
                remark(&format!("note: {note}"));
            }
        }
        match &answer.predictions {
            Some((folder, _)) => {
                let done = format!("the predictions are in {}", folder.display());
                Ok(code_once_said(said, &done, ExitCode::SUCCESS))
            }
            None => said.map(|()| ExitCode::SUCCESS),
        }
    }

    fn print(&self, out: &mut impl Write, answer: &FileAnswer) -> anyhow::Result<()> {
        match self.format {
            Format::Table => print_table(out, answer)?,
            Format::Csv => print_csv(out, answer)?,
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&rows(&answer.fits))?)?,
        }
        Ok(())
    }

    fn question(&self) -> FileQuestion {
        let content = match (&self.id, &self.at) {
            (Some(id), Some(at)) => Content::Transactions {
                id: id.clone(),
                at: at.clone(),
                amount: self.amount.clone(),
                until: self.until.map(days_since_epoch),
            },
            (id, _) => Content::Summaries { id: id.clone() },
        };
        let purchases = self.models.iter().filter_map(|model| match model {
            Model::Purchases(model) => Some(*model),
            Model::Spend => None,
        });
        FileQuestion {
            file: self.file.clone(),
            delimiter: self.delimiter,
            content,
            unit: self.unit,
            merge: self.merge,
            models: purchases.collect(),
            with_spend: self.models.contains(&Model::Spend),
            horizon_months: self.horizon,
            discount: self.discount,
            out: self.out.clone(),
            threads: self.threads.count(),
        }
    }
}

/// A parameter of a fit.
#[derive(Debug, serde::Serialize)]
struct Row {
    model: &'static str,
    parameter: &'static str,
    estimate: f64,
    standard_error: f64,
    log_likelihood: f64,
    customers: u64,
}

fn rows(fits: &[Fit]) -> Vec<Row> {
    let of_fit = |fit: &Fit| {
        let (model, log_likelihood, customers) = (fit.model, fit.log_likelihood, fit.customers);
        let row = move |parameter: &closedloop_core::lifetime::Parameter| Row {
            model,
            parameter: parameter.name,
            estimate: parameter.estimate,
            standard_error: parameter.standard_error,
            log_likelihood,
            customers,
        };
        fit.parameters.iter().map(row).collect::<Vec<_>>()
    };
    fits.iter().flat_map(of_fit).collect()
}

fn print_csv(out: &mut impl Write, answer: &FileAnswer) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows(&answer.fits) {
        writer.serialize(row)?;
    }
    Ok(writer.flush()?)
}

fn print_table(out: &mut impl Write, answer: &FileAnswer) -> std::io::Result<()> {
    let mut table = plain();
    let names = ["model", "parameter", "estimate", "standard error", "log likelihood", "customers"];
    table.set_header(header(names, |column| column >= 2));
    for row in rows(&answer.fits) {
        table.add_row([
            cell(row.model),
            cell(row.parameter),
            right(format!("{:.4}", row.estimate)),
            right(format!("{:.4}", row.standard_error)),
            right(format!("{:.2}", row.log_likelihood)),
            right(row.customers.to_string()),
        ]);
    }
    print_fitted(out, &table, &[])?;
    print_notes(out, &answer.notes)?;
    if let Some((folder, rows)) = &answer.predictions {
        writeln!(out, "\npredictions of {}: {}", counted(*rows, "customer"), folder.display())?;
    }
    Ok(())
}
