//! Partitions: every touch that may matter, by contiguous ranges of dense account numbers.

use super::conversions::Conversions;
use super::lines::LineCodes;
use super::pieces::{Piece, Pieces};
use super::reader::{Reader, ScatteredPart};
use super::spill::SpillFile;
use super::touch::TouchIds;
use super::types::TypeCodes;
use crate::engine::EngineError;
use crate::engine::memory::{Budget, Holding};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Accounts per partition: small enough that a partition's touches fit a core's cache.
pub(super) const ACCOUNTS_PER_PARTITION: usize = 2_048;

/// What became of the touches, as far as the scatter can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TouchCounts {
    /// All touches read.
    pub read: u64,
    /// Touches that cannot be read.
    pub unreadable: u64,
    /// Touches scattered to partitions.
    pub scattered: u64,
    /// The earliest and the latest `touched_at` in scope, microseconds.
    pub spanned: Option<(i64, i64)>,
    /// Bytes spilled to disk.
    pub spilled: u64,
}

impl TouchCounts {
    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.unreadable += other.unreadable;
        self.scattered += other.scattered;
        self.span(other.spanned);
        self.spilled += other.spilled;
    }

    /// Widens what is spanned.
    pub(super) fn span(&mut self, other: Option<(i64, i64)>) {
        let spans = self.spanned.into_iter().chain(other);
        self.spanned = spans.reduce(|(start, end), (earliest, latest)| (start.min(earliest), end.max(latest)));
    }
}

/// What every reader of the stream shares.
#[derive(Debug)]
pub struct Scatter<'a> {
    pub(super) conversions: &'a Conversions,
    pub(super) lines: &'a LineCodes,
    pub(super) partitions: usize,
    pub(super) types: TypeCodes,
    /// Whether an account has touches earlier than the widest window of its conversions.
    earlier: Vec<AtomicBool>,
    pub(super) budget: &'a Budget,
}

impl<'a> Scatter<'a> {
    /// A scatter for the accounts of `conversions`; over `budget` touches wait in its folder, where there is one.
    pub fn new(conversions: &'a Conversions, lines: &'a LineCodes, budget: &'a Budget) -> Self {
        let accounts = conversions.accounts();
        Self {
            conversions,
            lines,
            partitions: accounts.div_ceil(ACCOUNTS_PER_PARTITION).max(1),
            types: TypeCodes::default(),
            earlier: std::iter::repeat_with(AtomicBool::default).take(accounts).collect(),
            budget,
        }
    }

    /// A reader for the `number`-th stream.
    pub fn reader(&self, number: usize) -> Reader<'_> {
        Reader::new(self, number)
    }

    /// Notes that an account has a touch earlier than the widest window of its conversions.
    #[inline]
    pub(super) fn note_earlier(&self, account: u32) {
        let noted = &self.earlier[account as usize];
        if !noted.load(Ordering::Relaxed) {
            noted.store(true, Ordering::Relaxed);
        }
    }

    /// Puts the readers' work together, in the order of the streams.
    pub fn finish(self, parts: Vec<ScatteredPart>, ids_are_text: bool) -> Scattered {
        let mut counts = TouchCounts::default();
        let mut partitions: Vec<Vec<Piece>> = (0..self.partitions).map(|_| Vec::new()).collect();
        let mut spilled = Vec::new();
        let mut memory = Vec::new();
        for part in parts {
            counts.add(part.counts);
            spilled.extend(part.spilled);
            memory.push(part.memory);
            for (partition, piece) in partitions.iter_mut().zip(part.pieces) {
                if !piece.is_empty() {
                    partition.push(piece);
                }
            }
        }
        Scattered {
            waiting: partitions.into_iter().map(|pieces| Mutex::new(Some(Arc::new(Pieces::new(pieces))))).collect(),
            spilled,
            memory,
            ids_are_text,
            types: self.types,
            earlier: self.earlier.into_iter().map(AtomicBool::into_inner).collect(),
            counts,
        }
    }
}

/// Every touch that may matter, by partition.
#[derive(Debug)]
pub struct Scattered {
    /// The pieces of each partition, until they are let go.
    waiting: Vec<Mutex<Option<Arc<Pieces>>>>,
    spilled: Vec<SpillFile>,
    memory: Vec<Holding>,
    ids_are_text: bool,
    /// The codes of the touch types, where they matter.
    pub types: TypeCodes,
    /// Whether an account has touches earlier than the widest window of its conversions.
    pub earlier: Vec<bool>,
    /// What became of the touches.
    pub counts: TouchCounts,
}

impl Scattered {
    /// How many partitions there are.
    pub fn partitions(&self) -> usize {
        self.waiting.len()
    }

    /// The dense accounts of a partition.
    pub fn accounts(&self, partition: usize) -> Range<usize> {
        let start = partition * ACCOUNTS_PER_PARTITION;
        start..(start + ACCOUNTS_PER_PARTITION).min(self.earlier.len())
    }

    /// The partition of an account.
    pub fn partition_of(&self, account: usize) -> usize {
        account / ACCOUNTS_PER_PARTITION
    }

    /// The touches of a partition, in no particular order, in pieces.
    ///
    /// # Errors
    /// A spill file that cannot be read.
    pub fn pieces(&self, partition: usize) -> Result<Arc<Pieces>, EngineError> {
        let in_memory = self.waiting(partition).clone().unwrap_or_default();
        if self.spilled.is_empty() {
            return Ok(in_memory);
        }
        let mut pieces = Vec::new();
        for file in &self.spilled {
            pieces.extend(file.read(partition)?);
        }
        Ok(Arc::new(Pieces::new(pieces).and(&in_memory)))
    }

    /// Lets the memory of a partition go.
    pub fn release(&self, partition: usize) {
        *self.waiting(partition) = None;
    }

    fn waiting(&self, partition: usize) -> MutexGuard<'_, Option<Arc<Pieces>>> {
        self.waiting[partition].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives all memory back to the budget, once every partition has been released.
    pub fn settle(&mut self) {
        self.memory.clear();
    }

    /// The identifiers of a partition's touches.
    pub fn ids(&self, pieces: &Arc<Pieces>) -> TouchIds {
        if self.ids_are_text { TouchIds::Text(Arc::clone(pieces)) } else { TouchIds::Int }
    }
}
