//! Finds where a file is broken: the engine says that it is, a second read says in which file and line.

use super::EngineError;
use super::source::one_line;
use crate::config::file::Format;
use crate::config::plan::Source;
use datafusion::error::DataFusionError;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;

impl Source {
    /// A structural fault of this source.
    pub(super) fn fault(&self, message: String) -> EngineError {
        EngineError::Source { table: self.table, given: self.given.clone(), message }
    }

    /// A reader of one of the CSV files, header expected.
    pub(super) fn csv_reader(&self, file: &Path) -> Result<csv::Reader<Box<dyn Read>>, EngineError> {
        let plain = File::open(file)
            .map_err(|error| self.fault(format!("cannot open {}: {error}; check its rights", file.display())))?;
        let bytes: Box<dyn Read> =
            if self.gzip { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(std::io::BufReader::new(plain)) };
        Ok(csv::ReaderBuilder::new().delimiter(self.delimiter).from_reader(bytes))
    }

    /// A CSV fault in words.
    pub(super) fn csv_fault(&self, file: &Path, error: &csv::Error) -> EngineError {
        let file = file.display();
        let line = error.position().map_or_else(String::new, |position| format!(" line {}", position.line()));
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{file}{line} has {len} fields where the header has {expected_len}; quote or complete the row")
            }
            csv::ErrorKind::Utf8 { .. } => format!("{file}{line} is not UTF-8; save the file as UTF-8"),
            _ => format!("{file}{line}: {error}; repair the file"),
        };
        self.fault(message)
    }

    /// What made reading this source fail, as precisely as a second read can tell.
    pub(crate) fn explain(&self, error: &DataFusionError) -> EngineError {
        let broken = self.parts().find_map(Source::find_fault);
        broken
            .unwrap_or_else(|| self.fault(format!("cannot be read: {}; repair the file", one_line(&error.to_string()))))
    }

    /// The first fault of the files themselves.
    fn find_fault(&self) -> Option<EngineError> {
        self.files.iter().find_map(|file| match self.format {
            Format::Csv => self.check_csv(file).err(),
            Format::Parquet => self.check_parquet(file),
            Format::Ndjson => None,
        })
    }

    fn check_csv(&self, file: &Path) -> Result<(), EngineError> {
        let mut reader = self.csv_reader(file)?;
        for record in reader.records() {
            record.map_err(|error| self.csv_fault(file, &error))?;
        }
        Ok(())
    }

    fn check_parquet(&self, file: &Path) -> Option<EngineError> {
        use parquet::file::reader::SerializedFileReader;
        let opened = File::open(file).map_err(parquet::errors::ParquetError::from).and_then(SerializedFileReader::new);
        let error = opened.err()?;
        let message = one_line(&error.to_string());
        Some(self.fault(format!("{} is not readable Parquet ({message}); write it again", file.display())))
    }
}
