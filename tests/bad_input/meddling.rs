//! Inputs that somebody changes while a run reads them: whatever it read, nothing is published.

use super::{World, snapshot};
use closedloop::config::{Overrides, Plan};
use closedloop::pipeline::{Progress, RunOptions, inspect, run, unchanged};
use std::fs;
use std::path::Path;

/// Changes an input when a stage begins.
struct Meddler<'a> {
    stage: &'static str,
    meddle: &'a (dyn Fn() + Sync),
}

impl Progress for Meddler<'_> {
    fn stage(&self, name: &str) {
        if name == self.stage {
            (self.meddle)();
        }
    }

    fn advance(&self, _rows: u64) {}
}

/// The sentence that a run ends with where touchpoints are changed when a stage begins; the earlier marts stay as they are.
fn refused(stage: &'static str, meddle: impl Fn(&Path) + Sync) -> String {
    let world = World::new();
    world.accepted();
    let marts = snapshot(&world.path("out"));
    let overrides = Overrides { out: Some(world.path("out")), as_of: None, intervals: None };
    let plan = Plan::load(&world.path("closedloop.toml"), overrides).unwrap();
    let touchpoints = world.path("touchpoints.csv");
    let progress = Meddler { stage, meddle: &|| meddle(&touchpoints) };
    let options = RunOptions { threads: 2, memory_limit: None, marts: None, overwrite: false, progress: &progress };
    let sentence = run(&plan, &options).unwrap_err().to_string();
    assert!(snapshot(&world.path("out")) == marts, "{sentence}");
    sentence.replace(&format!("{}/", world.folder.path().display()), "")
}

/// Findings about the half of a table would look as if they were about all of it.
#[test]
fn nor_does_a_check_tell_of_what_is_gone() {
    let world = World::new();
    world.accepted();
    let overrides = Overrides { out: Some(world.path("out")), as_of: None, intervals: None };
    let plan = Plan::load(&world.path("closedloop.toml"), overrides).unwrap();
    let progress = Meddler { stage: "scatter", meddle: &|| fs::remove_file(world.path("touchpoints.csv")).unwrap() };
    let sentence = unchanged(&plan, || inspect(&plan, 2, &progress)).unwrap_err().to_string();
    assert!(sentence.ends_with("leave the inputs in place while a run reads them"), "{sentence}");
}

const CHANGED: &str = "touchpoints.csv has changed since the run began; leave the inputs in place and run again";

#[test]
fn a_file_that_goes_away_is_not_read_as_one_without_rows() {
    for stage in ["load", "scatter", "credit"] {
        let sentence = refused(stage, |file| fs::remove_file(file).unwrap());
        assert!(sentence.starts_with("touchpoints.csv can no longer be read"), "{stage}: {sentence}");
        assert!(sentence.ends_with("leave the inputs in place while a run reads them"), "{stage}: {sentence}");
    }
}

#[test]
fn rows_that_come_and_go_are_no_faults_of_the_rows() {
    let cut = |file: &Path| {
        fs::write(file, "touch_id,touched_at,account_id,contact_id,campaign_id,channel,responded\nt1,2026").unwrap()
    };
    let appended = |file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, text + "t4,2026-02-02T10:00:00Z,A2,,C1,,true\n").unwrap();
    };
    for stage in ["load", "scatter", "publish"] {
        assert_eq!(refused(stage, cut), CHANGED, "{stage}");
        assert_eq!(refused(stage, appended), CHANGED, "{stage}");
    }
}

#[test]
fn another_file_with_the_same_rows_is_another_file() {
    let replaced = |file: &Path| {
        let other = file.with_extension("new");
        fs::copy(file, &other).unwrap();
        fs::rename(other, file).unwrap();
    };
    assert_eq!(refused("scatter", replaced), CHANGED);
}
