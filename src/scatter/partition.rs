//! The probe and the scatter: touch batches in, partitions of surviving touches out.

use super::conversions::Conversions;
use super::lines::{LineCodes, LineReader};
use super::touch::{NO_CONTACT, TextArena, Touch, TouchIds};
use super::types::TypeCodes;
use crate::engine::EngineError;
use crate::engine::ids::IdColumn;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use std::sync::atomic::{AtomicI64, Ordering};

/// Accounts per partition: small enough that a partition's touches fit a core's cache.
const ACCOUNTS_PER_PARTITION: usize = 2_048;

/// Columns of a touch batch, in this order.
pub const TOUCH_COLUMNS: [&str; 9] =
    ["touch_id", "account_id", "contact_id", "touched_at", "campaign_id", "channel", "eligible", "in_scope", "is_good"];

/// The column that follows where touches are collapsed.
pub const TOUCH_TYPE_COLUMN: &str = "touch_type";

/// What became of the touches, as far as the scatter can tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TouchCounts {
    /// All touches read.
    pub read: u64,
    /// Touches that cannot be read.
    pub unreadable: u64,
    /// Touches scattered to partitions.
    pub scattered: u64,
    /// Latest `touched_at` read, microseconds.
    pub latest: Option<i64>,
}

impl TouchCounts {
    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.unreadable += other.unreadable;
        self.scattered += other.scattered;
        self.latest = self.latest.max(other.latest);
    }
}

/// What every reader of the stream shares.
#[derive(Debug)]
pub struct Scatter<'a> {
    conversions: &'a Conversions,
    lines: &'a LineCodes,
    partitions: usize,
    types: TypeCodes,
    windows: Vec<AccountWindow>,
}

/// What a touch that found its account asks next, side by side in memory.
#[derive(Debug)]
struct AccountWindow {
    /// Earliest window start of the account's conversions.
    start: i64,
    /// Latest conversion.
    end: i64,
    /// Earliest touch, whether eligible or not.
    earliest: AtomicI64,
}

impl AccountWindow {
    /// Notes a touch; only one that is earlier than all before writes.
    #[inline]
    fn note(&self, at: i64) {
        if at < self.earliest.load(Ordering::Relaxed) {
            self.earliest.fetch_min(at, Ordering::Relaxed);
        }
    }
}

impl<'a> Scatter<'a> {
    /// A scatter for the accounts of `conversions`.
    pub fn new(conversions: &'a Conversions, lines: &'a LineCodes) -> Self {
        let accounts = conversions.accounts();
        Self {
            conversions,
            lines,
            partitions: accounts.div_ceil(ACCOUNTS_PER_PARTITION).max(1),
            types: TypeCodes::default(),
            windows: conversions
                .widest
                .iter()
                .map(|&(start, end)| AccountWindow { start, end, earliest: AtomicI64::new(i64::MAX) })
                .collect(),
        }
    }

    /// A reader for the `number`-th stream.
    pub fn reader(&self, number: usize) -> Reader<'_> {
        Reader {
            scatter: self,
            lines: self.lines.reader(),
            arena: TextArena::new(number),
            buffers: vec![Vec::new(); self.partitions],
            found: Vec::new(),
            counts: TouchCounts::default(),
        }
    }

    /// Puts the readers' work together, in the order of the streams.
    pub fn finish(self, parts: Vec<ScatteredPart>, ids_are_text: bool) -> Scattered {
        let mut counts = TouchCounts::default();
        let mut partitions: Vec<Vec<Vec<Touch>>> = (0..self.partitions).map(|_| Vec::new()).collect();
        let mut arenas = Vec::new();
        for part in parts {
            counts.add(part.counts);
            arenas.push(part.arena);
            for (partition, buffer) in partitions.iter_mut().zip(part.buffers) {
                partition.push(buffer);
            }
        }
        Scattered {
            partitions,
            ids: if ids_are_text { TouchIds::Text(arenas) } else { TouchIds::Int },
            types: self.types,
            earliest: self.windows.into_iter().map(|window| window.earliest.into_inner()).collect(),
            counts,
        }
    }
}

/// Every touch that may matter, by partition.
#[derive(Debug)]
pub struct Scattered {
    partitions: Vec<Vec<Vec<Touch>>>,
    /// The identifiers behind the touches.
    pub ids: TouchIds,
    /// The codes of the touch types, where touches are collapsed.
    pub types: TypeCodes,
    /// Earliest touch of each account, microseconds; `i64::MAX` where it has none.
    pub earliest: Vec<i64>,
    /// What became of the touches.
    pub counts: TouchCounts,
}

impl Scattered {
    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.partitions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    /// The dense accounts of a partition.
    pub fn accounts(&self, partition: usize) -> std::ops::Range<usize> {
        let start = partition * ACCOUNTS_PER_PARTITION;
        start..(start + ACCOUNTS_PER_PARTITION).min(self.earliest.len())
    }

    /// The partition of an account.
    pub fn partition_of(&self, account: usize) -> usize {
        account / ACCOUNTS_PER_PARTITION
    }

    /// The touches of a partition, in no particular order, in pieces.
    pub fn pieces(&self, partition: usize) -> &[Vec<Touch>] {
        &self.partitions[partition]
    }
}

/// One reader's work.
#[derive(Debug)]
pub struct ScatteredPart {
    arena: TextArena,
    buffers: Vec<Vec<Touch>>,
    counts: TouchCounts,
}

