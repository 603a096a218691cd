//! A look at a CSV file.

use super::{SAMPLE, Seen, unreadable};
use crate::config::plan::{CsvLayout, delimiter_of};
use crate::engine::stray_quote;
use csv::{Reader, StringRecord};
use encoding_rs::{Encoding, WINDOWS_1252};
use std::cmp::Reverse;
use std::io::Read;
use std::path::Path;

/// Lines above a header, and below rows, that are looked through.
const MOST_AROUND: usize = 40;
/// Records by which a header is told from a title.
const GLANCE: usize = 100;
/// What may stand between cells, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// What spreadsheets of Western languages write where it is not UTF-8.
const USUAL_ENCODING: &Encoding = WINDOWS_1252;

pub(super) fn look_at_csv(file: &Path) -> Result<Seen, String> {
    match look_in(file, None) {
        Err(Fault::NotUtf8) => look_in(file, Some(USUAL_ENCODING)),
        seen => seen,
    }
    .map_err(|fault| match fault {
        Fault::NotUtf8 => "is not UTF-8; save it as UTF-8".to_owned(),
        Fault::Other(why) => why,
    })
}

enum Fault {
    NotUtf8,
    Other(String),
}

impl From<csv::Error> for Fault {
    fn from(error: csv::Error) -> Self {
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => Self::NotUtf8,
            _ => Self::Other(format!("cannot be read: {error}")),
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Other(unreadable(error))
    }
}

/// Looks at a file whose letters are written so.
fn look_in(file: &Path, encoding: Option<&'static Encoding>) -> Result<Seen, Fault> {
    let Some(Top { layout, titles, .. }) = Top::likeliest(file, encoding)? else {
        return Err(Fault::Other("is empty; a header line is needed".to_owned()));
    };
    if let Some(fault) = stray_quote(file, layout)? {
        return Err(Fault::Other(fault));
    }
    let mut records = Records::of(file, layout)?;
    let headers = records.next()?.map(|(_, header)| header).unwrap_or_default();
    let headers: Vec<String> = headers.iter().map(str::to_owned).collect();
    if encoding.is_some() && headers.iter().any(|name| name.contains(char::is_control)) {
        return Err(Fault::NotUtf8);
    }
    let (mut rows, mut footer) = (Vec::new(), Vec::new());
    while let Some((line, record)) = records.next()? {
        let is_row = record.len() == headers.len();
        if !is_row && said(&record) <= 1 && !rows.is_empty() && footer.len() < MOST_AROUND {
            footer.push((line, record));
            continue;
        }
        // What rows follow is no footer.
        let odd = footer.first().map(|(line, first)| (*line, first.len()));
        if let Some((line, cells)) = odd.or_else(|| (!is_row).then_some((line, record.len()))) {
            return Err(Fault::Other(unequal(layout.title_lines + line, cells, headers.len())));
        }
        if rows.len() <= SAMPLE {
            rows.push(record.iter().map(str::to_owned).collect());
        }
    }
    let footer_lines = footer.iter().map(|(_, record)| lines_of(record)).sum();
    let around: Vec<String> = titles.into_iter().chain(footer.iter().map(|(_, record)| text_of(record))).collect();
    Ok(Seen { layout: CsvLayout { footer_lines, ..layout }, around, headers, rows })
}

/// How a file begins if this stands between its cells.
struct Top {
    layout: CsvLayout,
    /// What is said above the header.
    titles: Vec<String>,
    /// Cells of the first record, be it a title or the header.
    first: usize,
    /// How the header fits what follows; none where nothing is a header, or fits no half of it.
    fit: Option<Fit>,
}

/// How a header fits the records below it.
#[derive(Clone, Copy)]
struct Fit {
    cells: usize,
    /// Whether all of them have as many cells, but for a footer.
    is_whole: bool,
    /// Delimiters in those that have.
    delimiters: usize,
}

