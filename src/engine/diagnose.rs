//! Finds where a file is broken: the engine says that it is, a second read says in which file and line.

use super::EngineError;
use super::words::words;
use crate::config::file::Format;
use crate::config::plan::{Source, unpacked};
use csv::{ByteRecord, StringRecord};
use datafusion::error::DataFusionError;
use memchr::memchr_iter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

const NOT_UTF8: &str = "is not UTF-8; save the file as UTF-8, or say its encoding, as in encoding = \"windows-1252\"";

impl Source {
    /// A structural fault of this source.
    pub(crate) fn fault(&self, message: String) -> EngineError {
        EngineError::Source { table: self.table, given: self.given.clone(), message }
    }

    /// One of the files, unpacked.
    pub(super) fn bytes(&self, file: &Path) -> Result<Box<dyn Read + Send>, EngineError> {
        unpacked(file).map_err(|error| self.unopened(file, &error))
    }

    fn unopened(&self, file: &Path, error: &io::Error) -> EngineError {
        self.fault(format!("cannot open {}: {error}; check its rights", file.display()))
    }

    /// A reader of one of the CSV files, header expected.
    pub(super) fn csv_reader(&self, file: &Path) -> Result<csv::Reader<impl Read>, EngineError> {
        let lines = self.layout.lines(file).map_err(|error| self.unopened(file, &error))?;
        // The line break at the end lets every record have one.
        let bytes = lines.chain(&b"\n"[..]);
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(self.layout.delimiter).flexible(true).buffer_capacity(1 << 20);
        Ok(reader.from_reader(bytes))
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
            let line = self.layout.title_lines as u64 + reader.position().line() - 1 - breaks;
            let fault = |what: String| self.fault(format!("{} line {line} {what}", file.display()));
            if bytes.len() != fields {
                let found = bytes.len();
                return Err(fault(format!(
                    "has {found} fields where the header has {fields}; quote or complete the row{}",
                    if found == 1 { ", or leave it out with footer_lines where it is none" } else { "" }
                )));
            }
            let record = StringRecord::from_byte_record(bytes).map_err(|_| fault(NOT_UTF8.to_owned()))?;
            visit(line, &record);
            bytes = record.into_byte_record();
        }
        Ok(())
    }

    /// A CSV fault in words.
    pub(super) fn csv_fault(&self, file: &Path, error: &csv::Error) -> EngineError {
        let file = file.display();
        self.fault(match error.kind() {
            csv::ErrorKind::Utf8 { .. } => format!("{file} line {} {NOT_UTF8}", self.layout.title_lines + 1),
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
