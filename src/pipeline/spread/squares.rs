//! The closed form: the squared parts of every place.
//!
//! Every account adds to some twenty rows, so what counts is how few they are, that their cache lines are waited for at once,
//! and how plain the loops are.

mod reach;
mod sums;

use super::super::totals::CreditKey;
use super::Place;
use super::parts::{AccountParts, add_news};
use crate::config::file::DealKind;
use crate::engine::dense::narrow;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use reach::{LEVELS, ONE_PART, ONE_QUARTER, OVER_ALL, RowKey, RowSet, SEVERAL_QUARTERS, keys_of};
use std::collections::BTreeMap;
use std::hint::black_box;
use sums::{LOWER_BITS, PLAIN, add_plain_squares, add_squares, carry};

/// The squared parts of some of the accounts, by place.
#[derive(Debug)]
pub struct Squares {
    models: usize,
    /// The rows that each row of the totals goes to, see [`RowSet`].
    rows_of: Vec<Option<RowSet>>,
    index: HashMap<RowKey, u32, FixedState>,
    keys: Vec<RowKey>,
    /// A row is the number of accounts, the squared money of every model and the squared new deals of every model: the
    /// lower 63 bits of each.
    lower: Vec<u64>,
    /// What is above them, in units of 2⁶³.
    upper: Vec<u64>,
    /// `row · models + model`: whether an account got more back than it gave.
    has_negative: Vec<bool>,
    open: OpenAccount,
}

