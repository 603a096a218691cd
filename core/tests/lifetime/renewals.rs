//! Renewals: the published cohorts, Kaplan–Meier by hand, refusals.

use closedloop_core::lifetime::{LifetimeError, Predictive, Renewals, ShiftedBetaGeometric, contract_covariance};

/// Fader & Hardie (2007), table 1: two segments of 1,000 customers over seven renewals.
const HIGH_END: [u64; 8] = [1000, 869, 743, 653, 593, 551, 517, 491];
const REGULAR: [u64; 8] = [1000, 631, 468, 382, 326, 289, 262, 241];

fn cohort(survivors: &[u64]) -> Renewals {
    let mut renewals = Renewals::default();
    add(&mut renewals, survivors);
    renewals
}

/// Adds the customers of a cohort given by its survivors, the starting number first.
fn add(renewals: &mut Renewals, survivors: &[u64]) {
    for (made, pair) in (0..).zip(survivors.windows(2)) {
        (pair[1]..pair[0]).for_each(|_| renewals.add_customer(made, true));
    }
    let made = u32::try_from(survivors.len() - 1).unwrap();
    (0..survivors[survivors.len() - 1]).for_each(|_| renewals.add_customer(made, false));
}

/// The chance that a new customer survives so many renewals.
fn survival(model: ShiftedBetaGeometric, renewals: u32) -> f64 {
    (1..=renewals).map(|renewal| model.retention(renewal)).product()
}

/// Σ S(t)/(1+d)^t: discounted periods of a new customer, the first, paid now, included.
fn discounted_lifetime(model: ShiftedBetaGeometric, discount: f64) -> f64 {
    1.0 + model.leaving(0).discounted_residual_lifetime(discount) / (1.0 + discount)
}

fn assert_near(ours: f64, expected: f64, within: f64) {
    assert!((ours - expected).abs() <= within, "{ours} is not {expected}");
}

#[test]
fn the_published_segments_are_fitted() {
    let expected = [
        (HIGH_END, [0.66809, 3.80609], -1611.158, [0.8507, 0.8780, 0.8968, 0.9106], 5.9223),
        (REGULAR, [0.70408, 1.18204], -1680.265, [0.6267, 0.7560, 0.8188, 0.8559], 3.6949),
    ];
    for (survivors, estimates, log_likelihood, retention, lifetime) in expected {
        let fit = cohort(&survivors).fit().unwrap();
        for (parameter, estimate) in fit.parameters.iter().zip(estimates) {
            assert_near(parameter.estimate, estimate, 5e-5);
        }
        assert_near(fit.log_likelihood, log_likelihood, 1e-3);
        let model = ShiftedBetaGeometric::fitted(&fit).unwrap();
        for (renewal, retention) in (1u32..).zip(retention) {
            assert_near(model.retention(renewal), retention, 6e-4);
        }
        assert_near(discounted_lifetime(model, 0.1), lifetime, 6e-5);
    }
}

#[test]
fn residual_lifetimes_after_renewals_are_the_published_ones() {
    let tables = [([5.4145, 5.9014, 6.2939, 6.6199], HIGH_END), ([2.9644, 4.1031, 4.8698, 5.4421], REGULAR)];
    for (expected, survivors) in tables {
        let model = ShiftedBetaGeometric::fitted(&cohort(&survivors).fit().unwrap()).unwrap();
        let ours: Vec<f64> = (0..4).map(|made| model.leaving(made).discounted_residual_lifetime(0.1)).collect();
        for (ours_at, expected) in ours.iter().zip(expected) {
            assert!((ours_at - expected).abs() < 6e-5, "{ours:?}");
        }
    }
}

/// At discount d the lifetime is the sum of survival over time; with α = β = 1, S(t) = 1/(t+1), so that it is −ln(1−z)/z.
#[test]
fn a_uniform_chance_has_a_lifetime_in_closed_form() {
    let model = ShiftedBetaGeometric::new(&[1.0, 1.0]).unwrap();
    for discount in [1e-4f64, 0.01, 0.1, 1.0] {
        let z = 1.0 / (1.0 + discount);
        assert_near(discounted_lifetime(model, discount) / (-(-z).ln_1p() / z), 1.0, 1e-12);
    }
    assert_near(survival(model, 9), 0.1, 1e-15);
}

/// α, β, renewals made, discount; β'/(α+β')·₂F₁(1, β'+1; α+β'+1; 1/(1+d)) with β' = β + n, by mpmath at 40 digits.
#[test]
fn residual_lifetimes_meet_the_hypergeometric_formula_in_the_corners() {
    let table = [
        ([0.66809, 3.80609], 0, 0.1, 5.414_468_115_389_15),
        ([0.704, 1.182], 3, 0.0082, 20.456_606_914_410_7),
        ([0.5, 0.5], 0, 1e-6, 999.001_499_000_375),
        ([5.0, 200.0], 10, 1e-4, 52.134_622_832_285_8),
        ([0.02, 0.01], 1, 0.008, 114.400_159_859_434),
        ([300.0, 2.0], 0, 0.01, 0.006_688_296_581_217_77),
        ([1.0, 1.0], 0, 8.2e-7, 13.013_984_479_595_4),
    ];
    for (parameters, made, discount, expected) in table {
        let ours = ShiftedBetaGeometric::new(&parameters).unwrap().leaving(made).discounted_residual_lifetime(discount);
        assert_near(ours / expected, 1.0, 1e-11);
    }
}

