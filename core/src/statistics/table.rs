//! A table of counts by a 64-bit key: an array where the keys are few, a hash map where they are not.

use hashbrown::HashMap;
use std::ops::AddAssign;

/// Up to so many cells an array is kept: at eight bytes a cell, what a core's cache holds.
const DENSE_CELLS: u64 = 1 << 20;

/// Counts by key. A cell that was never counted is the default.
#[derive(Debug, Clone)]
pub(super) enum Table<T> {
    Dense(Vec<T>),
    Sparse(HashMap<u64, T>),
}

impl<T: Copy + Default + PartialEq + AddAssign> Table<T> {
    /// Keys are below `cells`.
    pub(super) fn new(cells: u64) -> Self {
        match usize::try_from(cells) {
            Ok(size) if cells <= DENSE_CELLS => Self::Dense(vec![T::default(); size]),
            _ => Self::Sparse(HashMap::new()),
        }
    }

    /// Adds to the cell of `key`.
    #[expect(clippy::cast_possible_truncation, reason = "a key is below the array's length")]
    pub(super) fn add(&mut self, key: u64, amount: T) {
        match self {
            Self::Dense(cells) => cells[key as usize] += amount,
            Self::Sparse(cells) => *cells.entry(key).or_default() += amount,
        }
    }

    /// Adds another table for the same keys.
    pub(super) fn merge(&mut self, other: &Self) {
        for (key, amount) in other.sorted() {
            self.add(key, amount);
        }
    }

    /// The cells that hold something, by ascending key.
    pub(super) fn sorted(&self) -> Vec<(u64, T)> {
        match self {
            Self::Dense(cells) => {
                (0..).zip(cells.iter().copied()).filter(|(_, amount)| *amount != T::default()).collect()
            }
            Self::Sparse(cells) => {
                let held = cells.iter().filter(|(_, amount)| **amount != T::default());
                let mut rows: Vec<(u64, T)> = held.map(|(&key, &amount)| (key, amount)).collect();
                rows.sort_unstable_by_key(|&(key, _)| key);
                rows
            }
        }
    }
}
