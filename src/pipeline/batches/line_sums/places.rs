//! Places: where a line earned or cost something, whatever the model.

use super::super::{BASES, CLOSE_DATE, Names, TOUCH_DATE};
use super::Grain;
use crate::pipeline::outcome::Outcome;
use crate::pipeline::place_sums::Sums;
use crate::pipeline::spread::{IntervalRow, Level, ModelInterval, Period};
use crate::pipeline::totals::LineCounts;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use std::collections::BTreeMap;

/// A line as the marts sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line<'a> {
    pub(super) line: &'static str,
    pub(super) campaign: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
    pub(super) residual: Option<&'static str>,
}

/// A fiscal quarter by its number, or all of them together, which come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quarter {
    Of(i32),
    All,
}

impl Quarter {
    pub(super) fn number(self) -> Option<i32> {
        match self {
            Self::Of(number) => Some(number),
            Self::All => None,
        }
    }
}

/// Where a row stands, whatever the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    pub(super) basis: &'static str,
    pub(super) quarter: Quarter,
    pub(super) line: Line<'a>,
}

/// What is known of a place.
#[derive(Debug, Default)]
pub(super) struct OfPlace<'a> {
    pub(super) counts: LineCounts,
    pub(super) earned: Option<&'a [Sums]>,
    pub(super) intervals: Option<&'a IntervalRow>,
    /// Under every model what deals left to a residual, and how many did.
    pub(super) left: Vec<(Sums, u64)>,
    pub(super) spend: i64,
    /// The least and the greatest amount that a model gives.
    pub(super) extremes: Option<(i64, i64)>,
}

impl OfPlace<'_> {
    /// Whether it has a row under a model: nothing was left to most residuals under most models.
    pub(super) fn has(&self, model: usize) -> bool {
        self.left.get(model).is_none_or(|(_, deals)| *deals > 0)
    }

    /// What a model gave or left there.
    pub(super) fn sums(&self, model: usize) -> Sums {
        let earned = self.earned.map(|earned| earned[model]);
        earned.or_else(|| self.left.get(model).map(|(sums, _)| *sums)).unwrap_or_default()
    }

    /// Deals touched there, or left there under a model.
    pub(super) fn touched_deals(&self, model: usize) -> u64 {
        self.left.get(model).map_or(self.counts.deals, |(_, deals)| *deals)
    }

    pub(super) fn interval(&self, model: usize) -> Option<ModelInterval> {
        self.intervals?.models.get(model).copied()
    }
}

/// All places in the order of the ROI marts.
pub(super) type Places<'a> = BTreeMap<Place<'a>, OfPlace<'a>>;

impl Names<'_> {
    /// The places of a grain. `spent_on` names campaign and channel of the rows of `spend`, which has those of
    /// `spend_by_quarter`.
    pub(super) fn places<'a>(
        &'a self,
        grain: Grain,
        outcome: &'a Outcome,
        spend: &RecordBatch,
        spent_on: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Places<'a> {
        let mut places = Places::new();
        self.add_earned(grain, outcome, &mut places);
        self.add_left(outcome, &mut places);
        add_spend(grain, spend, spent_on, &mut places);
        for of_place in places.values_mut() {
            let amounts = || (0..self.models.len()).map(|model| of_place.sums(model).amount());
            of_place.extremes = amounts().min().zip(amounts().max());
        }
        places
    }

    /// Adds what touches earned.
    fn add_earned<'a>(&'a self, grain: Grain, outcome: &'a Outcome, places: &mut Places<'a>) {
        for (place, sums) in outcome.places.iter() {
            let (level, period) = place;
            if matches!(level, Level::Campaign(_)) != (grain == Grain::Campaign) {
                continue;
            }
            let quarter = |position| Quarter::Of(self.quarter_numbers.number(position));
            let (bases, quarter) = match period {
                Period::Close(position) => (&[CLOSE_DATE][..], quarter(position)),
                Period::Touch(position) => (&[TOUCH_DATE][..], quarter(position)),
                Period::All => (&BASES[..], Quarter::All),
            };
            let (campaign, channel) = level.names(self.lines);
            let line = Line { line: level.line(self.lines), campaign, channel: Some(channel), residual: None };
            let interval = outcome.intervals.binary_search_by_key(&place, |row| row.place).ok();
            for &basis in bases {
                let of_place = OfPlace {
                    counts: sums.counts,
                    earned: Some(sums.models),
                    intervals: interval.map(|position| &outcome.intervals[position]),
                    ..OfPlace::default()
                };
                places.insert(Place { basis, quarter, line }, of_place);
            }
        }
    }

    /// Adds what was left to residuals, on both bases in the quarter of close.
    fn add_left(&self, outcome: &Outcome, places: &mut Places<'_>) {
        for (key, left) in outcome.totals.residuals() {
            let line = Line { line: "residual", campaign: None, channel: None, residual: Some(key.bucket.name()) };
            let quarter = Quarter::Of(self.quarter_numbers.number(key.close_quarter));
            for basis in BASES {
                let of_place = places.entry(Place { basis, quarter, line }).or_default();
                of_place.left.resize(self.models.len(), Default::default());
                let (sums, deals) = &mut of_place.left[key.model];
                sums.add(key.kind, left.earned);
                *deals += left.deals;
            }
        }
    }
}

/// Adds what was spent.
fn add_spend<'a>(
    grain: Grain,
    spend: &RecordBatch,
    spent_on: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    places: &mut Places<'a>,
) {
    let quarters = spend.column(2).as_primitive::<Int32Type>().values();
    let amounts = spend.column(3).as_primitive::<Int64Type>().values();
    for (((campaign, channel), &quarter), &amount) in spent_on.zip(quarters).zip(amounts) {
        let line = match (grain, campaign) {
            (Grain::Campaign, Some(_)) => "campaign",
            (Grain::Campaign, None) => "no_campaign",
            (Grain::Channel, _) => "channel",
        };
        let campaign = campaign.filter(|_| grain == Grain::Campaign);
        let line = Line { line, campaign, channel, residual: None };
        for basis in BASES {
            for quarter in [Quarter::Of(quarter), Quarter::All] {
                places.entry(Place { basis, quarter, line }).or_default().spend += amount;
            }
        }
    }
}
