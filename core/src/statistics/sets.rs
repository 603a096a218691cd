//! Distinct channel sets: what came of the journeys that contain exactly these channels.

use super::Outcome;
use hashbrown::HashMap;

/// Outcomes by the sorted distinct channels of a journey.
#[derive(Debug, Clone, Default)]
pub struct ChannelSets {
    outcomes: HashMap<Box<[u32]>, Outcome>,
    /// Scratch: the number of the journey in which a channel was last seen.
    seen: Vec<u64>,
    journey: u64,
    distinct: Vec<u32>,
}

impl ChannelSets {
    pub(super) fn new(states: u32) -> Self {
        Self { seen: vec![0; states as usize], ..Self::default() }
    }

    pub(super) fn add(&mut self, path: &[u32], outcome: Outcome) {
        self.journey += 1;
        self.distinct.clear();
        for &code in path {
            let seen = &mut self.seen[code as usize];
            if *seen != self.journey {
                *seen = self.journey;
                self.distinct.push(code);
            }
        }
        self.distinct.sort_unstable();
        match self.outcomes.get_mut(self.distinct.as_slice()) {
            Some(known) => *known += outcome,
            None => {
                self.outcomes.insert(self.distinct.as_slice().into(), outcome);
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (set, outcome) in other.outcomes {
            *self.outcomes.entry(set).or_default() += outcome;
        }
    }

    /// The number of distinct sets.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether none was counted.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// The outcomes of journeys whose distinct channels are exactly `set` (ascending codes).
    pub fn get(&self, set: &[u32]) -> Option<Outcome> {
        self.outcomes.get(set).copied()
    }

    /// All sets with their outcomes, in ascending order of the sets.
    pub fn sorted(&self) -> Vec<(&[u32], Outcome)> {
        let mut rows: Vec<(&[u32], Outcome)> =
            self.outcomes.iter().map(|(set, &outcome)| (set.as_ref(), outcome)).collect();
        rows.sort_unstable_by_key(|&(set, _)| set);
        rows
    }

    /// The outcomes of the journeys that contain each channel, by code. Journeys with several channels count for each:
    /// this is *participation*, and does not add up to the total.
    pub fn participation(&self) -> Vec<Outcome> {
        let mut by_channel = vec![Outcome::default(); self.seen.len()];
        for (set, &outcome) in &self.outcomes {
            for &code in set {
                by_channel[code as usize] += outcome;
            }
        }
        by_channel
    }
}
