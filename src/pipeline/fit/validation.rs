//! Validation: a model is fitted on four fifths of the accounts and judged by what became of the others.
//!
//! What a model predicts is its own: a chain the chance to convert after the touches so far, at every touch; a game of rates the
//! chance of a journey with its distinct channels; a model of rates the chance of an account to convert in four weeks.

use super::held_out::LevelCounts;
use crate::pipeline::number::number;
use closedloop_core::incremental::{Fit, Subject, Subjects};
use closedloop_core::journey::{Anchors, DAY_MICROS, Journey, days};
use closedloop_core::ledger::Residual;
use closedloop_core::model::{AttributionModel, CountedModel, Markov, RateShapley, Refusal};
use closedloop_core::statistics::{Outcome, is_held_out};
use closedloop_core::validation::{Prediction, Validation};
use hashbrown::HashMap;
use rayon::prelude::*;

/// How a model did.
#[derive(Clone)]
pub(super) struct Validated {
    /// What is predicted: of a touch, a journey, or an account over four weeks.
    pub(super) unit: &'static str,
    /// The rate of the units fitted on.
    pub(super) base_rate: Option<f64>,
    /// `Err` is why there is none.
    pub(super) outcome: Result<Validation, String>,
}

const NOTHING_HELD_OUT: &str = "no journey of the accounts held out has a touch";

impl Validated {
    /// Of the model that was `fitted`, by what the same model predicts when it is fitted on the `rest` alone.
    pub(super) fn of_counted(fitted: &CountedModel, rest: Result<CountedModel, Refusal>, counts: &LevelCounts) -> Self {
        let (unit, base_rate) = match fitted {
            CountedModel::Markov(_) => ("touch", rate(counts.rest_by_touch)),
            CountedModel::RateShapley(_) => ("journey", rate(counts.rest.total())),
        };
        let predictions = rest.map_err(|refusal| refusal.reason.to_string()).and_then(|rest| match rest {
            CountedModel::Markov(markov) => of_touches(&markov, counts),
            CountedModel::RateShapley(game) => Ok(of_journeys(&game, counts)),
        });
        Self::new(unit, base_rate, predictions)
    }

    /// Of every model that credits by these rates.
    pub(super) fn of_rates(subjects: &Subjects, fit: &Fit) -> Self {
        let kept = fit.refit(|key| u32::from(!is_held_out(key))).map_err(|error| error.to_string());
        let stretches: Result<Vec<Stretch>, String> = kept.map(|model| {
            let of = |position| stretches(subjects.get(position), subjects.weight(position), &model);
            (0..subjects.len()).into_par_iter().flat_map_iter(of).collect()
        });
        let (rest, held_out): (Vec<Stretch>, _) = match stretches {
            Ok(stretches) => {
                let (held_out, rest) = stretches.into_iter().partition(|stretch| stretch.held_out);
                (rest, Ok(held_out))
            }
            Err(why) => (Vec::new(), Err(why)),
        };
        let of_rest = |value: &dyn Fn(&Stretch) -> f64| rest.iter().map(|s| s.weight * value(s)).sum::<f64>();
        let conversions = of_rest(&|stretch| if stretch.converted { 1.0 } else { 0.0 });
        let base_rate = (!rest.is_empty()).then(|| conversions / of_rest(&|_| 1.0));
        let level = conversions / of_rest(&|stretch| stretch.likelier * stretch.lived);
        let predict = |held_out: Vec<Stretch>| held_out.iter().map(|stretch| stretch.predicted(level)).collect();
        Self::new("account_28_days", base_rate, held_out.map(predict))
    }

    fn new(unit: &'static str, base_rate: Option<f64>, predictions: Result<Vec<Prediction>, String>) -> Self {
        let judge = |predictions| {
            let judged = base_rate.and_then(|rate| Validation::of(predictions, rate));
            judged.ok_or_else(|| NOTHING_HELD_OUT.to_owned())
        };
        Self { unit, base_rate, outcome: predictions.and_then(judge) }
    }
}

/// The chance to convert after the touches so far, at every touch held out.
fn of_touches(markov: &Markov, counts: &LevelCounts) -> Result<Vec<Prediction>, String> {
    let chances = markov.chain().chances().map_err(|unsolved| unsolved.to_string())?;
    let chances: HashMap<u64, f64> = chances.into_iter().collect();
    let before_any = chances.get(&0).copied().unwrap_or_default();
    let visits = counts.visits.at_order(markov.order()).into_iter();
    Ok(visits.map(|(run, outcome)| counted(chances.get(&run).copied().unwrap_or(before_any), outcome)).collect())
}

/// The chance of a journey with its distinct channels, for every journey held out.
fn of_journeys(game: &RateShapley, counts: &LevelCounts) -> Vec<Prediction> {
    let sets = counts.held_out.sets().sorted().into_iter();
    sets.map(|(set, outcome)| counted(game.rate(&set), outcome)).collect()
}

/// The rate of units that were all looked at.
fn rate(of: Outcome) -> Option<f64> {
    (of.journeys() > 0).then(|| number(of.conversions) / number(of.journeys()))
}

/// The same chance for units that were all looked at.
fn counted(chance: f64, outcome: Outcome) -> Prediction {
    Prediction { chance, outcome, weight: 1.0 }
}

/// An account over four weeks, or less where it converted or went out of sight.
struct Stretch {
    held_out: bool,
    /// How many accounts of its kind the account stands for.
    weight: f64,
    converted: bool,
    /// How much likelier the touches before the stretch make a conversion.
    likelier: f64,
    /// Days until it ends, and until a conversion ends it early: what came of it must not shorten what is predicted.
    days: f64,
    lived: f64,
}

impl Stretch {
    /// With the rate per day at which an account without touches converts.
    fn predicted(&self, level: f64) -> Prediction {
        let outcome = if self.converted { Outcome::converted(0) } else { Outcome::NULL };
        Prediction { chance: -(-level * self.likelier * self.days).exp_m1(), outcome, weight: self.weight }
    }
}

/// The longest stretch.
const STRETCH: i64 = 28 * DAY_MICROS;

/// Cuts an account into stretches; a conversion ends one, and exposures start again from nothing.
fn stretches(subject: Subject<'_>, weight: f64, model: &impl AttributionModel) -> Vec<Stretch> {
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
            weight,
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
