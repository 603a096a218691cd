//! From an identifier to a dense number: the index that every touch is probed against.
//!
//! Integers that lie close together index an array. Otherwise: most touches belong to accounts that the index does not hold. A bitmap of hashes that fits a core's cache turns them
//! away before the table, which does not fit, is asked.

use crate::engine::EngineError;
use crate::engine::ids::IdColumn;
use arrow::array::ArrayRef;
use foldhash::fast::FixedState;
use hashbrown::hash_table::{Entry, HashTable};
use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

/// Identifiers of one type, each with a number.
#[derive(Debug)]
pub enum KeyIndex {
    /// Integers close together.
    Dense(DenseNumbers),
    /// Integers.
    Int(Numbers<i64>),
    /// Text.
    Text(Numbers<Box<str>>),
}

impl KeyIndex {
    /// Numbers `keys` by `number_of(position)`; positions without a number and null keys are left out, and of equal keys
    /// the first counts.
    ///
    /// # Errors
    /// Keys that are neither integers nor text.
    pub fn build(keys: &ArrayRef, number_of: impl Fn(usize) -> Option<u32>) -> Result<Self, EngineError> {
        let numbered = (0..keys.len()).filter_map(|position| Some((position, number_of(position)?)));
        Ok(match IdColumn::try_new(keys)? {
            IdColumn::Int(ids) => {
                let entries: Vec<(i64, u32)> = numbered.filter_map(|(i, number)| Some((ids.get(i)?, number))).collect();
                match DenseNumbers::try_new(&entries) {
                    Some(dense) => Self::Dense(dense),
                    None => Self::Int(entries.into_iter().collect()),
                }
            }
            IdColumn::Text(ids) => {
                Self::Text(numbered.filter_map(|(i, number)| Some((Box::from(ids.get(i)?), number))).collect())
            }
        })
    }

    /// Whether there is no identifier.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Dense(numbers) => numbers.numbers.is_empty(),
            Self::Int(numbers) => numbers.table.is_empty(),
            Self::Text(numbers) => numbers.table.is_empty(),
        }
    }

    /// The number of the identifier at `position` of a column of the same type.
    #[inline]
    pub fn probe(&self, keys: &IdColumn<'_>, position: usize) -> Option<u32> {
        match (self, keys) {
            (Self::Dense(numbers), IdColumn::Int(keys)) => numbers.get(keys.get(position)?),
            (Self::Int(numbers), IdColumn::Int(keys)) => numbers.get(&keys.get(position)?),
            (Self::Text(numbers), IdColumn::Text(keys)) => numbers.get(keys.get(position)?),
            _ => None,
        }
    }
}

/// Numbers of integers from the least to the greatest key.
#[derive(Debug)]
pub struct DenseNumbers {
    least: i64,
    /// One more than the number; 0 where there is none.
    numbers: Vec<u32>,
}

/// An array may have so many places per key; beyond that the table is smaller.
const PLACES_PER_KEY: usize = 8;

impl DenseNumbers {
    fn try_new(entries: &[(i64, u32)]) -> Option<Self> {
        let least = entries.iter().map(|(key, _)| *key).min().unwrap_or_default();
        let greatest = entries.iter().map(|(key, _)| *key).max().unwrap_or_default();
        let places = usize::try_from(greatest.checked_sub(least)?).ok()?.checked_add(1)?;
        if entries.len() < places / PLACES_PER_KEY {
            return None;
        }
        let mut numbers = vec![0; if entries.is_empty() { 0 } else { places }];
        for &(key, number) in entries.iter().rev() {
            numbers[usize::try_from(key - least).ok()?] = number.checked_add(1)?;
        }
        Some(Self { least, numbers })
    }

    #[inline]
    fn get(&self, key: i64) -> Option<u32> {
        let place = usize::try_from(key.wrapping_sub(self.least)).ok()?;
        self.numbers.get(place)?.checked_sub(1)
    }
}

/// Keys of one type with their numbers, behind a filter.
#[derive(Debug)]
pub struct Numbers<K> {
    hasher: FixedState,
    filter: HashFilter,
    table: HashTable<(K, u32)>,
}

impl<K: Hash + Eq> Numbers<K> {
    #[inline]
    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        let hash = self.hasher.hash_one(key);
        if !self.filter.may_hold(hash) {
            return None;
        }
        self.table.find(hash, |(known, _)| known.borrow() == key).map(|&(_, number)| number)
    }
}

impl<K: Hash + Eq> FromIterator<(K, u32)> for Numbers<K> {
    fn from_iter<I: IntoIterator<Item = (K, u32)>>(entries: I) -> Self {
        let hasher = FixedState::default();
        let mut table = HashTable::new();
        for (key, number) in entries {
            let hash = hasher.hash_one(&key);
            let entry = table.entry(hash, |(known, _): &(K, u32)| *known == key, |(known, _)| hasher.hash_one(known));
            if let Entry::Vacant(vacant) = entry {
                vacant.insert((key, number));
            }
        }
        let filter = HashFilter::new(table.len(), table.iter().map(|(key, _)| hasher.hash_one(key)));
        Self { hasher, filter, table }
    }
}

/// A bitmap of hashes: never wrong about what it holds, seldom about what it does not.
#[derive(Debug)]
struct HashFilter {
    bits: Vec<u64>,
    shift: u32,
}

/// Bits per key; one in twelve unknown keys gets through.
const FILTER_BITS: usize = 12;

impl HashFilter {
    fn new(keys: usize, hashes: impl Iterator<Item = u64>) -> Self {
        let size = (keys * FILTER_BITS).next_power_of_two().max(64);
        let mut filter = Self { bits: vec![0; size / 64], shift: 64 - size.trailing_zeros() };
        for hash in hashes {
            let (word, bit) = filter.place(hash);
            filter.bits[word] |= bit;
        }
        filter
    }

    /// The high bits of the hash choose the bit; the table uses the low ones.
    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        let position = hash >> self.shift;
        (usize::try_from(position >> 6).unwrap_or(usize::MAX), 1 << (position & 63))
    }

    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.bits[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use std::sync::Arc;

    #[track_caller]
    fn finds_every_key_and_no_other(step: i64) {
        let ints: ArrayRef = Arc::new((0..1_000).map(|i| (i % 7 != 0).then_some(i * step)).collect::<Int64Array>());
        let index = KeyIndex::build(&ints, |position| u32::try_from(position).ok()).unwrap();
        let asked: Vec<i64> = (-5..1_000 * step).collect();
        let column: ArrayRef = Arc::new(Int64Array::from(asked.clone()));
        let column = IdColumn::try_new(&column).unwrap();
        for (position, key) in asked.into_iter().enumerate() {
            let expected =
                (key >= 0 && key % step == 0 && (key / step) % 7 != 0).then(|| u32::try_from(key / step).unwrap());
            assert_eq!(index.probe(&column, position), expected, "{key}");
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
        let index = KeyIndex::build(&texts, |position| u32::try_from(position).ok()).unwrap();
        let texts = IdColumn::try_new(&texts).unwrap();
        assert_eq!(index.probe(&texts, 2), Some(0));
    }
}
