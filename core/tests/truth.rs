//! The truth test: models in simulated worlds with known effects.

use closedloop_core::worlds::{incremental_estimator, rule_estimators, scenarios, validate_models};

#[test]
#[ignore = "long; run by hand"]
fn table() {
    let n: u32 = std::env::var("WORLDS").ok().and_then(|s| s.parse().ok()).unwrap_or(4);
    let mut estimators = rule_estimators();
    estimators.push(incremental_estimator(0.95));
    let t = std::time::Instant::now();
    for r in validate_models(scenarios(), n, 4000, 1, &estimators) {
        println!(
            "{:15} {:16} n={} mae {:.4} bias {:+.4} tau {:5.2} cov {:.3} est {:.3?} truth {:.3?} {:?}",
            r.scenario, r.model, r.worlds, r.error, r.bias, r.rank_correlation.unwrap_or(f64::NAN),
            r.coverage.unwrap_or(f64::NAN), r.shares, r.truth, r.refused
        );
    }
    println!("{:?}", t.elapsed());
}
