//! Finds where a file is broken: the engine says that it is, a second read says in which file and line.

use super::EngineError;
use super::quotes::stray_quote;
use super::words::words;
use crate::config::file::Format;
use crate::config::plan::{Source, unpacked};
use csv::{ByteRecord, StringRecord};
use datafusion::error::DataFusionError;
use memchr::{memchr, memchr_iter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

impl Source {
    /// A structural fault of this source.
    pub(crate) fn fault(&self, message: String) -> EngineError {
        EngineError::Source { table: self.table, given: self.given.clone(), message }
    }

    /// One of the files, unpacked.
    fn bytes(&self, file: &Path) -> Result<Box<dyn Read + Send>, EngineError> {
        let bytes = unpacked(file);
        bytes.map_err(|error| self.fault(format!("cannot open {}: {error}; check its rights", file.display())))
    }

    /// A reader of one of the CSV files, header expected.
    pub(super) fn csv_reader(&self, file: &Path) -> Result<csv::Reader<impl Read>, EngineError> {
        // The line break at the end lets every record have one.
        let bytes = LineBreaks::of(self.bytes(file)?).chain(&b"\n"[..]);
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(self.delimiter).flexible(true).buffer_capacity(1 << 20);
        Ok(reader.from_reader(bytes))
    }

    /// Refuses CSV files with a quote that is never closed, or closes within a cell: readers take all up to the next quote,
    /// rows and all, for one cell.
    pub(super) fn check_quotes(&self) -> Result<(), EngineError> {
        let files = if self.format == Format::Csv { &self.files[..] } else { &[] };
        files.iter().try_for_each(|file| {
            // What cannot be opened is said in its own words.
            drop(self.bytes(file)?);
            match stray_quote(file, self.delimiter) {
                Ok(None) => Ok(()),
                Ok(Some(fault)) => Err(self.fault(format!("{} {fault}", file.display()))),
                Err(error) => Err(self.fault(format!("{} cannot be read ({error}); write it again", file.display()))),
            }
        })
    }

    /// Visits every record of a CSV file, with the line it starts on. Line breaks within cells come as `\n`.
    pub(super) fn read_records(
        &self,
        file: &Path,
        mut visit: impl FnMut(u64, &StringRecord),
    ) -> Result<(), EngineError> {
        let mut reader = self.csv_reader(file)?;
        let fields = reader.byte_headers().map_err(|error| self.csv_fault(file, &error))?.len();
        let mut bytes = ByteRecord::new();
        while reader.read_byte_record(&mut bytes).map_err(|error| self.csv_fault(file, &error))? {
            // Counted from the record's end, for blank lines may stand before it.
            let breaks = memchr_iter(b'\n', bytes.as_slice()).count() as u64;
            let line = reader.position().line() - 1 - breaks;
            let fault = |what: String| self.fault(format!("{} line {line} {what}", file.display()));
            if bytes.len() != fields {
                let found = bytes.len();
                return Err(fault(format!(
                    "has {found} fields where the header has {fields}; quote or complete the row"
                )));
            }
            let record = StringRecord::from_byte_record(bytes)
                .map_err(|_| fault("is not UTF-8; save the file as UTF-8".into()))?;
            visit(line, &record);
            bytes = record.into_byte_record();
        }
        Ok(())
    }

    /// A CSV fault in words.
    pub(super) fn csv_fault(&self, file: &Path, error: &csv::Error) -> EngineError {
        let file = file.display();
        self.fault(match error.kind() {
            csv::ErrorKind::Utf8 { .. } => format!("{file} line 1 is not UTF-8; save the file as UTF-8"),
            csv::ErrorKind::Io(error) => format!("{file} cannot be read ({error}); write it again"),
            _ => format!("{file}: {error}; repair the file"),
        })
    }

    /// What made reading this source fail, as precisely as a second read can tell.
    pub(crate) fn explain(&self, error: &DataFusionError) -> EngineError {
        if let Some(memory) = EngineError::memory(error) {
            return memory;
        }
        let key =
            self.sql.as_ref().filter(|_| is_about_values(error)).map(|_| format!("tables.{}.sql", self.table.name()));
        match (self.parts().try_for_each(Source::check_files), key) {
            (Err(fault), _) => fault,
            (Ok(()), Some(key)) => EngineError::Sql { key, message: words(error) },
            (Ok(()), None) => self.fault(format!("cannot be read ({}); repair the file", words(error))),
        }
    }

    /// Reads all files once more, looking for what their format forbids.
    pub(super) fn check_files(&self) -> Result<(), EngineError> {
        let mut kinds = HashMap::new();
        self.files.iter().try_for_each(|file| match self.format {
            Format::Csv => self.read_records(file, |_, _| {}),
            Format::Parquet => self.check_parquet(file),
            Format::Ndjson => self.check_ndjson(file, &mut kinds),
        })
    }

    fn check_parquet(&self, file: &Path) -> Result<(), EngineError> {
        let fault = |error: ParquetError| {
            let what = match error.to_string().contains("encrypt") {
                true => "is encrypted; write it without encryption",
                false => "is not a whole Parquet file; write it again",
            };
            self.fault(format!("{} {what}", file.display()))
        };
        let opened = File::open(file).map_err(ParquetError::from);
        let rows = opened.and_then(ParquetRecordBatchReaderBuilder::try_new).and_then(|reader| reader.build());
        rows.map_err(fault)?.try_for_each(|batch| batch.map(drop).map_err(|error| fault(error.into())))
    }

    /// Every line is an object, and a field holds the same kind of value in all of them.
    fn check_ndjson(&self, file: &Path, kinds: &mut HashMap<String, &'static str>) -> Result<(), EngineError> {
        for (line, text) in BufReader::new(self.bytes(file)?).lines().enumerate() {
            let fault = |what: String| self.fault(format!("{} line {} {what}", file.display(), line + 1));
            let text = text.map_err(|error| fault(format!("cannot be read ({error}); write it again")))?;
            if text.starts_with('\u{feff}') {
                return Err(fault(
                    "begins with a byte-order mark, which JSON has none of; save the file without".into(),
                ));
            }
            if text.trim().is_empty() {
                continue;
            }
            let object: serde_json::Map<String, Value> = serde_json::from_str(&text)
                .map_err(|_| fault("is not a JSON object; write one object a line".into()))?;
            for (name, value) in object {
                let Some(kind) = kind_of(&value) else { continue };
                match kinds.get(&name) {
                    Some(first) if *first != kind => {
                        return Err(fault(format!(
                            "holds {kind} in \"{name}\" where earlier lines hold {first}; write one of the two everywhere"
                        )));
                    }
                    Some(_) => {}
                    None => drop(kinds.insert(name, kind)),
                }
            }
        }
        Ok(())
    }
}

fn kind_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("true or false"),
        Value::Number(_) => Some("a number"),
        Value::String(_) => Some("text"),
        Value::Array(_) => Some("a list"),
        Value::Object(_) => Some("an object"),
    }
}

