//! The truth test: models in simulated worlds with known effects.

use closedloop_core::worlds::{incremental_estimator, rule_estimators, scenarios, validate_models};

#[test]
#[ignore = "long; run by hand"]
fn table() {
    let n: u32 = std::env::var("WORLDS").ok().and_then(|s| s.parse().ok()).unwrap_or(4);
    let mut estimators = if std::env::var_os("NORULES").is_some() { Vec::new() } else { rule_estimators() };
    estimators.push(incremental_estimator(0.95));
    let only = std::env::var("ONLY").unwrap_or_default();
    let list: Vec<_> = scenarios().iter().filter(|s| only.is_empty() || only.split(',').any(|o| o == s.name)).copied().collect();
    let t = std::time::Instant::now();
    for r in validate_models(Box::leak(list.into_boxed_slice()), n, 4000, 1, &estimators) {
        println!(
            "{:15} {:16} n={} mae {:.4} bias {:+.4} tau {:5.2} cov {:.3} est {:.3?} truth {:.3?} {:?}",
            r.scenario, r.model, r.worlds, r.error, r.bias, r.rank_correlation.unwrap_or(f64::NAN),
            r.coverage.unwrap_or(f64::NAN), r.shares, r.truth, r.refused
        );
    }
    println!("{:?}", t.elapsed());
}

#[test]
#[ignore = "long; run by hand"]
fn one() {
    use closedloop_core::incremental::*;
    use closedloop_core::worlds::*;
    let t = std::time::Instant::now();
    let s = &scenarios()[1];
    println!("{:?} {:?}", truth(s, 4000), t.elapsed());
    let t = std::time::Instant::now();
    let w = World::simulate(s, 4000, 1).unwrap();
    println!("sim {:?} conv {}", t.elapsed(), w.subjects.conversion_count());
    let t = std::time::Instant::now();
    let f = fit(&w.subjects, &w.channels, &IncrementalSettings::default(), &[]).unwrap();
    println!("fit {:?} ridge {} steps {} {:?}", t.elapsed(), f.ridge(), f.steps(), f.model().effects());
    let t = std::time::Instant::now();
    println!("{:.3?} {:?}", f.shares(&w.subjects, 0.95), t.elapsed());
}
