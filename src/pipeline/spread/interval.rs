//! From squares to intervals: what the closed form says of every place.

use super::super::place_sums::{PlaceSums, Sums};
use super::Place;
use super::squares::{ModelSquares, PlaceSquares, Squares};
use closedloop_core::uncertainty::{ClusteredSum, Interval};
use rayon::prelude::*;

/// Intervals hold the truth so often.
pub(super) const LEVEL: f64 = 0.95;

/// A share unit as a part of a deal: 2⁻⁴⁸.
pub(super) const SHARE_UNIT: f64 = 1.0 / 281_474_976_710_656.0;

/// The intervals of one place.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct IntervalRow {
    /// Where.
    pub(in crate::pipeline) place: Place,
    /// Accounts with a touch there.
    pub(in crate::pipeline) accounts: u64,
    /// Of every model.
    pub(in crate::pipeline) models: Vec<ModelInterval>,
}

/// The intervals of one place under one model; `None` where no account gave anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pipeline) struct ModelInterval {
    /// Of the money, minor units.
    pub(in crate::pipeline) amount: Option<Interval>,
    /// Of the number of new deals.
    pub(in crate::pipeline) new: Option<Interval>,
}

/// The closed form of every place, sorted.
pub(in crate::pipeline) fn closed_form(squares: &Squares, places: &PlaceSums) -> Vec<IntervalRow> {
    let row = |(place, squares): (Place, PlaceSquares)| {
        let (accounts, sums) = (squares.accounts, places.get(place).map_or(&[][..], |sums| sums.models));
        let models = squares.models.iter().zip(sums).map(|(squares, sums)| interval(*squares, sums));
        IntervalRow { place, accounts, models: models.collect() }
    };
    squares.places().into_par_iter().map(row).collect()
}

fn interval(squares: ModelSquares, sums: &Sums) -> ModelInterval {
    let has_negative = squares.has_negative;
    let amount = ClusteredSum { total: sums.amount().into(), squares: squares.amount, has_negative };
    let new = ClusteredSum { total: sums.new.cast_signed(), squares: squares.new, has_negative: false };
    ModelInterval { amount: amount.interval(1.0, LEVEL), new: new.interval(SHARE_UNIT, LEVEL) }
}
