//! `closedloop generate`: a demo company's data.

use super::code_once_said;
use super::money::grouped;
use super::progress::target;
use crate::generate::{Options, generate};
use clap::Args;
use indicatif::ProgressBar;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `generate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: closedloop generate --accounts 5000 --out demo && closedloop run demo/closedloop.toml"
)]
pub(super) struct GenerateArgs {
    /// The same seed gives the same bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many accounts the company knows, at most ten million
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(..=10_000_000))]
    accounts: u32,
    /// An empty folder, or one to be made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl GenerateArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let bar = ProgressBar::with_draw_target(Some(self.accounts.into()), target(false));
        let progress = |done: usize| bar.set_position(done as u64);
        let summary = generate(&Options {
            seed: self.seed,
            accounts: self.accounts,
            out: self.out.clone(),
            progress: &progress,
        })?;
        bar.finish_and_clear();
        let said = writeln!(
            anstream::stdout(),
            "{} accounts, {} touchpoints, {} opportunities, {} deals: {}",
            grouped(summary.accounts),
            grouped(summary.touchpoints),
            grouped(summary.opportunities),
            grouped(summary.deals),
            self.out.join("closedloop.toml").display()
        );
        let done = format!("the data are in {}", self.out.display());
        Ok(code_once_said(said, &done, ExitCode::SUCCESS))
    }
}
