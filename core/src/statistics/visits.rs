//! Visits: what became of the journeys that came by each run of touches, counted once for every touch.

use super::transitions::power;
use super::{Outcome, Table};

/// Outcomes by the run of touches so far, in the numbers of [`super::Transitions`]. A journey counts once at each of its
/// touches.
#[derive(Debug, Clone)]
pub struct Visits {
    radix: u64,
    span: u64,
    runs: Table<Outcome>,
}

impl Visits {
    /// Empty counts for runs of so many touches of so many states; `None` when runs cannot be numbered.
    pub fn new(states: u32, order: usize) -> Option<Self> {
        let radix = u64::from(states) + 1;
        let span = power(radix, order)?;
        span.checked_mul(radix)?;
        Some(Self { radix, span, runs: Table::new(span) })
    }

    /// Counts a journey at each of its touches.
    pub fn add(&mut self, path: &[u32], outcome: Outcome) {
        path.iter().fold(0, |run, &code| {
            let run = (run * self.radix + u64::from(code) + 1) % self.span;
            self.runs.add(run, outcome);
            run
        });
    }

    /// Adds the counts of another accumulator of the same shape.
    pub fn merge(&mut self, other: &Self) {
        self.runs.merge(&other.runs);
    }

    /// Outcomes by run at an order up to the one counted, by ascending run.
    pub fn at_order(&self, order: usize) -> Vec<(u64, Outcome)> {
        self.runs.marginal(power(self.radix, order).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path 0 1 0 converted, 1 did not; runs in base 3.
    #[test]
    fn by_hand() {
        let mut visits = Visits::new(2, 2).unwrap();
        visits.add(&[0, 1, 0], Outcome::converted(5));
        visits.add(&[1], Outcome::NULL);
        let (won, lost) = (Outcome::converted(5), Outcome::NULL);
        assert_eq!(visits.at_order(2), [(1, won), (2, lost), (5, won), (7, won)]);
        assert_eq!(visits.at_order(1), [(1, won + won), (2, lost + won)]);
    }

    #[test]
    fn parts_add_up() {
        let of = |paths: &[&[u32]]| {
            let mut visits = Visits::new(2, 2).unwrap();
            paths.iter().for_each(|path| visits.add(path, Outcome::NULL));
            visits
        };
        let mut one = of(&[&[0]]);
        one.merge(&of(&[&[0], &[1]]));
        assert_eq!(one.at_order(2), [(1, Outcome::NULL.times(2)), (2, Outcome::NULL)]);
    }
}
