//! The models that can be asked for: the house's, the vendors', one's own.

use crate::support::{closedloop, project};
use std::path::Path;

fn stdout(args: &[&str]) -> String {
    String::from_utf8(closedloop().args(args).assert().success().get_output().stdout.clone()).unwrap()
}

/// A configuration of the shortest hand-worked case with another `[models]` section.
fn config(folder: &Path, models: &str) -> String {
    let case = project("fixtures/hand/hundred_over_three");
    let text = format!(
        "[tables.touchpoints]\npath = '{0}/touchpoints.csv'\n[tables.opportunities]\npath = '{0}/opportunities.csv'\n\
         [models]\n{models}\n",
        case.display()
    );
    let path = folder.join("closedloop.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn models_of(config: &str) -> String {
    let plan = stdout(&["run", config, "--dry-run"]);
    plan.lines().find(|line| line.starts_with("models ")).unwrap().to_owned()
}

#[test]
fn a_vendors_model_runs_when_it_is_named_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let by_default = models_of(&config(folder.path(), "[[models.custom]]\nid = 'acme.flat'\nkind = 'linear'"));
    assert!(by_default.contains("w_shaped") && by_default.contains("acme.flat"), "{by_default}");
    assert!(!by_default.contains("marketo.") && !by_default.contains("google."), "{by_default}");
    let named = models_of(&config(folder.path(), "run = ['marketo.w_shaped', 'linear']"));
    assert!(named.contains("marketo.w_shaped, linear (default marketo.w_shaped)"), "{named}");
}

#[test]
fn a_vendors_name_is_taken_and_a_near_miss_is_suggested() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |models: &str| {
        let assert = closedloop().arg("run").arg(config(folder.path(), models)).assert().code(2);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let taken = refused("[[models.custom]]\nid = 'marketo.u_shaped'\nkind = 'linear'");
    assert!(taken.contains("model id \"marketo.u_shaped\" is taken"), "{taken}");
    let missed = refused("run = ['marketo.ushaped']");
    assert!(missed.contains("did you mean \"marketo.u_shaped\"?"), "{missed}");
}

#[test]
fn the_house_is_listed_before_the_vendors_and_ones_own_last() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[[models.custom]]\nid = 'flat'\nkind = 'linear'");
    let listed = stdout(&["models", "--config", &config]);
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let vendors = ids.iter().position(|id| id.contains('.')).unwrap();
    assert_eq!(ids[0], "first_touch");
    let learned = ids.iter().position(|&id| id == "markov").unwrap();
    assert_eq!((ids[learned - 1], ids[vendors - 1]), ("inverse_j", "incremental_total"));
    assert!(ids[vendors..ids.len() - 1].iter().all(|id| id.contains('.')), "{ids:?}");
    assert_eq!(ids.last(), Some(&"flat"));
}

#[test]
fn groups_stand_for_their_models() {
    let folder = tempfile::tempdir().unwrap();
    let named = models_of(&config(folder.path(), "run = ['fitted', 'linear', 'rules']"));
    assert!(named.contains("markov, markov_auto, shapley, ordered_shapley, rate_shapley, incremental"), "{named}");
    assert!(
        named.contains("incremental_total, linear, first_touch") && named.contains("(default w_shaped)"),
        "{named}"
    );
    assert_eq!(named.matches("linear").count(), 1, "{named}");
}

#[test]
fn a_diff_shows_where_two_models_of_one_name_part() {
    insta::assert_snapshot!(stdout(&["models", "--diff", "w_shaped", "marketo.w_shaped"]), @r#"
w_shaped: 30 % each to first touch, lead creation and opportunity creation, 10 % to the rest.
marketo.w_shaped: Marketo Measure: 30 % each to first touch, lead and opportunity creation, 10 % to those between.

    key                           w_shaped     marketo.w_shaped
    anchors.first                 0.3          0.3
    anchors.lead_creation         0.3          0.3
    anchors.opportunity_creation  0.3          0.3
    kind                          anchored     anchored
    middle                        0.1          0.1
 ≠  middle_touches                all          between
    missing                       renormalise  renormalise
    no_middle                     even         even
    overlap                       sum          sum

Credit in % for journeys of 1 to 5 touches, 7 days apart, the last on the day of the conversion and "direct". The 2nd creates the lead, the 3rd the opportunity; in shorter journeys the last does.

    touches  model                  1      2      3      4     5  residual
    1        w_shaped          100.00
    1        marketo.w_shaped  100.00
    2        w_shaped           33.33  66.67
    2        marketo.w_shaped   33.33  66.67
    3        w_shaped           33.33  33.33  33.33
    3        marketo.w_shaped   33.33  33.33  33.33
 ≠  4        w_shaped           30.00  30.00  30.00  10.00
 ≠  4        marketo.w_shaped   33.33  33.33  33.33   0.00
 ≠  5        w_shaped           30.00  30.00  30.00   5.00  5.00
 ≠  5        marketo.w_shaped   33.33  33.33  33.33   0.00  0.00
"#);
}

#[test]
fn a_diff_of_a_model_that_does_not_exist_names_the_nearest() {
    let assert = closedloop().args(["models", "--diff", "linear", "google.time_decy"]).assert().code(2);
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(error.contains("did you mean \"google.time_decay\"?"), "{error}");
}
