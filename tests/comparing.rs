//! What compares models: agreement against plain counting, sensitivity against runs under the other settings.

use crate::intervals::demo::Demo;
use crate::questions::answer::{Cell, answer};
use crate::support::{closedloop, mart_files, money, numbers, read_mart, run, texts};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// (level, basis, quarter or all) → campaign or channel → model → money.
type Money = BTreeMap<(String, String, Option<String>), BTreeMap<String, BTreeMap<String, i128>>>;

/// Money as the ROI marts have it.
fn earned(out: &Path) -> Money {
    let mut earned = Money::new();
    for (mart, level, name) in [("campaign_roi", "campaign", "campaign_id"), ("channel_roi", "channel", "channel")] {
        let rows = read_mart(out, mart);
        let (lines, names, channels) = (texts(&rows, "line"), texts(&rows, name), texts(&rows, "channel"));
        let (quarters, bases, models) = (texts(&rows, "fiscal_quarter"), texts(&rows, "basis"), texts(&rows, "model"));
        let amounts = money(&rows, "amount");
        for row in (0..rows.num_rows()).filter(|&row| lines[row].as_deref() == Some(level)) {
            let place = format!("{} {}", names[row].clone().unwrap(), channels[row].clone().unwrap());
            for quarter in [quarters[row].clone(), None] {
                let key = (level.to_owned(), bases[row].clone().unwrap(), quarter);
                let models_of = earned.entry(key).or_default().entry(place.clone()).or_default();
                *models_of.entry(models[row].clone().unwrap()).or_default() += amounts[row];
            }
        }
    }
    earned
}

/// Kendall's τ_b by its definition: every pair of campaigns is looked at.
fn tau_b(pairs: &[(i128, i128)]) -> f64 {
    let (mut surplus, mut untied_a, mut untied_b) = (0.0, 0.0, 0.0);
    for (position, one) in pairs.iter().enumerate() {
        for other in &pairs[position + 1..] {
            let (a, b) = ((one.0 - other.0).signum() as f64, (one.1 - other.1).signum() as f64);
            surplus += a * b;
            untied_a += a.abs();
            untied_b += b.abs();
        }
    }
    surplus / f64::sqrt(untied_a * untied_b)
}

#[test]
fn agreement_is_what_counting_pairs_gives() {
    let demo = Demo::new();
    let out = demo.run(&[]);
    let (earned, rows) = (earned(&out), read_mart(&out, "model_agreement"));
    let (levels, bases, quarters) = (texts(&rows, "level"), texts(&rows, "basis"), texts(&rows, "fiscal_quarter"));
    let (models, others) = (texts(&rows, "model"), texts(&rows, "other_model"));
    let (kendall, compared, moved) =
        (numbers(&rows, "kendall"), numbers(&rows, "compared"), money(&rows, "money_moved"));
    let (share_moved, overlap) = (numbers(&rows, "share_moved"), numbers(&rows, "top_overlap"));
    let mut seen = BTreeSet::new();
    for row in 0..rows.num_rows() {
        let key = (levels[row].clone().unwrap(), bases[row].clone().unwrap(), quarters[row].clone());
        let (a, b) = (models[row].clone().unwrap(), others[row].clone().unwrap());
        let what = format!("{key:?} {a} {b}");
        let of = |model: &String| earned[&key].values().map(|money| money[model]).collect::<Vec<_>>();
        let pairs: Vec<(i128, i128)> = of(&a).into_iter().zip(of(&b)).filter(|pair| *pair != (0, 0)).collect();
        assert_eq!(compared[row], pairs.len() as f64, "{what}");
        let expected = tau_b(&pairs);
        assert!(expected.is_nan() && kendall[row].is_nan() || (kendall[row] - expected).abs() < 1e-9, "{what}");
        let lost: i128 = pairs.iter().filter(|(a, b)| a > b).map(|(a, b)| a - b).sum();
        let won: i128 = pairs.iter().filter(|(a, b)| a < b).map(|(a, b)| b - a).sum();
        assert_eq!(moved[row], lost.max(won), "{what}");
        let total = |of: fn(&(i128, i128)) -> i128| pairs.iter().map(of).sum::<i128>() as f64;
        let whole = total(|pair| pair.0.abs()).max(total(|pair| pair.1.abs()));
        let expected = if whole == 0.0 { 0.0 } else { moved[row] as f64 / whole };
        assert!((share_moved[row] - expected).abs() < 1e-12, "{what}");
        let is_contested = pairs.len() > 10;
        assert!(if is_contested { (0.0..=1.0).contains(&overlap[row]) } else { overlap[row].is_nan() }, "{what}");
        assert!(seen.insert((key, BTreeSet::from([a, b]))), "{what} stands twice");
    }
    let models = read_mart(&out, "dim_model").num_rows();
    let quarters: BTreeSet<_> = seen.iter().map(|(key, _)| key.clone()).collect();
    assert!(models >= 13);
    assert_eq!(seen.len(), models * (models - 1) / 2 * quarters.len());
    let with_money = earned.iter().filter(|(_, places)| places.values().any(|models| models.values().any(|m| *m != 0)));
    assert_eq!(quarters, with_money.map(|(key, _)| key.clone()).collect());
}

