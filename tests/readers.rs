//! Other people's readers: DuckDB and Polars read every mart as it is documented, and the sums that the marts promise
//! hold in their hands.

use crate::support::{closedloop, project, python};
use closedloop::mart::catalogue;
use std::process::Command;

#[track_caller]
fn read_with(reader: &str) {
    let Some(python) = python(&format!("marts read by {reader}")) else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let config = project("fixtures/demo/closedloop.toml");
    closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("--quiet").assert().success();
    let script = project("tests/readers/read_marts.py");
    let output = Command::new(python).arg(script).arg(&out).arg(reader).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let all = format!("{} marts, 9 laws, all hold", catalogue::names().count());
    assert_eq!(said.lines().last(), Some(all.as_str()));
}

#[test]
fn duckdb_reads_every_mart_as_documented() {
    read_with("duckdb");
}

#[test]
fn polars_reads_every_mart_as_documented() {
    read_with("polars");
}
