//! Flags shared by the subcommands that take a configuration.

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
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The plan of a configuration as it stands.
pub(super) fn open_plan(config: &std::path::Path) -> Result<Plan, ConfigError> {
    Plan::load(config, Overrides::default())
}

impl PlanArgs {
    /// The plan that the configuration, these flags and a subcommand's own make.
    pub(super) fn plan(&self, overrides: Overrides) -> Result<Plan, ConfigError> {
        Plan::load(&self.config, Overrides { as_of: self.as_of.clone(), ..overrides })
    }

    /// How many threads to use.
    pub(super) fn threads(&self) -> usize {
        match self.threads {
            Some(threads) => threads.into(),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
