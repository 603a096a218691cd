//! Markov: a channel is worth what its removal from the chain of all journeys would lose.

use super::AttributionModel;
use super::distinct::spread;
use super::refusal::Reason;
use super::spec::ChainOrder;
use crate::chain::{Chain, RemovalEffects, cross_validated_order};
use crate::journey::Journey;
use crate::ledger::Residual;
use crate::statistics::JourneyStatistics;
use std::any::Any;

/// Removal effects of a Markov chain of journeys (Anderl et al. 2016; see [`crate::chain`]).
///
/// A deal's credit is divided over the distinct channels of its journey in proportion to their removal effects on
/// conversions, and a channel's part evenly over its touches; linear where all effects are zero. The totals of the
/// literature, effect over the sum of effects times all conversions, are those of [`RemovalEffects::totals`]: they differ
/// from the sum over deals, because they also credit a channel with conversions of journeys that it is not in.
#[derive(Debug, Clone)]
pub struct Markov {
    order: usize,
    chain: Chain,
    effects: RemovalEffects,
}

impl Markov {
    /// Fits the chain of an order, or of the order that cross-validation finds.
    ///
    /// # Errors
    /// No conversion at all, transitions that were not counted, or a chain that has no numerical solution.
    pub fn fit(statistics: &JourneyStatistics, order: ChainOrder) -> Result<Self, Reason> {
        let shape = statistics.shape();
        if statistics.total().conversions == 0 {
            return Err(Reason::TooFewConversions { conversions: 0, minimum: 1 });
        }
        let order = match order {
            ChainOrder::Fixed(order) if usize::from(order) <= shape.order => usize::from(order),
            ChainOrder::Fixed(_) => return Err(Reason::NotCounted("transitions of the order asked for")),
            ChainOrder::Auto if shape.folds => cross_validated_order(statistics.folds()),
            ChainOrder::Auto => return Err(Reason::NotCounted("transitions by fold")),
        };
        let chain = Chain::new(&statistics.transitions(), order);
        let effects = chain.removal_effects()?;
        Ok(Self { order, chain, effects })
    }

    /// The order of the chain.
    pub fn order(&self) -> usize {
        self.order
    }

    /// The chain, for its transition matrix.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The removal effects of all channels.
    pub fn effects(&self) -> &RemovalEffects {
        &self.effects
    }
}

impl AttributionModel for Markov {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        let effect =
            |channel: u32| self.effects.conversions.get(channel as usize).map_or(0.0, |effect| effect.max(0.0));
        spread(journey, credits, effect)
    }

    /// An order found by cross-validation is often one that is asked for as well.
    fn credits_like(&self, other: &dyn AttributionModel) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| other.effects.conversions == self.effects.conversions)
    }
}

#[cfg(test)]
mod tests;
