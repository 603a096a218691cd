//! What tells most keys that are not in a table without waiting for it.

use super::place_of;

/// Two bits for every key, in one word that its hash says: a key whose bits are not both set is not there.
#[derive(Debug)]
pub(super) struct Filter {
    words: Vec<u64>,
}

/// Keys of a word: of twenty that are not there about one passes, and all words are small beside the table.
const KEYS_PER_WORD: usize = 8;

impl Filter {
    /// An empty filter for so many keys.
    pub(super) fn new(keys: usize) -> Self {
        Self { words: vec![0; keys.div_ceil(KEYS_PER_WORD)] }
    }

    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.words.as_slice())
    }

    pub(super) fn add(&mut self, hash: u64) {
        let word = self.word(hash);
        self.words[word] |= bits(hash);
    }

    #[inline]
    pub(super) fn may_have(&self, hash: u64) -> bool {
        self.words[self.word(hash)] & bits(hash) == bits(hash)
    }

    fn word(&self, hash: u64) -> usize {
        place_of(hash, self.words.len())
    }
}

/// By the low bits of a hash, of which the word says nothing.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foldhash::fast::FixedState;
    use std::hash::BuildHasher;

    /// By theory: 16 of 64 bits are set, some twice, so that of two bits both are set in (1 − e^(−1/4))² = 4.9 % of cases,
    /// and somewhat more where words are filled unevenly.
    #[test]
    fn what_is_there_passes_and_hardly_anything_else() {
        let (hasher, mut filter) = (FixedState::default(), Filter::new(10_000));
        (0..10_000).for_each(|key: i64| filter.add(hasher.hash_one(key)));
        assert!((0..10_000).all(|key: i64| filter.may_have(hasher.hash_one(key))));
        let passed = (10_000..110_000).filter(|key: &i64| filter.may_have(hasher.hash_one(key))).count();
        assert!((4_000..9_000).contains(&passed), "{passed} of 100,000");
    }
}
