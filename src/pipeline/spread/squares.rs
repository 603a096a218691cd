//! The closed form: the squared parts of every place.

use super::super::totals::CreditKey;
use super::parts::AccountParts;
use super::{Level, Period, Place, narrow, places};
use crate::config::file::DealKind;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// The squared parts of some of the accounts, by place.
#[derive(Debug)]
pub struct Squares {
    models: usize,
    /// The rows that a row of the totals goes to: see [`Squares::rows_of`].
    rows_of: Vec<Option<[u32; 8]>>,
    index: HashMap<RowKey, u32, FixedState>,
    keys: Vec<RowKey>,
    accounts: Vec<u64>,
    /// `row · models + model`.
    amounts: Vec<u128>,
    news: Vec<u128>,
    has_negative: Vec<bool>,
    open: Gathered,
}

/// A place, and whether the row holds accounts whose deals all closed in one quarter. What such an account gave in that
/// quarter it gave over all, so its squares are added once and count for both.
type RowKey = (Place, bool);

/// The rows of accounts that closed in one quarter, and in several, among those of a row of the totals.
const ONE_QUARTER: std::ops::Range<usize> = 0..4;
const SEVERAL_QUARTERS: std::ops::Range<usize> = 2..8;

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
    pub(super) amount: u128,
    pub(super) new: u128,
    /// Whether an account gave less than nothing: it got more back than it paid.
    pub(super) has_negative: bool,
}

