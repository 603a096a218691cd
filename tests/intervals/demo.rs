//! The demo company with changes, and worlds of a few rows.

use crate::support::{project, run};
use std::cell::Cell;
use std::path::PathBuf;

/// A copy of the demo's configuration that reads the demo's files.
pub struct Demo {
    folder: tempfile::TempDir,
    runs: Cell<usize>,
}

impl Demo {
    pub fn new() -> Self {
        let text = std::fs::read_to_string(project("fixtures/demo/closedloop.toml")).unwrap();
        let demo = project("fixtures/demo").to_string_lossy().into_owned();
        Self::of(&text.replace("path = \"", &format!("path = \"{demo}/")))
    }

    fn of(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("closedloop.toml"), config).unwrap();
        Self { folder, runs: Cell::new(0) }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("closedloop.toml")
    }

    /// The same with a part of the configuration replaced.
    pub fn with_config(&self, from: &str, to: &str) -> Self {
        let text = std::fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "the configuration has no {from}");
        Self::of(&text.replacen(from, to, 1))
    }

    /// The same without contacts, so that no lead creation is known.
    pub fn without_contacts(&self) -> Self {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let (before, rest) = text.split_once("[tables.contacts]").unwrap();
        let (_, after) = rest.split_once("[tables.campaigns]").unwrap();
        Self::of(&format!("{before}[tables.campaigns]{after}"))
    }

    /// The same with the amount of every deal changed.
    pub fn with_amounts(&self, change: impl Fn(&str) -> String) -> Self {
        let from = project("fixtures/demo/deals.csv");
        let to = self.folder.path().join("deals.csv");
        let mut reader = csv::Reader::from_path(&from).unwrap();
        let header = reader.headers().unwrap().clone();
        let amount = header.iter().position(|name| name == "amount").unwrap();
        let mut writer = csv::Writer::from_path(&to).unwrap();
        writer.write_record(&header).unwrap();
        for record in reader.records().map(Result::unwrap) {
            let fields = record.iter().enumerate();
            writer
                .write_record(
                    fields.map(|(column, text)| if column == amount { change(text) } else { text.to_owned() }),
                )
                .unwrap();
        }
        writer.flush().unwrap();
        self.with_config(&from.to_string_lossy(), &to.to_string_lossy())
    }

    /// Runs and returns the output folder.
    pub fn run(&self, arguments: &[&str]) -> PathBuf {
        self.runs.set(self.runs.get() + 1);
        let out = self.folder.path().join(format!("out{}", self.runs.get()));
        run(&self.config(), &out, arguments);
        out
    }
}

/// A company of accounts a1 to a3, each with one opportunity, under the linear model: campaign c1 of channel email, with a
/// spend of 350, and c2 and c3 of channel other.
pub fn world(deals: &str, touches: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let opportunities = "opportunity_id,account_id,created_at,stage,is_won\n\
        o1,a1,2026-01-20,Won,true\no2,a2,2026-01-20,Won,true\no3,a3,2026-01-20,Won,true\n";
    let tables = [
        ("touchpoints", touches),
        ("opportunities", opportunities),
        ("deals", deals),
        ("campaigns", "campaign_id,channel\nc1,email\nc2,other\nc3,other\n"),
        ("spend", "campaign_id,date,amount\nc1,2026-02-01,350.00\n"),
    ];
    let mut config = String::new();
    for (table, rows) in tables {
        std::fs::write(folder.path().join(table).with_extension("csv"), rows).unwrap();
        config += &format!("[tables.{table}]\npath = \"{table}.csv\"\n");
    }
    config += "[models]\nrun = [\"linear\"]\n";
    std::fs::write(folder.path().join("closedloop.toml"), config).unwrap();
    folder
}
