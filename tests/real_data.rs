//! Data that nobody here made, and another engine's answers: real journeys against published sums and a plain
//! recomputation; generated data of any size against DuckDB.

use crate::support::{closedloop, money, numbers, outside_data, project, python, read_mart, texts};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

/// Our models, and their columns in `expected_rule_models.csv`.
const MODELS: [(&str, &str); 4] = [
    ("first_touch", "first_touch"),
    ("last_touch", "last_touch"),
    ("linear", "linear"),
    ("position_based", "position_based_40_20_40"),
];

/// A conversion with the touches that led to it, oldest first; the last one converted.
struct Conversion {
    deal: String,
    cents: i128,
    touches: Vec<Touch>,
}

#[derive(Clone)]
struct Touch {
    id: String,
    channel: String,
}

/// The events of `journeys/attribution_data.csv` as conversions: a customer's touches up to and including a conversion
/// are one journey, the next one starts after it.
fn conversions(data: &Path) -> Vec<Conversion> {
    let mut reader = csv::Reader::from_path(data.join("journeys/attribution_data.csv")).unwrap();
    let mut events: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    events.sort_by_key(|event| (event[0].to_owned(), event[1].to_owned()));
    let mut conversions = Vec::new();
    for customer in events.chunk_by(|a, b| a[0] == b[0]) {
        let mut touches = Vec::new();
        for event in customer {
            let id = format!("{}/{}", &event[0], &event[1]);
            touches.push(Touch { id: id.clone(), channel: event[5].to_owned() });
            if &event[3] == "1" {
                let touches = std::mem::take(&mut touches);
                conversions.push(Conversion { deal: id, cents: cents(&event[4]), touches });
            }
        }
    }
    conversions
}

/// A value of at most two decimals in cents.
fn cents(value: &str) -> i128 {
    format!("{:.2}", value.parse::<f64>().unwrap()).replace('.', "").parse().unwrap()
}

/// What a model gives the touch at `position` of `touches`.
fn share(model: &str, position: usize, touches: usize) -> f64 {
    let (is_first, is_last) = (position == 0, position + 1 == touches);
    match (model, touches) {
        ("first_touch", _) => f64::from(u8::from(is_first)),
        ("last_touch", _) => f64::from(u8::from(is_last)),
        ("linear", _) | ("position_based", 1 | 2) => 1.0 / touches as f64,
        ("position_based", _) if is_first || is_last => 0.4,
        ("position_based", _) => 0.2 / (touches - 2) as f64,
        _ => panic!("{model}"),
    }
}

fn run_journeys(data: &Path, out: &Path) {
    closedloop()
        .arg("run")
        .arg(project("fixtures/configs/journeys.toml"))
        .arg("--quiet")
        .env("CLOSEDLOOP_REAL_DATA", data)
        .env("CLOSEDLOOP_OUT", out)
        .assert()
        .success();
}

/// (deal, touch) → each model's share and minor units, in the order of [`MODELS`].
fn credits(out: &Path) -> BTreeMap<(String, String), Vec<(f64, i128)>> {
    let rows = read_mart(out, "touch_credits");
    let (deals, touches) = (texts(&rows, "deal_id"), texts(&rows, "touch_id"));
    let cells: Vec<_> = MODELS
        .iter()
        .map(|(model, _)| (numbers(&rows, &format!("{model}_share")), money(&rows, &format!("{model}_amount"))))
        .collect();
    let credits: BTreeMap<_, _> = (0..rows.num_rows())
        .map(|row| {
            let key = (deals[row].clone().unwrap(), touches[row].clone().unwrap());
            (key, cells.iter().map(|(shares, amounts)| (shares[row], amounts[row])).collect())
        })
        .collect();
    assert_eq!(credits.len(), rows.num_rows(), "a deal × touch row repeats");
    credits
}

