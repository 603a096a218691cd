//! The closed form: the squared parts of every place.
//!
//! Every account adds to some thirty rows, so what counts is how few cache lines a row has. Sums of squares need 128 bits,
//! but their upper halves hardly ever change: they are kept apart from the lower ones.

use super::super::totals::CreditKey;
use super::parts::AccountParts;
use super::{Period, Place, narrow, places};
use crate::config::file::DealKind;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// The squared parts of some of the accounts, by place.
#[derive(Debug)]
pub struct Squares {
    models: usize,
    /// The rows that each row of the totals goes to, see [`Squares::rows_of`].
    rows_of: Vec<Option<RowSet>>,
    index: HashMap<RowKey, u32, FixedState>,
    keys: Vec<RowKey>,
    /// A row is the number of accounts, the squared money of every model and the squared new deals of every model: the
    /// lower 64 bits of each.
    lower: Vec<u64>,
    /// The upper 64 bits.
    upper: Vec<u64>,
    /// `row · models + model`: whether an account got more back than it gave.
    has_negative: Vec<bool>,
    open: OpenAccount,
}

/// A place, and whether the row holds accounts whose deals all closed in one quarter. What such an account gave in that
/// quarter it gave over all, so its squares are added once and count for both.
type RowKey = (Place, bool);

/// Where a part goes: campaign and channel by close, for accounts that closed in one quarter; both by touch; both by close,
/// for accounts that closed in several; both over all.
type RowSet = [u32; 8];
const ONE_QUARTER: std::ops::Range<usize> = 0..4;
const SEVERAL_QUARTERS: std::ops::Range<usize> = 2..8;

/// New deals are squared in units of 2⁻²⁸ of a deal, 2²⁰ share units, so that upper halves stay rare.
const NEW_BITS: u32 = 20;

/// The squared parts of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlaceSquares {
    /// Accounts with a touch there.
    pub(super) accounts: u64,
    /// Of money and of new deals, per model.
    pub(super) models: Vec<ModelSquares>,
}

/// The squared parts of a place under a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ModelSquares {
    /// Minor units, squared.
    pub(super) amount: u128,
    /// Units of 2⁻⁴⁸, squared.
    pub(super) new: u128,
    /// Whether an account gave less than nothing: it got more back than it gave.
    pub(super) has_negative: bool,
}

/// What the account at hand gave.
#[derive(Debug, Default)]
struct OpenAccount {
    /// Where its parts go.
    row_sets: Vec<RowSet>,
    /// One more than its position in `rows`, per row; 0 where it has none.
    slot_of: Vec<u32>,
    /// The rows it gave to.
    rows: Vec<u32>,
    /// `slot · models + model`.
    amounts: Vec<i64>,
    news: Vec<u64>,
}

impl Squares {
    pub(super) fn new(models: usize) -> Self {
        Self {
            models,
            rows_of: Vec::new(),
            index: HashMap::default(),
            keys: Vec::new(),
            lower: Vec::new(),
            upper: Vec::new(),
            has_negative: Vec::new(),
            open: OpenAccount::default(),
        }
    }

    /// Says which row of the totals the next part of the open account has.
    pub(super) fn open_part(&mut self, row: usize, key: CreditKey, channel: u32) {
        if self.rows_of.len() <= row {
            self.rows_of.resize(row + 1, None);
        }
        let rows = match self.rows_of[row] {
            Some(rows) => rows,
            None => {
                let rows = self.new_rows(key, channel);
                self.rows_of[row] = Some(rows);
                rows
            }
        };
        self.open.row_sets.push(rows);
    }

    #[cold]
    fn new_rows(&mut self, key: CreditKey, channel: u32) -> RowSet {
        let [close, channel_close, touch, channel_touch, all, channel_all] = places(key, channel);
        let one_quarter = [close, channel_close].map(|place| (place, true));
        let others = [touch, channel_touch, close, channel_close, all, channel_all].map(|place| (place, false));
        let mut rows = RowSet::default();
        for (row, key) in rows.iter_mut().zip(one_quarter.into_iter().chain(others)) {
            *row = self.row(key);
        }
        rows
    }

    fn row(&mut self, key: RowKey) -> u32 {
        let next = narrow(self.keys.len());
        let row = *self.index.entry(key).or_insert(next);
        if row == next {
            self.keys.push(key);
            let cells = self.keys.len() * self.stride();
            self.lower.resize(cells, 0);
            self.upper.resize(cells, 0);
            self.has_negative.resize(self.keys.len() * self.models, false);
            self.open.slot_of.push(0);
        }
        row
    }

    /// Cells of a row.
    fn stride(&self) -> usize {
        1 + 2 * self.models
    }

    /// Squares and adds the parts of the open account.
    pub(super) fn close(&mut self, parts: &AccountParts) {
        let Some(first) = parts.keys.first() else { return };
        let in_one_quarter = parts.keys.iter().all(|key| key.close_quarter == first.close_quarter);
        let wanted = if in_one_quarter { ONE_QUARTER } else { SEVERAL_QUARTERS };
        let has_new = parts.keys.iter().any(|key| key.kind == DealKind::New);
        for place in wanted {
            self.gather(place, parts, has_new);
        }
        self.add_squares(has_new);
        self.open.row_sets.clear();
    }

