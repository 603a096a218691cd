//! The closed form: the squared parts of every place.
//!
//! Every account adds to some thirty rows, so what counts is how few cache lines a row has and how plain the loops are. Sums
//! of squares need 128 bits, but what is above the lower 63 of them hardly ever changes and is kept apart. Squares of 31 bits
//! are added without looking for a carry: the 64th bit tells, once for the whole row.

use super::super::totals::CreditKey;
use super::parts::AccountParts;
use super::{Period, Place, places};
use crate::config::file::DealKind;
use crate::engine::dense::narrow;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeMap;

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

/// Below this a part is squared in 62 bits.
const PLAIN: u64 = 1 << 31;
/// The lower halves have so many bits.
const LOWER_BITS: u32 = 63;

/// What the account at hand gave.
#[derive(Debug, Default)]
struct OpenAccount {
    /// Where its parts go.
    row_sets: Vec<RowSet>,
    /// One more than its position in `rows`, per row; 0 where it has none.
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
            self.gather(place, parts);
        }
        self.add_squares(parts, has_new);
        self.open.row_sets.clear();
    }

    /// Finds out what goes to each row at a place of the row sets. Within 18 digits no sum of money wraps.
    fn gather(&mut self, place: usize, parts: &AccountParts) {
        let (models, stride) = (self.models, self.stride());
        let OpenAccount { row_sets, slot_of, rows, given, amounts, news } = &mut self.open;
        for (part, row_set) in row_sets.iter().enumerate() {
            let row = row_set[place];
            let slot = &mut slot_of[row as usize];
            if *slot == 0 {
                // Counted here, and not where it is squared, so that the row is on its way to the cache by then.
                self.lower[row as usize * stride] += 1;
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
            for (sum, new) in news[sums].iter_mut().zip(&parts.news[cells]) {
                *sum = sum.saturating_add(*new);
            }
        }
    }

    fn add_squares(&mut self, parts: &AccountParts, has_new: bool) {
        let (models, stride) = (self.models, self.stride());
        let OpenAccount { slot_of, rows, given, amounts, news, .. } = &mut self.open;
        for (&row, &given) in rows.iter().zip(given.iter()) {
            let row = row as usize;
            slot_of[row] = 0;
            let (amounts, news, position) = match given.checked_sub(parts.len()) {
                None => (&parts.amounts, &parts.news, given),
                Some(sum) => (&*amounts, &*news, sum),
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
        for (row, &(place, in_one_quarter)) in self.keys.iter().enumerate() {
            let cell = |cell: usize| {
                let cell = row * self.stride() + cell;
                (u128::from(self.upper[cell]) << LOWER_BITS) + u128::from(self.lower[cell])
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

/// Adds the squares of parts below [`PLAIN`] to a row of sums.
fn add_plain_squares<T>(lower: &mut [u64], upper: &mut [u64], parts: &[T], part: impl Fn(&T) -> u64) {
    let mut all = 0;
    for (sum, given) in lower.iter_mut().zip(parts) {
        // 32 bits are said to be enough, so that the compiler multiplies several at a time.
        let part = part(given) & u64::from(u32::MAX);
        *sum = sum.wrapping_add(part.wrapping_mul(part));
        all |= *sum;
    }
    if all >> LOWER_BITS != 0 {
        lower.iter_mut().zip(upper).for_each(|(lower, upper)| carry(lower, upper));
    }
}

/// Adds the squares of parts of any size to a row of sums.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken, and a square has at most 128 bits")]
fn add_squares(lower: &mut [u64], upper: &mut [u64], parts: impl Iterator<Item = u64>) {
    for ((lower, upper), part) in lower.iter_mut().zip(upper).zip(parts) {
        let sum = u128::from(part) * u128::from(part) + u128::from(*lower);
        *lower = sum as u64 & !(1 << LOWER_BITS);
        *upper += (sum >> LOWER_BITS) as u64;
    }
}

/// Moves what is above the lower bits of a sum to where it belongs.
fn carry(lower: &mut u64, upper: &mut u64) {
    *upper += *lower >> LOWER_BITS;
    *lower &= !(1 << LOWER_BITS);
}

/// Share units as units of squared new deals, to the nearest.
fn in_new_units(share: u64) -> u64 {
    (share >> NEW_BITS) + (share >> (NEW_BITS - 1) & 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Both ways to add, in any mixture, are addition of 128-bit squares.
        #[test]
        fn sums_are_exact(parts in prop::collection::vec(prop_oneof![0..PLAIN, 0..1_000_000_000_000_000_000_u64], 0..400)) {
            let (mut lower, mut upper) = ([0], [0]);
            let mut expected = 0_u128;
            for part in parts {
                expected += u128::from(part) * u128::from(part);
                if part < PLAIN {
                    add_plain_squares(&mut lower, &mut upper, &[part], |part| *part);
                } else {
                    add_squares(&mut lower, &mut upper, std::iter::once(part));
                }
                prop_assert_eq!((u128::from(upper[0]) << LOWER_BITS) + u128::from(lower[0]), expected);
            }
        }
    }
}
