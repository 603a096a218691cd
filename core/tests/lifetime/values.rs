//! Values of the models in corners: published ones, and ones computed from the literature's ₂F₁ formulas with mpmath 1.3 at
//! 60 digits, which is another route than the integrals used here.

use closedloop_core::lifetime::{
    Forecast, Horizon, LifetimeError, PurchaseModel, Purchases, Spend, SpendFit, Summaries, fit_spend,
};

use crate::given;

/// A model at given parameters, prepared for one history.
fn model(model: PurchaseModel, parameters: &[f64], x: u32, t: f64, longest: f64) -> Box<dyn Purchases> {
    let t_x = if x > 0 { t.max(1.0) } else { 0.0 };
    let rows = given::history(x, t_x, t.max(t_x));
    model.at(parameters, &rows, longest).unwrap()
}

fn assert_near(ours: f64, expected: f64, relative: f64) {
    assert!((ours / expected - 1.0).abs() <= relative, "{ours} is not {expected}");
}

#[test]
fn bg_nbd_purchases_meet_the_hypergeometric_formula() {
    // r, α, a, b; x, T, time; E[N | alive].
    let table = [
        ([0.2426, 4.4135, 0.7929, 2.4258], (2, 38.86, 39.0), 1.687169979486),
        ([0.2426, 4.4135, 0.7929, 2.4258], (0, 0.0, 5000.0), 11.9759007732),
        ([0.2426, 4.4135, 0.7929, 2.4258], (350, 200.0, 100.0), 145.5093078663),
        ([3.5, 12.0, 1.0001, 4.0], (1, 2.0, 700.0), 19.0834441012),
        ([0.05, 0.3, 0.02, 0.03], (0, 0.5, 156.0), 5.468479847832),
        ([8.0, 2.0, 25.0, 60.0], (12, 3.0, 40.0), 3.999999975458),
    ];
    for (parameters, (x, t, time), expected) in table {
        let prepared = model(PurchaseModel::BgNbd, &parameters, x, t, time);
        assert_near(prepared.while_alive(x, t, time), expected, 1e-9);
        // Without the polynomials of this history, by direct integration.
        let direct = model(PurchaseModel::BgNbd, &parameters, x + 1, t, 0.0);
        assert_near(direct.while_alive(x, t, time), expected, 1e-9);
    }
}

#[test]
fn pareto_nbd_meets_the_hypergeometric_formula_in_the_corners() {
    // r, α, s, β; x, t_x, T; log-likelihood, P(alive).
    let table = [
        ([0.55, 10.58, 0.61, 11.67], (132, 200.0, 200.0), -196.3824468538, 1.0),
        ([0.55, 10.58, 0.61, 11.67], (133, 195.0, 200.0), -196.7417885563, 0.9016183234987),
        ([0.55, 10.58, 0.61, 11.67], (400, 180.0, 200.0), -112.4963082436, 2.718968546654e-15),
        ([0.55, 10.58, 0.61, 11.67], (0, 0.0, 38.86), -0.5170251508875, 0.2937739504674),
        ([2.5, 300.0, 0.7, 0.01], (3, 0.5, 500.0), -16.28427546587, 4.017118736751e-05),
        ([0.3, 0.002, 1.5, 80.0], (40, 10.0, 365.0), 6.32671194334, 2.384578873408e-62),
        ([0.3, 0.002, 1.5, 80.0], (0, 0.0, 365.0), -2.862786631635, 0.0352377221205),
        ([20.0, 3.0, 9.0, 2.0], (1, 0.1, 0.4), -0.1189110573117, 0.1050531390154),
        ([1.0, 5.0, 1.0, 5.0], (2, 3.0, 9.0), -5.514506758941, 0.3231303250237),
    ];
    for (parameters, (x, t_x, t), log_likelihood, p_alive) in table {
        let rows = given::history(x, t_x, t);
        let ours = PurchaseModel::ParetoNbd.log_likelihood(&parameters, &rows).unwrap();
        assert_near(ours, log_likelihood, 1e-10);
        assert_near(model(PurchaseModel::ParetoNbd, &parameters, x, t, 1.0).p_alive(x, t_x, t), p_alive, 1e-9);
    }
}

