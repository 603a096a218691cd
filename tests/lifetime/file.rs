//! `closedloop clv`: published estimates from the command line, both kinds of files, and what cannot be fitted.

use crate::support::{closedloop, numbers, outside_data, project, read_parquet, texts};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp, Gamma};
use serde_json::Value;
use std::path::Path;

/// The fits as JSON rows, and what was said beside them.
fn fitted(folder: &Path, arguments: &[&str]) -> (Vec<Value>, String) {
    let output =
        closedloop().arg("clv").args(arguments).args(["--format", "json"]).current_dir(folder).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    (serde_json::from_slice(&output.stdout).unwrap(), errors)
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let assert = closedloop().arg("clv").args(arguments).current_dir(folder).assert().code(2);
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

fn estimates(rows: &[Value], model: &str) -> Vec<f64> {
    rows.iter().filter(|row| row["model"] == model).map(|row| row["estimate"].as_f64().unwrap()).collect()
}

fn assert_near(got: &[f64], expected: &[f64], within: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= within * expected.abs(), "{got} instead of {expected}");
    }
}

/// A CDNOW file as CSV: its last four columns are customer, date, CDs, dollars.
fn cdnow(data: &Path, file: &str, to: &Path) {
    let text = std::fs::read_to_string(data.join("cdnow").join(file)).unwrap();
    let mut csv = "customer,date,dollars\n".to_owned();
    for line in text.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [.., customer, date, _, dollars] = fields[..]
            && date.len() == 8
        {
            csv += &format!("{customer},{}-{}-{},{dollars}\n", &date[..4], &date[4..6], &date[6..]);
        }
    }
    std::fs::write(to, csv).unwrap();
}

#[test]
fn the_cdnow_sample_has_the_published_estimates() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "clv") else { return };
    let folder = tempfile::tempdir().unwrap();
    cdnow(&data, "CDNOW_sample.txt", &folder.path().join("sample.csv"));
    let columns = ["sample.csv", "--id", "customer", "--at", "date", "--amount", "dollars", "--until", "1997-09-30"];
    let (rows, notes) = fitted(folder.path(), &[&columns[..], &["--out", "clv"]].concat());
    assert_near(&estimates(&rows, "bg_nbd"), &[0.2426, 4.4135, 0.7929, 2.4258], 5e-4);
    assert_near(&estimates(&rows, "pareto_nbd"), &[0.5533, 10.578, 0.6062, 11.668], 5e-4);
    assert_near(&estimates(&rows, "mbg_nbd"), &[0.5248, 6.183, 0.8914, 1.614], 5e-4);
    assert_near(&estimates(&rows, "gamma_gamma"), &[6.249, 3.745, 15.448], 5e-4);
    assert!(notes.contains("transactions after 1997-09-30"), "{notes}");
    let customers = |model: &str| rows.iter().find(|row| row["model"] == model).unwrap()["customers"].as_u64();
    assert_eq!((customers("bg_nbd"), customers("gamma_gamma")), (Some(2_357), Some(946)));

    let predictions = read_parquet(&folder.path().join("clv/predictions/part-00000.parquet"));
    assert_eq!(predictions.num_rows(), 2_357);
    super::assert_finite("predictions", &predictions);
    // The published summary, rounded to hundredths of a week and of a dollar.
    let published = std::fs::read_to_string(data.join("cdnow/cdnow_customers_summary_with_transactions.csv")).unwrap();
    let mut lines = published.lines().map(|line| line.split(',').map(str::trim).collect::<Vec<&str>>());
    let names = lines.next().unwrap();
    let lines: Vec<Vec<&str>> = lines.collect();
    for (column, name) in [("frequency", "x"), ("recency", "t_x"), ("observed", "T"), ("monetary_value", "zbar")] {
        let at = names.iter().position(|other| *other == name).unwrap();
        let expected: Vec<f64> = lines.iter().map(|line| line[at].parse().unwrap()).collect();
        let got = numbers(&predictions, column);
        assert_eq!(got.len(), expected.len());
        let differs = got.iter().zip(&expected).position(|(got, expected)| (got - expected).abs() > 0.0051);
        assert_eq!(differs, None, "{column}");
    }
    // Customer 1 of it: x 2, t_x 30.43, T 38.86; P(alive) by the lifetimes package.
    let alive = numbers(&predictions, "p_alive")[0];
    assert!((alive - 0.726_6).abs() < 1e-3, "{alive}");
    assert!(texts(&predictions, "model").iter().all(|model| model.as_deref() == Some("bg_nbd")));
}

