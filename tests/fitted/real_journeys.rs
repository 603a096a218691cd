//! Real advertising journeys through a whole run, against an exact solution of their chain by another program.

use super::run;
use crate::support::{money, numbers, outside_data, project, read_mart, texts};
use std::collections::BTreeMap;

/// The fixture's configuration, the customers as accounts, so that those who never converted are known too.
fn config(data: &str) -> String {
    let text = std::fs::read_to_string(project("fixtures/configs/journeys.toml")).unwrap();
    let models = "run = [\"first_touch\", \"last_touch\", \"linear\", \"position_based\"]\ndefault = \"linear\"";
    let asked = text.replace(models, "run = [\"markov\", \"shapley\"]");
    assert_ne!(asked, text);
    let accounts = "[tables.accounts]\npath = \"${CLOSEDLOOP_REAL_DATA}/journeys/attribution_data.csv\"\n\
        sql = \"SELECT DISTINCT customer_id AS account_id FROM raw\"\n\n[journeys]";
    asked.replace("[journeys]", accounts).replace("${CLOSEDLOOP_REAL_DATA}", data).replace("${CLOSEDLOOP_OUT}", "out")
}

#[test]
fn removal_effects_are_those_of_an_exact_solution() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "removal_effects_are_those_of_an_exact_solution") else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("closedloop.toml");
    std::fs::write(&path, config(&data.display().to_string())).unwrap();
    let out = scratch.path().join("out");
    run(&path, &out, &["--quiet"]);

    let rows = read_mart(&out, "removal_effects");
    let columns = ["removal_effect_conversions", "removal_effect_value", "literature_conversions", "literature_value"]
        .map(|name| numbers(&rows, name));
    let states = texts(&rows, "state");
    let expected = csv::Reader::from_path(data.join("journeys/expected_markov_order1.csv")).unwrap();
    let mut channels = 0;
    for record in expected.into_records().map(Result::unwrap) {
        let row = states.iter().position(|state| state.as_deref() == Some(&record[0])).unwrap();
        for (column, cell) in columns.iter().zip(record.iter().skip(1)) {
            let want: f64 = cell.parse().unwrap();
            assert!((column[row] / want - 1.0).abs() < 1e-9, "{}: {} instead of {want}", &record[0], column[row]);
        }
        channels += 1;
    }
    assert_eq!((channels, states.len()), (5, 5));

    // What deals gave the channels is all that was won, under either model.
    let attributed: i128 = money(&rows, "attributed_amount").iter().sum();
    assert_eq!(attributed, money(&read_mart(&out, "journeys"), "amount").iter().sum::<i128>());

    // 9,506 journeys, 1,838 of which converted; 19 in 20 of them on paths that are told apart.
    let paths = read_mart(&out, "path_summary");
    let sum = |name: &str| numbers(&paths, name).iter().sum::<f64>();
    assert_eq!((sum("conversions"), sum("conversions") + sum("nulls")), (1_838.0, 9_506.0));
    let by_path: BTreeMap<Option<String>, f64> =
        texts(&paths, "path").into_iter().zip(numbers(&paths, "conversions")).collect();
    assert_eq!(by_path.len(), paths.num_rows(), "a path stands once");
}
