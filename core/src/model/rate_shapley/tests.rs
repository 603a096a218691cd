//! Values against the definition over all coalitions, and the limits of shrinkage.

use super::*;
use crate::game::tests::brute_force;
use crate::journey::Anchors;
use crate::statistics::{CountedJourney, Shape};
use proptest::prelude::*;

type Rows = Vec<(Vec<u32>, Outcome)>;

fn outcome(conversions: u64, nulls: u64) -> Outcome {
    Outcome { conversions, nulls, value: 0 }
}

fn fit(rows: &Rows, states: u32) -> Result<RateShapley, Reason> {
    let mut statistics = JourneyStatistics::new(Shape { states, order: 1, folds: false, sets: true }).unwrap();
    for (path, outcome) in rows {
        statistics.add(CountedJourney { path, outcome: *outcome, key: 0 });
    }
    RateShapley::fit(&statistics, &[])
}

/// a: 10 of 100, b: 20 of 100, ab: 60 of 100. κ = 100; b₀ = 90/400. With β the solution of
/// [300 100; 100 300]·β = [70 + 22.5; 80 + 22.5]: β = [(3·92.5 − 102.5)/800, (3·102.5 − 92.5)/800].
#[test]
fn two_channels_by_hand() {
    let fitted = fit(&vec![(vec![0], outcome(10, 90)), (vec![1], outcome(20, 80)), (vec![0, 1], outcome(60, 40))], 2);
    let fitted = fitted.unwrap();
    let (a, b) = (175.0 / 800.0, 215.0 / 800.0);
    let (rate_a, rate_b) = ((10.0 + 100.0 * a) / 200.0, (20.0 + 100.0 * b) / 200.0);
    let rate_ab = (60.0 + 100.0 * (a + b)) / 200.0;
    for (set, rate) in [(&[0_u32][..], rate_a), (&[1], rate_b), (&[0, 1], rate_ab)] {
        assert!((fitted.rate(set) - rate).abs() < 1e-12, "{set:?}");
    }
    let half_synergy = (rate_ab - rate_a - rate_b) / 2.0;
    let got = fitted.values(&[0, 1]);
    assert!((got[0] - (rate_a + half_synergy)).abs() < 1e-12 && (got[1] - (rate_b + half_synergy)).abs() < 1e-12);
}

/// Equations grow with the square of the channels: an address in place of a channel is refused before they are set up.
#[test]
fn thousands_of_channels_are_refused() {
    let rows = (0..5_000).map(|channel| (vec![channel], outcome(1, 1))).collect();
    assert!(matches!(fit(&rows, 5_000), Err(Reason::TooManyChannels { channels: 5_000, most: 4_096 })));
}

/// Channel 1 converts nobody, and with it channel 0 converts fewer: its value is negative, its credit nothing.
#[test]
fn a_negative_value_is_shown_and_earns_nothing() {
    let rows = vec![(vec![0], outcome(50, 50)), (vec![1], outcome(0, 100)), (vec![0, 1], outcome(10, 90))];
    let fitted = fit(&rows, 2).unwrap();
    let values = fitted.values(&[0, 1]);
    assert!(values[0] > 0.0 && values[1] < 0.0, "{values:?}");
    let journey =
        Journey { touched_at: &[1, 2, 3], channels: &[0, 1, 0], converted_at: 9, anchors: Anchors::default() };
    let mut credits = [9.0; 3];
    fitted.credit(journey, &mut credits);
    assert_eq!(credits, [values[0] / 2.0, 0.0, values[0] / 2.0]);
    let alone = Journey { touched_at: &[1], channels: &[7], converted_at: 9, anchors: Anchors::default() };
    let mut credit = [9.0];
    fitted.credit(alone, &mut credit);
    assert_eq!(credit, [1.0], "nothing is positive: linear");
}

#[test]
fn more_than_twelve_channels_are_valued_additively() {
    let all: Vec<u32> = (0..13).collect();
    let mut rows: Rows = (0..13).map(|code| (vec![code], outcome(u64::from(code) + 1, 20))).collect();
    rows.push((all.clone(), outcome(500, 1)));
    let fitted = fit(&rows, 13).unwrap();
    assert_eq!(fitted.values(&all), fitted.additive);
    assert_ne!(fitted.values(&all[..2]), fitted.additive[..2], "twelve and fewer are games");
}

proptest! {
    #[test]
    fn values_are_those_of_the_definition(rows in prop::collection::vec(
        (prop::collection::vec(0..7_u32, 1..7), (0..30_u64, 0..30_u64)), 2..40), set in prop::collection::btree_set(0..7_u32, 1..7))
    {
        let rows: Rows = rows.into_iter().map(|(path, (won, lost))| (path, outcome(won, lost))).collect();
        if let Ok(fitted) = fit(&rows, 7) {
            let set: Vec<u32> = set.into_iter().collect();
            let members = |mask: usize| -> Vec<u32> {
                set.iter().enumerate().filter(|(player, _)| mask >> player & 1 == 1).map(|(_, &code)| code).collect()
            };
            let worth: Vec<f64> = (0..1 << set.len()).map(|mask| fitted.rate(&members(mask))).collect();
            let got = fitted.values(&set);
            prop_assert!(got.iter().zip(brute_force(&worth)).all(|(got, want)| (got - want).abs() < 1e-9));
            prop_assert!((got.iter().sum::<f64>() - fitted.rate(&set)).abs() < 1e-9, "values add up to the rate");
        }
    }
}

/// Each of thirteen channels converts one of ten alone, twelve or thirteen together nine of ten. Values share out the rate of a game;
/// more than twelve are not a game, so they share out the additive rate alone, which is another.
#[test]
fn twelve_channels_are_a_game_and_thirteen_are_not() {
    let mut rows: Rows = (0..13).map(|code| (vec![code], outcome(1, 9))).collect();
    rows.extend([12, 13].map(|channels| ((0..channels).collect(), outcome(9, 1))));
    let fitted = fit(&rows, 13).unwrap();
    let sets: [Vec<u32>; 2] = [(0..12).collect(), (0..13).collect()];
    let [game, additive] = sets.map(|set| fitted.values(&set).iter().sum::<f64>() - fitted.rate(&set));
    assert!(game.abs() < 1e-9, "{game}");
    assert!(additive.abs() > 0.01, "{additive}");
}
