//! What models learned, as rows of marts.

use super::effects::EffectsLearned;
use super::paths::PathRow;
use super::states::StateCodes;
use super::validation::Validated;
use crate::config::Plan;
use crate::config::file::DealKind;
use crate::engine::EngineError;
use crate::pipeline::columns::Columns;
use crate::pipeline::number::{deals, major, number};
use crate::pipeline::totals::{CreditTotals, Earned};
use crate::scatter::lines::Lines;
use arrow::array::RecordBatch;
use closedloop_core::chain::{RemovalEffects, Target};
use closedloop_core::model::{Markov, RateShapley, StateLevel};
use closedloop_core::statistics::{JourneyStatistics, Outcome};
use std::collections::BTreeSet;

/// What the models of a run learned.
#[derive(Default)]
pub(in crate::pipeline) struct Learned {
    pub(super) paths: Option<PathsLearned>,
    pub(super) chains: Vec<ChainLearned>,
    pub(super) games: Vec<GameLearned>,
    pub(super) effects: Vec<EffectsLearned>,
    /// How each model did.
    pub(super) validated: Vec<(String, Validated)>,
}

impl Learned {
    /// Adds what another model learned.
    pub(super) fn add(&mut self, other: Self) {
        self.chains.extend(other.chains);
        self.games.extend(other.games);
        self.effects.extend(other.effects);
        self.validated.extend(other.validated);
    }

    /// The rows of the wanted marts that show what models learned.
    pub(in crate::pipeline) fn rows(
        &self,
        plan: &Plan,
        lines: &Lines,
        totals: &CreditTotals,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<Vec<(&'static str, RecordBatch)>, EngineError> {
        let rows = wanted.iter().filter_map(|&mart| {
            let rows = match mart {
                "path_summary" => self.path_summary(),
                "transition_matrix" => self.transition_matrix(),
                "removal_effects" => self.removal_effects(plan, totals),
                "rate_values" => self.rate_values(),
                "channel_effects" => self.channel_effects(),
                "calibration" => self.calibration(lines),
                "model_validation" => self.model_validation(),
                _ => return None,
            };
            Some(rows.map(|rows| (mart, rows)))
        });
        rows.collect()
    }
}

/// The distinct paths.
pub(in crate::pipeline) struct PathsLearned {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<PathRow>,
}

/// What a Markov model learned.
pub(super) struct ChainLearned {
    model: String,
    level: StateLevel,
    states: StateCodes,
    effects: RemovalEffects,
    total: Outcome,
    /// Whether a journey has a touch in each state.
    is_met: Vec<bool>,
    transitions: Vec<TransitionRow>,
}

struct TransitionRow {
    from: String,
    to: String,
    count: u64,
    probability: f64,
}

/// The names of what is no state.
const START: &str = "(start)";
const CONVERSION: &str = "(conversion)";
const NULL: &str = "(null)";
/// Between the states of a path.
const THEN: &str = " > ";

impl ChainLearned {
    pub(super) fn new(
        model: &str,
        level: StateLevel,
        states: &StateCodes,
        statistics: &JourneyStatistics,
        markov: &Markov,
    ) -> Self {
        let runs = statistics.transitions();
        let name = |run: u64| match runs.codes(run).as_slice() {
            [] => START.to_owned(),
            codes => joined(states.names(), codes),
        };
        let mut is_met = vec![false; states.names().len()];
        for code in runs.edges(1).into_iter().filter_map(|edge| runs.last(edge.to)) {
            is_met[code as usize] = true;
        }
        let transitions = markov.chain().rows().into_iter().map(|row| TransitionRow {
            from: name(row.from),
            to: match row.to {
                Target::Run(run) => name(run),
                Target::Conversion => CONVERSION.to_owned(),
                Target::Null => NULL.to_owned(),
            },
            count: row.count,
            probability: row.probability,
        });
        Self {
            model: model.to_owned(),
            level,
            is_met,
            transitions: transitions.collect(),
            states: states.clone(),
            effects: markov.effects().clone(),
            total: statistics.total(),
        }
    }
}

fn joined(names: &[String], codes: &[u32]) -> String {
    let names: Vec<&str> = codes.iter().map(|&code| names[code as usize].as_str()).collect();
    names.join(THEN)
}

/// What a game of conversion rates came to.
pub(super) struct GameLearned {
    model: String,
    rows: Vec<ValueRow>,
}

struct ValueRow {
    channel: String,
    conversions: u64,
    negative: u64,
    sum: f64,
    least: f64,
}

impl GameLearned {
    pub(super) fn new(model: &str, names: &[String], statistics: &JourneyStatistics, game: &RateShapley) -> Self {
        let blank = |name: &String| ValueRow {
            channel: name.clone(),
            conversions: 0,
            negative: 0,
            sum: 0.0,
            least: f64::INFINITY,
        };
        let mut rows: Vec<ValueRow> = names.iter().map(blank).collect();
        for (set, outcome) in statistics.sets().sorted().into_iter().filter(|(_, outcome)| outcome.conversions > 0) {
            for (&code, value) in set.iter().zip(game.values(&set)) {
                let row = &mut rows[code as usize];
                row.conversions += outcome.conversions;
                row.negative += if value < 0.0 { outcome.conversions } else { 0 };
                row.sum += value * number(outcome.conversions);
                row.least = row.least.min(value);
            }
        }
        rows.retain(|row| row.conversions > 0);
        Self { model: model.to_owned(), rows }
    }
}

impl Learned {
    /// `path_summary`.
    fn path_summary(&self) -> Result<RecordBatch, EngineError> {
        let (names, rows): (&[String], &[PathRow]) =
            self.paths.as_ref().map_or((&[], &[]), |paths| (&paths.names, &paths.rows));
        let paths: Vec<Option<String>> =
            rows.iter().map(|row| row.path.as_ref().map(|path| joined(names, path))).collect();
        let mut columns = Columns::default();
        columns.texts("path", paths.iter().map(Option::as_deref));
        let touches = |row: &PathRow| row.path.as_ref().and_then(|path| i64::try_from(path.len()).ok());
        columns.integers("touches", rows.iter().map(touches));
        columns.counts("paths", rows.iter().map(|row| row.paths));
        columns.counts("conversions", rows.iter().map(|row| row.outcome.conversions));
        columns.counts("value", rows.iter().map(|row| row.outcome.value));
        columns.counts("nulls", rows.iter().map(|row| row.outcome.nulls));
        let rate = |row: &PathRow| number(row.outcome.conversions) / number(row.outcome.journeys());
        columns.numbers("conversion_rate", rows.iter().map(rate));
        columns.finish()
    }

