//! Integers that lie apart: a table with the key inside the slot.

use super::{FETCHED_TOGETHER, NO_NUMBER, SLOTS_PER_KEY, home};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// Integers with their numbers, in one table: a probe waits for memory once.
#[derive(Debug, Default)]
pub struct IntNumbers {
    hasher: FixedState,
    /// Half of the slots stay empty, so that a search is short.
    pub(super) slots: Vec<IntSlot>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct IntSlot {
    key: i64,
    /// [`NO_NUMBER`] in an empty slot.
    number: u32,
}

impl IntNumbers {
    pub(super) fn new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Self {
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
    pub(super) fn get(&self, key: i64) -> u32 {
        if self.slots.is_empty() {
            return NO_NUMBER;
        }
        self.slots[self.slot(self.home(key), key)].number
    }

    pub(super) fn get_all(&self, keys: &[i64], numbers: &mut Vec<u32>) {
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