/// By hand: with T = t_x and x = 1 the odds to have left are a/b, however small both are.
#[test]
fn bg_nbd_keeps_the_digits_of_a_small_b() {
    let parameters = [1.0, 1.0, 3e-12, 1e-12];
    let alive = model(PurchaseModel::BgNbd, &parameters, 1, 5.0, 1.0).p_alive(1, 5.0, 5.0);
    assert_near(alive, 0.25, 1e-12);
    // L = r·α^r·(α+T)^−(r+1) · b/(a+b) · (1 + a/b) = 1/36, by hand too.
    let ours = PurchaseModel::BgNbd.log_likelihood(&parameters, &given::history(1, 5.0, 5.0)).unwrap();
    assert_near(ours, -(36.0f64.ln()), 1e-12);
}

/// The package lifetimes had an underflow between 132 and 133 purchases; its test has these values.
#[test]
fn pareto_nbd_is_smooth_in_the_number_of_purchases() {
    let pareto = model(PurchaseModel::ParetoNbd, &[0.55, 10.58, 0.61, 11.67], 0, 200.0, 10.0);
    let expected = |x: u32| pareto.p_alive(x, 200.0, 200.0) * pareto.while_alive(x, 200.0, 10.0);
    assert_near(expected(132), 6.20605, 1e-5);
    assert_near(expected(133), 6.25287, 1e-5);
    let likelihood = |x: u32| {
        let rows = given::history(x, 190.0, 200.0);
        PurchaseModel::ParetoNbd.log_likelihood(&[0.55, 10.58, 0.61, 11.67], &rows).unwrap()
    };
    for x in 1..600 {
        let [before, at, after] = [x, x + 1, x + 2].map(likelihood);
        // The second difference is that of ln Γ(r+x), 1/x, and of the mixture, which turns over from alive to dead.
        let second = after - 2.0 * at + before;
        assert!(second.is_finite() && (-1e-9..1.1 / f64::from(x)).contains(&second), "{x}: {second}");
        let alive = pareto.p_alive(x, 190.0, 200.0);
        assert!((0.0..=1.0).contains(&alive) && alive >= pareto.p_alive(x + 1, 190.0, 200.0), "{x}");
    }
}

#[test]
fn published_expectations_are_met() {
    let bg = model(PurchaseModel::BgNbd, &[0.242_594_5, 4.413_601_9, 0.792_919_9, 2.425_888_1], 2, 38.86, 39.0);
    // CLVTools, repeat purchases of a new customer.
    for (time, expected) in [(0.1429, 0.0078), (1.0, 0.0532), (3.0, 0.1506), (31.8571, 1.0405), (32.0, 1.0437)] {
        assert!((bg.while_alive(0, 0.0, time) - expected).abs() < 6e-5, "{time}");
    }
    // Fader, Hardie & Lee: the customer with x = 2, t_x = 30.43, T = 38.86.
    let alive = bg.p_alive(2, 30.43, 38.86);
    assert!((alive - 0.7266).abs() < 5e-5);
    assert!((alive * bg.while_alive(2, 38.86, 39.0) - 1.226).abs() < 5e-4);
    let pareto = model(PurchaseModel::ParetoNbd, &[0.55328, 10.57761, 0.60621, 11.66792], 26, 31.0, 52.0);
    let months = [0.05078, 0.09916, 0.14543, 0.18980, 0.23247, 0.27361, 0.31335, 0.35181, 0.38909];
    // BTYD's documentation, at its rounded parameters.
    let rounded = model(PurchaseModel::ParetoNbd, &[0.55, 10.56, 0.61, 11.64], 0, 1.0, 9.0);
    for (time, expected) in (1u8..).zip(months) {
        assert!((rounded.while_alive(0, 0.0, f64::from(time)) - expected).abs() < 2e-5, "{time}");
    }
    // Customer 1516: x = 26, t_x = 30.86, T = 31.
    let alive = pareto.p_alive(26, 30.86, 31.0);
    assert!((alive - 0.9979).abs() < 5e-5);
    assert!((alive * pareto.while_alive(26, 31.0, 52.0) - 25.456).abs() < 5e-3);
    let spend = Spend::gamma_gamma(&[6.2488, 3.7446, 15.4477]).unwrap();
    for (x, mean, expected) in [(2, 22.35, 24.66), (1, 11.77, 18.92), (0, 0.0, 35.17)] {
        assert!((spend.expected(x, mean) - expected).abs() < 1e-2, "{x}");
    }
}

