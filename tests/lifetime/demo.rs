//! Laws over the demo company: subscriptions, so contracts.

use super::{MARTS, assert_finite, run};
use crate::support::{closedloop, files_of, money, numbers, project, read_mart, texts};
use std::collections::BTreeMap;
use std::path::Path;

fn demo(out: &Path, flags: &[&str]) {
    run(&project("fixtures/demo/closedloop.toml"), out, flags);
}

#[test]
fn campaigns_and_residuals_are_all_customers_under_every_model() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    demo(&out, &[]);
    let customers = read_mart(&out, "customer_clv");
    let lines = read_mart(&out, "campaign_clv");
    let mut by_model: BTreeMap<String, (f64, [i128; 4])> = BTreeMap::new();
    let columns = ["margin", "margin_contracted", "predicted_margin", "clv"];
    let amounts = columns.map(|column| money(&lines, column));
    let shares = numbers(&lines, "acquired_customers");
    for (row, model) in texts(&lines, "model").into_iter().enumerate() {
        let (customers, sums) = by_model.entry(model.unwrap()).or_default();
        *customers += shares[row];
        (0..4).for_each(|column| sums[column] += amounts[column][row]);
    }
    assert_eq!(by_model.len(), read_mart(&out, "dim_model").num_rows());
    let whole = columns.map(|column| money(&customers, column).iter().sum::<i128>());
    for (model, (count, sums)) in by_model {
        assert_eq!(sums, whole, "{model}");
        let all = f64::from(u32::try_from(customers.num_rows()).unwrap());
        assert!((count - all).abs() < 1e-9, "{model}: {count}");
    }
    let (clv, low, high) = (money(&lines, "clv"), money(&lines, "clv_low"), money(&lines, "clv_high"));
    assert!((0..clv.len()).all(|row| low[row] <= clv[row] && clv[row] <= high[row]));
    assert!(whole[2] > 0, "something is predicted");
    for mart in MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
}

#[test]
fn cohorts_have_the_margin_of_their_customers_and_the_deals_their_revenue() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    demo(&out, &[]);
    let sum = |mart: &str, column: &str| money(&read_mart(&out, mart), column).iter().sum::<i128>();
    assert_eq!(sum("clv_cohorts", "margin"), sum("customer_clv", "margin"));
    // What is booked on accounts that took all back, or gave back what they never bought, is no customer's.
    let customers: Vec<Option<String>> = texts(&read_mart(&out, "customer_clv"), "account_id");
    let journeys = read_mart(&out, "journeys");
    let booked: i128 = (texts(&journeys, "account_id").into_iter().zip(money(&journeys, "amount")))
        .filter(|(account, _)| customers.contains(account))
        .map(|(_, amount)| amount)
        .sum();
    assert_eq!(sum("customer_clv", "revenue"), booked);
}

#[test]
fn neither_threads_nor_the_order_of_rows_change_a_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let (one, two) = (scratch.path().join("one"), scratch.path().join("two"));
    demo(&one, &["--threads", "1"]);
    let company = scratch.path().join("company");
    std::fs::create_dir(&company).unwrap();
    // What somebody who runs the demo without `--out` has there is a folder.
    let entries = std::fs::read_dir(project("fixtures/demo")).unwrap().map(Result::unwrap);
    for file in entries.filter(|entry| entry.path().is_file()) {
        std::fs::copy(file.path(), company.join(file.file_name())).unwrap();
    }
    for table in ["deals", "accounts", "opportunities"] {
        let file = company.join(format!("{table}.csv"));
        let text = std::fs::read_to_string(&file).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.reverse();
        std::fs::write(&file, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }
    run(&company.join("closedloop.toml"), &two, &["--threads", "2"]);
    for mart in MARTS {
        assert!(files_of(&one, mart) == files_of(&two, mart), "{mart} differs");
    }
}

#[test]
fn an_account_is_explained_to_the_cent_of_its_mart() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    demo(&out, &[]);
    let customers = read_mart(&out, "customer_clv");
    let accounts = texts(&customers, "account_id");
    for row in [0, accounts.len() / 2, accounts.len() - 1] {
        let account = accounts[row].clone().unwrap();
        let config = project("fixtures/demo/closedloop.toml");
        let shown = closedloop().arg("explain").arg(config).args(["--account", &account, "--format", "json"]).output();
        let answer: serde_json::Value = serde_json::from_slice(&shown.unwrap().stdout).unwrap();
        let lifetime = &answer["lifetime"];
        let number = |value: &serde_json::Value| i128::from(value.as_i64().unwrap());
        assert_eq!(number(&lifetime["clv"]), money(&customers, "clv")[row]);
        assert_eq!(number(&lifetime["prediction"]["margin"]), money(&customers, "predicted_margin")[row]);
        let earned: i128 = lifetime["history"].as_array().unwrap().iter().map(|line| number(&line["earned"])).sum();
        assert_eq!(earned, money(&customers, "margin")[row]);
        assert!(!lifetime["parameters"].as_array().unwrap().is_empty());
        assert!(!answer["deals"].as_array().unwrap().is_empty());
    }
}
