//! `model_validation`: who is judged, on whom, and against what.

use super::{demo_with, run};
use crate::support::{numbers, read_mart, texts};

#[test]
fn fitted_models_are_judged_by_the_accounts_held_out() {
    let scratch = tempfile::tempdir().unwrap();
    let models =
        r#"run = ["linear", "markov", "markov_auto", "shapley", "rate_shapley", "incremental", "incremental_total"]"#;
    let config = demo_with(models, scratch.path());
    let out = scratch.path().join("out");
    run(&config, &out, &["--quiet"]);
    let rows = read_mart(&out, "model_validation");
    // The rules, and the Shapley value of volume, predict nothing.
    let judged: Vec<String> = texts(&rows, "model").into_iter().flatten().collect();
    assert_eq!(judged, ["markov", "markov_auto", "rate_shapley", "incremental", "incremental_total"]);
    let units: Vec<String> = texts(&rows, "unit").into_iter().flatten().collect();
    assert_eq!(units, ["touch", "touch", "journey", "account_28_days", "account_28_days"]);
    assert!(texts(&rows, "reason").iter().all(Option::is_none));
    let column = |name: &str| numbers(&rows, name);
    let (units, conversions, base) = (column("predictions"), column("conversions"), column("base_rate"));
    let (expected, ratio, auc) = (column("expected_conversions"), column("expected_to_observed"), column("auc"));
    for row in 0..rows.num_rows() {
        // The log-loss of a constant, by its definition.
        let rate = conversions[row] / units[row];
        let loss = -rate * base[row].ln() - (1.0 - rate) * (1.0 - base[row]).ln();
        assert!((column("base_log_loss")[row] - loss).abs() < 1e-12, "{}", judged[row]);
        assert!((ratio[row] - expected[row] / conversions[row]).abs() < 1e-12 && (0.0..=1.0).contains(&auc[row]));
    }
    // Journeys held out and journeys fitted on are all journeys with a touch.
    let paths = read_mart(&out, "path_summary");
    let total = |name: &str| numbers(&paths, name).iter().sum::<f64>();
    let (won, all) = (total("conversions"), total("conversions") + total("nulls"));
    let game = 2;
    assert!((base[game] - (won - conversions[game]) / (all - units[game])).abs() < 1e-12);
    assert!((0.12..0.28).contains(&(units[game] / all)), "about one in five: {} of {all}", units[game]);
}
