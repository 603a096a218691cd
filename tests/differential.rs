//! House models on the demo against independent SQL: plain DataFusion over the raw files, written from the definitions
//! alone (`tests/differential/*.sql`), none of our functions, stage files or models.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use crate::support::{closedloop, money, numbers, project, read_mart, texts};
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use closedloop_core::model::{ModelSpec, house_models};
use datafusion::common::ParamValues;
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use datafusion::scalar::ScalarValue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the SQL and the run are both told.
pub(crate) struct Setting {
    /// The as-of date, and its last microsecond in nanoseconds since 1970.
    as_of: (&'static str, i64),
    lookback_days: i64,
    tolerance_minutes: i64,
    kinds: &'static [&'static str],
}

/// As the demo is configured: the whole of it.
pub(crate) const DEMO: Setting = Setting {
    as_of: ("2026-07-31", 1_785_542_399_999_999_000),
    lookback_days: 365,
    tolerance_minutes: 60,
    kinds: &["new", "expansion"],
};

/// A day within a quarter, a short window, and renewals, so that many touches fall outside.
pub(crate) const NARROW: Setting = Setting {
    as_of: ("2025-11-14", 1_763_164_799_999_999_000),
    lookback_days: 40,
    tolerance_minutes: 5,
    kinds: &["new", "expansion", "renewal"],
};

impl Setting {
    fn parameters(&self) -> Vec<(&'static str, ScalarValue)> {
        let kinds: Vec<ScalarValue> = self.kinds.iter().map(|&kind| ScalarValue::from(kind)).collect();
        vec![
            ("as_of", ScalarValue::from(self.as_of.1)),
            ("lookback_days", ScalarValue::from(self.lookback_days)),
            ("tolerance", ScalarValue::from(self.tolerance_minutes * 60_000_000_000)),
            ("kinds", ScalarValue::List(ScalarValue::new_list_nullable(&kinds, &DataType::Utf8))),
        ]
    }

    /// The demo's configuration with this setting.
    pub(crate) fn config(&self) -> String {
        let demo = project("fixtures/demo");
        let config = std::fs::read_to_string(demo.join("closedloop.toml")).unwrap();
        let config = config
            .replace("path = \"", &format!("path = \"{}/", demo.display()))
            .replace("as_of = \"2026-07-31\"", &format!("as_of = \"{}\"", self.as_of.0))
            .replace("[finance]", &format!("[finance]\nattribute_kinds = {:?}", self.kinds));
        let (days, minutes) = (self.lookback_days, self.tolerance_minutes);
        format!("{config}\n[journeys]\nlookback_days = {days}\nanchor_tolerance = \"{minutes}m\"\n")
    }
}

fn query(sql: &str) -> String {
    std::fs::read_to_string(project("tests/differential").join(sql)).unwrap()
}

/// The demo's files as they are, every CSV column as text.
async fn raw_demo() -> SessionContext {
    let ctx = SessionContext::new();
    let demo = project("fixtures/demo");
    for table in ["accounts", "contacts", "campaigns", "opportunities", "deals"] {
        let path = demo.join(table).with_extension("csv");
        let header = csv::Reader::from_path(&path).unwrap().headers().unwrap().clone();
        let fields: Vec<Field> = header.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let schema = Schema::new(fields);
        let options = CsvReadOptions::new().schema(&schema);
        ctx.register_csv(format!("raw_{table}"), path.to_str().unwrap(), options).await.unwrap();
    }
    let touchpoints = demo.join("touchpoints.parquet");
    let options = ParquetReadOptions::default();
    ctx.register_parquet("raw_touchpoints", touchpoints.to_str().unwrap(), options).await.unwrap();
    ctx
}

async fn rows(ctx: &SessionContext, setting: &Setting, file: &str) -> RecordBatch {
    let sql = query(file);
    let parameters: Vec<(&str, ScalarValue)> =
        setting.parameters().into_iter().filter(|(name, _)| sql.contains(&format!("${name}"))).collect();
    let mut frame = ctx.sql(&sql).await.unwrap();
    if !parameters.is_empty() {
        frame = frame.with_param_values(ParamValues::from(parameters)).unwrap();
    }
    let batches = frame.collect().await.unwrap();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Runs SQL files over the raw demo, each a view of its name, and hands back the rows of the last.
pub(crate) fn by_sql(setting: &Setting, files: &[&str]) -> RecordBatch {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ctx = raw_demo().await;
        let (last, views) = files.split_last().unwrap();
        for file in views {
            let batch = rows(&ctx, setting, file).await;
            ctx.register_batch(file.trim_end_matches(".sql"), batch).unwrap();
        }
        rows(&ctx, setting, last).await
    })
}

