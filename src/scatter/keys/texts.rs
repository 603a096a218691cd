//! Texts: a table of hashes over an arena.

use super::{FETCHED_TOGETHER, NO_NUMBER, SLOTS_PER_KEY, home};
use crate::engine::ids::Ids;
use crate::scatter::touch::TextArena;
use arrow::array::StringViewArray;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Texts with their numbers. A slot holds a text's hash; the texts lie in an arena of their own.
#[derive(Debug, Default)]
pub struct TextNumbers {
    hasher: FixedState,
    table: Table,
    texts: TextArena,
    /// The number of each text of the arena.
    numbers: Vec<u32>,
}

impl TextNumbers {
    /// Whether there is no text.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.table.slots.as_slice()) + size_of_val(self.numbers.as_slice()) + self.texts.bytes()
    }

    pub(super) fn new<'a>(entries: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let mut index = Self::default();
        let entries: Vec<(&str, u32)> = entries.collect();
        index.table = Table::with_room_for(entries.len());
        for (text, number) in entries {
            let hash = index.hasher.hash_one(text);
            let is_it = |known: u32| index.texts.get(known as usize) == text;
            if index.table.insert(hash, narrow(index.numbers.len()), is_it) {
                index.texts.push(text);
                index.numbers.push(number);
            }
        }
        index
    }

    pub(super) fn get(&self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        number_at(&self.numbers, self.table.find(hash, |known| self.texts.get(known as usize) == text))
    }

    pub(super) fn get_all(&self, texts: &Ids<&StringViewArray>, numbers: &mut Vec<u32>) {
        if self.numbers.is_empty() {
            numbers.resize(texts.len(), NO_NUMBER);
            return;
        }
        let text = |row: usize| texts.get(row).unwrap_or_default();
        let hashes = (0..texts.len()).map(|row| self.hasher.hash_one(text(row)));
        let locate = |known: u32| self.texts.locate(known as usize);
        self.table.find_all(hashes, locate, |row, place| self.texts.read(place) == text(row), numbers);
        numbers.iter_mut().for_each(|number| *number = number_at(&self.numbers, *number));
    }
}

fn number_at(numbers: &[u32], position: u32) -> u32 {
    numbers.get(position as usize).copied().unwrap_or(NO_NUMBER)
}

#[expect(clippy::cast_possible_truncation, reason = "there are fewer keys than 2³²")]
fn narrow(position: usize) -> u32 {
    position as u32
}

/// Open addressing: where the hash of a key says, or in the slots behind, stands the key's position with a part of its
/// hash. Eight bytes a slot keep the table small; the keys themselves are looked at only where that part is equal.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    /// [`NO_NUMBER`] in an empty slot.
    position: u32,
}

const EMPTY: Slot = Slot { tag: 0, position: NO_NUMBER };

impl Table {
    fn with_room_for(keys: usize) -> Self {
        Self { slots: vec![EMPTY; keys * SLOTS_PER_KEY + 1] }
    }

    /// Where the search for a hash starts, by its high bits, and the tag, which are the low ones.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
    fn home(&self, hash: u64) -> (usize, u32) {
        (home(hash, self.slots.len()), hash as u32)
    }

    /// The slot of a key, or the empty one where it would be. `is_it` says whether the key at a position is the one.
    #[inline]
    fn slot(&self, home: usize, tag: u32, is_it: impl Fn(u32) -> bool) -> usize {
        let mut at = home;
        loop {
            let slot = self.slots[at];
            if slot.position == NO_NUMBER || slot.tag == tag && is_it(slot.position) {
                return at;
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    /// Inserts the position of a key unless the key is there; says whether it was new.
    fn insert(&mut self, hash: u64, position: u32, is_it: impl Fn(u32) -> bool) -> bool {
        let (home, tag) = self.home(hash);
        let at = self.slot(home, tag, is_it);
        let is_new = self.slots[at].position == NO_NUMBER;
        if is_new {
            self.slots[at] = Slot { tag, position };
        }
        is_new
    }

    /// The position of a key, or [`NO_NUMBER`].
    #[inline]
    fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> u32 {
        if self.slots.is_empty() {
            return NO_NUMBER;
        }
        let (home, tag) = self.home(hash);
        self.slots[self.slot(home, tag, is_it)].position
    }

    /// The positions of many keys, given by their hashes. `locate` says where the key at a position lies, and `is_it`
    /// whether the key that lies there is the one of a row.
    fn find_all<L: Copy + Default>(
        &self,
        mut hashes: impl Iterator<Item = u64>,
        locate: impl Fn(u32) -> L,
        is_it: impl Fn(usize, L) -> bool,
        positions: &mut Vec<u32>,
    ) {
        let mut hashed = [0; FETCHED_TOGETHER];
        let mut fetched = [(0, 0, EMPTY); FETCHED_TOGETHER];
        let mut located = [L::default(); FETCHED_TOGETHER];
        loop {
            // Apart from the fetching, which it would slow down: a core looks only so many instructions ahead.
            let mut count = 0;
            for hash in hashes.by_ref().take(FETCHED_TOGETHER) {
                hashed[count] = hash;
                count += 1;
            }
            if count == 0 {
                return;
            }
            for (fetched, &hash) in fetched.iter_mut().zip(&hashed[..count]) {
                let (home, tag) = self.home(hash);
                *fetched = (home, tag, self.slots[home]);
            }
            for (located, &(_, tag, slot)) in located.iter_mut().zip(&fetched[..count]) {
                // Where there is no such key the first is located, so that no jump is taken wrongly.
                let is_likely = slot.tag == tag && slot.position != NO_NUMBER;
                *located = locate(if is_likely { slot.position } else { 0 });
            }
            for (&(home, tag, slot), &place) in fetched[..count].iter().zip(&located) {
                let row = positions.len();
                let is_settled = slot.position == NO_NUMBER || slot.tag == tag && is_it(row, place);
                let known = || self.slot(home, tag, |known| is_it(row, locate(known)));
                positions.push(if is_settled { slot.position } else { self.slots[known()].position });
            }
        }
    }
}
