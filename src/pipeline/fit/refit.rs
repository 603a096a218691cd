//! Refits: the fitted models once more, with every account counted as often as a replicate of the bootstrap draws it.
//!
//! Journeys are kept as patterns: which account had which path, and what came of it. A replicate weighs the patterns,
//! counts them and fits. What was chosen by the data (the order of a chain; lags and ridge of rates) stays as it was chosen.

use super::StateCodes;
use crate::engine::dense::narrow;
use closedloop_core::incremental::{Fit, IncrementalTotal};
use closedloop_core::model::{AttributionModel, ChainOrder, Markov, RateShapley};
use closedloop_core::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape};
use std::collections::HashMap;

/// All journeys of one level, by account and pattern.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    ids: HashMap<Box<[u32]>, u32>,
    journeys: Vec<PatternJourney>,
}

#[derive(Debug)]
struct PatternJourney {
    account: u32,
    pattern: u32,
    outcome: Outcome,
}

impl Patterns {
    /// Adds a journey of an account, by its dense number.
    pub(super) fn add(&mut self, account: u32, path: &[u32], outcome: Outcome) {
        let pattern = self.id(path);
        self.journeys.push(PatternJourney { account, pattern, outcome });
    }

    /// Adds the journeys of other accounts.
    pub(super) fn merge(&mut self, other: Self) {
        let Self { ids, journeys } = other;
        let mut here = vec![0; ids.len()];
        for (path, id) in ids {
            here[id as usize] = self.id(&path);
        }
        let moved = |journey: PatternJourney| PatternJourney { pattern: here[journey.pattern as usize], ..journey };
        self.journeys.extend(journeys.into_iter().map(moved));
    }

    fn id(&mut self, path: &[u32]) -> u32 {
        if let Some(&id) = self.ids.get(path) {
            return id;
        }
        let id = narrow(self.ids.len());
        self.ids.insert(path.into(), id);
        id
    }

    /// The statistics with every account counted `weight(account)` times.
    fn count(&self, shape: Shape, weight: impl Fn(u32) -> u32) -> Option<JourneyStatistics> {
        let mut outcomes = vec![Outcome::default(); self.ids.len()];
        for journey in &self.journeys {
            outcomes[journey.pattern as usize] += journey.outcome.times(weight(journey.account));
        }
        let mut statistics = JourneyStatistics::new(shape).ok()?;
        for (path, &id) in &self.ids {
            statistics.add(CountedJourney { path, outcome: outcomes[id as usize], key: 0 });
        }
        Some(statistics)
    }
}

/// How a model of journeys is fitted again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Again {
    /// As a chain of this order.
    Chain(ChainOrder),
    /// As a game of rates.
    Game,
}

/// Models that are fitted on the same evidence.
pub(in crate::pipeline) struct RefitGroup {
    /// Their positions in the plan.
    pub(in crate::pipeline) models: Vec<usize>,
    source: Source,
}

enum Source {
    Journeys { patterns: Patterns, shape: Shape, names: Vec<String>, again: Vec<Again> },
    Rates { fit: Box<Fit>, without_baseline: Vec<bool> },
}

impl RefitGroup {
    /// A group of models of journeys.
    pub(super) fn of_journeys(
        models: Vec<(usize, Again)>,
        patterns: Patterns,
        shape: Shape,
        states: &StateCodes,
    ) -> Self {
        let (models, again) = models.into_iter().unzip();
        // The order was chosen, so that no fold is needed.
        let shape = Shape { folds: false, ..shape };
        Self { models, source: Source::Journeys { patterns, shape, names: states.names().to_vec(), again } }
    }

    /// A group of models of rates, by whether they leave the baseline out.
    pub(super) fn of_rates(models: Vec<(usize, bool)>, fit: Fit) -> Self {
        let (models, without_baseline) = models.into_iter().unzip();
        Self { models, source: Source::Rates { fit: Box::new(fit), without_baseline } }
    }

    /// The models of the group with every account counted so many times, by its dense number and by its key; `None` for a
    /// model that those accounts do not support.
    pub(in crate::pipeline) fn refit(
        &self,
        of_account: impl Fn(u32) -> u32,
        of_key: impl Fn(u64) -> u32,
    ) -> Vec<Option<Box<dyn AttributionModel>>> {
        match &self.source {
            Source::Journeys { patterns, shape, names, again } => {
                let statistics = patterns.count(*shape, of_account);
                let fit = |again: &Again| -> Option<Box<dyn AttributionModel>> {
                    let statistics = statistics.as_ref()?;
                    Some(match again {
                        Again::Chain(order) => Box::new(Markov::fit(statistics, *order).ok()?),
                        Again::Game => Box::new(RateShapley::fit(statistics, names).ok()?),
                    })
                };
                again.iter().map(fit).collect()
            }
            Source::Rates { fit, without_baseline } => {
                let refitted = fit.refit(of_key).ok();
                let model = |without: &bool| -> Option<Box<dyn AttributionModel>> {
                    let model = refitted.clone()?;
                    Some(if *without { Box::new(IncrementalTotal(model)) } else { Box::new(model) })
                };
                without_baseline.iter().map(model).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_patterns_are_repeated_journeys() {
        let shape = Shape { states: 3, order: 1, folds: false, sets: true };
        let journeys: [(u32, &[u32], Outcome); 4] = [
            (0, &[0, 1], Outcome::converted(7)),
            (0, &[2], Outcome::NULL),
            (1, &[0, 1], Outcome::NULL),
            (2, &[2], Outcome::converted(3)),
        ];
        let weights = [2, 0, 3];
        let (mut left, mut right) = (Patterns::default(), Patterns::default());
        let mut plain = JourneyStatistics::new(shape).unwrap();
        for (position, (account, path, outcome)) in journeys.into_iter().enumerate() {
            if position % 2 == 0 { &mut left } else { &mut right }.add(account, path, outcome);
            for _ in 0..weights[account as usize] {
                plain.add(CountedJourney { path, outcome, key: 0 });
            }
        }
        left.merge(right);
        let counted = left.count(shape, |account| weights[account as usize]).unwrap();
        assert_eq!(counted.total(), plain.total());
        assert_eq!(counted.sets().sorted(), plain.sets().sorted());
        assert_eq!(counted.transitions().edges(1), plain.transitions().edges(1));
    }
}