#[test]
fn half_of_the_cdnow_master_file_predicts_the_other_half() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "clv") else { return };
    let folder = tempfile::tempdir().unwrap();
    cdnow(&data, "CDNOW_master.txt", &folder.path().join("master.csv"));
    let text = std::fs::read_to_string(folder.path().join("master.csv")).unwrap();
    let later: std::collections::BTreeSet<(&str, &str)> = (text.lines().skip(1))
        .filter_map(|line| line.rsplit_once(',')?.0.split_once(','))
        .filter(|(_, date)| *date > "1997-09-30")
        .collect();
    let came = f64::from(u32::try_from(later.len()).unwrap());
    for model in ["bg_nbd", "mbg_nbd", "pareto_nbd"] {
        // 39 weeks are 8.97 months; 9 months are 39.13 weeks.
        let columns = ["master.csv", "--id", "customer", "--at", "date", "--until", "1997-09-30", "--models", model];
        fitted(folder.path(), &[&columns[..], &["--horizon", "9", "--out", "clv"]].concat());
        let predictions = read_parquet(&folder.path().join("clv/predictions/part-00000.parquet"));
        let sum = |column: &str| numbers(&predictions, column).iter().sum::<f64>();
        // The total of the literature is cumulative: repeat purchases of both halves.
        let (fitted, expected) = (sum("frequency"), sum("expected_purchases"));
        let ratio = (fitted + expected) / (fitted + came);
        assert!((ratio - 1.0).abs() < 0.1, "{model}: {fitted} fitted, {expected} expected, {came} came");
    }
}

/// The second half alone, where purchases of one week are one: 39 weeks fitted, 39 predicted.
#[test]
fn half_of_the_cdnow_master_file_predicts_the_other_half_by_weeks() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "clv") else { return };
    let folder = tempfile::tempdir().unwrap();
    cdnow(&data, "CDNOW_master.txt", &folder.path().join("master.csv"));
    let text = std::fs::read_to_string(folder.path().join("master.csv")).unwrap();
    assert_eq!(text.lines().count() - 1, 69_659);
    let week = |date: &str| {
        let days = date.parse::<jiff::civil::Date>().unwrap() - jiff::civil::date(1996, 12, 30);
        days.get_days() / 7
    };
    let cut = week("1997-09-30");
    let later: std::collections::BTreeSet<(&str, i32)> = (text.lines().skip(1))
        .filter_map(|line| line.rsplit_once(',')?.0.split_once(','))
        .map(|(customer, date)| (customer, week(date)))
        .filter(|(_, week)| *week > cut)
        .collect();
    let came = f64::from(u32::try_from(later.len()).unwrap());
    // 9 months are 39.13 weeks.
    let columns = ["master.csv", "--id", "customer", "--at", "date", "--until", "1997-09-30", "--horizon", "9"];
    let flags = ["--unit", "week", "--merge", "week", "--models", "bg_nbd", "--out", "clv"];
    fitted(folder.path(), &[&columns[..], &flags[..]].concat());
    let predictions = read_parquet(&folder.path().join("clv/predictions/part-00000.parquet"));
    assert_eq!(predictions.num_rows(), 23_570);
    let expected = numbers(&predictions, "expected_purchases").iter().sum::<f64>();
    assert!((expected / came - 1.0).abs() < 0.1, "{expected} expected, {came} came");
}

#[test]
fn summaries_are_taken_under_either_headings() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "clv") else { return };
    let folder = data.join("cdnow");
    let file = "cdnow_customers_summary_with_transactions.csv";
    let (rows, _) = fitted(&folder, &[file, "--rfm", "--id", "ID", "--models", "bg_nbd,gamma_gamma"]);
    assert_near(&estimates(&rows, "gamma_gamma"), &[6.249, 3.745, 15.448], 5e-4);
    let (other, _) = fitted(&folder, &["cdnow_customers_summary.csv", "--rfm", "--models", "bg_nbd"]);
    assert_eq!(estimates(&rows, "bg_nbd"), estimates(&other, "bg_nbd"));
    let likelihood = rows[0]["log_likelihood"].as_f64().unwrap();
    assert!(likelihood > -9_582.43, "{likelihood}");
}

