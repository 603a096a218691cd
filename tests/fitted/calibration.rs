//! Experiments pull the incremental model toward what they measured, and bad rows of theirs are set aside.

use super::{demo_with, run};
use crate::support::{self, numbers, read_mart, texts};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn demo_with_experiments(rows: &str, folder: &Path) -> PathBuf {
    let config = demo_with("run = [\"linear\", \"incremental\"]", folder);
    let file = folder.join("experiments.csv");
    std::fs::write(&file, format!("campaign_id,channel,start_date,end_date,lift,standard_error,measure\n{rows}"))
        .unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let table = format!("[tables.experiments]\npath = \"{}\"\n\n[models]", file.display());
    std::fs::write(&config, text.replace("[models]", &table)).unwrap();
    config
}

fn effect(out: &Path, channel: &str) -> (f64, String) {
    let rows = read_mart(out, "channel_effects");
    let names = texts(&rows, "channel");
    let of_channel: Vec<usize> = (0..names.len()).filter(|&row| names[row].as_deref() == Some(channel)).collect();
    let effects = numbers(&rows, "effect");
    (of_channel.iter().map(|&row| effects[row]).sum(), texts(&rows, "evidence")[of_channel[0]].clone().unwrap())
}

#[test]
fn a_precise_experiment_is_followed_and_others_stay_as_observed() {
    let scratch = tempfile::tempdir().unwrap();
    let free = scratch.path().join("free");
    run(&demo_with("run = [\"linear\", \"incremental\"]", scratch.path()), &free, &["--quiet"]);
    let config = demo_with_experiments(",webinar,2025-02-01,2026-01-31,8,0.01,\n", scratch.path());
    let out = scratch.path().join("out");
    run(&config, &out, &["--quiet"]);
    let rows = read_mart(&out, "calibration");
    let cell = |name: &str| numbers(&rows, name)[0];
    assert_eq!((rows.num_rows(), cell("lift"), cell("standard_error")), (1, 8.0, 0.01));
    assert!(cell("before") < 6.0, "the model alone thinks less of webinars: {}", cell("before"));
    assert!((cell("after") - 8.0).abs() < 0.02, "{}", cell("after"));
    let ((before, observed), (after, calibrated)) = (effect(&free, "webinar"), effect(&out, "webinar"));
    assert!(after > before, "{after} > {before}");
    assert_eq!((observed.as_str(), calibrated.as_str()), ("observational", "experiment_calibrated"));
    assert_eq!(effect(&out, "email").1, "observational");
}

/// A lift in money is one in conversions at what an opportunity brings, whatever its lines; a campaign's speaks for its channel by its part of the touches.
#[test]
fn money_and_campaigns_are_translated() {
    let scratch = tempfile::tempdir().unwrap();
    let rows = ",webinar,2025-02-01,2026-01-31,100000,20000,money\nC-0035,,2025-02-01,2026-01-31,1,0.5,conversions\n";
    let config = demo_with_experiments(rows, scratch.path());
    let out = scratch.path().join("out");
    run(&config, &out, &["--quiet"]);
    let rows = read_mart(&out, "calibration");
    let (lifts, errors) = (numbers(&rows, "lift"), numbers(&rows, "standard_error"));
    let row =
        |campaign: Option<&str>| texts(&rows, "campaign_id").iter().position(|id| id.as_deref() == campaign).unwrap();
    let (money, campaign) = (row(None), row(Some("C-0035")));
    assert!((lifts[money] / errors[money] - 5.0).abs() < 1e-9, "the precision of a lift stays");
    // The window is the fiscal year 2026.
    let deals = read_mart(&out, "journeys");
    let (kinds, quarters, ids) =
        (texts(&deals, "kind"), texts(&deals, "close_quarter"), texts(&deals, "opportunity_id"));
    let is_in = |row: &usize| {
        quarters[*row].as_ref().unwrap().starts_with("FY26")
            && ["new", "expansion"].contains(&kinds[*row].as_deref().unwrap())
    };
    let closed: Vec<usize> = (0..deals.num_rows()).filter(is_in).collect();
    let cents: i128 = closed.iter().map(|&row| support::money(&deals, "amount")[row]).sum();
    let opportunities: BTreeSet<_> = closed.iter().map(|&row| &ids[row]).collect();
    assert!(opportunities.len() < closed.len(), "some have several lines");
    let expected = 100_000.0 / (cents as f64 / 100.0 / opportunities.len() as f64);
    assert!((lifts[money] / expected - 1.0).abs() < 1e-9, "{} instead of {expected}", lifts[money]);
    assert!((lifts[campaign] / errors[campaign] - 2.0).abs() < 1e-9);
    assert!(lifts[campaign] > 1.0, "the channel has other campaigns: {}", lifts[campaign]);
    assert!(texts(&rows, "channel").iter().all(|channel| channel.as_deref() == Some("webinar")));
}

