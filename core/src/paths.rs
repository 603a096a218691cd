//! Aggregated paths: attribution of a table of distinct paths with their conversions, value and nulls.
//!
//! This is the form in which the literature and its packages exchange journeys. Here conversions may be fractional.
//! The models are the same code that runs over journeys, and journey statistics count integers: conversions and values
//! are therefore counted in a power of two of the unit, so small that what is cut off is below 2⁻⁴⁴ of the total of a
//! column. Whole conversions are counted as they are. No model depends on the unit.

mod unit;

use crate::chain::RemovalEffects;
use crate::journey::{Anchors, Journey, Milestones};
use crate::ledger::compensated_sum;
use crate::model::{AttributionModel, Evidence, Markov, ModelSpec, Reason, Refusal};
use crate::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape, ShapeError};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use unit::Unit;

/// A path and what came of the journeys that took it.
#[derive(Debug, Clone, PartialEq)]
pub struct PathRow {
    /// The channel code of each touch, oldest first.
    pub path: Vec<u32>,
    /// Conversions, at least 0; may be fractional.
    pub conversions: f64,
    /// Their value, in any unit.
    pub value: f64,
    /// Journeys that did not convert, at least 0.
    pub nulls: f64,
}

/// Whether journeys that did not convert count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nulls {
    /// They do.
    #[default]
    Use,
    /// Only conversions are looked at.
    Ignore,
}

/// A row that makes no sense; rows count from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PathError {
    /// No touch.
    #[error("path {row} has no channel; remove the row or name at least one channel")]
    Empty {
        /// Which row.
        row: usize,
    },
    /// Not a number that can be counted.
    #[error("path {row}: {column} is {number}, but must be {range}")]
    Number {
        /// Which row.
        row: usize,
        /// Which column.
        column: &'static str,
        /// What was given.
        number: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A code without a channel.
    #[error("path {row} has channel code {code}, but there are {channels} channels")]
    UnknownChannel {
        /// Which row.
        row: usize,
        /// The code.
        code: u32,
        /// How many channels there are.
        channels: usize,
    },
    /// More states than can be counted.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

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

/// What a model gives a channel at a position of the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionResult {
    /// The channel's code.
    pub channel: u32,
    /// The touch's place in the path, from 1.
    pub position: usize,
    /// Conversions credited to the channel there.
    pub conversions: f64,
    /// Value credited to the channel there.
    pub value: f64,
}

/// A table of paths, read and counted.
#[derive(Debug, Clone)]
pub struct Paths {
    channels: Vec<String>,
    /// In an order of their own, so that sums of fractions do not depend on that of the input.
    rows: Vec<PathRow>,
    statistics: JourneyStatistics,
}

impl Paths {
    /// Counts paths up to the highest `order` that models will ask for. `channels[code]` names a channel.
    ///
    /// # Errors
    /// A row that makes no sense, or an order that cannot be counted.
    pub fn new(mut rows: Vec<PathRow>, channels: Vec<String>, order: usize, nulls: Nulls) -> Result<Self, PathError> {
        for (row, path) in (1..).zip(&mut rows) {
            if nulls == Nulls::Ignore {
                path.nulls = 0.0;
            }
            check(row, path, channels.len())?;
        }
        rows.sort_unstable_by(in_order);
        let states = u32::try_from(channels.len()).unwrap_or(u32::MAX);
        let mut statistics = JourneyStatistics::new(Shape { states, order, folds: false, sets: true })?;
        let journeys = Unit::of_counts(rows.iter().flat_map(|row| [row.conversions, row.nulls]));
        let money = Unit::of_amounts(rows.iter().map(|row| row.value));
        for row in &rows {
            let outcome = Outcome {
                conversions: journeys.count(row.conversions),
                nulls: journeys.count(row.nulls),
                value: money.amount(row.value),
            };
            statistics.add(CountedJourney { path: &row.path, outcome, key: 0 });
        }
        Ok(Self { channels, rows, statistics })
    }

    /// The channels, by code.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// The counts that fitted models are fitted on. Conversions are in the unit of the module's introduction.
    pub fn statistics(&self) -> &JourneyStatistics {
        &self.statistics
    }

    /// What a model says of each channel, by code. Markov models give the totals of the literature; all others the sum of
    /// their credits over paths. Touches of a path are one unit of time apart.
    ///
    /// # Errors
    /// A model that cannot be fitted on these paths. However few they are, small examples are welcome.
    pub fn attribute(&self, model: &ModelSpec) -> Result<Vec<ChannelResult>, Refusal> {
        let fitted = match model {
            ModelSpec::Markov { order, .. } => Reason::screen(&self.statistics, 1)
                .and_then(|()| Markov::fit(&self.statistics, *order))
                .map(|fitted| self.literature(fitted.effects())),
            _ => self.assemble(model).map(|model| self.credited(model.as_ref())),
        };
        fitted.map_err(|reason| refusal(model, reason))
    }

