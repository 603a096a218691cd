//! Identifiers of touches come out as they went in, however many readers share the work.

use crate::support::{closedloop, read_mart, run, texts};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

/// Touches at these minutes of an hour, every fourth one in another file, and one of them twice; integers or texts.
fn world(ids: impl Fn(&[i64]) -> ArrayRef, minute: impl Fn(i64) -> i64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("opportunities.csv"),
        "opportunity_id,account_id,created_at,closed_at,stage,is_won,amount\n1,1,2026-02-01,2026-02-10,Won,true,600.00\n",
    )
    .unwrap();
    std::fs::create_dir(path("touchpoints")).unwrap();
    for file in 0..4 {
        let of_file: Vec<i64> = (0..60).filter(|id| id % 4 == file).chain((file == 0).then_some(7)).collect();
        let times: Vec<String> = of_file.iter().map(|&id| format!("2026-01-05 10:{:02}:00", minute(id))).collect();
        let accounts: ArrayRef = Arc::new(Int64Array::from(vec![1; of_file.len()]));
        let columns: [(&str, ArrayRef); 4] = [
            ("touch_id", ids(&of_file)),
            ("touched_at", Arc::new(StringArray::from(times))),
            ("account_id", accounts),
            ("channel", Arc::new(StringArray::from(vec!["email"; columns_len(file)]))),
        ];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let to = File::create(path("touchpoints").join(format!("{file}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(to, rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    }
    std::fs::write(
        path("closedloop.toml"),
        "[tables.touchpoints]\npath = \"touchpoints\"\n[tables.opportunities]\npath = \"opportunities.csv\"\n",
    )
    .unwrap();
    folder
}

/// Fifteen touches a file; the first has one more.
fn columns_len(file: i64) -> usize {
    if file == 0 { 16 } else { 15 }
}

#[track_caller]
fn assert_kept(world: &tempfile::TempDir) {
    for threads in ["1", "4"] {
        let out = world.path().join(threads);
        run(&world.path().join("closedloop.toml"), &out, &["--threads", threads]);
        let ids = texts(&read_mart(&out, "touch_credits"), "touch_id");
        let ids: Vec<String> = ids.into_iter().flatten().collect();
        let expected: Vec<String> = (0..60).map(|id: i64| id.to_string()).collect();
        assert_eq!(ids.len(), 60, "on {threads} threads the repeated touch counts twice");
        assert_eq!(ids.iter().collect::<BTreeSet<_>>(), expected.iter().collect(), "on {threads} threads");
        assert_eq!(ids, expected, "on {threads} threads touches are out of order");
    }
}

fn integers(ids: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(ids.to_vec()))
}

fn written_out(ids: &[i64]) -> ArrayRef {
    Arc::new(ids.iter().map(|id| Some(id.to_string())).collect::<StringArray>())
}

#[test]
fn integers_read_by_several_readers() {
    assert_kept(&world(integers, |id| id));
}

#[test]
fn texts_read_by_several_readers() {
    assert_kept(&world(written_out, |id| id));
}

/// Before 10 comes 9, as in files of integers: what CSV holds is text.
#[test]
fn touches_of_one_instant_stand_in_the_order_of_their_numbers() {
    assert_kept(&world(integers, |_| 30));
    let world = world(written_out, |_| 30);
    assert_kept(&world);
    let config = world.path().join("closedloop.toml");
    let assert = closedloop().arg("explain").arg(config).args(["--deal", "1", "--format", "json"]).assert().success();
    let deals: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let touches = deals[0]["touches"].as_array().unwrap().iter().filter(|touch| touch["status"] == "eligible");
    let explained: Vec<&str> = touches.map(|touch| touch["touch_id"].as_str().unwrap()).collect();
    assert_eq!(explained, (0..60).map(|id| id.to_string()).collect::<Vec<_>>());
}
