//! `closedloop validate-models`: every model in simulated worlds whose truth is known.

use super::flags::each_once;
use super::progress::target;
use super::table::{BOLD, cell, header, plain, print_fitted, right, sentence};
use crate::config::remedy;
use clap::{Args, ValueEnum};
use closedloop_core::worlds::{
    CHANNELS, Estimator, ModelReport, Scenario, World, fitted_estimators, incremental_estimator, rule_estimators,
    scenarios, validate_models,
};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// The level of the intervals whose coverage is told.
const LEVEL: f64 = 0.95;

/// Arguments of `validate-models`.
#[derive(Debug, Args)]
#[command(
    after_help = "Columns: error is the mean absolute error of a channel's share, bias its mean error (above zero where the model gives \
                  too much), rank Kendall's τ of estimated and true shares, and covered the part of the 95 % intervals that hold the \
                  truth; then each channel's mean share.\n\n\
                  Example: closedloop validate-models --worlds 20 --scenario retargeting"
)]
pub(super) struct ValidateModelsArgs {
    /// Worlds to simulate of each scenario
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    worlds: u32,
    /// Accounts in each world
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    accounts: u32,
    /// The seed of the first world; the same seed gives the same worlds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these scenarios, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    scenario: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For a page
    Markdown,
    /// One JSON array
    Json,
}

impl ValidateModelsArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let scenarios = self.scenarios()?;
        let bar = self.bar(scenarios.len());
        let estimators: Vec<Estimator> = estimators().into_iter().map(|estimator| counted(estimator, &bar)).collect();
        let mut out = anstream::stdout();
        let mut all = Vec::new();
        for scenario in scenarios {
            bar.set_message(scenario.name);
            let reports =
                validate_models(std::slice::from_ref(scenario), self.worlds, self.accounts, self.seed, &estimators);
            match self.format {
                Format::Table | Format::Markdown => {
                    let is_markdown = self.format == Format::Markdown;
                    bar.suspend(|| print_scenario(&mut out, scenario, &reports, is_markdown))?;
                }
                Format::Json => all.extend(reports),
            }
        }
        bar.finish_and_clear();
        if self.format == Format::Json {
            let lines: Vec<Line<'_>> = all.iter().map(Line::from).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&lines)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn scenarios(&self) -> anyhow::Result<Vec<&'static Scenario>> {
        each_once("--scenario", &self.scenario, String::clone)?;
        let named = |name: &String| {
            scenarios().iter().find(|scenario| scenario.name == name).ok_or_else(|| {
                let names: Vec<&str> = scenarios().iter().map(|scenario| scenario.name).collect();
                let remedy = remedy(name, names.iter().copied(), &format!("there are {}", names.join(", ")));
                anyhow::anyhow!("no scenario is called \"{name}\"; {remedy}")
            })
        };
        if self.scenario.is_empty() {
            Ok(scenarios().iter().collect())
        } else {
            self.scenario.iter().map(named).collect()
        }
    }

    /// One step per world and model.
    fn bar(&self, scenarios: usize) -> ProgressBar {
        let steps = scenarios as u64 * u64::from(self.worlds) * estimators().len() as u64;
        let bar = ProgressBar::with_draw_target(Some(steps), target(false));
        match ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}

/// All models, in the order in which tables show them.
fn estimators() -> Vec<Estimator> {
    rule_estimators().into_iter().chain(fitted_estimators()).chain([incremental_estimator(LEVEL)]).collect()
}

/// The estimator, which tells the bar when it is done with a world.
fn counted(estimator: Estimator, bar: &ProgressBar) -> Estimator {
    let (bar, estimate) = (bar.clone(), estimator.estimate);
    let estimate = move |world: &World| {
        let estimated = estimate(world);
        bar.inc(1);
        estimated
    };
    Estimator { model: estimator.model, estimate: Box::new(estimate) }
}

/// A model in the worlds of a scenario, for machines. What a refused model has none of is null.
#[derive(Serialize)]
struct Line<'a> {
    scenario: &'a str,
    model: &'a str,
    worlds: u32,
    refused: u32,
    refusal: Option<&'a str>,
    mean_absolute_error: Option<f64>,
    bias: Option<f64>,
    rank_correlation: Option<f64>,
    interval_coverage: Option<f64>,
    channels: &'static [&'static str],
    mean_shares: Vec<Option<f64>>,
    true_shares: &'a [f64],
}

impl<'a> From<&'a ModelReport> for Line<'a> {
    fn from(report: &'a ModelReport) -> Self {
        let finite = |number: f64| Some(number).filter(|number| number.is_finite());
        Self {
            scenario: &report.scenario,
            model: &report.model,
            worlds: report.worlds,
            refused: report.refused.as_ref().map_or(0, |(worlds, _)| *worlds),
            refusal: report.refused.as_ref().map(|(_, reason)| reason.as_str()),
            mean_absolute_error: finite(report.error),
            bias: finite(report.bias),
            rank_correlation: report.rank_correlation,
            interval_coverage: report.coverage,
            channels: &CHANNELS[1..],
            mean_shares: report.shares.iter().copied().map(finite).collect(),
            true_shares: &report.truth,
        }
    }
}

/// What a scenario is, its models, and why some were refused.
fn print_scenario(
    out: &mut impl Write,
    scenario: &Scenario,
    reports: &[ModelReport],
    is_markdown: bool,
) -> std::io::Result<()> {
    let (name, description) = (scenario.name, scenario.description);
    let mut table = table(reports);
    if is_markdown {
        writeln!(out, "### {name}\n\n{description}\n")?;
        table.load_style(presets::ASCII_MARKDOWN);
        writeln!(out, "{}", table.trim_fmt())?;
    } else {
        let title = sentence(&format!("{name}: {description}"), 2);
        writeln!(out, "{BOLD}{name}{BOLD:#}{}\n", &title[name.len()..])?;
        print_fitted(out, &table, &[])?;
    }
    writeln!(out)?;
    for report in reports {
        if let Some((worlds, reason)) = &report.refused {
            let worlds = super::money::counted(u64::from(*worlds), "world");
            let refused = format!("{} was refused in {worlds}: {reason}", report.model);
            let refused = if is_markdown { refused } else { sentence(&refused, 2) };
            writeln!(out, "{refused}\n")?;
        }
    }
    Ok(())
}

/// A scenario's models, the truth first.
fn table(reports: &[ModelReport]) -> Table {
    let mut table = plain();
    let judged = ["model", "worlds", "error", "bias", "rank", "covered"];
    table.set_header(header(judged.into_iter().chain(CHANNELS[1..].iter().copied()), |column| column > 0));
    let percent = |share: f64| if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { String::new() };
    if let Some(report) = reports.first() {
        let blank = std::iter::repeat_n(cell(""), 5);
        let truth = report.truth.iter().map(|&share| right(percent(share)));
        table.add_row([cell("(truth)")].into_iter().chain(blank).chain(truth));
    }
    for report in reports {
        let judged = [
            report.worlds.to_string(),
            percent(report.error),
            if report.bias.is_finite() { format!("{:+.1} %", 100.0 * report.bias) } else { String::new() },
            report.rank_correlation.map_or_else(String::new, |tau| format!("{tau:+.2}")),
            report.coverage.map_or_else(String::new, percent),
        ];
        let shares = report.shares.iter().map(|&share| percent(share));
        table.add_row([cell(&report.model)].into_iter().chain(judged.into_iter().chain(shares).map(right)));
    }
    table
}
