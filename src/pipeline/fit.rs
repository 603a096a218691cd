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
mod journeys;
mod learned;
mod number;
mod paths;
mod states;

use super::error::RunError;
use super::prepare::{Prepared, Workers};
use crate::config::Plan;
use closedloop_core::model::AttributionModel;
use evidence::Evidences;
use experiments::GivenExperiments;
use journeys::Journeys;

pub(super) use learned::Learned;
pub(super) use states::StateCodes;

/// The models that run, in the order of the plan.
pub(super) struct Models {
    /// As built.
    pub(super) built: Vec<Box<dyn AttributionModel>>,
    /// What each sees of a touch; `None` for its channel.
    pub(super) states: Vec<Option<StateCodes>>,
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

/// Fits the plan's models. `wants_paths` says whether distinct paths are to be shown.
///
/// # Errors
/// A spill file that cannot be read, or no model left to run.
pub(super) fn fit(plan: &Plan, workers: &Workers, prepared: &Prepared, wants_paths: bool) -> Result<Fit, RunError> {
    let experiments = GivenExperiments::read(plan, workers, prepared)?;
    workers.pool.install(|| {
        let evidence = match &prepared.conversions.subjects {
            None => Evidences::default(),
            Some(subjects) => {
                Evidences::gather(plan, &Journeys::new(plan, prepared, subjects), experiments, wants_paths)?
            }
        };
        build(plan, prepared, evidence)
    })
}

/// Builds every model that there is evidence for.
fn build(plan: &Plan, prepared: &Prepared, evidence: Evidences) -> Result<Fit, RunError> {
    let mut models = Models { built: Vec::new(), states: Vec::new() };
    let mut learned = Learned::default();
    let (mut running, mut refused) = (Vec::new(), Vec::new());
    for (position, spec) in plan.models.iter().enumerate() {
        match evidence.build(spec, prepared, &mut learned) {
            Ok((model, states)) => {
                running.push(position);
                models.built.push(model);
                models.states.push(states);
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    let refusals: Vec<String> = refused.iter().map(ToString::to_string).collect();
    let Some(fitted_plan) = plan.with_models(&running) else {
        return Err(refused.into_iter().next().map_or(RunError::NoModel, RunError::Refused));
    };
    let mut remarks = evidence.remarks;
    if fitted_plan.default_model().id() != plan.default_model().id() {
        remarks.push(format!("models are compared with {} instead", fitted_plan.default_model().id()));
    }
    learned.paths = evidence.paths;
    Ok(Fit { plan: fitted_plan, models, learned, refusals, remarks })
}
