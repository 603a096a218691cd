//! `closedloop check`: what a run would find questionable, without writing anything.
use clap::Args;
use std::process::ExitCode;
/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {}
impl CheckArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
