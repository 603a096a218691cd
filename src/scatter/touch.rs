//! One touch that may matter, as small as it can be.

use super::keys::NO_NUMBER;
use super::pieces::Pieces;
use crate::engine::ids::compare_texts;
use arrow::array::StringBuilder;
use foldhash::fast::FixedState;
use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::sync::Arc;

/// No contact is known for the touch, or contacts do not matter.
pub const NO_CONTACT: u32 = NO_NUMBER;

/// A touch that may matter, as it waits in its partition: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScatteredTouch {
    /// When it happened, microseconds.
    pub at: i64,
    /// Its identifier: an integer, or the position of its text in the arena of its piece.
    pub id: u64,
    /// Code of its line, and in the highest bits whether it is eligible and whether it is of sales.
    pub(super) line_word: u32,
    /// Position of its account in the partition.
    pub slot: u16,
    /// Code of its type, where types matter; else 0.
    pub touch_type: u16,
}

const ELIGIBLE: u32 = 1 << 31;
const OF_SALES: u32 = 1 << 30;

impl ScatteredTouch {
    /// A touch of the account in `slot`; `line` is below 2³⁰.
    #[inline]
    pub fn new(at: i64, id: u64, line: u32, eligible: bool, of_sales: bool, slot: u16, touch_type: u16) -> Self {
        let line_word = line | if eligible { ELIGIBLE } else { 0 } | if of_sales { OF_SALES } else { 0 };
        Self { at, id, line_word, slot, touch_type }
    }

    /// The touch among those of its account; `tag` is that of its piece, see [`TouchIds::tag`].
    #[inline]
    pub(super) fn gather(self, tag: u64, contact: u32) -> Touch {
        Touch {
            at: self.at,
            id: self.id | tag,
            line: self.line_word & !(ELIGIBLE | OF_SALES),
            contact,
            eligible: self.line_word & ELIGIBLE != 0,
            of_sales: self.line_word & OF_SALES != 0,
            touch_type: self.touch_type,
        }
    }
}

/// A touch of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    /// When it happened, microseconds.
    pub at: i64,
    /// Its identifier, to be read through [`TouchIds`].
    pub id: u64,
    /// Code of its campaign and channel, see [`super::lines::Lines`].
    pub line: u32,
    /// Dense number of its contact, or [`NO_CONTACT`].
    pub contact: u32,
    /// Whether the `eligible` predicate lets it earn credit.
    pub eligible: bool,
    /// Whether it is of sales, where a model controls for those; else false.
    pub of_sales: bool,
    /// Code of its type, where types matter; else 0.
    pub touch_type: u16,
}

/// The identifiers behind [`Touch::id`], for the touches of one partition.
#[derive(Debug, Clone, Default)]
pub enum TouchIds {
    /// The identifier itself, an `i64` in 64 bits.
    #[default]
    Int,
    /// A reference into the texts of one of the partition's pieces.
    Text(Arc<Pieces>),
}

/// Bits of a reference that number the text within its piece; those above number the piece.
const PIECE_SHIFT: u32 = 40;

impl TouchIds {
    /// What the identifiers of a piece's touches are marked with, so that texts of other pieces are told apart.
    pub(super) fn tag(&self, piece: usize) -> u64 {
        match self {
            Self::Int => 0,
            Self::Text(_) => (piece as u64) << PIECE_SHIFT,
        }
    }

    /// The order of two identifiers: integers by value, texts as [`compare_texts`] says.
    pub fn compare(&self, a: u64, b: u64) -> Ordering {
        match self {
            Self::Int => a.cast_signed().cmp(&b.cast_signed()),
            Self::Text(pieces) => compare_texts(text_of(pieces, a), text_of(pieces, b)),
        }
    }

    /// A hash of the identifier, of which the high bits are well mixed.
    #[inline]
    pub(super) fn hash(&self, id: u64) -> u64 {
        match self {
            // Fibonacci hashing: the product with 2⁶⁴/φ.
            Self::Int => id.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            Self::Text(pieces) => FixedState::default().hash_one(text_of(pieces, id)),
        }
    }

    /// The identifier as text.
    pub fn text(&self, id: u64) -> String {
        match self {
            Self::Int => id.cast_signed().to_string(),
            Self::Text(pieces) => text_of(pieces, id).to_owned(),
        }
    }

    /// Appends identifiers as text to a column.
    pub fn append(&self, ids: &[u64], column: &mut StringBuilder) {
        match self {
            Self::Int => {
                let mut digits = itoa::Buffer::new();
                ids.iter().for_each(|id| column.append_value(digits.format(id.cast_signed())));
            }
            Self::Text(pieces) => ids.iter().for_each(|&id| column.append_value(text_of(pieces, id))),
        }
    }
}

fn text_of(pieces: &Pieces, reference: u64) -> &str {
    let piece = usize::try_from(reference >> PIECE_SHIFT).unwrap_or(usize::MAX);
    let position = usize::try_from(reference & ((1 << PIECE_SHIFT) - 1)).unwrap_or(usize::MAX);
    pieces.texts(piece).map_or("", |texts| texts.get(position))
}

/// Texts one after the other.
#[derive(Debug, Default, Clone)]
pub struct TextArena {
    texts: String,
    ends: Vec<usize>,
}

impl TextArena {
    /// Keeps a text and returns its position.
    pub fn push(&mut self, text: &str) -> u64 {
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
        self.ends.len() as u64 - 1
    }

    /// The text at a position.
    pub fn get(&self, position: usize) -> &str {
        let start = position.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[position]]
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|position| self.get(position))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.texts.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scattered_touch_has_24_bytes() {
        assert_eq!(size_of::<ScatteredTouch>(), 24);
    }

    #[test]
    fn a_touch_comes_back_as_it_was_scattered() {
        let touch = ScatteredTouch::new(7, 9, 1_000_000, true, false, 3, 4).gather(0, NO_CONTACT);
        assert_eq!((touch.at, touch.id, touch.line, touch.eligible), (7, 9, 1_000_000, true));
        let of_sales = ScatteredTouch::new(7, 9, 5, false, true, 3, 4).gather(0, NO_CONTACT);
        assert_eq!((touch.of_sales, of_sales.eligible, of_sales.of_sales, of_sales.line), (false, false, true, 5));
    }

    #[test]
    fn integers_compare_by_value() {
        assert_eq!(TouchIds::Int.compare(1, (-1_i64).cast_unsigned()), Ordering::Greater);
    }

    #[test]
    fn texts_come_back() {
        let mut arena = TextArena::default();
        let positions = [arena.push("b"), arena.push(""), arena.push("a")];
        assert_eq!(positions, [0, 1, 2]);
        assert_eq!(arena.iter().collect::<Vec<_>>(), ["b", "", "a"]);
    }
}
