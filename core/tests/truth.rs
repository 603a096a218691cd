//! The truth test: where there is baseline demand and retargeting, `incremental` has at most half the error of the best other
//! model. `cargo test --release -p closedloop-core --test truth -- --ignored --nocapture` prints the whole table.

use closedloop_core::worlds::{
    Estimator, ModelReport, Scenario, incremental_estimator, rule_estimators, scenarios, validate_models,
};

fn estimators() -> Vec<Estimator> {
    rule_estimators().into_iter().chain([incremental_estimator(0.95)]).collect()
}

fn error(reports: &[ModelReport], scenario: &Scenario, wanted: impl Fn(&str) -> bool) -> f64 {
    let of = |report: &&ModelReport| report.scenario == scenario.name && wanted(&report.model);
    reports.iter().filter(of).map(|report| report.error).fold(f64::INFINITY, f64::min)
}

#[test]
fn incremental_has_at_most_half_the_error_of_any_rule() {
    let scenarios = &scenarios()[..2];
    let reports = validate_models(scenarios, 3, 4_000, 1, &estimators());
    for scenario in scenarios {
        let incremental = error(&reports, scenario, |model| model == "incremental");
        let others = error(&reports, scenario, |model| model != "incremental");
        assert!(incremental <= others / 2.0, "{}: {incremental} against {others}", scenario.name);
    }
}

/// Worlds per scenario by `WORLDS`, default 10.
#[test]
#[ignore = "minutes: prints the table of all scenarios"]
fn table() {
    let worlds = std::env::var("WORLDS").ok().and_then(|worlds| worlds.parse().ok()).unwrap_or(10);
    println!("scenario        model            worlds  error    bias    rank  covered  shares, truth");
    for report in validate_models(scenarios(), worlds, 4_000, 1, &estimators()) {
        println!(
            "{:15} {:16} {:6} {:.4} {:+.4} {:+.3} {:>8} {:.3?} {:.3?} {}",
            report.scenario,
            report.model,
            report.worlds,
            report.error,
            report.bias,
            report.rank_correlation.unwrap_or(f64::NAN),
            report.coverage.map_or_else(|| "-".to_owned(), |coverage| format!("{coverage:.3}")),
            report.shares,
            report.truth,
            report.refused.map_or_else(String::new, |(count, reason)| format!("{count} refused: {reason}")),
        );
    }
}