/// What comes after the horizon against the plain sum, month by month until nothing is left.
#[test]
fn the_rest_beyond_the_horizon_is_the_sum_of_all_later_months() {
    let models = [
        (PurchaseModel::BgNbd, [0.2426, 4.4135, 0.7929, 2.4258], 1e-7),
        (PurchaseModel::MbgNbd, [0.5248, 6.183, 0.8914, 1.614], 1e-7),
        (PurchaseModel::ParetoNbd, [0.5533, 10.578, 0.6062, 11.668], 1e-7),
        // Between whole periods BG/BB is interpolated.
        (PurchaseModel::BgBb, [1.2, 0.75, 0.66, 2.8], 1e-4),
    ];
    let summaries = Summaries::new(vec![2], vec![30.0], vec![38.0], vec![1.0]).unwrap();
    let rows = summaries.rows();
    for (kind, parameters, within) in models {
        for (months, discount) in [(1, 0.01), (36, 0.008), (36, 0.05), (240, 0.003)] {
            let horizon = Horizon { months, month: 1.0, discount };
            let purchases = given::purchases(kind, &parameters);
            let forecast = Forecast::new(kind, &purchases, SpendFit::Fixed(1.0), &summaries, &rows, &horizon).unwrap();
            let ours = forecast.predictions().beyond.unwrap()[0];
            let last = months + 12_000;
            let model = kind.at(&parameters, &rows, f64::from(last)).unwrap();
            let at = |month: u32| model.while_alive(2, 38.0, f64::from(month));
            let (mut sum, mut before) = (0.0, at(months));
            for month in months + 1..=last {
                let now = at(month);
                sum += (now - before) * (1.0 + discount).powi(-i32::try_from(month).unwrap());
                before = now;
            }
            assert_near(ours, sum * model.p_alive(2, 30.0, 38.0), within);
        }
    }
}

/// Whoever gave in all of six years, at the published parameters: simulated, 97.5 % give at most in every year to come, and more
/// nobody can.
#[test]
fn in_whole_periods_nobody_buys_more_often_than_there_are_periods() {
    let summaries = Summaries::new(vec![6], vec![6.0], vec![6.0], vec![1.0]).unwrap();
    let rows = summaries.rows();
    for (months, most) in [(1, 1.0), (5, 5.0), (36, 36.0)] {
        let horizon = Horizon { months, month: 1.0, discount: 0.0 };
        let purchases = given::purchases(PurchaseModel::BgBb, &[1.2035, 0.7497, 0.6567, 2.7834]);
        let spend = SpendFit::Fixed(1.0);
        let forecast = Forecast::new(PurchaseModel::BgBb, &purchases, spend, &summaries, &rows, &horizon).unwrap();
        assert_eq!(forecast.predictions().purchases[0].high.to_bits(), f64::to_bits(most), "{months}");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused_in_a_sentence() {
    let fit = |x: &[u32], t_x: &[f64], t: &[f64]| {
        let summaries = Summaries::new(x.to_vec(), t_x.to_vec(), t.to_vec(), vec![0.0; x.len()]).unwrap();
        PurchaseModel::BgNbd.fit(&summaries.rows()).unwrap_err()
    };
    assert_eq!(fit(&[], &[], &[]), LifetimeError::NoCustomers);
    assert_eq!(fit(&[3], &[2.0], &[5.0]), LifetimeError::OneCustomer);
    assert_eq!(fit(&[0, 0], &[0.0, 0.0], &[5.0, 6.0]), LifetimeError::NoRepeats { model: "bg_nbd" });
    assert_eq!(fit(&[0, 0], &[0.0, 0.0], &[0.0, 0.0]), LifetimeError::ZeroLength { model: "bg_nbd" });
    // Two customers alike, each buying to the end: nobody seems ever to leave.
    let error = fit(&[9, 9], &[9.0, 9.0], &[9.0, 9.0]);
    assert!(error.to_string().starts_with("bg_nbd: "), "{error}");
    let spend = |value: Vec<f64>| {
        fit_spend(&Summaries::new(vec![2; value.len()], vec![1.0; value.len()], vec![3.0; value.len()], value).unwrap())
    };
    assert_eq!(spend(vec![0.0, 0.0, 5.0]).unwrap_err(), LifetimeError::NoPositiveValue);
    let alike = spend(vec![5.0; 40]).unwrap_err();
    assert!(alike.to_string().starts_with("gamma_gamma: "), "{alike}");
    assert!(matches!(
        Summaries::new(vec![1], vec![4.0], vec![3.0], vec![1.0]),
        Err(LifetimeError::BadRow { row: 0, .. })
    ));
    assert!(matches!(Summaries::new(vec![0], vec![0.0], vec![3.0], vec![-1.0]), Err(LifetimeError::BadRow { .. })));
    assert!(matches!(Spend::gamma_gamma(&[6.0, 0.9, 15.0]), Err(LifetimeError::InfiniteSpend { .. })));
}