    /// `transition_matrix`.
    fn transition_matrix(&self) -> Result<RecordBatch, EngineError> {
        let rows = || self.chains.iter().flat_map(|chain| chain.transitions.iter().map(move |row| (chain, row)));
        let mut columns = Columns::default();
        columns.texts("model", rows().map(|(chain, _)| chain.model.as_str()));
        columns.texts("from_state", rows().map(|(_, row)| row.from.as_str()));
        columns.texts("to_state", rows().map(|(_, row)| row.to.as_str()));
        columns.counts("transitions", rows().map(|(_, row)| row.count));
        columns.numbers("probability", rows().map(|(_, row)| row.probability));
        columns.finish()
    }

    /// `removal_effects`. `plan` is that of the models that ran, `totals` what they gave.
    fn removal_effects(&self, plan: &Plan, totals: &CreditTotals) -> Result<RecordBatch, EngineError> {
        let mut rows = Vec::new();
        for chain in &self.chains {
            let effects = &chain.effects;
            let conversions = RemovalEffects::totals(&effects.conversions, number(chain.total.conversions));
            let value = RemovalEffects::totals(&effects.value, major(chain.total.value, &plan.finance));
            let attributed = chain.attributed(plan, totals);
            let states = chain.states.names().iter().enumerate();
            for (code, name) in states.filter(|(code, _)| chain.is_met[*code]) {
                rows.push(EffectRow {
                    chain,
                    name,
                    effects: [effects.conversions[code], effects.value[code]],
                    literature: [conversions[code], value[code]],
                    attributed: attributed.as_ref().map(|attributed| attributed[code]),
                });
            }
        }
        let mut columns = Columns::default();
        columns.texts("model", rows.iter().map(|row| row.chain.model.as_str()));
        columns.texts("level", rows.iter().map(|row| level_name(row.chain.level)));
        columns.texts("state", rows.iter().map(|row| row.name));
        columns.numbers("removal_effect_conversions", rows.iter().map(|row| row.effects[0]));
        columns.numbers("removal_effect_value", rows.iter().map(|row| row.effects[1]));
        columns.numbers("literature_conversions", rows.iter().map(|row| row.literature[0]));
        columns.numbers("literature_value", rows.iter().map(|row| row.literature[1]));
        columns.numbers("attributed_deals", rows.iter().map(|row| row.attributed.map(|sum| deals(sum.share))));
        columns.integers("attributed_amount", rows.iter().map(|row| row.attributed.map(|sum| sum.amount)));
        columns.finish()
    }

