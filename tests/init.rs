//! `init`: a folder of exports becomes a configuration that runs; what it cannot decide it says and marks.

#[path = "init/amounts.rs"]
mod amounts;
#[path = "init/doubts.rs"]
mod doubts;
#[path = "init/files.rs"]
mod files;
#[path = "init/layouts.rs"]
mod layouts;
#[path = "init/plain.rs"]
mod plain;
#[path = "init/reports.rs"]
mod reports;
#[path = "init/shapes.rs"]
mod shapes;
#[path = "init/systems.rs"]
mod systems;
#[path = "init/times.rs"]
mod times;

use crate::support::{closedloop, copy_of, outside_data, project};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Runs `init` on a folder and returns what it printed, having checked that it marks what it could not decide.
fn init(folder: &Path) -> String {
    let output = closedloop().arg("init").arg(folder).assert().success().get_output().stdout.clone();
    let printed = String::from_utf8(output).unwrap();
    check_marks(&printed, &config_text(folder));
    printed
}

fn config_text(folder: &Path) -> String {
    fs::read_to_string(folder.join("closedloop.toml")).unwrap()
}

/// Every undecided line that is printed stands in the configuration below a mark with the same words, and the reverse.
fn check_marks(printed: &str, config: &str) {
    let lines: Vec<&str> = config.lines().collect();
    let mut announced = 0;
    for line in printed.lines().filter_map(|line| line.strip_prefix("  line ")) {
        let (number, message) = line.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        let marks = lines[..number - 1].iter().rev().take_while(|line| line.contains("DECIDE: "));
        assert!(marks.into_iter().any(|mark| mark.ends_with(message.trim())), "line {number}: {message}\n{config}");
        announced += 1;
    }
    assert_eq!(announced, lines.iter().filter(|line| line.contains("DECIDE: ")).count(), "{printed}\n{config}");
}

/// Runs a configuration and returns the manifest, having checked that every row is accounted for.
fn run(config: &Path) -> Value {
    let out = config.parent().unwrap().join("out");
    crate::support::run(config, &out, &["--quiet"]);
    let manifest: Value = serde_json::from_str(&fs::read_to_string(out.join("manifest.json")).unwrap()).unwrap();
    for (table, counts) in manifest["tables"].as_object().unwrap() {
        let rows = |part: &str| counts[part]["rows"].as_u64().unwrap();
        assert_eq!(rows("read"), rows("used") + rows("out_of_scope") + rows("set_aside"), "{table}");
    }
    manifest
}

fn read_rows(manifest: &Value, table: &str) -> u64 {
    manifest["tables"][table]["read"]["rows"].as_u64().unwrap_or_else(|| panic!("{table} was not read"))
}

/// Cents of the deals that earned credit under the default model.
fn attributed(config: &Path) -> i128 {
    use crate::support::{money, read_mart};
    let out = config.parent().unwrap().join("out");
    money(&read_mart(&out, "touch_credits"), "w_shaped_amount").iter().sum()
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

const OPPORTUNITIES: &str = "Opp ID,Account ID,Created,Close Date,Stage,Value\n";

/// What a second `init` of a folder says.
fn again(folder: &Path) -> String {
    fs::remove_file(folder.join("closedloop.toml")).unwrap();
    init(folder)
}

/// Exports of touches and opportunities, the latter of this text, and what `init` says of them.
fn said_of(name: &str, opportunities: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "touches.csv", "touch_id,touched_at,account_id,channel\nt1,2024-01-05,A1,email\n");
    write(folder.path(), name, opportunities);
    let printed = init(folder.path());
    (folder, printed)
}