/// New deals are squared in units of 2⁻²⁸ of a deal, 2²⁰ share units, so that upper halves stay rare.
const NEW_BITS: u32 = 20;
const CELLS_PER_CACHE_LINE: usize = 8;

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
    /// How many parts it has in each campaign and channel, by their rows over all.
    parts_of: Vec<u32>,
    /// The parts that are not the only ones of their campaign, or of their channel.
    several: Vec<usize>,
    /// One more than its position in `rows`, per row that gets a sum; 0 where it has none.
    slot_of: Vec<u32>,
    /// The rows it gave to.
    rows: Vec<u32>,
    /// What it gave to each of them: the part at this position, or, beyond the parts, a sum of several.
    given: Vec<usize>,
    /// Sums of several parts, as the parts are stored.
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
        keys_of(key, channel).map(|keys| keys.map(|key| self.row(key)))
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
            self.open.parts_of.push(0);
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
        let sums = if in_one_quarter { ONE_QUARTER } else { SEVERAL_QUARTERS };
        self.count_parts();
        for level in 0..LEVELS {
            self.take_only_parts(level);
            for reach in sums.clone() {
                self.sum_parts(reach, level, parts);
            }
            self.open.several.clear();
        }
        self.add_squares(parts);
        self.forget_parts();
    }

    /// Counts how many parts the account has in each campaign and channel.
    fn count_parts(&mut self) {
        let OpenAccount { row_sets, parts_of, .. } = &mut self.open;
        for row in row_sets.iter().flat_map(|row_set| row_set[OVER_ALL]) {
            parts_of[row as usize] += 1;
        }
    }

    fn forget_parts(&mut self) {
        let OpenAccount { row_sets, parts_of, .. } = &mut self.open;
        for row in row_sets.iter().flat_map(|row_set| row_set[OVER_ALL]) {
            parts_of[row as usize] = 0;
        }
        row_sets.clear();
    }

    /// Gives the only parts of campaigns or channels to their rows, and lists the others.
    fn take_only_parts(&mut self, level: usize) {
        let stride = self.stride();
        let OpenAccount { row_sets, parts_of, several, rows, given, .. } = &mut self.open;
        let mut fetched = 0;
        for (part, row_set) in row_sets.iter().enumerate() {
            if parts_of[row_set[OVER_ALL][level] as usize] > 1 {
                several.push(part);
                continue;
            }
            let row = row_set[ONE_PART][level];
            fetched |= count_account(&mut self.lower, row, stride);
            rows.push(row);
            given.push(part);
        }
        black_box(fetched);
    }

    /// Sums what goes to each row of a reach. Within 18 digits no sum of money wraps.
    fn sum_parts(&mut self, reach: usize, level: usize, parts: &AccountParts) {
        let (models, stride) = (self.models, self.stride());
        let OpenAccount { row_sets, several, slot_of, rows, given, amounts, news, .. } = &mut self.open;
        let mut fetched = 0;
        for &part in several.iter() {
            let row = row_sets[part][reach][level];
            let slot = &mut slot_of[row as usize];
            if *slot == 0 {
                fetched |= count_account(&mut self.lower, row, stride);
                rows.push(row);
                given.push(part);
                *slot = narrow(rows.len());
                continue;
            }
            let cells = part * models..(part + 1) * models;
            let given = &mut given[*slot as usize - 1];
            if *given < parts.len() {
                let cells = *given * models..(*given + 1) * models;
                *given = parts.len() + amounts.len() / models;
                amounts.extend_from_slice(&parts.amounts[cells.clone()]);
                news.extend_from_slice(&parts.news[cells]);
            }
            let sum = *given - parts.len();
            let sums = sum * models..(sum + 1) * models;
            for (sum, amount) in amounts[sums.clone()].iter_mut().zip(&parts.amounts[cells.clone()]) {
                *sum = sum.wrapping_add(*amount);
            }
            if parts.keys[part].kind == DealKind::New {
                add_news(&mut news[sums], &parts.news[cells]);
            }
        }
        black_box(fetched);
    }

    fn add_squares(&mut self, parts: &AccountParts) {
        let (models, stride) = (self.models, self.stride());
        let account_has_new = parts.keys.iter().any(|key| key.kind == DealKind::New);
        let OpenAccount { slot_of, rows, given, amounts, news, .. } = &mut self.open;
        for (&row, &given) in rows.iter().zip(given.iter()) {
            let row = row as usize;
            slot_of[row] = 0;
            let (amounts, news, position, has_new) = match given.checked_sub(parts.len()) {
                None => (&parts.amounts, &parts.news, given, parts.keys[given].kind == DealKind::New),
                Some(sum) => (&*amounts, &*news, sum, account_has_new),
            };
            let cells = position * models..(position + 1) * models;
            let (amounts, news) = (&amounts[cells.clone()], &news[cells]);
            let (of_amounts, of_news) = (row * stride + 1..row * stride + 1 + models, row * stride + 1 + models);
            let (lower, upper) = (&mut self.lower[of_amounts.clone()], &mut self.upper[of_amounts]);
            if amounts.iter().fold(0, |all, amount| all | amount.cast_unsigned()) < PLAIN {
                add_plain_squares(lower, upper, amounts, |amount| amount.cast_unsigned());
            } else {
                add_squares(lower, upper, amounts.iter().map(|amount| amount.unsigned_abs()));
                let has_negative = &mut self.has_negative[row * models..(row + 1) * models];
                has_negative.iter_mut().zip(amounts).for_each(|(has, amount)| *has |= *amount < 0);
            }
            if has_new {
                let of_news = of_news..of_news + models;
                let (lower, upper) = (&mut self.lower[of_news.clone()], &mut self.upper[of_news]);
                let all = news.iter().fold(0, |all, new| all | new);
                if all >> NEW_BITS < PLAIN / 2 {
                    add_plain_squares(lower, upper, news, |new| in_new_units(*new));
                } else {
                    add_squares(lower, upper, news.iter().map(|new| in_new_units(*new)));
                }
            }
        }
        rows.clear();
        given.clear();
        amounts.clear();
        news.clear();
    }

    /// Adds the squares of other accounts under the same models.
    pub(in crate::pipeline) fn merge(&mut self, other: &Self) {
        let stride = self.stride();
        for (theirs, &key) in other.keys.iter().enumerate() {
            let mine = self.row(key) as usize;
            for cell in 0..stride {
                let (mine, theirs) = (mine * stride + cell, theirs * stride + cell);
                self.lower[mine] += other.lower[theirs];
                self.upper[mine] += other.upper[theirs];
                carry(&mut self.lower[mine], &mut self.upper[mine]);
            }
            for model in 0..self.models {
                self.has_negative[mine * self.models + model] |= other.has_negative[theirs * self.models + model];
            }
        }
    }

    /// The squares of every place that an account has touched, sorted.
    pub(super) fn places(&self) -> BTreeMap<Place, PlaceSquares> {
        let mut places: BTreeMap<Place, PlaceSquares> = BTreeMap::new();
        for (row, &(level, reach)) in self.keys.iter().enumerate() {
            let cell = |cell: usize| {
                let cell = row * self.stride() + cell;
                (u128::from(self.upper[cell]) << LOWER_BITS) + u128::from(self.lower[cell])
            };
            let accounts = self.lower[row * self.stride()];
            for period in reach.periods().filter(|_| accounts > 0) {
                let empty = || PlaceSquares { accounts: 0, models: vec![ModelSquares::default(); self.models] };
                let into = places.entry((level, period)).or_insert_with(empty);
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

/// Counts an account in a row, and brings the row to the cache by the time that its squares are added: what is returned
/// rests on all of its cache lines, and is to be waited for when all rows of the account are on their way.
fn count_account(lower: &mut [u64], row: u32, stride: usize) -> u64 {
    let cells = &mut lower[row as usize * stride..(row as usize + 1) * stride];
    cells[0] += 1;
    cells.iter().step_by(CELLS_PER_CACHE_LINE).fold(0, |all, cell| all | cell)
}

/// Share units as units of squared new deals, to the nearest.
fn in_new_units(share: u64) -> u64 {
    (share >> NEW_BITS) + (share >> (NEW_BITS - 1) & 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MODELS: usize = 2;
    /// Close quarter, touch quarter, line, whether the deal is new, money of every model, shares in units of squared new deals.
    type Part = (u32, u32, u32, bool, [i64; MODELS], [u64; MODELS]);

    fn channel_of(line: u32) -> u32 {
        line % 2
    }

    fn key((close_quarter, touch_quarter, line, is_new, ..): Part) -> CreditKey {
        let kind = if is_new { DealKind::New } else { DealKind::Expansion };
        CreditKey { close_quarter, touch_quarter, line, kind }
    }

    /// The squares of accounts, each with one part a key.
    fn squared(accounts: &[BTreeMap<CreditKey, Part>]) -> Squares {
        let mut squares = Squares::new(MODELS);
        let mut rows: Vec<CreditKey> = Vec::new();
        for account in accounts {
            let mut parts = AccountParts::new(MODELS);
            for (&key, part) in account {
                let row = rows.iter().position(|known| *known == key).unwrap_or_else(|| {
                    rows.push(key);
                    rows.len() - 1
                });
                let position = parts.push(key, channel_of(key.line));
                parts.add(position, &part.4, &part.5.map(|new| new << NEW_BITS));
                squares.open_part(row, key, channel_of(key.line));
            }
            squares.close(&parts);
        }
        squares
    }

    /// The same the plain way: sums of every account and place, squared.
    fn squared_plainly(accounts: &[BTreeMap<CreditKey, Part>]) -> BTreeMap<Place, PlaceSquares> {
        let mut places: BTreeMap<Place, PlaceSquares> = BTreeMap::new();
        for account in accounts {
            let mut sums: BTreeMap<Place, [(i64, u64); MODELS]> = BTreeMap::new();
            for (&key, part) in account {
                for place in super::super::places(key, channel_of(key.line)) {
                    for (model, sum) in sums.entry(place).or_default().iter_mut().enumerate() {
                        sum.0 += part.4[model];
                        sum.1 += if part.3 { part.5[model] } else { 0 };
                    }
                }
            }
            for (place, sums) in sums {
                let empty = PlaceSquares { accounts: 0, models: vec![ModelSquares::default(); MODELS] };
                let place = places.entry(place).or_insert(empty);
                place.accounts += 1;
                for (square, (amount, new)) in place.models.iter_mut().zip(sums) {
                    square.amount += u128::from(amount.unsigned_abs()).pow(2);
                    square.new += u128::from(new << NEW_BITS).pow(2);
                    square.has_negative |= amount < 0;
                }
            }
        }
        places
    }

    proptest! {
        /// However the parts of an account lie, every place has the squares of what the account gave it, and so have the
        /// accounts of two threads.
        #[test]
        fn places_have_the_squares_of_their_accounts(
            accounts in prop::collection::vec(
                prop::collection::vec(
                    (0..3_u32, 0..3_u32, 0..4_u32, any::<bool>(), [-50_000_000_000..50_000_000_000_i64, -9..900], [0..1_u64 << 28, 0..9]),
                    0..6,
                ),
                0..12,
            ),
            split in 0..12_usize,
        ) {
            let accounts: Vec<BTreeMap<CreditKey, Part>> =
                accounts.into_iter().map(|parts| parts.into_iter().map(|part| (key(part), part)).collect()).collect();
            let (some, others) = accounts.split_at(split.min(accounts.len()));
            let mut squares = squared(some);
            squares.merge(&squared(others));
            prop_assert_eq!(squares.places(), squared_plainly(&accounts));
        }
    }
}
