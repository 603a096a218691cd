//! From an identifier to a dense number: the index that every touch is probed against.
//!
//! Integers that lie close together index an array; other keys a table of our own, because what a probe costs is waiting
//! for memory: a table that is asked for many keys at once waits for all of them together.

mod buckets;
mod filter;
mod ints;
mod near;
mod texts;

use crate::engine::EngineError;
use crate::engine::columns::value_at;
use crate::engine::ids::IdColumn;
use arrow::array::{Array, ArrayRef};
pub use ints::IntNumbers;
pub use near::DenseNumbers;
pub use texts::TextNumbers;

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
                let entries = numbered.filter_map(|(row, number)| Some((value_at(ids, row)?, number)));
                match DenseNumbers::try_new(entries.clone()) {
                    Some(dense) => Self::Dense(dense),
                    None => Self::Int(IntNumbers::new(entries)),
                }
            }
            IdColumn::Text(ids) => {
                Self::Text(TextNumbers::new(numbered.filter_map(|(row, number)| Some((value_at(ids, row)?, number)))))
            }
        })
    }

    /// Whether there is no identifier.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Dense(numbers) => numbers.numbers.is_empty(),
            Self::Int(numbers) => numbers.buckets.is_empty(),
            Self::Text(numbers) => numbers.is_empty(),
        }
    }

    /// How much memory it takes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Dense(numbers) => size_of_val(numbers.numbers.as_slice()),
            Self::Int(numbers) => numbers.buckets.bytes(),
            Self::Text(numbers) => numbers.bytes(),
        }
    }

    /// The number of the identifier at `position` of a column of the same type.
    #[inline]
    pub fn probe(&self, keys: &IdColumn<'_>, position: usize) -> Option<u32> {
        let number = match (self, keys) {
            (Self::Dense(numbers), IdColumn::Int(keys)) => numbers.number(value_at(*keys, position)?),
            (Self::Int(numbers), IdColumn::Int(keys)) => numbers.get(value_at(*keys, position)?),
            (Self::Text(numbers), IdColumn::Text(keys)) => numbers.get(value_at(*keys, position)?),
            _ => NO_NUMBER,
        };
        (number != NO_NUMBER).then_some(number)
    }

    /// The numbers of a whole column of the same type, or [`NO_NUMBER`].
    pub fn probe_all(&self, keys: &IdColumn<'_>, numbers: &mut Vec<u32>) {
        numbers.clear();
        match (self, keys) {
            (Self::Dense(index), IdColumn::Int(keys)) => {
                numbers.extend(keys.values().iter().map(|&key| index.number(key)));
            }
            (Self::Int(index), IdColumn::Int(keys)) => index.get_all(keys.values(), numbers),
            (Self::Text(index), IdColumn::Text(keys)) => index.get_all(keys, numbers),
            _ => numbers.resize(keys.len(), NO_NUMBER),
        }
        if let Some(nulls) = keys.nulls() {
            (!nulls.inner()).set_indices().for_each(|position| numbers[position] = NO_NUMBER);
        }
    }

    /// The numbers of the keys at some positions of a column of the same type, or [`NO_NUMBER`].
    pub fn probe_some(&self, keys: &IdColumn<'_>, positions: impl Iterator<Item = usize>, numbers: &mut Vec<u32>) {
        numbers.clear();
        match (self, keys) {
            (Self::Dense(index), IdColumn::Int(keys)) if keys.null_count() == 0 => {
                let keys: &[i64] = keys.values();
                numbers.extend(positions.map(|position| index.number(keys[position])));
            }
            _ => numbers.extend(positions.map(|position| self.probe(keys, position).unwrap_or(NO_NUMBER))),
        }
    }
}

/// The place of a hash among so many places, of which there is one at least: by its high bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the high half of the product is below the number of places")]
fn place_of(hash: u64, places: usize) -> usize {
    ((u128::from(hash) * places as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringViewArray};
    use arrow::buffer::NullBuffer;
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

    /// Named alike but for the number at the end, so that all of a text has to be compared.
    #[test]
    fn texts_are_found() {
        let name = |key: usize| format!("account-of-the-company-{key:05}");
        let texts: ArrayRef =
            Arc::new((0..1_000).map(|key| (key % 7 != 0).then(|| name(key))).collect::<StringViewArray>());
        let index = KeyIndex::build(&texts, (0..1_000).zip(0..)).unwrap();
        let asked: ArrayRef = Arc::new((0..2_000).map(|key| Some(name(key))).collect::<StringViewArray>());
        let column = IdColumn::try_new(&asked).unwrap();
        let mut all = Vec::new();
        index.probe_all(&column, &mut all);
        for (position, number) in all.into_iter().enumerate() {
            let expected = (position < 1_000 && position % 7 != 0).then(|| u32::try_from(position).unwrap());
            assert_eq!(index.probe(&column, position), expected, "{position}");
            assert_eq!(number, expected.unwrap_or(NO_NUMBER), "{position}");
        }
    }

    /// What stands under a null may be a key.
    #[test]
    fn nobody_has_no_number() {
        let mask = Some(NullBuffer::from(vec![false, true]));
        let ints = |keys: &[i64], nulls| Arc::new(Int64Array::new(keys.to_vec().into(), nulls)) as ArrayRef;
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["", "b"]));
        let masked = texts.as_string_view().clone().into_parts();
        let masked: ArrayRef = Arc::new(StringViewArray::new(masked.0, masked.1, mask.clone()));
        for (keys, asked) in [
            (ints(&[3, 4], None), ints(&[3, 4], mask.clone())),
            (ints(&[3, 4_000], None), ints(&[3, 4_000], mask)),
            (texts, masked),
        ] {
            let index = KeyIndex::build(&keys, (0..2).zip(0..)).unwrap();
            let mut numbers = Vec::new();
            index.probe_all(&IdColumn::try_new(&asked).unwrap(), &mut numbers);
            assert_eq!(numbers, [NO_NUMBER, 1]);
        }
    }

    #[test]
    fn of_equal_keys_the_first_counts() {
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec!["a", "b", "a"]));
        let index = KeyIndex::build(&texts, (0..3).zip(0..)).unwrap();
        let texts = IdColumn::try_new(&texts).unwrap();
        assert_eq!(index.probe(&texts, 2), Some(0));
    }
}
