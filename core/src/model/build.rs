//! From a spec to the model that runs: what it is fitted on, and the fit.

use super::refusal::{MINIMUM_CONVERSIONS, Reason, Refusal};
use super::spec::{ChainOrder, ModelSpec, StateLevel};
use super::{Anchored, AttributionModel, LastNonDirect, Linear, Markov, RateShapley, Shapley, TimeDecay};
use crate::incremental::{Incremental, IncrementalSettings, IncrementalTotal};
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
    /// The incremental model as fitted on accounts over time, under the model's settings.
    pub incremental: Option<&'a Incremental>,
}

/// A model fitted on counts of journeys, with what it learned.
#[derive(Debug, Clone)]
pub enum CountedModel {
    /// A chain and its effects.
    Markov(Markov),
    /// A game of rates and its values.
    RateShapley(RateShapley),
}

impl CountedModel {
    /// The model that runs.
    pub fn into_model(self) -> Box<dyn AttributionModel> {
        match self {
            Self::Markov(markov) => Box::new(markov),
            Self::RateShapley(game) => Box::new(game),
        }
    }
}

impl<'a> Evidence<'a> {
    fn counted(&self) -> Result<&'a JourneyStatistics, Reason> {
        self.journeys.ok_or(Reason::NotCounted("all journeys"))
    }
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

    /// Under which settings accounts over time are fitted; `None` for a model that needs no such fit.
    pub fn incremental_settings(&self) -> Option<&IncrementalSettings> {
        match self {
            Self::Incremental { settings, .. } | Self::IncrementalTotal { settings, .. } => Some(settings),
            _ => None,
        }
    }

    /// Whether the model learns from data, converted or not.
    pub fn is_fitted(&self) -> bool {
        self.fitted_on().is_some() || self.incremental_settings().is_some()
    }

    /// The model that runs. `channels[code]` is the name of the channel (for a fitted model: of the state at its level)
    /// with that dense code.
    ///
    /// # Errors
    /// A fitted model whose evidence is absent or does not suffice; models that need none are always built.
    pub fn build(&self, channels: &[String], evidence: Evidence<'_>) -> Result<Box<dyn AttributionModel>, Refusal> {
        self.screened(evidence, || self.assemble(channels, evidence))
    }

    /// As [`Self::build`], for a model that is [fitted on](Self::fitted_on) counts of journeys, with what it learned.
    ///
    /// # Errors
    /// Counts that do not suffice, or a model that is not fitted on any.
    pub fn build_counted(&self, states: &[String], journeys: &JourneyStatistics) -> Result<CountedModel, Refusal> {
        let evidence = Evidence { journeys: Some(journeys), ..Evidence::default() };
        self.screened(evidence, || self.fit_counted(states, journeys))
    }

    fn fit_counted(&self, states: &[String], journeys: &JourneyStatistics) -> Result<CountedModel, Reason> {
        match self {
            Self::Markov { order, .. } => Markov::fit(journeys, *order).map(CountedModel::Markov),
            Self::RateShapley { .. } => RateShapley::fit(journeys, states).map(CountedModel::RateShapley),
            _ => Err(Reason::NotCounted("all journeys")),
        }
    }

    /// Builds what there is enough evidence for.
    fn screened<T>(&self, evidence: Evidence<'_>, build: impl FnOnce() -> Result<T, Reason>) -> Result<T, Refusal> {
        let screened = match (self.fitted_on(), evidence.journeys) {
            (Some(_), Some(journeys)) => Reason::screen(journeys, MINIMUM_CONVERSIONS),
            _ => Ok(()),
        };
        screened.and_then(|()| build()).map_err(|reason| Refusal { model: self.id().to_owned(), reason })
    }

    /// As [`Self::build`], however few the conversions.
    pub(crate) fn assemble(
        &self,
        channels: &[String],
        evidence: Evidence<'_>,
    ) -> Result<Box<dyn AttributionModel>, Reason> {
        let incremental = || evidence.incremental.cloned().ok_or(Reason::NotCounted("accounts over time"));
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
                let is_direct = |name: &String| direct_channels.iter().any(|direct| direct.eq_ignore_ascii_case(name));
                Box::new(LastNonDirect::new(channels.iter().map(is_direct).collect()))
            }
            Self::Shapley { .. } | Self::OrderedShapley { .. } => Box::new(Shapley),
            Self::Markov { .. } | Self::RateShapley { .. } => {
                self.fit_counted(channels, evidence.counted()?)?.into_model()
            }
            Self::Incremental { .. } => Box::new(incremental()?),
            Self::IncrementalTotal { .. } => Box::new(IncrementalTotal(incremental()?)),
        })
    }
}
