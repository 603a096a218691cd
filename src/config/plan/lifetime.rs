//! How lifetime value is told, from the file's words.

use super::Lifetime;
use super::resolve::Resolver;
use crate::config::error::{ConfigError, remedy};
use crate::config::file::LifetimeConfig;
use closedloop_core::lifetime::PurchaseModel;

impl Resolver<'_> {
    /// The rules of lifetime value; `None` where it is switched off.
    pub(super) fn lifetime(&self, given: &LifetimeConfig) -> Result<Option<Lifetime>, ConfigError> {
        let horizon_months = u32::try_from(given.horizon_months).ok().filter(|months| (1..=1_200).contains(months));
        let horizon_months = horizon_months.ok_or_else(|| {
            let message = format!("is {}, but must be from 1 to 1200 months", given.horizon_months);
            self.fault("lifetime.horizon_months", message)
        })?;
        if !(0.0..=1.0).contains(&given.discount) {
            let message = format!("is {}, but must be a yearly rate from 0 to 1", given.discount);
            return Err(self.fault("lifetime.discount", message));
        }
        let known = || PurchaseModel::ALL.into_iter().filter(|model| *model != PurchaseModel::BgBb);
        let mut models = Vec::new();
        for id in &given.models {
            let model = known().find(|model| model.id() == id).ok_or_else(|| {
                let remedy = remedy(id, known().map(PurchaseModel::id), "they are bg_nbd, mbg_nbd and pareto_nbd");
                self.fault("lifetime.models", format!("no purchase model here is called \"{id}\"; {remedy}"))
            })?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        if models.is_empty() {
            return Err(self.fault("lifetime.models", "names no model; name at least one".to_owned()));
        }
        let &LifetimeConfig { enabled, unit, discount, segment_by, family, .. } = given;
        Ok(enabled.then_some(Lifetime { unit, horizon_months, discount, segment_by, family, models }))
    }
}
