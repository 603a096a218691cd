//! Credit totals: what every line earned, by quarter of close, quarter of touch, kind and model. Integers only, so that
//! the order in which they are added does not matter.

use super::lifetime::acquired::AcquiredTotals;
use crate::config::file::DealKind;
use crate::engine::dense::narrow;
use closedloop_core::ledger::{Bucket, WHOLE};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Where money was earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreditKey {
    /// Position of the quarter in which the deal closed.
    pub close_quarter: u32,
    /// Position of the quarter in which the touch happened.
    pub touch_quarter: u32,
    /// Code of the line.
    pub line: u32,
    /// Kind of the deal.
    pub kind: DealKind,
}

/// Where money was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResidualKey {
    /// Position of the quarter in which the deal closed.
    pub close_quarter: u32,
    /// Kind of the deal.
    pub kind: DealKind,
    /// Position of the model.
    pub model: usize,
    /// The bucket.
    pub bucket: Bucket,
}

/// Money and shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earned {
    /// Minor units.
    pub amount: i64,
    /// Sum of shares in units of 2⁻⁴⁸.
    pub share: u128,
}

/// Money, shares and number of deals left to a residual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOver {
    /// Money and shares.
    pub earned: Earned,
    /// Deals with anything in the bucket.
    pub deals: u64,
}

/// Counts of a line that no model changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Touches credited, once per deal they serve.
    pub touches: u64,
    /// Deals touched, counted once per line, at the line's first touch of the journey.
    pub deals: u64,
}

/// The totals of some of the deals.
///
/// Every touch of every deal is added to, so that hardly anything is hashed: a line is a position in a page of its
/// quarters and kind, and a journey seldom turns a page.
#[derive(Debug, Default)]
pub struct CreditTotals {
    models: usize,
    /// One more than the page of a touch quarter and kind, by close quarter; 0 where there is none.
    pages: Vec<Vec<usize>>,
    /// The page asked for last.
    open: Option<(PageKey, usize)>,
    /// Blocks of lines per page; 0 where none has been met.
    blocks_of_page: Vec<Vec<u32>>,
    /// One more than the row of each line of a block; 0 where it has none.
    rows_of_block: Vec<[u32; LINES_PER_BLOCK]>,
    keys: Vec<CreditKey>,
    /// What stands together is waited for once: a row is the number of touches, the number of deals, the money of every model
    /// in minor units, and of every model the lower 63 bits of the sum of shares in units of 2⁻⁴⁸. The 64th tells, once for
    /// a whole row, that one of its sums has run over.
    cells: Vec<u64>,
    /// What is above them by row and model, in units of 2⁶³: 32,768 whole deals.
    carries: HashMap<(usize, usize), u64, FixedState>,
    /// By close quarter and kind; `None` where nothing is booked.
    books: Vec<Option<Book>>,
    /// The value of the customers that the deals acquired.
    pub acquired: AcquiredTotals,
}

type PageKey = (u32, u32, DealKind);

/// What was booked in a quarter of one kind, and what of it was left to residuals.
#[derive(Debug, Default)]
struct Book {
    booked: LeftOver,
    /// `model · buckets + bucket`.
    residuals: Vec<LeftOver>,
}

/// Lines of a block: a company with a few hundred campaigns has few blocks, one with a million has none it does not use.
const LINES_PER_BLOCK: usize = 256;
/// Bits of a sum of shares that are kept apart from what is above them.
const SHARE_BITS: u32 = 63;
/// The counts of a row, of touches and of deals.
const COUNTS: usize = 2;
const BUCKETS: usize = Bucket::ALL.len();
const KINDS: usize = DealKind::ALL.len();

impl CreditTotals {
    /// Nothing yet, for so many models.
    pub fn new(models: usize) -> Self {
        Self {
            models,
            pages: Vec::new(),
            open: None,
            blocks_of_page: Vec::new(),
            rows_of_block: vec![[0; LINES_PER_BLOCK]],
            keys: Vec::new(),
            cells: Vec::new(),
            carries: HashMap::default(),
            books: Vec::new(),
            acquired: AcquiredTotals::default(),
        }
    }

    /// The row of a key, in which its line's totals stand.
    #[inline]
    pub fn row(&mut self, key: CreditKey) -> usize {
        let page_key = (key.close_quarter, key.touch_quarter, key.kind);
        let page = match self.open {
            Some((open, page)) if open == page_key => page,
            _ => self.turn_to(page_key),
        };
        let (block, line) = (key.line as usize / LINES_PER_BLOCK, key.line as usize % LINES_PER_BLOCK);
        let number = self.blocks_of_page[page].get(block).copied().unwrap_or_default();
        match self.rows_of_block[number as usize][line] {
            0 => self.add_row(key, page, block),
            next => next as usize - 1,
        }
    }