/// Six customers: lost at renewals 1, 2, 2; still there after 1, 2, 3 renewals.
#[test]
fn kaplan_meier_is_the_product_over_those_at_risk() {
    let renewals = Renewals { lost: vec![1, 2], kept: vec![0, 1, 1, 1] };
    let steps = renewals.kaplan_meier();
    let table: Vec<(usize, u64, u64)> = steps.iter().map(|step| (step.renewal, step.at_risk, step.lost)).collect();
    assert_eq!(table, [(1, 6, 1), (2, 4, 2), (3, 1, 0)]);
    assert_near(steps[0].survival, 5.0 / 6.0, 1e-15);
    assert_near(steps[1].survival, 5.0 / 12.0, 1e-15);
    // Greenwood: S² Σ d/(n(n−d)) = (5/12)² (1/30 + 2/8).
    assert_near(steps[1].standard_error, 5.0 / 12.0 * (1.0f64 / 30.0 + 0.25).sqrt(), 1e-15);
}

#[test]
fn cohorts_of_different_age_are_one_likelihood() {
    let mut renewals = cohort(&REGULAR);
    add(&mut renewals, &REGULAR[..4]);
    assert_eq!(renewals.lost[..3], [738, 326, 172]);
    assert_eq!((renewals.kept[3], renewals.kept[7], renewals.customers()), (382, 241, 2000));
    let fit = renewals.fit().unwrap();
    assert_near(fit.parameters[0].estimate, 0.704, 0.05);
}

#[test]
fn what_cannot_be_fitted_is_refused_in_a_sentence() {
    let fit = |lost: &[u64], kept: &[u64]| Renewals { lost: lost.to_vec(), kept: kept.to_vec() }.fit().unwrap_err();
    assert_eq!(fit(&[], &[]), LifetimeError::NoCustomers);
    assert_eq!(fit(&[1], &[]), LifetimeError::OneCustomer);
    assert_eq!(fit(&[], &[5]), LifetimeError::ZeroLength { model: "shifted_beta_geometric" });
    assert_eq!(fit(&[], &[0, 5]), LifetimeError::AllAlive);
    assert_eq!(fit(&[3, 2], &[]), LifetimeError::AllChurned);
    // One renewal cannot tell α from β; a loss that rises with age has no finite estimate.
    for error in [fit(&[50], &[0, 50]), fit(&[100, 800], &[0, 0, 100])] {
        assert!(matches!(error, LifetimeError::Unbounded { .. } | LifetimeError::Undetermined { .. }), "{error}");
    }
}

/// Five left at their first renewal and five have yet to come to it: nobody has renewed, but not everybody has left.
#[test]
fn customers_who_have_yet_to_renew_are_not_called_lost() {
    let renewals = Renewals { lost: vec![5], kept: vec![5] };
    assert_eq!(renewals.fit_geometric().unwrap_err(), LifetimeError::NoRenewals);
    assert!(!renewals.fit().unwrap_err().to_string().contains("every customer has churned"));
}

#[test]
fn the_value_of_contracts_adds_up_and_scales_with_money() {
    let fit = cohort(&REGULAR).fit().unwrap();
    let model = ShiftedBetaGeometric::fitted(&fit).unwrap();
    // Σ S(2+j)/S(2)/1.1^j over the next 36 periods, term by term.
    let expected: f64 = (1i32..=36)
        .map(|ahead| survival(model, 2 + ahead.unsigned_abs()) / survival(model, 2) / 1.1f64.powi(ahead))
        .sum();
    let (one, mut many) = (model.predictive(2, 1.0, 36, 0.1), Predictive::NOTHING);
    (0..400).for_each(|_| many.add(&model.predictive(2, 100.0, 36, 0.1)));
    let [one, many] = [one, many].map(|predictive| predictive.estimate(&contract_covariance(&fit)));
    assert_near(one.mean, expected, 1e-12);
    assert_near(many.mean / (expected * 40_000.0), 1.0, 1e-12);
    // One customer may leave at once.
    assert_eq!(one.low, 0.0);
    assert!(many.low > 0.85 * many.mean && many.high < 1.15 * many.mean, "{many:?}");
}

/// The largest number of renewals that at least 97.5 % of customers make, by the survival that the model gives.
#[test]
fn sure_renewals_are_those_that_nearly_everybody_makes() {
    let model = ShiftedBetaGeometric::new(&[0.5, 60.0]).unwrap();
    for (renewals, periods) in [(0, 0), (0, 12), (4, 12), (30, 2)] {
        let survives = |ahead: u32| survival(model, renewals + ahead) / survival(model, renewals) >= 0.975;
        let expected = (1..=periods).filter(|&ahead| survives(ahead)).max().unwrap_or(0);
        assert_eq!(model.sure_renewals(renewals, periods), expected, "{renewals} {periods}");
    }
    assert_eq!(model.sure_renewals(0, 12), 3);
}
