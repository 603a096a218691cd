//! What is chosen by the data: a half-life per channel, and the strength of the ridge.

use super::design::Design;
use super::error::IncrementalError;
use super::objective::Objective;
use super::solver::minimise;
use super::walk::{Role, account_stream};
use rand_chacha::rand_core::Rng;

/// Rounds over the channels; the second mends what the first chose before its neighbours were known.
const ROUNDS: usize = 2;
/// Log-likelihood that another half-life must gain, twice the square of a standard error: noise alone would otherwise choose
/// the half-life under which a channel looks strongest, and a channel without effect says nothing about it.
const EVIDENCE: f64 = 2.0;
/// Folds of the cross-validation.
const FOLDS: u64 = 5;
/// Sets the folds apart from the other draws.
const FOLD_SEED: u64 = 0x666f_6c64;

/// The columns of one channel at one half-life: its exposure, and the exposure expected where there is a history to expect
/// it from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub observed: usize,
    pub expected: Option<usize>,
}

/// Chooses columns of a design that holds every candidate: `groups[g]` are one credited channel at its
/// half-lives, of which the likeliest is kept, one channel after the other; `controls` are always in.
///
/// # Errors
/// [`IncrementalError::NotConverged`].
pub(super) fn half_lives(
    design: &Design,
    groups: &[Vec<Candidate>],
    controls: &[usize],
    start: usize,
    ridge: f64,
) -> Result<Vec<usize>, IncrementalError> {
    let mut chosen: Vec<usize> = vec![start; groups.len()];
    let columns = |chosen: &[usize]| -> Vec<usize> {
        let picked = || groups.iter().zip(chosen).map(|(group, &which)| group[which]);
        let expected = picked().filter_map(|candidate| candidate.expected);
        picked().map(|candidate| candidate.observed).chain(expected).chain(controls.iter().copied()).collect()
    };
    let fit = |chosen: &[usize], theta: Option<Vec<f64>>| {
        let selected = design.select(&columns(chosen));
        let objective = Objective::new(&selected, ridge, &[], |_| 1.0);
        let theta = theta.unwrap_or_else(|| cold_start(&objective));
        minimise(&objective, theta, &bounded(&selected))
    };
    let mut best = fit(&chosen, None)?;
    for _ in 0..ROUNDS {
        let before = chosen.clone();
        for channel in 0..groups.len() {
            for which in 0..groups[channel].len() {
                let mut candidate = chosen.clone();
                candidate[channel] = which;
                if candidate == chosen {
                    continue;
                }
                let trial = fit(&candidate, Some(best.theta.clone()))?;
                if trial.evaluation.loss < best.evaluation.loss - EVIDENCE {
                    (best, chosen) = (trial, candidate);
                }
            }
        }
        if chosen == before {
            break;
        }
    }
    Ok(columns(&chosen))
}

/// The ridge under which accounts left out are likeliest; of equals the stronger.
///
/// # Errors
/// [`IncrementalError::NotConverged`].
pub(super) fn ridge(design: &Design, ridges: &[f64], seed: u64) -> Result<f64, IncrementalError> {
    let folds: Vec<u64> =
        design.frame.keys.iter().map(|&key| account_stream(seed ^ FOLD_SEED, key).next_u64() % FOLDS).collect();
    let mut losses = vec![0.0; ridges.len()];
    for fold in 0..FOLDS {
        let held_out = Objective::new(design, 0.0, &[], |account| if folds[account] == fold { 1.0 } else { 0.0 });
        let mut theta = None;
        for (loss, &ridge) in losses.iter_mut().zip(ridges) {
            let kept = Objective::new(design, ridge, &[], |account| if folds[account] == fold { 0.0 } else { 1.0 });
            let start = theta.unwrap_or_else(|| cold_start(&kept));
            let optimum = minimise(&kept, start, &bounded(design))?;
            *loss += held_out.likelihood_loss(&optimum.theta);
            theta = Some(optimum.theta);
        }
    }
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(ridges.iter().zip(&losses).filter(|(_, loss)| **loss <= best).map(|(&ridge, _)| ridge).fold(0.0, f64::max))
}

/// Which coefficients may not be negative.
pub(super) fn bounded(design: &Design) -> Vec<bool> {
    let base = std::iter::repeat_n(false, design.frame.base_count);
    base.chain(design.features.iter().map(|feature| feature.role == Role::Credited)).collect()
}

/// The same rate for everybody.
pub(super) fn cold_start(objective: &Objective<'_>) -> Vec<f64> {
    let mut theta = vec![0.0; objective.design.width()];
    theta[0] = (objective.total_conversions().max(0.5) / objective.total_days().max(1.0)).ln();
    theta
}