    fn turn_to(&mut self, key: PageKey) -> usize {
        let (close_quarter, touch_quarter, kind) = key;
        let of_close = at(&mut self.pages, close_quarter as usize);
        let page = at(of_close, touch_quarter as usize * KINDS + kind as usize);
        if *page == 0 {
            self.blocks_of_page.push(Vec::new());
            *page = self.blocks_of_page.len();
        }
        let page = *page - 1;
        self.open = Some((key, page));
        page
    }

    #[cold]
    fn add_row(&mut self, key: CreditKey, page: usize, block: usize) -> usize {
        let blocks = &mut self.blocks_of_page[page];
        if blocks.len() <= block {
            blocks.resize(block + 1, 0);
        }
        if blocks[block] == 0 {
            blocks[block] = narrow(self.rows_of_block.len());
            self.rows_of_block.push([0; LINES_PER_BLOCK]);
        }
        let row = self.keys.len();
        self.rows_of_block[blocks[block] as usize][key.line as usize % LINES_PER_BLOCK] = narrow(row + 1);
        self.keys.push(key);
        self.cells.resize(self.keys.len() * self.stride(), 0);
        row
    }

    /// Cells of a row.
    fn stride(&self) -> usize {
        COUNTS + 2 * self.models
    }

    /// Counts a touch in a row, and its deal where it is the line's first of the deal.
    #[inline]
    pub fn count(&mut self, row: usize, is_first_of_deal: bool) {
        let start = row * self.stride();
        let counts = &mut self.cells[start..start + COUNTS];
        counts[0] += 1;
        counts[1] += u64::from(is_first_of_deal);
    }

    /// Adds to a row what a touch earned under every model: minor units, and units of 2⁻⁴⁸ of a deal. Within 18 digits no
    /// sum of money wraps, and a share is at most 2⁴⁸: plain loops, so that the compiler adds several at a time.
    #[inline]
    pub fn add(&mut self, row: usize, amounts: &[i64], shares: &[u64]) {
        let stride = self.stride();
        let sums = &mut self.cells[row * stride + COUNTS..(row + 1) * stride];
        let (sums_of_amounts, sums_of_shares) = sums.split_at_mut(self.models);
        for (sum, amount) in sums_of_amounts.iter_mut().zip(amounts) {
            *sum = sum.wrapping_add(amount.cast_unsigned());
        }
        let mut all = 0;
        for (sum, share) in sums_of_shares.iter_mut().zip(shares) {
            *sum = sum.wrapping_add(*share);
            all |= *sum;
        }
        if all >> SHARE_BITS != 0 {
            (0..self.models).for_each(|model| self.set_share(row, model, self.share(row, model)));
        }
    }

    /// Adds what one deal left to a residual.
    pub fn leave(&mut self, key: ResidualKey, amount: i64, share: u64) {
        let left = LeftOver { earned: Earned { amount, share: share.into() }, deals: 1 };
        let cell = key.model * BUCKETS + key.bucket as usize;
        self.book_of(key.close_quarter, key.kind).residuals[cell].add(left);
    }

    /// Books a deal of which every model leaves all to one bucket.
    pub fn leave_whole(&mut self, close_quarter: u32, kind: DealKind, amount: i64, bucket: Bucket) {
        self.book(close_quarter, kind, amount);
        for model in 0..self.models {
            self.leave(ResidualKey { close_quarter, kind, model, bucket }, amount, WHOLE);
        }
    }

    /// Books one deal.
    pub fn book(&mut self, close_quarter: u32, kind: DealKind, amount: i64) {
        let booked = LeftOver { earned: Earned { amount, share: 0 }, deals: 1 };
        self.book_of(close_quarter, kind).booked.add(booked);
    }

    fn book_of(&mut self, close_quarter: u32, kind: DealKind) -> &mut Book {
        let cells = self.models * BUCKETS;
        at(&mut self.books, close_quarter as usize * KINDS + kind as usize)
            .get_or_insert_with(|| Book { booked: LeftOver::default(), residuals: vec![LeftOver::default(); cells] })
    }

    /// The books with their close quarter and kind, in this order.
    fn books(&self) -> impl Iterator<Item = (u32, DealKind, &Book)> {
        let books = self.books.iter().enumerate();
        books.filter_map(|(at, book)| Some((narrow(at / KINDS), DealKind::ALL[at % KINDS], book.as_ref()?)))
    }

    /// Adds the totals of other deals under the same models.
    pub fn merge(&mut self, other: &Self) {
        self.acquired.merge(&other.acquired);
        for (theirs, &key) in other.keys.iter().enumerate() {
            let (row, stride) = (self.row(key), self.stride());
            let counts_and_amounts = COUNTS + self.models;
            let given = &other.cells[theirs * stride..][..counts_and_amounts];
            for (sum, given) in self.cells[row * stride..].iter_mut().zip(given) {
                *sum = sum.wrapping_add(*given);
            }
            for model in 0..self.models {
                self.set_share(row, model, self.share(row, model) + other.share(theirs, model));
            }
        }
        for (quarter, kind, theirs) in other.books() {
            let mine = self.book_of(quarter, kind);
            mine.booked.add(theirs.booked);
            for (mine, theirs) in mine.residuals.iter_mut().zip(&theirs.residuals) {
                mine.add(*theirs);
            }
        }
    }

