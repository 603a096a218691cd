//! Evidence: what the data say, gathered once for all models, and the models built on it.

use super::Wants;
use super::count::{Counted, Look, Wanted, count, touches_of_lines};
use super::effects::EffectsLearned;
use super::experiments::{GivenExperiment, GivenExperiments};
use super::held_out::LevelCounts;
use super::journeys::Journeys;
use super::learned::{ChainLearned, GameLearned, Learned, PathsLearned};
use super::refit::{Again, Patterns, RefitGroup};
use super::states::StateCodes;
use super::validation::Validated;
use crate::config::Plan;
use crate::engine::EngineError;
use crate::pipeline::prepare::Prepared;
use closedloop_core::incremental::{
    Experiment, Fit, IncrementalError, IncrementalSettings, ShareEstimate, Subjects, fit,
};
use closedloop_core::model::{
    AttributionModel, ChainOrder, CountedModel, Evidence, FittedOn, ModelSpec, Reason, Refusal, StateLevel,
};
use closedloop_core::statistics::{JourneyStatistics, Shape, ShapeError};
use std::collections::BTreeMap;

/// What fitted models are fitted on.
#[derive(Default)]
pub(super) struct Evidences {
    levels: BTreeMap<StateLevel, LevelEvidence>,
    /// Accounts over time, by what models of rates ask of them.
    over_time: Vec<(IncrementalSettings, Subjects)>,
    experiments: Vec<(GivenExperiment, Experiment)>,
    wants: Wants,
    /// Distinct paths, where they are wanted.
    pub(super) paths: Option<PathsLearned>,
    /// What a reader should know about how it came about.
    pub(super) remarks: Vec<String>,
}

/// A fit of rates, for the models with these settings.
pub(super) struct FittedRates {
    settings: IncrementalSettings,
    fitted: Result<Fitted, IncrementalError>,
    /// One sentence for every experiment that nothing in the fit can be held against.
    pub(super) remarks: Vec<String>,
}

/// A fit, what each channel brought about of the conversions that it looked at, and how it does on accounts held out.
struct Fitted {
    fit: Fit,
    /// The experiments that calibrated it.
    experiments: Vec<GivenExperiment>,
    shares: Vec<ShareEstimate>,
    judged: Option<Validated>,
}

/// The level of the intervals of those shares.
const LEVEL: f64 = 0.95;

struct LevelEvidence {
    states: StateCodes,
    counted: Result<(JourneyStatistics, LevelCounts), ShapeError>,
    /// The journeys, where models are to be fitted again.
    patterns: Patterns,
}

/// A model that runs.
pub(super) struct Built {
    pub(super) model: Box<dyn AttributionModel>,
    /// What it sees of a touch where that is not its channel.
    pub(super) states: Option<StateCodes>,
    /// How it is fitted again; `None` for a model that needs no data.
    pub(super) refit: Option<Refit>,
    /// What it learned, to be shown.
    pub(super) learned: Learned,
}

/// On what a model is fitted again, and how.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refit {
    Journeys(StateLevel, Again),
    /// The position of the fit, and whether the baseline is left out.
    Rates(usize, bool),
}

/// What a model of rates with these settings looks at.
fn look(settings: &IncrementalSettings, journeys: &Journeys<'_>, states: &StateCodes) -> Look {
    let is_control = states.names().iter().map(|name| settings.is_control(name)).collect();
    Look { sampling: journeys.sampling(settings), is_control }
}

/// The states of a level, and the counts to be made of them; an error where they are too many to be counted.
type Level = (StateCodes, Result<LevelCounts, ShapeError>);

/// The levels that models ask for, with nothing counted yet.
fn levels_of(
    plan: &Plan,
    journeys: &Journeys<'_>,
    validation: bool,
) -> Result<BTreeMap<StateLevel, Level>, EngineError> {
    let levels = asked_for(plan).into_iter().map(|(level, asked)| {
        let states = states_of(level, journeys)?;
        let FittedOn { order, folds, sets, .. } = asked;
        let empty = LevelCounts::new(Shape { states: states.len(), order, folds, sets }, validation);
        Ok((level, (states, empty)))
    });
    levels.collect()
}

/// The evidence of levels, of which those that can be counted were `counted`, one after the other.
fn evidence_of(
    levels: BTreeMap<StateLevel, Level>,
    mut counted: impl Iterator<Item = (LevelCounts, Patterns)>,
) -> BTreeMap<StateLevel, LevelEvidence> {
    let evidence = levels.into_iter().map(|(level, (states, empty))| {
        let counted = empty.map(|empty| counted.next().unwrap_or_else(|| (empty, Patterns::default())));
        let (counted, patterns) = match counted {
            Ok((counts, patterns)) => (Ok((counts.all(), counts)), patterns),
            Err(too_many) => (Err(too_many), Patterns::default()),
        };
        (level, LevelEvidence { states, counted, patterns })
    });
    evidence.collect()
}

