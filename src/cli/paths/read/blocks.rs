//! A file in blocks of whole records, so that threads can read them side by side.
//!
//! Without quotes every line break ends a record. What comes from the first quote on stays together, since only the
//! reader of records knows which quotes count.

use std::io::{BufReader, Cursor, Read, Result};

/// Bytes that are asked of the file at a time, and about the size of a block.
const SIZE: usize = 1 << 18;

/// Whole records of a file.
pub(super) struct Block {
    /// Where in the file they begin, in bytes.
    pub(super) start: u64,
    pub(super) text: Box<dyn Read + Send>,
}

/// The blocks of a file, one after the other.
pub(super) struct Blocks {
    /// Where in the file the next block begins.
    start: u64,
    /// What was read beyond the last block.
    rest: Vec<u8>,
    /// `None`: the last block has it.
    file: Option<BufReader<Box<dyn Read + Send>>>,
}

impl Blocks {
    /// Blocks of what comes behind `start`, where the file stands.
    pub(super) fn new(file: BufReader<Box<dyn Read + Send>>, start: u64) -> Self {
        Self { start, rest: Vec::new(), file: Some(file) }
    }
}

impl Iterator for Blocks {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Result<Block>> {
        let mut file = self.file.take()?;
        let start = self.start;
        let mut bytes = Vec::with_capacity(self.rest.len() + SIZE);
        bytes.append(&mut self.rest);
        loop {
            let known = bytes.len();
            match file.by_ref().take(SIZE as u64).read_to_end(&mut bytes) {
                Err(error) => return Some(Err(error)),
                Ok(0) => return (known > 0).then(|| Ok(Block { start, text: Box::new(Cursor::new(bytes)) })),
                Ok(_) if bytes[known..].contains(&b'"') => {
                    return Some(Ok(Block { start, text: Box::new(Cursor::new(bytes).chain(file)) }));
                }
                Ok(_) => {}
            }
            if let Some(last) = bytes[known..].iter().rposition(|&byte| byte == b'\n') {
                self.rest = bytes.split_off(known + last + 1);
                self.start += bytes.len() as u64;
                self.file = Some(file);
                return Some(Ok(Block { start, text: Box::new(Cursor::new(bytes)) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of a text behind its first byte, which are the text again; where each begins, and what it holds.
    #[track_caller]
    fn cut(text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let behind: Box<dyn Read + Send> = Box::new(Cursor::new(text[1..].to_vec()));
        let blocks = Blocks::new(BufReader::new(behind), 1).map(|block| {
            let mut block = block.unwrap();
            let mut bytes = Vec::new();
            block.text.read_to_end(&mut bytes).unwrap();
            (block.start, bytes)
        });
        let blocks: Vec<_> = blocks.collect();
        let mut at = 1;
        for (start, bytes) in &blocks {
            assert_eq!((*start, bytes.as_slice()), (at as u64, &text[at..at + bytes.len()]));
            assert!(!bytes.is_empty());
            at += bytes.len();
        }
        assert_eq!(at, text.len());
        blocks
    }

    #[test]
    fn every_block_but_the_last_ends_with_a_line() {
        let blocks = cut(&b"a > b;1;2;3\r\n".repeat(300_000)[..3_899_999]);
        assert!(blocks.len() > 3);
        assert!(blocks[..blocks.len() - 1].iter().all(|(_, bytes)| bytes.ends_with(b"\r\n")));
        assert!(cut(b"\n").is_empty());
    }

    #[test]
    fn what_comes_from_a_quote_on_stays_together() {
        let lines = b"abc;1\n".repeat(400_000);
        let blocks = cut(&[&lines[..], b"\"x\n\";1\n", &lines[..]].concat());
        assert!(blocks.len() > 2);
        assert!(blocks.last().is_some_and(|(_, bytes)| bytes.len() > lines.len()));
    }

    #[test]
    fn a_line_longer_than_a_block_is_whole() {
        let long = [&b"x".repeat(5 * SIZE / 2)[..], b"\n"].concat();
        let blocks = cut(&[&long[..], &long[..], b"y\n"].concat());
        assert_eq!(blocks[0].1.len(), long.len() - 1);
    }
}
