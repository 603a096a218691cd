//! `line_sums`: what every line earned and cost, in the order of the ROI marts, with names for codes.

use super::{BASES, CLOSE_DATE, Columns, Names, TOUCH_DATE};
use crate::config::file::DealKind;
use crate::engine::EngineError;
use crate::pipeline::number::deals;
use crate::pipeline::outcome::Outcome;
use crate::pipeline::place_sums::Sums;
use crate::pipeline::spread::{IntervalRow, Level, ModelInterval, Period};
use crate::pipeline::totals::LineCounts;
use crate::scatter::lines::text_column;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use closedloop_core::uncertainty::Interval;
use std::collections::BTreeMap;

/// At which grain lines are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Campaigns, and channels as far as they have no campaign.
    Campaign,
    /// Channels.
    Channel,
}

/// A line as the marts sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line<'a> {
    line: &'static str,
    campaign: Option<&'a str>,
    channel: Option<&'a str>,
    residual: Option<&'static str>,
}

/// Where a row stands, whatever the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    basis: &'static str,
    quarter: i32,
    line: Line<'a>,
}

/// What is known of a place.
#[derive(Debug, Default)]
struct OfPlace<'a> {
    counts: LineCounts,
    earned: Option<&'a [Sums]>,
    intervals: Option<&'a IntervalRow>,
    /// Under every model what deals left to a residual, and how many did.
    left: Vec<(Sums, u64)>,
    spend: i64,
}

impl OfPlace<'_> {
    /// Nothing was left to most residuals under most models.
    fn has(&self, model: usize) -> bool {
        self.left.get(model).is_none_or(|(_, deals)| *deals > 0)
    }

    fn sums(&self, model: usize) -> Sums {
        let earned = self.earned.map(|earned| earned[model]);
        earned.or_else(|| self.left.get(model).map(|(sums, _)| *sums)).unwrap_or_default()
    }

    fn touched_deals(&self, model: usize) -> u64 {
        self.left.get(model).map_or(self.counts.deals, |(_, deals)| *deals)
    }

    fn interval(&self, model: usize) -> Option<ModelInterval> {
        self.intervals?.models.get(model).copied()
    }
}

type Places<'a> = BTreeMap<Place<'a>, OfPlace<'a>>;

/// A place under the model at a position.
type Row<'a> = (&'a Place<'a>, &'a OfPlace<'a>, usize);

