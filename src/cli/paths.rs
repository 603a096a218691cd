//! `closedloop paths`: attribution of a table of aggregated paths.

mod print;
mod read;

use super::flags::{delimiter, each_once};
use super::remark;
use crate::config::remedy;
use clap::{Args, ValueEnum};
use closedloop_core::model::{ChainOrder, ModelSpec, Refusal, fitted_models, house_models, vendor_models};
use closedloop_core::paths::{ChannelResult, Nulls, Paths};
use closedloop_core::statistics::HIGHEST_ORDER;
use read::{Columns, Reading};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `paths`.
#[derive(Debug, Args)]
#[command(after_help = "Example: closedloop paths paths.csv --delimiter ';' --models linear,markov --order 2")]
pub(super) struct PathsArgs {
    /// A CSV file: a path in each row, and what came of the journeys that took it
    file: PathBuf,
    /// What stands between columns; \t for a tab
    #[arg(long, value_name = "CHARACTER", default_value = ";", value_parser = delimiter)]
    delimiter: u8,
    /// What stands between the channels of a path
    #[arg(long, value_name = "TEXT", default_value = ">", value_parser = separator, allow_hyphen_values = true)]
    separator: String,
    /// The models to compute, separated by commas; see `closedloop models`
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        default_value = "first_touch,last_touch,linear,markov,shapley"
    )]
    models: Vec<String>,
    /// How many touches the chain of `markov` remembers, 1 to 4, or "auto": as many as predict held-out journeys best
    #[arg(long, value_name = "K", default_value = "1", value_parser = order)]
    order: ChainOrder,
    /// Whether journeys that did not convert count
    #[arg(long, value_enum, default_value_t = NullsChoice::Use)]
    nulls: NullsChoice,
    /// The column of paths
    #[arg(long, value_name = "COLUMN", default_value = "path")]
    path_column: String,
    /// The column of conversions
    #[arg(long, value_name = "COLUMN", default_value = "total_conversions")]
    conversions_column: String,
    /// The column of the conversions' value [default: total_conversion_value, if there is one]
    #[arg(long, value_name = "COLUMN")]
    value_column: Option<String>,
    /// The column of journeys that did not convert; not read with --nulls ignore
    #[arg(long, value_name = "COLUMN", default_value = "total_null")]
    null_column: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Exit with 1 when a model is left out
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NullsChoice {
    /// They do
    Use,
    /// Only conversions are looked at
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// Comma-separated
    Csv,
    /// One JSON array
    Json,
}

/// What one model says of the channels.
struct Answer {
    model: String,
    results: Vec<ChannelResult>,
}

impl PathsArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let models = self.models()?;
        let nulls = match self.nulls {
            NullsChoice::Use => Nulls::Use,
            NullsChoice::Ignore => Nulls::Ignore,
        };
        let read = read::read(&self.file, &self.reading())?;
        let paths = Paths::new(read.table, read.channels, &models, nulls)
            .map_err(|error| anyhow::anyhow!("{}: {error}", self.file.display()))?;
        let (mut answers, mut refused) = (Vec::new(), Vec::<Refusal>::new());
        for model in &models {
            match paths.attribute(model) {
                Ok(results) => answers.push(Answer { model: model.id().to_owned(), results }),
                Err(refusal) => refused.push(refusal),
            }
        }
        if let Some(refusal) = refused.first().filter(|_| answers.is_empty()) {
            anyhow::bail!("{refusal}");
        }
        let mut out = std::io::BufWriter::new(anstream::stdout());
        match self.format {
            Format::Table => print::table(&mut out, paths.channels(), &answers, read.has_value)?,
            Format::Csv => print::csv(out, paths.channels(), &answers, read.has_value)?,
            Format::Json => print::json(&mut out, paths.channels(), &answers, read.has_value)?,
        }
        if let Some(order) = paths.best_order() {
            remark(&format!("note: held-out journeys are predicted best by a chain of order {order}"));
        }
        let loses = |result: &ChannelResult| result.removal_effect_value.is_some_and(|effect| effect < 0.0);
        if answers.iter().flat_map(|answer| &answer.results).any(loses) {
            remark(
                "warning: some channels have negative removal effects on value, since journeys with them lost money; values in proportion \
                 to these effects can have the wrong sign: look at conversions, or leave the negative values out",
            );
        }
        for refusal in &refused {
            remark(&format!("warning: {refusal}"));
        }
        Ok(if self.strict && !refused.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The models asked for, each once, `markov` at the order asked for.
    fn models(&self) -> anyhow::Result<Vec<ModelSpec>> {
        let known = || house_models().iter().chain(fitted_models()).chain(vendor_models());
        each_once("--models", &self.models, String::clone)?;
        let mut models: Vec<ModelSpec> = Vec::new();
        for id in &self.models {
            let spec = known().find(|spec| spec.id() == id).ok_or_else(|| {
                let remedy = remedy(id, known().map(ModelSpec::id), "see `closedloop models`");
                anyhow::anyhow!("no model is called \"{id}\"; {remedy}")
            })?;
            let mut spec = spec.clone();
            if let ModelSpec::Markov { order: order @ ChainOrder::Fixed(_), .. } = &mut spec {
                *order = self.order;
            }
            models.push(spec);
        }
        Ok(models)
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            delimiter: self.delimiter,
            separator: &self.separator,
            columns: Columns {
                path: &self.path_column,
                conversions: &self.conversions_column,
                value: self.value_column.as_deref(),
                nulls: (self.nulls == NullsChoice::Use).then_some(self.null_column.as_str()),
            },
        }
    }
}

fn separator(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("give the text that stands between channels, such as '>'".to_owned());
    }
    Ok(text.trim().to_owned())
}

fn order(text: &str) -> Result<ChainOrder, String> {
    if text == "auto" {
        return Ok(ChainOrder::Auto);
    }
    match text.parse() {
        Ok(order) if (1..=HIGHEST_ORDER).contains(&usize::from(order)) => Ok(ChainOrder::Fixed(order)),
        _ => Err(format!("give a number from 1 to {HIGHEST_ORDER}, or auto")),
    }
}
