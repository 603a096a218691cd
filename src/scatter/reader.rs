//! The probe: touch batches in, those that may matter out, to their partitions.

use super::keys::NO_NUMBER;
use super::lines::LineReader;
use super::marked::keep_marked;
use super::partition::{ACCOUNTS_PER_PARTITION, Scatter, TouchCounts};
use super::pieces::Piece;
use super::spill::{SpillFile, SpillWriter};
use super::touch::ScatteredTouch;
use super::types::TypeReader;
use crate::engine::EngineError;
use crate::engine::columns::{column, value_at};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::engine::memory::Holding;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};

/// Columns of a touch batch.
pub const TOUCH_COLUMNS: [&str; 8] =
    ["touch_id", "account_id", "touched_at", "campaign_id", "channel", "eligible", "in_scope", "is_good"];

/// The column beside them where a contacts table is given.
pub const CONTACT_COLUMN: &str = "contact_id";
/// The column beside them where types matter.
pub const TOUCH_TYPE_COLUMN: &str = "touch_type";
/// The column beside them where a model controls for sales touches.
pub const OF_SALES_COLUMN: &str = "of_sales";

/// One reader's work.
#[derive(Debug)]
pub struct ScatteredPart {
    pub(super) pieces: Vec<Piece>,
    pub(super) memory: Holding,
    pub(super) spilled: Option<SpillFile>,
    pub(super) counts: TouchCounts,
}

