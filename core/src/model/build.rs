//! From a spec to the model that runs: what it is fitted on, and the fit.

use super::refusal::{MINIMUM_CONVERSIONS, Reason, Refusal};
use super::spec::{ChainOrder, ModelSpec, StateLevel};
use super::{Anchored, AttributionModel, LastNonDirect, Linear, Markov, RateShapley, Shapley, TimeDecay};
use crate::statistics::{HIGHEST_ORDER, JourneyStatistics};

/// What a model is fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FittedOn {
    /// What the codes of a path are. The journeys that the model credits carry the same codes.
    pub state: StateLevel,
    /// The order at which transitions are counted.
    pub order: usize,
    /// Whether they are counted by fold.
    pub folds: bool,
    /// Whether distinct sets are counted.
    pub sets: bool,
}

/// What fitted models learn from, as far as a run has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// Counts of all journeys at the model's state level, with at least what [`ModelSpec::fitted_on`] asks for.
    pub journeys: Option<&'a JourneyStatistics>,
}

impl ModelSpec {
    /// What the model is fitted on; `None` for a model that needs no data.
    pub fn fitted_on(&self) -> Option<FittedOn> {
        match self {
            Self::Markov { order, state, .. } => {
                let (order, folds) = match order {
                    ChainOrder::Auto => (HIGHEST_ORDER, true),
                    ChainOrder::Fixed(order) => (usize::from(*order), false),
                };
                Some(FittedOn { state: *state, order, folds, sets: false })
            }
            Self::RateShapley { .. } => {
                Some(FittedOn { state: StateLevel::Channel, order: 1, folds: false, sets: true })
            }
            _ => None,
        }
    }

    /// The model that runs. `channels[code]` is the name of the channel (for a fitted model: of the state at its level)
    /// with that dense code.
    ///
    /// # Errors
    /// A fitted model whose evidence is absent or does not suffice; models that need none are always built.
    pub fn build(&self, channels: &[String], evidence: Evidence<'_>) -> Result<Box<dyn AttributionModel>, Refusal> {
        let screened = match (self.fitted_on(), evidence.journeys) {
            (Some(_), Some(journeys)) => Reason::screen(journeys, MINIMUM_CONVERSIONS),
            _ => Ok(()),
        };
        let built = screened.and_then(|()| self.assemble(channels, evidence));
        built.map_err(|reason| Refusal { model: self.id().to_owned(), reason })
    }

    /// As [`Self::build`], however few the conversions.
    pub(crate) fn assemble(
        &self,
        channels: &[String],
        evidence: Evidence<'_>,
    ) -> Result<Box<dyn AttributionModel>, Reason> {
        let journeys = || evidence.journeys.ok_or(Reason::NotCounted("all journeys"));
        Ok(match self {
            Self::Anchored { anchors, middle, middle_touches, overlap, no_middle, missing, .. } => Box::new(Anchored {
                anchors: anchors.iter().map(|(&anchor, &weight)| (anchor, weight)).collect(),
                middle: *middle,
                middle_touches: *middle_touches,
                overlap: *overlap,
                no_middle: *no_middle,
                missing: *missing,
            }),
            Self::Linear { .. } => Box::new(Linear),
            Self::TimeDecay { half_life_days, .. } => Box::new(TimeDecay::new(*half_life_days)),
            Self::LastNonDirect { direct_channels, .. } => {
                Box::new(LastNonDirect::new(channels.iter().map(|name| direct_channels.contains(name)).collect()))
            }
            Self::Markov { order, .. } => Box::new(Markov::fit(journeys()?, *order)?),
            Self::Shapley { .. } | Self::OrderedShapley { .. } => Box::new(Shapley),
            Self::RateShapley { .. } => Box::new(RateShapley::fit(journeys()?, channels)?),
        })
    }
}
