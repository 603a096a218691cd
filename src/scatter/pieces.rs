//! Pieces: the touches of one partition, as their readers left them.

use super::touch::{ScatteredTouch, TextArena};
use std::sync::Arc;

/// Touches of a block. Blocks are allocated whole, so that growing copies nothing.
const BLOCK_TOUCHES: usize = 512;

/// Values in blocks. The block at hand lies in the struct itself, so that to append is to look in one place.
#[derive(Debug)]
struct Blocks<T> {
    open: Vec<T>,
    full: Vec<Vec<T>>,
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { open: Vec::new(), full: Vec::new() }
    }
}

impl<T: Copy> Blocks<T> {
    #[inline]
    fn push(&mut self, value: T) {
        if self.open.len() == self.open.capacity() {
            self.open_block();
        }
        self.open.push(value);
    }

    #[cold]
    fn open_block(&mut self) {
        let full = std::mem::replace(&mut self.open, Vec::with_capacity(BLOCK_TOUCHES));
        if !full.is_empty() {
            self.full.push(full);
        }
    }

    /// All in the order in which they came.
    fn iter(&self) -> impl Iterator<Item = T> {
        self.full.iter().flatten().chain(&self.open).copied()
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn bytes(&self) -> usize {
        (self.full.len() + usize::from(!self.is_empty())) * BLOCK_TOUCHES * size_of::<T>()
    }
}

/// What one reader has of one partition.
#[derive(Debug, Default)]
pub struct Piece {
    touches: Blocks<ScatteredTouch>,
    /// Dense contacts, one a touch; none where contacts are not known.
    contacts: Blocks<u32>,
    /// The texts of identifiers that are no integers.
    texts: TextArena,
}

impl Piece {
    /// Appends a touch, and its contact where contacts are known.
    #[inline]
    pub(super) fn push(&mut self, touch: ScatteredTouch, contact: Option<u32>) {
        self.touches.push(touch);
        if let Some(contact) = contact {
            self.contacts.push(contact);
        }
    }

    /// Keeps the text of an identifier and returns its position.
    pub(super) fn push_text(&mut self, text: &str) -> u64 {
        self.texts.push(text)
    }

    /// Whether there is no touch.
    pub fn is_empty(&self) -> bool {
        self.touches.is_empty()
    }

    /// The touches in the order in which they came.
    pub(super) fn touches(&self) -> impl Iterator<Item = ScatteredTouch> {
        self.touches.iter()
    }

    /// The contacts in the same order; none where they are not known.
    pub(super) fn contacts(&self) -> impl Iterator<Item = u32> {
        self.contacts.iter()
    }

    /// The texts of the identifiers, where they are no integers.
    pub(super) fn texts(&self) -> &TextArena {
        &self.texts
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.touches.bytes() + self.contacts.bytes() + self.texts.bytes()
    }
}

/// Every piece of a partition.
#[derive(Debug, Default)]
pub struct Pieces(Vec<Arc<Piece>>);

impl Pieces {
    /// The pieces in the order of the readers.
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self(pieces.into_iter().map(Arc::new).collect())
    }

    /// These pieces and then the others, which are shared.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend_from_slice(&others.0);
        self
    }

    /// Each piece with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Piece)> {
        self.0.iter().map(AsRef::as_ref).enumerate()
    }

    /// The texts of a piece's identifiers.
    pub(super) fn texts(&self, piece: usize) -> Option<&TextArena> {
        self.0.get(piece).map(|piece| piece.texts())
    }
}
