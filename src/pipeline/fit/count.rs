//! Counting: one pass over all journeys for everything that fitted models are fitted on. All counts are integers, so that
//! neither partitions nor threads change them.

use super::experiments::GivenExperiments;
use super::held_out::LevelCounts;
use super::journeys::{Journeys, PartitionTouches};
use super::paths::Paths;
use super::refit::Patterns;
use super::states::StateCodes;
use crate::engine::EngineError;
use crate::engine::dense::narrow;
use crate::pipeline::credit::EligibleTouches;
use crate::scatter::touch::Touch;
use closedloop_core::incremental::{IncrementalError, SALES, Sampling, Subject, Subjects};
use closedloop_core::statistics::CountedJourney;

/// What to count.
pub(super) struct Wanted<'a> {
    /// The states of each level, with empty counts of the shape that its models ask for.
    pub(super) levels: Vec<(&'a StateCodes, LevelCounts)>,
    /// The states that distinct paths are told in, where they are wanted.
    pub(super) paths: Option<&'a StateCodes>,
    /// The states of accounts over time.
    pub(super) over_time: &'a StateCodes,
    /// What each model of rates looks at.
    pub(super) looks: Vec<Look>,
    /// The experiments whose touches are counted.
    pub(super) experiments: &'a GivenExperiments,
    /// A hash per account, where accounts are held out, put into folds or drawn by it.
    pub(super) keys: Option<&'a [u64]>,
    /// Whether the journeys of every level are kept, to be counted again with other weights.
    pub(super) patterns: bool,
}

/// What a model of rates looks at.
pub(super) struct Look {
    /// Which accounts.
    pub(super) sampling: Sampling,
    /// Per state of accounts over time, whether its touches are controls, which need not be eligible.
    pub(super) is_control: Vec<bool>,
}

/// What was counted.
pub(super) struct Counted {
    /// By level.
    pub(super) levels: Vec<LevelCounts>,
    /// By level, empty unless they are wanted.
    pub(super) patterns: Vec<Patterns>,
    pub(super) paths: Paths,
    /// By model of rates.
    pub(super) subjects: Vec<Subjects>,
    /// Per experiment, the touches in its window of what it was on, and of the channel of that.
    pub(super) experiments: Vec<[u64; 2]>,
}

/// Counts everything wanted in one pass.
///
/// # Errors
/// A spill file that cannot be read.
pub(super) fn count(journeys: &Journeys<'_>, wanted: &Wanted<'_>) -> Result<Counted, EngineError> {
    let make = || Counter {
        journeys,
        wanted,
        levels: wanted.levels.iter().map(|(_, empty)| empty.clone()).collect(),
        patterns: wanted.levels.iter().map(|_| Patterns::default()).collect(),
        paths: Paths::default(),
        experiments: vec![[0; 2]; wanted.experiments.len()],
        path: Vec::new(),
        scratch: EligibleTouches::default(),
    };
    let (counters, subjects) = journeys.visit(make, |counter, partition| counter.partition(partition))?;
    let (counter, subjects) = rayon::join(
        || counters.into_iter().reduce(Counter::merge).unwrap_or_else(make),
        || wanted.sampled_of(&subjects),
    );
    let Counter { levels, patterns, paths, experiments, .. } = counter;
    Ok(Counted { levels, patterns, paths, subjects, experiments })
}

impl Wanted<'_> {
    fn key(&self, account: usize) -> u64 {
        self.keys.map_or(0, |keys| keys[account])
    }

    fn sampled(&self) -> Vec<Subjects> {
        self.looks.iter().map(|look| Subjects::sampled(COVARIATES, look.sampling)).collect()
    }

    /// The accounts of all parts, by model of rates.
    fn sampled_of(&self, parts: &[Vec<Subjects>]) -> Vec<Subjects> {
        let mut all = self.sampled();
        for part in parts {
            for (mine, theirs) in all.iter_mut().zip(part) {
                (0..theirs.len()).for_each(|position| accepted(mine.push(theirs.get(position))));
            }
        }
        all
    }
}

/// Segment and size.
const COVARIATES: usize = 2;

/// The touches of every line in all journeys.
///
/// # Errors
/// A spill file that cannot be read.
pub(super) fn touches_of_lines(journeys: &Journeys<'_>) -> Result<Vec<u64>, EngineError> {
    let lines = journeys.prepared.lines.count();
    let make = || (vec![0_u64; lines], EligibleTouches::default());
    let (counters, _) = journeys.visit(make, |(touches, scratch), partition| {
        for account in partition.accounts.clone() {
            journeys.of_account(partition, account, scratch, |journey| {
                for &position in journey.positions {
                    touches[journey.touches[position].line as usize] += 1;
                }
            });
        }
    })?;
    let mut all = vec![0; lines];
    for (touches, _) in counters {
        all.iter_mut().zip(touches).for_each(|(sum, count)| *sum += count);
    }
    Ok(all)
}