#[test]
fn rows_that_cannot_be_used_are_set_aside() {
    let scratch = tempfile::tempdir().unwrap();
    let rows = ",,2025-02-01,2025-03-01,1,1,\n\
        ,webinar,2025-03-01,2025-02-01,1,1,\n\
        ,webinar,soon,2025-02-01,1,1,\n\
        ,webinar,2025-02-01,2025-03-01,much,1,\n\
        ,webinar,2025-02-01,2025-03-01,1,0,\n\
        ,webinar,2025-02-01,2025-03-01,1,1,likes\n\
        ,skywriting,2025-02-01,2025-03-01,1,1,\n";
    let config = demo_with_experiments(rows, scratch.path());
    let out = scratch.path().join("out");
    let printed = run(&config, &out, &[]);
    let rows = read_mart(&out, "set_aside");
    let (tables, reasons) = (texts(&rows, "table_name"), texts(&rows, "reason"));
    let mut found: Vec<&str> = tables
        .iter()
        .zip(&reasons)
        .filter(|(table, _)| table.as_deref() == Some("experiments"))
        .filter_map(|(_, reason)| reason.as_deref())
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        ["bad_date", "bad_number", "bad_number", "missing_campaign", "reversed_dates", "unknown_measure"]
    );
    assert!(
        printed.contains("note: the experiment on skywriting is not used: it has no touch in its window"),
        "{printed}"
    );
    assert_eq!(read_mart(&out, "calibration").num_rows(), 0);
}

/// The others go on: one before anything is known of conversions, and one on a channel that earns nothing anyway.
#[test]
fn experiments_that_say_nothing_are_named_and_leave_the_model_as_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let run_with = |rows: &str, name: &str| {
        let out = scratch.path().join(name);
        let printed = run(&demo_with_experiments(rows, scratch.path()), &out, &[]);
        (out, printed)
    };
    let useful = ",webinar,2025-02-01,2026-01-31,8,0.5,\n";
    let useless = ",organic_search,2025-02-01,2026-01-31,8,0.5,\n,email,2019-01-01,2019-02-01,8,0.5,\n\
                   ,event,2018-01-01,2025-06-30,8,0.5,\n,display,2025-02-01,2026-01-31,50000,1,\n";
    let (alone, _) = run_with(useful, "alone");
    let (beside, printed) = run_with(&format!("{useless}{useful}"), "beside");
    let printed = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(printed.contains("experiment on organic_search is not used: its channel is a control"), "{printed}");
    assert!(printed.contains("experiment on email is not used: "), "{printed}");
    let begun_early = "experiment on event is not used: no opportunity is as old as the first tenth of its window";
    assert!(printed.contains(begun_early), "{printed}");
    assert!(printed.contains("experiment on display is not used: its lift is more than all "), "{printed}");
    for mart in ["channel_effects", "calibration"] {
        assert_eq!(read_mart(&alone, mart), read_mart(&beside, mart), "{mart}");
    }
}

/// Also where nothing but the inputs says when the run is.
#[test]
fn an_experiment_that_is_not_over_has_measured_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let config = demo_with_experiments(",webinar,2025-02-01,2029-01-31,8,0.5,\n", scratch.path());
    let text = std::fs::read_to_string(&config).unwrap();
    let undated: String =
        text.lines().filter(|line| !line.starts_with("as_of")).map(|line| format!("{line}\n")).collect();
    assert_ne!(undated, text);
    std::fs::write(&config, undated).unwrap();
    let out = scratch.path().join("out");
    let printed = run(&config, &out, &[]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(printed.contains("experiment on webinar is not used: it is not over by the as-of date"), "{printed}");
    assert_eq!(read_mart(&out, "calibration").num_rows(), 0);
}
