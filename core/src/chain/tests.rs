//! Published cases, an oracle that solves anew per channel, and laws of the chain.

use super::*;
use crate::statistics::{CountedJourney, FOLDS, JourneyStatistics, Shape};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

type Rows = Vec<(Vec<u32>, Outcome)>;

fn rows(paths: &[(&str, u64, u64)]) -> Rows {
    let code = |letter: u8| u32::from(letter - b'a');
    let row = |&(path, conversions, nulls): &(&str, u64, u64)| {
        let value = i128::from(conversions) * 100;
        (path.bytes().map(code).collect(), Outcome { conversions, nulls, value })
    };
    paths.iter().map(row).collect()
}

fn counted(rows: &Rows, states: u32, order: usize) -> JourneyStatistics {
    let mut statistics = JourneyStatistics::new(Shape { states, order, folds: false, sets: false }).unwrap();
    for (path, outcome) in rows {
        statistics.add(CountedJourney { path, outcome: *outcome, key: 0 });
    }
    statistics
}

fn effects(rows: &Rows, states: u32, order: usize) -> RemovalEffects {
    Chain::new(&counted(rows, states, order).transitions(), order).removal_effects().unwrap()
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    let near = |(got, want): (&f64, &f64)| (got - want).abs() <= tolerance;
    assert!(got.iter().zip(want).all(near), "{got:?} != {want:?}");
}

/// Four journeys of five convert. Sweeps go round b a f e b in three, of which two change alike.
#[test]
fn a_loop_against_the_order_of_states_is_swept_to_its_end() {
    let chain = Chain::new(&counted(&rows(&[("bafeb", 3, 1), ("e", 1, 0)]), 6, 1).transitions(), 1);
    assert_close(&[chain.sweep().unwrap()[0].from_start], &[0.8], 1e-15);
}

/// The golden cases of attribution.md §7.3.
#[test]
fn published_cases() {
    let classic = effects(&rows(&[("abc", 1, 0), ("a", 0, 1), ("bc", 0, 1)]), 3, 1);
    assert_close(&[classic.base_rate], &[1.0 / 3.0], 1e-14);
    assert_close(&classic.conversions, &[0.5, 1.0, 1.0], 1e-14);
    assert_close(&RemovalEffects::totals(&classic.conversions, 1.0), &[0.2, 0.4, 0.4], 1e-14);

    let two_paths = effects(&rows(&[("ab", 3, 1), ("ac", 1, 1)]), 3, 1);
    assert_close(&[two_paths.base_rate], &[2.0 / 3.0], 1e-14);
    assert_close(&two_paths.conversions, &[1.0, 0.75, 0.25], 1e-14);
    assert_close(&RemovalEffects::totals(&two_paths.conversions, 4.0), &[2.0, 1.5, 0.5], 1e-14);

    let loops = effects(&rows(&[("aba", 2, 1), ("ba", 1, 2), ("c", 1, 3)]), 3, 1);
    assert_close(&[loops.base_rate], &[0.4], 1e-14);
    assert_close(&loops.conversions, &[0.75, 0.5, 0.25], 1e-14);

    let frequencies = effects(&rows(&[("aab", 2, 1), ("ba", 1, 3), ("cb", 0, 6)]), 3, 1);
    assert_close(&[frequencies.base_rate], &[0.230_769], 1e-6);
    assert_close(&frequencies.conversions, &[0.487_179, 0.857_143, 0.455_696], 1e-6);
    // Channel c never converts, and still earns a quarter: it leads to b.
    assert!((RemovalEffects::totals(&frequencies.conversions, 1.0)[2] - 0.253).abs() < 5e-4);
}

#[test]
fn the_matrix_of_two_paths_by_hand() {
    let statistics = counted(&rows(&[("ab", 3, 1), ("ac", 1, 1)]), 3, 1);
    let got: Vec<(u64, Target, u64, f64)> = Chain::new(&statistics.transitions(), 1)
        .rows()
        .iter()
        .map(|row| (row.from, row.to, row.count, row.probability))
        .collect();
    let want = [
        (0, Target::Run(1), 6, 1.0),
        (1, Target::Run(2), 4, 4.0 / 6.0),
        (1, Target::Run(3), 2, 2.0 / 6.0),
        (2, Target::Conversion, 3, 0.75),
        (2, Target::Null, 1, 0.25),
        (3, Target::Conversion, 1, 0.5),
        (3, Target::Null, 1, 0.5),
    ];
    assert_eq!(got, want);
}

