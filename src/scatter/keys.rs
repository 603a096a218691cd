//! From an identifier to a dense number: the index that every touch is probed against.
//!
//! Integers that lie close together index an array; other keys a table of our own, because what a probe costs is waiting
//! for memory: a table that is asked for many keys at once waits for all of them together.

use super::touch::TextArena;
use crate::engine::EngineError;
use crate::engine::ids::{IdColumn, Ids};
use arrow::array::{ArrayRef, StringViewArray};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Identifiers of one type, each with a number.
#[derive(Debug)]
pub enum KeyIndex {
    /// Integers close together.
    Dense(DenseNumbers),
    /// Integers.
    Int(IntNumbers),
    /// Text.
    Text(TextNumbers),
}

/// What stands for "no number".
pub const NO_NUMBER: u32 = u32::MAX;

impl KeyIndex {
    /// Numbers keys: `numbered` gives positions in `keys` with their numbers, which are below [`NO_NUMBER`]; null keys are
    /// left out, and of equal keys the first counts.
    ///
    /// # Errors
    /// Keys that are neither integers nor text.
    pub fn build(keys: &ArrayRef, numbered: impl Iterator<Item = (usize, u32)> + Clone) -> Result<Self, EngineError> {
        Ok(match IdColumn::try_new(keys)? {
            IdColumn::Int(ids) => {
                let entries = numbered.filter_map(|(i, number)| Some((ids.get(i)?, number)));
                match DenseNumbers::try_new(entries.clone()) {
                    Some(dense) => Self::Dense(dense),
                    None => Self::Int(IntNumbers::new(entries)),
                }
            }
            IdColumn::Text(ids) => {
                Self::Text(TextNumbers::new(numbered.filter_map(|(i, number)| Some((ids.get(i)?, number)))))
            }
        })
    }

    /// Whether there is no identifier.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Dense(numbers) => numbers.numbers.is_empty(),
            Self::Int(numbers) => numbers.slots.is_empty(),
            Self::Text(numbers) => numbers.numbers.is_empty(),
        }
    }

    /// How much memory it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(numbers) => size_of_val(numbers.numbers.as_slice()),
            Self::Int(numbers) => size_of_val(numbers.slots.as_slice()),
            Self::Text(numbers) => {
                size_of_val(numbers.table.slots.as_slice())
                    + size_of_val(numbers.numbers.as_slice())
                    + numbers.texts.bytes()
            }
        }
    }

    /// The number of the identifier at `position` of a column of the same type.
    #[inline]
    pub fn probe(&self, keys: &IdColumn<'_>, position: usize) -> Option<u32> {
        let number = match (self, keys) {
            (Self::Dense(numbers), IdColumn::Int(keys)) => numbers.number(keys.get(position)?),
            (Self::Int(numbers), IdColumn::Int(keys)) => numbers.get(keys.get(position)?),
            (Self::Text(numbers), IdColumn::Text(keys)) => numbers.get(keys.get(position)?),
            _ => NO_NUMBER,
        };
        (number != NO_NUMBER).then_some(number)
    }

    /// The numbers of a whole column of the same type, or [`NO_NUMBER`].
    pub fn probe_all(&self, keys: &IdColumn<'_>, numbers: &mut Vec<u32>) {
        numbers.clear();
        match (self, keys) {
            (Self::Dense(index), IdColumn::Int(keys)) if !keys.has_nulls() => {
                numbers.extend(keys.values().iter().map(|&key| index.number(key)));
            }
            (Self::Int(index), IdColumn::Int(keys)) if !keys.has_nulls() => index.get_all(keys.values(), numbers),
            (Self::Text(index), IdColumn::Text(keys)) if !keys.has_nulls() => index.get_all(keys, numbers),
            _ => numbers.extend((0..keys.len()).map(|position| self.probe(keys, position).unwrap_or(NO_NUMBER))),
        }
    }
}

/// A place in an array for every integer from the least key to the greatest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    least: i64,
    count: usize,
}

/// An array may have so many places per key; beyond that a table is smaller.
const PLACES_PER_KEY: usize = 8;

impl Places {
    /// Places for these keys, where they lie close enough together.
    pub(super) fn of(keys: impl Iterator<Item = i64>) -> Option<Self> {
        let (mut count, mut least, mut greatest) = (0, i64::MAX, i64::MIN);
        for key in keys {
            (count, least, greatest) = (count + 1, least.min(key), greatest.max(key));
        }
        if count == 0 {
            return Some(Self { least: 0, count: 0 });
        }
        let places = usize::try_from(greatest.checked_sub(least)?).ok()?.checked_add(1)?;
        (count >= places / PLACES_PER_KEY).then_some(Self { least, count: places })
    }

    pub(super) fn len(self) -> usize {
        self.count
    }

    /// The place of a key, out of range for one that is not between the others.
    #[inline]
    pub(super) fn of_key(self, key: i64) -> usize {
        usize::try_from(key.wrapping_sub(self.least)).unwrap_or(usize::MAX)
    }
}

/// Numbers of integers from the least to the greatest key.
#[derive(Debug)]
pub struct DenseNumbers {
    places: Places,
    /// One more than the number; 0 where there is none.
    numbers: Vec<u32>,
}

