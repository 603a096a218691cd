//! Refusals: why a model is not fitted, rather than half true.

use crate::chain::Unsolved;
use crate::incremental::IncrementalError;
use crate::statistics::{JourneyStatistics, ShapeError};

/// Fewer conversions than this are not fitted on: a channel's part would be uncertain by a fifth of all and more.
pub const MINIMUM_CONVERSIONS: u64 = 20;

/// A model that cannot be fitted. The other models go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("model \"{model}\" is left out: {reason}")]
pub struct Refusal {
    /// The id of the model.
    pub model: String,
    /// Why.
    pub reason: Reason,
}

/// Why a model cannot be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Reason {
    /// Too little to learn from.
    #[error("it is fitted on {conversions} conversions, but needs at least {minimum}; widen the dates or the lookback")]
    TooFewConversions {
        /// How many there are.
        conversions: u64,
        /// How many it takes.
        minimum: u64,
    },
    /// Nothing to compare.
    #[error("every touch has the same channel, so there is nothing to compare; map touches to more than one channel")]
    OneChannel,
    /// A channel without a journey that lacks it.
    #[error(
        "channel \"{channel}\" is in every journey, so its effect cannot be told from the rest; leave its touches out, in a run with `eligible`"
    )]
    AlwaysPresent {
        /// The channel.
        channel: String,
    },
    /// More channels than equations can be solved for.
    #[error("it looks at {channels} channels, but solves for at most {most}; group channels, in a run with sql")]
    TooManyChannels {
        /// How many there are.
        channels: usize,
        /// How many there may be.
        most: usize,
    },
    /// The model compares converting journeys with others, and there are none.
    #[error(
        "every journey converted, so there is no rate to explain; add the opportunities that were lost or are open"
    )]
    NoNonConverters,
    /// The chain has no numerical solution.
    #[error(transparent)]
    Unsolved(#[from] Unsolved),
    /// Aggregated paths lack what the model looks at.
    #[error("it needs to know {0}, which paths do not tell; compute it from touchpoints with `closedloop run`")]
    NotInPaths(&'static str),
    /// The incremental model cannot be fitted.
    #[error(transparent)]
    Incremental(#[from] IncrementalError),
    /// What is to be counted cannot be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The statistics lack what the model is fitted on.
    #[error("its journey statistics lack {0}; count them with the shape that the model names")]
    NotCounted(&'static str),
}

impl Reason {
    /// Refuses fewer conversions than `minimum`, and one channel alone.
    pub(crate) fn screen(statistics: &JourneyStatistics, minimum: u64) -> Result<(), Self> {
        let conversions = statistics.total().conversions;
        if conversions < minimum {
            return Err(Self::TooFewConversions { conversions, minimum });
        }
        let mut codes = statistics.transitions().edges(1).into_iter().map(|edge| edge.to);
        let first = codes.next();
        if codes.all(|code| Some(code) == first) { Err(Self::OneChannel) } else { Ok(()) }
    }
}
