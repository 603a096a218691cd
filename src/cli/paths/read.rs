//! Reading a file of paths: every fault is one sentence with file, line, column and remedy.

mod blocks;
mod rows;

use crate::config::nearest;
use crate::config::plan::unpacked;
use blocks::Blocks;
use closedloop_core::paths::PathTable;
use csv::ReaderBuilder;
use memchr::memmem::Finder;
use rayon::prelude::*;
use rows::{Channels, Fault, Part, Rows};
use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::sync::mpsc;

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
struct Positions {
    path: usize,
    conversions: usize,
    value: Option<usize>,
    nulls: Option<usize>,
}

/// Reads all paths of a file.
pub(super) fn read(path: &Path, reading: &Reading<'_>) -> Result<Read, ReadError> {
    let file = || path.display().to_string();
    let unreadable = |message: String| ReadError::Io { file: file(), message };
    let opened = unpacked(path).map_err(|error| unreadable(error.to_string()))?;
    let mut buffered = BufReader::new(opened);
    // Byte by byte, so that the reader takes no more than the header.
    let mut reader = ReaderBuilder::new().delimiter(reading.delimiter).buffer_capacity(1).from_reader(&mut buffered);
    let header = reader.byte_headers().map_err(|error| unreadable(error.to_string()))?;
    let names: Vec<String> = header.iter().map(|name| name_of(name).into_owned()).collect();
    let start = reader.position().byte();
    let positions = Positions::find(&names, &reading.columns).map_err(|message| {
        let message = if names.len() == 1 { wrong_delimiter(&names[0], reading.delimiter) } else { message };
        ReadError::Header { file: file(), message }
    })?;
    let has_value = positions.value.is_some();
    let separator = Finder::new(reading.separator);
    let rows = Rows { delimiter: reading.delimiter, separator, cells: names.len(), positions };
    let (table, channels) = read_rows(&rows, Blocks::new(buffered, start)).map_err(|fault| match fault {
        Fault::Io(message) => unreadable(message),
        Fault::Record { at, cell, message } => {
            let (file, line) = (file(), line_of(path, at));
            match cell {
                Some(cell) => ReadError::Cell { file, line, column: names[cell].clone(), message },
                None => ReadError::Row { file, line, message },
            }
        }
    })?;
    if table.is_empty() {
        return Err(ReadError::NoRows(file()));
    }
    Ok(Read { table, channels, has_value })
}

/// Reads blocks side by side, and puts them together in the order of the file while more are read, up to the first fault.
fn read_rows(rows: &Rows<'_>, blocks: Blocks) -> Result<(PathTable, Vec<String>), Fault> {
    let (sender, receiver) = mpsc::channel();
    let part = |block: std::io::Result<_>| {
        block.map_err(|error| Fault::Io(error.to_string())).and_then(|block| rows.read(block))
    };
    rayon::in_place_scope(|scope| {
        scope.spawn(move |_| {
            let blocks = blocks.enumerate().par_bridge();
            // Nobody listens any more after a fault.
            let _ = blocks.try_for_each_with(sender, |sender, (at, block)| sender.send((at, part(block))).ok());
        });
        let (mut table, mut channels) = (PathTable::default(), Channels::default());
        let (mut next, mut early) = (0, BTreeMap::new());
        for (at, part) in receiver {
            early.insert(at, part);
            while let Some(part) = early.remove(&next) {
                let Part { table: rows, channels: met } = part?;
                let codes: Vec<u32> = met.names.iter().map(|name| channels.code(name)).collect();
                table.append(&rows, &codes);
                next += 1;
            }
        }
        Ok((table, channels.names))
    })
}

/// A name of the header, without byte-order mark and blanks.
fn name_of(name: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii())
}

impl Positions {
    fn find(names: &[String], columns: &Columns<'_>) -> Result<Self, String> {
        let place = |column: &str, flag: &str| match names.iter().filter(|name| *name == column).count() {
            1 => Ok(names.iter().position(|name| name == column)),
            0 => Err(match nearest(column, names.iter().map(String::as_str)) {
                Some(near) => format!("has no column \"{column}\"; did you mean {flag} {near}?"),
                None if names.is_empty() => "is empty; give it a header line and a row for each path".to_owned(),
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

/// The line on which the record begins that the reader met at a byte, counted once there is a fault: the reader's own count is
/// that of the blank lines before it.
fn line_of(path: &Path, byte: u64) -> u64 {
    let mut line = 1;
    let bytes = unpacked(path).into_iter().flat_map(|file| BufReader::new(file).bytes().map_while(Result::ok));
    for (at, found) in (0..).zip(bytes) {
        if at >= byte && !matches!(found, b'\n' | b'\r') {
            break;
        }
        line += u64::from(found == b'\n');
    }
    line
}