/// One thread's counts.
struct Counter<'a> {
    journeys: &'a Journeys<'a>,
    wanted: &'a Wanted<'a>,
    levels: Vec<LevelCounts>,
    patterns: Vec<Patterns>,
    paths: Paths,
    experiments: Vec<[u64; 2]>,
    path: Vec<u32>,
    scratch: EligibleTouches,
}

impl Counter<'_> {
    /// Adds what another thread counted.
    fn merge(mut self, other: Self) -> Self {
        let Self { levels, patterns, paths, experiments, .. } = &mut self;
        let add_levels = || levels.iter_mut().zip(other.levels).for_each(|(mine, theirs)| mine.merge(theirs));
        rayon::join(add_levels, || paths.merge(other.paths));
        patterns.iter_mut().zip(other.patterns).for_each(|(mine, theirs)| mine.merge(theirs));
        for (mine, theirs) in experiments.iter_mut().zip(other.experiments) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        self
    }

    /// Counts the journeys of a partition's accounts; returns the accounts over time.
    fn partition(&mut self, partition: &PartitionTouches) -> Vec<Subjects> {
        let mut subjects = self.wanted.sampled();
        for account in partition.accounts.clone() {
            self.count_journeys(partition, account);
            let touches = self.journeys.touches(partition, account);
            self.wanted.experiments.count(&touches, &self.journeys.prepared.lines, &mut self.experiments);
            self.push_subject(&mut subjects, account, &touches);
        }
        subjects
    }

    fn count_journeys(&mut self, partition: &PartitionTouches, account: usize) {
        let Self { journeys, wanted, levels, patterns, paths, path, scratch, .. } = self;
        let number = narrow(account);
        let key = wanted.key(account);
        journeys.of_account(partition, account, scratch, |journey| {
            let tell = |states: &StateCodes, path: &mut Vec<u32>| {
                path.clear();
                path.extend(journey.positions.iter().map(|&position| states.state(&journey.touches[position])));
            };
            if let Some(states) = wanted.paths.filter(|_| !journey.positions.is_empty()) {
                tell(states, path);
                paths.add(path, journey.outcome);
            }
            for (((states, _), counts), patterns) in
                wanted.levels.iter().zip(levels.iter_mut()).zip(patterns.iter_mut())
            {
                tell(states, path);
                if wanted.patterns {
                    patterns.add(number, path, journey.outcome);
                }
                counts.add(CountedJourney { path, outcome: journey.outcome, key });
            }
        });
    }

    /// Adds an account to those who look at it.
    fn push_subject(&self, subjects: &mut [Subjects], account: usize, touches: &[Touch]) {
        let Journeys { subjects: known, as_of, .. } = self.journeys;
        let (key, states) = (self.wanted.key(account), self.wanted.over_time);
        let is_converted = self.journeys.conversions(account).next().is_some();
        let looks = self.wanted.looks.iter().zip(subjects);
        let mut wanting = looks.filter(|(_, subjects)| subjects.wants(key, is_converted)).peekable();
        if wanting.peek().is_none() {
            return;
        }
        let conversions: Vec<i64> = self.journeys.conversions(account).collect();
        let state = |touch: &Touch| if touch.of_sales { SALES } else { states.state(touch) };
        let past = || touches.iter().filter(|touch| touch.at <= *as_of).map(|touch| (touch, state(touch)));
        for (look, subjects) in wanting {
            let is_control = |state: u32| state == SALES || look.is_control[state as usize];
            let observed = past().filter(|(touch, state)| touch.eligible || is_control(*state));
            let (touched_at, channels): (Vec<i64>, Vec<u32>) = observed.map(|(touch, state)| (touch.at, state)).unzip();
            let subject = Subject {
                key,
                from: known.observed_from.min(*as_of),
                until: *as_of,
                conversions: &conversions,
                covariates: &known.covariates[account],
                touched_at: &touched_at,
                channels: &channels,
            };
            accepted(subjects.push(subject));
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "conversions and touches are sorted, and lie between the first date and the last"
)]
fn accepted(pushed: Result<(), IncrementalError>) {
    pushed.expect("an account that contradicts itself");
}
