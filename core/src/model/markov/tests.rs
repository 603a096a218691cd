//! Per-deal credit by removal effects, and what is refused.

use super::*;
use crate::journey::Anchors;
use crate::ledger::{Allotter, WHOLE};
use crate::model::{Evidence, Shapley, fitted_models};
use crate::statistics::{CountedJourney, Outcome, Shape};
use proptest::prelude::*;

type Rows = Vec<(Vec<u32>, Outcome)>;

fn counted(rows: &Rows, states: u32) -> JourneyStatistics {
    let mut statistics = JourneyStatistics::new(Shape { states, order: 4, folds: true, sets: true }).unwrap();
    for (key, (path, outcome)) in (0..).zip(rows) {
        statistics.add(CountedJourney { path, outcome: *outcome, key });
    }
    statistics
}

fn shares(model: &dyn AttributionModel, channels: &[u32]) -> Vec<u64> {
    let touched_at: Vec<i64> = (0..).take(channels.len()).collect();
    let journey = Journey { touched_at: &touched_at, channels, converted_at: 999, anchors: Anchors::default() };
    let (mut credits, mut shares) = (vec![9.0; channels.len()], vec![0; channels.len()]);
    assert_eq!(model.credit(journey, &mut credits), Residual::None);
    assert_eq!(Allotter::default().shares(&credits, 0.0, &mut shares).unwrap(), 0);
    shares
}

/// {a>b 3c/1n; a>c 1c/1n}: effects a 1, b ¾, c ¼ (attribution.md §7.3).
fn golden() -> Rows {
    let outcome = |conversions, nulls| Outcome { conversions, nulls, value: i128::from(conversions) };
    vec![(vec![0, 1], outcome(3, 1)), (vec![0, 2], outcome(1, 1))]
}

#[test]
fn a_deal_is_divided_by_the_effects_of_its_own_channels() {
    let markov = Markov::fit(&counted(&golden(), 4), ChainOrder::Fixed(1)).unwrap();
    // b ¾, c ¼: three to one; b comes twice and each of its touches has half.
    assert_eq!(shares(&markov, &[1, 2, 1]), [WHOLE / 8 * 3, WHOLE / 4, WHOLE / 8 * 3]);
    // Channel 3 was never seen: nothing. All unseen: linear.
    assert_eq!(shares(&markov, &[3, 2]), [0, WHOLE]);
    assert_eq!(shares(&markov, &[3, 3]), [WHOLE / 2, WHOLE / 2]);
    assert_eq!(shares(&markov, &[9, 3]), [WHOLE / 2, WHOLE / 2]);
}

/// By definition: chains of the same effects do, a chain of other effects and another kind of model do not.
#[test]
fn models_that_credit_alike_are_told() {
    let fit = |rows: &Rows, order| Markov::fit(&counted(rows, 4), ChainOrder::Fixed(order)).unwrap();
    let other: Rows =
        vec![(vec![0, 1], Outcome::converted(1)), (vec![2], Outcome::converted(1)), (vec![1], Outcome::NULL)];
    let (chain, same, other) = (fit(&golden(), 1), fit(&golden(), 1), fit(&other, 1));
    assert!(chain.credits_like(&same) && !chain.credits_like(&other));
    assert!(Shapley.credits_like(&Shapley) && !Shapley.credits_like(&chain) && !chain.credits_like(&Shapley));
    assert_eq!(shares(&chain, &[1, 2, 0, 1]), shares(&same, &[1, 2, 0, 1]));
    assert_ne!(shares(&chain, &[1, 2, 0, 1]), shares(&other, &[1, 2, 0, 1]));
}

