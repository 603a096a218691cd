//! Integers that lie close together: an array of numbers.

use crate::engine::dense::KeyRange;

/// Numbers of integers from the least to the greatest key.
#[derive(Debug)]
pub struct DenseNumbers {
    range: KeyRange,
    /// One more than the number; 0 where there is none.
    pub(super) numbers: Vec<u32>,
}

impl DenseNumbers {
    pub(super) fn try_new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Option<Self> {
        let range = KeyRange::of(entries.clone().map(|(key, _)| key))?;
        let mut numbers = vec![0; range.len()];
        for (key, number) in entries {
            let slot = &mut numbers[range.position(key)];
            if *slot == 0 {
                *slot = number.checked_add(1)?;
            }
        }
        Some(Self { range, numbers })
    }

    #[inline]
    pub(super) fn number(&self, key: i64) -> u32 {
        self.numbers.get(self.range.position(key)).copied().unwrap_or_default().wrapping_sub(1)
    }
}
