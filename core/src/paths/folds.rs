//! The order of the chain for aggregated paths: journeys are dealt to folds at random, and each fold is predicted from
//! the others.
//!
//! A path stands for many journeys and those of one path may land in different folds. How many go where is drawn from a
//! multinomial distribution with a fixed seed. Dealing them out evenly would put the same journeys on both sides of every
//! split, and the longest memory would always win.

use super::table::{PathCounts, PathTable};
use super::unit::Unit;
use crate::chain::cross_validated_order;
use crate::number::number;
use crate::statistics::{
    CountedJourney, FOLDS, HIGHEST_ORDER, JourneyStatistics, Outcome, Shape, ShapeError, Transitions,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution};
use std::cmp::Ordering;

/// The order at which held-out journeys are predicted best. The order of rows does not matter.
pub(super) fn best_order(table: &PathTable, states: u32, unit: Unit) -> Result<usize, ShapeError> {
    let shape = Shape { states, order: HIGHEST_ORDER, folds: false, sets: false };
    let mut folds = vec![JourneyStatistics::new(shape)?; FOLDS];
    let mut rows: Vec<usize> = (0..table.len()).collect();
    rows.sort_unstable_by(|&a, &b| in_order(table, a, b));
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for row in rows {
        let PathCounts { conversions, nulls, .. } = table.counts()[row];
        let (conversions, nulls) = (over_folds(conversions, &mut rng), over_folds(nulls, &mut rng));
        for (fold, (conversions, nulls)) in folds.iter_mut().zip(conversions.into_iter().zip(nulls)) {
            let outcome = Outcome { conversions: unit.count(conversions), nulls: unit.count(nulls), value: 0 };
            fold.add(CountedJourney { path: table.path(row), outcome, key: 0 });
        }
    }
    let folds: Vec<Transitions> = folds.iter().map(JourneyStatistics::transitions).collect();
    Ok(cross_validated_order(&folds))
}

/// Journeys spread over the folds, each fold as likely as another. A fraction goes as if it were one journey.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least zero; more than 2⁶⁴ are as many")]
fn over_folds(count: f64, rng: &mut ChaCha8Rng) -> [f64; FOLDS] {
    let journeys = count.ceil() as u64;
    let mut left = journeys;
    let mut folds_left = FOLDS as u32;
    [(); FOLDS].map(|()| {
        let chance = 1.0 / f64::from(folds_left);
        let drawn = Binomial::new(left, chance).map_or(0, |binomial| binomial.sample(rng));
        (left, folds_left) = (left - drawn, folds_left - 1);
        number(drawn) * if journeys == 0 { 0.0 } else { count / number(journeys) }
    })
}

fn in_order(table: &PathTable, a: usize, b: usize) -> Ordering {
    let [left, right] = [a, b].map(|row| table.counts()[row]);
    let nulls = || left.nulls.total_cmp(&right.nulls);
    let counts = || left.conversions.total_cmp(&right.conversions).then_with(nulls);
    table.path(a).cmp(table.path(b)).then_with(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_journeys_are_dealt_and_about_evenly() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let folds = over_folds(100_000.0, &mut rng);
        assert_eq!(folds.iter().sum::<f64>(), 100_000.0);
        // Five standard deviations of a binomial count with n = 100,000 and p = 1/5 are 632.
        assert!(folds.iter().all(|fold| (fold - 20_000.0).abs() < 632.0), "{folds:?}");
        let few = over_folds(2.5, &mut rng);
        assert!((few.iter().sum::<f64>() - 2.5).abs() < 1e-12);
        assert_eq!(over_folds(0.0, &mut rng), [0.0; FOLDS]);
    }

    #[test]
    fn folds_have_all_of_a_count() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in [0.0, 0.5, 2.5, 40.0] {
            let sum: f64 = over_folds(count, &mut rng).iter().sum();
            assert!((sum - count).abs() < 1e-12, "{sum} {count}");
        }
    }
}
