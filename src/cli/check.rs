//! `closedloop check`: what somebody should look at before trusting the numbers, without writing anything.

use super::code_once_said;
use super::money::{counted, money};
use super::plan_args::PlanArgs;
use super::progress::Bar;
use super::table::sentence;
use crate::config::Overrides;
use crate::config::plan::Finance;
use crate::pipeline::{Finding, inspect, unchanged};
use clap::Args;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "Exits with 1 when there are findings.\n\nExample: closedloop check closedloop.toml")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    plan: PlanArgs,
    /// Print nothing but findings
    #[arg(short, long)]
    quiet: bool,
}

impl CheckArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let plan = self.plan.plan(Overrides::default())?;
        let threads = self.plan.threads();
        let findings = Bar::during(self.quiet, |bar| unchanged(&plan, || inspect(&plan, threads, bar)))?;
        let code = if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        let said = self.print(&mut anstream::stdout(), &plan.finance, &findings);
        let done = format!("there are {}", counted(findings.len() as u64, "finding"));
        Ok(code_once_said(said, &done, code))
    }

    fn print(&self, out: &mut impl Write, finance: &Finance, findings: &[Finding]) -> std::io::Result<()> {
        for finding in findings {
            let amount = finding.amount.map(|amount| money(amount, finance.minor_digits));
            let amount = amount.map(|amount| format!(" [{amount} {}]", finance.currency)).unwrap_or_default();
            let finding = format!("{:<14}{}{amount}", finding.subject, finding.message);
            writeln!(out, "{}", sentence(&finding, 14))?;
        }
        match findings.len() {
            _ if self.quiet => Ok(()),
            0 => writeln!(out, "no findings"),
            many => writeln!(out, "\n{}", counted(many as u64, "finding")),
        }
    }
}