    /// The credits of a model over paths, by channel and position: what `ordered_shapley` is asked for.
    ///
    /// # Errors
    /// As for [`Self::attribute`].
    pub fn by_position(&self, model: &ModelSpec) -> Result<Vec<PositionResult>, Refusal> {
        let assembled = self.assemble(model).map_err(|reason| refusal(model, reason))?;
        let mut parts: BTreeMap<(u32, usize), Parts> = BTreeMap::new();
        self.share_out(assembled.as_ref(), |channel, position, part| {
            parts.entry((channel, position)).or_default().push(part);
        });
        let result = |((channel, position), parts): ((u32, usize), Parts)| {
            let [conversions, value] = totals(&parts);
            PositionResult { channel, position, conversions, value }
        };
        Ok(parts.into_iter().map(result).collect())
    }

    fn assemble(&self, model: &ModelSpec) -> Result<Box<dyn AttributionModel>, Reason> {
        Reason::screen(&self.statistics, 1)?;
        model.assemble(&self.channels, Evidence { journeys: Some(&self.statistics), ..Evidence::default() })
    }

    /// All conversions and all value in proportion to removal effects.
    fn literature(&self, effects: &RemovalEffects) -> Vec<ChannelResult> {
        let conversions = compensated_sum(self.rows.iter().map(|row| row.conversions));
        let value = compensated_sum(self.rows.iter().map(|row| row.value));
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
        let mut parts: Vec<Parts> = vec![Vec::new(); self.channels.len()];
        self.share_out(model, |channel, _, part| parts[channel as usize].push(part));
        let result = |parts: &Parts| {
            let [conversions, value] = totals(parts);
            ChannelResult { removal_effect_conversions: None, removal_effect_value: None, conversions, value }
        };
        parts.iter().map(result).collect()
    }

    /// Calls `give` with channel, position from 1, and what of conversions and value each credited touch has.
    fn share_out(&self, model: &dyn AttributionModel, mut give: impl FnMut(u32, usize, [f64; 2])) {
        for row in &self.rows {
            let credits = path_credits(model, &row.path);
            let all = compensated_sum(credits.iter().copied());
            for ((position, &channel), credit) in (1..).zip(&row.path).zip(credits).filter(|(_, credit)| *credit > 0.0)
            {
                give(channel, position, [row.conversions, row.value].map(|whole| whole * credit / all));
            }
        }
    }
}

/// Parts of conversions and value.
type Parts = Vec<[f64; 2]>;

fn totals(parts: &Parts) -> [f64; 2] {
    [0, 1].map(|measure| compensated_sum(parts.iter().map(|part| part[measure])))
}

fn refusal(model: &ModelSpec, reason: Reason) -> Refusal {
    Refusal { model: model.id().to_owned(), reason }
}

/// The credits of a path whose touches are one apart in time.
fn path_credits(model: &dyn AttributionModel, path: &[u32]) -> Vec<f64> {
    let touched_at: Vec<i64> = (0..).take(path.len()).collect();
    let converted_at = touched_at.last().copied().unwrap_or(0);
    let anchors = Anchors::locate(&touched_at, Milestones::default());
    let mut credits = vec![0.0; path.len()];
    model.credit(Journey { touched_at: &touched_at, channels: path, converted_at, anchors }, &mut credits);
    credits
}

fn in_order(a: &PathRow, b: &PathRow) -> Ordering {
    let conversions = || a.conversions.total_cmp(&b.conversions);
    let rest = || a.value.total_cmp(&b.value).then(a.nulls.total_cmp(&b.nulls));
    a.path.cmp(&b.path).then_with(conversions).then_with(rest)
}

fn check(row: usize, path: &PathRow, channels: usize) -> Result<(), PathError> {
    if path.path.is_empty() {
        return Err(PathError::Empty { row });
    }
    if let Some(&code) = path.path.iter().find(|&&code| code as usize >= channels) {
        return Err(PathError::UnknownChannel { row, code, channels });
    }
    let valueless = path.conversions == 0.0;
    for (column, number, within, range) in [
        ("conversions", path.conversions, path.conversions >= 0.0, "a finite number of at least 0"),
        ("nulls", path.nulls, path.nulls >= 0.0, "a finite number of at least 0"),
        ("value", path.value, !valueless || path.value == 0.0, "a finite number, and 0 without conversions"),
    ] {
        if !(within && number.is_finite()) {
            return Err(PathError::Number { row, column, number, range });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
