//! What is chosen by the data: a lag per channel to start from, how channels combine, and the strength of the ridge.

use super::clock::account_stream;
use super::design::Design;
use super::error::IncrementalError;
use super::evaluation::Evaluation;
use super::link::Link;
use super::objective::{Objective, Terms};
use super::quadratic::{Local, Quadratic};
use super::solver::{Optimum, minimise};
use rand::RngExt;
use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

/// Rounds of search; each looks around from the optimum of the one before.
const ROUNDS: usize = 4;
/// Sweeps over the channels within a round.
const SWEEPS: usize = 3;
/// Log-likelihood that multiplying channels must gain over adding ones: e² to one.
const EVIDENCE: f64 = 2.0;
/// Log-likelihood to which an optimum is sought while choosing.
const ROUGHLY: f64 = 1e-2;
/// Conversions by whose accounts lags and link are chosen, in expectation: a choice takes fewer than an estimate.
const SEARCH_CONVERSIONS: f64 = 2_500.0;
/// Sets the draws of those accounts apart from the others.
const SEARCH_SEED: u64 = 0x7365_6172;
/// Folds of the cross-validation.
const FOLDS: u64 = 5;
/// Sets the folds apart from the other draws.
const FOLD_SEED: u64 = 0x666f_6c64;

/// The columns of one channel at one lag: its exposure, and the exposure expected where there is a history to expect it from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub observed: usize,
    pub expected: Option<usize>,
}

/// A design's columns: per credited channel its candidates, of which one is in, and controls, which are always in.
#[derive(Debug)]
pub(super) struct Candidates {
    pub groups: Vec<Vec<Candidate>>,
    pub controls: Vec<usize>,
}

/// One candidate per channel and the optimum with them.
#[derive(Debug)]
pub(super) struct Choice {
    pub chosen: Vec<usize>,
    pub terms: Terms,
    pub optimum: Optimum,
}

impl Candidates {
    /// The columns with one candidate per channel, credited ones first.
    pub(super) fn columns(&self, chosen: &[usize]) -> Vec<usize> {
        let picked = || self.groups.iter().zip(chosen).map(|(group, &which)| group[which]);
        let expected = picked().filter_map(|candidate| candidate.expected);
        picked().map(|candidate| candidate.observed).chain(expected).chain(self.controls.iter().copied()).collect()
    }

    /// The coefficients of the base and of those columns, in an objective with every column.
    pub(super) fn support(&self, design: &Design, chosen: &[usize]) -> Vec<usize> {
        (0..design.base_count).chain(self.columns(chosen).iter().map(|column| design.base_count + column)).collect()
    }

    /// The objective to second order in every column, around the optimum of a choice.
    pub(super) fn around(&self, full: &Objective<'_>, chosen: &[usize], theta: &[f64]) -> Quadratic {
        let mut everywhere = vec![0.0; full.width()];
        self.support(full.design, chosen).iter().zip(theta).for_each(|(&i, &value)| everywhere[i] = value);
        let evaluation = full.evaluate(&everywhere);
        Quadratic::new(everywhere, evaluation)
    }
}

/// Chooses a lag per channel by likelihood from `start` on, and the link. `ridge` keeps effects finite.
///
/// # Errors
/// [`IncrementalError::NotConverged`], [`IncrementalError::Undetermined`].
pub(super) fn lags(
    design: &Design,
    candidates: &Candidates,
    start: usize,
    ridge: f64,
    seed: u64,
) -> Result<Choice, IncrementalError> {
    let conversions: f64 = design.conversions.iter().sum();
    let share = SEARCH_CONVERSIONS / conversions.max(SEARCH_CONVERSIONS);
    let is_in = |&key: &u64| share >= 1.0 || account_stream(seed ^ SEARCH_SEED, key).random::<f64>() < share;
    let weights: Vec<f64> = design.keys.iter().map(|key| if is_in(key) { 1.0 } else { 0.0 }).collect();
    let search = Search { design, candidates, ridge, weights };
    let adding = search.from(vec![start; candidates.groups.len()], Link::Additive)?;
    let multiplying = search.from(adding.chosen.clone(), Link::Multiplicative)?;
    // Effects are of another size under each link: a ridge that looks at both alike would decide instead of the data.
    let without_ridge = |choice: &Choice| {
        let precisions = choice.terms.precisions(design, ridge);
        let ridge = precisions.iter().zip(&choice.optimum.theta).map(|(precision, x)| 0.5 * precision * x * x);
        choice.optimum.evaluation.loss - ridge.sum::<f64>()
    };
    let gain = without_ridge(&adding) - without_ridge(&multiplying);
    Ok(if gain > EVIDENCE { multiplying } else { adding })
}

