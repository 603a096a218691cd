//! Credit totals: what every line earned, by quarter of close, quarter of touch, kind and model. Integers only, so that
//! the order in which they are added does not matter.

use crate::config::file::DealKind;
use closedloop_core::ledger::Bucket;
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
#[derive(Debug)]
pub struct CreditTotals {
    models: usize,
    rows: HashMap<CreditKey, usize, FixedState>,
    counts: Vec<LineCounts>,
    earned: Vec<Earned>,
    residuals: HashMap<ResidualKey, LeftOver, FixedState>,
    booked: HashMap<(u32, DealKind), LeftOver, FixedState>,
}

impl CreditTotals {
    /// Nothing yet, for `models` models.
    pub fn new(models: usize) -> Self {
        Self {
            models,
            rows: HashMap::default(),
            counts: Vec::new(),
            earned: Vec::new(),
            residuals: HashMap::default(),
            booked: HashMap::default(),
        }
    }

    /// The counts and the per-model earnings of a key.
    #[inline]
    pub fn line(&mut self, key: CreditKey) -> (&mut LineCounts, &mut [Earned]) {
        let row = *self.rows.entry(key).or_insert_with(|| {
            self.counts.push(LineCounts::default());
            self.earned.resize(self.earned.len() + self.models, Earned::default());
            self.counts.len() - 1
        });
        (&mut self.counts[row], &mut self.earned[row * self.models..(row + 1) * self.models])
    }

    /// Adds what one deal left to a residual.
    pub fn leave(&mut self, key: ResidualKey, amount: i64, share: u64) {
        add(self.residuals.entry(key).or_default(), amount, share.into(), 1);
    }

    /// Books one deal.
    pub fn book(&mut self, close_quarter: u32, kind: DealKind, amount: i64) {
        add(self.booked.entry((close_quarter, kind)).or_default(), amount, 0, 1);
    }

    /// Adds the totals of other deals.
    pub fn merge(&mut self, other: &Self) {
        for (&key, &row) in &other.rows {
            let (counts, earned) = self.line(key);
            counts.touches += other.counts[row].touches;
            counts.deals += other.counts[row].deals;
            for (mine, theirs) in earned.iter_mut().zip(&other.earned[row * other.models..]) {
                mine.amount += theirs.amount;
                mine.share += theirs.share;
            }
        }
        for (&key, left) in &other.residuals {
            add(self.residuals.entry(key).or_default(), left.earned.amount, left.earned.share, left.deals);
        }
        for (&key, booked) in &other.booked {
            add(self.booked.entry(key).or_default(), booked.earned.amount, 0, booked.deals);
        }
    }

    /// Every key with its counts and per-model earnings, sorted.
    pub fn lines(&self) -> Vec<(CreditKey, LineCounts, &[Earned])> {
        let mut lines: Vec<_> = self
            .rows
            .iter()
            .map(|(&key, &row)| (key, self.counts[row], &self.earned[row * self.models..(row + 1) * self.models]))
            .collect();
        lines.sort_unstable_by_key(|(key, ..)| *key);
        lines
    }

    /// Every residual, sorted.
    pub fn residuals(&self) -> Vec<(ResidualKey, LeftOver)> {
        let mut residuals: Vec<_> = self.residuals.iter().map(|(&key, &left)| (key, left)).collect();
        residuals.sort_unstable_by_key(|(key, _)| *key);
        residuals
    }

    /// Booked money and deals by position of the close quarter and kind, sorted.
    pub fn booked(&self) -> Vec<(u32, DealKind, LeftOver)> {
        let mut booked: Vec<_> = self.booked.iter().map(|(&(quarter, kind), &left)| (quarter, kind, left)).collect();
        booked.sort_unstable_by_key(|(quarter, kind, _)| (*quarter, *kind));
        booked
    }

    /// What attributed money and residuals of a model sum to.
    pub fn accounted(&self, model: usize) -> i128 {
        let attributed: i128 = self.earned.iter().skip(model).step_by(self.models).map(|e| i128::from(e.amount)).sum();
        let left = self.residuals.iter().filter(|(key, _)| key.model == model);
        attributed + left.map(|(_, left)| i128::from(left.earned.amount)).sum::<i128>()
    }

    /// All booked money.
    pub fn booked_amount(&self) -> i128 {
        self.booked.values().map(|left| i128::from(left.earned.amount)).sum()
    }
}

fn add(left: &mut LeftOver, amount: i64, share: u128, deals: u64) {
    left.earned.amount += amount;
    left.earned.share += share;
    left.deals += deals;
}
