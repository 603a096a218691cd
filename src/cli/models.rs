//! `closedloop models`: the attribution models, their definitions, and what sets two of them apart.

mod diff;

use super::table::sentence;
use crate::config::plan::available_models;
use crate::config::{Overrides, Plan, remedy};
use clap::Args;
use closedloop_core::model::ModelSpec;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples: closedloop models w_shaped\n          closedloop models --diff u_shaped marketo.u_shaped"
)]
pub(super) struct ModelsArgs {
    /// Print the definitions of these models
    ids: Vec<String>,
    /// Set two models side by side: their definitions, and their credits for short journeys
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "ids")]
    diff: Option<Vec<String>>,
    /// Include the custom models that a configuration runs
    #[arg(long, value_name = "CONFIG")]
    config: Option<PathBuf>,
}

impl ModelsArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let models = self.models()?;
        let mut out = anstream::stdout();
        if let Some([a, b]) = self.diff.as_deref() {
            diff::print(&mut out, [find(&models, a)?, find(&models, b)?])?;
        } else if self.ids.is_empty() {
            for model in &models {
                writeln!(out, "{}", sentence(&format!("{:<24}{}", model.id(), model.description()), 24))?;
            }
        }
        for id in &self.ids {
            writeln!(out, "{}", toml::to_string(find(&models, id)?)?)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The house models, by rule and from data, the vendors', and a configuration's own.
    fn models(&self) -> anyhow::Result<Vec<ModelSpec>> {
        let mut models: Vec<ModelSpec> = available_models().cloned().collect();
        if let Some(config) = &self.config {
            let running = Plan::load(config, Overrides::default())?.models;
            let custom: Vec<ModelSpec> = running.into_iter().filter(|model| !models.contains(model)).collect();
            models.extend(custom);
        }
        Ok(models)
    }
}

fn find<'a>(models: &'a [ModelSpec], id: &str) -> anyhow::Result<&'a ModelSpec> {
    models.iter().find(|model| model.id() == id).ok_or_else(|| {
        let remedy = remedy(id, models.iter().map(ModelSpec::id), "see `closedloop models`");
        anyhow::anyhow!("no model is called \"{id}\"; {remedy}")
    })
}