    fn counts(&self, row: usize) -> LineCounts {
        let counts = &self.cells[row * self.stride()..];
        LineCounts { touches: counts[0], deals: counts[1] }
    }

    fn amount(&self, row: usize, model: usize) -> i64 {
        self.cells[row * self.stride() + COUNTS + model].cast_signed()
    }

    fn share_cell(&self, row: usize, model: usize) -> usize {
        row * self.stride() + COUNTS + self.models + model
    }

    fn share(&self, row: usize, model: usize) -> u128 {
        let carry = if self.carries.is_empty() { None } else { self.carries.get(&(row, model)) };
        let lower = self.cells[self.share_cell(row, model)];
        (u128::from(carry.copied().unwrap_or_default()) << SHARE_BITS) + u128::from(lower)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the two parts are meant")]
    fn set_share(&mut self, row: usize, model: usize, share: u128) {
        let cell = self.share_cell(row, model);
        self.cells[cell] = share as u64 & !(1 << SHARE_BITS);
        if share >> SHARE_BITS > 0 {
            self.carries.insert((row, model), (share >> SHARE_BITS) as u64);
        }
    }

    fn earned(&self, row: usize) -> impl ExactSizeIterator<Item = Earned> {
        (0..self.models).map(move |model| Earned { amount: self.amount(row, model), share: self.share(row, model) })
    }

    /// Every line that has a row, with the money of a model there, in no order.
    pub fn amounts(&self, model: usize) -> impl Iterator<Item = (u32, i64)> {
        self.keys.iter().enumerate().map(move |(row, key)| (key.line, self.amount(row, model)))
    }

    /// Every key with its counts and per-model earnings, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (CreditKey, LineCounts, impl ExactSizeIterator<Item = Earned>)> {
        self.keys.iter().enumerate().map(|(row, &key)| (key, self.counts(row), self.earned(row)))
    }

    /// Every residual that deals have left something to, in the order of their keys.
    pub fn residuals(&self) -> impl Iterator<Item = (ResidualKey, LeftOver)> {
        let cells = self.books().flat_map(|(close_quarter, kind, book)| {
            book.residuals.iter().enumerate().map(move |(cell, &left)| {
                let (model, bucket) = (cell / BUCKETS, Bucket::ALL[cell % BUCKETS]);
                (ResidualKey { close_quarter, kind, model, bucket }, left)
            })
        });
        cells.filter(|(_, left)| left.deals > 0)
    }

    /// Booked money and deals by position of the close quarter and kind, in this order.
    pub fn booked(&self) -> impl Iterator<Item = (u32, DealKind, LeftOver)> {
        self.books().map(|(quarter, kind, book)| (quarter, kind, book.booked))
    }

    /// What attributed money and residuals of a model sum to.
    pub fn accounted(&self, model: usize) -> i128 {
        let attributed: i128 = (0..self.keys.len()).map(|row| i128::from(self.amount(row, model))).sum();
        let left = self.residuals().filter(|(key, _)| key.model == model);
        attributed + left.map(|(_, left)| i128::from(left.earned.amount)).sum::<i128>()
    }

    /// All booked money.
    pub fn booked_amount(&self) -> i128 {
        self.books().map(|(.., book)| i128::from(book.booked.earned.amount)).sum()
    }
}

/// What stands at a position, made where nothing does.
fn at<T: Default>(items: &mut Vec<T>, position: usize) -> &mut T {
    if items.len() <= position {
        items.resize_with(position + 1, T::default);
    }
    &mut items[position]
}

impl LeftOver {
    fn add(&mut self, other: Self) {
        self.earned.amount += other.earned.amount;
        self.earned.share += other.earned.share;
        self.deals += other.deals;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use closedloop_core::ledger::WHOLE;

    #[test]
    fn shares_of_more_whole_deals_than_64_bits_hold_are_kept() {
        let key = CreditKey { close_quarter: 0, touch_quarter: 0, line: 3, kind: DealKind::New };
        let of_deals = |deals: u64| {
            let mut totals = CreditTotals::new(2);
            let row = totals.row(key);
            (0..deals).for_each(|_| {
                totals.count(row, true);
                totals.add(row, &[-5, 7], &[1, WHOLE]);
            });
            totals
        };
        let mut totals = of_deals(100_000);
        totals.merge(&of_deals(40_000));
        let (_, counts, earned) = totals.rows().next().unwrap();
        let earned: Vec<Earned> = earned.collect();
        assert_eq!((counts.touches, counts.deals), (140_000, 140_000));
        assert_eq!(earned[0], Earned { amount: -700_000, share: 140_000 });
        assert_eq!(earned[1], Earned { amount: 980_000, share: 140_000 * u128::from(WHOLE) });
    }
}
