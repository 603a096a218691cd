//! Integers that lie close together: an array of numbers.

use crate::engine::ids::Places;

/// Numbers of integers from the least to the greatest key.
#[derive(Debug)]
pub struct DenseNumbers {
    places: Places,
    /// One more than the number; 0 where there is none.
    pub(super) numbers: Vec<u32>,
}

impl DenseNumbers {
    pub(super) fn try_new(entries: impl Iterator<Item = (i64, u32)> + Clone) -> Option<Self> {
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
    pub(super) fn number(&self, key: i64) -> u32 {
        self.numbers.get(self.places.of_key(key)).copied().unwrap_or_default().wrapping_sub(1)
    }
}
