//! One touch of an account with conversions, as small as it can be.

use std::cmp::Ordering;

/// No contact is known for the touch, or contacts do not matter.
pub const NO_CONTACT: u32 = u32::MAX;

/// A touch that may matter: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// When it happened, microseconds.
    pub at: i64,
    /// Its identifier, to be read through [`TouchIds`].
    pub id: u64,
    /// Dense number of its account.
    pub account: u32,
    /// Code of its campaign and channel, see [`super::lines::Lines`].
    pub line: u32,
    /// Dense number of its contact, or [`NO_CONTACT`].
    pub contact: u32,
    /// Whether the `eligible` predicate lets it earn credit.
    pub eligible: bool,
    /// Code of its type, where touches are collapsed; else 0.
    pub touch_type: u16,
}

/// The identifiers behind [`Touch::id`].
#[derive(Debug)]
pub enum TouchIds {
    /// The identifier itself, an `i64` in 64 bits.
    Int,
    /// A reference into one of the arenas, one per reader of the stream.
    Text(Vec<TextArena>),
}

impl TouchIds {
    /// The order of two identifiers: integers by value, text by bytes.
    pub fn compare(&self, a: u64, b: u64) -> Ordering {
        match self {
            Self::Int => a.cast_signed().cmp(&b.cast_signed()),
            Self::Text(arenas) => text_of(arenas, a).cmp(text_of(arenas, b)),
        }
    }

    /// The identifier as text.
    pub fn text(&self, id: u64) -> String {
        let mut text = String::new();
        self.write(id, &mut text);
        text
    }

    /// Appends the identifier as text to `out`.
    pub fn write(&self, id: u64, out: &mut String) {
        match self {
            Self::Int => out.push_str(&id.cast_signed().to_string()),
            Self::Text(arenas) => out.push_str(text_of(arenas, id)),
        }
    }
}

/// Bits of a reference that number the text within its arena; those above number the arena.
const ARENA_SHIFT: u32 = 48;

fn text_of(arenas: &[TextArena], reference: u64) -> &str {
    let arena = usize::try_from(reference >> ARENA_SHIFT).unwrap_or(usize::MAX);
    let position = usize::try_from(reference & ((1 << ARENA_SHIFT) - 1)).unwrap_or(usize::MAX);
    arenas.get(arena).map_or("", |arena| arena.get(position))
}

/// Texts one after the other.
#[derive(Debug, Default)]
pub struct TextArena {
    number: u64,
    texts: String,
    ends: Vec<usize>,
}

impl TextArena {
    /// An empty arena; `number` is its position among its fellows.
    pub fn new(number: usize) -> Self {
        Self { number: number as u64, ..Self::default() }
    }

    /// Keeps a text and returns the reference to it.
    pub fn push(&mut self, text: &str) -> u64 {
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
        (self.number << ARENA_SHIFT) | (self.ends.len() as u64 - 1)
    }

    fn get(&self, position: usize) -> &str {
        let start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[position]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_has_32_bytes() {
        assert_eq!(size_of::<Touch>(), 32);
    }

    #[test]
    fn texts_come_back_and_compare_by_bytes() {
        let (mut first, mut second) = (TextArena::new(0), TextArena::new(1));
        let references = [first.push("b"), first.push(""), second.push("a")];
        let ids = TouchIds::Text(vec![first, second]);
        let text = |id| {
            let mut out = String::new();
            ids.write(id, &mut out);
            out
        };
        assert_eq!(references.map(text), ["b", "", "a"]);
        assert_eq!(ids.compare(references[0], references[2]), Ordering::Greater);
        assert_eq!(TouchIds::Int.compare(1, (-1_i64).cast_unsigned()), Ordering::Greater);
    }
}