/// Reads one stream of touch batches.
pub struct Reader<'a> {
    /// What all readers share.
    shared: &'a Scatter<'a>,
    number: usize,
    lines: LineReader<'a>,
    types: TypeReader<'a>,
    pieces: Vec<Piece>,
    memory: Holding,
    spill: Option<SpillWriter>,
    /// The dense account of every row of the batch.
    accounts: Vec<u32>,
    /// The dense contact of every row of the batch; empty where contacts do not matter.
    contacts: Vec<u32>,
    /// Rows that count and whose account is known, with that account.
    known: Vec<(u32, u32)>,
    /// The widest window of each known row's account.
    windows: Vec<(i64, i64)>,
    /// Known rows within their window, with their account.
    found: Vec<(u32, u32)>,
    /// The codes of the lines of those.
    codes: Vec<u32>,
    /// The accounts of known rows before their window.
    early: Vec<u32>,
    counts: TouchCounts,
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: &'a Scatter<'a>, number: usize) -> Self {
        Self {
            shared,
            number,
            lines: shared.lines.reader(),
            types: shared.types.reader(),
            pieces: (0..shared.partitions).map(|_| Piece::default()).collect(),
            memory: shared.budget.for_touches(),
            spill: None,
            accounts: Vec::new(),
            contacts: Vec::new(),
            known: Vec::new(),
            windows: Vec::new(),
            found: Vec::new(),
            codes: Vec::new(),
            early: Vec::new(),
            counts: TouchCounts::default(),
        }
    }

    /// Probes every touch of a batch of [`TOUCH_COLUMNS`] and those beside them, and keeps those in an account's widest window.
    ///
    /// # Errors
    /// A batch of other columns or types, more touch types than can be told apart, or a disk that is full.
    pub fn read(&mut self, batch: &RecordBatch) -> Result<(), EngineError> {
        let columns = TouchColumns::try_new(batch)?;
        self.counts.read += batch.num_rows() as u64;
        // Short loops over the batch: the memory that one step waits for is fetched for many touches at once.
        self.probe(&columns);
        self.keep_in_window(&columns, batch.num_rows());
        self.put(&columns)?;
        self.spill_over_budget()
    }

    /// Numbers the accounts of the batch.
    fn probe(&mut self, columns: &TouchColumns<'_>) {
        let conversions = self.shared.conversions;
        conversions.by_account.probe_all(&columns.accounts, &mut self.accounts);
        self.contacts.clear();
        let contacts = columns.contacts.as_ref().filter(|_| !conversions.by_contact.is_empty());
        let Some(contacts) = contacts else { return };
        conversions.by_contact.probe_all(contacts, &mut self.contacts);
        // A touch without account of its own is its contact's account's.
        for (row, account) in self.accounts.iter_mut().enumerate() {
            if columns.accounts.is_null(row) && self.contacts[row] != NO_NUMBER {
                let of_contact = conversions.contact_accounts[self.contacts[row] as usize];
                *account = of_contact.unwrap_or(NO_NUMBER);
            }
        }
    }

    /// Finds the touches that an account's widest window spans.
    fn keep_in_window(&mut self, columns: &TouchColumns<'_>, rows: usize) {
        let at = &columns.touched_at.values()[..rows];
        self.counts.unreadable += (rows - columns.is_good.count_set_bits()) as u64;
        let counts = &columns.is_good & &columns.in_scope;
        let accounts = self.accounts.iter().enumerate();
        // Nothing here jumps that cannot be foretold.
        let accounts = accounts.map(|(row, &account)| ((narrow(row), account), account != NO_NUMBER));
        if counts.count_set_bits() == rows {
            self.counts.span(spanned(at.iter().copied()));
            keep(&mut self.known, accounts);
        } else {
            self.counts.span(spanned(counts.set_indices().map(|row| at[row])));
            let known = accounts.map(|(touch, is_known)| (touch, is_known & counts.value(touch.0 as usize)));
            keep(&mut self.known, known);
        }
        let windows = &self.shared.conversions.widest;
        self.windows.clear();
        self.windows.extend(self.known.iter().map(|&(_, account)| windows[account as usize]));
        let known =
            || self.known.iter().zip(&self.windows).map(|(&touch, window)| (touch, at[touch.0 as usize], window));
        keep(&mut self.found, known().map(|(touch, at, window)| (touch, (window.0 <= at) & (at <= window.1))));
        keep(&mut self.early, known().map(|((_, account), at, window)| (account, at < window.0)));
        self.early.iter().for_each(|&account| self.shared.note_earlier(account));
        if let Some(subjects) = &self.shared.conversions.subjects {
            for &(row, account) in &self.found {
                if at[row as usize] < subjects.converting[account as usize].0 {
                    self.shared.note_earlier(account);
                }
            }
        }
        self.counts.scattered += self.found.len() as u64;
    }

    /// Puts the touches found where their accounts' partitions wait.
    fn put(&mut self, columns: &TouchColumns<'_>) -> Result<(), EngineError> {
        let rows = self.found.iter().map(|&(row, _)| row as usize);
        self.lines.read(&columns.campaigns, |row| columns.channel(row), rows, &mut self.codes);
        for (&(row, account), &line) in self.found.iter().zip(&self.codes) {
            let (row, account) = (row as usize, account as usize);
            let piece = &mut self.pieces[account / ACCOUNTS_PER_PARTITION];
            let id = match &columns.ids {
                IdColumn::Int(ids) => value_at(*ids, row).unwrap_or_default().cast_unsigned(),
                IdColumn::Text(ids) => piece.push_text(value_at(*ids, row).unwrap_or_default()),
            };
            let touch_type = columns.touch_type(row).map_or(Ok(0), |name| self.types.code(name))?;
            let slot = u16::try_from(account % ACCOUNTS_PER_PARTITION).unwrap_or(u16::MAX);
            let touch = ScatteredTouch::new(
                columns.touched_at.value(row),
                id,
                line,
                columns.eligible.value(row),
                columns.of_sales(row),
                slot,
                touch_type,
            );
            piece.push(touch, self.contacts.get(row).copied());
        }
        Ok(())
    }

    /// Writes everything held to disk when the budget does not have it.
    fn spill_over_budget(&mut self) -> Result<(), EngineError> {
        let Some(folder) = self.shared.budget.folder() else { return Ok(()) };
        let held = self.pieces.iter().map(Piece::bytes).sum();
        if self.memory.try_resize(held) {
            return Ok(());
        }
        let spill = match &mut self.spill {
            Some(spill) => spill,
            None => self.spill.insert(SpillWriter::create(folder, self.number)?),
        };
        for (partition, piece) in self.pieces.iter_mut().enumerate().filter(|(_, piece)| !piece.is_empty()) {
            spill.write(partition, &std::mem::take(piece))?;
        }
        self.counts.spilled += held as u64;
        self.memory.release();
        Ok(())
    }

    /// The reader's work; what never exceeded the budget stays in memory.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn finish(self) -> Result<ScatteredPart, EngineError> {
        let spilled = self.spill.map(SpillWriter::finish).transpose()?;
        Ok(ScatteredPart { pieces: self.pieces, memory: self.memory, spilled, counts: self.counts })
    }
}

