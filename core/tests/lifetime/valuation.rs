//! Segments valued: any history gives finite money or a reason, simulated contracts are forecast, a holdout is held to.

use closedloop_core::lifetime::{
    Contract, Expectation, Family, Grain, Histories, Holdout, Horizon, Method, Past, Period, PurchaseModel, Segment,
    Term, Valuation, hold_out,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp, Gamma};
use std::collections::{BTreeMap, BTreeSet};

const MODELS: [PurchaseModel; 2] = [PurchaseModel::BgNbd, PurchaseModel::ParetoNbd];

fn method(months: u32, discount: f64) -> Method {
    let grain = Grain { merge: Period::Day, unit: Period::Month };
    Method { grain, horizon: Horizon { months, month: 1.0, discount }, family: None, models: MODELS.to_vec() }
}

/// Purchases (customer, day, amount) up to a day as histories: those of one day are one, and time is told in months.
#[expect(clippy::cast_precision_loss, reason = "amounts of tests are small")]
fn histories(rows: &[(u32, i32, i64)], until: i32) -> Histories {
    let mut customers: BTreeMap<u32, BTreeMap<i32, i64>> = BTreeMap::new();
    for &(customer, day, amount) in rows.iter().filter(|row| row.1 <= until) {
        *customers.entry(customer).or_default().entry(day).or_default() += amount;
    }
    let mut histories = Histories::default();
    for (customer, purchases) in customers {
        let days: Vec<i32> = purchases.keys().copied().collect();
        let (first, last, repeats) = (days[0], days[days.len() - 1], u32::try_from(days.len() - 1).unwrap());
        let total: i64 = purchases.values().sum();
        let repeat_total = total - purchases[&first];
        let months = |day: i32| f64::from(day - first) / Period::Month.days();
        histories.customer.push(customer);
        histories.first_period.push(first);
        histories.total.push(total);
        histories.repeat_total.push(repeat_total);
        histories.summaries.x.push(repeats);
        histories.summaries.t_x.push(months(last));
        histories.summaries.t.push(months(until));
        histories.summaries.mean_value.push(repeat_total as f64 / f64::from(repeats.max(1)));
    }
    histories
}

fn segment(histories: &Histories, contracts: &[Option<Contract>], until: i32) -> Segment {
    let positions: Vec<usize> = (0..histories.customer.len()).collect();
    Segment::new(histories, contracts, &positions, until)
}

fn check(expectation: &Expectation) {
    let Expectation { p_alive, purchases, value, clv, beyond, months, .. } = expectation;
    assert!((0.0..=1.0).contains(p_alive), "{expectation:?}");
    for number in [purchases.mean, purchases.low, purchases.high, *value, clv.mean, clv.low, clv.high] {
        assert!(number.is_finite() && number >= 0.0, "{expectation:?}");
    }
    assert!(beyond.is_none_or(|beyond| beyond.is_finite() && beyond >= 0.0));
    assert!(months.iter().all(|month| month.is_finite() && *month > -1e-6), "{months:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// No repeats, one customer, purchases of nothing, one day: all of these come up.
    #[test]
    fn any_history_gives_money_or_a_reason(
        rows in prop::collection::vec((0u32..8, 0i32..900, 0i64..2_000), 0..40),
        terms in prop::collection::vec((0u32..8, 0i32..900, 1i32..400, 1i64..2_000), 0..20),
        months in 1u32..60,
        discount in 0.0f64..0.05,
    ) {
        let until = 900;
        let histories = histories(&rows, until);
        let contract = |code: &u32| {
            let of = terms.iter().filter(|term| term.0 == *code);
            let mut of: Vec<Term> =
                of.map(|&(_, first, days, amount)| Term { first, last: first + days, amount }).collect();
            Contract::of(&mut of, until)
        };
        let contracts: Vec<Option<Contract>> = histories.customer.iter().map(contract).collect();
        let valuation = Valuation::of(&segment(&histories, &contracts, until), &method(months, discount));
        prop_assert!(!valuation.reason.is_empty());
        if valuation.family == Family::Historic {
            prop_assert!(valuation.expectations.is_empty() && valuation.model().is_none());
        } else {
            prop_assert_eq!(valuation.expectations.len(), histories.customer.len());
            prop_assert!(valuation.model().is_some());
            valuation.expectations.iter().for_each(check);
        }
    }
}

#[test]
fn bad_segments_say_why_there_is_no_prediction() {
    let reason = |rows: &[(u32, i32, i64)]| {
        let histories = histories(rows, 800);
        let contracts = vec![None; histories.customer.len()];
        let valuation = Valuation::of(&segment(&histories, &contracts, 800), &method(36, 0.008));
        assert_eq!(valuation.family, Family::Historic);
        valuation.reason
    };
    assert_eq!(reason(&[]), "the segment has no customers");
    assert_eq!(
        reason(&[(1, 5, 100), (1, 50, 100)]),
        "the segment has one customer, who cannot show how customers differ"
    );
    assert_eq!(reason(&[(1, 5, 100), (2, 50, 100)]), "no customer has a term or has bought again");
}

#[test]
fn contracts_of_whom_all_stayed_or_all_left_are_not_predicted() {
    let rows: Vec<(u32, i32, i64)> = (0..30).map(|customer| (customer, 0, 100)).collect();
    let of_all = |years: i32, until: i32| {
        let histories = histories(&rows, until);
        let mut terms: Vec<Term> =
            (0..years).map(|year| Term { first: 365 * year, last: 365 * year + 364, amount: 100 }).collect();
        let contracts = vec![Contract::of(&mut terms, until); 30];
        Valuation::of(&segment(&histories, &contracts, until), &method(36, 0.008))
    };
    let (stayed, left) = (of_all(3, 1_000), of_all(1, 1_000));
    assert_eq!((stayed.family, left.family), (Family::Historic, Family::Historic));
    assert!(stayed.reason.contains("no customer has churned"), "{}", stayed.reason);
    assert!(left.reason.contains("every customer has churned"), "{}", left.reason);
}

/// Yearly contracts that begin over four years and renew with a chance drawn per customer.
fn world(customers: u32, seed: u64) -> Vec<Vec<Term>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let chance = Beta::new(3.8, 0.7).unwrap();
    let mut contract = || {
        let keeps = chance.sample(&mut random);
        let mut first = random.random_range(0..1_460);
        let mut terms = vec![];
        loop {
            terms.push(Term { first, last: first + 364, amount: 100_000 });
            first += 365;
            if first > 4_000 || !random.random_bool(keeps) {
                return terms;
            }
        }
    };
    (0..customers).map(|_| contract()).collect()
}

