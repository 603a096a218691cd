//! Texts: a table of their hashes, and the texts themselves with their numbers.

use super::NO_NUMBER;
use super::buckets::{Buckets, FETCHED_TOGETHER, Value, in_portions};
use crate::engine::columns::value_at;
use arrow::array::{Array, StringViewArray};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::hint::black_box;

/// Texts with their numbers. Beside a part of a text's hash stands where its record starts; the record is looked at only
/// where that part is equal.
#[derive(Debug)]
pub struct TextNumbers {
    hasher: FixedState,
    buckets: Buckets<u32, usize>,
    records: Records,
}

/// Starts of no record.
const NOWHERE: usize = usize::NONE;

impl TextNumbers {
    pub(super) fn new<'a>(entries: impl Iterator<Item = (&'a str, u32)> + Clone) -> Self {
        let buckets = Buckets::new(entries.clone().count());
        let mut index = Self { hasher: FixedState::default(), buckets, records: Records::default() };
        let mut hashes = Vec::with_capacity(FETCHED_TOGETHER);
        in_portions(entries, |entries| {
            // Texts lie anywhere, so they are fetched as the buckets are.
            black_box(
                entries.iter().fold(0, |any, (text, _)| any | text.as_bytes().first().copied().unwrap_or_default()),
            );
            hashes.clear();
            hashes.extend(entries.iter().map(|(text, _)| index.hasher.hash_one(text)));
            index.buckets.fetch(hashes.iter().map(|&hash| index.buckets.home(hash)));
            for (&(text, number), &hash) in entries.iter().zip(&hashes) {
                if index.number(hash, text) == NO_NUMBER {
                    let start = index.records.push(text, number);
                    index.buckets.insert(hash, tag(hash), start);
                }
            }
        });
        index
    }

    /// Whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.buckets.bytes() + self.records.bytes.len()
    }

    fn number(&self, hash: u64, text: &str) -> u32 {
        let is_it = |start| self.records.text(start) == text.as_bytes();
        match self.buckets.find(self.buckets.home(hash), tag(hash), is_it) {
            NOWHERE => NO_NUMBER,
            start => self.records.number(start),
        }
    }

    pub(super) fn get(&self, text: &str) -> u32 {
        if self.is_empty() { NO_NUMBER } else { self.number(self.hasher.hash_one(text), text) }
    }

    pub(super) fn get_all(&self, texts: &StringViewArray, numbers: &mut Vec<u32>) {
        numbers.resize(texts.len(), NO_NUMBER);
        if self.is_empty() {
            return;
        }
        let (mut hashes, mut likely) = ([0; FETCHED_TOGETHER], [(0, 0); FETCHED_TOGETHER]);
        let mut found = [(NOWHERE, false); FETCHED_TOGETHER];
        for (portion, numbers) in numbers.chunks_mut(FETCHED_TOGETHER).enumerate() {
            let text = |position: usize| value_at(texts, portion * FETCHED_TOGETHER + position).unwrap_or_default();
            // Step by step, so that memory is waited for once: a core looks only so many instructions ahead.
            for (position, hash) in hashes[..numbers.len()].iter_mut().enumerate() {
                *hash = self.hasher.hash_one(text(position));
            }
            let count = self.buckets.fetch_likely(&hashes[..numbers.len()], &mut likely);
            for (found, &(position, home)) in found.iter_mut().zip(&likely[..count]) {
                *found = self.buckets.at_home(home, tag(hashes[position]));
            }
            self.records.fetch(found[..count].iter().map(|(start, _)| *start));
            for (&(position, _), &found) in likely[..count].iter().zip(&found) {
                numbers[position] = match found {
                    (NOWHERE, false) => NO_NUMBER,
                    (start, _) if start != NOWHERE && self.records.text(start) == text(position).as_bytes() => {
                        self.records.number(start)
                    }
                    _ => self.number(hashes[position], text(position)),
                };
            }
        }
    }
}

/// What stands for a text in its bucket: the low bits of the hash, of which the high ones say the bucket.
#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
fn tag(hash: u64) -> u32 {
    hash as u32
}

/// One after the other: a number, the length of a text, the text, each record at a multiple of eight bytes.
#[derive(Debug, Default)]
struct Records {
    bytes: Vec<u8>,
}

impl Records {
    /// Keeps a text with its number; returns where the record starts.
    fn push(&mut self, text: &str, number: u32) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&number.to_le_bytes());
        // Arrow's views hold shorter texts only.
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        start
    }

    /// Fetches the records that start there.
    fn fetch(&self, starts: impl Iterator<Item = usize>) {
        // Where there is none the first is fetched, so that no jump is taken wrongly.
        let start = |start| if start == NOWHERE { 0 } else { start };
        let numbers = starts.fold(0_u8, |any, at| any | self.bytes.get(start(at)).copied().unwrap_or_default());
        black_box(numbers);
    }

    fn number(&self, start: usize) -> u32 {
        self.word(start)
    }

    fn text(&self, start: usize) -> &[u8] {
        let length = self.word(start + 4) as usize;
        &self.bytes[start + 8..start + 8 + length]
    }

    fn word(&self, start: usize) -> u32 {
        let bytes = &self.bytes[start..start + 4];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}
