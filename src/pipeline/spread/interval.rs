//! From squares to intervals: what the closed form says of every place.

use super::super::totals::{CreditTotals, Earned};
use super::squares::{ModelSquares, PlaceSquares, Squares};
use super::{Place, places};
use crate::config::file::DealKind;
use crate::scatter::lines::Lines;
use closedloop_core::uncertainty::{ClusteredSum, Interval};
use std::collections::HashMap;

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
pub(in crate::pipeline) fn closed_form(squares: &Squares, totals: &CreditTotals, lines: &Lines) -> Vec<IntervalRow> {
    let sums = sums(totals, lines);
    let row = |(place, squares): (Place, PlaceSquares)| {
        let (accounts, sums) = (squares.accounts, sums.get(&place).into_iter().flatten());
        let models = squares.models.iter().zip(sums).map(|(squares, sums)| interval(*squares, *sums, accounts));
        IntervalRow { place, accounts, models: models.collect() }
    };
    squares.places().into_iter().map(row).collect()
}

/// What a model gave a place.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    /// Minor units.
    amount: i128,
    /// Units of 2⁻⁴⁸.
    new: u128,
}

/// Money and new deals of every place and model.
fn sums(totals: &CreditTotals, lines: &Lines) -> HashMap<Place, Vec<Sums>> {
    let mut sums: HashMap<Place, Vec<Sums>> = HashMap::new();
    for (key, _, earned) in totals.lines() {
        for place in places(key, lines.channel(key.line)) {
            let of_place = sums.entry(place).or_insert_with(|| vec![Sums::default(); earned.len()]);
            for (sum, Earned { amount, share }) in of_place.iter_mut().zip(&earned) {
                sum.amount += i128::from(*amount);
                sum.new += if key.kind == DealKind::New { *share } else { 0 };
            }
        }
    }
    sums
}

fn interval(squares: ModelSquares, sums: Sums, accounts: u64) -> ModelInterval {
    let amount = ClusteredSum::from_sums(sums.amount, squares.amount, accounts, squares.has_negative);
    let new = ClusteredSum::from_sums(sums.new.cast_signed(), squares.new, accounts, false);
    ModelInterval { amount: amount.interval(1.0, LEVEL), new: new.interval(SHARE_UNIT, LEVEL) }
}
