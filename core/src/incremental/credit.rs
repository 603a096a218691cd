//! Credit by backward elimination: the journey's touches are taken away, the last one first.

use crate::journey::{Journey, days};
use crate::ledger::{Bucket, Residual};
use crate::model::AttributionModel;
use serde::Serialize;

/// Below this sum, credits without a baseline cannot be told from nothing.
const NOTHING: f64 = 1e-200;

/// What a channel's estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Observed accounts only.
    Observational,
    /// An experiment on this channel pulled it.
    ExperimentCalibrated,
}

/// The effect of one credited channel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChannelEffect {
    /// Its dense code.
    pub channel: u32,
    /// β, by which ln(1 + exposure) raises the log rate.
    pub effect: f64,
    /// Days in which a touch loses half its strength.
    pub half_life_days: f64,
    /// What the estimate rests on.
    pub evidence: Evidence,
}

/// The fitted model `incremental`: what the touches added, the rest to the residual `baseline`.
///
/// A touch of a channel without effect (controls, channels never seen in the fit) earns nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Incremental {
    effects: Vec<ChannelEffect>,
    /// Per channel code, its position in `effects`.
    of_channel: Vec<Option<usize>>,
}

/// The model `incremental_total`: the same shares without the baseline; linear when no touch added anything.
#[derive(Debug, Clone, PartialEq)]
pub struct IncrementalTotal(pub Incremental);

impl Incremental {
    /// A model with these effects, non-negative, one per channel.
    pub fn new(effects: Vec<ChannelEffect>) -> Self {
        let codes = effects.iter().map(|effect| effect.channel as usize + 1).max().unwrap_or(0);
        let mut of_channel = vec![None; codes];
        for (position, effect) in effects.iter().enumerate() {
            of_channel[effect.channel as usize] = Some(position);
        }
        Self { effects, of_channel }
    }

    /// The effects, in the order of the channels' codes.
    pub fn effects(&self) -> &[ChannelEffect] {
        &self.effects
    }

    fn position(&self, channel: u32) -> Option<usize> {
        self.of_channel.get(channel as usize).copied().flatten()
    }

    /// Per touch, the growth of ln(1 + exposure) of its channel at the conversion; zero for touches without effect.
    fn growth(&self, journey: Journey<'_>, growth: &mut [f64]) {
        let mut exposures = vec![0.0_f64; self.effects.len()];
        for ((into, &channel), &at) in growth.iter_mut().zip(journey.channels).zip(journey.touched_at) {
            *into = self.position(channel).map_or(0.0, |position| {
                let left = (-days(journey.converted_at - at) / self.effects[position].half_life_days).exp2();
                let before = exposures[position];
                exposures[position] += left;
                (left / (1.0 + before)).ln_1p()
            });
        }
    }

    /// Calls `visit` for every touch, the last first, with its credit as a share of the conversion and that share's slope
    /// in every effect. With effects of either sign credits can be negative: this is for intervals.
    pub(super) fn slopes(&self, journey: Journey<'_>, mut visit: impl FnMut(usize, f64, &[f64])) {
        let mut growth = vec![0.0; journey.len()];
        self.growth(journey, &mut growth);
        let mut removed = 0.0_f64;
        let mut removed_growth = vec![0.0; self.effects.len()];
        let mut slope = vec![0.0; self.effects.len()];
        for (touch, &growth) in growth.iter().enumerate().rev() {
            let Some(position) = self.position(journey.channels[touch]) else { continue };
            let before = (-removed).exp();
            slope.iter_mut().zip(&removed_growth).for_each(|(slope, removed)| *slope = -removed * before);
            removed += self.effects[position].effect * growth;
            removed_growth[position] += growth;
            let after = (-removed).exp();
            slope.iter_mut().zip(&removed_growth).for_each(|(slope, removed)| *slope += removed * after);
            visit(touch, before - after, &slope);
        }
    }
}

impl AttributionModel for Incremental {
    /// Credits and baseline sum to one.
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        self.growth(journey, credits);
        let mut removed = 0.0_f64;
        for (credit, &channel) in credits.iter_mut().zip(journey.channels).rev() {
            let step = self.position(channel).map_or(0.0, |position| self.effects[position].effect * *credit);
            *credit = -(-step).exp_m1() * (-removed).exp();
            removed += step;
        }
        Residual::Left { bucket: Bucket::Baseline, credit: (-removed).exp() }
    }
}

impl AttributionModel for IncrementalTotal {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        self.0.credit(journey, credits);
        if credits.iter().sum::<f64>() < NOTHING {
            credits.fill(1.0);
        }
        Residual::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::{Anchors, DAY_MICROS};
    use crate::ledger::{Allotter, WHOLE};
    use proptest::prelude::*;

    pub(super) fn model(effects: &[(u32, f64, f64)]) -> Incremental {
        let effect = |&(channel, effect, half_life_days): &(u32, f64, f64)| ChannelEffect {
            channel,
            effect,
            half_life_days,
            evidence: Evidence::Observational,
        };
        Incremental::new(effects.iter().map(effect).collect())
    }