impl Top {
    /// That whose header fits; of several the one in which it comes soonest and is longest. None of a file without a line.
    fn likeliest(file: &Path, encoding: Option<&'static Encoding>) -> Result<Option<Self>, Fault> {
        let usual = delimiter_of(file);
        let mut tops = Vec::new();
        for delimiter in [usual].into_iter().chain(DELIMITERS.into_iter().filter(|delimiter| *delimiter != usual)) {
            tops.extend(Self::of(file, CsvLayout { encoding, ..CsvLayout::plain(delimiter) })?);
        }
        let fits = || tops.iter().enumerate().filter_map(|(at, top)| Some((at, top.layout.title_lines, top.fit?)));
        let soonest = fits().min_by_key(|&(_, line, fit)| (!fit.is_whole, line, Reverse(fit.cells)));
        // A table with odd rows, rather than what happens to fit in one of its cells.
        let fullest = fits().max_by_key(|(_, _, fit)| fit.delimiters).filter(|(_, _, fit)| !fit.is_whole);
        if let Some((at, ..)) = fullest.or(soonest) {
            return Ok(Some(tops.swap_remove(at)));
        }
        // No table, or one of a single column: its first line is the header, come what may.
        let longest = tops.into_iter().min_by_key(|top| Reverse(top.first));
        Ok(longest.map(|Self { layout, first, .. }| Self {
            layout: CsvLayout { title_lines: 0, ..layout },
            titles: Vec::new(),
            first,
            fit: None,
        }))
    }

    fn of(file: &Path, layout: CsvLayout) -> Result<Option<Self>, Fault> {
        let mut records = Records::of(file, layout)?;
        let (mut titles, mut first) = (Vec::new(), None);
        while let Some((line, record)) = records.next()? {
            let first = *first.get_or_insert(record.len());
            if !is_title(&record) {
                let layout = CsvLayout { title_lines: line - 1, ..layout };
                return Ok(Some(Self { layout, titles, first, fit: records.fit(record.len())? }));
            }
            titles.push(text_of(&record));
            if titles.len() > MOST_AROUND {
                break;
            }
        }
        Ok(first.map(|first| Self { layout, titles, first, fit: None }))
    }
}

/// Whether a record is no header: it says one thing, or is a comment.
fn is_title(record: &StringRecord) -> bool {
    said(record) <= 1 || record[0].starts_with("# ")
}

/// The records of a file, with the lines on which they start.
struct Records(Reader<Box<dyn Read>>);

impl Records {
    fn of(file: &Path, layout: CsvLayout) -> Result<Self, Fault> {
        // The line break at the end lets every record have one.
        let text: Box<dyn Read> = Box::new(layout.lines(file)?.chain(&b"\n"[..]));
        let mut reader = csv::ReaderBuilder::new();
        Ok(Self(reader.delimiter(layout.delimiter).flexible(true).has_headers(false).from_reader(text)))
    }

    fn next(&mut self) -> Result<Option<(usize, StringRecord)>, Fault> {
        let mut record = StringRecord::new();
        if !self.0.read_record(&mut record)? {
            return Ok(None);
        }
        // Counted from the record's end, for blank lines may stand before it.
        let breaks = record.as_slice().matches('\n').count() as u64;
        let line = self.0.position().line() - 1 - breaks;
        Ok(Some((usize::try_from(line).unwrap_or(usize::MAX), record)))
    }

    /// How a header of so many cells, two at least, fits the next records.
    fn fit(&mut self, cells: usize) -> Result<Option<Fit>, Fault> {
        let (mut alike, mut odd, mut footer) = (0, 0, 0);
        for _ in 0..GLANCE {
            let Some((_, record)) = self.next()? else { break };
            if record.len() == cells {
                // What rows follow is no footer.
                odd += std::mem::take(&mut footer);
                alike += 1;
            } else if said(&record) <= 1 {
                footer += 1;
            } else {
                odd += 1;
            }
        }
        Ok((alike >= odd).then_some(Fit { cells, is_whole: odd == 0, delimiters: (alike + 1) * (cells - 1) }))
    }
}

/// Cells that are not blank.
fn said(record: &StringRecord) -> usize {
    record.iter().filter(|cell| !cell.trim().is_empty()).count()
}

