//! `closedloop check`: what somebody should look at before trusting the numbers, without writing anything.

use super::money::{counted, money};
use super::plan_args::PlanArgs;
use super::progress::Bar;
use super::table::sentence;
use crate::config::Overrides;
use crate::pipeline::inspect;
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
        let bar = Bar::new(self.quiet);
        let findings = inspect(&plan, self.plan.threads(), &bar);
        bar.clear();
        let findings = findings?;
        let mut out = anstream::stdout();
        for finding in &findings {
            let amount = finding.amount.map(|amount| money(amount, plan.finance.minor_digits));
            let amount = amount.map(|amount| format!(" [{amount} {}]", plan.finance.currency)).unwrap_or_default();
            let finding = format!("{:<14}{}{amount}", finding.subject, finding.message);
            writeln!(out, "{}", sentence(&finding, 14))?;
        }
        if findings.is_empty() {
            if !self.quiet {
                writeln!(out, "no findings")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !self.quiet {
            writeln!(out, "\n{}", counted(findings.len() as u64, "finding"))?;
        }
        Ok(ExitCode::from(1))
    }
}