/// What was signed by a day.
fn seen(terms: &[Term], day: i32) -> Option<Contract> {
    let mut signed: Vec<Term> = terms.iter().copied().filter(|term| term.first <= day).collect();
    Contract::of(&mut signed, day)
}

#[test]
fn renewals_of_simulated_contracts_come_as_expected() {
    let (cut, end) = (1_460, 1_460 + 365 * 2);
    let contracts = world(3_000, 11);
    let rows: Vec<(u32, i32, i64)> =
        (0..).zip(&contracts).map(|(code, terms)| (code, terms[0].first, 100_000)).collect();
    let histories = histories(&rows, cut);
    let then: Vec<Option<Contract>> = contracts.iter().map(|terms| seen(terms, cut)).collect();
    // Two years: a month of 365/12 days would end a day early, so 24 months hold two renewals of everybody.
    let valuation = Valuation::of(&segment(&histories, &then, cut), &method(24, 0.0));
    assert_eq!(valuation.model(), Some("shifted_beta_geometric"));
    let expected: f64 = valuation.expectations.iter().map(|expectation| expectation.purchases.mean).sum();
    let active = then.iter().map(|contract| !contract.unwrap().lapsed);
    let came: usize = active
        .zip(&contracts)
        .filter(|(active, _)| *active)
        .map(|(_, terms)| terms.iter().filter(|term| term.first > cut && term.first <= end).count())
        .sum();
    // Those in their month of grace may have left already, which nobody knows.
    let came = f64::from(u32::try_from(came).unwrap());
    assert!((expected / came - 1.0).abs() < 0.05, "{expected} expected, {came} came");
    let survived = valuation.survival[0].survival;
    assert!((survived - 3.8 / 4.5).abs() < 0.03, "the first renewal is kept by {survived}");
    valuation.expectations.iter().for_each(check);
    // The months spread each renewal over its term, so within the horizon less is earned than is due.
    let earned: f64 = valuation.expectations.iter().flat_map(|expectation| &expectation.months).sum();
    let due: f64 = valuation.expectations.iter().map(|expectation| expectation.clv.mean).sum();
    assert!(earned < due && earned > 0.6 * due, "{earned} of {due}");
}

