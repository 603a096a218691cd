//! Sums by place: what every line and every channel earned, by quarter of close, by quarter of touch and over all
//! quarters. ROI, intervals and the agreement of models all start from these.

use super::spread::{Level, Place, periods};
use super::totals::{CreditTotals, Earned, LineCounts};
use crate::config::file::DealKind;
use crate::scatter::lines::Lines;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// What a model gave a place, by kind of deal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Minor units, in the order of [`DealKind::ALL`].
    amounts: [i64; DealKind::ALL.len()],
    /// Shares of new deals, units of 2⁻⁴⁸.
    pub(super) new: u128,
    /// Shares of deals of every kind but credit, units of 2⁻⁴⁸.
    pub(super) deals: u128,
}

impl Sums {
    /// Money of all kinds, minor units.
    pub(super) fn amount(&self) -> i64 {
        self.amounts.iter().sum()
    }

    /// Money of one kind, minor units.
    pub(super) fn of_kind(&self, kind: DealKind) -> i64 {
        self.amounts[kind as usize]
    }

    pub(super) fn add(&mut self, kind: DealKind, earned: Earned) {
        self.amounts[kind as usize] += earned.amount;
        self.new += if kind == DealKind::New { earned.share } else { 0 };
        self.deals += if kind == DealKind::Credit { 0 } else { earned.share };
    }
}

/// The sums of every place that a touch earned for.
#[derive(Debug, Default)]
pub(super) struct PlaceSums {
    of_lines: LevelSums,
    of_channels: LevelSums,
}

/// Those of lines, or of channels.
#[derive(Debug, Default)]
struct LevelSums {
    models: usize,
    rows: HashMap<Place, usize, FixedState>,
    counts: Vec<LineCounts>,
    /// `row · models + model`.
    sums: Vec<Sums>,
}

/// What one place earned.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfPlace<'a> {
    /// Of a channel, the deals of its lines: one that two of them touched counts twice.
    pub(super) counts: LineCounts,
    /// Of every model.
    pub(super) models: &'a [Sums],
}

impl PlaceSums {
    /// The sums of the totals under so many models, told side by side on the current rayon pool.
    pub(super) fn of(totals: &CreditTotals, lines: &Lines, models: usize) -> Self {
        let (of_lines, of_channels) = rayon::join(
            || LevelSums::of(totals, models, Level::Campaign),
            || LevelSums::of(totals, models, |line| Level::Channel(lines.channel(line))),
        );
        Self { of_lines, of_channels }
    }

    /// What a place earned; `None` where no touch did.
    pub(super) fn get(&self, place: Place) -> Option<OfPlace<'_>> {
        match place.0 {
            Level::Campaign(_) => self.of_lines.get(place),
            Level::Channel(_) => self.of_channels.get(place),
        }
    }

    /// Every place, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Place, OfPlace<'_>)> {
        self.of_lines.iter().chain(self.of_channels.iter())
    }
}

impl LevelSums {
    fn of(totals: &CreditTotals, models: usize, level: impl Fn(u32) -> Level) -> Self {
        let mut all = Self { models, ..Self::default() };
        let mut of_models = Vec::with_capacity(models);
        for (key, counts, earned) in totals.rows() {
            of_models.clear();
            of_models.extend(earned);
            for period in periods(key) {
                let row = all.row((level(key.line), period));
                all.counts[row].touches += counts.touches;
                all.counts[row].deals += counts.deals;
                let sums = &mut all.sums[row * models..][..models];
                sums.iter_mut().zip(&of_models).for_each(|(sum, earned)| sum.add(key.kind, *earned));
            }
        }
        all
    }

    fn row(&mut self, place: Place) -> usize {
        let next = self.counts.len();
        let row = *self.rows.entry(place).or_insert(next);
        if row == next {
            self.counts.push(LineCounts::default());
            self.sums.resize(self.sums.len() + self.models, Sums::default());
        }
        row
    }

    fn get(&self, place: Place) -> Option<OfPlace<'_>> {
        self.rows.get(&place).map(|&row| self.at(row))
    }

    fn iter(&self) -> impl Iterator<Item = (Place, OfPlace<'_>)> {
        self.rows.iter().map(|(&place, &row)| (place, self.at(row)))
    }

    fn at(&self, row: usize) -> OfPlace<'_> {
        OfPlace { counts: self.counts[row], models: &self.sums[row * self.models..][..self.models] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::spread::Period;
    use crate::pipeline::totals::CreditKey;
    use crate::scatter::lines::LineCodes;
    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use closedloop_core::ledger::WHOLE;
    use std::sync::Arc;

    /// Campaigns 1 and 2, both of search.
    fn lines() -> Lines {
        let campaigns = RecordBatch::try_from_iter([
            ("campaign_id", Arc::new(Int64Array::from(vec![1, 2])) as _),
            ("channel", Arc::new(StringArray::from(vec!["search", "search"])) as _),
        ]);
        let campaigns = campaigns.unwrap();
        LineCodes::new(&campaigns, std::iter::empty()).unwrap().finish()
    }

    /// By hand: a new deal of 10.00 gives 6.00 to campaign 1 and 4.00 to campaign 2, of which 2.00 and 1.00 are given back a
    /// quarter later.
    #[test]
    fn a_place_has_the_sum_of_what_touches_earned_there() {
        let mut totals = CreditTotals::new(1);
        let mut post = |close_quarter, line, kind, amount, share| {
            let row = totals.row(CreditKey { close_quarter, touch_quarter: 0, line, kind });
            totals.count(row, true);
            totals.add(row, &[amount], &[share]);
        };
        post(1, 0, DealKind::New, 600, WHOLE / 4);
        post(1, 1, DealKind::New, 400, WHOLE / 4 * 3);
        post(2, 0, DealKind::Credit, -200, WHOLE / 4);
        post(2, 1, DealKind::Credit, -100, WHOLE / 4 * 3);
        let places = PlaceSums::of(&totals, &lines(), 1);
        let at = |level, period| {
            let place = places.get((level, period)).unwrap();
            let sums = place.models[0];
            assert_eq!(sums.new, sums.deals, "a credit is no deal");
            let of_kinds = [sums.of_kind(DealKind::New), sums.of_kind(DealKind::Credit)];
            (sums.amount(), of_kinds, sums.new, place.counts.touches)
        };
        let (one, search, whole) = (Level::Campaign(0), Level::Channel(0), u128::from(WHOLE));
        assert_eq!(at(one, Period::Close(1)), (600, [600, 0], whole / 4, 1));
        assert_eq!(at(one, Period::Close(2)), (-200, [0, -200], 0, 1));
        assert_eq!(at(one, Period::Touch(0)), (400, [600, -200], whole / 4, 2));
        assert_eq!(at(search, Period::Close(1)), (1_000, [1_000, 0], whole, 2));
        assert_eq!(at(search, Period::All), (700, [1_000, -300], whole, 4));
        assert_eq!(places.get((one, Period::Touch(1))).map(|place| place.counts), None);
        // Three lines of quarters for each campaign and the channel, and each over all.
        assert_eq!(places.iter().count(), 12);
    }
}
