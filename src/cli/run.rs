//! `closedloop run`: compute and publish, then say what came of it.

mod summary;

use super::code_once_said;
use super::plan_args::PlanArgs;
use super::progress::Bar;
use crate::config::Overrides;
use crate::pipeline::{Progress, RunOptions, engine_plans, run};
use bytesize::ByteSize;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use summary::print_summary;

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "Example: closedloop run closedloop.toml --out marts --as-of 2026-06-30")]
pub(super) struct RunArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Folder for the marts [default: output.path of the configuration]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write only these marts, separated by commas
    #[arg(long, value_name = "MARTS", value_delimiter = ',')]
    marts: Option<Vec<String>>,
    /// Memory that the run may take before it continues on disk, as 700MB or 2GiB [default: all it needs]
    #[arg(long, value_name = "SIZE", value_parser = memory_limit)]
    memory_limit: Option<usize>,
    /// How sure the numbers are: off, fast (closed form) or bootstrap=N [default: models.intervals, else fast]
    #[arg(long, value_name = "HOW")]
    intervals: Option<String>,
    /// Print the resolved plan and stop
    #[arg(long)]
    dry_run: bool,
    /// Print how the engine streams the touches and rolls up the marts, and stop
    #[arg(long, conflicts_with = "dry_run")]
    show_plan: bool,
    /// Replace the output folder even if it is not an earlier run's
    #[arg(long)]
    overwrite: bool,
    /// Exit with code 1 when a model is left out because the data do not support it
    #[arg(long)]
    strict: bool,
    /// Print what every stage took: seconds, rows, bytes and peak memory
    #[arg(short, long)]
    verbose: bool,
    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

impl RunArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let plan =
            self.plan.plan(Overrides { out: self.out.clone(), intervals: self.intervals.clone(), as_of: None })?;
        if self.dry_run {
            writeln!(anstream::stdout(), "{plan}")?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.show_plan {
            for (name, plan) in engine_plans(&plan, self.plan.threads())? {
                writeln!(anstream::stdout(), "{name}\n{plan}")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let report = Bar::during(self.quiet, |bar| run(&plan, &self.options(bar)))?;
        let said = match self.quiet {
            true => Ok(()),
            false => print_summary(&mut anstream::stdout(), &report, &plan.output, self.verbose),
        };
        let is_incomplete = self.strict && !report.refusals.is_empty();
        let code = if is_incomplete { ExitCode::from(1) } else { ExitCode::SUCCESS };
        Ok(code_once_said(said, &format!("the marts are in {}", plan.output.display()), code))
    }

    fn options<'a>(&self, progress: &'a dyn Progress) -> RunOptions<'a> {
        RunOptions {
            threads: self.plan.threads(),
            memory_limit: self.memory_limit,
            marts: self.marts.clone(),
            overwrite: self.overwrite,
            progress,
        }
    }
}

/// The least that a run can be expected to do anything useful with.
const LEAST_MEMORY: u64 = 64 << 20;

fn memory_limit(text: &str) -> Result<usize, String> {
    let size: ByteSize = text.parse().map_err(|_| "write a size such as 700MB or 2GiB".to_owned())?;
    match usize::try_from(size.as_u64()) {
        Ok(bytes) if size.as_u64() >= LEAST_MEMORY => Ok(bytes),
        _ => Err(format!("give at least {}", ByteSize(LEAST_MEMORY))),
    }
}