/// The definition: the chance from the start, by plain iteration, with the transitions into `removed` sent to null.
fn gain_without(chain: &Chain, removed: Option<u32>, measure: usize) -> f64 {
    let mut gain = vec![0.0; chain.states()];
    for _ in 0..20_000 {
        let step = |state: usize| {
            let moves =
                chain.moves(state).iter().filter(|&&(target, _)| removed.is_none() || chain.last[target] != removed);
            let moved: f64 = moves.map(|&(target, count)| count * gain[target]).sum();
            (moved + chain.rewards(state)[measure]) / chain.leaving[state]
        };
        let next: Vec<f64> = (0..chain.states()).map(step).collect();
        if next == gain {
            break;
        }
        gain = next;
    }
    gain[0]
}

fn journeys(states: u32) -> impl Strategy<Value = Rows> {
    let outcome = (0..4_u64, 0..4_u64, 1..500_i128).prop_map(|(conversions, nulls, value)| Outcome {
        conversions,
        nulls,
        value: value * i128::from(conversions),
    });
    let row = (prop::collection::vec(0..states, 1..8), outcome);
    prop::collection::vec(row, 1..25)
        .prop_filter("something converts", |rows| rows.iter().any(|(_, outcome)| outcome.conversions > 0))
}

/// `a` is left for `b`, from where all convert, by half of its journeys: the chance after `a` is a half, after `b` one.
#[test]
fn chances_by_hand() {
    let statistics = counted(&rows(&[("ab", 10, 0), ("a", 0, 10)]), 2, 1);
    let chain = Chain::new(&statistics.transitions(), 1);
    let chances: Vec<f64> = chain.chances().unwrap().into_iter().map(|(_, chance)| chance).collect();
    assert_close(&chances, &[0.5, 0.5, 1.0], 1e-14);
    assert_close(&chain.swept_chances().unwrap(), &chances, 1e-14);
}

proptest! {
    #[test]
    fn a_removal_effect_is_what_a_new_solution_without_the_channel_loses(rows in journeys(4), order in 1..=3_usize) {
        let chain = Chain::new(&counted(&rows, 4, order).transitions(), order);
        let effects = chain.removal_effects().unwrap();
        for (measure, got) in [&effects.conversions, &effects.value].into_iter().enumerate() {
            let base = gain_without(&chain, None, measure);
            let want: Vec<f64> = (0..4).map(|code| 1.0 - gain_without(&chain, Some(code), measure) / base).collect();
            assert_close(got, &want, 1e-9);
        }
    }

    /// A thousand times nearer than the 1e-9 that is promised.
    #[test]
    fn sweeps_and_factors_agree(rows in journeys(20), order in 1..=4_usize) {
        let chain = Chain::new(&counted(&rows, 20, order).transitions(), order);
        for (factored, swept) in chain.factor().unwrap().iter().zip(chain.sweep().unwrap()) {
            prop_assert!((factored.from_start / swept.from_start - 1.0).abs() < 1e-12);
            assert_close(&factored.effects(), &swept.effects(), 1e-12);
        }
    }

    /// Credits make values negative, and then sweeps do not approach the solution from one side.
    #[test]
    fn sweeps_and_factors_agree_on_credits(rows in journeys(20), order in 1..=2_usize) {
        let credit = |(at, (path, outcome)): (i128, (Vec<u32>, Outcome))| {
            (path, Outcome { value: outcome.value * 1_000_003 * (1 - 2 * (at % 2)), ..outcome })
        };
        let rows: Rows = (0..).zip(rows).map(credit).collect();
        let largest = rows.iter().map(|(_, outcome)| money(outcome.value.abs())).fold(0.0, f64::max);
        let chain = Chain::new(&counted(&rows, 20, order).transitions(), order);
        let ([_, factored], [_, swept]) = (chain.factor().unwrap(), chain.sweep().unwrap());
        prop_assert!((factored.from_start - swept.from_start).abs() < 1e-12 * largest);
        assert_close(&factored.through, &swept.through, 1e-12 * largest);
    }

    #[test]
    fn the_base_rate_is_the_empirical_rate(rows in journeys(5), order in 1..=4_usize) {
        let total = counted(&rows, 5, order).total();
        let rate = number(total.conversions) / number(total.journeys());
        prop_assert!((effects(&rows, 5, order).base_rate / rate - 1.0).abs() < 1e-12);
    }

    /// Also: repeats of a touch change nothing at order one, and an absent channel has no effect.
    #[test]
    fn twice_the_journeys_or_another_order_of_them_change_nothing(rows in journeys(5), order in 1..=4_usize) {
        let once = effects(&rows, 6, order);
        let twice: Rows = rows.iter().rev().chain(&rows).cloned().collect();
        prop_assert_eq!(&effects(&twice, 6, order), &once);
        prop_assert_eq!(once.conversions[5], 0.0);
        let mut collapsed = rows.clone();
        collapsed.iter_mut().for_each(|(path, _)| path.dedup());
        prop_assert_eq!(effects(&collapsed, 6, 1), effects(&rows, 6, 1));
    }

    /// An order that remembers whole journeys leaves participation: the share of conversions with the channel.
    #[test]
    fn the_highest_order_of_short_journeys_is_participation(rows in journeys(4)) {
        let short: Rows = rows.into_iter().map(|(path, outcome)| (path[..path.len().min(4)].to_vec(), outcome)).collect();
        let conversions = |has: &dyn Fn(&[u32]) -> bool| -> u64 {
            short.iter().filter(|(path, _)| has(path)).map(|(_, outcome)| outcome.conversions).sum()
        };
        let all = number(conversions(&|_| true));
        let want: Vec<f64> = (0..4).map(|code| number(conversions(&|path| path.contains(&code))) / all).collect();
        assert_close(&effects(&short, 4, 4).conversions, &want, 1e-12);
    }
}

