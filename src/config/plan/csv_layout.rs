//! How a CSV file is laid out.

use encoding_rs::Encoding;

/// What a reader of a CSV file has to know beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvLayout {
    /// What stands between the cells.
    pub delimiter: u8,
    /// How letters are written; `None` is UTF-8. A byte-order mark, which files in UTF-16 begin with, says more.
    pub encoding: Option<&'static Encoding>,
    /// Lines above the header, blank ones among them.
    pub title_lines: usize,
    /// Lines below the rows, blank ones not among them.
    pub footer_lines: usize,
}

impl CsvLayout {
    /// A header and rows in UTF-8, with this between the cells.
    pub fn plain(delimiter: u8) -> Self {
        Self { delimiter, encoding: None, title_lines: 0, footer_lines: 0 }
    }
}