#[test]
fn what_cannot_be_fitted_is_refused_in_a_sentence() {
    let refusal = |rows: &Rows, id: &str| {
        let spec = fitted_models().iter().find(|spec| spec.id() == id).unwrap();
        let names: Vec<String> = ["ads", "email", "events", "web"].map(String::from).into();
        let statistics = counted(rows, 4);
        let evidence = Evidence { journeys: Some(&statistics), ..Evidence::default() };
        spec.build(&names, evidence).err().map(|refusal| refusal.to_string()).unwrap_or_default()
    };
    let times = |rows: Rows, weight| -> Rows { rows.iter().map(|(path, o)| (path.clone(), o.times(weight))).collect() };
    assert_eq!(
        refusal(&golden(), "markov"),
        "model \"markov\" is left out: it is fitted on 4 conversions, but needs at least 20; widen the dates or the lookback"
    );
    let enough = times(golden(), 10);
    assert_eq!(refusal(&enough, "markov"), "");
    assert_eq!(refusal(&enough, "markov_auto"), "");
    assert!(refusal(&enough, "rate_shapley").contains("channel \"ads\" is in every journey"));
    let one = vec![(vec![1, 1], Outcome { conversions: 50, nulls: 50, value: 1 })];
    assert!(refusal(&one, "markov").contains("every touch has the same channel"));
    assert!(refusal(&one, "rate_shapley").contains("every touch has the same channel"));
    assert_eq!(refusal(&one, "shapley"), "");
    let won: Rows = vec![(vec![0], Outcome::converted(1).times(30)), (vec![1], Outcome::converted(1).times(30))];
    assert!(refusal(&won, "rate_shapley").contains("every journey converted"));
    assert_eq!(refusal(&won, "markov"), "");
}

#[test]
fn evidence_that_lacks_something_is_named() {
    let mut poor = JourneyStatistics::new(Shape { states: 3, order: 1, folds: false, sets: false }).unwrap();
    for (path, outcome) in golden() {
        poor.add(CountedJourney { path: &path, outcome, key: 0 });
    }
    assert!(matches!(Markov::fit(&poor, ChainOrder::Auto), Err(Reason::NotCounted(_))));
    assert!(matches!(Markov::fit(&poor, ChainOrder::Fixed(2)), Err(Reason::NotCounted(_))));
    let markov = fitted_models()[0].build(&[], Evidence::default());
    assert!(markov.err().is_some_and(|refusal| refusal.reason == Reason::NotCounted("all journeys")));
}

fn journeys() -> impl Strategy<Value = Rows> {
    let outcome = (0..40_u64, 0..40_u64).prop_map(|(conversions, nulls)| Outcome { conversions, nulls, value: 0 });
    prop::collection::vec((prop::collection::vec(0..5_u32, 1..7), outcome), 3..25)
}

proptest! {
    /// For every fitted model that is not refused.
    #[test]
    fn shares_are_whole_and_indifferent_to_doubling_and_order(rows in journeys(), path in prop::collection::vec(0..6_u32, 1..90)) {
        let twice: Rows = rows.iter().chain(&rows).rev().cloned().collect();
        for spec in fitted_models().iter().filter(|spec| spec.id() != "markov_auto") {
            let build = |rows: &Rows| {
                let statistics = counted(rows, 6);
                spec.build(&[], Evidence { journeys: Some(&statistics), ..Evidence::default() })
            };
            let Ok(model) = build(&rows) else { continue };
            let once = shares(model.as_ref(), &path);
            prop_assert_eq!(once.iter().sum::<u64>(), WHOLE);
            prop_assert_eq!(&shares(build(&twice).unwrap().as_ref(), &path), &once, "{}", spec.id());
        }
    }
}

/// Two journeys, neither of which converted.
#[test]
fn nothing_is_fitted_without_a_conversion() {
    let none = counted(&vec![(vec![0], Outcome::NULL), (vec![0, 1], Outcome::NULL)], 2);
    let refused = Reason::TooFewConversions { conversions: 0, minimum: 1 };
    assert_eq!(Markov::fit(&none, ChainOrder::Fixed(1)).unwrap_err(), refused);
    assert_eq!(crate::model::RateShapley::fit(&none, &[]).unwrap_err(), refused);
    let one = counted(&vec![(vec![0], Outcome::NULL), (vec![0, 1], Outcome::converted(1))], 2);
    assert_eq!(Markov::fit(&one, ChainOrder::Fixed(3)).unwrap().order(), 3);
    assert!(
        crate::model::RateShapley::fit(&one, &[]).is_err_and(|reason| matches!(reason, Reason::AlwaysPresent { .. }))
    );
}

/// Alike are Shapley and Shapley; of linear and time decay it cannot be told.
#[test]
fn models_are_alike_only_where_that_is_known() {
    assert!(Shapley.credits_like(&Shapley) && !Shapley.credits_like(&crate::model::Linear));
    assert!(!crate::model::Linear.credits_like(&crate::model::TimeDecay::new(7.0)));
}