    /// Sums the parts that go to the same row at a place of their row sets. Within 18 digits no sum of money wraps.
    fn gather(&mut self, place: usize, parts: &AccountParts, has_new: bool) {
        let (models, stride) = (self.models, self.stride());
        let OpenAccount { row_sets, slot_of, rows, amounts, news } = &mut self.open;
        for (part, row_set) in row_sets.iter().enumerate() {
            let row = row_set[place];
            let cells = part * models..(part + 1) * models;
            let slot = &mut slot_of[row as usize];
            if *slot == 0 {
                // Counted here, and not where it is squared, so that the row is on its way to the cache by then.
                self.lower[row as usize * stride] += 1;
                rows.push(row);
                *slot = narrow(rows.len());
                amounts.extend_from_slice(&parts.amounts[cells.clone()]);
                if has_new {
                    news.extend_from_slice(&parts.news[cells]);
                }
                continue;
            }
            let slot = *slot as usize - 1;
            let sums = slot * models..(slot + 1) * models;
            for (sum, amount) in amounts[sums.clone()].iter_mut().zip(&parts.amounts[cells.clone()]) {
                *sum = sum.wrapping_add(*amount);
            }
            if has_new {
                for (sum, new) in news[sums].iter_mut().zip(&parts.news[cells]) {
                    *sum = sum.saturating_add(*new);
                }
            }
        }
    }

    fn add_squares(&mut self, has_new: bool) {
        let (models, stride) = (self.models, self.stride());
        for (slot, &row) in self.open.rows.iter().enumerate() {
            let row = row as usize;
            self.open.slot_of[row] = 0;
            let parts = slot * models..(slot + 1) * models;
            let lower = &mut self.lower[row * stride..(row + 1) * stride];
            let (of_amounts, of_news) = lower[1..].split_at_mut(models);
            for (model, (sum, &part)) in of_amounts.iter_mut().zip(&self.open.amounts[parts.clone()]).enumerate() {
                let carry = add_square(sum, part.unsigned_abs());
                if carry > 0 {
                    self.upper[row * stride + 1 + model] += carry;
                }
                if part < 0 {
                    self.has_negative[row * models + model] = true;
                }
            }
            if has_new {
                for (model, (sum, &part)) in of_news.iter_mut().zip(&self.open.news[parts]).enumerate() {
                    let carry = add_square(sum, part.saturating_add(1 << (NEW_BITS - 1)) >> NEW_BITS);
                    if carry > 0 {
                        self.upper[row * stride + 1 + models + model] += carry;
                    }
                }
            }
        }
        self.open.rows.clear();
        self.open.amounts.clear();
        self.open.news.clear();
    }

    /// Adds the squares of other accounts under the same models.
    pub(in crate::pipeline) fn merge(&mut self, other: &Self) {
        let stride = self.stride();
        for (theirs, &key) in other.keys.iter().enumerate() {
            let mine = self.row(key) as usize;
            for cell in 0..stride {
                let (mine, theirs) = (mine * stride + cell, theirs * stride + cell);
                let (sum, carry) = self.lower[mine].overflowing_add(other.lower[theirs]);
                self.lower[mine] = sum;
                self.upper[mine] += other.upper[theirs] + u64::from(carry);
            }
            for model in 0..self.models {
                self.has_negative[mine * self.models + model] |= other.has_negative[theirs * self.models + model];
            }
        }
    }

    /// The squares of every place that an account has touched, sorted.
    pub(super) fn places(&self) -> BTreeMap<Place, PlaceSquares> {
        let mut places: BTreeMap<Place, PlaceSquares> = BTreeMap::new();
        for (row, &(place, in_one_quarter)) in self.keys.iter().enumerate() {
            let cell = |cell: usize| {
                let cell = row * self.stride() + cell;
                u128::from(self.upper[cell]) << 64 | u128::from(self.lower[cell])
            };
            let accounts = self.lower[row * self.stride()];
            let over_all = in_one_quarter.then_some((place.0, Period::All));
            for place in std::iter::once(place).chain(over_all).filter(|_| accounts > 0) {
                let empty = || PlaceSquares { accounts: 0, models: vec![ModelSquares::default(); self.models] };
                let into = places.entry(place).or_insert_with(empty);
                into.accounts += accounts;
                for (model, into) in into.models.iter_mut().enumerate() {
                    into.amount += cell(1 + model);
                    into.new =
                        into.new.saturating_add(cell(1 + self.models + model).saturating_mul(1 << (2 * NEW_BITS)));
                    into.has_negative |= self.has_negative[row * self.models + model];
                }
            }
        }
        places
    }
}

/// Adds the square of `part` to the lower half of a sum; returns what its upper half gains.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn add_square(lower: &mut u64, part: u64) -> u64 {
    let square = u128::from(part) * u128::from(part);
    let (sum, carry) = lower.overflowing_add(square as u64);
    *lower = sum;
    (square >> 64) as u64 + u64::from(carry)
}