/// (level, campaign and channel, quarter) → money of a model at one point of the grid.
fn at_point(
    out: &Path,
    model: &str,
    lookback: f64,
    half_life: Option<f64>,
) -> BTreeMap<(String, String, String), i128> {
    let rows = read_mart(out, "model_sensitivity");
    let (levels, campaigns, channels) = (texts(&rows, "level"), texts(&rows, "campaign_id"), texts(&rows, "channel"));
    let (quarters, models, amounts) = (texts(&rows, "fiscal_quarter"), texts(&rows, "model"), money(&rows, "amount"));
    let (lookbacks, half_lives) = (numbers(&rows, "lookback_days"), numbers(&rows, "half_life_days"));
    let is_there = |row: &usize| {
        models[*row].as_deref() == Some(model)
            && (lookbacks[*row] - lookback).abs() < 1e-9
            && half_life.map_or_else(|| half_lives[*row].is_nan(), |half_life| half_lives[*row] == half_life)
    };
    let key = |row: usize| {
        let place = format!("{:?} {:?}", campaigns[row], channels[row]);
        (levels[row].clone().unwrap(), place, quarters[row].clone().unwrap())
    };
    (0..rows.num_rows())
        .filter(is_there)
        .map(|row| (key(row), amounts[row]))
        .filter(|(_, amount)| *amount != 0)
        .collect()
}

/// What a run under these settings gives by close date.
fn of_run(out: &Path, model: &str) -> BTreeMap<(String, String, String), i128> {
    let mut money_of = BTreeMap::new();
    for (mart, level) in [("campaign_roi", "campaign"), ("channel_roi", "channel")] {
        let rows = read_mart(out, mart);
        let campaigns = rows.column_by_name("campaign_id").map(|_| texts(&rows, "campaign_id"));
        let (lines, channels, quarters) =
            (texts(&rows, "line"), texts(&rows, "channel"), texts(&rows, "fiscal_quarter"));
        let (models, bases, amounts) = (texts(&rows, "model"), texts(&rows, "basis"), money(&rows, "amount"));
        for row in 0..rows.num_rows() {
            let is_it = lines[row].as_deref() == Some(level)
                && models[row].as_deref() == Some(model)
                && bases[row].as_deref() == Some("close_date");
            if is_it && amounts[row] != 0 {
                let campaign = campaigns.as_ref().and_then(|campaigns| campaigns[row].clone());
                let place = format!("{campaign:?} {:?}", channels[row]);
                money_of.insert((level.to_owned(), place, quarters[row].clone().unwrap()), amounts[row]);
            }
        }
    }
    money_of
}

#[test]
fn sensitivity_is_what_runs_under_the_other_settings_give() {
    let demo = Demo::new();
    let varied = demo.with_config("[models]\n", "[models]\nsensitivity = true\n");
    let grid = varied.run(&[]);
    let configured = demo.run(&[]);
    for model in ["w_shaped", "linear", "last_non_direct"] {
        assert_eq!(at_point(&grid, model, 365.0, None), of_run(&configured, model), "{model}");
    }
    assert_eq!(at_point(&grid, "time_decay", 365.0, Some(30.0)), of_run(&configured, "time_decay"));
    for quarters in [1.0, 2.0, 3.0] {
        let days = 365.0 * quarters / 4.0;
        let narrow = demo.with_config("[finance]\n", &format!("[journeys]\nlookback_days = {days}\n[finance]\n"));
        let narrow_run = narrow.run(&[]);
        for model in ["w_shaped", "linear", "first_touch", "inverse_j"] {
            let got = at_point(&grid, model, days, None);
            assert!(got.len() > 100);
            assert_eq!(got, of_run(&narrow_run, model), "{model} under {days} days");
        }
        assert_eq!(at_point(&grid, "time_decay", days, Some(30.0)), of_run(&narrow_run, "time_decay"), "{days} days");
    }
    let slow = "[[models.custom]]\nid = \"slow\"\nkind = \"time_decay\"\nhalf_life_days = 60.0\n[finance]\n";
    let slow = demo.with_config("[finance]\n", slow);
    assert_eq!(at_point(&grid, "time_decay", 365.0, Some(60.0)), of_run(&slow.run(&[]), "slow"));
}