struct Search<'a> {
    design: &'a Design,
    candidates: &'a Candidates,
    ridge: f64,
    /// How often each account counts.
    weights: Vec<f64>,
}

impl Search<'_> {
    fn from(&self, start: Vec<usize>, link: Link) -> Result<Choice, IncrementalError> {
        let everything = Terms { columns: (0..self.design.features.len()).collect(), link };
        let full = self.objective(&everything);
        let mut best = self.fit(start, link, None)?;
        for _ in 0..ROUNDS {
            let around = self.candidates.around(&full, &best.chosen, &best.optimum.theta);
            let (chosen, theta) = descend(&around, &full, self.candidates, &best.chosen);
            if chosen == best.chosen {
                break;
            }
            let next = self.fit(chosen, link, theta)?;
            if next.optimum.evaluation.loss >= best.optimum.evaluation.loss {
                break;
            }
            best = next;
        }
        Ok(best)
    }

    fn fit(&self, chosen: Vec<usize>, link: Link, theta: Option<Vec<f64>>) -> Result<Choice, IncrementalError> {
        let terms = Terms { columns: self.candidates.columns(&chosen), link };
        let objective = self.objective(&terms);
        let optimum = minimise(&objective, theta.unwrap_or_else(|| objective.cold_start()), ROUGHLY)?;
        Ok(Choice { chosen, terms, optimum })
    }

    fn objective<'a>(&'a self, terms: &'a Terms) -> Objective<'a> {
        Objective::new(self.design, terms, self.ridge, &[], |account| self.weights[account])
    }
}

/// The likeliest lags to second order, one channel after the other, and the coefficients with them.
fn descend(
    around: &Quadratic,
    full: &Objective<'_>,
    candidates: &Candidates,
    start: &[usize],
) -> (Vec<usize>, Option<Vec<f64>>) {
    let bounded = full.bounded();
    let over = |chosen: &[usize]| around.over(&candidates.support(full.design, chosen), |i| bounded[i]);
    let mut chosen = start.to_vec();
    let mut best = over(&chosen);
    for _ in 0..SWEEPS {
        let before = chosen.clone();
        for channel in 0..candidates.groups.len() {
            for which in 0..candidates.groups[channel].len() {
                let mut trial = chosen.clone();
                trial[channel] = which;
                let local = over(&trial);
                let is_better = |local: &Local, best: &Local| local.loss < best.loss;
                if local.as_ref().is_some_and(|local| best.as_ref().is_none_or(|best| is_better(local, best))) {
                    (best, chosen) = (local, trial);
                }
            }
        }
        if chosen == before {
            break;
        }
    }
    (chosen, best.map(|local| local.values))
}

/// The ridge under which accounts left out are likeliest, to second order around the choice; of equals the stronger.
///
/// # Errors
/// [`IncrementalError::Undetermined`].
pub(super) fn ridge(design: &Design, choice: &Choice, ridges: &[f64], seed: u64) -> Result<f64, IncrementalError> {
    let folds: Vec<u64> =
        design.keys.iter().map(|&key| account_stream(seed ^ FOLD_SEED, key).next_u64() % FOLDS).collect();
    let theta = &choice.optimum.theta;
    let of_fold = |fold: u64| {
        let weight = |account: usize| if folds[account] == fold { 1.0 } else { 0.0 };
        Quadratic::new(theta.clone(), Objective::new(design, &choice.terms, 0.0, &[], weight).likelihood(theta))
    };
    let of_folds: Vec<Quadratic> = (0..FOLDS).into_par_iter().map(of_fold).collect();
    let support: Vec<usize> = (0..theta.len()).collect();
    let mut losses = vec![0.0; ridges.len()];
    for (loss, &ridge) in losses.iter_mut().zip(ridges) {
        let (precisions, bounded) = (choice.terms.precisions(design, ridge), choice.terms.bounded(design));
        for (held_out_fold, held_out) in of_folds.iter().enumerate() {
            let mut kept = Evaluation::nothing(theta.len());
            for (_, fold) in of_folds.iter().enumerate().filter(|(fold, _)| *fold != held_out_fold) {
                kept.add(&fold.gradient, &fold.hessian);
            }
            kept.add_ridge(theta, &precisions);
            let local = Quadratic::new(theta.clone(), kept).over(&support, |i| bounded[i]);
            let local = local.ok_or(IncrementalError::Undetermined)?;
            *loss += held_out.loss(&local.values);
        }
    }
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(ridges.iter().zip(&losses).filter(|(_, loss)| **loss <= best).map(|(&ridge, _)| ridge).fold(0.0, f64::max))
}
