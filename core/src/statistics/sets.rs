//! Distinct channel sets: what came of the journeys that contain exactly these channels.

use super::Outcome;
use crate::channel_set::ChannelSet;
use hashbrown::HashMap;

/// Outcomes by the distinct channels of a journey.
#[derive(Debug, Clone, Default)]
pub struct ChannelSets {
    outcomes: HashMap<ChannelSet, Outcome>,
    states: u32,
}

impl ChannelSets {
    pub(super) fn new(states: u32) -> Self {
        Self { states, ..Self::default() }
    }

    pub(super) fn add(&mut self, path: &[u32], outcome: Outcome) {
        *self.outcomes.entry(ChannelSet::of(path)).or_default() += outcome;
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (set, outcome) in other.outcomes {
            *self.outcomes.entry(set).or_default() += outcome;
        }
    }

    /// All sets (ascending codes) with their outcomes, in ascending order of the sets.
    pub fn sorted(&self) -> Vec<(Vec<u32>, Outcome)> {
        let mut rows: Vec<(Vec<u32>, Outcome)> =
            self.outcomes.iter().map(|(set, &outcome)| (set.codes(), outcome)).collect();
        rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        rows
    }

    /// The outcomes of the journeys that contain each channel, by code. Journeys with several channels count for each:
    /// this is *participation*, and does not add up to the total.
    pub fn participation(&self) -> Vec<Outcome> {
        let mut by_channel = vec![Outcome::default(); self.states as usize];
        for (set, &outcome) in &self.outcomes {
            for code in set.codes() {
                by_channel[code as usize] += outcome;
            }
        }
        by_channel
    }
}
