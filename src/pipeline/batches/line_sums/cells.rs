//! Cells of the ROI marts: where a line earned or cost something, whatever the model.

use super::super::{BASES, CLOSE_DATE, Names, TOUCH_DATE};
use super::Grain;
use crate::pipeline::credit_outcome::CreditOutcome;
use crate::pipeline::line_kind::LineKind;
use crate::pipeline::place_sums::Sums;
use crate::pipeline::spent::SpendByLine;
use crate::pipeline::spread::{IntervalRow, Level, ModelInterval, Period};
use crate::pipeline::totals::LineCounts;
use closedloop_core::ledger::Bucket;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// A line as the marts sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RoiLine<'a> {
    pub(super) kind: LineKind,
    pub(super) campaign: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
    pub(super) residual: Option<&'static str>,
}

/// A fiscal quarter by its number, or all of them together, which come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RoiCell {
    pub(super) basis: &'static str,
    pub(super) quarter: Quarter,
    /// Position of the line among all, which stand in order.
    line: usize,
}

/// What is known of a cell.
#[derive(Debug, Default)]
pub(super) struct OfCell<'a> {
    pub(super) counts: LineCounts,
    pub(super) earned: Option<&'a [Sums]>,
    pub(super) intervals: Option<&'a IntervalRow>,
    /// Under every model what deals left to a residual, and how many did.
    pub(super) left: Vec<(Sums, u64)>,
    pub(super) spend: i64,
    /// The least and the greatest amount that a model gives which can credit the line; none where no model can.
    pub(super) extremes: Option<(i64, i64)>,
}

impl OfCell<'_> {
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

/// All cells of a grain.
pub(super) struct RoiCells<'a> {
    lines: Vec<RoiLine<'a>>,
    positions: HashMap<RoiLine<'a>, usize, FixedState>,
    models: usize,
    /// Line by line, under which models it can earn anything.
    can_credit: Vec<bool>,
    known: HashMap<RoiCell, OfCell<'a>, FixedState>,
}

impl<'a> RoiCells<'a> {
    fn new(lines: impl Iterator<Item = RoiLine<'a>>, models: usize) -> Self {
        let mut positions: HashMap<_, _, _> = lines.map(|line| (line, 0)).collect();
        let mut lines: Vec<RoiLine<'_>> = positions.keys().copied().collect();
        lines.sort_unstable();
        positions.extend(lines.iter().copied().zip(0..));
        Self { lines, positions, models, can_credit: Vec::new(), known: HashMap::default() }
    }

    /// What is known of a cell of the line at a position.
    fn at(&mut self, basis: &'static str, quarter: Quarter, line: usize) -> &mut OfCell<'a> {
        self.known.entry(RoiCell { basis, quarter, line }).or_default()
    }

    pub(super) fn line(&self, cell: &RoiCell) -> &RoiLine<'a> {
        &self.lines[cell.line]
    }

    /// Under which models the line of a cell can earn anything.
    pub(super) fn can_credit(&self, cell: &RoiCell) -> &[bool] {
        of_line(&self.can_credit, self.models, cell.line)
    }

    /// Finds which models can credit which lines, and what those give. A model that attributes nothing at all says nothing
    /// of a line; `unable` are models and the channels that they cannot credit.
    fn find_extremes(&mut self, unable: &BTreeSet<(usize, String)>) {
        let Self { lines, models, known, can_credit, .. } = self;
        let mut attributes = vec![false; *models];
        for earned in known.values().filter_map(|of| of.earned) {
            attributes.iter_mut().zip(earned).for_each(|(attributes, sums)| *attributes |= sums.amount() != 0);
        }
        let mut of_channel: HashMap<Option<&str>, Vec<bool>, FixedState> = HashMap::default();
        for line in lines.iter() {
            can_credit.extend_from_slice(of_channel.entry(line.channel).or_insert_with_key(|channel| {
                let is_able = |model| channel.is_none_or(|channel| !unable.contains(&(model, channel.to_owned())));
                attributes.iter().enumerate().map(|(model, attributes)| *attributes && is_able(model)).collect()
            }));
        }
        for (cell, of) in known {
            let able = of_line(can_credit, *models, cell.line).iter().enumerate();
            let amounts = able.filter(|(_, can_credit)| **can_credit).map(|(model, _)| of.sums(model).amount());
            of.extremes = amounts.clone().min().zip(amounts.max());
        }
    }

    /// The cells by basis, quarter and line, as the ROI marts have those of a model.
    pub(super) fn in_order(&self) -> Vec<(RoiCell, &OfCell<'a>)> {
        let mut cells: Vec<_> = self.known.iter().map(|(&cell, of)| (cell, of)).collect();
        cells.sort_unstable_by_key(|(cell, _)| *cell);
        cells
    }
}

