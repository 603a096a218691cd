//! The models of a run: the house's, the vendors' that are named, and one's own.

use super::resolve::Resolver;
use crate::config::error::{ConfigError, remedy};
use crate::config::file::ModelConfig;
use closedloop_core::model::{ModelSpec, fitted_models, house_models, vendor_models};

/// The names that stand for a group of models in `models.run`.
const GROUPS: [&str; 2] = [RULES, FITTED];
const RULES: &str = "rules";
const FITTED: &str = "fitted";

/// Every model that can be asked for by its id: the house's by rule, those learned from data, the vendors'.
pub fn available_models() -> impl Iterator<Item = &'static ModelSpec> {
    house_models().iter().chain(fitted_models()).chain(vendor_models())
}

/// The model that others are compared with where none is named.
pub(super) fn usual_default(models: &[ModelSpec]) -> usize {
    models.iter().position(|model| model.id() == "w_shaped").unwrap_or(0)
}

impl Resolver<'_> {
    /// The models to run, and the position of the default one.
    pub(super) fn models(&self, given: ModelConfig) -> Result<(Vec<ModelSpec>, usize), ConfigError> {
        let mut known: Vec<ModelSpec> = available_models().cloned().collect();
        let custom_from = known.len();
        for draft in given.custom {
            let spec = ModelSpec::try_from(draft).map_err(|error| self.fault("models.custom", error.to_string()))?;
            let is_group = GROUPS.contains(&spec.id());
            if is_group || known.iter().any(|other| other.column_stem() == spec.column_stem()) {
                let taken = format!("model id \"{}\" is taken; choose another", spec.id());
                return Err(self.fault("models.custom", taken));
            }
            known.push(spec);
        }
        let find = |key: &str, id: &str| {
            known.iter().find(|spec| spec.id() == id).cloned().ok_or_else(|| {
                let remedy = remedy(id, known.iter().map(ModelSpec::id), "see `closedloop models`");
                self.fault(key, format!("no model is called \"{id}\"; {remedy}"))
            })
        };
        let mut models: Vec<ModelSpec> = Vec::new();
        match &given.run {
            // A vendor's or a data-driven model runs when it is asked for.
            None => models.extend(house_models().iter().chain(&known[custom_from..]).cloned()),
            Some(ids) => {
                for id in ids {
                    let named = match id.as_str() {
                        RULES => house_models().to_vec(),
                        FITTED => fitted_models().to_vec(),
                        _ => vec![find("models.run", id)?],
                    };
                    for spec in named {
                        if !models.contains(&spec) {
                            models.push(spec);
                        }
                    }
                }
            }
        }
        if models.is_empty() {
            return Err(self.fault("models.run", "names no model; name at least one".to_owned()));
        }
        let default = match given.default {
            Some(id) => {
                let spec = find("models.default", &id)?;
                models.iter().position(|model| *model == spec).ok_or_else(|| {
                    self.fault("models.default", format!("\"{id}\" is not among models.run; add it there"))
                })?
            }
            None => usual_default(&models),
        };
        Ok((models, default))
    }
}
