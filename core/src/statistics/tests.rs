//! Counts by hand, and that nothing depends on order or partition.

use super::*;
use proptest::prelude::*;

fn counted(shape: Shape, journeys: &[(Vec<u32>, Outcome)]) -> JourneyStatistics {
    let mut statistics = JourneyStatistics::new(shape).unwrap();
    for (key, (path, outcome)) in (0..).zip(journeys) {
        statistics.add(CountedJourney { path, outcome: *outcome, key });
    }
    statistics
}

const SHAPE: Shape = Shape { states: 3, order: 2, folds: false, sets: true };

#[test]
fn transitions_of_order_two_and_their_marginals_by_hand() {
    // 0 > 1 > 1 converted for 5.00, 1 > 1 did not convert twice.
    let statistics = counted(SHAPE, &[(vec![0, 1, 1], Outcome::converted(500)), (vec![1, 1], Outcome::NULL.times(2))]);
    let transitions = statistics.transitions();
    // Base 4; digits are codes and one: 01 is run (0), 12 is run (0, 1).
    let edges = |order| -> Vec<(Vec<u32>, Vec<u32>, u64)> {
        let rows = transitions.edges(order).into_iter();
        rows.map(|edge| (transitions.codes(edge.from), transitions.codes(edge.to), edge.count)).collect()
    };
    assert_eq!(
        edges(2),
        [
            (vec![], vec![0], 1),
            (vec![], vec![1], 2),
            (vec![0], vec![0, 1], 1),
            (vec![1], vec![1, 1], 2),
            (vec![0, 1], vec![1, 1], 1),
        ]
    );
    assert_eq!(edges(1), [(vec![], vec![0], 1), (vec![], vec![1], 2), (vec![0], vec![1], 1), (vec![1], vec![1], 3)]);
    let both = Outcome { conversions: 1, nulls: 2, value: 500 };
    assert_eq!(transitions.ends(2).iter().map(|end| end.1).collect::<Vec<_>>(), [both]);
    assert_eq!(transitions.ends(1).iter().map(|end| end.1).collect::<Vec<_>>(), [both]);
    assert_eq!(statistics.total(), both);
}

#[test]
fn what_sums_to_nothing_at_a_lower_order_is_no_row() {
    let worth = |value| Outcome { conversions: 0, nulls: 0, value };
    let statistics = counted(SHAPE, &[(vec![0, 1], worth(5)), (vec![2, 1], worth(-5))]);
    assert_eq!(statistics.transitions().ends(2).len(), 2);
    assert!(statistics.transitions().ends(1).is_empty());
}

#[test]
fn sets_forget_order_and_repeats() {
    let statistics = counted(
        SHAPE,
        &[(vec![2, 0, 2], Outcome::converted(1)), (vec![0, 2], Outcome::NULL), (vec![0], Outcome::NULL)],
    );
    let once = Outcome { conversions: 1, nulls: 1, value: 1 };
    assert_eq!(statistics.sets().sorted(), [(vec![0], Outcome::NULL), (vec![0, 2], once)]);
    assert_eq!(statistics.sets().participation(), [once + Outcome::NULL, Outcome::default(), once]);
}

#[test]
fn a_journey_without_touches_is_not_counted() {
    let statistics = counted(SHAPE, &[(vec![], Outcome::converted(7))]);
    assert_eq!(statistics.total(), Outcome::default());
    assert!(statistics.transitions().ends(1).is_empty() && statistics.sets().sorted().is_empty());
}

#[test]
fn impossible_shapes_are_named() {
    let order = JourneyStatistics::new(Shape { order: 5, ..SHAPE }).unwrap_err();
    assert_eq!(order.to_string(), "the order of a Markov chain is 5, but must be from 1 to 4");
    let wide = JourneyStatistics::new(Shape { states: 100_000, order: 4, ..SHAPE }).unwrap_err();
    assert!(matches!(wide, ShapeError::TooManyStates { .. }), "{wide}");
}

#[test]
fn folds_share_journeys_about_evenly() {
    let mut sizes = [0_u32; FOLDS];
    (0..10_000).for_each(|key| sizes[fold_of(key)] += 1);
    assert!(sizes.iter().all(|size| (1_900..2_100).contains(size)), "{sizes:?}");
}

fn journeys() -> impl Strategy<Value = Vec<(Vec<u32>, Outcome)>> {
    let outcome = (0..3_u64, 0..3_u64, -50..50_i128).prop_map(|(conversions, nulls, value)| Outcome {
        conversions,
        nulls,
        value,
    });
    prop::collection::vec((prop::collection::vec(0..40_u32, 0..8), outcome), 0..30)
}

proptest! {
    /// 40 states at order 4 are kept in a hash map, at order 1 in an array.
    #[test]
    fn order_and_partition_change_no_count(rows in journeys(), cut in 0..30_usize, order in 1..=4_usize) {
        let shape = Shape { states: 40, order, folds: false, sets: true };
        let all = counted(shape, &rows);
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let mut merged = counted(shape, right);
        merged.merge(counted(shape, left));
        for lower in 1..=order {
            prop_assert_eq!(all.transitions().edges(lower), merged.transitions().edges(lower));
            prop_assert_eq!(all.transitions().ends(lower), merged.transitions().ends(lower));
        }
        prop_assert_eq!(all.sets().sorted(), merged.sets().sorted());
        prop_assert_eq!(all.total(), merged.total());
    }

    /// 40 states at order 4 are kept in a hash map, five in an array.
    #[test]
    fn lower_orders_follow_from_the_highest(rows in journeys(), states in prop::sample::select(vec![5_u32, 40])) {
        let among = |path: &[u32]| path.iter().map(|code| code % states).collect::<Vec<u32>>();
        let rows: Vec<_> = rows.iter().map(|(path, outcome)| (among(path), *outcome)).collect();
        let at = |order| counted(Shape { states, order, folds: true, sets: false }, &rows).transitions();
        let highest = at(4);
        for order in 1..4 {
            prop_assert_eq!(highest.edges(order), at(order).edges(order));
            prop_assert_eq!(highest.ends(order), at(order).ends(order));
        }
    }

    #[test]
    fn a_weight_is_that_many_journeys(rows in journeys(), weight in 0..4_u32) {
        let weighted: Vec<_> = rows.iter().map(|(path, outcome)| (path.clone(), outcome.times(weight))).collect();
        let repeated: Vec<_> = rows.iter().flat_map(|row| vec![row.clone(); weight as usize]).collect();
        let shape = Shape { states: 40, order: 2, folds: false, sets: false };
        let (weighted, repeated) = (counted(shape, &weighted), counted(shape, &repeated));
        prop_assert_eq!(weighted.transitions().edges(2), repeated.transitions().edges(2));
        prop_assert_eq!(weighted.total(), repeated.total());
    }
}

/// The first numbers of SplitMix64 with seed 0 (Vigna's splitmix64.c): its states are the multiples of the golden gamma.
#[test]
fn folds_are_those_of_splitmix64() {
    let gamma = 0x9e37_79b9_7f4a_7c15_u64;
    let known = [0xe220_a839_7b1d_cdaf_u64, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec];
    for (step, number) in (1..).zip(known) {
        let key = gamma.wrapping_mul(step);
        assert_eq!(fold_of(key) as u64, number % 5);
        assert_eq!(is_held_out(key), number % 5 == 0);
    }
}