/// A touch batch, column by column.
struct TouchColumns<'a> {
    ids: IdColumn<'a>,
    accounts: IdColumn<'a>,
    contacts: Option<IdColumn<'a>>,
    touched_at: &'a arrow::array::TimestampMicrosecondArray,
    campaigns: IdColumn<'a>,
    channels: Option<StringViewArray>,
    touch_types: Option<StringViewArray>,
    of_sales: Option<BooleanBuffer>,
    eligible: BooleanBuffer,
    in_scope: BooleanBuffer,
    is_good: BooleanBuffer,
}

impl<'a> TouchColumns<'a> {
    fn try_new(batch: &'a RecordBatch) -> Result<Self, EngineError> {
        let texts = |column: &ArrayRef| -> Result<Option<StringViewArray>, EngineError> {
            if column.null_count() == column.len() {
                return Ok(None);
            }
            Ok(Some(cast(column, &DataType::Utf8View)?.as_string_view().clone()))
        };
        Ok(Self {
            ids: IdColumn::try_new(column(batch, "touch_id")?)?,
            accounts: IdColumn::try_new(column(batch, "account_id")?)?,
            contacts: batch.column_by_name(CONTACT_COLUMN).map(IdColumn::try_new).transpose()?,
            touched_at: column(batch, "touched_at")?.as_primitive::<TimestampMicrosecondType>(),
            campaigns: IdColumn::try_new(column(batch, "campaign_id")?)?,
            channels: texts(column(batch, "channel")?)?,
            touch_types: batch.column_by_name(TOUCH_TYPE_COLUMN).map(texts).transpose()?.flatten(),
            of_sales: batch.column_by_name(OF_SALES_COLUMN).map(|flags| trues(flags.as_boolean())),
            eligible: trues(column(batch, "eligible")?.as_boolean()),
            in_scope: trues(column(batch, "in_scope")?.as_boolean()),
            is_good: trues(column(batch, "is_good")?.as_boolean()),
        })
    }

    fn of_sales(&self, row: usize) -> bool {
        self.of_sales.as_ref().is_some_and(|of_sales| of_sales.value(row))
    }

    fn channel(&self, row: usize) -> Option<&str> {
        value_at(self.channels.as_ref()?, row)
    }

    fn touch_type(&self, row: usize) -> Option<&str> {
        value_at(self.touch_types.as_ref()?, row)
    }
}

/// Where a flag is true, and not null.
fn trues(flags: &BooleanArray) -> BooleanBuffer {
    flags.nulls().map_or_else(|| flags.values().clone(), |nulls| flags.values() & nulls.inner())
}

/// The earliest and the latest instant.
fn spanned(instants: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    let widen = |(earliest, latest): (i64, i64), at| (earliest.min(at), latest.max(at));
    let (earliest, latest) = instants.fold((i64::MAX, i64::MIN), widen);
    (earliest <= latest).then_some((earliest, latest))
}

/// Fills `kept` with the items that are marked.
#[inline]
fn keep<T: Copy + Default>(kept: &mut Vec<T>, items: impl ExactSizeIterator<Item = (T, bool)>) {
    kept.clear();
    kept.resize(items.len(), T::default());
    let count = keep_marked(kept, items);
    kept.truncate(count);
}
