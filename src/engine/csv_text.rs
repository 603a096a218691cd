//! The text of a CSV file: in UTF-8, from its header to its last row.

use super::line_breaks::LineBreaks;
use crate::config::plan::{CsvLayout, unpacked};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// The byte-order marks of UTF-16.
const MARKS_OF_UTF16: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

impl CsvLayout {
    /// The header and the rows of a file, unpacked and in UTF-8, without a byte-order mark. Where neither `encoding` nor a mark of
    /// UTF-16 says otherwise, the bytes stay as they are, be they UTF-8 or not.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub(crate) fn text(&self, file: &Path) -> io::Result<Box<dyn Read + Send>> {
        let mut decoder = DecodeReaderBytesBuilder::new();
        decoder.encoding(self.encoding).bom_override(true).utf8_passthru(self.encoding.is_none()).strip_bom(true);
        let decoded = decoder.build(unpacked(file)?);
        if self.title_lines == 0 && self.footer_lines == 0 {
            return Ok(Box::new(decoded));
        }
        Ok(Box::new(Body::of(BufReader::new(LineBreaks::of(decoded)), self)))
    }

    /// The same, with `\n` for every line break.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub(crate) fn lines(&self, file: &Path) -> io::Result<impl Read + use<>> {
        Ok(LineBreaks::of(self.text(file)?))
    }

    /// Whether the file holds nothing but its text, so that anybody who reads CSV reads it.
    ///
    /// # Errors
    /// A file that cannot be opened or read.
    pub(super) fn is_text(&self, file: &Path) -> io::Result<bool> {
        let mut first = Vec::new();
        unpacked(file)?.take(2).read_to_end(&mut first)?;
        Ok(*self == Self::plain(self.delimiter) && !MARKS_OF_UTF16.iter().any(|mark| first == *mark))
    }
}

/// All lines but the first and the last ones.
struct Body<R> {
    lines: R,
    /// Lines that are still to be left out at the head.
    title_lines: usize,
    footer_lines: usize,
    /// Lines that may be of the footer.
    held: VecDeque<Vec<u8>>,
    /// Those of them that are not blank.
    held_not_blank: usize,
    /// The line that is handed out.
    line: Cursor<Vec<u8>>,
}

impl<R: BufRead> Body<R> {
    fn of(lines: R, layout: &CsvLayout) -> Self {
        let CsvLayout { title_lines, footer_lines, .. } = *layout;
        Self { lines, title_lines, footer_lines, held: VecDeque::new(), held_not_blank: 0, line: Cursor::default() }
    }

    /// The next line; none where only the footer, or blank lines, are left.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.title_lines > 0 && self.lines.skip_until(b'\n')? > 0 {
            self.title_lines -= 1;
        }
        while self.held_not_blank <= self.footer_lines {
            let mut line = Vec::new();
            if self.lines.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.held_not_blank += usize::from(!line.trim_ascii().is_empty());
            self.held.push_back(line);
        }
        let line = self.held.pop_front();
        self.held_not_blank -= usize::from(line.as_ref().is_some_and(|line| !line.trim_ascii().is_empty()));
        Ok(line)
    }
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.line.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.next_line()? {
                Some(line) => self.line = Cursor::new(line),
                None => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::WINDOWS_1252;
    use proptest::prelude::*;

    /// The text of a file with these bytes.
    fn text_of(layout: CsvLayout, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, bytes).unwrap();
        let mut text = String::new();
        layout.text(&file).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    proptest! {
        /// Against taking lines from both ends of a list.
        #[test]
        fn titles_and_footers_are_left_out(
            lines in prop::collection::vec("[ab ,]{0,4}", 0..12), title_lines in 0_usize..4, footer_lines in 0_usize..4,
            end in prop::sample::select(vec!["", "\n", "\n\n"]), line_break in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            prop_assume!(title_lines + footer_lines > 0);
            let layout = CsvLayout { title_lines, footer_lines, ..CsvLayout::plain(b',') };
            let bytes = format!("{}{}", lines.join("\n"), end).replace('\n', line_break);
            let mut kept: Vec<&str> = lines.iter().map(String::as_str).skip(title_lines).collect();
            let drop_blank = |kept: &mut Vec<&str>| {
                while kept.pop_if(|line| line.trim().is_empty()).is_some() {}
            };
            for _ in 0..footer_lines {
                drop_blank(&mut kept);
                kept.pop();
            }
            drop_blank(&mut kept);
            let text = text_of(layout, bytes.as_bytes());
            let kept = kept.join("\n");
            prop_assert_eq!(text.trim_end_matches('\n'), kept.trim_end_matches('\n'));
        }

        #[test]
        fn utf_16_is_told_by_its_mark(text in "[a-zäß€𝄞,\n]{1,40}", is_little in any::<bool>()) {
            let units = text.encode_utf16();
            let bytes: Vec<u8> = match is_little {
                true => [0xff, 0xfe].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect(),
                false => [0xfe, 0xff].into_iter().chain(units.flat_map(u16::to_be_bytes)).collect(),
            };
            let read = text_of(CsvLayout::plain(b','), &bytes);
            prop_assert_eq!(read, text);
        }
    }

    #[test]
    fn no_line_is_looked_for_beyond_the_end() {
        let layout = CsvLayout { title_lines: usize::MAX, footer_lines: usize::MAX, ..CsvLayout::plain(b',') };
        assert_eq!(text_of(layout, b"a,b\n1,2\n"), "");
    }

    #[test]
    fn letters_of_other_encodings_are_read_as_such() {
        let western = CsvLayout { encoding: Some(WINDOWS_1252), ..CsvLayout::plain(b';') };
        assert_eq!(text_of(western, b"M\xfcnchen;5 \x80"), "München;5 €");
        // A mark says more than the configuration.
        assert_eq!(text_of(western, "\u{feff}München".as_bytes()), "München");
        assert_eq!(text_of(CsvLayout::plain(b','), "\u{feff}a,b".as_bytes()), "a,b");
        let mut bytes = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, b"M\xfcnchen").unwrap();
        CsvLayout::plain(b',').text(&file).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"M\xfcnchen");
    }
}