/// Runs the command on the demo; the marts live as long as the folder.
fn by_run(setting: &Setting) -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().unwrap();
    let (config, out) = (scratch.path().join("closedloop.toml"), scratch.path().join("out"));
    std::fs::write(&config, setting.config()).unwrap();
    closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("--quiet").assert().success();
    (scratch, out)
}

/// (deal, touch, model) → (share, deal's amount or the touch's, in major units).
type Shares = BTreeMap<(String, String, String), (f64, f64)>;

fn shares_by_sql(setting: &Setting) -> Shares {
    let rows = by_sql(setting, &["deals.sql", "touches.sql", "journeys.sql", "shares.sql"]);
    let [deals, touches, models] = ["deal_id", "touch_id", "model"].map(|name| texts(&rows, name));
    let (shares, amounts) = (numbers(&rows, "share"), numbers(&rows, "deal_amount"));
    let mut by_sql = Shares::new();
    for (row, ((deal, touch), model)) in deals.into_iter().zip(touches).zip(models).enumerate() {
        let key = (deal.unwrap(), touch.unwrap(), model.unwrap());
        assert!(by_sql.insert(key, (shares[row], amounts[row])).is_none(), "a row of the SQL repeats");
    }
    by_sql
}

fn shares_by_run(out: &Path) -> Shares {
    let rows = read_mart(out, "touch_credits");
    let (deals, touches) = (texts(&rows, "deal_id"), texts(&rows, "touch_id"));
    let mut by_run = Shares::new();
    for model in house_models().iter().map(ModelSpec::id) {
        let (shares, amounts) = (numbers(&rows, &format!("{model}_share")), numbers(&rows, &format!("{model}_amount")));
        for row in 0..rows.num_rows() {
            let key = (deals[row].clone().unwrap(), touches[row].clone().unwrap(), model.to_owned());
            assert!(by_run.insert(key, (shares[row], amounts[row])).is_none(), "a row of touch_credits repeats");
        }
    }
    by_run
}

#[track_caller]
fn assert_same_shares(setting: &Setting, least_rows: usize) {
    let (_scratch, out) = by_run(setting);
    let (expected, got) = (shares_by_sql(setting), shares_by_run(&out));
    assert!(expected.len() >= 13 * least_rows, "only {} rows", expected.len());
    for key in expected.keys() {
        assert!(got.contains_key(key), "{key:?} is in the SQL only");
    }
    for (key, (share, amount)) in &got {
        let (by_sql, of_deal) = expected.get(key).unwrap_or_else(|| panic!("{key:?} is in touch_credits only"));
        assert!((share - by_sql).abs() <= 1e-9, "{key:?}: share {share}, by SQL {by_sql}");
        // Money follows the share to the minor unit; a later refund's is the difference of two such values.
        assert!((amount - by_sql * of_deal).abs() < 0.02, "{key:?}: {amount} of {of_deal}, share {share}");
    }
}

#[test]
fn every_house_model_gives_every_touch_of_the_demo_the_share_that_sql_gives_it() {
    assert_same_shares(&DEMO, 1_000);
}

#[test]
fn so_it_does_within_narrow_windows_on_a_day_in_the_past() {
    assert_same_shares(&NARROW, 500);
}

#[track_caller]
fn assert_same_booked(setting: &Setting) {
    let rows = by_sql(setting, &["deals.sql", "booked.sql"]);
    let (quarters, kinds) = (texts(&rows, "fiscal_quarter"), texts(&rows, "kind"));
    let (deals, cents) = (numbers(&rows, "deals"), numbers(&rows, "cents"));
    let expected: BTreeMap<_, _> = (0..rows.num_rows())
        .map(|row| ((quarters[row].clone(), kinds[row].clone()), format!("{} deals, {} cents", deals[row], cents[row])))
        .collect();
    assert!(expected.len() > 20, "the demo spans years");

    let (_scratch, out) = by_run(setting);
    let rows = read_mart(&out, "reconciliation");
    let (quarters, kinds) = (texts(&rows, "fiscal_quarter"), texts(&rows, "kind"));
    let (models, deals, booked) = (texts(&rows, "model"), numbers(&rows, "deals"), money(&rows, "booked"));
    for model in house_models().iter().map(ModelSpec::id) {
        let got: BTreeMap<_, _> = (0..rows.num_rows())
            .filter(|&row| models[row].as_deref() == Some(model))
            .map(|row| {
                ((quarters[row].clone(), kinds[row].clone()), format!("{} deals, {} cents", deals[row], booked[row]))
            })
            .collect();
        assert_eq!(got, expected, "under {model}");
    }
}

#[test]
fn booked_money_of_every_quarter_and_kind_is_what_the_raw_deals_say() {
    assert_same_booked(&DEMO);
    assert_same_booked(&NARROW);
}