/// Reads one stream of touch batches.
#[derive(Debug)]
pub struct Reader<'a> {
    scatter: &'a Scatter<'a>,
    lines: LineReader<'a>,
    arena: TextArena,
    buffers: Vec<Vec<Touch>>,
    found: Vec<Found>,
    counts: TouchCounts,
}

/// A touch of the batch that found its account.
#[derive(Debug, Clone, Copy)]
struct Found {
    row: u32,
    account: u32,
    contact: u32,
}

impl Reader<'_> {
    /// Probes every touch of a batch of [`TOUCH_COLUMNS`] and keeps those in an account's widest window.
    ///
    /// # Errors
    /// A batch of other columns or types.
    pub fn read(&mut self, batch: &RecordBatch) -> Result<(), EngineError> {
        let columns = TouchColumns::try_new(batch)?;
        self.counts.read += batch.num_rows() as u64;
        // Short loops over the batch: the memory that one step waits for is fetched for many touches at once.
        self.probe(&columns, batch.num_rows());
        self.keep_in_window(&columns);
        for position in 0..self.found.len() {
            let Found { row, account, contact } = self.found[position];
            let row = row as usize;
            let id = match &columns.ids {
                IdColumn::Int(ids) => ids.get(row).unwrap_or_default().cast_unsigned(),
                IdColumn::Text(ids) => self.arena.push(ids.get(row).unwrap_or_default()),
            };
            self.buffers[account as usize / ACCOUNTS_PER_PARTITION].push(Touch {
                at: columns.touched_at.value(row),
                id,
                account,
                line: self.lines.code(&columns.campaigns, columns.channel(row), row),
                contact,
                eligible: columns.eligible.is_valid(row) && columns.eligible.value(row),
                touch_type: columns.touch_type(row).map_or(0, |name| self.scatter.types.code(name)),
            });
        }
        self.counts.scattered += self.found.len() as u64;
        Ok(())
    }

    /// Finds the touches of accounts with conversions.
    fn probe(&mut self, columns: &TouchColumns<'_>, rows: usize) {
        let conversions = self.scatter.conversions;
        self.found.clear();
        for row in 0..rows {
            if !columns.is_good.value(row) {
                self.counts.unreadable += 1;
                continue;
            }
            self.counts.latest = self.counts.latest.max(Some(columns.touched_at.value(row)));
            if !columns.in_scope.value(row) {
                continue;
            }
            let contact = columns.contact(conversions, row);
            if let Some(account) = columns.account(conversions, contact, row) {
                let contact = contact.unwrap_or(NO_CONTACT);
                self.found.push(Found { row: u32::try_from(row).unwrap_or(u32::MAX), account, contact });
            }
        }
    }

    /// Keeps those in their account's widest window.
    fn keep_in_window(&mut self, columns: &TouchColumns<'_>) {
        let windows = &self.scatter.windows;
        self.found.retain(|found| {
            let at = columns.touched_at.value(found.row as usize);
            let window = &windows[found.account as usize];
            window.note(at);
            window.start <= at && at <= window.end
        });
    }

    /// The reader's work.
    pub fn finish(self) -> ScatteredPart {
        ScatteredPart { arena: self.arena, buffers: self.buffers, counts: self.counts }
    }
}

/// A touch batch, column by column.
struct TouchColumns<'a> {
    ids: IdColumn<'a>,
    accounts: IdColumn<'a>,
    contacts: IdColumn<'a>,
    touched_at: &'a arrow::array::TimestampMicrosecondArray,
    campaigns: IdColumn<'a>,
    channels: Option<StringViewArray>,
    touch_types: Option<StringViewArray>,
    eligible: BooleanArray,
    in_scope: &'a BooleanArray,
    is_good: &'a BooleanArray,
}

impl<'a> TouchColumns<'a> {
    fn try_new(batch: &'a RecordBatch) -> Result<Self, EngineError> {
        let column = |position: usize| -> &'a ArrayRef { batch.column(position) };
        let texts = |column: &ArrayRef| -> Result<Option<StringViewArray>, EngineError> {
            if column.null_count() == column.len() {
                return Ok(None);
            }
            Ok(Some(cast(column, &DataType::Utf8View)?.as_string_view().clone()))
        };
        Ok(Self {
            ids: IdColumn::try_new(column(0))?,
            accounts: IdColumn::try_new(column(1))?,
            contacts: IdColumn::try_new(column(2))?,
            touched_at: column(3).as_primitive::<TimestampMicrosecondType>(),
            campaigns: IdColumn::try_new(column(4))?,
            channels: texts(column(5))?,
            touch_types: batch.column_by_name(TOUCH_TYPE_COLUMN).map(texts).transpose()?.flatten(),
            eligible: column(6).as_boolean().clone(),
            in_scope: column(7).as_boolean(),
            is_good: column(8).as_boolean(),
        })
    }

    /// The touch's contact, when it belongs to an account with conversions or has a role.
    fn contact(&self, conversions: &Conversions, row: usize) -> Option<u32> {
        if conversions.by_contact.is_empty() { None } else { conversions.by_contact.probe(&self.contacts, row) }
    }

    /// The touch's account: its own, else its contact's.
    fn account(&self, conversions: &Conversions, contact: Option<u32>, row: usize) -> Option<u32> {
        if self.accounts.is_null(row) {
            return conversions.contact_accounts[contact? as usize];
        }
        conversions.by_account.probe(&self.accounts, row)
    }

    fn channel(&self, row: usize) -> Option<&str> {
        text(self.channels.as_ref()?, row)
    }

    fn touch_type(&self, row: usize) -> Option<&str> {
        text(self.touch_types.as_ref()?, row)
    }
}

fn text(texts: &StringViewArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}
