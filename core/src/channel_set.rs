//! The distinct channels of a journey, as a key to look up by.

/// Codes below it are bits of a word. Channels are so few, unless states are campaigns or types.
pub(crate) const FEW: u32 = u64::BITS;

/// A set of channel codes: bits of a word where all are below [`FEW`], else listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ChannelSet {
    Bits(u64),
    /// Ascending, the last one [`FEW`] or above.
    Listed(Box<[u32]>),
}

impl ChannelSet {
    /// The distinct channels of a path.
    pub(crate) fn of(path: &[u32]) -> Self {
        if path.iter().all(|&code| code < FEW) {
            return Self::Bits(path.iter().fold(0, |set, &code| set | 1 << code));
        }
        let mut codes = path.to_vec();
        codes.sort_unstable();
        codes.dedup();
        Self::Listed(codes.into())
    }

    /// The codes, ascending.
    pub(crate) fn codes(&self) -> Vec<u32> {
        match self {
            Self::Bits(set) => (0..FEW).filter(|code| set >> code & 1 == 1).collect(),
            Self::Listed(codes) => codes.to_vec(),
        }
    }

    /// How many codes of the set are below that of a member; `None` for a code outside the set.
    pub(crate) fn position(&self, code: u32) -> Option<usize> {
        match self {
            Self::Bits(set) if code < FEW && set >> code & 1 == 1 => {
                Some((set & ((1 << code) - 1)).count_ones() as usize)
            }
            Self::Bits(_) => None,
            Self::Listed(codes) => codes.binary_search(&code).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_ascends_without_repeats_whatever_the_codes() {
        for first in [0, 60, 61, 5_000] {
            let set = ChannelSet::of(&[first + 3, first, first + 3, first + 1]);
            assert_eq!(set.codes(), [first, first + 1, first + 3]);
            assert_eq!(set, ChannelSet::of(&[first + 1, first + 3, first]));
            let positions = [first, first + 1, first + 2, first + 3].map(|code| set.position(code));
            assert_eq!(positions, [Some(0), Some(1), None, Some(2)]);
        }
        assert!(ChannelSet::of(&[]).codes().is_empty());
        assert_eq!(ChannelSet::of(&[FEW - 1]).position(FEW), None);
    }
}
