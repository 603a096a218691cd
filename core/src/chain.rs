//! The absorbing Markov chain of journeys, and what removing a channel does to it (Anderl et al. 2016, IJRM 33(3)).
//!
//! States are the start and the runs of the last k touches; a journey ends in conversion or null. With Q the transitions
//! between states, F = (I − Q)⁻¹ and r the chance to convert next, f = F·r is the chance to convert from each state.
//! Removing channel i sends every transition into i to null. What is lost is the chance to reach a state S of i and to
//! convert from there: with h = F_sS·F_SS⁻¹ the chance to reach S first in each of its states,
//!
//! ```text
//! removal effect of i = h·f_S / f_s          order 1: (F_si / F_ii)·f_i / f_s
//! ```
//!
//! By value, r is the value of the conversions from a state per journey that leaves it. Nothing is simulated.
//!
//! A step from a state to itself changes no chance, so the chain is kept without such steps: what is kept is the number
//! of journeys that move on.

mod factor;
mod order;
mod sweep;

pub use order::cross_validated_order;

use crate::number::number;
use crate::statistics::{Outcome, Transitions, money};

/// Up to so many states the chain is solved by one sparse LU.
const FACTORED_STATES: usize = 600;

/// Beyond, factors that fill up cost the cube of the states, and sweeps so many times as much for every move and channel:
/// few moves between runs of touches are swept, a channel that leads to most others is factored.
const COST_OF_SWEEPS: usize = 50;

/// The system could not be solved in floating-point numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chain of journeys has no numerical solution; its counts differ by too many orders of magnitude")]
pub struct Unsolved;

/// The chain, with counts in place of probabilities.
#[derive(Debug, Clone)]
pub struct Chain {
    channels: usize,
    /// The run of each state, ascending: the start comes first.
    runs: Vec<u64>,
    /// The code of the last channel of each state.
    last: Vec<Option<u32>>,
    /// Where the moves of each state begin in `moves`, and the end.
    offsets: Vec<usize>,
    /// Target state and number of journeys.
    moves: Vec<(usize, f64)>,
    /// How the journeys whose last state this is ended.
    ends: Vec<Outcome>,
    /// Journeys that leave the state.
    leaving: Vec<f64>,
}

/// What the removal of each channel loses, as a share of what there is.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovalEffects {
    /// The chance that a journey converts: the empirical conversion rate.
    pub base_rate: f64,
    /// By channel code, of conversions.
    pub conversions: Vec<f64>,
    /// By channel code, of value; zero where there is no value.
    pub value: Vec<f64>,
}

impl RemovalEffects {
    /// Totals as the literature defines them: `total` in proportion to the effects; zero where all effects are.
    pub fn totals(effects: &[f64], total: f64) -> Vec<f64> {
        let sum: f64 = effects.iter().sum();
        effects.iter().map(|effect| if sum == 0.0 { 0.0 } else { effect / sum * total }).collect()
    }
}

/// A row of the transition matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// The run of touches before; see [`Transitions::codes`].
    pub from: u64,
    /// Where journeys go.
    pub to: Target,
    /// The number of journeys' moves.
    pub count: u64,
    /// Their share of the moves out of `from`.
    pub probability: f64,
}

/// Where a transition leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To a run of touches.
    Run(u64),
    /// To the end: converted.
    Conversion,
    /// To the end: not converted.
    Null,
}