#[test]
fn what_cannot_be_fitted_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let columns = ["--id", "id", "--at", "at", "--amount", "amount"];
    let refused = |name: &str| refused(folder.path(), &[&[name][..], &columns[..]].concat());
    file("once.csv", "id,at,amount\na,2026-01-01,5\nb,2026-02-01,6\nc,2026-03-01,7\n");
    assert_eq!(
        refused("once.csv"),
        "error: no customer has bought again, so bg_nbd has nothing to fit; use historic value only\n"
    );
    file("one.csv", "id,at,amount\na,2026-01-01,5\na,2026-02-01,6\n");
    assert_eq!(
        refused("one.csv"),
        "error: there is one customer only, and a fit describes how customers differ; give at least two\n"
    );
    file("back.csv", "id,at,amount\na,2026-01-01,-5\nb,2026-02-01,-6\n");
    assert_eq!(
        refused("back.csv"),
        "error: there is no customer with a purchase; give transactions of at least two customers\n"
    );
    file("day.csv", "id,at,amount\na,2026-01-01,5\nb,2026-01-01,6\n");
    assert!(refused("day.csv").contains("every history has zero length"));
    file("empty.csv", "id,at,amount\n");
    assert!(refused("empty.csv").contains("there is no customer with a purchase"));
    file("bad.csv", "id,at,amount\na,2026-01-01,5\na,soon,6\n,2026-01-01,6\nb,2026-01-01,much\n");
    assert!(refused("bad.csv").contains("there is one customer only") || refused("bad.csv").contains("zero length"));
    let alone = |more: &[&str]| {
        super::file::refused(folder.path(), &[&["once.csv", "--id", "id", "--at", "at"], more].concat())
    };
    let sentence = "error: gamma_gamma describes what customers spend; give their amounts\n";
    assert_eq!(alone(&["--models", "gamma_gamma"]), sentence);
    let sentence =
        "error: table transactions (once.csv): every transaction is after 2020-01-01; give a later --until\n";
    assert_eq!(alone(&["--until", "2020-01-01"]), sentence);
    file("summary.csv", "frequency,recency,T\n2,5,4\n");
    let summary = super::file::refused(folder.path(), &["summary.csv", "--rfm"]);
    assert!(summary.starts_with("error: table transactions (summary.csv): row 1 of the summaries: "), "{summary}");
    file("often.csv", "frequency,recency,T\n2,3,4\n4000000000,3,4\n");
    let summary = super::file::refused(folder.path(), &["often.csv", "--rfm"]);
    assert!(summary.contains("row 2 of the summaries: more than a hundred thousand repeat purchases"), "{summary}");
    file("ages.csv", "frequency,recency,T\n1,5,10\n2,1e308,1e308\n");
    let summary = super::file::refused(folder.path(), &["ages.csv", "--rfm"]);
    assert!(
        summary.contains("row 2 of the summaries: more than a million million units of time are observed"),
        "{summary}"
    );
    file("days.csv", "id,at,amount\na,03/01/2025,5\nb,04/01/2025,6\n");
    assert_eq!(
        refused("days.csv"),
        "error: table transactions (days.csv): no row can be used (2 bad_timestamp); check --id, --at and --amount\n"
    );
    let missing = super::file::refused(folder.path(), &["once.csv", "--rfm"]);
    assert!(missing.contains("column frequency or x is missing; the columns are id, at, amount"), "{missing}");
    let missing = |columns: &[&str]| super::file::refused(folder.path(), &[&["once.csv"], columns].concat());
    assert_eq!(
        missing(&["--id", "customer", "--at", "at"]),
        "error: table transactions (once.csv): column \"customer\" is missing; the columns are id, at, amount; name one of them with --id\n"
    );
    assert!(missing(&["--id", "id", "--at", "date"]).ends_with("name one of them with --at\n"));
    assert!(missing(&["--id", "id", "--at", "at", "--amount", "total"]).ends_with("name one of them with --amount\n"));
    let twice = missing(&["--rfm", "--models", "bg_nbd,gamma_gamma,bg_nbd"]);
    assert_eq!(twice, "error: --models names \"bg_nbd\" twice; name it once\n");
    let unknown = closedloop().args(["clv", "x.csv", "--rfm", "--models", "bg_nbs"]).output().unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("bg_nbd, mbg_nbd, pareto_nbd, bg_bb, gamma_gamma"));
}