/// What a record says.
fn text_of(record: &StringRecord) -> String {
    let cells = record.iter().map(|cell| cell.trim());
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The lines of a record that are not blank.
fn lines_of(record: &StringRecord) -> usize {
    let said = record.iter().flat_map(str::lines).filter(|line| !line.trim().is_empty()).count();
    if record.len() > 1 { said.max(1) } else { said }
}

fn unequal(line: usize, found: usize, expected: usize) -> String {
    let cells = if found == 1 { "cell" } else { "cells" };
    format!(
        "line {line} has {found} {cells} and the header {expected}; take it out, or quote cells that hold the delimiter"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: impl AsRef<[u8]>) -> Result<Seen, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, bytes).unwrap();
        look_at_csv(&file)
    }

    #[test]
    fn lines_are_counted_with_blank_ones_and_those_within_cells() {
        for (text, line) in [
            ("a,b,c\n1,2,3\n\n\nx,y\n", 5),
            ("a,b,c\r\n1,2,3\r\n\r\nx,y\r\n", 4),
            ("a,b\n\"1\n1\",2\n3,4,5", 4),
            ("a,b\n\"1\n1\",2,3\n", 2),
            ("a report\n\na,b\n1,2\n\n1,2,3\n", 6),
            ("a,b\n1,2\nend\n1,2\n", 3),
            ("a report\r\ra,b\r1,2\r1,2,3\r", 5),
            ("a,b\nend\n", 2),
            ("a,b,c\n1,2,3\n1,2\n1,2,x; y\n", 3),
        ] {
            let said = seen(text).unwrap_err();
            assert!(said.starts_with(&format!("line {line} has ")), "{text:?}: {said}");
        }
    }

    /// The delimiter, the lines above the header and those below the rows.
    #[test]
    fn a_table_is_found_among_titles_and_footers() {
        for (text, delimiter, title_lines, footer_lines) in [
            ("a,b\n1,2\n", ',', 0, 0),
            ("a;b\n1,5;2,5\n", ';', 0, 0),
            ("sep=;\na;b\n1;2\n", ';', 1, 0),
            ("\u{feff}\"sep=,\"\r\na,b\r\n", ',', 1, 0),
            ("Campaign report\n\"January 1, 2026 - March 31, 2026\"\na,b,c\n1,2,3\n", ',', 2, 0),
            ("Report, in UTC\nFrom: January 1, 2026\n\na\tb\n1, 2\t3\n4\t5\n6\t7\n", '\t', 3, 0),
            ("Report, in UTC\nFrom: January 1, 2026\na\tb\tc\n1, 2\t3\t4\n", '\t', 2, 0),
            ("a;b;c\n1,5;2,5;3,5\n2,5;3,5;4,5\n3,5;4,5;5,5\n4,5;5,5;6,5\n", ';', 0, 0),
            ("# ----\n# all of it, and more\n#\n\n#,b\n1,2\n", ',', 4, 0),
            ("A title,,\n,,\na,b,c\n1,2,3\n", ',', 2, 0),
            ("a,b\n1,2\n\n\nConfidential\n\"Made by\nsomebody\"\n\n", ',', 0, 3),
            ("Report\nname;amount\nx;1,50\ny;2,50\nTotal\n", ';', 1, 1),
            ("one\ntwo\nthree\n", ',', 0, 0),
        ] {
            let Seen { layout, .. } = seen(text).unwrap();
            let found = (char::from(layout.delimiter), layout.title_lines, layout.footer_lines);
            assert_eq!(found, (delimiter, title_lines, footer_lines), "{text:?}");
        }
    }

    #[test]
    fn letters_that_are_not_utf_8_are_taken_for_those_of_the_west() {
        let Seen { layout, headers, .. } = seen(b"stra\xdfe,ort\n1,M\xfcnchen\n").unwrap();
        assert_eq!((layout.encoding, headers), (Some(WINDOWS_1252), vec!["straße".to_owned(), "ort".to_owned()]));
        assert_eq!(seen(b"PK\x03\x04\xff\xfe,\x00\x01\n").unwrap_err(), "is not UTF-8; save it as UTF-8");
    }
}
