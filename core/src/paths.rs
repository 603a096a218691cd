//! Aggregated paths: attribution of a table of distinct paths with their conversions, value and nulls.
//!
//! This is the form in which the literature and its packages exchange journeys. Here conversions may be fractional.
//! The models are the same code that runs over journeys, and journey statistics count integers: conversions and values
//! are therefore counted in a power of two of the unit, so small that what is cut off is below 2⁻⁴⁴ of the total of a
//! column. Whole conversions are counted as they are. No model depends on the unit.

mod counting;
mod folds;
mod table;
mod unit;

pub use table::{Measure, PathCounts, PathTable, RowError};

use crate::chain::RemovalEffects;
use crate::journey::{Anchor, Anchors, Journey, Milestones};
use crate::ledger::compensated_sum;
use crate::model::{AttributionModel, ChainOrder, Evidence, FittedOn, Markov, ModelSpec, Reason, Refusal};
use crate::parallel::pieces;
use crate::statistics::{JourneyStatistics, Shape, ShapeError};
use counting::{PIECE, Units, count};
use rayon::iter::ParallelIterator;
use std::borrow::Cow;
use std::ops::Range;
use unit::Unit;

/// Whether journeys that did not convert count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// They do.
    #[default]
    Use,
    /// Only conversions are looked at.
    Ignore,
}

/// Paths that cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PathError {
    /// A code without a channel.
    #[error("a path has channel code {code}, but there are {channels} channels")]
    UnknownChannel {
        /// The code.
        code: u32,
        /// How many channels there are.
        channels: usize,
    },
    /// So many that single journeys would be lost beside them.
    #[error("the paths are {journeys:e} journeys, more than 10¹³; give the numbers of journeys that took each path")]
    TooMany {
        /// How many.
        journeys: f64,
    },
    /// More states than can be counted.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// More journeys than any company has, and fewer than 2⁴⁴.
const MOST_JOURNEYS: f64 = 1e13;

/// What a model says of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelResult {
    /// The share of conversions lost without the channel; `None` for models without removal effects.
    pub removal_effect_conversions: Option<f64>,
    /// The share of value lost without the channel.
    pub removal_effect_value: Option<f64>,
    /// Conversions credited to the channel.
    pub conversions: f64,
    /// Value credited to the channel.
    pub value: f64,
}

/// A table of paths, counted.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Ascending; the codes of the table are positions here.
    channels: Vec<String>,
    table: PathTable,
    /// In which conversions and value are summed.
    units: [Unit; 2],
    /// All conversions and all value.
    totals: [f64; 2],
    statistics: JourneyStatistics,
    best_order: Option<u8>,
}

impl Paths {
    /// Counts paths as far as `models` will ask. `channels[code]` names a channel, each name once. Neither the order of
    /// the rows nor that of the channels changes a result.
    ///
    /// # Errors
    /// A code without a channel, more than 10¹³ journeys, or an order that cannot be counted.
    pub fn new(
        mut table: PathTable,
        channels: Vec<String>,
        models: &[ModelSpec],
        nulls: Nulls,
    ) -> Result<Self, PathError> {
        if let Some(code) = table.largest_code().filter(|&code| code as usize >= channels.len()) {
            return Err(PathError::UnknownChannel { code, channels: channels.len() });
        }
        if nulls == Nulls::Ignore {
            table.forget_nulls();
        }
        let channels = sort_channels(&mut table, channels);
        let states = u32::try_from(channels.len()).unwrap_or(u32::MAX);
        let units = Units::of(&table);
        if units.all_journeys > MOST_JOURNEYS {
            return Err(PathError::TooMany { journeys: units.all_journeys });
        }
        let asked: Vec<FittedOn> = models.iter().filter_map(ModelSpec::fitted_on).collect();
        let by_fold = asked.iter().any(|on| on.folds);
        let best = if by_fold { Some(folds::best_order(&table, states, units.journeys)?) } else { None };
        let fixed = asked.iter().filter(|on| !on.folds).map(|on| on.order);
        let shape = Shape {
            states,
            order: fixed.chain(best).max().unwrap_or(1),
            folds: false,
            sets: asked.iter().any(|on| on.sets),
        };
        let statistics = count(&table, shape, &units)?;
        let best_order = best.and_then(|order| u8::try_from(order).ok());
        Ok(Self { channels, table, units: units.sums, totals: units.totals, statistics, best_order })
    }

    /// The channels in ascending order, by code.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// The counts that fitted models are fitted on. Conversions are in the unit of the module's introduction.
    pub fn statistics(&self) -> &JourneyStatistics {
        &self.statistics
    }

    /// The order of the chain that predicts held-out journeys best, if a model asked for it.
    pub fn best_order(&self) -> Option<u8> {
        self.best_order
    }

    /// What a model says of each channel, by code. Markov models give the totals of the literature; all others the sum of
    /// their credits over paths.
    ///
    /// # Errors
    /// A model that cannot be fitted on these paths, or asks for what paths do not tell. However few they are, small
    /// examples are welcome.
    pub fn attribute(&self, model: &ModelSpec) -> Result<Vec<ChannelResult>, Refusal> {
        let model = self.resolved(model);
        let fitted = match &*model {
            ModelSpec::Markov { order, .. } => Reason::screen(&self.statistics, 1)
                .and_then(|()| Markov::fit(&self.statistics, *order))
                .map(|fitted| self.literature(fitted.effects())),
            _ => self.assemble(&model).map(|model| self.credited(model.as_ref())),
        };
        fitted.map_err(|reason| refusal(&model, reason))
    }

