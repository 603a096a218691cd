//! Fit: what the plan's models learn from all journeys, converted or not, before any credit is given.
//!
//! ```text
//! partitions ──journeys──► counts, accounts over time ──► models that run ──► credit
//!                                                     ├──► refusals: remarks
//!                                                     └──► what they learned: marts
//! ```
//!
//! A model that cannot be fitted is left out with one sentence; the others go on.

mod count;
mod effects;
mod evidence;
mod experiments;
mod held_out;
mod journeys;
mod learned;
mod paths;
mod refit;
mod states;
mod validation;

use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use closedloop_core::model::{AttributionModel, Evidence, ModelSpec, Refusal};
use evidence::{Built, Evidences};
use experiments::GivenExperiments;
use journeys::Journeys;
use rayon::prelude::*;

pub(super) use learned::Learned;
pub(super) use refit::RefitGroup;
pub(super) use states::StateCodes;

/// The models that run, in the order of their specs.
pub(super) struct Models {
    /// As built.
    pub(super) built: Vec<Box<dyn AttributionModel>>,
    /// What each sees of a touch; `None` for its channel.
    pub(super) states: Vec<Option<StateCodes>>,
    /// Positions of those that see nothing but the shape of a journey, and of those that see more.
    pub(super) of_shape: Vec<usize>,
    pub(super) of_journey: Vec<usize>,
    /// Per model the first that sees the same of a touch and credits alike, often itself.
    pub(super) first_alike: Vec<usize>,
    /// How they are fitted again, where that is wanted for the bootstrap: then credited journeys are kept, to be credited anew.
    pub(super) refits: Vec<RefitGroup>,
}

impl Models {
    fn new(built: Vec<Box<dyn AttributionModel>>, states: Vec<Option<StateCodes>>, refits: Vec<RefitGroup>) -> Self {
        let (of_shape, of_journey) = (0..built.len()).partition(|&model| built[model].sees_shape_only());
        let are_alike = |a: usize, b: usize| states[a] == states[b] && built[a].credits_like(built[b].as_ref());
        let first_alike = |model| (0..model).find(|&other| are_alike(model, other)).unwrap_or(model);
        let first_alike = (0..built.len()).map(first_alike).collect();
        Self { built, states, of_shape, of_journey, first_alike, refits }
    }

    /// Those of specs that need no data.
    ///
    /// # Errors
    /// A spec that is fitted.
    pub(super) fn of_rules(specs: &[ModelSpec], channels: &[String]) -> Result<Self, Refusal> {
        let built =
            specs.iter().map(|spec| spec.build(channels, Evidence::default())).collect::<Result<Vec<_>, _>>()?;
        let states = built.iter().map(|_| None).collect();
        Ok(Self::new(built, states, Vec::new()))
    }
}

/// What is to be shown of the fits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wants {
    /// The distinct paths.
    pub(super) paths: bool,
    /// How the models do on accounts held out.
    pub(super) validation: bool,
    /// How the models would be with other accounts.
    pub(super) refits: bool,
}

/// A plan with the models that the data support.
pub(super) struct Fit {
    /// The plan without the models that are left out.
    pub(super) plan: Plan,
    /// Its models.
    pub(super) models: Models,
    /// What they learned, to be shown.
    pub(super) learned: Learned,
    /// One sentence for every model left out.
    pub(super) refusals: Vec<String>,
    /// What else a reader of the numbers should know.
    pub(super) remarks: Vec<String>,
}

/// Fits the plan's models.
///
/// # Errors
/// A spill file that cannot be read, or no model left to run.
pub(super) fn fit(plan: &Plan, workers: &Workers, prepared: &Prepared, wants: Wants) -> Result<Fit, RunError> {
    let experiments = GivenExperiments::read(plan, workers, prepared)?;
    workers.pool.install(|| {
        let evidence = match &prepared.conversions.subjects {
            None => Evidences::default(),
            Some(subjects) => Evidences::gather(plan, &Journeys::new(plan, prepared, subjects), experiments, wants)?,
        };
        build(plan, prepared, evidence)
    })
}

/// Builds every model that there is evidence for.
fn build(plan: &Plan, prepared: &Prepared, mut evidence: Evidences) -> Result<Fit, RunError> {
    let (mut models, mut states_of_models, mut learned) = (Vec::new(), Vec::new(), Learned::default());
    let (mut running, mut refused, mut refits) = (Vec::new(), Vec::new(), Vec::new());
    let on_journeys = |spec: &ModelSpec| {
        let is_of_rates = spec.incremental_settings().is_some();
        (!is_of_rates).then(|| evidence.build_on_journeys(spec, prepared))
    };
    let (rates, on_journeys): (_, Vec<_>) =
        rayon::join(|| evidence.fit_rates(prepared), || plan.models.par_iter().map(on_journeys).collect());
    for (position, (spec, on_journeys)) in plan.models.iter().zip(on_journeys).enumerate() {
        match on_journeys.unwrap_or_else(|| evidence.build_on_rates(spec, &rates, prepared)) {
            Ok(Built { model, states, refit, learned: of_model }) => {
                refits.extend(refit.map(|refit| (running.len(), refit)));
                running.push(position);
                models.push(model);
                states_of_models.push(states);
                learned.add(of_model);
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    let refusals: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let Some(fitted_plan) = plan.with_models(&running) else {
        return Err(refused.into_iter().next().map_or(RunError::NoModel, RunError::Refused));
    };
    let mut remarks = std::mem::take(&mut evidence.remarks);
    remarks.extend(rates.iter().flat_map(|rates| rates.remarks.clone()));
    let models = Models::new(models, states_of_models, evidence.refits(&refits, rates));
    if fitted_plan.default_model().id() != plan.default_model().id() {
        remarks.push(format!("models are compared with {} instead", fitted_plan.default_model().id()));
    }
    learned.paths = evidence.paths;
    Ok(Fit { plan: fitted_plan, models, learned, refusals, remarks })
}
