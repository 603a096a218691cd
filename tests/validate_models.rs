//! `closedloop validate-models` on small worlds: every model is judged, and the same seed says the same.

use crate::support::closedloop;
use serde_json::Value;

fn judged(arguments: &[&str]) -> String {
    let arguments = [&["validate-models", "--worlds", "1", "--accounts", "600"], arguments].concat();
    let output = closedloop().args(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_model_is_judged_against_the_truth_of_its_world() {
    let text = judged(&["--scenario", "no_effects", "--format", "json"]);
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let models: Vec<&str> = rows.iter().map(|row| row["model"].as_str().unwrap()).collect();
    for model in
        ["first_touch", "linear", "markov", "markov_4", "markov_auto", "shapley", "rate_shapley", "incremental"]
    {
        assert!(models.contains(&model), "{model} is none of {models:?}");
    }
    for row in rows {
        assert_eq!(row["scenario"], "no_effects");
        assert_eq!(row["worlds"].as_u64().unwrap() + row["refused"].as_u64().unwrap(), 1, "{row}");
        // No channel adds anything here: whatever a model gives is its error, and too much.
        assert!(row["true_shares"].as_array().unwrap().iter().all(|share| share.as_f64().unwrap().abs() < 1e-12));
        let Some(error) = row["mean_absolute_error"].as_f64() else { continue };
        let shares = row["mean_shares"].as_array().unwrap();
        let mean = shares.iter().map(|share| share.as_f64().unwrap()).sum::<f64>() / shares.len() as f64;
        assert!((error - mean).abs() < 1e-12 && (row["bias"].as_f64().unwrap() - mean).abs() < 1e-12, "{row}");
        let rule = row["model"] == "linear";
        assert!(!rule || error > 0.1, "a rule gives most conversions to channels that earned none: {row}");
    }
}

#[test]
fn the_table_has_the_truth_first_and_a_scenario_that_is_not_there_is_named() {
    let table = judged(&["--scenario", "organic_demand"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("organic_demand: "), "{table}");
    assert!(lines[3].trim_start().starts_with("(truth)"), "{table}");
    let markdown = judged(&["--scenario", "organic_demand", "--format", "markdown"]);
    assert!(markdown.starts_with("### organic_demand\n"), "{markdown}");
    assert!(markdown.contains("\n| (truth) "), "{markdown}");
    let numbers = |text: &str| -> Vec<String> {
        let words =
            text.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_numeric() || "+-".contains(c)));
        words.filter(|word| !word.starts_with("--")).map(str::to_owned).collect()
    };
    assert!(numbers(&table).len() > 100, "{table}");
    assert_eq!(numbers(&markdown), numbers(&table), "the same seed gives the same worlds and the same answers");
    let assert = closedloop().args(["validate-models", "--scenario", "synergi"]).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let twice = closedloop().args(["validate-models", "--scenario", "synergy,synergy"]).assert().code(2);
    twice.stderr("error: --scenario names \"synergy\" twice; name it once\n");
    assert_eq!(message, "error: no scenario is called \"synergi\"; did you mean \"synergy\"?\n");
}