    /// `rate_values`.
    fn rate_values(&self) -> Result<RecordBatch, EngineError> {
        let rows = || self.games.iter().flat_map(|game| game.rows.iter().map(move |row| (game, row)));
        let mut columns = Columns::default();
        columns.texts("model", rows().map(|(game, _)| game.model.as_str()));
        columns.texts("channel", rows().map(|(_, row)| row.channel.as_str()));
        columns.counts("conversions", rows().map(|(_, row)| row.conversions));
        columns.counts("negative_conversions", rows().map(|(_, row)| row.negative));
        columns.numbers("mean_value", rows().map(|(_, row)| row.sum / number(row.conversions)));
        columns.numbers("least_value", rows().map(|(_, row)| row.least));
        columns.finish()
    }
}

impl Learned {
    /// `model_validation`.
    fn model_validation(&self) -> Result<RecordBatch, EngineError> {
        let rows = || self.validated.iter().map(|(_, judged)| judged);
        let judged = |row: &'_ Validated| row.outcome.as_ref().ok().copied();
        let mut columns = Columns::default();
        columns.texts("model", self.validated.iter().map(|(model, _)| model.as_str()));
        columns.texts("unit", rows().map(|row| row.unit));
        let count = |count: u64| i64::try_from(count).ok();
        columns.integers("predictions", rows().map(|row| count(judged(row)?.observed.journeys())));
        columns.integers("conversions", rows().map(|row| count(judged(row)?.observed.conversions)));
        columns.numbers("expected_conversions", rows().map(|row| Some(judged(row)?.expected)));
        let ratio = |row: &Validated| {
            let judged = judged(row).filter(|judged| judged.conversions > 0.0)?;
            Some(judged.expected / judged.conversions)
        };
        columns.numbers("expected_to_observed", rows().map(ratio));
        columns.numbers("calibration_slope", rows().map(|row| judged(row)?.slope));
        columns.numbers("auc", rows().map(|row| judged(row)?.auc));
        columns.numbers("log_loss", rows().map(|row| Some(judged(row)?.log_loss)));
        columns.numbers("base_log_loss", rows().map(|row| Some(judged(row)?.base_log_loss)));
        columns.numbers("base_rate", rows().map(|row| row.base_rate));
        columns.texts("reason", rows().map(|row| row.outcome.as_ref().err().map(String::as_str)));
        columns.finish()
    }
}

struct EffectRow<'a> {
    chain: &'a ChainLearned,
    name: &'a str,
    effects: [f64; 2],
    literature: [f64; 2],
    attributed: Option<Earned>,
}

impl ChainLearned {
    /// What deals gave each state; `None` where lines do not say which state they are.
    fn attributed(&self, plan: &Plan, totals: &CreditTotals) -> Option<Vec<Earned>> {
        let model = plan.models.iter().position(|spec| spec.id() == self.model)?;
        let mut sums = vec![Earned::default(); self.states.names().len()];
        for (key, _, mut earned) in totals.rows() {
            let (sum, earned) = (&mut sums[self.states.of_line(key.line)? as usize], earned.nth(model)?);
            sum.amount += earned.amount;
            if key.kind != DealKind::Credit {
                sum.share += earned.share;
            }
        }
        Some(sums)
    }
}

fn level_name(level: StateLevel) -> &'static str {
    match level {
        StateLevel::Channel => "channel",
        StateLevel::ChannelType => "channel_type",
        StateLevel::Campaign => "campaign",
    }
}
