//! Reading a file of paths: every fault is one sentence with file, line, column and remedy.

use crate::config::nearest;
use closedloop_core::paths::{Measure, PathCounts, PathTable, RowError};
use csv::{ByteRecord, ErrorKind, Position, Reader, ReaderBuilder};
use hashbrown::HashMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;
/// The column of value that is read when no other is named.
const VALUE: &str = "total_conversion_value";

/// How the file is written.
pub(super) struct Reading<'a> {
    pub delimiter: u8,
    pub separator: &'a str,
    pub columns: Columns<'a>,
}

/// The names of the columns.
pub(super) struct Columns<'a> {
    pub path: &'a str,
    pub conversions: &'a str,
    /// `None`: [`VALUE`] if there is one.
    pub value: Option<&'a str>,
    /// `None`: not read.
    pub nulls: Option<&'a str>,
}

/// What a file holds.
pub(super) struct Read {
    pub table: PathTable,
    /// By code.
    pub channels: Vec<String>,
    /// Whether there is a column of value.
    pub has_value: bool,
}

/// A fault of the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The file cannot be opened or read.
    #[error("{file} cannot be read ({message}); correct the path or its permissions")]
    Io { file: String, message: String },
    /// A column that is not there, or there twice.
    #[error("{file} {message}")]
    Header { file: String, message: String },
    /// No row.
    #[error("{0} has no paths below its header; add at least one")]
    NoRows(String),
    /// A row that cannot be read at all.
    #[error("{file} line {line}: {message}")]
    Row { file: String, line: u64, message: String },
    /// A cell that makes no sense.
    #[error("{file} line {line}, column \"{column}\": {message}")]
    Cell { file: String, line: u64, column: String, message: String },
}

/// Where the columns are.
struct Places {
    path: usize,
    conversions: usize,
    value: Option<usize>,
    nulls: Option<usize>,
}

/// Reads all paths of a file.
pub(super) fn read(path: &Path, reading: &Reading<'_>) -> Result<Read, ReadError> {
    let file = path.display().to_string();
    let opened = File::open(path).map_err(|error| ReadError::Io { file: file.clone(), message: error.to_string() })?;
    let mut reader = ReaderBuilder::new().delimiter(reading.delimiter).buffer_capacity(BUFFER).from_reader(opened);
    let header = reader.byte_headers().map_err(|error| unreadable(path, &error))?.clone();
    let names: Vec<String> = header.iter().map(|name| name_of(name).into_owned()).collect();
    let places = Places::find(&names, &reading.columns).map_err(|message| {
        let message = if names.len() == 1 { wrong_delimiter(&names[0], reading.delimiter) } else { message };
        ReadError::Header { file: file.clone(), message }
    })?;
    let has_value = places.value.is_some();
    let rows = Rows { path, names, places, separator: reading.separator };
    let (table, channels) = rows.read(&mut reader)?;
    if table.is_empty() {
        return Err(ReadError::NoRows(file));
    }
    Ok(Read { table, channels, has_value })
}

/// A name of the header, without byte-order mark and blanks.
fn name_of(name: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii())
}

impl Places {
    fn find(names: &[String], columns: &Columns<'_>) -> Result<Self, String> {
        let place = |column: &str, flag: &str| match names.iter().filter(|name| *name == column).count() {
            1 => Ok(names.iter().position(|name| name == column)),
            0 => Err(match nearest(column, names.iter().map(String::as_str)) {
                Some(near) => format!("has no column \"{column}\"; did you mean {flag} {near}?"),
                None => {
                    let others = if flag == "--null-column" { ", or leave it out with --nulls ignore" } else { "" };
                    format!("has no column \"{column}\", but {}; name it with {flag}{others}", names.join(", "))
                }
            }),
            times => Err(format!("has {times} columns \"{column}\"; rename all but one")),
        };
        let required = |column: &str, flag: &str| place(column, flag).map(Option::unwrap_or_default);
        let value = match columns.value {
            Some(named) => place(named, "--value-column")?,
            None if names.iter().any(|name| name == VALUE) => place(VALUE, "--value-column")?,
            None => None,
        };
        Ok(Self {
            path: required(columns.path, "--path-column")?,
            conversions: required(columns.conversions, "--conversions-column")?,
            value,
            nulls: columns.nulls.map(|named| required(named, "--null-column")).transpose()?,
        })
    }
}

/// A header of one column is most likely cut at the wrong character.
fn wrong_delimiter(header: &str, used: u8) -> String {
    let likely = [(',', "','"), (';', "';'"), ('\t', "'\\t'"), ('|', "'|'")].into_iter();
    let likely = likely.filter(|(character, _)| header.contains(*character)).map(|(_, written)| written).next();
    let likely = likely.unwrap_or("the right one");
    format!("has one column, \"{header}\", when cut at '{}'; pass --delimiter {likely}", char::from(used))
}

