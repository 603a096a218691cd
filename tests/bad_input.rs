//! Bad input: a small correct company of which every test breaks one thing. Either the run is refused with one sentence
//! and nothing on disk changes, or it goes on and every row and every cent of the input is accounted for.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with it")]

#[path = "bad_input/as_of.rs"]
mod as_of;
#[path = "bad_input/collapsed.rs"]
mod collapsed;
#[path = "bad_input/exports.rs"]
mod exports;
#[path = "bad_input/files.rs"]
mod files;
#[path = "bad_input/findings.rs"]
mod findings;
#[path = "bad_input/formats.rs"]
mod formats;
#[path = "bad_input/layouts.rs"]
mod layouts;
#[path = "bad_input/marts.rs"]
mod marts;
#[path = "bad_input/meddling.rs"]
mod meddling;
#[path = "bad_input/money.rs"]
mod money;
#[path = "bad_input/output.rs"]
mod output;
#[path = "bad_input/parts.rs"]
mod parts;
#[path = "bad_input/remarks.rs"]
mod remarks;
#[path = "bad_input/rows.rs"]
mod rows;
#[path = "bad_input/settings.rs"]
mod settings;
#[path = "bad_input/sql.rs"]
mod sql;

use crate::support::{self, closedloop, read_mart, texts};
use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tempfile::TempDir;

/// Two accounts with one deal each: 1000.00 after the touches t1 and t2, 500.00 after t3.
const COMPANY: [(&str, &str); 7] = [
    ("accounts", "account_id,name\nA1,Acme\nA2,Bolt\n"),
    ("campaigns", "campaign_id,name,channel\nC1,Search,paid_search\nC2,Webinar,webinar\n"),
    ("contacts", "contact_id,account_id,created_at\nP1,A1,2026-01-10\n"),
    (
        "touchpoints",
        "touch_id,touched_at,account_id,contact_id,campaign_id,channel,responded\n\
         t1,2026-01-05T10:00:00Z,A1,P1,C1,,true\n\
         t2,2026-01-20T10:00:00Z,A1,,C2,,true\n\
         t3,2026-02-01T10:00:00Z,A2,,C1,,true\n",
    ),
    (
        "opportunities",
        "opportunity_id,account_id,created_at,stage,is_won,closed_at\n\
         O1,A1,2026-02-01,Closed Won,true,2026-03-01\n\
         O2,A2,2026-02-10,Closed Won,true,2026-03-05\n",
    ),
    (
        "deals",
        "deal_id,opportunity_id,closed_at,amount,kind\n\
         D1,O1,2026-03-01,1000.00,new\n\
         D2,O2,2026-03-05,500.00,new\n",
    ),
    ("spend", "campaign_id,date,amount\nC1,2026-01-01,100.00\nC2,2026-01-02,50.00\n"),
];

/// The company in a folder of its own, until now unbroken.
struct World {
    folder: Arc<TempDir>,
    sources: BTreeMap<&'static str, String>,
    settings: String,
}

