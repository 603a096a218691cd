//! The truth of a scenario: what each channel adds, by switching channels on and off.

use super::scenario::Scenario;
use super::simulate::{DAYS, chance, live};
use rayon::prelude::*;

/// Sets of four credited channels.
const SETS: usize = 16;
/// A seed that no world uses.
const TRUTH_SEED: u64 = u64::MAX;

/// Shares of the expected conversions.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Per channel code: its Shapley value; `direct` has none.
    pub shares: Vec<f64>,
    /// Per channel code: the share lost if this channel alone were switched off.
    pub removal: Vec<f64>,
    /// What would come without any credited channel.
    pub baseline: f64,
    /// Expected conversions per account.
    pub conversions_per_account: f64,
}

/// The truth of a scenario by expectation over `accounts` simulated accounts, with the same random numbers in every set.
pub fn truth(scenario: &Scenario, accounts: u32) -> Truth {
    let of_account = |account: u32| -> [f64; SETS] {
        let life = live(scenario, TRUTH_SEED, account);
        std::array::from_fn(|set| {
            let on = std::array::from_fn(|channel| set >> channel & 1 == 1);
            chance((0..DAYS).map(|day| life.rate(scenario, day, on)).sum())
        })
    };
    let expected: Vec<[f64; SETS]> = (0..accounts).into_par_iter().map(of_account).collect();
    let value: [f64; SETS] = std::array::from_fn(|set| expected.iter().map(|account| account[set]).sum());
    let whole = value[SETS - 1];
    // |S|!(3 − |S|)!/4! by the size of S.
    let weights = [1.0 / 4.0, 1.0 / 12.0, 1.0 / 12.0, 1.0 / 4.0];
    let shapley = |channel: usize| -> f64 {
        let without = (0..SETS).filter(|set| set >> channel & 1 == 0);
        without.map(|set| weights[set.count_ones() as usize] * (value[set | 1 << channel] - value[set])).sum()
    };
    let with_direct = |of: &dyn Fn(usize) -> f64| -> Vec<f64> {
        std::iter::once(0.0).chain((0..4).map(|channel| of(channel) / whole)).collect()
    };
    Truth {
        shares: with_direct(&shapley),
        removal: with_direct(&|channel| whole - value[(SETS - 1) & !(1 << channel)]),
        baseline: value[0] / whole,
        conversions_per_account: whole / f64::from(accounts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::{World, scenarios};

    #[test]
    fn shares_and_baseline_are_the_whole_and_worlds_agree() {
        for scenario in scenarios() {
            let truth = truth(scenario, 3_000);
            let sum: f64 = truth.shares.iter().sum::<f64>() + truth.baseline;
            assert!((sum - 1.0).abs() < 1e-9, "{}: {sum}", scenario.name);
            let world = World::simulate(scenario, 3_000, 5).unwrap();
            let expected = truth.conversions_per_account * 3_000.0;
            let found = world.subjects.conversion_count() as f64;
            // Both are random: five standard errors of their difference.
            assert!((found - expected).abs() < 5.0 * (2.0 * expected).sqrt(), "{}: {found} {expected}", scenario.name);
        }
    }

    #[test]
    fn without_synergy_and_saturation_removal_is_close_to_shapley() {
        let truth = truth(&scenarios()[0], 2_000);
        for (shapley, removal) in truth.shares.iter().zip(&truth.removal) {
            assert!((shapley - removal).abs() < 0.02, "{truth:?}");
        }
    }
}
