//! The CDNOW customers: published estimates, and the predictions of the lifetimes package.

use closedloop_core::lifetime::{
    Estimate, Fit, Forecast, Horizon, PurchaseModel, SpendFit, Summaries, fit_spend, frequency_value_correlation,
};

use crate::data;

/// Asserts estimates within the digits given and a likelihood no worse than the best known.
fn assert_fit(fit: &Fit, estimates: &[f64], within: f64, log_likelihood: f64) {
    for (parameter, expected) in fit.parameters.iter().zip(estimates) {
        let close = (parameter.estimate - expected).abs() <= within;
        assert!(close, "{} {}: {} is not {expected}", fit.model, parameter.name, parameter.estimate);
    }
    assert!(fit.log_likelihood >= log_likelihood - 5e-4, "{}: {}", fit.model, fit.log_likelihood);
    assert!(fit.log_likelihood <= log_likelihood + 0.01, "{}: {}", fit.model, fit.log_likelihood);
}

#[test]
fn the_published_estimates_are_found() {
    let Some(summaries) = data::sample() else { return };
    let rows = summaries.rows();
    let fit = |model: PurchaseModel| model.fit(&rows).unwrap();
    assert_fit(&fit(PurchaseModel::BgNbd), &[0.24259, 4.41353, 0.79289, 2.42575], 5e-4, -9582.4256);
    assert_fit(&fit(PurchaseModel::MbgNbd), &[0.52484, 6.18299, 0.89136, 1.61400], 5e-4, -9582.1327);
    assert_fit(&fit(PurchaseModel::ParetoNbd), &[0.55328, 10.57761, 0.60621, 11.66792], 2e-3, -9594.9739);
}

/// CLVTools prints .0476, .8427, .1873 and 6.2105 for Pareto/NBD.
#[test]
fn standard_errors_are_those_of_another_program() {
    let Some(summaries) = data::sample() else { return };
    let fit = PurchaseModel::ParetoNbd.fit(&summaries.rows()).unwrap();
    for (parameter, expected) in fit.parameters.iter().zip([0.0476, 0.8427, 0.1873, 6.2105]) {
        let relative = parameter.standard_error / expected - 1.0;
        assert!(relative.abs() < 0.02, "{}: {} is not {expected}", parameter.name, parameter.standard_error);
    }
}

#[test]
fn spend_is_fitted_to_the_946_repeaters() {
    let Some(summaries) = data::sample() else { return };
    let fit = fit_spend(&summaries).unwrap();
    assert_eq!(fit.customers, 946);
    assert_fit(&fit, &[6.2488, 3.7446, 15.4477], 1e-3, -4055.9232);
    let correlation = frequency_value_correlation(&summaries).unwrap();
    assert!((correlation - 0.114).abs() < 1e-3, "{correlation}");
}

#[test]
fn the_donors_are_fitted_and_predicted_as_published() {
    let Some(rows) = data::donations() else { return };
    let fit = PurchaseModel::BgBb.fit(&rows).unwrap();
    assert_eq!(fit.customers, 11_104);
    assert_fit(&fit, &[1.2035, 0.7497, 0.6567, 2.7834], 5e-4, -33225.581);
    let model = PurchaseModel::BgBb.at(&fit.estimates(), &rows, 5.0).unwrap();
    // Chances to be alive in the year after the data, .11 and .93, and 12,884.2 donations in the next five years.
    let stays = (2.7834 + 6.0) / (0.6567 + 2.7834 + 6.0);
    let p_alive = [model.p_alive(0, 0.0, 6.0), model.p_alive(6, 6.0, 6.0)].map(|now| now * stays);
    assert!((p_alive[0] - 0.11).abs() < 5e-3 && (p_alive[1] - 0.93).abs() < 5e-3, "{p_alive:?}");
    let total: f64 = (0..rows.len())
        .map(|row| {
            let (x, t_x, t) = (rows.x[row], rows.t_x[row], rows.t[row]);
            rows.count[row] * model.p_alive(x, t_x, t) * model.while_alive(x, t, 5.0)
        })
        .sum();
    assert!((total - 12_884.2).abs() < 1.0, "{total}");
}

/// Relative difference of two predictions.
fn differs(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() > 1e-6 * theirs.abs().max(1e-12)
}

#[test]
fn every_prediction_of_the_lifetimes_package_is_met() {
    let Some(table) = data::Table::read("expected_sample_predictions.csv") else { return };
    let columns = ["recency", "T", "monetary_value"].map(|name| table.column(name));
    let [t_x, t, value] = columns;
    let summaries = Summaries::new(table.counts("frequency"), t_x, t, value).unwrap();
    let rows = summaries.rows();
    let bg = PurchaseModel::BgNbd.fit(&rows).unwrap();
    let pareto = PurchaseModel::ParetoNbd.fit(&rows).unwrap();
    let spend = fit_spend(&summaries).unwrap();
    let horizon = |months: u32, month: f64, discount: f64| Horizon { months, month, discount };
    let forecast = |model: PurchaseModel, fit: &Fit, horizon: Horizon| {
        Forecast::new(model, fit, SpendFit::Fitted(&spend), &summaries, &rows, &horizon).unwrap().predictions()
    };
    let compare = |name: &str, ours: Vec<f64>| {
        let theirs = table.column(name);
        assert_eq!(ours.len(), 2_357);
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / b.abs().max(1e-12)).fold(0.0, f64::max);
        eprintln!("{name}: largest relative difference {worst:e}");
        for (customer, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            assert!(!differs(ours, theirs), "{name}, customer {}: {ours} is not {theirs}", customer + 1);
        }
    };
    let mean = |estimates: Vec<Estimate>| estimates.iter().map(|of| of.mean).collect();
    for weeks in [1, 13, 26, 39, 52] {
        let predictions = forecast(PurchaseModel::BgNbd, &bg, horizon(weeks, 1.0, 0.0));
        compare(&format!("bgnbd_exp_purch_{weeks}w"), mean(predictions.purchases));
    }
    for weeks in [39, 52] {
        let predictions = forecast(PurchaseModel::ParetoNbd, &pareto, horizon(weeks, 1.0, 0.0));
        compare(&format!("pnbd_exp_purch_{weeks}w"), mean(predictions.purchases));
    }
    compare("pnbd_p_alive", forecast(PurchaseModel::ParetoNbd, &pareto, horizon(1, 1.0, 0.0)).p_alive);
    let year = forecast(PurchaseModel::BgNbd, &bg, horizon(12, 4.345, 0.01));
    compare("bgnbd_p_alive", year.p_alive);
    compare("gg_exp_avg_value", year.value);
    compare("clv_12m_disc1pct_freqW", mean(year.clv));
    compare("clv_3m_disc1pct_freqW", mean(forecast(PurchaseModel::BgNbd, &bg, horizon(3, 4.345, 0.01)).clv));
}