    fn journey<'a>(touched_at: &'a [i64], channels: &'a [u32], converted_at: i64) -> Journey<'a> {
        Journey { touched_at, channels, converted_at, anchors: Anchors::default() }
    }

    /// By hand: β = 1 for channel 0, ½ for channel 2, half-life 10 days. Touches of 0, 2, 1 at ages 10, 0, 0:
    /// λ_1/λ_0 = 1 + ½, λ_2/λ_1 = (1 + 1)^½, λ_3 = λ_2.
    #[test]
    fn credit_by_hand() {
        let model = model(&[(0, 1.0, 10.0), (2, 0.5, 10.0)]);
        let mut credits = [9.0; 3];
        let at = [0, 10 * DAY_MICROS, 10 * DAY_MICROS];
        let Residual::Left { bucket, credit } = model.credit(journey(&at, &[0, 2, 1], at[2]), &mut credits) else {
            panic!("no baseline")
        };
        let root = 2.0_f64.sqrt();
        let rates = [1.0, 1.5, 1.5 * root, 1.5 * root];
        assert_eq!(bucket, Bucket::Baseline);
        assert!((credit - rates[0] / rates[3]).abs() < 1e-15);
        for k in 0..3 {
            assert!((credits[k] - (rates[k + 1] - rates[k]) / rates[3]).abs() < 1e-15, "{credits:?}");
        }
        assert_eq!(credits[2], 0.0);
    }

    #[test]
    fn nothing_added_is_all_baseline_or_linear() {
        let model = model(&[(0, 0.0, 10.0)]);
        let mut credits = [9.0; 2];
        let whole = Residual::Left { bucket: Bucket::Baseline, credit: 1.0 };
        assert_eq!(model.credit(journey(&[0, 1], &[0, 7], 5), &mut credits), whole);
        assert_eq!(credits, [0.0, 0.0]);
        assert_eq!(IncrementalTotal(model).credit(journey(&[0, 1], &[0, 7], 5), &mut credits), Residual::None);
        assert_eq!(credits, [1.0, 1.0]);
    }

    proptest! {
        #[test]
        fn credits_and_baseline_are_the_whole_through_the_ledger(
            effects in prop::collection::vec((0.0..50.0_f64, 0.1..400.0_f64), 1..5),
            touches in prop::collection::vec((0_u32..6, 0_i64..4_000), 1..40),
        ) {
            let effects: Vec<_> = (0..).zip(&effects).map(|(channel, &(effect, half_life))| (channel, effect, half_life)).collect();
            let model = model(&effects);
            let mut touches = touches;
            touches.sort_by_key(|touch| touch.1);
            let at: Vec<i64> = touches.iter().map(|touch| touch.1 * DAY_MICROS / 4).collect();
            let channels: Vec<u32> = touches.iter().map(|touch| touch.0).collect();
            let journey = journey(&at, &channels, 1_001 * DAY_MICROS);
            let mut credits = vec![9.0; at.len()];
            let Residual::Left { credit: baseline, .. } = model.credit(journey, &mut credits) else { panic!("no baseline") };
            prop_assert!((credits.iter().sum::<f64>() + baseline - 1.0).abs() < 1e-12);
            let mut shares = vec![0; credits.len()];
            let residual = Allotter::default().shares(&credits, baseline, &mut shares).unwrap();
            prop_assert_eq!(shares.iter().sum::<u64>() + residual, WHOLE);
            for (&credit, &channel) in credits.iter().zip(&channels) {
                prop_assert!(credit >= 0.0 && (credit == 0.0 || (channel as usize) < effects.len()));
            }
            let mut total = vec![9.0; at.len()];
            prop_assert_eq!(IncrementalTotal(model).credit(journey, &mut total), Residual::None);
            prop_assert!(Allotter::default().shares(&total, 0.0, &mut shares).is_ok());
        }

        #[test]
        fn slopes_are_finite_differences(effects in prop::collection::vec(-0.5..1.5_f64, 3), touches in prop::collection::vec(0_u32..4, 1..12)) {
            let with = |effects: &[f64]| model(&(0..).zip(effects).map(|(c, &e)| (c, e, 20.0)).collect::<Vec<_>>());
            let at: Vec<i64> = (0..).map(|day: i64| day * DAY_MICROS).take(touches.len()).collect();
            let journey = journey(&at, &touches, 15 * DAY_MICROS);
            let credits = |effects: &[f64]| {
                let mut credits = vec![0.0; touches.len()];
                with(effects).slopes(journey, |touch, credit, _| credits[touch] = credit);
                credits
            };
            let step = 1e-6;
            with(&effects).slopes(journey, |touch, _, slope| {
                for position in 0..3 {
                    let (mut up, mut down) = (effects.clone(), effects.clone());
                    up[position] += step;
                    down[position] -= step;
                    let numeric = (credits(&up)[touch] - credits(&down)[touch]) / (2.0 * step);
                    assert!((numeric - slope[position]).abs() < 1e-7, "{numeric} {}", slope[position]);
                }
            });
        }
    }
}
