//! Attribution models. A model is data, a [`ModelSpec`]; what runs is built from it, one file a kind.

mod anchored;
mod build;
mod built_in;
mod distinct;
mod last_non_direct;
mod linear;
mod markov;
mod rate_shapley;
mod refusal;
mod shapley;
mod spec;
mod time_decay;

pub use anchored::Anchored;
pub use build::{CountedModel, Evidence, FittedOn};
pub use built_in::{fitted_models, house_models, vendor_models};
pub use last_non_direct::LastNonDirect;
pub use linear::Linear;
pub use markov::Markov;
pub use rate_shapley::{MOST_PLAYERS, RateShapley};
pub use refusal::{MINIMUM_CONVERSIONS, Reason, Refusal};
pub use shapley::Shapley;
pub use spec::{
    ChainOrder, MiddleRule, MiddleTouches, MissingRule, ModelSpec, OverlapRule, ShareVariety, SpecDraft, SpecError,
    StateLevel, column_stem, parse_models,
};
pub use time_decay::TimeDecay;

use crate::journey::Journey;
use crate::ledger::Residual;
use std::any::Any;

/// Gives the touches of a journey their credit.
pub trait AttributionModel: Any + Send + Sync {
    /// Writes one finite, non-negative credit per touch, and says what it leaves to a residual. Credits need not sum
    /// to one, but something must be given. `journey` has at least one touch and `credits` has its length.
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual;

    /// Whether the [`Shape`](crate::journey::Shape) of a journey is all that the credit depends on, so that journeys of
    /// one shape are credited alike.
    fn sees_shape_only(&self) -> bool {
        false
    }

    /// Whether touches of a channel, by its dense code, can earn anything.
    fn can_credit(&self, _channel: u32) -> bool {
        true
    }

    /// Whether both credit every journey alike, so that asking one of them is enough. Where it cannot be told, they do not.
    fn credits_like(&self, _other: &dyn AttributionModel) -> bool {
        false
    }
}
