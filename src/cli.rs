//! The command line: what can be asked, and how answers are said.

mod changes;
mod check;
mod clv;
mod compare;
mod explain;
mod flags;
mod generate;
mod init;
mod marts;
mod models;
mod money;
mod paths;
mod plan_args;
mod progress;
mod quarter;
mod query;
mod rows;
mod run;
mod table;
mod validate_models;

use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// Multi-touch attribution and ROI that reconciles to booked revenue, to the cent.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 a check found something, changes has some to tell, init lacks a table, a model was left out under --strict, or what was done could not be printed · 2 cannot run, nothing was published";

#[derive(Debug, Subcommand)]
enum Command {
    /// Compute the marts of a configuration and publish them
    Run(run::RunArgs),
    /// Look for problems in a configuration and its data; writes nothing
    Check(check::CheckArgs),
    /// Explain a deal, an account or a campaign: which touches count, why, and for how much
    Explain(explain::ExplainArgs),
    /// Show the models of a finished run side by side
    Compare(compare::CompareArgs),
    /// Tell what two finished runs say differently, and which deals that comes from
    Changes(changes::ChangesArgs),
    /// Fit lifetime models to one file of transactions
    Clv(clv::ClvArgs),
    /// Ask the inputs, the canonical tables or the marts in SQL
    Query(query::QueryArgs),
    /// List the attribution models, or print their definitions
    Models(models::ModelsArgs),
    /// Attribute a table of aggregated paths
    Paths(paths::PathsArgs),
    /// Judge every model in simulated worlds whose truth is known
    ValidateModels(validate_models::ValidateModelsArgs),
    /// Write a configuration for a folder of exports
    Init(init::InitArgs),
    /// Describe the marts and their columns
    Marts(marts::MartsArgs),
    /// Write a demo company's data, with the true effect of every campaign beside it
    Generate(generate::GenerateArgs),
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// What keeps it from being done, in one sentence.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Run(args) => args.run(),
            Command::Check(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Compare(args) => args.run(),
            Command::Changes(args) => args.run(),
            Command::Clv(args) => args.run(),
            Command::Query(args) => args.run(),
            Command::Models(args) => args.run(),
            Command::Paths(args) => args.run(),
            Command::ValidateModels(args) => args.run(),
            Command::Init(args) => args.run(),
            Command::Marts(args) => args.run(),
            Command::Generate(args) => args.run(),
        }
    }
}

const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();

/// Says a line on standard error; where it cannot be written, nobody can be told.
fn remark(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says on standard error what could not be done.
pub fn complain(error: &anyhow::Error) {
    remark(&format!("{ERROR}error:{ERROR:#} {}", table::printable(&error.to_string())));
}

/// A reader that has seen enough is no failure.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    // The csv crate does not name what an error of its comes from.
    let kind =
        |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<csv::Error>().map(csv::Error::kind) {
            Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
            _ => cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind),
        };
    error.chain().any(|cause| kind(cause) == Some(std::io::ErrorKind::BrokenPipe))
}

/// The exit code of something that is done, once it is said: readers who have seen enough change nothing about it, and neither does
/// output that cannot be written.
fn code_once_said(said: Result<(), impl Into<anyhow::Error>>, done: &str, code: ExitCode) -> ExitCode {
    match said.map_err(Into::into) {
        Err(error) if !is_broken_pipe(&error) => {
            complain(&anyhow::anyhow!("{done}, but more cannot be printed: {error}"));
            ExitCode::from(1)
        }
        _ => code,
    }
}
