//! Positions in arrays: held in 32 bits, and told of integer keys that lie close together.

/// A position, code or number in 32 bits. What is numbered, such as rows of a batch, deals, accounts and lines, is in memory and
/// fewer than 2³².
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "what is held in memory is fewer than 2³²")]
pub fn narrow(position: usize) -> u32 {
    position as u32
}

/// The integers from the least key to the greatest, each with a position in an array.
#[derive(Debug, Clone, Copy)]
pub struct KeyRange {
    least: i64,
    count: usize,
}

/// An array may have so many positions per key; beyond that a table is smaller.
const POSITIONS_PER_KEY: usize = 8;

impl KeyRange {
    /// The range of these keys, where they lie close enough together.
    pub fn of(keys: impl Iterator<Item = i64>) -> Option<Self> {
        let widen = |(count, least, greatest): (usize, i64, i64), key| (count + 1, least.min(key), greatest.max(key));
        let (count, least, greatest) = keys.fold((0, i64::MAX, i64::MIN), widen);
        if count == 0 {
            return Some(Self { least: 0, count: 0 });
        }
        let positions = usize::try_from(greatest.checked_sub(least)?).ok()?.checked_add(1)?;
        (count >= positions / POSITIONS_PER_KEY).then_some(Self { least, count: positions })
    }

    /// How many positions there are.
    #[expect(clippy::len_without_is_empty, reason = "the size of an array to be, never asked")]
    pub fn len(self) -> usize {
        self.count
    }

    /// The position of a key, out of range for one that is not between the others.
    #[inline]
    pub fn position(self, key: i64) -> usize {
        usize::try_from(key.wrapping_sub(self.least)).unwrap_or(usize::MAX)
    }
}