impl World {
    fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut sources = BTreeMap::new();
        for (table, text) in COMPANY {
            fs::write(folder.path().join(format!("{table}.csv")), text).unwrap();
            sources.insert(table, format!("path = \"{table}.csv\""));
        }
        Self { folder, sources, settings: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, a table's or any other.
    fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// Appends rows to a table.
    fn rows(self, table: &str, rows: &str) -> Self {
        let name = format!("{table}.csv");
        let text = fs::read_to_string(self.path(&name)).unwrap() + rows;
        self.file(&name, text)
    }

    /// Replaces text of a table.
    fn replace(self, table: &str, from: &str, to: &str) -> Self {
        let name = format!("{table}.csv");
        let text = fs::read_to_string(self.path(&name)).unwrap();
        assert!(text.contains(from), "{table} has no {from}");
        self.file(&name, text.replace(from, to))
    }

    /// Sets the lines under `[tables.<table>]`.
    fn source(mut self, table: &'static str, lines: &str) -> Self {
        self.sources.insert(table, lines.to_owned());
        self
    }

    /// Takes a table out of the configuration.
    fn without(mut self, table: &str) -> Self {
        self.sources.remove(table).unwrap();
        self
    }

    /// Adds lines at the head of the configuration, so that a test knows on which line they stand.
    fn settings(mut self, lines: &str) -> Self {
        self.settings = format!("{lines}\n");
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut config = self.settings.clone();
        if !config.contains("[models]") {
            config.push_str("[models]\nrun = [\"linear\"]\n");
        }
        for (table, lines) in &self.sources {
            config.push_str(&format!("[tables.{table}]\n{lines}\n"));
        }
        fs::write(self.path("closedloop.toml"), config).unwrap();
        let mut command = closedloop();
        command.arg("run").arg(self.path("closedloop.toml")).args(arguments);
        command
    }

    /// The sentence with which the run is refused. Nothing in the folder changes, be there an earlier output or none.
    fn refused(&self) -> String {
        self.refused_with(&[])
    }

    fn refused_with(&self, arguments: &[&str]) -> String {
        let earlier = self.path("earlier");
        if !earlier.exists() {
            copy(&unbroken().out, &earlier);
        }
        let sentences = ["out", "earlier"].map(|out| {
            let out = self.path(out);
            self.refused_as_is(&[arguments, &["--out", out.to_str().unwrap()]].concat())
        });
        assert_eq!(sentences[0], sentences[1]);
        sentences.into_iter().next().unwrap()
    }

    /// The same, with exactly these arguments.
    fn refused_as_is(&self, arguments: &[&str]) -> String {
        let mut command = self.command(arguments);
        let before = snapshot(self.folder.path());
        let assert = command.assert().code(2).stdout("");
        assert!(snapshot(self.folder.path()) == before, "the run was refused and yet changed the disk");
        let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        let sentence = stderr.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n')).unwrap();
        for jargon in ["\n", "Arrow", "DataFusion", "datafusion", " error: ", "Error", "panicked", "RUST_BACKTRACE"] {
            assert!(!sentence.contains(jargon), "{jargon:?} in: {sentence}");
        }
        sentence.replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// What came of a run that accepts the input. Every row and every cent of it is accounted for.
    fn accepted(&self) -> Accepted {
        self.accepted_with(&[])
    }

    fn accepted_with(&self, arguments: &[&str]) -> Accepted {
        let mut command = self.command(arguments);
        let is_elsewhere = |path: &PathBuf| !path.starts_with("out");
        let elsewhere = || snapshot(self.folder.path()).into_iter().filter(|(path, _)| is_elsewhere(path));
        let before: Vec<_> = elsewhere().collect();
        let assert = command.assert().success();
        assert_eq!(String::from_utf8_lossy(&assert.get_output().stderr), "");
        assert!(elsewhere().eq(before), "something beside the output folder has changed");
        let out = self.path("out");
        let manifest = serde_json::from_slice(&fs::read(out.join("manifest.json")).unwrap()).unwrap();
        let accepted = Accepted { _world: Arc::clone(&self.folder), out, manifest };
        accepted.check_accounts();
        accepted
    }
}

/// The output of a run; keeps its folder.
struct Accepted {
    _world: Arc<TempDir>,
    out: PathBuf,
    manifest: Value,
}

impl Accepted {
    /// Rows of a table: read, used, out of scope, set aside.
    fn rows(&self, table: &str) -> [i64; 4] {
        self.counts(table, "rows")
    }

    /// Minor units of a table: read, used, out of scope, set aside.
    fn amounts(&self, table: &str) -> [i64; 4] {
        self.counts(table, "amount")
    }

    fn counts(&self, table: &str, what: &str) -> [i64; 4] {
        ["read", "used", "out_of_scope", "set_aside"]
            .map(|part| self.manifest["tables"][table][part][what].as_i64().unwrap())
    }

    /// The rejected rows as `table reason key amount file:line`, sorted.
    fn set_aside(&self) -> Vec<String> {
        let columns = ["table_name", "reason", "key", "amount", "file", "line"];
        let rows = read_mart(&self.out, "set_aside");
        let columns = columns.map(|column| texts(&rows, column));
        let cell = |column: usize, row: usize| columns[column][row].as_deref().unwrap_or("-").to_owned();
        let mut lines: Vec<String> = (0..rows.num_rows())
            .map(|row| {
                let [table, reason, key, amount, file, line] = [0, 1, 2, 3, 4, 5].map(|column| cell(column, row));
                format!("{table} {reason} {key} {amount} {file}:{line}")
            })
            .collect();
        lines.sort();
        lines
    }

    /// Two columns of a mart as key → text of the value, null as "-".
    fn column(&self, mart: &str, key: &str, value: &str) -> BTreeMap<String, String> {
        let rows = read_mart(&self.out, mart);
        let plain = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        texts(&rows, key).into_iter().map(plain).zip(texts(&rows, value).into_iter().map(plain)).collect()
    }

    /// What the linear model gives every touch.
    fn credits(&self) -> BTreeMap<String, String> {
        self.column("touch_credits", "touch_id", "linear_amount")
    }

    fn remarks(&self) -> Vec<&str> {
        self.manifest["remarks"].as_array().unwrap().iter().map(|remark| remark.as_str().unwrap()).collect()
    }

    fn booked(&self) -> i64 {
        self.manifest["booked"].as_i64().unwrap()
    }

    /// The files of all marts but the one that counts what was read.
    fn marts(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut files = snapshot(&self.out);
        files.remove(Path::new("manifest.json")).unwrap();
        files.retain(|path, _| !path.starts_with("input_reconciliation"));
        files
    }

    /// Read = used + out of scope + set aside, in rows and in money; the rejected rows are all there; the books close.
    fn check_accounts(&self) {
        let rejected = read_mart(&self.out, "set_aside");
        let rejected_of = texts(&rejected, "table_name");
        let rejected_money = support::money(&rejected, "amount");
        for table in self.manifest["tables"].as_object().unwrap().keys() {
            let ([rows, rows_used, rows_out, rows_aside], [money, money_used, money_out, money_aside]) =
                (self.rows(table), self.amounts(table));
            assert_eq!(rows, rows_used + rows_out + rows_aside, "{table}: rows");
            assert_eq!(money, money_used + money_out + money_aside, "{table}: money");
            let of_table = (0..rejected.num_rows()).filter(|&row| rejected_of[row].as_deref() == Some(table));
            let money: i128 = of_table.clone().map(|row| rejected_money[row]).sum();
            assert_eq!(i64::try_from(of_table.count()), Ok(rows_aside), "{table}: rows of set_aside");
            assert_eq!(money, i128::from(money_aside), "{table}: money of set_aside");
        }
        let books = read_mart(&self.out, "reconciliation");
        assert!(support::money(&books, "difference").iter().all(|difference| *difference == 0));
        assert_eq!(support::money(&books, "booked").iter().sum::<i128>(), i128::from(self.booked()));
    }
}

/// The output of a run over the unbroken company.
fn unbroken() -> &'static Accepted {
    static UNBROKEN: OnceLock<Accepted> = OnceLock::new();
    UNBROKEN.get_or_init(|| World::new().accepted())
}

/// Everything below a folder by its path: a file's bytes, or nothing for a folder.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(folder).unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
                found.insert(relative, None);
            } else {
                found.insert(relative, Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for (path, bytes) in snapshot(from) {
        match bytes {
            None => fs::create_dir(to.join(path)).unwrap(),
            Some(bytes) => fs::write(to.join(path), bytes).unwrap(),
        }
    }
}

#[test]
fn the_company_is_unbroken() {
    let accepted = World::new().accepted();
    assert_eq!(accepted.set_aside(), Vec::<String>::new());
    assert_eq!(accepted.amounts("deals"), [150_000, 150_000, 0, 0]);
    assert_eq!(accepted.amounts("spend"), [15_000, 15_000, 0, 0]);
    let expected = [("t1", "500.00"), ("t2", "500.00"), ("t3", "500.00")];
    assert_eq!(accepted.credits(), expected.map(|(touch, amount)| (touch.to_owned(), amount.to_owned())).into());
}