/// What is known while rows are read.
struct Rows<'a> {
    path: &'a Path,
    names: Vec<String>,
    places: Places,
    separator: &'a str,
}

impl Rows<'_> {
    fn read(&self, reader: &mut Reader<File>) -> Result<(PathTable, Vec<String>), ReadError> {
        let mut table = PathTable::default();
        let mut channels = Channels::default();
        let (mut record, mut path) = (ByteRecord::new(), Vec::new());
        while reader.read_byte_record(&mut record).map_err(|error| unreadable(self.path, &error))? {
            let fault = |(place, message)| self.cell(record.position(), place, message);
            let counts = PathCounts {
                conversions: number(&record, self.places.conversions).map_err(fault)?,
                value: self.places.value.map_or(Ok(0.0), |place| number(&record, place)).map_err(fault)?,
                nulls: self.places.nulls.map_or(Ok(0.0), |place| number(&record, place)).map_err(fault)?,
            };
            self.codes(&record, &mut channels, &mut path).map_err(|message| fault((self.places.path, message)))?;
            table.push(&path, counts).map_err(|error| fault(self.number_out_of_range(&error)))?;
        }
        Ok((table, channels.names))
    }

    /// The channel codes of a record's path.
    fn codes(&self, record: &ByteRecord, channels: &mut Channels, path: &mut Vec<u32>) -> Result<(), String> {
        let text = std::str::from_utf8(&record[self.places.path])
            .map_err(|_| "is not UTF-8; save the file as UTF-8".to_owned())?;
        path.clear();
        for (position, name) in (1..).zip(text.split(self.separator)) {
            let name = name.trim();
            if name.is_empty() {
                return Err(self.nameless(text, position));
            }
            path.push(channels.code(name)?);
        }
        Ok(())
    }

    /// A channel without a name.
    fn nameless(&self, text: &str, position: usize) -> String {
        if text.trim().is_empty() {
            return "has no channel; remove the row or name at least one channel".to_owned();
        }
        format!("has no name for channel {position} of \"{text}\"; name it, or remove a \"{}\"", self.separator)
    }

    /// The cell of a number that cannot be counted, and why not.
    fn number_out_of_range(&self, error: &RowError) -> (usize, String) {
        let RowError::Number { measure, number, range } = error else {
            return (self.places.path, error.to_string());
        };
        let place = match measure {
            Measure::Conversions => Some(self.places.conversions),
            Measure::Value => self.places.value,
            Measure::Nulls => self.places.nulls,
        };
        (place.unwrap_or_default(), format!("is {number}, but must be {range}; correct it"))
    }

    fn cell(&self, position: Option<&Position>, place: usize, message: String) -> ReadError {
        let (file, line) = (self.path.display().to_string(), line_of(self.path, position));
        ReadError::Cell { file, line, column: self.names[place].clone(), message }
    }
}

/// The number in a cell, or the cell and why it holds none.
fn number(record: &ByteRecord, place: usize) -> Result<f64, (usize, String)> {
    let text = std::str::from_utf8(record[place].trim_ascii()).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let text = String::from_utf8_lossy(&record[place]);
        let message = if text.trim().is_empty() {
            "is empty; write 0 for none".to_owned()
        } else {
            format!("\"{text}\" is not a number; write it as in 1234.5")
        };
        (place, message)
    })
}

/// The channels met so far.
#[derive(Default)]
struct Channels {
    names: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Channels {
    fn code(&mut self, name: &str) -> Result<u32, String> {
        if let Some(&code) = self.codes.get(name) {
            return Ok(code);
        }
        if name.contains(['\n', '\r']) {
            return Err("has a line break in the name of a channel; close the quote before it".to_owned());
        }
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.codes.insert(name.to_owned(), code);
        Ok(code)
    }
}

/// What the CSV reader complains of, with where and what to do.
fn unreadable(path: &Path, error: &csv::Error) -> ReadError {
    let (file, line) = (path.display().to_string(), line_of(path, error.position()));
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let message =
                format!("has {len} cells, but the header has {expected_len}; quote cells that hold the delimiter");
            ReadError::Row { file, line, message }
        }
        ErrorKind::Io(error) => ReadError::Io { file, message: error.to_string() },
        _ => ReadError::Row { file, line, message: format!("{error}; correct the line") },
    }
}

/// The line on which a record begins, counted once there is a fault: the reader's own count is that of the blank lines
/// before it.
fn line_of(path: &Path, position: Option<&Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let Ok(file) = File::open(path) else { return position.line() };
    let mut line = 1;
    for (at, byte) in (0..).zip(BufReader::new(file).bytes().map_while(Result::ok)) {
        if at >= position.byte() && !matches!(byte, b'\n' | b'\r') {
            break;
        }
        line += u64::from(byte == b'\n');
    }
    line
}
