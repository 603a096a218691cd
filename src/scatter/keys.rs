//! From an identifier to a dense number: the index that every touch is probed against.

use crate::engine::EngineError;
use crate::engine::ids::IdColumn;
use arrow::array::ArrayRef;
use foldhash::fast::FixedState;
use hashbrown::hash_map::{Entry, HashMap};
use std::hash::BuildHasher;

/// Identifiers of one type, each with a number.
#[derive(Debug)]
pub enum KeyIndex {
    /// Integers.
    Int(HashMap<i64, u32, FixedState>),
    /// Text.
    Text(HashMap<Box<str>, u32, FixedState>),
}

impl KeyIndex {
    /// Numbers `keys` by `number_of(position)`; positions without a number and null keys are left out, and of equal keys
    /// the first counts.
    ///
    /// # Errors
    /// Keys that are neither integers nor text.
    pub fn build(keys: &ArrayRef, number_of: impl Fn(usize) -> Option<u32>) -> Result<Self, EngineError> {
        Ok(match IdColumn::try_new(keys)? {
            IdColumn::Int(ids) => Self::Int(fill(keys.len(), |i| Some((ids.get(i)?, number_of(i)?)))),
            IdColumn::Text(ids) => Self::Text(fill(keys.len(), |i| Some((Box::from(ids.get(i)?), number_of(i)?)))),
        })
    }

    /// How many identifiers there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Int(numbers) => numbers.len(),
            Self::Text(numbers) => numbers.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of the identifier at `position` of a column of the same type.
    #[inline]
    pub fn probe(&self, keys: &IdColumn<'_>, position: usize) -> Option<u32> {
        match (self, keys) {
            (Self::Int(numbers), IdColumn::Int(keys)) => numbers.get(&keys.get(position)?).copied(),
            (Self::Text(numbers), IdColumn::Text(keys)) => numbers.get(keys.get(position)?).copied(),
            _ => None,
        }
    }
}

fn fill<K: Eq + std::hash::Hash>(len: usize, entry: impl Fn(usize) -> Option<(K, u32)>) -> HashMap<K, u32, FixedState>
where
    FixedState: BuildHasher,
{
    let mut numbers = HashMap::with_hasher(FixedState::default());
    for (key, number) in (0..len).filter_map(entry) {
        if let Entry::Vacant(vacant) = numbers.entry(key) {
            vacant.insert(number);
        }
    }
    numbers
}