/// More rows than the engine hands over at once, of which as many threads as there are tell parts.
#[test]
fn threads_change_no_byte_of_a_large_mart() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let touches: String = (0..2_600).map(|n| format!("t{n},2025-01-05,A{},C{n},c{}\n", n % 50, n % 7)).collect();
    write("touches.csv", format!("touch_id,touched_at,account_id,campaign_id,channel\n{touches}"));
    let wins: String = (0..50).map(|n| format!("O{n},A{n},2025-01-10,2025-02-01,Closed Won,100\n")).collect();
    write("wins.csv", format!("opportunity_id,account_id,created_at,closed_at,stage,amount\n{wins}"));
    let tables = "[tables.touchpoints]\npath = \"touches.csv\"\n[tables.opportunities]\npath = \"wins.csv\"\n";
    write("closedloop.toml", format!("[models]\nsensitivity = true\n{tables}"));
    let runs = ["1", "2", "5"].map(|threads| {
        let out = folder.path().join(threads);
        let flags = ["--threads", threads, "--marts", "model_sensitivity,model_comparison,model_decision,campaign_roi"];
        run(&folder.path().join("closedloop.toml"), &out, &flags);
        assert!(read_mart(&out, "model_sensitivity").num_rows() > 100_000);
        mart_files(&out)
    });
    assert!(runs[0] == runs[1] && runs[0] == runs[2]);
}

#[test]
fn the_difference_to_the_run_is_zero_at_the_run_and_sensitivity_is_off_unless_asked_for() {
    let demo = Demo::new();
    assert_eq!(read_mart(&demo.run(&[]), "model_sensitivity").num_rows(), 0);
    let varied = demo.with_config("[models]\n", "[models]\nsensitivity = true\n");
    let rows = read_mart(&varied.run(&[]), "model_sensitivity");
    let (configured, amounts, deltas) = (texts(&rows, "is_configured"), money(&rows, "amount"), money(&rows, "delta"));
    let at_run: Vec<usize> = (0..rows.num_rows()).filter(|&row| configured[row].as_deref() == Some("true")).collect();
    let models = texts(&rows, "model");
    let (lookbacks, half_lives) = (texts(&rows, "lookback_days"), texts(&rows, "half_life_days"));
    let mut points: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        points.entry(models[row].clone()).or_default().insert((lookbacks[row].clone(), half_lives[row].clone()));
    }
    assert!(points.len() >= 13);
    for (model, points) in points {
        let half_lives = if model.as_deref() == Some("time_decay") { 3 } else { 1 };
        assert_eq!(points.len(), 4 * half_lives, "{model:?}");
    }
    assert!(at_run.iter().all(|&row| deltas[row] == 0));
    assert!(amounts.iter().zip(&deltas).any(|(amount, delta)| *amount == 0 && *delta < 0), "a window loses touches");
}

/// What the engine tells of lines beside each other is what SQL tells of the ROI marts.
#[test]
fn windows_over_the_roi_marts_compare_alike() {
    let demo = Demo::new();
    let out = demo.run(&[]);
    let of_levels = [
        ("SELECT * FROM model_comparison", include_str!("comparing/model_comparison.sql")),
        (
            "SELECT level, campaign_id, channel, basis, model, amount, spend, roi FROM model_decision
            WHERE fiscal_quarter IS NULL",
            include_str!("comparing/over_all_quarters.sql"),
        ),
    ];
    for (mart, expected) in of_levels {
        assert!(answer(&out, mart).len() > 500, "{mart}");
        for (one, other) in [(mart, expected), (expected, mart)] {
            assert_eq!(answer(&out, &format!("({one}) EXCEPT ALL ({other})")), Vec::<Vec<Cell>>::new(), "{mart}");
        }
    }
}

/// What is decided, line by line, leaving out one model's rows.
fn decided(out: &Path, without: &str) -> Vec<Vec<Cell>> {
    let of_mart = |(mart, decision)| {
        let place = "level, campaign_id, channel, fiscal_quarter, basis, model";
        let rows = format!("SELECT {place}, can_credit, {decision} FROM {mart} WHERE model <> '{without}'");
        answer(out, &format!("{rows} ORDER BY {place}"))
    };
    [("model_comparison", "decision"), ("model_decision", "verdict")].into_iter().flat_map(of_mart).collect()
}

