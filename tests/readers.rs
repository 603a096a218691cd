//! Other people's readers: DuckDB and Polars read every mart as it is documented, and the sums that the marts promise
//! hold in their hands.

use crate::support::{closedloop, project, python};
use closedloop::mart::catalogue;
use parquet::basic::{Compression, Encoding};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
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

/// Shares that follow from ages never repeat, and stay as they are; those by position repeat, and are compressed. Money under
/// the former is stored as differences.
#[test]
fn what_compression_cannot_make_smaller_is_not_compressed() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let config = project("fixtures/demo/closedloop.toml");
    closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("--quiet").assert().success();
    let file = File::open(out.join("touch_credits/part-00000.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.metadata().row_group(0);
    let column = |name: &str| rows.columns().iter().find(|column| column.column_path().string() == name).unwrap();
    assert_eq!(column("time_decay_share").compression(), Compression::UNCOMPRESSED);
    assert!(!column("time_decay_share").encodings().any(|encoding| encoding == Encoding::RLE_DICTIONARY));
    assert!(column("time_decay_amount").encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED));
    for name in ["linear_share", "linear_amount", "account_id"] {
        assert!(matches!(column(name).compression(), Compression::ZSTD(_)), "{name}");
    }
}