impl Names<'_> {
    /// The cells of a grain.
    pub(super) fn roi_cells<'a>(
        &'a self,
        grain: Grain,
        outcome: &'a CreditOutcome,
        spend: &SpendByLine<'a>,
    ) -> RoiCells<'a> {
        let levels = outcome.places.iter().map(|(place, _)| place);
        let levels = levels.filter(|(level, period)| grain.has(*level) && *period == Period::All);
        let earned = levels.map(|(level, _)| self.earning_line(level));
        let left = outcome.totals.residuals().map(|(key, _)| residual_line(key.bucket));
        let spent = spend.keys().map(|&(campaign, channel, _)| spent_line(grain, campaign, channel));
        let mut cells = RoiCells::new(earned.chain(left).chain(spent), self.models.len());
        self.add_earned(grain, outcome, &mut cells);
        self.add_left(outcome, &mut cells);
        add_spend(grain, spend, &mut cells);
        cells.find_extremes(&outcome.unable);
        cells
    }

    fn earning_line(&self, level: Level) -> RoiLine<'_> {
        let (campaign, channel) = level.names(self.lines);
        RoiLine { kind: level.kind(self.lines), campaign, channel: Some(channel), residual: None }
    }

    /// Adds what touches earned.
    fn add_earned<'a>(&'a self, grain: Grain, outcome: &'a CreditOutcome, cells: &mut RoiCells<'a>) {
        let mut positions: HashMap<Level, usize, FixedState> = HashMap::default();
        for (place, sums) in outcome.places.iter().filter(|((level, _), _)| grain.has(*level)) {
            let (level, period) = place;
            let line = *positions.entry(level).or_insert_with(|| cells.positions[&self.earning_line(level)]);
            let quarter = |position| Quarter::Of(self.quarters.number(position));
            let (bases, quarter) = match period {
                Period::Close(position) => (&[CLOSE_DATE][..], quarter(position)),
                Period::Touch(position) => (&[TOUCH_DATE][..], quarter(position)),
                Period::All => (&BASES[..], Quarter::All),
            };
            let interval = outcome.intervals.binary_search_by_key(&place, |row| row.place).ok();
            for &basis in bases {
                *cells.at(basis, quarter, line) = OfCell {
                    counts: sums.counts,
                    earned: Some(sums.models),
                    intervals: interval.map(|position| &outcome.intervals[position]),
                    ..OfCell::default()
                };
            }
        }
    }

    /// Adds what was left to residuals, on both bases in the quarter of close.
    fn add_left(&self, outcome: &CreditOutcome, cells: &mut RoiCells<'_>) {
        for (key, left) in outcome.totals.residuals() {
            let quarter = Quarter::Of(self.quarters.number(key.close_quarter));
            let line = cells.positions[&residual_line(key.bucket)];
            for basis in BASES {
                let of_cell = cells.at(basis, quarter, line);
                of_cell.left.resize(self.models.len(), Default::default());
                let (sums, deals) = &mut of_cell.left[key.model];
                sums.add(key.kind, left.earned);
                *deals += left.deals;
            }
        }
    }
}

/// Adds what was spent.
fn add_spend<'a>(grain: Grain, spend: &SpendByLine<'a>, cells: &mut RoiCells<'a>) {
    for (&(campaign, channel, quarter), &amount) in spend {
        let line = cells.positions[&spent_line(grain, campaign, channel)];
        for basis in BASES {
            for quarter in [Quarter::Of(quarter), Quarter::All] {
                cells.at(basis, quarter, line).spend += amount;
            }
        }
    }
}

/// What stands in `flags` for a line: so many of each.
fn of_line(flags: &[bool], models: usize, line: usize) -> &[bool] {
    &flags[line * models..(line + 1) * models]
}

fn residual_line<'a>(bucket: Bucket) -> RoiLine<'a> {
    RoiLine { kind: LineKind::Residual, campaign: None, channel: None, residual: Some(bucket.name()) }
}

fn spent_line<'a>(grain: Grain, campaign: Option<&'a str>, channel: &'a str) -> RoiLine<'a> {
    let kind = match (grain, campaign) {
        (Grain::Campaign, Some(_)) => LineKind::Campaign,
        (Grain::Campaign, None) => LineKind::NoCampaign,
        (Grain::Channel, _) => LineKind::Channel,
    };
    let campaign = campaign.filter(|_| grain == Grain::Campaign);
    RoiLine { kind, campaign, channel: Some(channel), residual: None }
}
