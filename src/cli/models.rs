//! `closedloop models`: the attribution models and their definitions.

use crate::config::{Overrides, Plan, remedy};
use clap::Args;
use closedloop_core::model::{ModelSpec, house_models};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(after_help = "Example: closedloop models w_shaped")]
pub(super) struct ModelsArgs {
    /// Print the definitions of these models
    ids: Vec<String>,
    /// Include the custom models of a configuration
    #[arg(long, value_name = "CONFIG")]
    config: Option<PathBuf>,
}

impl ModelsArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let models = match &self.config {
            Some(config) => Plan::load(config, Overrides::default())?.models,
            None => house_models().to_vec(),
        };
        let mut out = anstream::stdout();
        if self.ids.is_empty() {
            for model in &models {
                writeln!(out, "{:<22}{}", model.id(), model.description())?;
            }
        }
        for id in &self.ids {
            let model = models.iter().find(|model| model.id() == id).ok_or_else(|| {
                let remedy = remedy(id, models.iter().map(ModelSpec::id), "see `closedloop models`");
                anyhow::anyhow!("no model is called \"{id}\"; {remedy}")
            })?;
            writeln!(out, "{}", toml::to_string(model)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