#[test]
fn a_holdout_of_contracts_counts_the_renewals_that_came_due() {
    let (cut, end) = (1_460, 1_825);
    let contracts = world(2_000, 5);
    let rows: Vec<(u32, i32, i64)> =
        (0..).zip(&contracts).map(|(code, terms)| (code, terms[0].first, 100_000)).collect();
    let histories = histories(&rows, cut);
    let then: Vec<Option<Contract>> = contracts.iter().map(|terms| seen(terms, cut)).collect();
    let now: Vec<Option<Contract>> = contracts.iter().map(|terms| seen(terms, end)).collect();
    let segment = segment(&histories, &then, cut);
    let since = Holdout::default();
    let past = Past { segment: &segment, since: &since, contracts: &now, end };
    let calibration = hold_out(&past, Family::Contractual, &method(12, 0.0)).unwrap();
    let all = calibration.groups[0];
    // Of those that ended before the cut, the renewed ones have left the pool.
    let due = then.iter().flatten().filter(|contract| (cut..=end - 32).contains(&contract.last)).count();
    assert_eq!((all.decile, all.customers), (None, due as u64));
    let came = f64::from(u32::try_from(all.actual_purchases).unwrap());
    assert!(all.purchases.low <= came && came <= all.purchases.high, "{all:?}");
    assert!((all.purchases.mean / came - 1.0).abs() < 0.05, "{all:?}");
    assert_eq!(calibration.groups.len(), 11);
    assert_eq!(calibration.groups[1..].iter().map(|group| group.customers).sum::<u64>(), all.customers);
    assert_eq!(calibration.groups[1..].iter().map(|group| group.actual_value).sum::<i64>(), all.actual_value);
}

#[test]
fn a_holdout_of_purchases_is_what_was_bought_after_the_cut() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (rates, leaves) = (Gamma::new(0.9, 1.0 / 40.0).unwrap(), Beta::new(0.9, 3.0).unwrap());
    let (cut, end) = (500, 829);
    let mut rows: Vec<(u32, i32, i64)> = vec![];
    for customer in 0..3_000 {
        let (wait, leave) = (Exp::new(rates.sample(&mut random)).unwrap(), leaves.sample(&mut random));
        let usual = random.random_range(500..3_000);
        let mut now = random.random_range(0.0..200.0);
        while now < f64::from(end) {
            #[expect(clippy::cast_possible_truncation, reason = "a day of the simulation")]
            rows.push((customer, now as i32, usual + random.random_range(0..500)));
            now += wait.sample(&mut random);
            if random.random_bool(leave) {
                break;
            }
        }
    }
    let method = method(12, 0.0);
    let histories = histories(&rows, cut);
    let later: Vec<BTreeMap<i32, i64>> = (histories.customer.iter())
        .map(|&customer| {
            let mut purchases = BTreeMap::new();
            for row in rows.iter().filter(|row| row.0 == customer && row.1 > cut) {
                *purchases.entry(row.1).or_default() += row.2;
            }
            purchases
        })
        .collect();
    let since = Holdout {
        purchases: later.iter().map(|purchases| u32::try_from(purchases.len()).unwrap()).collect(),
        amount: later.iter().map(|purchases| purchases.values().sum()).collect(),
    };
    let contracts = vec![None; histories.customer.len()];
    let segment = segment(&histories, &contracts, cut);
    let past = Past { segment: &segment, since: &since, contracts: &contracts, end };
    let calibration = hold_out(&past, Family::NonContractual, &method).unwrap();
    let all = calibration.groups[0];
    // Purchases of one day are one; who came after the cut is not predicted.
    let later = rows.iter().filter(|row| row.1 > cut && histories.customer.contains(&row.0));
    let days: BTreeSet<(u32, i32)> = later.clone().map(|row| (row.0, row.1)).collect();
    let (count, money) = (days.len() as u64, later.map(|row| row.2).sum::<i64>());
    assert_eq!((all.actual_purchases, all.actual_value), (count, money));
    let count = f64::from(u32::try_from(count).unwrap());
    assert!((all.purchases.mean / count - 1.0).abs() < 0.1, "{all:?}");
}

/// All keep each renewal with 0.9: as the customers do not differ, only the limit of the model can be fitted.
#[test]
fn customers_who_do_not_differ_are_fitted_by_the_limit() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut due, mut kept) = (0_u32, 0_u32);
    let contracts: Vec<Option<Contract>> = (0..400)
        .map(|customer| {
            // Of whom the first loss comes late: churn that rises with age is beyond what beta customers do.
            let renewals = if customer % 4 == 0 { 1 } else { 3 };
            let lapsed = renewals == 3 && random.random_bool(0.4);
            due += renewals + u32::from(lapsed);
            kept += renewals;
            let last = if lapsed { 700 } else { 1_000 };
            Some(Contract { renewals, settled: renewals, last, days: 365, value: 1_000.0, lapsed })
        })
        .collect();
    let rows: Vec<(u32, i32, i64)> = (0..400).map(|customer| (customer, 0, 1_000)).collect();
    let histories = histories(&rows, 800);
    let valuation = Valuation::of(&segment(&histories, &contracts, 800), &method(36, 0.0));
    assert_eq!(valuation.model(), Some("geometric"));
    assert!(valuation.trials[0].outcome.as_ref().is_err_and(|problem| problem.contains("infinity")));
    let fit = valuation.trials[1].outcome.as_ref().unwrap();
    let retention = f64::from(kept) / f64::from(due);
    assert!((fit.parameters[0].estimate - retention).abs() < 1e-12);
    let binomial = (retention * (1.0 - retention) / f64::from(due)).sqrt();
    assert!((fit.parameters[0].standard_error / binomial - 1.0).abs() < 1e-9);
    // 201 days are left, 36 months hold three renewals.
    let active = valuation.expectations.iter().find(|expectation| expectation.p_alive > 0.0).unwrap();
    let expected = retention + retention.powi(2) + retention.powi(3);
    assert!((active.purchases.mean - expected).abs() < 1e-6, "{active:?}");
    assert!((active.clv.mean - 1_000.0 * expected).abs() < 1e-3);
    valuation.expectations.iter().for_each(check);
}

