//! Line breaks, of which files have several kinds, as one.

use memchr::memchr;
use std::borrow::Cow;
use std::io::Read;

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

/// A cell with its line breaks as [`LineBreaks`] gives them.
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
