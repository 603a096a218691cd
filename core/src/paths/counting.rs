//! From a table of paths to journey statistics: in which units, and by how many threads.

use super::table::{PathCounts, PathTable};
use super::unit::Unit;
use crate::number::size;
use crate::parallel::pieces;
use crate::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape, ShapeError};
use rayon::prelude::*;
use std::ops::{Add, Range};

/// Rows that one thread takes at a time.
pub(super) const PIECE: usize = 1 << 14;

/// The totals of a table, and the units that they call for.
pub(super) struct Units {
    /// In which journeys are counted.
    pub(super) journeys: Unit,
    /// In which their value is counted.
    pub(super) money: Unit,
    /// In which credited conversions and value are summed.
    pub(super) sums: [Unit; 2],
    /// All conversions and all value.
    pub(super) totals: [f64; 2],
    /// All conversions and all journeys without one.
    pub(super) all_journeys: f64,
}

impl Units {
    pub(super) fn of(table: &PathTable) -> Self {
        let of = |number: fn(&PathCounts) -> f64| Column::of(table.counts(), number);
        let (conversions, nulls, value) = (of(|row| row.conversions), of(|row| row.nulls), of(|row| row.value));
        let all_journeys = conversions.total + nulls.total;
        Self {
            journeys: Unit::for_counts(all_journeys, conversions.is_whole && nulls.is_whole),
            money: Unit::for_amounts(value.magnitude),
            sums: [conversions.unit, value.unit],
            totals: [conversions.total, value.total],
            all_journeys,
        }
    }
}

/// A column's sums, whichever thread takes which rows.
struct Column {
    /// In which it is summed.
    unit: Unit,
    is_whole: bool,
    total: f64,
    /// The sum of the numbers without their signs.
    magnitude: f64,
}

impl Column {
    fn of(counts: &[PathCounts], number: fn(&PathCounts) -> f64) -> Self {
        let numbers = || counts.par_iter().with_min_len(PIECE).map(number);
        let (largest, is_whole) = numbers()
            .map(|number| (number.abs(), is_whole(number)))
            .reduce(|| (0.0, true), |a, b| (f64::max(a.0, b.0), a.1 && b.1));
        let (unit, rows) = (Unit::for_sums(largest, counts.len()), size(counts.len()));
        // Whole numbers add up exactly in any order as long as they stay below 2⁵³.
        let (total, magnitude) = if is_whole && largest * rows < 2.0_f64.powi(53) {
            numbers().map(|number| (number, number.abs())).reduce(|| (0.0, 0.0), add)
        } else {
            let amounts = numbers().map(|number| unit.amount(number));
            let (total, magnitude) = amounts.map(|amount| (amount, amount.abs())).reduce(|| (0, 0), add);
            (unit.number(total), unit.number(magnitude))
        };
        Self { unit, is_whole, total, magnitude }
    }
}

fn add<T: Add<Output = T>>(a: (T, T), b: (T, T)) -> (T, T) {
    (a.0 + b.0, a.1 + b.1)
}

/// Whether a number is whole; beyond 2⁶³, where all are, that no longer matters.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "what changes on the way is not whole"
)]
fn is_whole(number: f64) -> bool {
    number as i64 as f64 == number
}

/// The counts of all rows, whichever thread takes which.
pub(super) fn count(table: &PathTable, shape: Shape, units: &Units) -> Result<JourneyStatistics, ShapeError> {
    let empty = JourneyStatistics::new(shape)?;
    let of_piece = |mut statistics: JourneyStatistics, rows: Range<usize>| {
        for row in rows {
            let counts = table.counts()[row];
            let outcome = Outcome {
                conversions: units.journeys.count(counts.conversions),
                nulls: units.journeys.count(counts.nulls),
                value: units.money.amount(counts.value),
            };
            // Of a fraction that vanishes beside the others no value is told either.
            let outcome = if outcome.journeys() == 0 { Outcome::default() } else { outcome };
            statistics.add(CountedJourney { path: table.path(row), outcome, key: 0 });
        }
        statistics
    };
    let parts = pieces(table.len(), PIECE).fold(|| empty.clone(), of_piece);
    let whole = parts.reduce_with(|mut statistics, others| {
        statistics.merge(others);
        statistics
    });
    Ok(whole.unwrap_or(empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn adds_up(values: &[f64], total: f64, magnitude: f64, is_whole: bool) {
        let counts: Vec<PathCounts> =
            values.iter().map(|&value| PathCounts { conversions: 1.0, value, nulls: 0.0 }).collect();
        let column = Column::of(&counts, |row| row.value);
        assert_eq!((column.total, column.magnitude, column.is_whole), (total, magnitude, is_whole));
    }

    #[test]
    fn columns_add_up_exactly_whole_or_not() {
        adds_up(&[], 0.0, 0.0, true);
        adds_up(&[3.0, -5.0, 2.0], 0.0, 10.0, true);
        adds_up(&[3.25, -5.0, 2.0], 0.25, 10.25, false);
        // 2⁵³ + 1 + 1, which one after the other would lose.
        let large = 9_007_199_254_740_992.0;
        adds_up(&[large, 1.0, 1.0], large + 2.0, large + 2.0, true);
        adds_up(&[large, 0.5, 0.5, 0.5, 0.5, -large], 2.0, 2.0 * large + 2.0, false);
    }

    /// More rows than one thread takes at once: as many conversions as rows, and half as many that did not convert.
    #[test]
    fn rows_of_all_pieces_are_counted() {
        let mut table = PathTable::default();
        let counts = PathCounts { conversions: 1.0, value: 2.0, nulls: 0.5 };
        (0..=PIECE).for_each(|_| table.push(&[0], counts).unwrap());
        let shape = Shape { states: 1, order: 1, folds: false, sets: false };
        let units = Units::of(&table);
        let total = count(&table, shape, &units).unwrap().total();
        let rows = (PIECE + 1) as f64;
        assert_eq!(total.conversions, units.journeys.count(rows));
        assert_eq!(total.nulls, units.journeys.count(rows / 2.0));
        assert_eq!(units.money.number(total.value), 2.0 * rows);
    }
}