impl Chain {
    /// The chain of `order`, which is at most the one counted.
    pub fn new(transitions: &Transitions, order: usize) -> Self {
        let edges = transitions.edges(order);
        let ended = transitions.ends(order);
        let mut runs: Vec<u64> = edges.iter().flat_map(|edge| [edge.from, edge.to]).chain([0]).collect();
        runs.sort_unstable();
        runs.dedup();
        let index = |run: u64| runs.partition_point(|&known| known < run);
        let mut ends = vec![Outcome::default(); runs.len()];
        for (run, outcome) in ended {
            ends[index(run)] += outcome;
        }
        let mut leaving: Vec<f64> = ends.iter().map(|outcome| number(outcome.journeys())).collect();
        let mut offsets = vec![0; runs.len() + 1];
        let mut moves = Vec::with_capacity(edges.len());
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            let (from, count) = (index(edge.from), number(edge.count));
            moves.push((index(edge.to), count));
            leaving[from] += count;
            offsets[from + 1] = moves.len();
        }
        for state in 1..offsets.len() {
            offsets[state] = offsets[state].max(offsets[state - 1]);
        }
        let last = runs.iter().map(|&run| transitions.last(run)).collect();
        let channels = usize::try_from(transitions.radix() - 1).unwrap_or(usize::MAX);
        Self { channels, runs, last, offsets, moves, ends, leaving }
    }

    /// The number of states, the start among them.
    pub fn states(&self) -> usize {
        self.runs.len()
    }

    /// The removal effects of all channels.
    ///
    /// # Errors
    /// Counts so far apart that floating-point numbers cannot hold the solution.
    pub fn removal_effects(&self) -> Result<RemovalEffects, Unsolved> {
        let [conversions, value] = if self.is_factored() { self.factor()? } else { self.sweep()? };
        if ![&conversions, &value].into_iter().all(Gain::is_finite) {
            return Err(Unsolved);
        }
        Ok(RemovalEffects {
            base_rate: conversions.from_start,
            conversions: conversions.effects(),
            value: value.effects(),
        })
    }

    /// The chance to convert after each run of touches, by ascending run.
    ///
    /// # Errors
    /// As [`Self::removal_effects`].
    pub fn chances(&self) -> Result<Vec<(u64, f64)>, Unsolved> {
        let chances = if self.is_factored() { self.factored_chances()? } else { self.swept_chances()? };
        if chances.iter().all(|chance| chance.is_finite()) {
            Ok(self.runs.iter().copied().zip(chances).collect())
        } else {
            Err(Unsolved)
        }
    }

    /// Whether factors are reached sooner than the end of sweeps.
    fn is_factored(&self) -> bool {
        let (states, sweeps) = (self.states(), COST_OF_SWEEPS.saturating_mul(self.moves.len() * self.channels));
        states <= FACTORED_STATES || states.saturating_pow(3) <= sweeps
    }

    /// The transition matrix, without steps from a state to itself: by state, moves before conversion before null.
    pub fn rows(&self) -> Vec<Transition> {
        let mut rows = Vec::with_capacity(self.moves.len() + 2 * self.states());
        for (state, &from) in self.runs.iter().enumerate() {
            let mut push = |to, count: u64| {
                if count > 0 {
                    rows.push(Transition { from, to, count, probability: number(count) / self.leaving[state] });
                }
            };
            for &(target, count) in self.moves(state) {
                push(Target::Run(self.runs[target]), whole(count));
            }
            push(Target::Conversion, self.ends[state].conversions);
            push(Target::Null, self.ends[state].nulls);
        }
        rows
    }

    fn moves(&self, state: usize) -> &[(usize, f64)] {
        &self.moves[self.offsets[state]..self.offsets[state + 1]]
    }

    /// What converts from each state at once: by count and by value.
    fn rewards(&self, state: usize) -> [f64; 2] {
        [number(self.ends[state].conversions), money(self.ends[state].value)]
    }
}

/// What is gained from the start, and what of it passes through each channel.
#[derive(Debug, Clone)]
struct Gain {
    from_start: f64,
    through: Vec<f64>,
}

impl Gain {
    fn is_finite(&self) -> bool {
        self.from_start.is_finite() && self.through.iter().all(|through| through.is_finite())
    }

    fn effects(&self) -> Vec<f64> {
        let share = |through: &f64| if self.from_start == 0.0 { 0.0 } else { through / self.from_start };
        self.through.iter().map(share).collect()
    }
}

/// The count that a move was built from.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made from a count below 2⁵³")]
fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests;
