//! `closedloop compare`: what a run would find questionable, without writing anything.
use clap::Args;
use std::process::ExitCode;
/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {}
impl CompareArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        Ok(ExitCode::SUCCESS)
    }
}