/// The channel's money under each model, minor units, over all quarters.
fn money_by_channel(out: &Path) -> BTreeMap<(String, String), i128> {
    let rows = read_mart(out, "channel_roi");
    let (channels, models, bases) = (texts(&rows, "channel"), texts(&rows, "model"), texts(&rows, "basis"));
    let mut sums = BTreeMap::new();
    for (row, amount) in money(&rows, "amount").into_iter().enumerate() {
        if let (Some(channel), Some("close_date")) = (&channels[row], bases[row].as_deref()) {
            *sums.entry((channel.clone(), models[row].clone().unwrap())).or_default() += amount;
        }
    }
    sums
}

#[test]
fn every_share_of_real_journeys_equals_a_plain_recomputation() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "shares of real journeys") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run_journeys(&data, &out);

    let mut got = credits(&out);
    for conversion in conversions(&data) {
        for (position, touch) in conversion.touches.iter().enumerate() {
            let key = (conversion.deal.clone(), touch.id.clone());
            let cells = got.remove(&key).unwrap_or_else(|| panic!("{key:?} is missing"));
            for ((model, _), (got, _)) in MODELS.iter().zip(cells) {
                let expected = share(model, position, conversion.touches.len());
                assert!((got - expected).abs() < 1e-9, "{key:?} {model}: {got}, recomputed {expected}");
            }
        }
    }
    assert!(got.is_empty(), "credits without a touch: {:?}", got.keys().next());
}

#[test]
fn channels_of_real_journeys_get_the_published_money() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "published sums of real journeys") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run_journeys(&data, &out);

    let mut deals: BTreeMap<String, u32> = BTreeMap::new();
    for conversion in conversions(&data) {
        for channel in conversion.touches.iter().map(|touch| touch.channel.clone()).collect::<BTreeSet<_>>() {
            *deals.entry(channel).or_default() += 1;
        }
    }
    let got = money_by_channel(&out);
    let mut published = csv::Reader::from_path(data.join("journeys/expected_rule_models.csv")).unwrap();
    let header = published.headers().unwrap().clone();
    let rows: Vec<_> = published.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(got.len(), rows.len() * MODELS.len());
    for row in rows {
        for (model, column) in MODELS {
            let expected: f64 = row[header.iter().position(|name| name == column).unwrap()].parse().unwrap();
            let money = got[&(row[0].to_owned(), model.to_owned())] as f64 / 100.0;
            // Every deal's money is whole cents, so a channel is off by less than a cent for each deal it touches.
            let tolerance = 0.01 * f64::from(deals[&row[0]]);
            assert!((money - expected).abs() <= tolerance, "{} {model}: {money}, published {expected}", &row[0]);
        }
    }
}

#[test]
fn every_real_conversion_is_booked_and_reconciled() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "books of real journeys") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run_journeys(&data, &out);

    let rows = read_mart(&out, "reconciliation");
    let models = texts(&rows, "model");
    for (model, _) in MODELS {
        let sum = |cells: Vec<i128>| -> i128 {
            (0..rows.num_rows()).filter(|&row| models[row].as_deref() == Some(model)).map(|row| cells[row]).sum()
        };
        let deals = texts(&rows, "deals").into_iter().map(|deals| deals.unwrap().parse().unwrap()).collect();
        assert_eq!(sum(deals), 1_838, "{model}");
        assert_eq!(sum(money(&rows, "booked")), 1_142_350, "{model}");
        assert_eq!(sum(money(&rows, "attributed")), 1_142_350, "{model}");
        assert!(money(&rows, "difference").iter().all(|&difference| difference == 0), "{model}");
    }
    let mut booked: BTreeMap<String, i128> = BTreeMap::new();
    let journeys = read_mart(&out, "journeys");
    for (deal, amount) in texts(&journeys, "deal_id").into_iter().zip(money(&journeys, "amount")) {
        assert!(booked.insert(deal.unwrap(), amount).is_none());
    }
    let expected: BTreeMap<_, _> =
        conversions(&data).into_iter().map(|conversion| (conversion.deal, conversion.cents)).collect();
    assert_eq!(booked, expected);
}

