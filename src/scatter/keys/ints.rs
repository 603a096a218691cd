//! Integers that lie apart.

use super::NO_NUMBER;
use super::buckets::{Buckets, FETCHED_TOGETHER, in_portions};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Integers with their numbers, which stand beside them.
#[derive(Debug)]
pub struct IntNumbers {
    hasher: FixedState,
    pub(super) buckets: Buckets<i64, u32>,
}

impl IntNumbers {
    pub(super) fn new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Self {
        let buckets = Buckets::new(entries.clone().count());
        let mut index = Self { buckets, hasher: FixedState::default() };
        let mut hashes = Vec::with_capacity(FETCHED_TOGETHER);
        in_portions(entries, |entries| {
            hashes.clear();
            hashes.extend(entries.iter().map(|(key, _)| index.hasher.hash_one(key)));
            index.buckets.fetch(hashes.iter().map(|&hash| index.buckets.home(hash)));
            for (&(key, number), &hash) in entries.iter().zip(&hashes) {
                if index.number(index.buckets.home(hash), key) == NO_NUMBER {
                    index.buckets.insert(hash, key, number);
                }
            }
        });
        index
    }

    #[inline]
    fn number(&self, home: usize, key: i64) -> u32 {
        let (number, is_behind) = self.buckets.at_home(home, key);
        if is_behind { self.buckets.find(home, key, |_| true) } else { number }
    }

    #[inline]
    pub(super) fn get(&self, key: i64) -> u32 {
        if self.buckets.is_empty() {
            return NO_NUMBER;
        }
        self.number(self.buckets.home(self.hasher.hash_one(key)), key)
    }

    pub(super) fn get_all(&self, keys: &[i64], numbers: &mut Vec<u32>) {
        numbers.resize(keys.len(), NO_NUMBER);
        if self.buckets.is_empty() {
            return;
        }
        let (mut hashes, mut likely) = ([0; FETCHED_TOGETHER], [(0, 0); FETCHED_TOGETHER]);
        for (keys, numbers) in keys.chunks(FETCHED_TOGETHER).zip(numbers.chunks_mut(FETCHED_TOGETHER)) {
            // Apart from the fetching, which it would slow down: a core looks only so many instructions ahead.
            for (hash, &key) in hashes.iter_mut().zip(keys) {
                *hash = self.hasher.hash_one(key);
            }
            let count = self.buckets.fetch_likely(&hashes[..keys.len()], &mut likely);
            for &(position, home) in &likely[..count] {
                numbers[position] = self.number(home, keys[position]);
            }
        }
    }
}
