//! The rows of a block of records.

use super::Positions;
use super::blocks::Block;
use closedloop_core::paths::{Measure, PathCounts, PathTable, RowError};
use csv::{ByteRecord, Position, ReaderBuilder};
use hashbrown::HashMap;
use memchr::memmem::Finder;
use std::io::Read as _;

/// Bytes read at a time.
const BUFFER: usize = 1 << 16;

/// What is known while rows are read.
pub(super) struct Rows<'a> {
    pub(super) delimiter: u8,
    pub(super) separator: Finder<'a>,
    /// How many cells a record has.
    pub(super) cells: usize,
    pub(super) positions: Positions,
}

/// What a block holds.
#[derive(Default)]
pub(super) struct Part {
    pub(super) table: PathTable,
    pub(super) channels: Channels,
}

/// Why a block cannot be read.
pub(super) enum Fault {
    /// The file could not be read on.
    Io(String),
    /// Where in the file a record begins that makes no sense, in which cell, and what is wrong and what to do.
    Record { at: u64, cell: Option<usize>, message: String },
}

impl Rows<'_> {
    /// Reads a block.
    pub(super) fn read(&self, block: Block) -> Result<Part, Fault> {
        // A blank line comes first, since the reader takes a byte-order mark at the very start off the text.
        let text = b"\n".chain(block.text);
        let mut reader = ReaderBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            .from_reader(text);
        let (mut part, mut record, mut path) = (Part::default(), ByteRecord::new(), Vec::new());
        while reader.read_byte_record(&mut record).map_err(|error| Fault::Io(error.to_string()))? {
            self.row(&record, &mut part, &mut path).map_err(|(cell, message)| {
                let at = block.start + record.position().map_or(0, Position::byte) - 1;
                Fault::Record { at, cell, message }
            })?;
        }
        Ok(part)
    }

    fn row(&self, record: &ByteRecord, part: &mut Part, path: &mut Vec<u32>) -> Result<(), (Option<usize>, String)> {
        let (cells, expected) = (record.len(), self.cells);
        if cells != expected {
            let remedy = match record.as_slice().contains(&b'\n') {
                true => "close the quote that it opens",
                false => "quote cells that hold the delimiter",
            };
            return Err((None, format!("has {cells} cells, but the header has {expected}; {remedy}")));
        }
        let number = |place: usize| number(&record[place]).map_err(|message| (Some(place), message));
        let counts = PathCounts {
            conversions: number(self.positions.conversions)?,
            value: self.positions.value.map_or(Ok(0.0), number)?,
            nulls: self.positions.nulls.map_or(Ok(0.0), number)?,
        };
        self.codes(&record[self.positions.path], &mut part.channels, path)
            .map_err(|message| (Some(self.positions.path), message))?;
        part.table.push(path, counts).map_err(|error| self.number_out_of_range(&error))
    }

    /// The channel codes of a path.
    fn codes(&self, text: &[u8], channels: &mut Channels, path: &mut Vec<u32>) -> Result<(), String> {
        path.clear();
        let mut start = 0;
        for end in self.separator.find_iter(text).chain([text.len()]) {
            let spelled = &text[start..end];
            let code = match channels.spelled.get(spelled) {
                Some(&code) => code,
                None => {
                    let code = channels.code(self.name(text, spelled, path.len() + 1)?);
                    channels.spelled.insert(spelled.to_owned(), code);
                    code
                }
            };
            path.push(code);
            start = end + self.separator.needle().len();
        }
        Ok(())
    }

    /// The name of a channel, which is spelled so at a position of a path.
    fn name<'t>(&self, text: &'t [u8], spelled: &'t [u8], position: usize) -> Result<&'t str, String> {
        let utf8 = |bytes| str::from_utf8(bytes).map_err(|_| "is not UTF-8; save the file as UTF-8".to_owned());
        let (text, name) = (utf8(text)?, utf8(spelled)?.trim());
        if text.trim().is_empty() {
            return Err("has no channel; remove the row or name at least one channel".to_owned());
        }
        if name.is_empty() {
            let separator = String::from_utf8_lossy(self.separator.needle());
            return Err(format!(
                "has no name for channel {position} of \"{text}\"; name it, or remove a \"{separator}\""
            ));
        }
        if name.contains(['\n', '\r']) {
            return Err("has a line break in the name of a channel; close the quote before it".to_owned());
        }
        Ok(name)
    }

    /// The cell of a number that cannot be counted, and why not.
    fn number_out_of_range(&self, error: &RowError) -> (Option<usize>, String) {
        let RowError::Number { measure, number, range } = error else {
            return (Some(self.positions.path), error.to_string());
        };
        let place = match measure {
            Measure::Conversions => Some(self.positions.conversions),
            Measure::Value => self.positions.value,
            Measure::Nulls => self.positions.nulls,
        };
        (place, format!("is {number}, but must be {range}; correct it"))
    }
}

/// The number in a cell, or why it holds none.
fn number(cell: &[u8]) -> Result<f64, String> {
    // Most are short and whole, which takes no more than this.
    if (1..=9).contains(&cell.len()) && cell.iter().all(u8::is_ascii_digit) {
        return Ok(cell.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')).into());
    }
    let text = str::from_utf8(cell.trim_ascii()).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let text = String::from_utf8_lossy(cell);
        if text.trim().is_empty() {
            "is empty; write 0 for none".to_owned()
        } else {
            format!("\"{text}\" is not a number; write it as in 1234.5")
        }
    })
}

/// The channels met so far.
#[derive(Default)]
pub(super) struct Channels {
    /// By code.
    pub(super) names: Vec<String>,
    codes: HashMap<String, u32>,
    /// The codes of names with the blanks around them.
    spelled: HashMap<Vec<u8>, u32>,
}

impl Channels {
    /// The code of a name.
    pub(super) fn code(&mut self, name: &str) -> u32 {
        *self.codes.entry_ref(name).or_insert_with(|| {
            self.names.push(name.to_owned());
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        })
    }
}
