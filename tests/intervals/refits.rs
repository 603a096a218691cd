//! The bootstrap of fitted models against a bootstrap by hand: accounts are drawn, their rows written as often under new
//! identifiers, and the whole program run on them.

use crate::support::{money, numbers, read_mart, run, texts};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const ACCOUNTS: u64 = 160;
const DRAWS: u64 = 60;
const MODELS: [&str; 3] = ["linear", "markov", "rate_shapley"];

/// Uniform on [0, 1), by splitting a counter (SplitMix64).
fn uniform(seed: u64, at: u64) -> f64 {
    let mut x = (seed << 32 | at).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A Poisson(1) number, by its distribution function.
fn poisson(uniform: f64) -> u32 {
    let (mut k, mut term, mut sum) = (0, (-1.0_f64).exp(), (-1.0_f64).exp());
    while uniform >= sum && k < 20 {
        k += 1;
        term /= f64::from(k);
        sum += term;
    }
    k
}

/// The channels that an account was touched by, and what it was worth, if anything: a webinar makes a purchase likelier.
fn account(number: u64) -> (Vec<usize>, Option<u64>) {
    let chances = [0.7, 0.5, 0.25];
    let mut touched: Vec<usize> = (0..3).filter(|&c| uniform(1, number * 8 + c as u64) < chances[c]).collect();
    if touched.is_empty() {
        touched.push(0);
    }
    let likelier = if touched.contains(&2) { 0.35 } else { 0.0 };
    let bought = uniform(2, number) < 0.25 + likelier;
    (touched, bought.then(|| 500 + 10 * (number % 50)))
}

/// Writes a company in which every account stands as often as `times` says.
fn world(folder: &Path, times: impl Fn(u64) -> u32) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let mut accounts = "account_id,name\n".to_owned();
    let mut touches = "touch_id,touched_at,account_id,campaign_id\n".to_owned();
    let mut opportunities = "opportunity_id,account_id,created_at,stage,is_won\n".to_owned();
    let mut deals = "deal_id,opportunity_id,closed_at,amount,kind\n".to_owned();
    for number in 0..ACCOUNTS {
        let (touched, worth) = account(number);
        for copy in 0..times(number) {
            let id = format!("a{number}_{copy}");
            writeln!(accounts, "{id},{id}").unwrap();
            for (at, campaign) in touched.iter().enumerate() {
                writeln!(touches, "t{id}_{at},2026-01-0{},{id},c{campaign}", at + 1).unwrap();
            }
            if let Some(worth) = worth {
                writeln!(opportunities, "o{id},{id},2026-01-20,Won,true").unwrap();
                writeln!(deals, "d{id},o{id},2026-02-10,{worth}.00,new").unwrap();
            }
        }
    }
    let tables = [
        ("accounts", accounts.as_str()),
        ("touchpoints", &touches),
        ("opportunities", &opportunities),
        ("deals", &deals),
        ("campaigns", "campaign_id,channel\nc0,email\nc1,search\nc2,webinar\n"),
        ("spend", "campaign_id,date,amount\nc0,2026-02-01,350.00\n"),
    ];
    let mut config = String::new();
    for (table, rows) in tables {
        std::fs::write(folder.join(table).with_extension("csv"), rows).unwrap();
        config += &format!("[tables.{table}]\npath = \"{table}.csv\"\n");
    }
    config += &format!("[models]\nrun = {MODELS:?}\ndefault = \"linear\"\n");
    let path = folder.join("closedloop.toml");
    std::fs::write(&path, config).unwrap();
    path
}

/// Money and its standard error by model and channel.
fn earned(config: &Path, out: &Path, intervals: &str) -> BTreeMap<(String, String), (f64, f64)> {
    run(config, out, &["--intervals", intervals, "--marts", "channel_roi"]);
    let rows = read_mart(out, "channel_roi");
    let (models, channels, bases) = (texts(&rows, "model"), texts(&rows, "channel"), texts(&rows, "basis"));
    let (amounts, errors) = (money(&rows, "amount"), numbers(&rows, "amount_se"));
    let mut earned: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let (Some(channel), true) = (channels[row].clone(), bases[row].as_deref() == Some("close_date")) else {
            continue;
        };
        // All deals closed in one quarter; other quarters hold nothing.
        if amounts[row] != 0 {
            let key = (models[row].clone().unwrap(), channel);
            assert!(earned.insert(key, (amounts[row] as f64 / 100.0, errors[row])).is_none());
        }
    }
    earned
}

#[test]
fn refits_are_what_drawing_accounts_and_running_again_gives() {
    let scratch = tempfile::tempdir().unwrap();
    let config = world(&scratch.path().join("all"), |_| 1);
    let drawn = earned(&config, &scratch.path().join("drawn"), "bootstrap=1000");
    let given = earned(&config, &scratch.path().join("given"), "fast");
    assert_eq!(drawn.len(), MODELS.len() * 3);

    let mut by_hand: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for draw in 0..DRAWS {
        let folder = scratch.path().join("draw");
        let config = world(&folder, |number| poisson(uniform(100 + draw, number)));
        let sums = earned(&config, &folder.join("out"), "off");
        for key in drawn.keys() {
            by_hand.entry(key.clone()).or_default().push(sums.get(key).map_or(0.0, |(amount, _)| *amount));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
    let mut apart = 0;
    for (key, (_, error)) in &drawn {
        let draws = &by_hand[key];
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / (draws.len() - 1) as f64;
        // 1/√(2·59) is 9 %: three times that.
        let ratio = error / variance.sqrt();
        assert!((0.73..1.37).contains(&ratio), "{key:?}: {error} against {} by hand", variance.sqrt());
        if given[key].1 / variance.sqrt() < 0.73 {
            apart += 1;
        }
        let is_rule = key.0 == "linear";
        assert!(!is_rule || (error / given[key].1 - 1.0).abs() < 0.1, "{key:?} needs no fit");
    }
    assert!(apart > 0, "where the fit is taken as given, some error is too small");
}
