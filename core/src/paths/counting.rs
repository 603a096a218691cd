//! From a table of paths to journey statistics: in which units, and by how many threads.

use super::table::{PathCounts, PathTable};
use super::unit::Unit;
use crate::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape, ShapeError};
use rayon::prelude::*;
use std::ops::Range;

/// Rows that one thread takes at a time.
const CHUNK: usize = 1 << 14;

/// The units of a table.
pub(super) struct Units {
    /// In which journeys are counted.
    pub(super) journeys: Unit,
    /// In which their value is counted.
    pub(super) money: Unit,
    /// In which credited conversions and value are summed.
    pub(super) sums: [Unit; 2],
}

impl Units {
    pub(super) fn of(table: &PathTable) -> Self {
        let counts = table.counts();
        let sum_of = |number: fn(&PathCounts) -> f64| {
            let largest = counts.iter().map(number).fold(0.0, f64::max);
            let unit = Unit::for_sums(largest, counts.len());
            (unit, unit.number(counts.iter().map(|row| unit.amount(number(row))).sum()))
        };
        let (conversions, all_conversions) = sum_of(|row| row.conversions);
        let (_, all_nulls) = sum_of(|row| row.nulls);
        let (value, all_value) = sum_of(|row| row.value.abs());
        let whole = counts.iter().all(|row| row.conversions.fract() == 0.0 && row.nulls.fract() == 0.0);
        Self {
            journeys: Unit::for_counts(all_conversions + all_nulls, whole),
            money: Unit::for_amounts(all_value),
            sums: [conversions, value],
        }
    }
}

/// The counts of all rows, whichever thread takes which.
pub(super) fn count(table: &PathTable, shape: Shape, units: &Units) -> Result<JourneyStatistics, ShapeError> {
    let empty = JourneyStatistics::new(shape)?;
    let of_chunk = |mut statistics: JourneyStatistics, rows: Range<usize>| {
        for row in rows {
            let counts = table.counts()[row];
            let outcome = Outcome {
                conversions: units.journeys.count(counts.conversions),
                nulls: units.journeys.count(counts.nulls),
                value: units.money.amount(counts.value),
            };
            statistics.add(CountedJourney { path: table.path(row), outcome, key: 0 });
        }
        statistics
    };
    let parts = chunks(table.len()).fold(|| empty.clone(), of_chunk);
    let whole = parts.reduce_with(|mut statistics, others| {
        statistics.merge(others);
        statistics
    });
    Ok(whole.unwrap_or(empty))
}

/// The rows in pieces for threads to take.
pub(super) fn chunks(rows: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    (0..rows.div_ceil(CHUNK)).into_par_iter().map(move |chunk| chunk * CHUNK..rows.min((chunk + 1) * CHUNK))
}