#[test]
fn columns_may_stand_apart_by_other_things_than_commas() {
    let folder = tempfile::tempdir().unwrap();
    let columns = ["--id", "id", "--at", "at", "--amount", "amount", "--models", "bg_nbd"];
    let text = format!("id,at,amount\n{}\n", orders().join("\n"));
    for (name, delimiter) in [("plain.csv", ","), ("tabs.tsv", "\t"), ("german.csv", ";"), ("pipes.txt", "|")] {
        std::fs::write(folder.path().join(name), text.replace(',', delimiter)).unwrap();
    }
    let with = |name: &str, more: &[&str]| fitted(folder.path(), &[&[name][..], &columns, more].concat()).0;
    let plain = with("plain.csv", &[]);
    assert_eq!(with("tabs.tsv", &[]), plain);
    assert_eq!(with("german.csv", &["--delimiter", ";"]), plain);
    assert_eq!(
        refused(folder.path(), &[&["german.csv"][..], &columns].concat()),
        "error: table transactions (german.csv): its header is one column, \"id;at;amount\"; add --delimiter ';'\n"
    );
    let tab = refused(folder.path(), &["tabs.tsv", "--rfm", "--delimiter", "|"]);
    assert!(tab.ends_with("add --delimiter '\\t'\n"), "{tab}");
}

/// Orders of 500 simulated customers, as id, day and amount.
pub(super) fn orders() -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (rates, leaves) = (Gamma::new(0.9, 1.0 / 40.0).unwrap(), Beta::new(0.9, 3.0).unwrap());
    for customer in 0..500 {
        let (wait, leave) = (Exp::new(rates.sample(&mut random)).unwrap(), leaves.sample(&mut random));
        let usual = random.random_range(10.0..90.0);
        let mut now = random.random_range(0.0..60.0);
        while now < 180.0 {
            let date = jiff::civil::date(2025, 1, 1) + jiff::SignedDuration::from_secs_f64(now * 86_400.0);
            rows.push(format!("c{customer:03},{date},{:.2}", usual * random.random_range(0.5..1.5)));
            now += wait.sample(&mut random);
            if random.random_bool(leave) {
                break;
            }
        }
    }
    rows
}

#[test]
fn the_table_shows_every_parameter_and_says_what_to_know() {
    let folder = tempfile::tempdir().unwrap();
    let rows = orders().join("\n");
    std::fs::write(folder.path().join("orders.csv"), format!("id,at,amount\n{rows}\nc001,soon,5\nc002,2025-07-01,5\n"))
        .unwrap();
    let columns = ["clv", "orders.csv", "--id", "id", "--at", "at", "--amount", "amount", "--until", "2025-06-30"];
    let output = closedloop().args(columns).args(["--out", "clv"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn neither_the_order_of_rows_nor_the_format_of_ids_changes_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = orders();
    let predictions = |name: &str, rows: &[String], threads: &str| {
        let file = format!("{name}.csv");
        std::fs::write(folder.path().join(&file), format!("id,at,amount\n{}\n", rows.join("\n"))).unwrap();
        let columns = ["--id", "id", "--at", "at", "--amount", "amount", "--until", "2025-06-30"];
        let flags = ["--models", "bg_nbd,gamma_gamma", "--out", name, "--threads", threads];
        let (fits, _) = fitted(folder.path(), &[&[&*file][..], &columns[..], &flags[..]].concat());
        (fits, std::fs::read(folder.path().join(name).join("predictions/part-00000.parquet")).unwrap())
    };
    let straight = predictions("straight", &rows, "1");
    rows.reverse();
    let reversed = predictions("reversed", &rows, "2");
    assert_eq!(straight.0, reversed.0);
    assert!(straight.1 == reversed.1);
    // Earlier predictions are replaced, but not what somebody else keeps there.
    assert!(predictions("straight", &rows, "2").1 == straight.1);
    let columns = ["straight.csv", "--id", "id", "--at", "at", "--amount", "amount", "--out", "straight"];
    let data = std::fs::read(project("fixtures/demo/touchpoints.parquet")).unwrap();
    for (name, bytes) in [("thesis.txt", b"ten years of work".as_slice()), ("orders.parquet", &data)] {
        let kept = folder.path().join("straight/predictions").join(name);
        std::fs::write(&kept, bytes).unwrap();
        assert_eq!(
            refused(folder.path(), &columns),
            "error: straight/predictions holds files that closedloop did not write, so it is not replaced; choose another --out\n"
        );
        std::fs::remove_file(kept).unwrap();
    }
    // Spend alone predicts nobody.
    let (_, notes) = fitted(folder.path(), &[&columns[..8], &["elsewhere", "--models", "gamma_gamma"]].concat());
    assert!(notes.contains("no predictions are written: they need a fitted model of purchases"), "{notes}");
}