/// The same configuration on seven events worked by hand: no deals table, so that won opportunities are the deals.
#[test]
fn a_customers_journeys_follow_each_other() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, out) = (scratch.path().join("journeys"), scratch.path().join("out"));
    std::fs::create_dir(&folder).unwrap();
    let events = "\
customer_id,time,interaction,conversion,conversion_value,channel
c1,2018-07-05T00:00:00Z,conversion,1,1,search
c1,2018-07-03T00:00:00Z,impression,0,0,search
c1,2018-07-04T00:00:00Z,impression,0,0,video
c1,2018-07-01T00:00:00Z,impression,0,0,video
c1,2018-07-02T00:00:00Z,conversion,1,10,display
c2,2018-07-02T00:00:00Z,impression,0,0,search
c3,2018-07-31T23:59:59Z,conversion,1,2.5,display
";
    std::fs::write(folder.join("attribution_data.csv"), events).unwrap();
    run_journeys(scratch.path(), &out);

    // 10.00 over two touches; 1.00 over three, where the odd cent of linear goes to the earliest; 2.50 to one touch.
    let expected = [
        ("c1/2018-07-02", "c1/2018-07-01", [1_000, 0, 500, 500]),
        ("c1/2018-07-02", "c1/2018-07-02", [0, 1_000, 500, 500]),
        ("c1/2018-07-05", "c1/2018-07-03", [100, 0, 34, 40]),
        ("c1/2018-07-05", "c1/2018-07-04", [0, 0, 33, 20]),
        ("c1/2018-07-05", "c1/2018-07-05", [0, 100, 33, 40]),
    ];
    let mut expected: BTreeMap<(String, String), Vec<i128>> = expected
        .into_iter()
        .map(|(deal, touch, cents)| ((format!("{deal}T00:00:00Z"), format!("{touch}T00:00:00Z")), cents.to_vec()))
        .collect();
    let alone = "c3/2018-07-31T23:59:59Z".to_owned();
    expected.insert((alone.clone(), alone), vec![250; 4]);
    let got: BTreeMap<_, Vec<i128>> = credits(&out)
        .into_iter()
        .map(|(key, cells)| (key, cells.into_iter().map(|(_, amount)| amount).collect()))
        .collect();
    assert_eq!(got, expected);
}

/// Runs `config` over benchmark data and lets `benches/agree.py` compare the marts with DuckDB's answer.
fn agree(python: &Path, config: &Path, data: &Path) -> Output {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    closedloop()
        .arg("run")
        .arg(config)
        .arg("--quiet")
        .env("BENCH_DATA", data)
        .env("BENCH_OUT", &out)
        .assert()
        .success();
    Command::new(python).arg(project("benches/agree.py")).arg(data).arg(&out).output().unwrap()
}

#[track_caller]
fn assert_agreement(python: &Path, data: &Path) {
    let output = agree(python, &project("fixtures/configs/bench.toml"), data);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("agrees")).count(), 25, "{said}");
}

/// A hundred thousand generated touches.
fn generated(python: &Path, ids: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut generate = Command::new(python);
    generate.arg(project("benches/generate.py")).arg(folder.path()).args(["--touches", "100000", "--ids", ids]);
    let output = generate.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn shares_and_money_agree_with_duckdb_on_integer_ids() {
    let Some(python) = python("agreement with DuckDB on integer ids") else { return };
    assert_agreement(&python, generated(&python, "int").path());
}

#[test]
fn shares_and_money_agree_with_duckdb_on_text_ids() {
    let Some(python) = python("agreement with DuckDB on text ids") else { return };
    assert_agreement(&python, generated(&python, "str").path());
}

#[test]
fn shares_and_money_agree_with_duckdb_on_the_data_that_is_named() {
    let test = "agreement with DuckDB on BENCH_DATA";
    let (Some(data), Some(python)) = (outside_data("BENCH_DATA", test), python(test)) else { return };
    assert_agreement(&python, &data);
}

#[test]
fn agreement_with_duckdb_notices_a_lookback_of_one_day_less() {
    let Some(python) = python("disagreement with DuckDB") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let config = scratch.path().join("closedloop.toml");
    let text = std::fs::read_to_string(project("fixtures/configs/bench.toml")).unwrap();
    std::fs::write(&config, text.replace("lookback_days = 90", "lookback_days = 89")).unwrap();
    let output = agree(&python, &config, generated(&python, "int").path());
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("DIFFERS"));
}
