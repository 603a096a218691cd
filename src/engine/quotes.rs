//! The quotes of a CSV file: whether each cell that opens with one ends with one.

use super::EngineError;
use super::line_breaks::LineBreaks;
use super::session;
use crate::config::file::Format;
use crate::config::plan::{CsvLayout, Source};
use datafusion::common::runtime::SpawnedTask;
use memchr::memchr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A look at the quotes of a source's files, beside all else that is done with them.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct QuoteCheck(Option<SpawnedTask<Result<(), EngineError>>>);

impl QuoteCheck {
    /// Starts it on the runtime of the caller.
    pub(super) fn start(source: &Source) -> Self {
        let source = source.clone();
        Self(Some(SpawnedTask::spawn_blocking(move || source.parts().try_for_each(Source::check_quotes))))
    }

    /// Waits for what it finds.
    ///
    /// # Errors
    /// A quote that is never closed, or closes within a cell.
    pub(super) async fn done(self) -> Result<(), EngineError> {
        match self.0 {
            None => Ok(()),
            Some(check) => session::joined_task(check).await?,
        }
    }
}

impl Source {
    /// Refuses CSV files with a quote that is never closed, or closes within a cell: readers take all up to the next quote,
    /// rows and all, for one cell.
    fn check_quotes(&self) -> Result<(), EngineError> {
        let files = if self.format == Format::Csv { &self.files[..] } else { &[] };
        files.iter().try_for_each(|file| {
            // What cannot be opened is said in its own words.
            drop(self.bytes(file)?);
            match stray_quote(file, self.layout) {
                Ok(None) => Ok(()),
                Ok(Some(fault)) => Err(self.fault(format!("{} {fault}", file.display()))),
                Err(error) => Err(self.fault(format!("{} cannot be read ({error}); write it again", file.display()))),
            }
        })
    }
}

/// Where a cell opens with a quote and does not end with one, in words; nothing where none does.
pub(crate) fn stray_quote(file: &Path, layout: CsvLayout) -> io::Result<Option<String>> {
    let mut bytes = BufReader::with_capacity(1 << 20, layout.text(file)?);
    let mut quotes = Quotes::new(layout.delimiter);
    let fault = loop {
        let piece = bytes.fill_buf()?;
        if piece.is_empty() {
            break quotes.is_open().then_some("is never closed; close it");
        }
        if !quotes.read(piece) {
            break Some("closes before its cell ends; double the quotes inside of it, or take away what follows");
        }
        let read = piece.len();
        bytes.consume(read);
    };
    let Some(fault) = fault else { return Ok(None) };
    let before = BufReader::new(LineBreaks::of(layout.text(file)?.take(quotes.opened_at)));
    let breaks = before.bytes().filter(|byte| matches!(byte, Ok(b'\n'))).count();
    Ok(Some(format!("line {} opens a quote that {fault}", layout.title_lines + breaks + 1)))
}

/// Follows the quotes of a file, piece by piece.
#[derive(Debug)]
struct Quotes {
    delimiter: u8,
    at: At,
    /// Bytes read.
    read: u64,
    /// Where the last quoted cell opened.
    opened_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Outside of quotes, with what the next quote is if it comes at once: the first of a cell, or part of its text.
    Outside { starts_cell: bool },
    /// Within a quoted cell.
    Inside,
    /// Behind a quote in a quoted cell, which ends the cell or is the first of two.
    BehindQuote,
    /// Behind a blank that follows a quoted cell.
    BehindBlank,
}

impl Quotes {
    /// For cells that this byte sets apart.
    fn new(delimiter: u8) -> Self {
        Self { delimiter, at: At::Outside { starts_cell: true }, read: 0, opened_at: 0 }
    }

    /// Reads on; false where a quoted cell goes on behind its closing quote.
    fn read(&mut self, piece: &[u8]) -> bool {
        let mut next = 0;
        while next < piece.len() {
            let rest = &piece[next..];
            let byte = rest[0];
            next += 1;
            self.at = match self.at {
                At::Outside { starts_cell } => match memchr(b'"', rest) {
                    None => {
                        next = piece.len();
                        At::Outside { starts_cell: self.ends_cell(rest[rest.len() - 1]) }
                    }
                    Some(quote) => {
                        next += quote;
                        let opens = if quote == 0 { starts_cell } else { self.ends_cell(rest[quote - 1]) };
                        if opens {
                            self.opened_at = self.read + (next - 1) as u64;
                        }
                        if opens { At::Inside } else { At::Outside { starts_cell: false } }
                    }
                },
                At::Inside => match memchr(b'"', rest) {
                    None => {
                        next = piece.len();
                        At::Inside
                    }
                    Some(quote) => {
                        next += quote;
                        At::BehindQuote
                    }
                },
                At::BehindQuote if byte == b'"' => At::Inside,
                At::BehindQuote | At::BehindBlank if self.ends_cell(byte) => At::Outside { starts_cell: true },
                At::BehindQuote | At::BehindBlank if byte == b' ' || byte == b'\t' => At::BehindBlank,
                At::BehindQuote | At::BehindBlank => return false,
            };
        }
        self.read += piece.len() as u64;
        true
    }

    /// Whether a quoted cell is open.
    fn is_open(&self) -> bool {
        self.at == At::Inside
    }

    fn ends_cell(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == b'\n' || byte == b'\r'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all is well, and if not where the culprit opened; however the text is cut into pieces.
    fn culprit(text: &str) -> Option<u64> {
        // The mark at the head of a file comes in one piece.
        let all = [3, 4, 5, 1 << 20].map(|size| {
            let mut quotes = Quotes::new(b',');
            let is_well = text.as_bytes().chunks(size).all(|piece| quotes.read(piece)) && !quotes.is_open();
            (!is_well).then_some(quotes.opened_at)
        });
        assert!(all.iter().all(|one| *one == all[0]), "{text:?}: {all:?}");
        all[0]
    }

    #[test]
    fn quoted_cells_end_with_a_quote() {
        for text in [
            "a,b\n\"c, d\",\"say \"\"so\"\"\"\n",
            "\"a\",b\r\n1,\"\"\r\n",
            "a\n19\" rack\nx \"y\" z\n",
            "\"a\" ,b\n\"c\"\t,d\n",
            "\"a\nb\"",
            "",
        ] {
            assert_eq!(culprit(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_cell_that_goes_on_behind_its_quote_or_never_ends_is_found() {
        assert_eq!(culprit("o1,\"Rack 19,1\no2,\"Big\" rack,2\n"), Some(3));
        assert_eq!(culprit("a,b\n1,\"x\" y\n"), Some(6));
        assert_eq!(culprit("a\n\"b\n"), Some(2));
        assert_eq!(culprit("a\n\"b\" \"\n"), Some(2));
    }
}
