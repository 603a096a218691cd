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
        let mut homes = Vec::with_capacity(FETCHED_TOGETHER);
        in_portions(entries, |entries| {
            homes.clear();
            homes.extend(entries.iter().map(|&(key, _)| index.home(key)));
            index.buckets.fetch(&homes);
            for (&(key, number), &home) in entries.iter().zip(&homes) {
                if index.number(home, key) == NO_NUMBER {
                    index.buckets.insert(home, key, number);
                }
            }
        });
        index
    }

    #[inline]
    fn home(&self, key: i64) -> usize {
        self.buckets.home(self.hasher.hash_one(key))
    }

    #[inline]
    fn number(&self, home: usize, key: i64) -> u32 {
        let (number, is_behind) = self.buckets.at_home(home, key);
        if is_behind { self.buckets.find(home, key, |_| true) } else { number }
    }

    #[inline]
    pub(super) fn get(&self, key: i64) -> u32 {
        if self.buckets.is_empty() { NO_NUMBER } else { self.number(self.home(key), key) }
    }

    pub(super) fn get_all(&self, keys: &[i64], numbers: &mut Vec<u32>) {
        if self.buckets.is_empty() {
            numbers.resize(keys.len(), NO_NUMBER);
            return;
        }
        let mut homes = [0; FETCHED_TOGETHER];
        for keys in keys.chunks(FETCHED_TOGETHER) {
            // Apart from the fetching, which it would slow down: a core looks only so many instructions ahead.
            for (home, &key) in homes.iter_mut().zip(keys) {
                *home = self.home(key);
            }
            self.buckets.fetch(&homes[..keys.len()]);
            numbers.extend(keys.iter().zip(&homes).map(|(&key, &home)| self.number(home, key)));
        }
    }
}