#[test]
fn a_chain_too_large_to_factor_is_swept() {
    // A thousand channels in a row, of which each but the last loses half.
    let rows: Rows = (0..1_000)
        .map(|last| ((0..=last).collect(), if last == 999 { Outcome::converted(1) } else { Outcome::NULL }))
        .collect();
    let effects = effects(&rows, 1_000, 1);
    assert!((effects.base_rate / 0.001 - 1.0).abs() < 1e-12);
    assert_close(&effects.conversions, &vec![1.0; 1_000], 1e-12);
}

/// Journeys drawn from a chain of known order are recognised: the touch before last, and so on, tells the next.
#[test]
fn cross_validation_finds_the_order_that_made_the_journeys() {
    for memory in 1..=3 {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut statistics = JourneyStatistics::new(Shape { states: 3, order: 4, folds: true, sets: false }).unwrap();
        for key in 0..4_000 {
            let mut path: Vec<u32> = Vec::new();
            while path.is_empty() || random.random_bool(0.9) {
                let told = path.len().checked_sub(memory).map(|at| (path[at] + 1) % 3);
                path.push(told.filter(|_| random.random_bool(0.8)).unwrap_or_else(|| random.random_range(0..3)));
            }
            let outcome = if random.random_bool(0.3) { Outcome::converted(1) } else { Outcome::NULL };
            statistics.add(CountedJourney { path: &path, outcome, key });
        }
        assert_eq!(statistics.folds().len(), FOLDS);
        assert_eq!(cross_validated_order(statistics.folds()), memory);
    }
}

/// Channels that lead to most others are factored, also where they are many; runs of few channels are swept. Either way leads to the
/// same effects.
#[test]
fn chains_of_many_states_are_solved_by_the_cheaper_way() {
    let random = |channels: u32, length: usize, paths: usize, order: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let rows: Rows = (0..paths)
            .map(|_| {
                let path = (0..length).map(|_| rng.random_range(0..channels)).collect();
                let conversions = u64::from(rng.random_bool(0.3));
                (path, Outcome { conversions, nulls: 1 - conversions, value: i128::from(conversions) })
            })
            .collect();
        Chain::new(&counted(&rows, channels, order).transitions(), order)
    };
    for (chain, is_factored) in [(random(700, 3, 6_000, 1), true), (random(9, 6, 3_000, 3), false)] {
        assert!(chain.states() > FACTORED_STATES);
        assert_eq!(chain.is_factored(), is_factored);
        let [factored, swept] = [chain.factor().unwrap(), chain.sweep().unwrap()].map(|[conversions, _]| conversions);
        assert_close(&factored.effects(), &swept.effects(), 1e-10);
    }
}

/// One of two journeys converts, and without the channel none. There is no value, so nothing of it is lost.
#[test]
fn a_half_that_converts_and_no_value_at_all() {
    let rows: Rows = vec![(vec![0], Outcome { conversions: 1, nulls: 1, value: 0 })];
    let effects = effects(&rows, 1, 1);
    assert_eq!((effects.base_rate, effects.conversions, effects.value), (0.5, vec![1.0], vec![0.0]));
    assert_eq!(RemovalEffects::totals(&[0.0, 0.0], 8.0), [0.0, 0.0]);
    assert_eq!(RemovalEffects::totals(&[0.5], 8.0), [8.0]);
}

#[test]
fn what_is_not_finite_is_no_solution() {
    let is_finite = |from_start, through| Gain { from_start, through: vec![0.0, through] }.is_finite();
    assert!(is_finite(1.0, 1.0) && !is_finite(f64::NAN, 1.0) && !is_finite(1.0, f64::INFINITY));
}
