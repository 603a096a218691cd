//! Validation: a model is fitted on four fifths of the accounts and judged by what became of the others.
//!
//! What a model predicts is its own: a chain the chance to convert after the touches so far, at every touch; a game of rates the
//! chance of a journey with its distinct channels; a model of rates the chance of an account to convert in four weeks.

use super::held_out::LevelCounts;
use crate::pipeline::number::number;
use closedloop_core::incremental::{Fit, Subject, Subjects};
use closedloop_core::journey::{Anchors, DAY_MICROS, Journey, days};
use closedloop_core::ledger::Residual;
use closedloop_core::model::{AttributionModel, Markov, RateShapley};
use closedloop_core::statistics::{Outcome, is_held_out};
use closedloop_core::validation::{Prediction, Validation};
use hashbrown::HashMap;
use rayon::prelude::*;

/// How a model did.
#[derive(Clone)]
pub(super) struct Validated {
    pub(super) model: String,
    /// What is predicted: of a touch, a journey, or an account over four weeks.
    pub(super) unit: &'static str,
    /// The rate of the units fitted on.
    pub(super) base_rate: Option<f64>,
    /// `Err` is why there is none.
    pub(super) outcome: Result<Validation, String>,
}

const NOTHING_HELD_OUT: &str = "no journey of the accounts held out has a touch";

impl Validated {
    pub(super) fn of_chain(model: &str, counts: &LevelCounts, markov: Result<Markov, String>) -> Self {
        let predict = |markov: Markov| {
            let chances: HashMap<u64, f64> =
                markov.chain().chances().map_err(|unsolved| unsolved.to_string())?.into_iter().collect();
            let before_any = chances.get(&0).copied().unwrap_or_default();
            let visits = counts.visits.at_order(markov.order()).into_iter();
            Ok(visits
                .map(|(run, outcome)| Prediction { chance: chances.get(&run).copied().unwrap_or(before_any), outcome })
                .collect())
        };
        Self::new(model, "touch", counts.rest_by_touch, markov.and_then(predict))
    }

    pub(super) fn of_game(model: &str, counts: &LevelCounts, game: Result<RateShapley, String>) -> Self {
        let predict = |game: RateShapley| {
            let sets = counts.held_out.sets().sorted().into_iter();
            sets.map(|(set, outcome)| Prediction { chance: game.rate(&set), outcome }).collect()
        };
        Self::new(model, "journey", counts.rest.total(), game.map(predict))
    }

    /// Of every model that credits by these rates; its name is still to be given.
    pub(super) fn of_rates(subjects: &Subjects, fit: &Fit) -> Self {
        let kept = fit.refit(|key| u32::from(!is_held_out(key))).map_err(|error| error.to_string());
        let stretches: Result<Vec<Stretch>, String> = kept.map(|model| {
            let of = |position| stretches(subjects.get(position), &model);
            (0..subjects.len()).into_par_iter().flat_map_iter(of).collect()
        });
        let of_rest = |stretches: &[Stretch]| -> Outcome {
            let rest = stretches.iter().filter(|stretch| !stretch.held_out);
            rest.fold(Outcome::default(), |sum, stretch| sum + stretch.outcome())
        };
        let rest = stretches.as_ref().map(|stretches| of_rest(stretches)).unwrap_or_default();
        let predict = |stretches: Vec<Stretch>| {
            let (kept, held_out): (Vec<Stretch>, Vec<Stretch>) = stretches.into_iter().partition(|s| !s.held_out);
            let risk: f64 = kept.iter().map(|stretch| stretch.likelier * stretch.lived).sum();
            let level = number(rest.conversions) / risk;
            let predict =
                |s: &Stretch| Prediction { chance: -(-level * s.likelier * s.days).exp_m1(), outcome: s.outcome() };
            held_out.iter().map(predict).collect()
        };
        Self::new("", "account_28_days", rest, stretches.map(predict))
    }

    pub(super) fn named(&self, model: &str) -> Self {
        Self { model: model.to_owned(), ..self.clone() }
    }

    fn new(model: &str, unit: &'static str, rest: Outcome, predictions: Result<Vec<Prediction>, String>) -> Self {
        let base_rate = (rest.journeys() > 0).then(|| number(rest.conversions) / number(rest.journeys()));
        let judge = |predictions| {
            let judged = base_rate.and_then(|rate| Validation::of(predictions, rate));
            judged.ok_or_else(|| NOTHING_HELD_OUT.to_owned())
        };
        Self { model: model.to_owned(), unit, base_rate, outcome: predictions.and_then(judge) }
    }
}

/// An account over four weeks, or less where it converted or went out of sight.
struct Stretch {
    held_out: bool,
    converted: bool,
    /// How much likelier the touches before the stretch make a conversion.
    likelier: f64,
    /// Days until it ends, and until a conversion ends it early: what came of it must not shorten what is predicted.
    days: f64,
    lived: f64,
}

impl Stretch {
    fn outcome(&self) -> Outcome {
        if self.converted { Outcome::converted(0) } else { Outcome::NULL }
    }
}

/// The longest stretch.
const STRETCH: i64 = 28 * DAY_MICROS;

/// Cuts an account into stretches; a conversion ends one, and exposures start again from nothing.
fn stretches(subject: Subject<'_>, model: &impl AttributionModel) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut credits = Vec::new();
    let (mut start, mut first_touch, mut next) = (subject.from, 0, 0);
    while start < subject.until {
        let end = (start + STRETCH).min(subject.until);
        let conversion = subject.conversions.get(next).copied().filter(|&at| at <= end);
        let stop = conversion.unwrap_or(end);
        let seen = first_touch..subject.touched_at.partition_point(|&at| at <= start).max(first_touch);
        let journey = Journey {
            touched_at: &subject.touched_at[seen.clone()],
            channels: &subject.channels[seen.clone()],
            converted_at: start,
            anchors: Anchors::default(),
        };
        credits.resize(seen.len(), 0.0);
        // The baseline is the rate without the touches over the rate with them.
        let likelier = match model.credit(journey, &mut credits) {
            Residual::Left { credit, .. } if credit > 0.0 => 1.0 / credit,
            _ => 1.0,
        };
        found.push(Stretch {
            held_out: is_held_out(subject.key),
            converted: conversion.is_some(),
            likelier,
            days: days(end - start),
            lived: days(stop - start),
        });
        if let Some(at) = conversion {
            first_touch = subject.touched_at.partition_point(|&touched| touched <= at);
            while subject.conversions.get(next).is_some_and(|&other| other <= at) {
                next += 1;
            }
        }
        start = stop.max(start + 1);
    }
    found
}