/// The settings of models of rates, each once.
fn distinct_settings(plan: &Plan) -> Vec<&IncrementalSettings> {
    let mut settings: Vec<&IncrementalSettings> = Vec::new();
    for asked in plan.models.iter().filter_map(ModelSpec::incremental_settings) {
        if !settings.contains(&asked) {
            settings.push(asked);
        }
    }
    settings
}

impl Evidences {
    /// Counts what the plan's models ask for.
    ///
    /// # Errors
    /// A spill file that cannot be read.
    pub(super) fn gather(
        plan: &Plan,
        journeys: &Journeys<'_>,
        experiments: GivenExperiments,
        wants: Wants,
    ) -> Result<Self, EngineError> {
        let prepared = journeys.prepared;
        let levels = levels_of(plan, journeys, wants.validation)?;
        let (channels, with_sales) =
            (StateCodes::channels(&prepared.lines), StateCodes::channels_and_sales(&prepared.lines));
        let countable = levels.values().filter_map(|(states, empty)| Some((states, empty.clone().ok()?)));
        let settings = distinct_settings(plan);
        let asks_for_folds = plan.models.iter().filter_map(ModelSpec::fitted_on).any(|on| on.folds);
        let keys = (wants.validation || asks_for_folds || !settings.is_empty()).then(|| journeys.subjects.keys());
        let wanted = Wanted {
            levels: countable.collect(),
            paths: wants.paths.then_some(&channels),
            over_time: &with_sales,
            looks: settings.iter().map(|settings| look(settings, journeys, &with_sales)).collect(),
            experiments: &experiments,
            keys: keys.transpose()?,
            patterns: wants.refits,
        };
        let Counted { levels: counted, patterns, paths, subjects, experiments: touches } = count(journeys, &wanted)?;
        drop(wanted);
        let (experiments, mut remarks) = experiments.measured(plan, journeys, &touches);
        let is_of_control = |given: &&GivenExperiment| settings.iter().all(|settings| !given.is_credited(settings));
        let of_controls = experiments.iter().map(|(given, _)| given).filter(is_of_control);
        remarks.extend(of_controls.map(|given| {
            format!("the experiment on {} is not used: its channel is a control, which earns nothing", given.name())
        }));
        remarks.extend(levels.get(&StateLevel::Campaign).and_then(|(states, _)| states.remark()));
        Ok(Self {
            levels: evidence_of(levels, counted.into_iter().zip(patterns)),
            over_time: settings.into_iter().cloned().zip(subjects).collect(),
            experiments,
            wants,
            paths: wants.paths.then(|| PathsLearned { names: channels.names().to_vec(), rows: paths.into_rows() }),
            remarks,
        })
    }

    /// Fits rates over time.
    pub(super) fn fit_rates(&self, prepared: &Prepared) -> Vec<FittedRates> {
        let fits = self.over_time.iter().map(|(settings, subjects)| {
            let used = self.experiments.iter().filter(|(given, _)| given.is_credited(settings)).cloned();
            let (mut experiments, mut lifts): (Vec<GivenExperiment>, Vec<Experiment>) = used.unzip();
            let mut remarks = Vec::new();
            let fitted = loop {
                match fit(subjects, prepared.lines.channels(), settings, &lifts) {
                    Err(IncrementalError::Experiment { position, what }) if position <= lifts.len() => {
                        let (given, _) = (experiments.remove(position - 1), lifts.remove(position - 1));
                        remarks.push(format!("the experiment on {} is not used: it {what}", given.name()));
                    }
                    fitted => break fitted,
                }
            };
            let fitted = fitted.map(|fit| {
                let judge = || self.wants.validation.then(|| Validated::of_rates(subjects, &fit));
                let (shares, judged) = rayon::join(|| fit.shares(subjects, LEVEL), judge);
                Fitted { fit, experiments, shares, judged }
            });
            FittedRates { settings: settings.clone(), fitted, remarks }
        });
        fits.collect()
    }

