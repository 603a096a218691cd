//! Every estimator in every world, against the truth.

use super::report::{ModelReport, Tally};
use super::scenario::Scenario;
use super::simulate::World;
use super::truth::truth;
use crate::uncertainty::Interval;

/// Accounts over which the truth of a scenario is taken.
const TRUTH_ACCOUNTS: u32 = 20_000;

/// What an estimator says of a world.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Per channel code: its share of all conversions.
    pub shares: Vec<f64>,
    /// Per channel code, where the estimator has them.
    pub intervals: Option<Vec<Option<Interval>>>,
}

/// A named way from a world to shares, or a refusal in one sentence.
pub struct Estimator {
    /// The model's id.
    pub model: String,
    /// The way.
    pub estimate: Box<dyn Fn(&World) -> Result<Estimate, String>>,
}

impl std::fmt::Debug for Estimator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Estimator").field("model", &self.model).finish_non_exhaustive()
    }
}

/// Lets every estimator judge `worlds` worlds of each scenario, of `accounts` accounts, seeded from `seed` on. Judged are the
/// credited channels; what rule models give to `direct` is not held against them. One report per scenario and model.
pub fn validate_models(
    scenarios: &'static [Scenario],
    worlds: u32,
    accounts: u32,
    seed: u64,
    estimators: &[Estimator],
) -> Vec<ModelReport> {
    let mut reports = Vec::new();
    for scenario in scenarios {
        let truth = truth(scenario, TRUTH_ACCOUNTS);
        let mut tallies: Vec<Tally> = estimators.iter().map(|_| Tally::default()).collect();
        for number in 0..u64::from(worlds) {
            let world = World::simulate(scenario, accounts, seed.wrapping_add(number));
            for (tally, estimator) in tallies.iter_mut().zip(estimators) {
                let estimate = world.as_ref().map_err(ToString::to_string).and_then(|world| (estimator.estimate)(world));
                tally.add(&truth, estimate);
            }
        }
        let finish = |(tally, estimator): (Tally, &Estimator)| tally.finish(scenario.name, &estimator.model);
        reports.extend(tallies.into_iter().zip(estimators).map(finish));
    }
    reports
}
