//! Shapley on the conversion-rate game: a channel is worth what its presence adds to the chance to convert.

use super::AttributionModel;
use super::distinct::spread;
use super::refusal::Reason;
use crate::channel_set::ChannelSet;
use crate::game::{dividends, shapley_values};
use crate::journey::Journey;
use crate::ledger::Residual;
use crate::number::number;
use crate::statistics::{JourneyStatistics, Outcome};
use faer::linalg::solvers::Solve as _;
use faer::{Mat, Side};
use hashbrown::HashMap;
use rayon::prelude::*;

/// Journeys with more distinct channels are valued by the additive part alone: theirs would be games of more than 4,096
/// coalitions, hardly any of which was ever observed.
pub const MOST_PLAYERS: usize = 12;
/// As many channels as the equations of the additive model are solved for: 128 MiB a matrix, and seconds.
const MOST_CHANNELS: usize = 4_096;

/// The game v(S) = chance that a journey converts whose distinct channels are S (attribution.md §5.1 b), played per journey
/// over its own channels. It uses journeys that did not convert, and finds synergy; values can be negative.
///
/// Rates of sets seen seldom are shrunk toward an additive model p₀(S) = Σ β over the channels of S:
///
/// ```text
/// p̂(S) = (c_S + κ·p₀(S)) / (n_S + κ)        κ = journeys per distinct set, on average
/// ```
///
/// with c_S of n_S journeys converted. β is the least-squares fit to the observed rates, weighted by journeys, itself held
/// by κ toward one rate for all channels. A set seen as often as the average set is moved half-way, a set never seen is
/// additive. κ grows with the data, so that the same journeys twice give the same shares.
///
/// Credit floors values at zero and renormalises; where none is positive, every touch earns the same.
#[derive(Debug, Clone)]
pub struct RateShapley {
    additive: Vec<f64>,
    /// p̂(S) − p₀(S) of the observed sets.
    deviations: HashMap<ChannelSet, f64>,
    /// The values of the sets that converted, which are those that are asked for.
    known: HashMap<ChannelSet, Vec<f64>>,
}

impl RateShapley {
    /// Fits the rates; `channels[code]` names a channel in a refusal.
    ///
    /// # Errors
    /// Sets that were not counted, no conversion at all, no journey that did not convert, a channel in every journey, or thousands of
    /// channels.
    pub fn fit(statistics: &JourneyStatistics, channels: &[String]) -> Result<Self, Reason> {
        if !statistics.shape().sets {
            return Err(Reason::NotCounted("distinct channel sets"));
        }
        let total = statistics.total();
        if total.conversions == 0 {
            return Err(Reason::TooFewConversions { conversions: 0, minimum: 1 });
        }
        if total.nulls == 0 {
            return Err(Reason::NoNonConverters);
        }
        let participation = statistics.sets().participation();
        let channels_met = participation.len();
        if channels_met > MOST_CHANNELS {
            return Err(Reason::TooManyChannels { channels: channels_met, most: MOST_CHANNELS });
        }
        let everywhere = participation.iter().position(|outcome| outcome.journeys() == total.journeys());
        if let Some(code) = everywhere {
            let channel = channels.get(code).cloned().unwrap_or_else(|| code.to_string());
            return Err(Reason::AlwaysPresent { channel });
        }
        let rows = statistics.sets().sorted();
        let prior = number(total.journeys()) / number(rows.len() as u64);
        let additive = additive_rates(&rows, &participation, prior)?;
        let deviation = |set: &[u32], outcome: Outcome| {
            let expected: f64 = set.iter().map(|&code| additive[code as usize]).sum();
            let journeys = number(outcome.journeys()) / prior;
            (number(outcome.conversions) / prior - journeys * expected) / (journeys + 1.0)
        };
        let deviations = rows.iter().map(|(set, outcome)| (ChannelSet::of(set), deviation(set, *outcome))).collect();
        let mut fitted = Self { additive, deviations, known: HashMap::new() };
        let converted = rows.par_iter().filter(|(_, outcome)| outcome.conversions > 0);
        let known: Vec<_> = converted.map(|(set, _)| (ChannelSet::of(set), fitted.values(set))).collect();
        fitted.known = known.into_iter().collect();
        Ok(fitted)
    }

    /// The Shapley value of each channel of a set (ascending codes), in points of conversion rate; may be negative.
    pub fn values(&self, set: &[u32]) -> Vec<f64> {
        let mut values: Vec<f64> =
            set.iter().map(|&code| self.additive.get(code as usize).copied().unwrap_or(0.0)).collect();
        if set.len() <= MOST_PLAYERS {
            let mut worth = self.deviations_of_subsets(set);
            dividends(&mut worth);
            values.iter_mut().zip(shapley_values(&worth)).for_each(|(value, joint)| *value += joint);
        }
        values
    }

    /// The rate p̂ of a set (ascending codes).
    pub fn rate(&self, set: &[u32]) -> f64 {
        let additive: f64 = set.iter().filter_map(|&code| self.additive.get(code as usize)).sum();
        additive + self.deviations.get(&ChannelSet::of(set)).copied().unwrap_or(0.0)
    }

    /// The deviation of each subset from the additive model: a game of the members of `set`.
    fn deviations_of_subsets(&self, set: &[u32]) -> Vec<f64> {
        let mut subset = Vec::with_capacity(set.len());
        let deviation = |mask: usize| {
            subset.clear();
            subset.extend(set.iter().enumerate().filter(|(player, _)| mask >> player & 1 == 1).map(|(_, &code)| code));
            self.deviations.get(&ChannelSet::of(&subset)).copied().unwrap_or(0.0)
        };
        (0..1 << set.len()).map(deviation).collect()
    }
}

impl AttributionModel for RateShapley {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        let set = ChannelSet::of(journey.channels);
        let unseen;
        let values = match self.known.get(&set) {
            Some(values) => values,
            None => {
                unseen = self.values(&set.codes());
                &unseen
            }
        };
        spread(journey, credits, |channel| set.position(channel).map_or(0.0, |player| values[player].max(0.0)))
    }
}

/// β of the additive model: minimises Σ n_S·(c_S/n_S − p₀(S))² + κ·Σ(β − b)², b the one rate per presence that explains
/// all conversions. Positive definite, so it always has one solution. All counts are divided by κ, so that twice the
/// journeys are the same equations to the last bit.
fn additive_rates(rows: &[(Vec<u32>, Outcome)], participation: &[Outcome], prior: f64) -> Result<Vec<f64>, Reason> {
    let size = participation.len();
    let presences: u64 = participation.iter().map(|outcome| outcome.journeys()).sum();
    let conversions: u64 = rows.iter().map(|(_, outcome)| outcome.conversions).sum();
    let even = number(conversions) / number(presences);
    let mut together = vec![0_u64; size * size];
    for (set, outcome) in rows {
        for &a in set {
            for &b in set {
                together[a as usize * size + b as usize] += outcome.journeys();
            }
        }
    }
    let normal =
        Mat::from_fn(size, size, |a, b| number(together[a * size + b]) / prior + if a == b { 1.0 } else { 0.0 });
    let target = Mat::from_fn(size, 1, |a, _| number(participation[a].conversions) / prior + even);
    let rates = normal.llt(Side::Lower).map_err(|_| crate::chain::Unsolved)?.solve(&target);
    Ok((0..size).map(|code| rates[(code, 0)]).collect())
}

#[cfg(test)]
mod tests;