    /// Builds a model that is not one of rates.
    pub(super) fn build_on_journeys(&self, spec: &ModelSpec, prepared: &Prepared) -> Result<Built, Refusal> {
        let refuse = |reason: Reason| Refusal { model: spec.id().to_owned(), reason };
        let mut learned = Learned::default();
        let Some(level) = spec.fitted_on().map(|on| on.state) else {
            let model = spec.build(prepared.lines.channels(), Evidence::default())?;
            return Ok(Built { model, states: None, refit: None, learned });
        };
        let of_level = self.levels.get(&level).ok_or_else(|| refuse(Reason::NotCounted("all journeys")))?;
        let (statistics, counts) = of_level.counted.as_ref().map_err(|error| refuse(Reason::Shape(*error)))?;
        let names = of_level.states.names();
        let fitted = spec.build_counted(names, statistics)?;
        if self.wants.validation {
            let rest = spec.build_counted(names, &counts.rest);
            let judged = Validated::of_counted(&fitted, rest, counts);
            learned.validated.push((spec.id().to_owned(), judged));
        }
        let again = match &fitted {
            CountedModel::Markov(markov) => {
                learned.chains.push(ChainLearned::new(spec.id(), level, &of_level.states, statistics, markov));
                Again::Chain(ChainOrder::Fixed(u8::try_from(markov.order()).unwrap_or(1)))
            }
            CountedModel::RateShapley(game) => {
                learned.games.push(GameLearned::new(spec.id(), names, statistics, game));
                Again::Game
            }
        };
        let states = (level != StateLevel::Channel).then(|| of_level.states.clone());
        Ok(Built { model: fitted.into_model(), states, refit: Some(Refit::Journeys(level, again)), learned })
    }

    /// Builds a model of rates.
    pub(super) fn build_on_rates(
        &self,
        spec: &ModelSpec,
        rates: &[FittedRates],
        prepared: &Prepared,
    ) -> Result<Built, Refusal> {
        let refuse = |reason: Reason| Refusal { model: spec.id().to_owned(), reason };
        let is_own = |known: &FittedRates| spec.incremental_settings() == Some(&known.settings);
        let own = rates.iter().enumerate().find(|(_, known)| is_own(known));
        let (position, FittedRates { fitted, .. }) =
            own.ok_or_else(|| refuse(Reason::NotCounted("accounts over time")))?;
        let Fitted { fit, experiments, shares, judged } =
            fitted.as_ref().map_err(|error| refuse(Reason::Incremental(error.clone())))?;
        let evidence = Evidence { incremental: Some(fit.model()), ..Evidence::default() };
        let names = prepared.lines.channels();
        let model = spec.build(names, evidence)?;
        let learned = Learned {
            validated: judged.iter().map(|judged| (spec.id().to_owned(), judged.clone())).collect(),
            effects: vec![EffectsLearned::new(spec.id(), names, fit, shares, experiments)],
            ..Learned::default()
        };
        let without_baseline = matches!(spec, ModelSpec::IncrementalTotal { .. });
        let states = Some(StateCodes::channels_and_sales(&prepared.lines));
        Ok(Built { model, states, refit: Some(Refit::Rates(position, without_baseline)), learned })
    }

    /// How models, by their positions in the plan, are fitted again, where that is wanted. Takes the evidence for it away.
    pub(super) fn refits(&mut self, models: &[(usize, Refit)], rates: Vec<FittedRates>) -> Vec<RefitGroup> {
        let mut groups = Vec::new();
        if !self.wants.refits {
            return groups;
        }
        for (level, of_level) in &mut self.levels {
            let own = models.iter().filter_map(|&(position, refit)| match refit {
                Refit::Journeys(of, again) if of == *level => Some((position, again)),
                _ => None,
            });
            let own: Vec<(usize, Again)> = own.collect();
            if let Ok((statistics, _)) = &of_level.counted
                && !own.is_empty()
            {
                let patterns = std::mem::take(&mut of_level.patterns);
                groups.push(RefitGroup::of_journeys(own, patterns, statistics.shape(), &of_level.states));
            }
        }
        for (at, rates) in rates.into_iter().enumerate() {
            let own = models.iter().filter_map(|&(position, refit)| match refit {
                Refit::Rates(fit, without_baseline) if fit == at => Some((position, without_baseline)),
                _ => None,
            });
            if let Ok(fitted) = rates.fitted {
                groups.push(RefitGroup::of_rates(own.collect(), fitted.fit));
            }
        }
        groups
    }
}

/// What the models of each level ask for together.
fn asked_for(plan: &Plan) -> BTreeMap<StateLevel, FittedOn> {
    let mut levels: BTreeMap<StateLevel, FittedOn> = BTreeMap::new();
    for on in plan.models.iter().filter_map(ModelSpec::fitted_on) {
        let asked = levels.entry(on.state).or_insert(on);
        asked.order = asked.order.max(on.order);
        asked.folds |= on.folds;
        asked.sets |= on.sets;
    }
    levels
}

fn states_of(level: StateLevel, journeys: &Journeys<'_>) -> Result<StateCodes, EngineError> {
    let Prepared { lines, scattered, .. } = journeys.prepared;
    Ok(match level {
        StateLevel::Channel => StateCodes::channels(lines),
        StateLevel::ChannelType => StateCodes::channels_and_types(lines, &scattered.types),
        StateLevel::Campaign => StateCodes::campaigns(lines, &touches_of_lines(journeys)?),
    })
}
