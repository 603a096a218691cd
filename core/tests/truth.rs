//! The truth test: where there is baseline demand and retargeting, `incremental` has at most half the error of the best other
//! model. `closedloop validate-models` prints the whole table.

use closedloop_core::worlds::{
    Estimator, ModelReport, Scenario, incremental_estimator, rule_estimators, scenarios, validate_models,
};

fn error(reports: &[ModelReport], scenario: &Scenario, wanted: impl Fn(&str) -> bool) -> f64 {
    let of = |report: &&ModelReport| report.scenario == scenario.name && wanted(&report.model);
    reports.iter().filter(of).map(|report| report.error).fold(f64::INFINITY, f64::min)
}

#[test]
fn incremental_has_at_most_half_the_error_of_any_rule() {
    let scenarios = &scenarios()[..2];
    let estimators: Vec<Estimator> = rule_estimators().into_iter().chain([incremental_estimator(0.95)]).collect();
    let reports = validate_models(scenarios, 3, 4_000, 1, &estimators);
    for scenario in scenarios {
        let incremental = error(&reports, scenario, |model| model == "incremental");
        let others = error(&reports, scenario, |model| model != "incremental");
        assert!(incremental <= others / 2.0, "{}: {incremental} against {others}", scenario.name);
    }
}