/// Whether the engine stumbled over values or expressions rather than over files or memory.
pub(crate) fn is_about_values(error: &DataFusionError) -> bool {
    use DataFusionError::{ArrowError, Execution, External, NotImplemented, Plan, SchemaError};
    matches!(
        error.find_root(),
        ArrowError(..) | Execution(_) | External(_) | NotImplemented(_) | Plan(_) | SchemaError(..)
    )
}

/// Turns every kind of line break into `\n`, so that lines can be counted.
pub(super) struct LineBreaks<R> {
    bytes: R,
    after_return: bool,
}

impl<R> LineBreaks<R> {
    /// Of these bytes.
    pub(super) fn of(bytes: R) -> Self {
        Self { bytes, after_return: false }
    }
}

impl<R: Read> Read for LineBreaks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.bytes.read(buffer)?;
            let Some(&last) = buffer[..read].last() else { return Ok(0) };
            let (mut kept, mut next) = (0, usize::from(self.after_return && buffer[0] == b'\n'));
            self.after_return = last == b'\r';
            while next < read {
                let end = memchr(b'\r', &buffer[next..read]).map_or(read, |length| next + length);
                buffer.copy_within(next..end, kept);
                kept += end - next;
                next = end;
                if end < read {
                    buffer[kept] = b'\n';
                    kept += 1;
                    next += 1 + usize::from(buffer[..read].get(end + 1) == Some(&b'\n'));
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

/// A cell with its line breaks as [`Source::read_records`] gives them.
pub(super) fn with_plain_breaks(cell: &str) -> Cow<'_, str> {
    if cell.contains('\r') { cell.replace("\r\n", "\n").replace('\r', "\n").into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out no more than so many bytes at a time.
    struct InPieces<'a>(&'a [u8], usize);

    impl Read for InPieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(self.1);
            self.0.read(&mut buffer[..length])
        }
    }

    proptest! {
        #[test]
        fn line_breaks_are_the_same_in_pieces_as_in_one(text in "[ab\r\n]{0,40}", piece in 1_usize..9) {
            let mut plain = String::new();
            LineBreaks::of(InPieces(text.as_bytes(), piece)).read_to_string(&mut plain).unwrap();
            prop_assert_eq!(plain, with_plain_breaks(&text));
        }
    }
}
