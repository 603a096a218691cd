//! The CRM of a fictitious company: dates as month/day/year, rows without account, a product under another name, and no
//! touchpoints at all.

use crate::support::{closedloop, money, outside_data, project, read_mart, run, texts};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::Path;

fn pipeline(data: &Path) -> Vec<BTreeMap<String, String>> {
    let path = data.join("maven_crm/sales_pipeline.csv");
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// Won value in cents per calendar quarter, from the file.
fn won(pipeline: &[BTreeMap<String, String>]) -> BTreeMap<String, i128> {
    let mut won = BTreeMap::new();
    for row in pipeline.iter().filter(|row| row["deal_stage"] == "Won") {
        let closed = Date::strptime("%m/%d/%Y", &row["close_date"]).unwrap();
        let quarter = format!("FY{}Q{}", closed.year() % 100, (closed.month() - 1) / 3 + 1);
        *won.entry(quarter).or_default() += row["close_value"].parse::<i128>().unwrap() * 100;
    }
    won
}

#[test]
fn every_row_is_used_or_set_aside_and_no_money_is_lost() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "maven_crm") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run(&project("fixtures/configs/maven_crm.toml"), &out, &["--quiet"]);

    let pipeline = pipeline(&data);
    let nobody = pipeline.iter().filter(|row| row["account"].is_empty()).count();
    let undated = pipeline.iter().filter(|row| !row["account"].is_empty() && row["engage_date"].is_empty()).count();
    assert_eq!(nobody, 1_425);

    let set_aside = read_mart(&out, "set_aside");
    let reasons = texts(&set_aside, "reason").into_iter().flatten().collect::<Vec<_>>();
    let count = |reason: &str| reasons.iter().filter(|found| *found == reason).count();
    assert_eq!((count("missing_account"), count("bad_timestamp")), (nobody, undated));
    assert_eq!(reasons.len(), nobody + undated);
    assert_eq!(money(&set_aside, "amount").iter().sum::<i128>(), 0, "only open opportunities are set aside");

    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let rows = |part: &str| manifest["tables"]["opportunities"][part]["rows"].as_u64().unwrap();
    assert_eq!(rows("read"), pipeline.len() as u64);
    assert_eq!(rows("read"), rows("used") + rows("out_of_scope") + rows("set_aside"));
    assert_eq!(rows("out_of_scope"), 0);
    assert_eq!(rows("set_aside"), (nobody + undated) as u64);

    let books = read_mart(&out, "reconciliation");
    let (models, quarters) = (texts(&books, "model"), texts(&books, "fiscal_quarter"));
    let (booked, untouched) = (money(&books, "booked"), money(&books, "no_touch"));
    assert_eq!(booked, untouched, "without touchpoints all money is in the residual");
    let mut got: BTreeMap<String, i128> = BTreeMap::new();
    for row in (0..books.num_rows()).filter(|&row| models[row].as_deref() == Some("w_shaped")) {
        *got.entry(quarters[row].clone().unwrap()).or_default() += booked[row];
    }
    let won = won(&pipeline);
    assert_eq!(got, won);
    assert_eq!(won.values().sum::<i128>(), 1_000_553_400);
}

#[test]
fn check_names_the_rows_without_account_and_the_unlisted_product() {
    if outside_data("CLOSEDLOOP_REAL_DATA", "maven_crm").is_none() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let assert = closedloop()
        .arg("check")
        .arg(project("fixtures/configs/maven_crm.toml"))
        .env("CLOSEDLOOP_OUT", scratch.path())
        .assert()
        .code(1);
    let report = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(report.contains("1,425 rows set aside: missing_account"), "{report}");
    assert!(report.contains("1,480 rows found: product is not in products.csv, as GTXPro"), "{report}");
}
