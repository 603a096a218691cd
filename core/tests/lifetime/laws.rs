//! Laws that hold for any parameters and any histories.

use closedloop_core::lifetime::{Forecast, Horizon, Period, PurchaseModel, Spend, SpendFit, Summaries, fit_spend};
use proptest::prelude::*;

use crate::{given, simulated};

fn any_model() -> impl Strategy<Value = PurchaseModel> {
    prop::sample::select(PurchaseModel::ALL.to_vec())
}

/// Positive numbers of all sizes that fits come near.
fn parameter() -> impl Strategy<Value = f64> {
    (-4.0f64..4.0).prop_map(f64::exp)
}

/// A history in whole periods, so that every model takes it: x, t_x, T.
fn history() -> impl Strategy<Value = (u32, u32, u32)> {
    (1u32..400)
        .prop_flat_map(|t| (0..=t).prop_map(move |t_x| (t_x, t)))
        .prop_flat_map(|(t_x, t)| (t_x.min(1)..=t_x, Just(t_x), Just(t)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_chance_to_be_alive_is_one_and_rises_with_recency(
        model in any_model(),
        parameters in prop::array::uniform4(parameter()),
        (x, t_x, t) in history(),
    ) {
        prop_assume!(x > 0);
        let times = [t_x, t_x.midpoint(t), t].map(f64::from);
        let rows = given::history(x, times[0], f64::from(t));
        let model = model.at(&parameters, &rows, 1.0).unwrap();
        let alive = times.map(|t_x| model.p_alive(x, t_x, f64::from(t)));
        for pair in alive.windows(2) {
            prop_assert!((0.0..=1.0).contains(&pair[0]) && pair[1] <= 1.0 && pair[1] >= pair[0] - 1e-12, "{alive:?}");
        }
    }

    #[test]
    fn purchases_rise_with_the_horizon_and_have_a_distribution(
        model in any_model(),
        parameters in prop::array::uniform4(parameter()),
        (x, t_x, t) in history(),
    ) {
        let rows = given::history(x, f64::from(t_x), f64::from(t));
        let model = model.at(&parameters, &rows, 200.0).unwrap();
        let mut before = 0.0;
        for time in [0u32, 1, 7, 50, 200] {
            let moments = model.moments(x, f64::from(t), f64::from(time));
            let tolerance = 1e-9 * moments.mean;
            prop_assert!(moments.mean.is_finite() && moments.mean >= before - tolerance, "{time}: {moments:?}");
            prop_assert!((0.0..=1.0 + 1e-12).contains(&moments.none), "{time}: {moments:?}");
            // P(N > 0) ≤ E[N], and the variance is not negative.
            prop_assert!(1.0 - moments.none <= moments.mean + 1e-9, "{time}: {moments:?}");
            let variance = moments.pairs + moments.mean - moments.mean * moments.mean;
            prop_assert!(variance >= -1e-6 * (1.0 + moments.mean * moments.mean), "{time}: {moments:?}");
            before = moments.mean;
        }
    }

    #[test]
    fn predictions_are_finite_and_scale_with_money(
        model in any_model(),
        parameters in prop::array::uniform4(parameter()),
        histories in prop::collection::vec((history(), 0.0f64..1e6), 1..8),
        spend in (parameter(), 1.01f64..9.0, parameter()),
    ) {
        let column = |pick: fn(&(u32, u32, u32)) -> u32| histories.iter().map(|of| pick(&of.0)).collect::<Vec<_>>();
        let floats = |column: Vec<u32>| column.into_iter().map(f64::from).collect::<Vec<_>>();
        let predictions = |scale: f64| {
            let values = histories.iter().map(|of| of.1 * scale).collect();
            let summaries = Summaries::new(column(|of| of.0), floats(column(|of| of.1)), floats(column(|of| of.2)), values)
                .unwrap();
            let rows = summaries.rows();
            let (purchases, spend) = (given::purchases(model, &parameters), given::spend(&[spend.0, spend.1, spend.2 * scale]));
            let horizon = Horizon { months: 36, month: 1.0, discount: 0.01 };
            let spend = SpendFit::Fitted(&spend);
            Forecast::new(model, &purchases, spend, &summaries, &rows, &horizon).unwrap().predictions()
        };
        let (one, many) = (predictions(1.0), predictions(1024.0));
        for (one, many) in one.clv.iter().zip(&many.clv) {
            prop_assert!([one.mean, one.low, one.high].iter().all(|value| value.is_finite() && *value >= 0.0), "{one:?}");
            prop_assert!(one.low <= one.high, "{one:?}");
            for (one, many) in [(one.mean, many.mean), (one.low, many.low), (one.high, many.high)] {
                prop_assert!((many - 1024.0 * one).abs() <= 1e-9 * many.abs(), "{one} {many}");
            }
        }
        for rest in one.beyond.unwrap() {
            prop_assert!(rest.is_finite() && rest >= 0.0);
        }
    }
}

#[test]
fn the_order_of_customers_and_the_threads_change_no_bit() {
    let summaries = simulated::customers(PurchaseModel::ParetoNbd, 4_000, 1).0;
    let turned = Summaries {
        x: summaries.x.iter().rev().copied().collect(),
        t_x: summaries.t_x.iter().rev().copied().collect(),
        t: summaries.t.iter().rev().copied().collect(),
        mean_value: summaries.mean_value.iter().rev().copied().collect(),
    };
    let fits = |summaries: &Summaries| {
        let rows = summaries.rows();
        (
            PurchaseModel::ParetoNbd.fit(&rows).unwrap(),
            PurchaseModel::MbgNbd.fit(&rows).unwrap(),
            fit_spend(summaries).unwrap(),
        )
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let expected = fits(&summaries);
    assert_eq!(expected, fits(&turned));
    assert_eq!(expected, alone.install(|| fits(&summaries)));
}

/// A gradient that is wrong would still lead somewhere; here it is held against differences of the likelihood at the fit.
#[test]
fn the_likelihood_falls_in_every_direction_from_a_fit() {
    let models = [PurchaseModel::BgNbd, PurchaseModel::MbgNbd, PurchaseModel::ParetoNbd];
    for (model, truth) in models.into_iter().zip([PurchaseModel::BgNbd, PurchaseModel::BgNbd, PurchaseModel::ParetoNbd])
    {
        let rows = simulated::customers(truth, 4_000, 1).0.rows();
        let fit = model.fit(&rows).unwrap();
        for i in 0..4 {
            for factor in [0.97, 0.999, 1.001, 1.03] {
                let mut parameters = fit.estimates();
                parameters[i] *= factor;
                let there = model.log_likelihood(&parameters, &rows).unwrap();
                assert!(there < fit.log_likelihood, "{} {i} {factor}: {there}", fit.model);
            }
        }
    }
}

/// The discounted value is what the months bring, each discounted; the spread of the value shrinks alike. Money in another unit
/// is another number, and its variance that number's square.
#[test]
fn the_discounted_value_is_that_of_the_months() {
    let models = [
        (PurchaseModel::BgNbd, [0.2426, 4.4135, 0.7929, 2.4258]),
        (PurchaseModel::MbgNbd, [0.5248, 6.183, 0.8914, 1.614]),
        (PurchaseModel::ParetoNbd, [0.5533, 10.578, 0.6062, 11.668]),
        (PurchaseModel::BgBb, [1.2, 0.75, 0.66, 2.8]),
    ];
    let near = |got: f64, want: f64| assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} is not {want}");
    let summaries = Summaries::new(vec![2], vec![30.0], vec![38.0], vec![40.0]).unwrap();
    let rows = summaries.rows();
    for (kind, parameters) in models {
        let purchases = given::purchases(kind, &parameters);
        let forecast = |discount: f64, spend: SpendFit<'_>| {
            let horizon = Horizon { months: 36, month: 1.0, discount };
            Forecast::new(kind, &purchases, spend, &summaries, &rows, &horizon).unwrap()
        };
        let spend = given::spend(&[6.25, 3.74, 15.44]);
        let (plain, discounted) = (forecast(0.0, SpendFit::Fitted(&spend)), forecast(0.02, SpendFit::Fitted(&spend)));
        let months = plain.months(0);
        assert_eq!(months.len(), 36);
        let (whole, part) = (plain.clv(0), discounted.clv(0));
        near(whole.mean, months.iter().sum());
        near(part.mean, (1..).zip(&months).map(|(month, value)| value / 1.02_f64.powi(month)).sum());
        near(part.variance, whole.variance * (part.mean / whole.mean).powi(2));
        let [one, three] = [1.0, 3.0].map(|value| forecast(0.02, SpendFit::Fixed(value)).clv(0));
        near(three.mean, 3.0 * one.mean);
        near(three.variance, 9.0 * one.variance);
    }
}

/// Twelve months at the rate per month are a year at 21 %; a month is a twelfth of 365.25 days.
#[test]
fn months_are_parts_of_a_year() {
    let days = Horizon::of_months(36, Period::Day, 0.21);
    assert!(((1.0 + days.discount).powi(12) - 1.21).abs() < 1e-12);
    assert!((days.month * 12.0 - 365.25).abs() < 1e-9 && days.months == 36);
}

/// The slopes of the value by the logarithms of p, q and v, against differences of the value itself; at q = 1 it is infinite.
#[test]
fn slopes_of_the_spend_are_differences_of_the_value() {
    let summaries = Summaries::new(vec![2], vec![30.0], vec![38.0], vec![40.0]).unwrap();
    let rows = summaries.rows();
    let clv = |parameters: [f64; 3]| {
        let horizon = Horizon { months: 36, month: 1.0, discount: 0.02 };
        let spend = given::spend(&parameters);
        let purchases = given::purchases(PurchaseModel::BgNbd, &[0.2426, 4.4135, 0.7929, 2.4258]);
        let spend = SpendFit::Fitted(&spend);
        Forecast::new(PurchaseModel::BgNbd, &purchases, spend, &summaries, &rows, &horizon).unwrap().clv(0)
    };
    let centre = [6.25, 3.74, 15.44];
    for i in 0..3 {
        let at = |step: f64| clv(std::array::from_fn(|j| if i == j { centre[j] * step.exp() } else { centre[j] })).mean;
        let want = (at(1e-5) - at(-1e-5)) / 2e-5;
        let got = clv(centre).gradient[4 + i];
        assert!((got - want).abs() <= 1e-6 * want.abs(), "{i}: {got} is not {want}");
    }
    assert!(Spend::gamma_gamma(&[6.25, 1.0, 15.44]).is_err());
}

/// By hand: (1, 10), (2, 30), (3, 20) about their means are (−1, −10), (0, 10), (1, 0): 10 / √(2 · 200) = ½.
#[test]
fn the_correlation_of_frequency_and_value_by_hand() {
    let of = |x: Vec<u32>, values: Vec<f64>| {
        let times = vec![1.0; x.len()];
        let recency = x.iter().map(|&x| f64::from(x.min(1))).collect();
        closedloop_core::lifetime::frequency_value_correlation(&Summaries::new(x, recency, times, values).unwrap())
    };
    let got = of(vec![1, 2, 3, 0, 9], vec![10.0, 30.0, 20.0, 0.0, 0.0]).unwrap();
    assert!((got - 0.5).abs() < 1e-12, "{got}");
    assert_eq!(of(vec![1, 1], vec![10.0, 30.0]), None);
}

/// The expectation of a sum is the sum of the expectations; a customer counts as often as it is given.
#[test]
fn a_total_is_the_sum_of_its_customers() {
    let summaries = Summaries::new(vec![2, 5], vec![30.0, 20.0], vec![38.0, 38.0], vec![40.0, 10.0]).unwrap();
    let rows = summaries.rows();
    let horizon = Horizon { months: 36, month: 1.0, discount: 0.02 };
    let spend = given::spend(&[6.25, 3.74, 15.44]);
    let purchases = given::purchases(PurchaseModel::BgNbd, &[0.2426, 4.4135, 0.7929, 2.4258]);
    let spend = SpendFit::Fitted(&spend);
    let forecast = Forecast::new(PurchaseModel::BgNbd, &purchases, spend, &summaries, &rows, &horizon).unwrap();
    let each = forecast.predictions();
    let total = forecast.total(&[0, 1, 1]);
    let near = |got: f64, want: f64| assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} is not {want}");
    near(total.clv.mean, each.clv[0].mean + 2.0 * each.clv[1].mean);
    near(total.purchases.mean, each.purchases[0].mean + 2.0 * each.purchases[1].mean);
    assert!(total.clv.low < total.clv.mean && total.clv.mean < total.clv.high);
}