/// Where no lead creation is known, one model attributes nothing: decisions are as if it had not run.
#[test]
fn a_model_that_attributes_nothing_decides_nothing() {
    let demo = Demo::new().without_contacts();
    let rules = "run = [\"first_touch\", \"linear\", \"w_shaped\", \"u_shaped\"";
    let (beside, alone) = (format!("[models]\n{rules}, \"lead_creation\"]\n"), format!("[models]\n{rules}]\n"));
    let [beside, alone] = [beside, alone].map(|models| demo.with_config("[models]\n", &models));
    let [beside, alone] = [&beside, &alone].map(|demo| demo.run(&[]));
    let expected = decided(&alone, "");
    assert!(expected.len() > 1_000 && expected.iter().any(|row| row.last() == Some(&Cell::Text("fund".to_owned()))));
    assert!(decided(&beside, "lead_creation") == expected);
    let silent = "model = 'lead_creation' AND (can_credit OR amount <> 0";
    for (mart, silent) in
        [("model_comparison", format!("{silent})")), ("model_decision", format!("{silent} OR verdict IS NOT NULL)"))]
    {
        assert_eq!(answer(&beside, &format!("SELECT * FROM {mart} WHERE {silent}")), Vec::<Vec<Cell>>::new());
    }
    let [beside, alone] = [beside, alone].map(|out| {
        let shown = closedloop().args(["compare", "--format", "json"]).arg(out).assert().success();
        serde_json::from_slice::<Vec<serde_json::Value>>(&shown.get_output().stdout).unwrap()
    });
    assert_eq!(beside.len(), alone.len());
    for (beside, alone) in beside.iter().zip(&alone) {
        for key in ["id", "can_credit", "decision", "call"] {
            assert_eq!(beside[key], alone[key], "{key} of {alone}");
        }
    }
}

/// The sentence says what the marts say.
#[test]
fn the_sentence_counts_what_the_decisions_say() {
    let demo = Demo::new();
    let out = demo.run(&[]);
    let rows = read_mart(&out, "model_decision");
    let (levels, campaigns, channels) = (texts(&rows, "level"), texts(&rows, "campaign_id"), texts(&rows, "channel"));
    let (quarters, bases, models) = (texts(&rows, "fiscal_quarter"), texts(&rows, "basis"), texts(&rows, "model"));
    let (low, high, roi) = (numbers(&rows, "roi_low"), numbers(&rows, "roi_high"), numbers(&rows, "roi"));
    // The demo's hurdle is 0.5. A model that gives nothing gives nothing for sure.
    let verdict = |row: usize| -> Option<&'static str> {
        match (low[row], high[row], roi[row]) {
            (.., roi) if roi.is_nan() => None,
            (low, _, roi) if low.is_nan() => Some(if roi >= 0.5 { "fund" } else { "cut" }),
            (low, ..) if low >= 0.5 => Some("fund"),
            (_, high, _) if high < 0.5 => Some("cut"),
            _ => Some("too_close"),
        }
    };
    let mut lines: BTreeMap<_, BTreeMap<String, &'static str>> = BTreeMap::new();
    for row in
        (0..rows.num_rows()).filter(|&row| quarters[row].is_none() && bases[row].as_deref() == Some("close_date"))
    {
        if let Some(verdict) = verdict(row) {
            let key = (levels[row].clone().unwrap(), campaigns[row].clone(), channels[row].clone());
            lines.entry(key).or_default().insert(models[row].clone().unwrap(), verdict);
        }
    }
    let count = |level: &str, call: &str| {
        let called = |verdicts: &BTreeMap<String, &'static str>| -> &'static str {
            let says = |verdict| verdicts.values().any(|other| *other == verdict);
            if says("fund") && says("cut") { "depends" } else { verdicts["w_shaped"] }
        };
        lines.iter().filter(|((of, ..), verdicts)| of == level && called(verdicts) == call).count()
    };
    let shown = closedloop().args(["compare"]).arg(&out).assert().success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap().to_lowercase();
    let (changes, close) = shown.rsplit_once("too close to call").unwrap();
    for (part, call) in [(changes, "depends"), (close, "too_close")] {
        for level in ["channel", "campaign"] {
            let (count, plural) = (count(level, call), if count(level, call) == 1 { "" } else { "s" });
            assert!(
                count > 0 && part.contains(&format!(" {count} {level}{plural}")),
                "{count} {level} {call}: {shown}"
            );
        }
    }
}
