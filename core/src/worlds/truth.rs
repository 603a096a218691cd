//! The truth of a scenario: what each channel adds, by switching channels on and off.

use super::scenario::Scenario;
use super::simulate::{DAYS, chance, live};
use crate::game::{dividends, shapley_values};
use rayon::prelude::*;

/// Sets of four credited channels.
const SETS: usize = 16;
/// A seed that no world uses.
const TRUTH_SEED: u64 = u64::MAX;

/// Per channel code, what it adds to the expected conversions of a scenario as a share of them: its Shapley value in the game whose
/// worths they are, over `accounts` simulated accounts, with the same random numbers in every set. `direct` adds nothing.
pub fn truth(scenario: &Scenario, accounts: u32) -> Vec<f64> {
    let mut game = expected_conversions(scenario, accounts).to_vec();
    let whole = game[SETS - 1];
    dividends(&mut game);
    std::iter::once(0.0).chain(shapley_values(&game).into_iter().map(|value| value / whole)).collect()
}

/// Expected conversions with each set of credited channels on; bit i of a set is channel i.
fn expected_conversions(scenario: &Scenario, accounts: u32) -> [f64; SETS] {
    let of_account = |account: u32| -> [f64; SETS] {
        let life = live(scenario, TRUTH_SEED, account);
        std::array::from_fn(|set| {
            let on = std::array::from_fn(|channel| set >> channel & 1 == 1);
            chance((0..DAYS).map(|day| life.rate(scenario, day, on)).sum())
        })
    };
    let expected: Vec<[f64; SETS]> = (0..accounts).into_par_iter().map(of_account).collect();
    std::array::from_fn(|set| expected.iter().map(|account| account[set]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::{World, scenarios};

    #[test]
    fn shares_and_baseline_are_the_whole_and_worlds_agree() {
        for scenario in scenarios() {
            let conversions = expected_conversions(scenario, 3_000);
            let (baseline, whole) = (conversions[0] / conversions[SETS - 1], conversions[SETS - 1]);
            let sum: f64 = truth(scenario, 3_000).iter().sum::<f64>() + baseline;
            assert!((sum - 1.0).abs() < 1e-9, "{}: {sum}", scenario.name);
            let world = World::simulate(scenario, 3_000, 5).unwrap();
            let found = world.subjects.conversion_count() as f64;
            // Both are random: five standard errors of their difference.
            assert!((found - whole).abs() < 5.0 * (2.0 * whole).sqrt(), "{}: {found} {whole}", scenario.name);
        }
    }

    #[test]
    fn without_synergy_and_saturation_removal_is_close_to_shapley() {
        let (truth, conversions) = (truth(&scenarios()[0], 2_000), expected_conversions(&scenarios()[0], 2_000));
        for (channel, shapley) in truth[1..].iter().enumerate() {
            let removal = 1.0 - conversions[(SETS - 1) & !(1 << channel)] / conversions[SETS - 1];
            assert!((shapley - removal).abs() < 0.02, "{truth:?}");
        }
    }
}
