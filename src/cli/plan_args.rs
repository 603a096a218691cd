//! Flags shared by the subcommands that take a configuration.

use super::flags::Threads;
use crate::config::{ConfigError, Overrides, Plan};
use clap::Args;
use std::path::PathBuf;

/// A configuration and what overrides it.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The configuration, a closedloop.toml
    pub(super) config: PathBuf,
    /// Use nothing that happened or was recorded after this date [default: the latest date on which something happened,
    /// whenever it was recorded]
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    #[command(flatten)]
    threads: Threads,
}

impl PlanArgs {
    /// The plan that the configuration, these flags and a subcommand's own make.
    pub(super) fn plan(&self, overrides: Overrides) -> Result<Plan, ConfigError> {
        Plan::load(&self.config, Overrides { as_of: self.as_of.clone(), ..overrides })
    }

    /// How many threads to use.
    pub(super) fn threads(&self) -> usize {
        self.threads.count()
    }
}
