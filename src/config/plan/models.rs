//! The models of a run: the house's, the vendors' that are named, and one's own.

use super::resolve::Resolver;
use crate::config::error::{ConfigError, remedy};
use crate::config::file::ModelConfig;
use closedloop_core::model::{ModelSpec, house_models, vendor_models};

impl Resolver<'_> {
    /// The models to run, and the position of the default one.
    pub(super) fn models(&self, given: ModelConfig) -> Result<(Vec<ModelSpec>, usize), ConfigError> {
        let mut known: Vec<ModelSpec> = house_models().iter().chain(vendor_models()).cloned().collect();
        for draft in given.custom {
            let spec = ModelSpec::try_from(draft).map_err(|error| self.fault("models.custom", error.to_string()))?;
            if known.iter().any(|other| other.column_stem() == spec.column_stem()) {
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
            // A vendor's model runs when it is asked for.
            None => models.extend(known.iter().filter(|spec| !vendor_models().contains(spec)).cloned()),
            Some(ids) => {
                for id in ids {
                    let spec = find("models.run", id)?;
                    if !models.contains(&spec) {
                        models.push(spec);
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
            None => models.iter().position(|model| model.id() == "w_shaped").unwrap_or(0),
        };
        Ok((models, default))
    }
}
