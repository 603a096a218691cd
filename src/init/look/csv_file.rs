//! A look at a CSV file.

use super::{SAMPLE, Seen, unreadable};
use crate::config::plan::{delimiter_of, unpacked};
use crate::engine::stray_quote;
use csv::StringRecord;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

pub(super) fn look_at_csv(file: &Path) -> Result<Seen, String> {
    let mut first = Vec::new();
    BufReader::new(unpacked(file).map_err(unreadable)?).read_until(b'\n', &mut first).map_err(unreadable)?;
    if first.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty; a header line is needed".to_owned());
    }
    if let Some(separator) = separator_line(&first) {
        return Err(format!("begins with \"{separator}\", which is for spreadsheets; remove line 1"));
    }
    let count = |delimiter: u8| first.iter().filter(|byte| **byte == delimiter).count();
    let delimiter = b",;\t|".iter().copied().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',');
    if let Some(fault) = stray_quote(file, delimiter).map_err(unreadable)? {
        return Err(fault);
    }
    // The line break at the end lets every record have one.
    let bytes = unpacked(file).map_err(unreadable)?.chain(&b"\n"[..]);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|error| fault(&error))?;
    let headers: Vec<String> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let (mut rows, mut record) = (Vec::new(), StringRecord::new());
    while rows.len() <= SAMPLE && reader.read_record(&mut record).map_err(|error| fault(&error))? {
        if record.len() != headers.len() {
            let line = line_of(file, reader.position().byte(), &record).map_err(unreadable)?;
            return Err(unequal(line, record.len(), headers.len()));
        }
        rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(((delimiter != delimiter_of(file)).then_some(char::from(delimiter)), headers, rows))
}

/// The line by which a spreadsheet knows the delimiter, as `sep=;`.
fn separator_line(first: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(first);
    let line = line.trim_start_matches('\u{feff}').trim_matches(|c: char| c == '"' || c == '\r' || c == '\n');
    let has_one = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("sep=")) && line.chars().count() <= 5;
    has_one.then(|| line.to_owned())
}

fn fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; save it as UTF-8".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// The line on which a record starts, counted back from its end, for blank lines may stand before it.
fn line_of(file: &Path, end: u64, record: &StringRecord) -> std::io::Result<usize> {
    let breaks = record.as_slice().bytes().filter(|byte| *byte == b'\n').count();
    let before = BufReader::new(unpacked(file)?.take(end - 1)).bytes();
    let breaks_before = before.filter(|byte| matches!(byte, Ok(b'\n'))).count();
    Ok(breaks_before + 1 - breaks)
}

fn unequal(line: usize, found: usize, expected: usize) -> String {
    let cells = if found == 1 { "cell" } else { "cells" };
    format!(
        "line {line} has {found} {cells} and the first line {expected}; take out titles and totals around the table, or \
         quote cells that hold the delimiter"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, text).unwrap();
        look_at_csv(&file).unwrap_err()
    }

    #[test]
    fn lines_are_counted_with_blank_ones_and_those_within_cells() {
        for (text, line) in [
            ("a,b\n1,2\n\n\nend\n", 5),
            ("a,b\r\n1,2\r\n\r\nend\r\n", 4),
            ("a,b\n\"1\n1\",2\nend", 4),
            ("a,b\n\"1\n1\",2,3\n", 2),
        ] {
            let said = refusal(text);
            assert!(said.starts_with(&format!("line {line} has ")), "{text:?}: {said}");
        }
    }

    #[test]
    fn a_line_for_spreadsheets_is_named() {
        for text in ["sep=;\na;b\n", "\u{feff}\"sep=,\"\r\na,b\r\n"] {
            let said = refusal(text);
            assert!(said.starts_with("begins with \"sep=") && said.ends_with("remove line 1"), "{said}");
        }
    }
}