/// What the account at hand gave each row.
#[derive(Debug, Default)]
struct Gathered {
    /// One more than its slot, per row; 0 where it has none.
    slot_of: Vec<u32>,
    rows: Vec<u32>,
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
            accounts: Vec::new(),
            amounts: Vec::new(),
            news: Vec::new(),
            has_negative: Vec::new(),
            open: Gathered::default(),
        }
    }

    /// Squares and adds the parts of one account; `rows` are their rows in the totals.
    pub(super) fn add(&mut self, parts: &AccountParts, rows: &[u32]) {
        let Some(first) = parts.keys.first() else { return };
        let in_one_quarter = parts.keys.iter().all(|key| key.close_quarter == first.close_quarter);
        let wanted = if in_one_quarter { ONE_QUARTER } else { SEVERAL_QUARTERS };
        let has_new = parts.keys.iter().any(|key| key.kind == DealKind::New);
        for (part, &row) in rows.iter().enumerate() {
            let cells = part * self.models..(part + 1) * self.models;
            for into in self.rows_of(row as usize, parts.keys[part], parts.channels[part])[wanted.clone()].iter() {
                self.open.add(*into, &parts.amounts[cells.clone()], has_new.then_some(&parts.news[cells.clone()]));
            }
        }
        self.close(has_new);
    }

    /// The rows of a row of the totals: campaign and channel by close of accounts that closed in one quarter, both by
    /// touch, both by close of accounts that closed in several, both over all of those.
    fn rows_of(&mut self, row: usize, key: CreditKey, channel: u32) -> [u32; 8] {
        if self.rows_of.len() <= row {
            self.rows_of.resize(row + 1, None);
        }
        if let Some(rows) = self.rows_of[row] {
            return rows;
        }
        let [close, channel_close, rest @ ..] = places(key, channel);
        let [touch, channel_touch, all, channel_all] = rest;
        let of_several = [touch, channel_touch, close, channel_close, all, channel_all].map(|place| (place, false));
        let of_one = [close, channel_close].map(|place| (place, true));
        let mut rows = [0; 8];
        for (row, key) in rows.iter_mut().zip(of_one.into_iter().chain(of_several)) {
            *row = self.row(key);
        }
        self.rows_of[row] = Some(rows);
        rows
    }

    fn row(&mut self, key: RowKey) -> u32 {
        let next = narrow(self.keys.len());
        let row = *self.index.entry(key).or_insert(next);
        if row == next {
            self.keys.push(key);
            self.accounts.push(0);
            let cells = self.keys.len() * self.models;
            self.amounts.resize(cells, 0);
            self.news.resize(cells, 0);
            self.has_negative.resize(cells, false);
            self.open.slot_of.push(0);
        }
        row
    }

    /// Squares what the account at hand gave.
    fn close(&mut self, has_new: bool) {
        let models = self.models;
        for (slot, &row) in self.open.rows.iter().enumerate() {
            let row = row as usize;
            self.open.slot_of[row] = 0;
            self.accounts[row] += 1;
            let (cells, parts) = (row * models..(row + 1) * models, slot * models..(slot + 1) * models);
            for (model, (sum, &part)) in
                self.amounts[cells.clone()].iter_mut().zip(&self.open.amounts[parts.clone()]).enumerate()
            {
                *sum = sum.saturating_add(square(part.unsigned_abs()));
                if part < 0 {
                    self.has_negative[row * models + model] = true;
                }
            }
            if has_new {
                for (sum, &part) in self.news[cells].iter_mut().zip(&self.open.news[parts]) {
                    *sum = sum.saturating_add(square(part));
                }
            }
        }
        self.open.rows.clear();
        self.open.amounts.clear();
        self.open.news.clear();
    }

    /// Adds the squares of other accounts under the same models.
    pub(in crate::pipeline) fn merge(&mut self, other: &Self) {
        for (theirs, &key) in other.keys.iter().enumerate() {
            let mine = self.row(key) as usize;
            self.accounts[mine] += other.accounts[theirs];
            for model in 0..self.models {
                let (mine, theirs) = (mine * self.models + model, theirs * self.models + model);
                self.amounts[mine] = self.amounts[mine].saturating_add(other.amounts[theirs]);
                self.news[mine] = self.news[mine].saturating_add(other.news[theirs]);
                self.has_negative[mine] |= other.has_negative[theirs];
            }
        }
    }

    /// The squares of every place that an account has touched, sorted.
    pub(super) fn places(&self) -> BTreeMap<Place, PlaceSquares> {
        let mut places: BTreeMap<Place, PlaceSquares> = BTreeMap::new();
        for (row, &(place, is_all)) in self.keys.iter().enumerate().filter(|(row, _)| self.accounts[*row] > 0) {
            let (level, _): (Level, Period) = place;
            for place in std::iter::once(place).chain(is_all.then_some((level, Period::All))) {
                let empty = || PlaceSquares { accounts: 0, models: vec![ModelSquares::default(); self.models] };
                let into = places.entry(place).or_insert_with(empty);
                into.accounts += self.accounts[row];
                for (model, into) in into.models.iter_mut().enumerate() {
                    let cell = row * self.models + model;
                    into.amount = into.amount.saturating_add(self.amounts[cell]);
                    into.new = into.new.saturating_add(self.news[cell]);
                    into.has_negative |= self.has_negative[cell];
                }
            }
        }
        places
    }
}

impl Gathered {
    fn add(&mut self, row: u32, amounts: &[i64], news: Option<&[u64]>) {
        let next = self.rows.len();
        let slot = match self.slot_of[row as usize] {
            0 => {
                self.slot_of[row as usize] = narrow(next + 1);
                self.rows.push(row);
                self.amounts.extend(amounts);
                if let Some(news) = news {
                    self.news.extend(news);
                }
                return;
            }
            slot => slot as usize - 1,
        };
        let cells = slot * amounts.len()..(slot + 1) * amounts.len();
        for (sum, amount) in self.amounts[cells.clone()].iter_mut().zip(amounts) {
            *sum += amount;
        }
        if let Some(news) = news {
            for (sum, new) in self.news[cells].iter_mut().zip(news) {
                *sum = sum.saturating_add(*new);
            }
        }
    }
}

/// The square of 64 bits fits 128.
fn square(part: u64) -> u128 {
    u128::from(part) * u128::from(part)
}
