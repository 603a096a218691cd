//! Laws that hold for any parameters and any histories.

use crate::summarise::{Transactions, summarise};
use closedloop_core::lifetime::{Forecast, Grain, Horizon, Period, PurchaseModel, Rows, Spend, Summaries, fit_spend};
use proptest::prelude::*;

use crate::simulated;

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
        let rows = Rows::counted(vec![x], vec![times[0]], vec![f64::from(t)], &[1]).unwrap();
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
        let rows = Rows::counted(vec![x], vec![f64::from(t_x)], vec![f64::from(t)], &[1]).unwrap();
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
            let spend = Spend::gamma_gamma(&[spend.0, spend.1, spend.2 * scale]).unwrap();
            let horizon = Horizon { months: 36, month: 1.0, discount: 0.01 };
            Forecast::at(model, &parameters, spend, &summaries, &rows, &horizon).unwrap().predictions()
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

    #[test]
    fn the_order_of_transactions_changes_nothing(
        rows in prop::collection::vec((0u32..5, 0i32..90, -50i64..200), 1..60),
        seed in any::<u64>(),
        period in prop::sample::select(vec![Period::Day, Period::Week, Period::Month]),
    ) {
        let of = |rows: &[(u32, i32, i64)]| {
            let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let day: Vec<i32> = rows.iter().map(|row| row.1).collect();
            let amount: Vec<i64> = rows.iter().map(|row| row.2).collect();
            summarise(&Transactions { customer: &customer, day: &day, amount: &amount }, Grain::of(period), 90)
        };
        let mut turned = rows.clone();
        let middle = usize::try_from(seed % (rows.len() as u64)).unwrap();
        turned.rotate_left(middle);
        turned.reverse();
        let histories = of(&rows);
        prop_assert_eq!(&histories, &of(&turned));
        // No money is made: refunds that no purchase is left for are all that may be missing.
        prop_assert!(histories.total.iter().sum::<i64>() >= rows.iter().map(|row| row.2).sum::<i64>());
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