/// As for purchases, below a rate of 0.0001 a month.
#[test]
fn what_comes_after_the_horizon_is_not_told_where_it_is_hardly_discounted() {
    let contracts: Vec<Option<Contract>> = world(300, 11).iter().map(|terms| seen(terms, 1_460)).collect();
    let rows: Vec<(u32, i32, i64)> = (0..300).map(|customer| (customer, 0, 1_000)).collect();
    let segment = segment(&histories(&rows, 1_460), &contracts, 1_460);
    for (discount, is_told) in [(0.008, true), (0.000_11, true), (0.000_09, false), (0.0, false)] {
        let valuation = Valuation::of(&segment, &method(24, discount));
        let active = valuation.expectations.iter().filter(|expectation| expectation.p_alive > 0.0);
        assert!(active.clone().count() > 100 && active.clone().all(|of| of.beyond.is_some() == is_told), "{discount}");
    }
}

/// In 36 months an annual contract renews three times and a monthly one 36 times, whatever most others do.
#[test]
fn every_contract_renews_at_its_own_pace() {
    let until = 1_000;
    let contracts: Vec<Option<Contract>> = (0..40_u32)
        .map(|customer| {
            let (days, lapsed, renewals) = (if customer == 0 { 365 } else { 30 }, customer % 8 == 7, customer % 5);
            let last = if lapsed { 900 } else { until };
            Some(Contract { renewals, settled: renewals, last, days, value: 1_000.0, lapsed })
        })
        .collect();
    let rows: Vec<(u32, i32, i64)> = (0..40).map(|customer| (customer, 0, 1_000)).collect();
    let valuation = Valuation::of(&segment(&histories(&rows, until), &contracts, until), &method(36, 0.0));
    let coming = |customer: usize| valuation.expectations[customer].purchases;
    assert!(coming(0).mean <= 3.0 && coming(0).high <= 3.0, "{:?}", coming(0));
    assert!(coming(5).mean > 3.0 && coming(5).high <= 37.0, "{:?}", coming(5));
    // Who renews first is as sure of it as the others.
    assert!(valuation.expectations[0].clv.high <= 3_000.0 + 1e-9);
    valuation.expectations.iter().for_each(check);
}

/// The only customer of a segment is told as one among all.
#[test]
fn a_segment_that_cannot_be_fitted_alone_is_valued_as_part_of_all() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let rates = Gamma::new(0.8, 1.0 / 60.0).unwrap();
    let mut rows: Vec<(u32, i32, i64)> = Vec::new();
    for customer in 0..300 {
        let wait = Exp::new(rates.sample(&mut random)).unwrap();
        let mut now = random.random_range(0.0..100.0);
        while now < 400.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a day of the simulation")]
            rows.push((customer, now as i32, random.random_range(500..900)));
            now += wait.sample(&mut random);
            if random.random_bool(0.2) {
                break;
            }
        }
    }
    let histories = histories(&rows, 400);
    let all: Vec<usize> = (0..histories.customer.len()).collect();
    let contracts = vec![None; all.len()];
    let of = |positions: &[usize]| Segment::new(&histories, &contracts, positions, 400);
    let (most, last) = all.split_at(all.len() - 1);
    let method = method(12, 0.01);
    let valuations = Valuation::of_all(&[of(most), of(last)], &method);
    assert_eq!(valuations[0], Valuation::of(&of(most), &method));
    let whole = Valuation::of(&of(&all), &method);
    assert_eq!(valuations[1].expectations[..], whole.expectations[most.len()..]);
    assert_eq!((valuations[1].family, &valuations[1].trials), (Family::NonContractual, &whole.trials));
    assert!(
        valuations[1].reason.contains("one customer") && valuations[1].reason.contains("all non_contractual segments")
    );
    // Where history alone is asked for, nothing is lent.
    let historic =
        Valuation::of_all(&[of(most), of(last)], &Method { family: Some(Family::Historic), ..method.clone() });
    assert!(historic.iter().all(|valuation| valuation.expectations.is_empty()));
    // With nobody to borrow from, the segment keeps its history.
    assert_eq!(Valuation::of_all(&[of(last)], &method)[0].family, Family::Historic);
}