    /// The model with the order that cross-validation found, where it asks for that.
    fn resolved<'a>(&self, model: &'a ModelSpec) -> Cow<'a, ModelSpec> {
        let mut model = Cow::Borrowed(model);
        if let (ModelSpec::Markov { order: ChainOrder::Auto, .. }, Some(best)) = (&*model, self.best_order)
            && let ModelSpec::Markov { order, .. } = model.to_mut()
        {
            *order = ChainOrder::Fixed(best);
        }
        model
    }

    fn assemble(&self, model: &ModelSpec) -> Result<Box<dyn AttributionModel>, Reason> {
        if let Some(untold) = untold(model) {
            return Err(Reason::NotInPaths(untold));
        }
        if model.fitted_on().is_some() {
            Reason::screen(&self.statistics, 1)?;
        }
        model.assemble(&self.channels, Evidence { journeys: Some(&self.statistics), ..Evidence::default() })
    }

    /// All conversions and all value in proportion to removal effects.
    fn literature(&self, effects: &RemovalEffects) -> Vec<ChannelResult> {
        let [conversions, value] = self.totals;
        let conversions = RemovalEffects::totals(&effects.conversions, conversions);
        let value = RemovalEffects::totals(&effects.value, value);
        let result = |code: usize| ChannelResult {
            removal_effect_conversions: Some(effects.conversions[code]),
            removal_effect_value: Some(effects.value[code]),
            conversions: conversions[code],
            value: value[code],
        };
        (0..self.channels.len()).map(result).collect()
    }

    /// The sum of a model's shares of each path, by channel.
    fn credited(&self, model: &dyn AttributionModel) -> Vec<ChannelResult> {
        let none = || vec![Sums::default(); self.channels.len()];
        let of_piece = |rows: Range<usize>| {
            let mut sums = none();
            self.share_out(model, rows, |channel, part| add(&mut sums[channel as usize], part));
            sums
        };
        let sums = pieces(self.table.len(), PIECE).map(of_piece).reduce(none, |mut sums, others| {
            sums.iter_mut().zip(others).for_each(|(sums, other)| add(sums, other));
            sums
        });
        let result = |sums: Sums| {
            let [conversions, value] = self.numbers(sums);
            ChannelResult { removal_effect_conversions: None, removal_effect_value: None, conversions, value }
        };
        sums.into_iter().map(result).collect()
    }

    /// Calls `give` with the channel of each credited touch of these rows and what it has of conversions and value. Touches of a
    /// path are one unit of time apart.
    fn share_out(&self, model: &dyn AttributionModel, rows: Range<usize>, mut give: impl FnMut(u32, Sums)) {
        let (mut touched_at, mut credits) = (Vec::new(), Vec::new());
        for row in rows {
            let (path, counts) = (self.table.path(row), self.table.counts()[row]);
            if counts.conversions == 0.0 {
                continue;
            }
            touched_at.extend((0_i64..).skip(touched_at.len()).take(path.len().saturating_sub(touched_at.len())));
            credits.clear();
            credits.resize(path.len(), 0.0);
            let touched_at = &touched_at[..path.len()];
            let converted_at = touched_at.last().copied().unwrap_or(0);
            let anchors = Anchors::locate(touched_at, Milestones::default());
            model.credit(Journey { touched_at, channels: path, converted_at, anchors }, &mut credits);
            let all = compensated_sum(credits.iter().copied());
            for (&channel, credit) in path.iter().zip(&credits).filter(|(_, credit)| **credit > 0.0) {
                let part = [counts.conversions, counts.value].map(|whole| whole * credit / all);
                give(channel, self.parts(part));
            }
        }
    }

    fn parts(&self, numbers: [f64; 2]) -> Sums {
        [self.units[0].amount(numbers[0]), self.units[1].amount(numbers[1])]
    }

    fn numbers(&self, sums: Sums) -> [f64; 2] {
        [self.units[0].number(sums[0]), self.units[1].number(sums[1])]
    }
}

/// Conversions and value, each in its unit.
type Sums = [i128; 2];

fn add(sums: &mut Sums, more: Sums) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Puts the channels in order and the table's codes with them.
fn sort_channels(table: &mut PathTable, channels: Vec<String>) -> Vec<String> {
    if channels.is_sorted() {
        return channels;
    }
    let mut order: Vec<(String, usize)> = channels.into_iter().zip(0..).collect();
    order.sort_unstable();
    let mut codes = vec![0; order.len()];
    for (code, (_, old)) in (0..).zip(&order) {
        codes[*old] = code;
    }
    table.recode(&codes);
    order.into_iter().map(|(name, _)| name).collect()
}

/// What a model asks for that paths do not tell.
fn untold(model: &ModelSpec) -> Option<&'static str> {
    match model {
        ModelSpec::TimeDecay { .. } => Some("when touches happened"),
        ModelSpec::Incremental { .. } | ModelSpec::IncrementalTotal { .. } => Some("what became of accounts over time"),
        ModelSpec::Anchored { anchors, .. }
            if anchors.keys().any(|anchor| !matches!(anchor, Anchor::First | Anchor::Closing)) =>
        {
            Some("when leads and opportunities were created")
        }
        _ => None,
    }
}

fn refusal(model: &ModelSpec, reason: Reason) -> Refusal {
    Refusal { model: model.id().to_owned(), reason }
}

#[cfg(test)]
mod tests;
