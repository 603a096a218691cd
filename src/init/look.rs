//! What a folder holds: every readable file's header and first rows, as text.

mod csv_file;
mod parts;

use crate::config::file::Format;
use crate::config::plan::{CsvLayout, data_files, format_of, has_ending, unpacked};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use csv_file::look_at_csv;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
pub(super) use parts::{are_alike, pattern_of};
use parts::{join_parts, pooled};
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
    /// How it is laid out, if it is CSV.
    pub(super) layout: CsvLayout,
    /// What is said above the header and below the rows, line by line.
    pub(super) around: Vec<String>,
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

fn look_at(file: &Path) -> Result<Look, String> {
    let Some(format) = format_of(file) else {
        let excel = ["xlsx", "xls", "ods"].iter().any(|ending| has_ending(file, ending));
        return Err(
            if excel { "is a spreadsheet; save it as CSV" } else { "is none of CSV, TSV, Parquet, NDJSON" }.into()
        );
    };
    let Seen { layout, around, headers, mut rows } = match format {
        Format::Csv => look_at_csv(file)?,
        Format::Parquet => look_at_parquet(file)?,
        Format::Ndjson => look_at_ndjson(file)?,
    };
    if let Some(name) =
        headers.iter().enumerate().find(|(at, name)| headers[..*at].contains(name)).map(|(_, name)| name)
    {
        return Err(match name.as_str() {
            "" => "has columns without a name; name them, or take out what stands above the header".to_owned(),
            _ => format!("has two columns \"{name}\"; rename one"),
        });
    }
    let whole = rows.len() <= SAMPLE;
    rows.truncate(SAMPLE);
    Ok(Look { path: String::new(), typed: format != Format::Csv, layout, around, headers, rows, whole })
}

/// What is seen of a file.
#[derive(Debug)]
struct Seen {
    layout: CsvLayout,
    around: Vec<String>,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Seen {
    /// Of a file that is no CSV.
    fn typed(headers: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        Self { layout: CsvLayout::plain(b','), around: Vec::new(), headers, rows }
    }
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
    Ok(Seen::typed(headers, rows))
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
    if headers.is_empty() { Err("is empty".to_owned()) } else { Ok(Seen::typed(headers, rows)) }
}
