//! `closedloop run`: compute and publish, then say what came of it.

use super::complain;
use super::money::{counted, grouped, money};
use super::plan_args::PlanArgs;
use super::progress::Bar;
use super::table::{clip, sentence};
use crate::config::Overrides;
use crate::pipeline::{Report, RunOptions, TopCampaign, engine_plans, run};
use bytesize::ByteSize;
use clap::Args;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
        let bar = Bar::new(self.quiet);
        let options = RunOptions {
            threads: self.plan.threads(),
            memory_limit: self.memory_limit,
            marts: self.marts.clone(),
            overwrite: self.overwrite,
            progress: &bar,
        };
        let report = run(&plan, &options);
        bar.clear();
        let report = report?;
        let printed = match self.quiet {
            true => Ok(()),
            false => print_summary(&mut anstream::stdout(), &report, &plan.output, self.verbose),
        };
        // The marts are published by now, which a reader that has seen enough and a full disk do not undo.
        if let Err(error) = printed
            && error.kind() != ErrorKind::BrokenPipe
        {
            let out = plan.output.display();
            complain(&anyhow::anyhow!("the marts are in {out}, but the summary cannot be printed: {error}"));
            return Ok(ExitCode::from(1));
        }
        let is_incomplete = self.strict && !report.refusals.is_empty();
        Ok(if is_incomplete { ExitCode::from(1) } else { ExitCode::SUCCESS })
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

/// Room for the names of buckets and campaigns: enough for buckets, and no more than a narrow terminal has.
const LEAST_NAME_WIDTH: usize = 28;
const MOST_NAME_WIDTH: usize = 48;

/// The closing summary.
fn print_summary(out: &mut impl Write, report: &Report, folder: &Path, verbose: bool) -> std::io::Result<()> {
    let manifest = &report.manifest;
    let digits = manifest.minor_digits;
    let heading = anstyle::Style::new().bold();
    let head = |text: &str| format!("{heading}{text}{}", heading.render_reset());
    writeln!(
        out,
        "{}",
        head(&format!("{:<16}{:>14}{:>14}{:>14}{:>12}", "rows", "read", "used", "out of scope", "set aside"))
    )?;
    for (table, counts) in &manifest.tables {
        let cells = [&counts.read, &counts.used, &counts.out_of_scope, &counts.set_aside]
            .map(|count| grouped(count.rows.into()));
        writeln!(out, "{table:<16}{:>14}{:>14}{:>14}{:>12}", cells[0], cells[1], cells[2], cells[3])?;
    }
    for (table, counts) in manifest.tables.iter().filter(|(_, counts)| counts.set_aside.amount != 0) {
        writeln!(out, "{} of {table} set aside", money(counts.set_aside.amount.into(), digits))?;
    }
    let campaigns = report.top_campaigns.iter();
    let campaigns: Vec<(String, i64)> = campaigns.map(|campaign| (shown(campaign), campaign.amount)).collect();
    let longest = campaigns.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let width = longest.max(LEAST_NAME_WIDTH);
    let line = |name: &str, minor: i64| {
        let percent = percent_of(minor, manifest.booked);
        format!("  {name:<width$}{:>20}{percent:>9}", money(minor.into(), digits))
    };
    writeln!(
        out,
        "\n{}",
        head(&format!("{}, {}, under {}", counted(report.deals, "deal"), manifest.currency, manifest.default_model))
    )?;
    writeln!(out, "{}", line("booked", manifest.booked))?;
    writeln!(out, "{}", line("attributed", report.attributed))?;
    for (bucket, amount) in &report.residuals {
        writeln!(out, "{}", line(bucket, *amount))?;
    }
    if !campaigns.is_empty() {
        writeln!(out, "\n{}", head("top campaigns"))?;
        for (name, amount) in &campaigns {
            writeln!(out, "{}", line(name, *amount))?;
        }
    }
    if !manifest.remarks.is_empty() {
        writeln!(out)?;
    }
    for remark in &manifest.remarks {
        writeln!(out, "{}", sentence(&format!("note: {remark}"), 6))?;
    }
    if verbose {
        let columns = format!("{:<16}{:>14}{:>14}{:>14}{:>14}", "stage", "seconds", "rows", "bytes", "peak memory");
        writeln!(out, "\n{}", head(&columns))?;
        for stage in &report.stages {
            let size = |bytes: u64| if bytes == 0 { String::new() } else { ByteSize(bytes).to_string() };
            let peak = stage.peak_memory.map(size).unwrap_or_default();
            let (rows, bytes) = (grouped(stage.rows.into()), size(stage.bytes));
            writeln!(out, "{:<16}{:>14.3}{rows:>14}{bytes:>14}{peak:>14}", stage.name, stage.seconds)?;
        }
    }
    let rows: u64 = manifest.marts.iter().map(|mart| mart.rows).sum();
    let as_of = if manifest.as_of.is_empty() { String::new() } else { format!(", as of {}", manifest.as_of) };
    let marts = counted(manifest.marts.len() as u64, "mart");
    writeln!(out, "\n{} in {marts}{as_of}: {}", counted(rows, "row"), folder.display())
}

/// A campaign and, where there is room, its channel.
fn shown(campaign: &TopCampaign) -> String {
    let whole = format!("{} ({})", campaign.label, campaign.channel);
    if whole.chars().count() <= MOST_NAME_WIDTH { whole } else { clip(&campaign.label, MOST_NAME_WIDTH) }
}

fn percent_of(part: i64, whole: i64) -> String {
    if whole == 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage to look at")]
    let percent = 100.0 * part as f64 / whole as f64 + 0.0;
    format!("{percent:.1} %")
}
