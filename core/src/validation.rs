//! How well a fitted model tells what it has not seen: predictions of held-out outcomes, judged against the base rate.
//!
//! *Log-loss* is the mean negative logarithm of the chance given to what happened. *AUC* is the chance that one that converted
//! was predicted higher than one that did not, ties counting half (Mann and Whitney 1947; Hanley and McNeil 1982,
//! *Radiology* 143). *Calibration in the large* is expected over observed conversions; the *calibration slope* is that of the
//! least-squares line of outcomes on predictions: one where predictions are as far apart as the outcomes, less where they are
//! too bold.

use crate::number::number;
use crate::statistics::Outcome;

/// Predictions nearer to each other than this are one: sums of the same parts in another order differ in their last digits.
const APART: f64 = 1e-12;
/// No prediction counts as surer than this: one impossible event would otherwise make the log-loss infinite.
const SUREST: f64 = 1e-6;

/// What was predicted for some held-out units, and what became of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The predicted chance to convert.
    pub chance: f64,
    /// How many units had this prediction, by what became of them.
    pub outcome: Outcome,
    /// How many units of its kind each of these stands for: more than one where only some were drawn to be looked at.
    pub weight: f64,
}

impl Prediction {
    /// The units that these stand for, and those of them that converted.
    fn units(&self) -> f64 {
        self.weight * number(self.outcome.journeys())
    }

    fn conversions(&self) -> f64 {
        self.weight * number(self.outcome.conversions)
    }

    fn nulls(&self) -> f64 {
        self.weight * number(self.outcome.nulls)
    }

    /// Log-loss of a chance given to these units.
    fn loss(&self, chance: f64) -> f64 {
        -self.conversions() * chance.ln() - self.nulls() * (-chance).ln_1p()
    }
}

/// How good predictions are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// What became of the held-out units, each counted once.
    pub observed: Outcome,
    /// The conversions that there were among the units that these stand for.
    pub conversions: f64,
    /// The conversions that were predicted of them.
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
        predictions.retain(|prediction| prediction.outcome.journeys() > 0);
        predictions.iter_mut().for_each(|prediction| prediction.chance = possible(prediction.chance));
        let key = |a: &Prediction| (a.outcome.conversions, a.outcome.nulls);
        // One order of adding, whatever the order of the units.
        predictions.sort_by(|a, b| {
            let by_chance = a.chance.total_cmp(&b.chance).then_with(|| a.weight.total_cmp(&b.weight));
            by_chance.then_with(|| key(a).cmp(&key(b)))
        });
        let observed = predictions.iter().fold(Outcome::default(), |sum, prediction| sum + prediction.outcome);
        if predictions.is_empty() {
            return None;
        }
        let of_all = |value: &dyn Fn(&Prediction) -> f64| predictions.iter().map(value).sum::<f64>();
        let units = of_all(&Prediction::units);
        let base_rate = possible(base_rate);
        Some(Self {
            observed,
            conversions: of_all(&Prediction::conversions),
            expected: of_all(&|prediction| prediction.chance * prediction.units()),
            log_loss: of_all(&|prediction| prediction.loss(prediction.chance)) / units,
            base_log_loss: of_all(&|prediction| prediction.loss(base_rate)) / units,
            auc: auc(&predictions),
            slope: slope(&predictions),
        })
    }
}

fn possible(chance: f64) -> f64 {
    chance.clamp(SUREST, 1.0 - SUREST)
}

/// From predictions in ascending order.
fn auc(predictions: &[Prediction]) -> Option<f64> {
    let (mut nulls_below, mut conversions_below, mut won) = (0.0, 0.0, 0.0);
    for equal in predictions.chunk_by(|a, b| b.chance - a.chance < APART) {
        let conversions: f64 = equal.iter().map(Prediction::conversions).sum();
        let nulls: f64 = equal.iter().map(Prediction::nulls).sum();
        won += conversions * (nulls_below + 0.5 * nulls);
        nulls_below += nulls;
        conversions_below += conversions;
    }
    let pairs = conversions_below * nulls_below;
    (pairs > 0.0).then(|| won / pairs)
}

fn slope(predictions: &[Prediction]) -> Option<f64> {
    let of_all = |value: &dyn Fn(&Prediction) -> f64| predictions.iter().map(value).sum::<f64>();
    let units = of_all(&Prediction::units);
    let rate = of_all(&Prediction::conversions) / units;
    let mean = of_all(&|prediction| prediction.chance * prediction.units()) / units;
    let variance = of_all(&|prediction| (prediction.chance - mean).powi(2) * prediction.units());
    let covariance =
        of_all(&|prediction| (prediction.chance - mean) * (prediction.conversions() - rate * prediction.units()));
    let is_spread = predictions.last()?.chance - predictions.first()?.chance >= APART;
    is_spread.then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prediction(chance: f64, conversions: u64, nulls: u64) -> Prediction {
        Prediction { chance, outcome: Outcome { conversions, nulls, value: 0 }, weight: 1.0 }
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

    /// 0.1 + 0.2 is not 0.3 in floats, and still the same chance.
    #[test]
    fn sums_in_another_order_are_ties() {
        let got = Validation::of(vec![prediction(0.1 + 0.2, 0, 1), prediction(0.3, 1, 0)], 0.5).unwrap();
        assert_eq!((got.auc, got.slope), (Some(0.5), None));
    }

    #[test]
    fn nothing_to_judge_by() {
        assert_eq!(Validation::of(Vec::new(), 0.5), None);
        let all = Validation::of(vec![prediction(0.0, 3, 0)], 0.5).unwrap();
        assert_eq!((all.auc, all.slope), (None, None));
        assert!(all.log_loss.is_finite());
    }

    proptest! {
        /// A unit that stands for several counts as much as those would.
        #[test]
        fn weights_repeat_units(
            rows in prop::collection::vec((1..8_u32, 0..4_u64, 0..4_u64, 1..4_u32), 1..12),
        ) {
            let of_row = |&(eighth, yes, no, weight): &(u32, u64, u64, u32)| Prediction {
                weight: f64::from(weight),
                ..prediction(f64::from(eighth) / 8.0, yes, no)
            };
            let weighted = Validation::of(rows.iter().map(of_row).collect(), 0.3);
            let repeated = rows.iter().flat_map(|row| vec![Prediction { weight: 1.0, ..of_row(row) }; row.3 as usize]);
            let (Some(weighted), Some(repeated)) = (weighted, Validation::of(repeated.collect(), 0.3)) else {
                prop_assert!(rows.iter().all(|row| row.1 + row.2 == 0));
                return Ok(());
            };
            let told = |judged: Validation| {
                [
                    Some(judged.conversions), Some(judged.expected), Some(judged.log_loss), Some(judged.base_log_loss),
                    judged.auc, judged.slope,
                ]
            };
            for (a, b) in told(weighted).into_iter().zip(told(repeated)) {
                prop_assert!(a.is_some() == b.is_some());
                prop_assert!((a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs() < 1e-9, "{:?} {:?}", a, b);
            }
        }

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
