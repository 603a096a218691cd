//! What a folder holds: every readable file's header and first rows, as text.

use crate::config::file::Format;
use crate::config::plan::{data_files, delimiter_of, format_of, has_ending, unpacked};
use crate::engine::stray_quote;
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Rows looked at in each file.
const SAMPLE: usize = 10_000;

/// A source as the configuration can name it: a file, a folder of equal files, or a pattern.
#[derive(Debug)]
pub(super) struct Look {
    /// Relative to the folder looked at.
    pub(super) path: String,
    /// Whether its columns have types; those of CSV are text.
    pub(super) typed: bool,
    /// CSV field separator, where it is not what the name of the file says.
    pub(super) delimiter: Option<char>,
    pub(super) headers: Vec<String>,
    /// The first rows; a blank cell is empty.
    pub(super) rows: Vec<Vec<String>>,
    /// Whether these are all rows.
    pub(super) whole: bool,
}

/// Something in the folder that cannot be used, and why.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) path: String,
    pub(super) why: String,
}

impl Look {
    /// A cell without blanks around it; empty where the row has none.
    pub(super) fn cell<'a>(&'a self, row: &'a [String], header: &str) -> &'a str {
        let position = self.headers.iter().position(|name| name == header);
        position.and_then(|position| row.get(position)).map_or("", |cell| cell.trim())
    }

    /// The non-blank cells of a column.
    pub(super) fn values<'a>(&'a self, header: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let position = self.headers.iter().position(|name| name == header);
        let cells = self.rows.iter().filter_map(move |row| row.get(position?)).map(|cell| cell.trim());
        cells.filter(|cell| !cell.is_empty())
    }

    /// How many rows were looked at, in words.
    pub(super) fn looked_at(&self) -> String {
        let rows = self.rows.len();
        if self.whole { format!("all {rows} rows") } else { format!("the first {rows} rows") }
    }
}

/// Looks at the files of a folder, and at its subfolders as far as all their files are alike.
pub(super) fn look(folder: &Path) -> std::io::Result<(Vec<Look>, Vec<Unusable>)> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    entries.sort();
    let (mut looks, mut unusable) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = name_of(&entry);
        // Pipes and the like may have no end.
        if path.starts_with('.') || !(entry.is_file() || entry.is_dir()) {
            continue;
        }
        let seen = if entry.is_dir() { look_at_parts(&entry) } else { Some(look_at(&entry)) };
        match seen {
            Some(Ok(look)) => looks.push(Look { path, ..look }),
            Some(Err(why)) => unusable.push(Unusable { path, why }),
            None => {}
        }
    }
    let names: Vec<String> = looks.iter().map(|look| look.path.clone()).collect();
    Ok((join_parts(looks, &names), unusable))
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A folder of files that share their header. Any other folder, as a run's output, is none of our business.
fn look_at_parts(folder: &Path) -> Option<Result<Look, String>> {
    let files = match data_files(folder) {
        Ok(files) => files,
        Err(error) => return Some(Err(format!("cannot be listed: {error}"))),
    };
    let parts: Vec<Look> = files.iter().map(|file| look_at(file).ok()).collect::<Option<_>>()?;
    let (first, rest) = parts.split_first()?;
    rest.iter().all(|part| are_alike(first, part)).then(|| Ok(pooled(parts)))
}

/// Whether two files can be parts of one table.
fn are_alike(a: &Look, b: &Look) -> bool {
    (&a.headers, a.delimiter, a.typed) == (&b.headers, b.delimiter, b.typed)
}

/// The parts of a table, of which there is one at least, as one: each shows as many of its rows.
fn pooled(mut parts: Vec<Look>) -> Look {
    let of_each = (SAMPLE / parts.len()).max(1);
    let whole = parts.len() == 1 && parts[0].whole;
    let rows = parts.iter_mut().flat_map(|part| part.rows.drain(..part.rows.len().min(of_each))).collect();
    Look { rows, whole, ..parts.swap_remove(0) }
}

fn look_at(file: &Path) -> Result<Look, String> {
    let Some(format) = format_of(file) else {
        let excel = ["xlsx", "xls", "ods"].iter().any(|ending| has_ending(file, ending));
        return Err(
            if excel { "is a spreadsheet; save it as CSV" } else { "is none of CSV, TSV, Parquet, NDJSON" }.into()
        );
    };
    let (delimiter, headers, mut rows) = match format {
        Format::Csv => look_at_csv(file)?,
        Format::Parquet => look_at_parquet(file)?,
        Format::Ndjson => look_at_ndjson(file)?,
    };
    if let Some(name) =
        headers.iter().enumerate().find(|(at, name)| headers[..*at].contains(name)).map(|(_, name)| name)
    {
        return Err(match name.as_str() {
            "" => "has columns without a name; name them, or take out a title above the header".to_owned(),
            _ => format!("has two columns \"{name}\"; rename one"),
        });
    }
    let whole = rows.len() <= SAMPLE;
    rows.truncate(SAMPLE);
    Ok(Look { path: String::new(), typed: format != Format::Csv, delimiter, headers, rows, whole })
}

