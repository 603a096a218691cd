//! How well a fitted model tells what it has not seen: predictions of held-out outcomes, judged against the base rate.
//!
//! *Log-loss* is the mean negative logarithm of the chance given to what happened. *AUC* is the chance that one that converted
//! was predicted higher than one that did not, ties counting half (Mann and Whitney 1947; Hanley and McNeil 1982,
//! *Radiology* 143). *Calibration in the large* is expected over observed conversions; the *calibration slope* is that of the
//! least-squares line of outcomes on predictions: one where predictions are as far apart as the outcomes, less where they are
//! too bold.

use crate::statistics::{Outcome, number};

/// No prediction counts as surer than this: one impossible event would otherwise make the log-loss infinite.
const SUREST: f64 = 1e-6;

/// What was predicted for some held-out units, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The predicted chance to convert.
    pub chance: f64,
    /// How many units had this prediction, by what became of them.
    pub outcome: Outcome,
}

/// How good predictions are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// What became of the held-out units.
    pub observed: Outcome,
    /// The conversions that were predicted.
    pub expected: f64,
    /// Mean log-loss per unit, in nats.
    pub log_loss: f64,
    /// That of the base rate.
    pub base_log_loss: f64,
    /// `None` where all converted, or none.
    pub auc: Option<f64>,
    /// `None` where all predictions are the same.
    pub slope: Option<f64>,
}

impl Validation {
    /// Judges predictions; `base_rate` is the rate of the units that the model was fitted on. `None` without units.
    pub fn of(mut predictions: Vec<Prediction>, base_rate: f64) -> Option<Self> {
        predictions.iter_mut().for_each(|prediction| prediction.chance = possible(prediction.chance));
        let key = |a: &Prediction| (a.outcome.conversions, a.outcome.nulls);
        // One order of adding, whatever the order of the units.
        predictions.sort_by(|a, b| a.chance.total_cmp(&b.chance).then_with(|| key(a).cmp(&key(b))));
        let observed = predictions.iter().fold(Outcome::default(), |sum, prediction| sum + prediction.outcome);
        if observed.journeys() == 0 {
            return None;
        }
        let of_all = |value: &dyn Fn(&Prediction) -> f64| predictions.iter().map(value).sum::<f64>();
        let loss = |chance: f64, outcome: Outcome| {
            -number(outcome.conversions) * chance.ln() - number(outcome.nulls) * (-chance).ln_1p()
        };
        let units = number(observed.journeys());
        Some(Self {
            observed,
            expected: of_all(&|prediction| prediction.chance * number(prediction.outcome.journeys())),
            log_loss: of_all(&|prediction| loss(prediction.chance, prediction.outcome)) / units,
            base_log_loss: loss(possible(base_rate), observed) / units,
            auc: auc(&predictions, observed),
            slope: slope(&predictions, observed),
        })
    }
}

fn possible(chance: f64) -> f64 {
    chance.clamp(SUREST, 1.0 - SUREST)
}

/// From predictions in ascending order.
fn auc(predictions: &[Prediction], observed: Outcome) -> Option<f64> {
    let pairs = number(observed.conversions) * number(observed.nulls);
    let mut nulls_below = 0.0;
    let mut won = 0.0;
    for equal in predictions.chunk_by(|a, b| a.chance.total_cmp(&b.chance).is_eq()) {
        let sum = equal.iter().fold(Outcome::default(), |sum, prediction| sum + prediction.outcome);
        won += number(sum.conversions) * (nulls_below + 0.5 * number(sum.nulls));
        nulls_below += number(sum.nulls);
    }
    (pairs > 0.0).then(|| won / pairs)
}

fn slope(predictions: &[Prediction], observed: Outcome) -> Option<f64> {
    let units = number(observed.journeys());
    let rate = number(observed.conversions) / units;
    let of_all = |value: &dyn Fn(f64, Outcome) -> f64| {
        predictions.iter().map(|prediction| value(prediction.chance, prediction.outcome)).sum::<f64>()
    };
    let mean = of_all(&|chance, outcome| chance * number(outcome.journeys())) / units;
    let variance = of_all(&|chance, outcome| (chance - mean).powi(2) * number(outcome.journeys()));
    let covariance =
        of_all(&|chance, outcome| (chance - mean) * (number(outcome.conversions) - rate * number(outcome.journeys())));
    let is_spread = predictions.first().map(|first| first.chance) != predictions.last().map(|last| last.chance);
    is_spread.then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prediction(chance: f64, conversions: u64, nulls: u64) -> Prediction {
        Prediction { chance, outcome: Outcome { conversions, nulls, value: 0 } }
    }

    /// Four units: ½ converted, ½ not, ¼ not, ¾ converted. Of the four pairs three are right and one is a tie.
    #[test]
    fn by_hand() {
        let predictions =
            vec![prediction(0.5, 1, 0), prediction(0.75, 1, 0), prediction(0.25, 0, 1), prediction(0.5, 0, 1)];
        let got = Validation::of(predictions, 0.25).unwrap();
        assert!((got.expected - 2.0).abs() < 1e-15);
        assert!((got.log_loss - (2.0 * 2.0_f64.ln() - 2.0 * 0.75_f64.ln()) / 4.0).abs() < 1e-15);
        assert!((got.base_log_loss + (2.0 * 0.25_f64.ln() + 2.0 * 0.75_f64.ln()) / 4.0).abs() < 1e-15);
        assert_eq!(got.auc, Some(3.5 / 4.0));
        // Deviations −¼, 0, 0, ¼ of predictions and ∓½ of outcomes: ¼ over ⅛.
        assert!((got.slope.unwrap() - 2.0).abs() < 1e-15);
    }

    #[test]
    fn nothing_to_judge_by() {
        assert_eq!(Validation::of(Vec::new(), 0.5), None);
        let all = Validation::of(vec![prediction(0.0, 3, 0)], 0.5).unwrap();
        assert_eq!((all.auc, all.slope), (None, None));
        assert!(all.log_loss.is_finite());
    }

    proptest! {
        #[test]
        fn auc_counts_pairs_and_the_rest_sums_units(
            rows in prop::collection::vec((1..8_u32, 0..4_u64, 0..4_u64), 1..12),
        ) {
            let rows: Vec<Prediction> =
                rows.into_iter().map(|(eighth, yes, no)| prediction(f64::from(eighth) / 8.0, yes, no)).collect();
            let units: Vec<(f64, bool)> = rows.iter().flat_map(|row| {
                let (yes, no) = (row.outcome.conversions, row.outcome.nulls);
                (0..yes).map(|_| (row.chance, true)).chain((0..no).map(|_| (row.chance, false))).collect::<Vec<_>>()
            }).collect();
            let Some(got) = Validation::of(rows, 0.3) else { prop_assert!(units.is_empty()); return Ok(()) };
            let (mut won, mut pairs) = (0.0, 0.0);
            for (yes, _) in units.iter().filter(|unit| unit.1) {
                for (no, _) in units.iter().filter(|unit| !unit.1) {
                    pairs += 1.0;
                    won += if yes > no { 1.0 } else if yes == no { 0.5 } else { 0.0 };
                }
            }
            prop_assert_eq!(got.auc, (pairs > 0.0).then(|| won / pairs));
            let loss: f64 = units.iter().map(|&(p, y)| -(if y { p } else { 1.0 - p }).ln()).sum();
            prop_assert!((got.log_loss * units.len() as f64 - loss).abs() < 1e-9);
        }
    }
}