impl DenseNumbers {
    fn try_new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Option<Self> {
        let places = Places::of(entries.clone().map(|(key, _)| key))?;
        let mut numbers = vec![0; places.len()];
        for (key, number) in entries {
            let place = &mut numbers[places.of_key(key)];
            if *place == 0 {
                *place = number.checked_add(1)?;
            }
        }
        Some(Self { places, numbers })
    }

    #[inline]
    fn number(&self, key: i64) -> u32 {
        self.numbers.get(self.places.of_key(key)).copied().unwrap_or_default().wrapping_sub(1)
    }
}

/// Integers with their numbers, in one table: a probe waits for memory once.
#[derive(Debug, Default)]
pub struct IntNumbers {
    hasher: FixedState,
    /// Half of the slots stay empty, so that a search is short.
    slots: Vec<IntSlot>,
}

#[derive(Debug, Clone, Copy)]
struct IntSlot {
    key: i64,
    /// [`NO_NUMBER`] in an empty slot.
    number: u32,
}

impl IntNumbers {
    fn new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Self {
        let slots = match entries.clone().count() {
            0 => 0,
            keys => keys * SLOTS_PER_KEY + 1,
        };
        let mut index =
            Self { slots: vec![IntSlot { key: 0, number: NO_NUMBER }; slots], hasher: FixedState::default() };
        for (key, number) in entries {
            let at = index.slot(index.home(key), key);
            if index.slots[at].number == NO_NUMBER {
                index.slots[at] = IntSlot { key, number };
            }
        }
        index
    }

    #[inline]
    fn home(&self, key: i64) -> usize {
        home(self.hasher.hash_one(key), self.slots.len())
    }

    /// The slot of a key, or the empty one where it would be.
    #[inline]
    fn slot(&self, home: usize, key: i64) -> usize {
        let mut at = home;
        while self.slots[at].number != NO_NUMBER && self.slots[at].key != key {
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
        at
    }

    #[inline]
    fn get(&self, key: i64) -> u32 {
        if self.slots.is_empty() {
            return NO_NUMBER;
        }
        self.slots[self.slot(self.home(key), key)].number
    }

    fn get_all(&self, keys: &[i64], numbers: &mut Vec<u32>) {
        if self.slots.is_empty() {
            numbers.resize(keys.len(), NO_NUMBER);
            return;
        }
        let mut fetched = [(0, IntSlot { key: 0, number: NO_NUMBER }); FETCHED_TOGETHER];
        for keys in keys.chunks(FETCHED_TOGETHER) {
            for (fetched, &key) in fetched.iter_mut().zip(keys) {
                let home = self.home(key);
                *fetched = (home, self.slots[home]);
            }
            numbers.extend(keys.iter().zip(&fetched).map(|(&key, &(home, slot))| {
                if slot.key == key || slot.number == NO_NUMBER {
                    slot.number
                } else {
                    self.slots[self.slot(home, key)].number
                }
            }));
        }
    }
}

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
    fn new<'a>(entries: impl Iterator<Item = (&'a str, u32)>) -> Self {
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

    fn get(&self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        number_at(&self.numbers, self.table.find(hash, |known| self.texts.get(known as usize) == text))
    }

    fn get_all(&self, texts: &Ids<&StringViewArray>, numbers: &mut Vec<u32>) {
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

/// Where a hash belongs among so many slots, by its high bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the high half of the product is below the number of slots")]
fn home(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
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
/// Half of the slots stay empty, so that a search is short.
const SLOTS_PER_KEY: usize = 2;
/// Keys whose slots are fetched before any is looked at: the memory is waited for once, not key by key.
const FETCHED_TOGETHER: usize = 64;

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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use std::sync::Arc;

    #[track_caller]
    fn finds_every_key_and_no_other(step: i64) {
        let ints: ArrayRef = Arc::new((0..1_000).map(|i| (i % 7 != 0).then_some(i * step)).collect::<Int64Array>());
        let index = KeyIndex::build(&ints, (0..1_000).zip(0..)).unwrap();
        let asked: Vec<i64> = (-5..1_000 * step).collect();
        let column: ArrayRef = Arc::new(Int64Array::from(asked.clone()));
        let column = IdColumn::try_new(&column).unwrap();
        let mut all = Vec::new();
        index.probe_all(&column, &mut all);
        for (position, key) in asked.into_iter().enumerate() {
            let expected =
                (key >= 0 && key % step == 0 && (key / step) % 7 != 0).then(|| u32::try_from(key / step).unwrap());
            assert_eq!(index.probe(&column, position), expected, "{key}");
            assert_eq!(all[position], expected.unwrap_or(NO_NUMBER), "{key}");
        }
    }

    #[test]
    fn keys_close_together_are_found() {
        finds_every_key_and_no_other(3);
    }

    #[test]
    fn keys_far_apart_are_found() {
        finds_every_key_and_no_other(1_000);
    }

    #[test]
    fn of_equal_keys_the_first_counts() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["a", "b", "a"]));
        let index = KeyIndex::build(&texts, (0..3).zip(0..)).unwrap();
        let texts = IdColumn::try_new(&texts).unwrap();
        assert_eq!(index.probe(&texts, 2), Some(0));
    }
}
