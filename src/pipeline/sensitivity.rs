//! Sensitivity: the same money under narrower windows and other half-lives.
//!
//! A window inside the configured one holds some of the touches that the run has already grouped, so the input is read
//! once: every account is credited again at each point of the grid, right after the run itself has credited it. Repeated
//! touches are those of the run; touches are collapsed anew, since what is the first of its kind depends on the window.

use super::totals::CreditTotals;
use crate::config::Plan;
use closedloop_core::model::ModelSpec;
use std::collections::BTreeMap;

/// Windows of the grid as quarters of the configured one, the configured one first.
const LOOKBACK_QUARTERS: [i64; 4] = [4, 3, 2, 1];
/// Half-lives of the grid, as parts of the model's own.
const HALF_LIFE_FACTORS: [f64; 3] = [0.5, 1.0, 2.0];

/// The points at which money is computed again: every model under every window.
#[derive(Debug)]
pub(super) struct Grid {
    /// Lengths of the windows, the configured one first; microseconds.
    pub(super) lookbacks: [i64; LOOKBACK_QUARTERS.len()],
    pub(super) specs: Vec<ModelSpec>,
    /// Whether each spec is as configured; under the first window, that is the run itself.
    is_own: Vec<bool>,
}

/// The grid; `None` unless sensitivity is configured. Fitted models are left out: another window means another fit.
pub(super) fn grid(plan: &Plan) -> Option<Grid> {
    if !plan.sensitivity {
        return None;
    }
    let variants = plan.models.iter().filter(|spec| !spec.is_fitted()).flat_map(half_lives);
    let (specs, is_own) = variants.unzip();
    let lookback = plan.journeys.lookback;
    let lookbacks = LOOKBACK_QUARTERS.map(|quarters| lookback / 4 * quarters + lookback % 4 * quarters / 4);
    Some(Grid { lookbacks, specs, is_own })
}

/// A model under every half-life of the grid, and whether that is its own; once where it has none.
fn half_lives(spec: &ModelSpec) -> Vec<(ModelSpec, bool)> {
    let ModelSpec::TimeDecay { id, description, half_life_days } = spec else { return vec![(spec.clone(), true)] };
    let under = |factor: f64| {
        let (id, description, half_life_days) = (id.clone(), description.clone(), half_life_days * factor);
        (ModelSpec::TimeDecay { id, description, half_life_days }, factor == 1.0)
    };
    HALF_LIFE_FACTORS.map(under).into()
}

/// The half-life of a model that has one, days.
pub(super) fn half_life_days(spec: &ModelSpec) -> Option<f64> {
    match spec {
        ModelSpec::TimeDecay { half_life_days, .. } => Some(*half_life_days),
        _ => None,
    }
}

/// Money at one point of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SensitivityRow<'a> {
    pub(super) close_quarter: u32,
    pub(super) line: u32,
    pub(super) spec: &'a ModelSpec,
    /// Microseconds.
    pub(super) lookback: i64,
    pub(super) is_configured: bool,
    /// Minor units.
    pub(super) amount: i64,
}

/// The grid and what the run came to under it.
#[derive(Debug)]
pub(super) struct Sensitivity {
    pub(super) grid: Grid,
    /// Totals under each of the grid's windows.
    pub(super) totals: Vec<CreditTotals>,
}

impl Sensitivity {
    /// Every point of the grid for every line and close quarter that has a touch under the widest window.
    pub(super) fn rows(&self) -> Vec<SensitivityRow<'_>> {
        let Grid { lookbacks, specs, is_own } = &self.grid;
        let money: Vec<BTreeMap<(u32, u32), Vec<i64>>> = self.totals.iter().map(by_line).collect();
        let mut rows = Vec::new();
        for &(line, close_quarter) in money.first().into_iter().flat_map(BTreeMap::keys) {
            for (position, (&lookback, money)) in lookbacks.iter().zip(&money).enumerate() {
                let amounts = money.get(&(line, close_quarter));
                for (model, spec) in specs.iter().enumerate() {
                    let amount = amounts.map_or(0, |amounts| amounts[model]);
                    let is_configured = position == 0 && is_own[model];
                    rows.push(SensitivityRow { close_quarter, line, spec, lookback, is_configured, amount });
                }
            }
        }
        rows
    }
}

/// Money per model by line and close quarter.
fn by_line(totals: &CreditTotals) -> BTreeMap<(u32, u32), Vec<i64>> {
    let mut money: BTreeMap<(u32, u32), Vec<i64>> = BTreeMap::new();
    for (key, _, earned) in totals.rows() {
        let sums = money.entry((key.line, key.close_quarter)).or_insert_with(|| vec![0; earned.len()]);
        sums.iter_mut().zip(earned).for_each(|(sum, earned)| *sum += earned.amount);
    }
    money
}
