//! Evidence: what the data say, gathered once for all models, and the models built on it.

use super::count::{Counted, Wanted, count, touches_of_lines};
use super::effects::EffectsLearned;
use super::experiments::{GivenExperiment, GivenExperiments};
use super::journeys::Journeys;
use super::learned::{ChainLearned, GameLearned, Learned, PathsLearned};
use super::states::StateCodes;
use crate::config::Plan;
use crate::engine::EngineError;
use crate::pipeline::prepare::Prepared;
use closedloop_core::incremental::{Experiment, Fit, IncrementalError, IncrementalSettings, ShareEstimate, fit};
use closedloop_core::model::{AttributionModel, Evidence, FittedOn, ModelSpec, Reason, Refusal, StateLevel};
use closedloop_core::statistics::{JourneyStatistics, Shape, ShapeError};
use std::collections::BTreeMap;

/// What fitted models are fitted on.
#[derive(Default)]
pub(super) struct Evidences {
    levels: BTreeMap<StateLevel, LevelEvidence>,
    fits: Vec<(IncrementalSettings, Result<Fitted, IncrementalError>)>,
    experiments: Vec<GivenExperiment>,
    /// Distinct paths, where they are wanted.
    pub(super) paths: Option<PathsLearned>,
    /// What a reader should know about how it came about.
    pub(super) remarks: Vec<String>,
}

/// A fit, and what each channel brought about of the conversions that it looked at.
struct Fitted {
    fit: Fit,
    shares: Vec<ShareEstimate>,
}

/// The level of the intervals of those shares.
const LEVEL: f64 = 0.95;

struct LevelEvidence {
    states: StateCodes,
    counted: Result<JourneyStatistics, ShapeError>,
}

/// A model, and what it sees of a touch where that is not its channel.
type Built = (Box<dyn AttributionModel>, Option<StateCodes>);

impl Evidences {
    /// Counts what the plan's models ask for, and fits rates over time.
    ///
    /// # Errors
    /// A spill file that cannot be read.
    pub(super) fn gather(
        plan: &Plan,
        journeys: &Journeys<'_>,
        experiments: GivenExperiments,
        wants_paths: bool,
    ) -> Result<Self, EngineError> {
        let prepared = journeys.prepared;
        let mut levels: BTreeMap<StateLevel, (StateCodes, Result<JourneyStatistics, ShapeError>)> = BTreeMap::new();
        for (level, asked) in asked_for(plan) {
            let states = states_of(level, journeys)?;
            let FittedOn { order, folds, sets, .. } = asked;
            let empty = JourneyStatistics::new(Shape { states: states.len(), order, folds, sets });
            levels.insert(level, (states, empty));
        }
        let (channels, with_sales) =
            (StateCodes::channels(&prepared.lines), StateCodes::channels_and_sales(&prepared.lines));
        let countable =
            levels.iter().filter_map(|(level, (states, empty))| Some((*level, states, empty.as_ref().ok()?)));
        let counted_levels: Vec<StateLevel> = countable.clone().map(|(level, ..)| level).collect();
        let mut settings: Vec<&IncrementalSettings> = Vec::new();
        for asked in plan.models.iter().filter_map(ModelSpec::incremental_settings) {
            if !settings.contains(&asked) {
                settings.push(asked);
            }
        }
        let wanted = Wanted {
            levels: countable.map(|(_, states, empty)| (states, empty.clone())).collect(),
            paths: wants_paths.then_some(&channels),
            over_time: &with_sales,
            samplings: settings.iter().map(|settings| journeys.sampling(settings)).collect(),
            experiments: &experiments,
        };
        let Counted { levels: statistics, paths, subjects, experiments: touches } = count(journeys, &wanted)?;
        let counted: BTreeMap<StateLevel, JourneyStatistics> = counted_levels.into_iter().zip(statistics).collect();
        drop(wanted);
        let (measured, mut remarks) = experiments.measured(plan, prepared, &touches);
        let (given, lifts): (Vec<GivenExperiment>, Vec<Experiment>) = measured.into_iter().unzip();
        let fits = settings.into_iter().zip(&subjects).map(|(settings, subjects)| {
            let fitted = fit(subjects, prepared.lines.channels(), settings, &lifts);
            let with_shares = |fit: Fit| Fitted { shares: fit.shares(subjects, LEVEL), fit };
            (settings.clone(), fitted.map(with_shares))
        });
        let fits = fits.collect();
        remarks.extend(levels.get(&StateLevel::Campaign).and_then(|(states, _)| states.remark()));
        let levels = levels.into_iter().map(|(level, (states, empty))| {
            let counted = empty.map(|empty| counted.get(&level).cloned().unwrap_or(empty));
            (level, LevelEvidence { states, counted })
        });
        Ok(Self {
            levels: levels.collect(),
            fits,
            experiments: given,
            paths: wants_paths.then(|| PathsLearned { names: channels.names().to_vec(), rows: paths.into_rows() }),
            remarks,
        })
    }

    /// Builds a model and notes what it learned.
    pub(super) fn build(&self, spec: &ModelSpec, prepared: &Prepared, learned: &mut Learned) -> Result<Built, Refusal> {
        let refuse = |reason: Reason| Refusal { model: spec.id().to_owned(), reason };
        if let Some(settings) = spec.incremental_settings() {
            return self.build_on_rates(spec, settings, prepared, learned).map_err(refuse);
        }
        let Some(level) = spec.fitted_on().map(|on| on.state) else {
            return Ok((spec.build(prepared.lines.channels(), Evidence::default())?, None));
        };
        let of_level = self.levels.get(&level).ok_or_else(|| refuse(Reason::NotCounted("all journeys")))?;
        let statistics = of_level.counted.as_ref().map_err(|error| refuse(Reason::Shape(*error)))?;
        let evidence = Evidence { journeys: Some(statistics), ..Evidence::default() };
        let states = (level != StateLevel::Channel).then(|| of_level.states.clone());
        if let Some(markov) = spec.build_markov(evidence) {
            let markov = markov?;
            learned.chains.push(ChainLearned::new(spec.id(), level, &of_level.states, statistics, &markov));
            return Ok((Box::new(markov), states));
        }
        if let Some(game) = spec.build_rate_shapley(of_level.states.names(), evidence) {
            let game = game?;
            learned.games.push(GameLearned::new(spec.id(), of_level.states.names(), statistics, &game));
            return Ok((Box::new(game), states));
        }
        Ok((spec.build(of_level.states.names(), evidence)?, states))
    }

    fn build_on_rates(
        &self,
        spec: &ModelSpec,
        settings: &IncrementalSettings,
        prepared: &Prepared,
        learned: &mut Learned,
    ) -> Result<Built, Reason> {
        let fitted = self.fits.iter().find(|(known, _)| known == settings);
        let (_, fitted) = fitted.ok_or(Reason::NotCounted("accounts over time"))?;
        let Fitted { fit, shares } = fitted.as_ref().map_err(|error| Reason::Incremental(error.clone()))?;
        let evidence = Evidence { incremental: Some(fit.model()), ..Evidence::default() };
        let names = prepared.lines.channels();
        let model = spec.build(names, evidence).map_err(|refusal| refusal.reason)?;
        learned.effects.push(EffectsLearned::new(spec.id(), names, fit, shares, &self.experiments));
        Ok((model, Some(StateCodes::channels_and_sales(&prepared.lines))))
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
