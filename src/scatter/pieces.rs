//! Pieces: the touches of one partition, as their readers left them.

use super::touch::{ScatteredTouch, TextArena};

/// Touches of a block. Blocks are allocated whole, so that growing copies nothing.
const BLOCK_TOUCHES: usize = 512;

/// What one reader has of one partition.
#[derive(Debug, Default, Clone)]
pub struct Piece {
    blocks: Vec<Vec<ScatteredTouch>>,
    /// Dense contacts, block by block as the touches; no blocks where contacts are not known.
    contacts: Vec<Vec<u32>>,
    /// The texts of identifiers that are no integers.
    texts: TextArena,
}

impl Piece {
    /// Appends a touch, and its contact where contacts are known.
    #[inline]
    pub(super) fn push(&mut self, touch: ScatteredTouch, contact: Option<u32>) {
        match self.blocks.last_mut() {
            Some(block) if block.len() < BLOCK_TOUCHES => block.push(touch),
            _ => self.open_block(touch),
        }
        if let Some(contact) = contact {
            match self.contacts.last_mut() {
                Some(block) if block.len() < BLOCK_TOUCHES => block.push(contact),
                _ => self.contacts.push(block_of(contact)),
            }
        }
    }

    #[cold]
    fn open_block(&mut self, touch: ScatteredTouch) {
        self.blocks.push(block_of(touch));
    }

    /// Keeps the text of an identifier and returns its position.
    pub(super) fn push_text(&mut self, text: &str) -> u64 {
        self.texts.push(text)
    }

    /// Whether there is no touch.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The touches in the order in which they came, with the contact where contacts are known.
    pub(super) fn touches(&self) -> impl Iterator<Item = ScatteredTouch> {
        self.blocks.iter().flatten().copied()
    }

    /// The contacts in the same order; none where they are not known.
    pub(super) fn contacts(&self) -> impl Iterator<Item = u32> {
        self.contacts.iter().flatten().copied()
    }

    /// The texts of the identifiers, where they are no integers.
    pub(super) fn texts(&self) -> &TextArena {
        &self.texts
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let block = BLOCK_TOUCHES * size_of::<ScatteredTouch>();
        let contacts = BLOCK_TOUCHES * size_of::<u32>();
        self.blocks.len() * block + self.contacts.len() * contacts + self.texts.bytes()
    }
}

fn block_of<T>(first: T) -> Vec<T> {
    let mut block = Vec::with_capacity(BLOCK_TOUCHES);
    block.push(first);
    block
}

/// Every piece of a partition.
#[derive(Debug, Default, Clone)]
pub struct Pieces(Vec<Piece>);

impl Pieces {
    /// The pieces in the order of the readers.
    pub(super) fn new(pieces: Vec<Piece>) -> Self {
        Self(pieces)
    }

    /// The pieces, given away.
    pub(super) fn into_vec(self) -> Vec<Piece> {
        self.0
    }

    /// Each piece with its number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Piece)> {
        self.0.iter().enumerate()
    }

    /// The texts of a piece's identifiers.
    pub(super) fn texts(&self, piece: usize) -> Option<&TextArena> {
        self.0.get(piece).map(Piece::texts)
    }
}
