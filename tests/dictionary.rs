//! The data dictionary: what the command says, what the page says, and what the files hold are the same.

use crate::support::{closedloop, project, read_mart};
use std::collections::BTreeMap;

fn stdout(args: &[&str]) -> String {
    String::from_utf8(closedloop().args(args).assert().success().get_output().stdout.clone()).unwrap()
}

#[test]
fn the_page_is_what_the_command_prints() {
    let page = std::fs::read_to_string(project("docs/marts.md")).unwrap();
    let printed = stdout(&["marts", "--markdown"]);
    assert!(page == printed, "docs/marts.md is not current: closedloop marts --markdown > docs/marts.md");
}

/// Mart → its columns as the page lists them: name and type.
fn documented() -> BTreeMap<String, Vec<(String, String)>> {
    let page = std::fs::read_to_string(project("docs/marts.md")).unwrap();
    let mut marts: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut current = None;
    for line in page.lines() {
        if let Some(mart) = line.strip_prefix("## ") {
            current = Some(mart.to_owned());
        } else if let (Some(mart), Some(row)) = (&current, line.strip_prefix("| `")) {
            let (name, rest) = row.split_once("` | ").unwrap();
            let kind = rest.split_once(" | ").unwrap().0;
            marts.entry(mart.clone()).or_default().push((name.to_owned(), kind.to_owned()));
        }
    }
    marts
}

#[test]
fn the_files_of_a_run_hold_the_documented_columns() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let config = project("fixtures/hand/marketo_presets/closedloop.toml");
    closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("--quiet").assert().success();
    let stems = ["first_touch", "lead_creation", "u_shaped", "w_shaped", "full_path"].map(|m| format!("marketo__{m}"));
    let parquet = |kind: &str| match kind {
        "text" => "Utf8",
        "integer" => "Int64",
        "double" => "Float64",
        "money" => "Decimal128(18, 2)",
        "date" => "Date32",
        "instant" => "Timestamp(µs, \"UTC\")",
        "flag" => "Boolean",
        other => panic!("unknown type {other}"),
    };

    let documented = documented();
    let folders = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut written: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    written.sort();
    assert_eq!(written, documented.keys().cloned().collect::<Vec<_>>());
    for (mart, columns) in documented {
        let fixed = columns.iter().filter(|(name, _)| !name.starts_with("<model>"));
        let per_model: Vec<_> = columns.iter().filter(|(name, _)| name.starts_with("<model>")).collect();
        let expanded = stems.iter().flat_map(|stem| {
            per_model.iter().map(move |(name, kind)| (name.replace("<model>", stem), parquet(kind).to_owned()))
        });
        let expected: Vec<(String, String)> =
            fixed.map(|(name, kind)| (name.clone(), parquet(kind).to_owned())).chain(expanded).collect();
        let rows = read_mart(&out, &mart);
        let got: Vec<(String, String)> =
            rows.schema().fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect();
        assert_eq!(got, expected, "{mart}");
    }
}

#[test]
fn one_mart_is_described_with_type_and_additivity() {
    let text = stdout(&["marts", "campaign_spend"]);
    insta::assert_snapshot!(text, @r#"
campaign_spend: one row per campaign (or channel-only line) × fiscal quarter

 column          type   may be summed  meaning
 campaign_id     text   never          Campaign; null for what belongs to a channel alone or to a residual.
 channel         text   never          Channel: for campaigns of the campaigns table the one given there, else the touch's or the spend line's; "unknown" where it is blank; null for residuals.
 fiscal_quarter  text   never          Fiscal quarter, named after the calendar year in which the fiscal year ends, as in FY26Q3, outside 2000 to 2099 as in FY1999Q4; in order by start_date of dim_fiscal_quarter.
 spend           money  additive       Spent in the quarter; spend over a range of dates is even per day.
"#);
}

#[test]
fn a_list_of_marts_with_what_a_row_is() {
    let text = stdout(&["marts"]);
    assert_eq!(text.lines().count(), documented().len());
    assert!(text.lines().any(|line| line == "campaign_spend        campaign (or channel-only line) × fiscal quarter"));
}

#[test]
fn a_mart_that_does_not_exist_names_the_nearest() {
    let assert = closedloop().args(["marts", "campaign_rio"]).assert().code(2);
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(error.contains("did you mean \"campaign_roi\"?"), "{error}");
}