type Seen = (Option<char>, Vec<String>, Vec<Vec<String>>);

fn look_at_csv(file: &Path) -> Result<Seen, String> {
    let mut first = Vec::new();
    BufReader::new(unpacked(file).map_err(unreadable)?).read_until(b'\n', &mut first).map_err(unreadable)?;
    if first.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty; a header line is needed".to_owned());
    }
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    let delimiter = b",;\t|".iter().copied().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
    if let Some(fault) = stray_quote(file, delimiter).map_err(unreadable)? {
        return Err(fault);
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(unpacked(file).map_err(unreadable)?);
    let fault = |error: &csv::Error| match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; save it as UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or_else(String::new, |pos| format!("line {}", pos.line()));
            format!(
                "{line} has {len} cells and the first line {expected_len}; take out titles and totals around the table, or \
                 quote cells that hold the delimiter"
            )
        }
        _ => format!("cannot be read: {error}"),
    };
    let headers = reader.headers().map_err(|error| fault(&error))?;
    let headers: Vec<String> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let rows = reader.records().take(SAMPLE + 1).map(|record| {
        let record = record.map_err(|error| fault(&error))?;
        Ok(record.iter().map(str::to_owned).collect())
    });
    let rows = rows.collect::<Result<_, String>>()?;
    Ok(((delimiter != delimiter_of(file)).then_some(char::from(delimiter)), headers, rows))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: std::io::Error) -> String {
    format!("cannot be read: {error}")
}

fn look_at_parquet(file: &Path) -> Result<Seen, String> {
    let fault = |_| "is not a whole Parquet file; write it again".to_owned();
    let opened = File::open(file).map_err(unreadable)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(fault)?;
    let headers = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches = reader.with_batch_size(SAMPLE + 1).with_limit(SAMPLE + 1).build().map_err(fault)?;
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.map_err(|error| fault(error.into()))?;
        // Nested columns have no text; nothing is read from them.
        let columns: Vec<_> = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).ok()).collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cell = |column: &arrow::array::ArrayRef| {
                let column = column.as_string::<i32>();
                if arrow::array::Array::is_null(column, row) { String::new() } else { column.value(row).to_owned() }
            };
            columns.iter().map(|column| column.as_ref().map_or_else(String::new, cell)).collect()
        }));
    }
    Ok((None, headers, rows))
}

fn look_at_ndjson(file: &Path) -> Result<Seen, String> {
    let mut headers: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for line in BufReader::new(unpacked(file).map_err(unreadable)?).lines().take(SAMPLE + 1) {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&line).map_err(|_| "does not hold one JSON object a line".to_owned())?;
        let mut row = vec![String::new(); headers.len()];
        for (name, value) in object {
            let position = headers.iter().position(|known| *known == name).unwrap_or(headers.len());
            if position == headers.len() {
                headers.push(name);
                row.push(String::new());
            }
            row[position] = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
        }
        rows.push(row);
    }
    if headers.is_empty() { Err("is empty".to_owned()) } else { Ok((None, headers, rows)) }
}

/// Files that differ only in the digits of their names and share their header are one source, named by a pattern.
fn join_parts(looks: Vec<Look>, names: &[String]) -> Vec<Look> {
    let mut joined: Vec<Look> = Vec::new();
    let has_digit = |path: &str| path.contains(|c: char| c.is_ascii_digit());
    let without_digits = |path: &str| path.replace(|c: char| c.is_ascii_digit(), "");
    let mut groups: Vec<Vec<Look>> = Vec::new();
    for look in looks {
        let same = |group: &&mut Vec<Look>| {
            has_digit(&look.path)
                && without_digits(&group[0].path) == without_digits(&look.path)
                && has_digit(&group[0].path)
                && are_alike(&group[0], &look)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(look),
            None => groups.push(vec![look]),
        }
    }
    for mut group in groups {
        let pattern = pattern(&group.iter().map(|look| look.path.as_str()).collect::<Vec<_>>());
        let matches =
            glob::Pattern::new(&pattern).map_or(0, |pattern| names.iter().filter(|name| pattern.matches(name)).count());
        if group.len() > 1 && matches == group.len() {
            joined.push(Look { path: pattern, ..pooled(group) });
        } else {
            joined.append(&mut group);
        }
    }
    joined
}

/// What names have in common at both ends, with a star between.
fn pattern(names: &[&str]) -> String {
    let (first, rest) = (names[0], &names[1..]);
    let shared = |matches: fn(&str, &str) -> usize| rest.iter().map(|name| matches(first, name)).min().unwrap_or(0);
    let start = shared(|a, b| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b && a.is_ascii()).count());
    let end = shared(|a, b| a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b && a.is_ascii()).count());
    let end = end.min(first.len() - start);
    format!("{}*{}", &first[..start], &first[first.len() - end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_keeps_both_ends() {
        assert_eq!(pattern(&["touches_2024.csv", "touches_2025.csv"]), "touches_202*.csv");
        assert_eq!(pattern(&["a1.csv", "a11.csv"]), "a1*.csv");
    }
}
