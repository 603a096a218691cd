//! A model that cannot be fitted is left out with one sentence; the others go on.

use super::run;
use crate::support::{closedloop, project, read_mart, texts};
use std::path::{Path, PathBuf};

/// A hand-worked case with a handful of deals, run under other models.
fn few_deals(models: &str, folder: &Path) -> PathBuf {
    let case = project("fixtures/hand/short_paths").display().to_string();
    let tables = ["accounts", "campaigns", "touchpoints", "opportunities"]
        .map(|table| format!("[tables.{table}]\npath = \"{case}/{table}.csv\"\n"));
    let config = folder.join("closedloop.toml");
    std::fs::write(&config, format!("{}[models]\n{models}\n", tables.concat())).unwrap();
    config
}

#[test]
fn what_cannot_be_fitted_is_left_out_and_said() {
    let scratch = tempfile::tempdir().unwrap();
    let config = few_deals("run = [\"linear\", \"fitted\"]", scratch.path());
    let out = scratch.path().join("out");
    let printed = run(&config, &out, &[]);
    for sentence in [
        "note: model \"markov\" is left out: it is fitted on 13 conversions, but needs at least 20; widen the dates or the lookback",
        "note: model \"rate_shapley\" is left out: it is fitted on 13 conversions",
        "note: model \"incremental\" is left out: incremental needs",
        "note: model \"incremental_total\" is left out: incremental needs",
    ] {
        assert!(printed.contains(sentence), "{printed}");
    }
    let models: Vec<String> = texts(&read_mart(&out, "dim_model"), "model").into_iter().flatten().collect();
    assert_eq!(models, ["linear", "shapley", "ordered_shapley"]);
    let credits = read_mart(&out, "touch_credits").schema();
    assert!(credits.field_with_name("shapley_share").is_ok() && credits.field_with_name("markov_share").is_err());
    assert_eq!(read_mart(&out, "removal_effects").num_rows(), 0);
}

#[test]
fn strict_says_so_with_its_exit_code_and_still_publishes() {
    let scratch = tempfile::tempdir().unwrap();
    let config = few_deals("run = [\"markov\", \"linear\"]", scratch.path());
    let out = scratch.path().join("out");
    closedloop().arg("run").arg(&config).arg("--out").arg(&out).args(["--strict", "--quiet"]).assert().code(1);
    assert_eq!(texts(&read_mart(&out, "dim_model"), "model"), [Some("linear".to_owned())]);
    // What was to be compared with is gone, and another model stands in for it.
    let printed = run(&config, &out, &[]);
    assert!(printed.contains("note: models are compared with linear instead"), "{printed}");
}

#[test]
fn a_run_that_no_model_is_left_to_publishes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let config = few_deals("run = [\"markov\"]", scratch.path());
    let out = scratch.path().join("out");
    let assert = closedloop().arg("run").arg(&config).arg("--out").arg(&out).assert().code(2);
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(error.contains("model \"markov\" is left out: it is fitted on 13 conversions"), "{error}");
    assert!(!out.exists());
}

#[test]
fn check_names_them_too() {
    let scratch = tempfile::tempdir().unwrap();
    let config = few_deals("run = [\"linear\", \"markov\"]", scratch.path());
    let assert = closedloop().arg("check").arg(&config).assert().code(1);
    let printed = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("model \"markov\" is left out"), "{printed}");
}

#[test]
fn settings_that_make_no_sense_are_refused_before_the_run() {
    let scratch = tempfile::tempdir().unwrap();
    let custom = |settings: &str| {
        format!("[[models.custom]]\nid = \"own\"\nkind = \"incremental\"\nsettings = {{ {settings} }}\n")
    };
    for (settings, expected) in [
        ("period_days = 0", "model \"own\": incremental: period_days must be from 1 to 366; change it"),
        ("half_lives_days = []", "half_lives_days must be at least one number"),
        ("half_lifes = [3.0]", "half_lifes"),
    ] {
        let config = few_deals("", scratch.path());
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text + &custom(settings)).unwrap();
        let assert = closedloop().arg("run").arg(&config).assert().code(2);
        let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(error.contains(expected), "{error}");
    }
    let config = few_deals("[[models.custom]]\nid = \"fitted\"\nkind = \"linear\"", scratch.path());
    let assert = closedloop().arg("run").arg(&config).assert().code(2);
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(error.contains("model id \"fitted\" is taken"), "{error}");
}
