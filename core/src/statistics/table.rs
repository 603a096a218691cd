//! A table of counts by a 64-bit key: an array where the keys are few, a hash map where they are not.

use hashbrown::HashMap;
use std::ops::AddAssign;

/// Up to so many cells an array is kept: at eight bytes a cell, what a core's cache holds.
const DENSE_CELLS: u64 = 1 << 20;

/// Counts by key. A cell that was never counted is the default.
#[derive(Debug, Clone)]
pub(super) enum Table<T> {
    /// So many cells, which are there once something is counted.
    Dense {
        size: usize,
        cells: Vec<T>,
    },
    Sparse(HashMap<u64, T>),
}

impl<T: Copy + Default + PartialEq + AddAssign> Table<T> {
    /// Keys are below `cells`.
    pub(super) fn new(cells: u64) -> Self {
        match usize::try_from(cells) {
            Ok(size) if cells <= DENSE_CELLS => Self::Dense { size, cells: Vec::new() },
            _ => Self::Sparse(HashMap::new()),
        }
    }

    /// Adds to the cell of `key`.
    #[expect(clippy::cast_possible_truncation, reason = "a key is below the array's length")]
    pub(super) fn add(&mut self, key: u64, amount: T) {
        match self {
            Self::Dense { size, cells } => {
                if cells.is_empty() {
                    // Written now: zeros that the system only promises cost a second fault a page, on all threads.
                    cells.reserve_exact(*size);
                    cells.resize(*size, T::default());
                }
                cells[key as usize] += amount;
            }
            Self::Sparse(cells) => *cells.entry(key).or_default() += amount,
        }
    }

    /// Adds another table for the same keys.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Dense { cells: mine, .. }, Self::Dense { cells: theirs, .. }) => {
                if mine.is_empty() {
                    mine.clone_from(theirs);
                } else {
                    add_all(mine, theirs);
                }
            }
            (mine, theirs) => theirs.sorted().into_iter().for_each(|(key, amount)| mine.add(key, amount)),
        }
    }

    /// The cells that hold something, by ascending key.
    pub(super) fn sorted(&self) -> Vec<(u64, T)> {
        match self {
            Self::Dense { cells, .. } => held(cells),
            Self::Sparse(cells) => {
                let held = cells.iter().filter(|(_, amount)| **amount != T::default());
                let mut rows: Vec<(u64, T)> = held.map(|(&key, &amount)| (key, amount)).collect();
                rows.sort_unstable_by_key(|&(key, _)| key);
                rows
            }
        }
    }

    /// The sums of the cells whose keys leave the same remainder of `span`, where they hold something, by ascending
    /// remainder.
    pub(super) fn marginal(&self, span: u64) -> Vec<(u64, T)> {
        match (self, usize::try_from(span)) {
            (Self::Dense { cells, .. }, Ok(span)) if span < cells.len() => {
                let mut sums = vec![T::default(); span];
                cells.chunks(span).for_each(|cells| add_all(&mut sums, cells));
                held(&sums)
            }
            (Self::Dense { cells, .. }, _) => held(cells),
            (Self::Sparse(_), _) => {
                let mut rows = self.sorted();
                rows.iter_mut().for_each(|(key, _)| *key %= span);
                rows.sort_by_key(|&(key, _)| key);
                rows.dedup_by(|row, kept| {
                    let same = row.0 == kept.0;
                    if same {
                        kept.1 += row.1;
                    }
                    same
                });
                rows.retain(|row| row.1 != T::default());
                rows
            }
        }
    }
}

fn add_all<T: Copy + AddAssign>(sums: &mut [T], amounts: &[T]) {
    sums.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += *amount);
}

fn held<T: Copy + Default + PartialEq>(cells: &[T]) -> Vec<(u64, T)> {
    (0..).zip(cells.iter().copied()).filter(|(_, amount)| *amount != T::default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_addressed_ascend_too() {
        let mut table: Table<u64> = Table::new(u64::MAX);
        let keys = (0..50).map(|step: u64| step * 7_919 % 50);
        keys.for_each(|key| table.add(key, key + 1));
        assert_eq!(table.sorted(), (0..50).map(|key| (key, key + 1)).collect::<Vec<_>>());
    }
}
