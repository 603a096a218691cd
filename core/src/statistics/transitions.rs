//! Transition counts of order k: how often which run of k touches was followed by which touch, or ended how.
//!
//! A run is a number in base `states + 1`: its last touch is the last digit, a touch of code c is the digit c + 1, and
//! zeros stand for what lies before the first touch, so the start is 0. The run and the next touch form one longer
//! number, the key of the count. Dropping leading digits gives the counts of every lower order.

use super::{Outcome, Table};

/// Counts by run of touches.
#[derive(Debug, Clone)]
pub struct Transitions {
    order: usize,
    radix: u64,
    /// Runs are numbered below it.
    span: u64,
    /// Journeys by run and next touch.
    edges: Table<u64>,
    /// Outcomes by last run.
    ends: Table<Outcome>,
}

/// A transition between two runs of touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The run before.
    pub from: u64,
    /// The run after: `from` without its oldest touch, and one newer.
    pub to: u64,
    /// The number of journeys' steps.
    pub count: u64,
}

impl Transitions {
    /// Empty counts, or `None` when runs cannot be numbered.
    pub(super) fn new(states: u32, order: usize) -> Option<Self> {
        let radix = u64::from(states) + 1;
        let span = power(radix, order)?;
        Some(Self { order, radix, span, edges: Table::new(span.checked_mul(radix)?), ends: Table::new(span) })
    }

    pub(super) fn add(&mut self, path: &[u32], outcome: Outcome) {
        let journeys = outcome.journeys();
        let mut run = 0;
        for (position, &code) in path.iter().enumerate() {
            let longer = run * self.radix + digit(code);
            self.edges.add(longer, journeys);
            // Without its first digit, told without dividing.
            let first = position.checked_sub(self.order).map_or(0, |oldest| digit(path[oldest]));
            run = longer - first * self.span;
        }
        self.ends.add(run, outcome);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.edges.merge(&other.edges);
        self.ends.merge(&other.ends);
    }

    /// These counts and others of the same shape together.
    pub fn with(&self, others: &[Self]) -> Self {
        let mut all = self.clone();
        others.iter().for_each(|other| all.merge(other));
        all
    }

    /// The order that is counted.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The base of the numbers that stand for runs: the number of states and one.
    pub fn radix(&self) -> u64 {
        self.radix
    }

    /// The code of the last touch of a run, or `None` for the start.
    #[expect(clippy::cast_possible_truncation, reason = "a code is a u32")]
    pub fn last(&self, run: u64) -> Option<u32> {
        (run % self.radix).checked_sub(1).map(|code| code as u32)
    }

    /// The codes of a run, oldest touch first; empty for the start.
    pub fn codes(&self, run: u64) -> Vec<u32> {
        let older = std::iter::successors(Some(run), |run| Some(run / self.radix));
        let mut codes: Vec<u32> = older.map_while(|run| self.last(run)).collect();
        codes.reverse();
        codes
    }

    /// The transitions at an order up to the one counted, by ascending `(from, to)`.
    pub fn edges(&self, order: usize) -> Vec<Edge> {
        let span = power(self.radix, order).unwrap_or(u64::MAX);
        let longer = self.edges.marginal(span.saturating_mul(self.radix));
        let edge = |(key, count)| Edge { from: key / self.radix, to: key % span, count };
        longer.into_iter().map(edge).collect()
    }

    /// How the runs that were last ended, at an order up to the one counted, by ascending run.
    pub fn ends(&self, order: usize) -> Vec<(u64, Outcome)> {
        self.ends.marginal(power(self.radix, order).unwrap_or(u64::MAX))
    }
}

/// What stands for a touch of a code in the number of a run.
fn digit(code: u32) -> u64 {
    u64::from(code) + 1
}

/// `base` to the power of `exponent`, when it fits.
pub(super) fn power(base: u64, exponent: usize) -> Option<u64> {
    base.checked_pow(u32::try_from(exponent).ok()?)
}
