//! Whole runs on the demo: neither threads, nor a memory limit, nor the order of input rows, nor how they are cut into files change a byte.

use crate::support::{closedloop, mart_files, project, read_mart, run, texts};
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The manifest without what may differ.
fn manifest(out: &Path, without: &[&str]) -> Value {
    let text = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    for key in without {
        assert!(manifest.as_object_mut().unwrap().remove(*key).is_some(), "the manifest has no {key}");
    }
    manifest
}

#[track_caller]
fn assert_same_files(got: &BTreeMap<PathBuf, Vec<u8>>, expected: &BTreeMap<PathBuf, Vec<u8>>) {
    assert!(expected.len() >= 13, "a run writes every mart");
    assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    let differing: Vec<_> =
        expected.iter().filter(|(path, bytes)| got[*path] != **bytes).map(|(path, _)| path).collect();
    assert!(differing.is_empty(), "other bytes in {differing:?}");
}

/// Runs on one, two and seven threads must agree; says how many accounts have deals.
#[track_caller]
fn assert_threads_change_nothing(config: &Path) -> usize {
    let scratch = tempfile::tempdir().unwrap();
    let outs = [1, 2, 7].map(|threads| {
        let out = scratch.path().join(threads.to_string());
        run(config, &out, &["--quiet", "--threads", &threads.to_string()]);
        out
    });
    for out in &outs[1..] {
        assert_same_files(&mart_files(out), &mart_files(&outs[0]));
        assert_eq!(manifest(out, &["timings"]), manifest(&outs[0], &["timings"]));
    }
    texts(&read_mart(&outs[0], "journeys"), "account_id").into_iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn threads_do_not_change_a_byte() {
    assert!(assert_threads_change_nothing(&project("fixtures/demo/closedloop.toml")) > 100);
}

/// The demo's accounts fit one partition; these do not.
#[test]
fn threads_do_not_change_a_byte_of_several_partitions() {
    let scratch = tempfile::tempdir().unwrap();
    let company = scratch.path().join("company");
    closedloop().args(["generate", "--seed", "5", "--accounts", "20000", "--out"]).arg(&company).assert().success();
    assert!(assert_threads_change_nothing(&company.join("closedloop.toml")) > 2_048, "one partition only");
}

/// Many threads ask for much at once, and the smallest limit has little to give.
#[test]
fn many_threads_under_the_smallest_memory_limit_do_not_change_a_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    closedloop().args(["generate", "--accounts", "40000", "--out"]).arg(&data).assert().success();
    let marts_of = |name: &str, flags: &[&str]| {
        let out = scratch.path().join(name);
        run(&data.join("closedloop.toml"), &out, flags);
        mart_files(&out)
    };
    let unlimited = marts_of("unlimited", &[]);
    for name in ["first", "second", "third"] {
        assert_same_files(&marts_of(name, &["--threads", "8", "--memory-limit", "64MiB"]), &unlimited);
    }
}

/// Writes the rows of a CSV file in another order.
fn shuffle_csv(from: &Path, to: &Path, rng: &mut ChaCha8Rng) {
    let mut reader = csv::Reader::from_path(from).unwrap();
    let mut writer = csv::Writer::from_path(to).unwrap();
    writer.write_record(reader.headers().unwrap()).unwrap();
    let mut records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    records.shuffle(rng);
    for record in records {
        writer.write_record(&record).unwrap();
    }
    writer.flush().unwrap();
}

/// Writes the rows of a Parquet file in another order and into as many files as `to` names.
fn shuffle_parquet(from: &Path, to: &[PathBuf], rng: &mut ChaCha8Rng) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(from).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let rows = concat_batches(&schema, &batches).unwrap();
    let mut order: Vec<u32> = (0..u32::try_from(rows.num_rows()).unwrap()).collect();
    order.shuffle(rng);
    for (order, path) in order.chunks(order.len().div_ceil(to.len())).zip(to) {
        let rows = take_record_batch(&rows, &UInt32Array::from(order.to_vec())).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), schema.clone(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    }
}

#[test]
fn the_order_of_input_rows_and_the_cut_into_files_do_not_change_a_byte() {
    let demo = project("fixtures/demo");
    let scratch = tempfile::tempdir().unwrap();
    let (inputs, straight, shuffled) =
        (scratch.path().join("in"), scratch.path().join("straight"), scratch.path().join("shuffled"));
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_731);
    std::fs::create_dir_all(inputs.join("touchpoints")).unwrap();
    for table in ["accounts", "campaigns", "contact_roles", "contacts", "deals", "opportunities", "spend"] {
        let file = format!("{table}.csv");
        shuffle_csv(&demo.join(&file), &inputs.join(&file), &mut rng);
    }
    let parts = ["a", "b", "c"].map(|part| inputs.join("touchpoints").join(part).with_extension("parquet"));
    shuffle_parquet(&demo.join("touchpoints.parquet"), &parts, &mut rng);
    let config = std::fs::read_to_string(demo.join("closedloop.toml")).unwrap();
    let config = config.replace("\"touchpoints.parquet\"", "\"touchpoints\"");
    std::fs::write(inputs.join("closedloop.toml"), config).unwrap();

    run(&demo.join("closedloop.toml"), &straight, &["--quiet"]);
    run(&inputs.join("closedloop.toml"), &shuffled, &["--quiet"]);
    let (mut got, mut expected) = (mart_files(&shuffled), mart_files(&straight));
    // On which line a row stood is the one thing that its place decides.
    let is_elsewhere = |path: &PathBuf| !path.starts_with("set_aside");
    got.retain(|path, _| is_elsewhere(path));
    expected.retain(|path, _| is_elsewhere(path));
    assert_same_files(&got, &expected);
    let without_lines = |out: &Path| {
        let mut rows = read_mart(out, "set_aside");
        assert!(rows.num_rows() >= 20, "the demo has bad rows");
        rows.remove_column(rows.schema().index_of("line").unwrap());
        rows
    };
    assert_eq!(without_lines(&shuffled), without_lines(&straight));

    let differing = ["timings", "inputs", "config_hash"];
    assert_eq!(manifest(&shuffled, &differing), manifest(&straight, &differing));
}

/// The engine is told the order of the sums that these marts start from and sorts them no more.
#[test]
fn roi_marts_stand_in_the_order_of_their_sql() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    run(&project("fixtures/demo/closedloop.toml"), &out, &["--quiet"]);
    let order = ["basis", "model", "fiscal_quarter", "line", "campaign_id", "channel", "residual"];
    for mart in ["campaign_roi", "channel_roi"] {
        let rows = read_mart(&out, mart);
        let of_mart = order.iter().filter(|name| rows.schema().index_of(name).is_ok());
        // Nulls are last.
        let columns: Vec<Vec<_>> =
            of_mart.map(|name| texts(&rows, name).into_iter().map(|text| (text.is_none(), text)).collect()).collect();
        let row = |row: usize| -> Vec<_> { columns.iter().map(|column| &column[row]).collect() };
        assert!(rows.num_rows() > 1_000, "{mart}");
        (1..rows.num_rows()).for_each(|next| assert!(row(next - 1) < row(next), "{mart}: row {next}"));
    }
}
