//! Set aside: rejected rows, kept with the reason, the text they had, and where they stand.

use crate::config::file::{Format, Table};
use crate::config::plan::Source;
use crate::engine::EngineError;
use crate::engine::line_breaks::with_plain_breaks;
use csv::StringRecord;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;

/// How many rows of a table were read and what became of them, in rows and in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// All rows read.
    pub read: Tally,
    /// Rows that took part.
    pub used: Tally,
    /// Rows that are right but do not matter to this run.
    pub out_of_scope: Tally,
    /// Rows rejected with a reason.
    pub set_aside: Tally,
    /// Used amounts that had more digits than the currency's minor unit.
    pub rounded: u64,
    /// Used accounts whose headcount is no whole number, and counts as none.
    pub uncounted: u64,
    /// Used deals whose kind is what the type of their opportunity says.
    pub kinds_of_type: u64,
}

/// Rows and the money on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of rows.
    pub rows: u64,
    /// Sum of their amounts, minor units; rows without a readable amount count zero.
    pub amount: i128,
}

/// One rejected row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetAsideRow {
    /// The table.
    pub table: Table,
    /// Why, from a closed list.
    pub reason: &'static str,
    /// The row's key, where it has one.
    pub key: Option<String>,
    /// Its amount in minor units, where it has one.
    pub amount: Option<i64>,
    /// The row as read.
    pub cells: Cells,
    /// The file it stands in (CSV).
    pub file: Option<String>,
    /// The line it starts on, from 1 (CSV).
    pub line: Option<u64>,
}

/// The cells of a row as they were read, in one piece of memory, since there may be millions of rows. They compare by their
/// texts, whatever the names; an empty text stands for none.
#[derive(Debug, Clone)]
pub struct Cells {
    names: Arc<[String]>,
    texts: StringRecord,
}

impl Cells {
    /// As many texts as names.
    pub fn new<'a>(names: &Arc<[String]>, texts: impl Iterator<Item = &'a str>) -> Self {
        Self { names: Arc::clone(names), texts: texts.collect() }
    }
}

impl Ord for Cells {
    fn cmp(&self, other: &Self) -> Ordering {
        self.texts.iter().cmp(other.texts.iter())
    }
}

impl PartialOrd for Cells {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cells {}

impl SetAsideRow {
    /// The first of some, as they stand in their files.
    pub fn first<'a>(rows: impl Iterator<Item = &'a Self>) -> Option<&'a Self> {
        rows.min_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)))
    }

    /// Where it stands, or at least its key.
    pub fn place(&self) -> Option<String> {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => Some(format!("{file} line {line}")),
            _ => self.key.clone(),
        }
    }

    /// Why and where, and what may help, as the end of a sentence about its table.
    pub fn reason_and_remedy(&self) -> String {
        let place = self.place().map_or_else(String::new, |place| format!(" at {place}"));
        let remedy = match self.reason {
            "bad_amount" => "; read_amount in a table's sql reads amounts such as $1,234.50",
            "bad_timestamp" => "; read_time in a table's sql reads dates such as 3/31/24",
            _ => "",
        };
        format!("{}{place}{remedy}", self.reason)
    }

    /// What is wrong with a table of which every row is set aside, this one first.
    pub fn why_none_can_be_used(&self, rows: u64) -> String {
        format!("none of its {rows} rows can be used, the first for {}", self.reason_and_remedy())
    }
}

/// Every reason for which a row can be set aside.
pub const REASONS: &[&str] = &[
    "missing_key",
    "missing_account",
    "missing_campaign",
    "missing_amount",
    "bad_timestamp",
    "bad_date",
    "bad_amount",
    "bad_flag",
    "bad_number",
    "reversed_dates",
    "unknown_kind",
    "unknown_measure",
    "orphan_account",
    "orphan_contact",
    "orphan_opportunity",
    "duplicate_key",
];

/// The reason as one of [`REASONS`].
pub fn reason(name: &str) -> &'static str {
    REASONS.iter().find(|known| **known == name).copied().unwrap_or("unknown")
}

/// Fills in file and line of rejected rows of a CSV source by reading it once more. Of equal rows the later ones are
/// taken to be the rejected ones.
///
/// # Errors
/// A file that cannot be read.
pub fn locate(source: &Source, rows: &mut [SetAsideRow]) -> Result<(), EngineError> {
    if source.format != Format::Csv || source.sql.is_some() || rows.is_empty() {
        return Ok(());
    }
    let mut wanted = Places::default();
    for row in rows.iter() {
        wanted.of(row.record());
    }
    for file in &source.files {
        source.read_records(file, |line, record| wanted.add(record, file, line))?;
    }
    for row in rows.iter_mut().rev() {
        if let Some((file, line)) = wanted.of(row.record()).pop() {
            row.file = file.file_name().map(|name| name.to_string_lossy().into_owned());
            row.line = Some(line);
        }
    }
    Ok(())
}

/// File and line of all records with certain texts.
#[derive(Default)]
struct Places<'a>(HashTable<(StringRecord, Vec<(&'a Path, u64)>)>);

impl<'a> Places<'a> {
    /// The places of a record that is, or will be, looked for.
    fn of(&mut self, record: StringRecord) -> &mut Vec<(&'a Path, u64)> {
        let entry = self.0.entry(hash(&record), |(known, _)| *known == record, |(known, _)| hash(known));
        &mut entry.or_insert_with(|| (record, Vec::new())).into_mut().1
    }

    /// Adds a place where a record stands, if it is looked for.
    fn add(&mut self, record: &StringRecord, file: &'a Path, line: u64) {
        if let Some((_, places)) = self.0.find_mut(hash(record), |(known, _)| known == record) {
            places.push((file, line));
        }
    }
}

fn hash(record: &StringRecord) -> u64 {
    FixedState::default().hash_one(record.as_slice())
}

impl SetAsideRow {
    /// The row as a JSON object of column → text.
    pub fn json(&self) -> String {
        let object: serde_json::Map<String, serde_json::Value> = self
            .cells
            .names
            .iter()
            .zip(&self.cells.texts)
            .map(|(name, text)| (name.clone(), if text.is_empty() { serde_json::Value::Null } else { text.into() }))
            .collect();
        serde_json::Value::Object(object).to_string()
    }

    /// The row as [`Source::read_records`] gives it.
    fn record(&self) -> StringRecord {
        self.cells.texts.iter().map(with_plain_breaks).collect()
    }
}
