//! A tape of bytes that random things are read off: cheap to make by the million, and a shorter or smaller tape is a
//! smaller thing, so that proptest shrinks what it finds.

use proptest::prelude::*;

/// Bytes read one by one; zeros follow the end.
#[derive(Clone)]
pub(super) struct Tape(std::vec::IntoIter<u8>);

impl std::fmt::Debug for Tape {
    /// What is read off a tape says more than the tape.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Tape {
    /// The next byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or_default()
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u8) -> u8 {
        self.byte() % limit
    }

    /// `true` once in `odds` times.
    pub(super) fn once_in(&mut self, odds: u8) -> bool {
        self.below(odds) == odds - 1
    }

    /// One of the given things.
    pub(super) fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[usize::from(self.byte()) % things.len()]
    }

    /// Between `least` and `most` things.
    pub(super) fn many<T>(&mut self, least: u8, most: u8, mut read: impl FnMut(&mut Self, u8) -> T) -> Vec<T> {
        let count = least + self.below(most - least + 1);
        (0..count).map(|number| read(self, number)).collect()
    }

    /// Mixes up `things`; a blank tape leaves them as they are.
    pub(super) fn shuffle<T>(&mut self, things: &mut Vec<T>) {
        let mut keyed: Vec<(u8, T)> = things.drain(..).map(|thing| (self.byte(), thing)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        things.extend(keyed.into_iter().map(|(_, thing)| thing));
    }
}

/// Tapes of up to `length` bytes.
pub(super) fn tapes(length: usize) -> impl Strategy<Value = Tape> {
    prop::collection::vec(any::<u8>(), 0..length).prop_map(|bytes| Tape(bytes.into_iter()))
}