impl Names<'_> {
    /// `line_sums` at a grain: line × fiscal quarter × model × basis, sorted by basis, model, quarter and line. Money is in
    /// minor units, deals are fractions of whole ones. `spend` has the rows of `spend_by_quarter`.
    ///
    /// # Errors
    /// A spend table of other columns than its SQL file gives.
    pub fn line_sums(&self, grain: Grain, outcome: &Outcome, spend: &RecordBatch) -> Result<RecordBatch, EngineError> {
        let (campaigns, channels) = (text_column(spend, "campaign_id")?, text_column(spend, "channel")?);
        let mut places = Places::new();
        self.add_earned(grain, outcome, &mut places);
        self.add_left(outcome, &mut places);
        let names = campaigns.as_string::<i32>().iter().zip(channels.as_string::<i32>());
        let quarters = spend.column(2).as_primitive::<Int32Type>().values();
        let amounts = spend.column(3).as_primitive::<Int64Type>().values();
        for (((campaign, channel), &quarter), &amount) in names.zip(quarters).zip(amounts) {
            let line = match (grain, campaign) {
                (Grain::Campaign, Some(_)) => "campaign",
                (Grain::Campaign, None) => "no_campaign",
                (Grain::Channel, _) => "channel",
            };
            let campaign = campaign.filter(|_| grain == Grain::Campaign);
            let line = Line { line, campaign, channel, residual: None };
            for basis in BASES {
                places.entry(Place { basis, quarter, line }).or_default().spend += amount;
            }
        }
        self.line_sums_of(&places)
    }

    /// Adds what touches earned.
    fn add_earned<'a>(&'a self, grain: Grain, outcome: &'a Outcome, places: &mut Places<'a>) {
        for (place, sums) in outcome.places.iter() {
            let (level, period) = place;
            let is_of_grain = matches!(level, Level::Campaign(_)) == (grain == Grain::Campaign);
            let (basis, quarter) = match period {
                Period::Close(position) if is_of_grain => (CLOSE_DATE, position),
                Period::Touch(position) if is_of_grain => (TOUCH_DATE, position),
                _ => continue,
            };
            let (campaign, channel) = level.names(self.lines);
            let line = Line { line: level.line(self.lines), campaign, channel: Some(channel), residual: None };
            let interval = outcome.intervals.binary_search_by_key(&place, |row| row.place).ok();
            let of_place = OfPlace {
                counts: sums.counts,
                earned: Some(sums.models),
                intervals: interval.map(|position| &outcome.intervals[position]),
                ..OfPlace::default()
            };
            places.insert(Place { basis, quarter: self.quarter_numbers.number(quarter), line }, of_place);
        }
    }

    /// Adds what was left to residuals, on both bases in the quarter of close.
    fn add_left(&self, outcome: &Outcome, places: &mut Places<'_>) {
        for (key, left) in outcome.totals.residuals() {
            let line = Line { line: "residual", campaign: None, channel: None, residual: Some(key.bucket.name()) };
            let quarter = self.quarter_numbers.number(key.close_quarter);
            for basis in BASES {
                let of_place = places.entry(Place { basis, quarter, line }).or_default();
                of_place.left.resize(self.models.len(), Default::default());
                let (sums, deals) = &mut of_place.left[key.model];
                sums.add(key.kind, left.earned);
                *deals += left.deals;
            }
        }
    }

    fn line_sums_of(&self, places: &Places<'_>) -> Result<RecordBatch, EngineError> {
        let mut models: Vec<usize> = (0..self.models.len()).collect();
        models.sort_by_key(|&model| self.models[model].id());
        let mut rows: Vec<Row<'_>> = Vec::new();
        for basis in BASES {
            for &model in &models {
                let of_basis = places.iter().filter(|(place, of)| place.basis == basis && of.has(model));
                rows.extend(of_basis.map(|(place, of)| (place, of, model)));
            }
        }
        let rows = || rows.iter().copied();
        let sums = || rows().map(|(_, of, model)| of.sums(model));
        let count = |count: u64| i64::try_from(count).ok();
        let mut columns = Columns::default();
        columns.texts("basis", rows().map(|(place, ..)| Some(place.basis)));
        columns.texts("model", rows().map(|(.., model)| Some(self.models[model].id())));
        columns.integers32("quarter", rows().map(|(place, ..)| Some(place.quarter)));
        columns.texts("line", rows().map(|(place, ..)| Some(place.line.line)));
        columns.texts("campaign_id", rows().map(|(place, ..)| place.line.campaign));
        columns.texts("channel", rows().map(|(place, ..)| place.line.channel));
        columns.texts("residual", rows().map(|(place, ..)| place.line.residual));
        columns.integers("amount", sums().map(|sums| Some(sums.amount())));
        for kind in DealKind::ALL {
            columns.integers(&format!("{}_amount", kind.name()), sums().map(|sums| Some(sums.of_kind(kind))));
        }
        columns.numbers("attributed_deals", sums().map(|sums| Some(deals(sums.deals))));
        columns.numbers("new_deals", sums().map(|sums| Some(deals(sums.new))));
        columns.integers("touched_deals", rows().map(|(_, of, model)| count(of.touched_deals(model))));
        columns.integers("touches", rows().map(|(_, of, _)| count(of.counts.touches)));
        columns.integers("spend", rows().map(|(_, of, _)| Some(of.spend)));
        columns.integers("accounts", rows().map(|(_, of, _)| count(of.intervals?.accounts)));
        let (se, low, high) = (|i: Interval| i.se, |i: Interval| i.low, |i: Interval| i.high);
        let amount = |(_, of, model): Row<'_>| of.interval(model)?.amount;
        columns.numbers("amount_se", rows().map(|row| amount(row).map(se)));
        columns.numbers("amount_low", rows().map(|row| amount(row).map(low)));
        columns.numbers("amount_high", rows().map(|row| amount(row).map(high)));
        let new = |(_, of, model): Row<'_>| of.interval(model)?.new;
        columns.numbers("new_se", rows().map(|row| new(row).map(se)));
        columns.numbers("new_low", rows().map(|row| new(row).map(low)));
        columns.numbers("new_high", rows().map(|row| new(row).map(high)));
        columns.finish()
    }
}
