//! Every estimator in every world, against the truth.

use super::report::{ModelReport, Tally};
use super::scenario::Scenario;
use super::simulate::World;
use super::truth::truth;
use crate::uncertainty::Interval;
use rayon::prelude::*;

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

/// A way from a world to shares, or a refusal in one sentence.
pub type Estimation = Box<dyn Fn(&World) -> Result<Estimate, String> + Send + Sync>;

/// A named way from a world to shares.
pub struct Estimator {
    /// The model's id.
    pub model: String,
    /// The way.
    pub estimate: Estimation,
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
        let judge = |number: u32| -> Vec<Result<Estimate, String>> {
            let world = World::simulate(scenario, accounts, seed.wrapping_add(u64::from(number)));
            let world = world.map_err(|refusal| refusal.to_string());
            let judge = |estimator: &Estimator| (estimator.estimate)(world.as_ref().map_err(String::clone)?);
            estimators.iter().map(judge).collect()
        };
        let judged: Vec<Vec<Result<Estimate, String>>> = (0..worlds).into_par_iter().map(judge).collect();
        for estimates in judged {
            tallies.iter_mut().zip(estimates).for_each(|(tally, estimate)| tally.add(&truth, estimate));
        }
        let finish = |(tally, estimator): (Tally, &Estimator)| tally.finish(scenario.name, &estimator.model);
        reports.extend(tallies.into_iter().zip(estimators).map(finish));
    }
    reports
}
