//! Credit by backward elimination: the journey's touches are taken away, the last one first. Where channels add up, this is the Shapley
//! value of the touches up to the saturation within a channel, and the order of channels does not matter.

use super::lag::Lag;
use super::link::Link;
use crate::journey::{Journey, days};
use crate::ledger::{Bucket, Residual};
use crate::model::AttributionModel;
use serde::Serialize;
use std::ops::Range;

/// Below this sum, credits without a baseline cannot be told from nothing.
const NOTHING: f64 = 1e-200;

/// Up to so many effects, which most fits have, a journey needs no memory of its own.
const FEW_EFFECTS: usize = 64;

/// What a channel's estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Observed accounts only.
    Observational,
    /// An experiment on this channel pulled it.
    ExperimentCalibrated,
}

/// The effect of one credited channel at one lag. A channel has several of them where the data cannot tell its lags apart;
/// their sum is its effect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChannelEffect {
    /// The channel's dense code.
    pub channel: u32,
    /// β, by which ln(1 + exposure) raises the rate (how, the model's [`Link`] says), times the lag's weight.
    pub effect: f64,
    /// How its touches come and go.
    pub lag: Lag,
    /// The lag's weight among the channel's; they sum to one.
    pub weight: f64,
    /// What the estimate rests on.
    pub evidence: Evidence,
}

/// The fitted model `incremental`: what the touches added, the rest to the residual `baseline`.
///
/// A touch of a channel without effect (controls, channels never seen in the fit) earns nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Incremental {
    link: Link,
    effects: Vec<ChannelEffect>,
    /// Per channel code, the range of its effects.
    of_channel: Vec<Range<usize>>,
}

/// The model `incremental_total`: the same shares without the baseline; linear when no touch added anything.
#[derive(Debug, Clone, PartialEq)]
pub struct IncrementalTotal(pub Incremental);

impl Incremental {
    /// A model with these effects, non-negative, in the order of their channels' codes.
    pub fn new(link: Link, effects: Vec<ChannelEffect>) -> Self {
        let codes = effects.iter().map(|effect| effect.channel as usize + 1).max().unwrap_or(0);
        let mut of_channel = vec![0..0; codes];
        for (position, effect) in effects.iter().enumerate() {
            let range: &mut Range<usize> = &mut of_channel[effect.channel as usize];
            *range = if range.end == 0 { position } else { range.start }..position + 1;
        }
        Self { link, effects, of_channel }
    }

    /// The effects, in the order of the channels' codes.
    pub fn effects(&self) -> &[ChannelEffect] {
        &self.effects
    }

    /// How the effects combine.
    pub fn link(&self) -> Link {
        self.link
    }

    fn positions(&self, channel: u32) -> Range<usize> {
        self.of_channel.get(channel as usize).cloned().unwrap_or(0..0)
    }

    /// Calls `visit(touch, effect, growth)` with the growth of ln(1 + exposure) that a touch brings to each effect of its
    /// channel at the conversion, the first touch first.
    fn growth(&self, journey: Journey<'_>, mut visit: impl FnMut(usize, usize, f64)) {
        let (mut few, mut many);
        let exposures: &mut [f64] = if self.effects.len() <= FEW_EFFECTS {
            few = [0.0; FEW_EFFECTS];
            &mut few[..self.effects.len()]
        } else {
            many = vec![0.0; self.effects.len()];
            &mut many
        };
        for (touch, (&channel, &at)) in journey.channels.iter().zip(journey.touched_at).enumerate() {
            let age = days(journey.converted_at - at);
            for position in self.positions(channel) {
                let left = self.effects[position].lag.left(age);
                let before = exposures[position];
                exposures[position] += left;
                visit(touch, position, (left / (1.0 + before)).ln_1p());
            }
        }
    }

    /// Calls `visit` for every touch of a credited channel, the last first, with its credit as a share of the conversion
    /// and that share's slope in every effect.
    pub(super) fn slopes(&self, journey: Journey<'_>, mut visit: impl FnMut(usize, f64, &[f64])) {
        let width = self.effects.len();
        let mut growth = vec![0.0; journey.len() * width];
        self.growth(journey, |touch, position, by| growth[touch * width + position] = by);
        let mut all_growth = vec![0.0; width];
        growth.chunks_exact(width.max(1)).for_each(|of| all_growth.iter_mut().zip(of).for_each(|(sum, of)| *sum += of));
        let sum = |growth: &[f64]| self.effects.iter().zip(growth).map(|(effect, by)| effect.effect * by).sum::<f64>();
        let whole = 1.0 + sum(&all_growth);
        let (mut removed, mut removed_growth, mut slope) = (0.0_f64, vec![0.0; width], vec![0.0; width]);
        for (touch, &channel) in journey.channels.iter().enumerate().rev() {
            if self.positions(channel).is_empty() {
                continue;
            }
            let growth = &growth[touch * width..(touch + 1) * width];
            let step = sum(growth);
            let share = match self.link {
                Link::Additive => {
                    let share = step / whole;
                    let slopes = growth.iter().zip(&all_growth).map(|(own, all)| (own - share * all) / whole);
                    slope.iter_mut().zip(slopes).for_each(|(into, slope)| *into = slope);
                    share
                }
                Link::Multiplicative => {
                    let (before, after) = ((-removed).exp(), (-removed - step).exp());
                    for ((slope, removed), growth) in slope.iter_mut().zip(&mut removed_growth).zip(growth) {
                        *slope = -*removed * before + (*removed + growth) * after;
                        *removed += growth;
                    }
                    removed += step;
                    before - after
                }
            };
            visit(touch, share, &slope);
        }
    }
}

impl AttributionModel for Incremental {
    /// Controls have no effect that could.
    fn can_credit(&self, channel: u32) -> bool {
        !self.positions(channel).is_empty()
    }

    /// Credits and baseline sum to one.
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        credits.fill(0.0);
        self.growth(journey, |touch, position, by| credits[touch] += self.effects[position].effect * by);
        let baseline = match self.link {
            Link::Additive => {
                let whole = 1.0 + credits.iter().sum::<f64>();
                credits.iter_mut().for_each(|credit| *credit /= whole);
                1.0 / whole
            }
            Link::Multiplicative => {
                let mut removed = 0.0_f64;
                for credit in credits.iter_mut().rev() {
                    let step = *credit;
                    *credit = -(-step).exp_m1() * (-removed).exp();
                    removed += step;
                }
                (-removed).exp()
            }
        };
        Residual::Left { bucket: Bucket::Baseline, credit: baseline }
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

    fn model(link: Link, effects: &[(u32, f64, f64)]) -> Incremental {
        let effect = |&(channel, effect, half_life_days): &(u32, f64, f64)| {
            let lag = Lag { half_life_days, rises: false };
            ChannelEffect { channel, effect, lag, weight: 1.0, evidence: Evidence::Observational }
        };
        Incremental::new(link, effects.iter().map(effect).collect())
    }

    fn journey<'a>(touched_at: &'a [i64], channels: &'a [u32], converted_at: i64) -> Journey<'a> {
        Journey { touched_at, channels, converted_at, anchors: Anchors::default() }
    }

    /// By hand: β = 1 for channel 0, ½ for channel 2, half-life 10 days. Touches of 0, 2, 1 at ages 10, 0, 0. Multiplying,
    /// λ_1/λ_0 = 1 + ½, λ_2/λ_1 = (1 + 1)^½, λ_3 = λ_2; adding, λ_1/λ_0 = 1 + ln 1.5, λ_2/λ_0 = 1 + ln 1.5 + ½ ln 2.
    #[test]
    fn credit_by_hand() {
        let at = [0, 10 * DAY_MICROS, 10 * DAY_MICROS];
        let (root, log) = (2.0_f64.sqrt(), 1.5_f64.ln());
        for (link, rates) in [
            (Link::Multiplicative, [1.0, 1.5, 1.5 * root, 1.5 * root]),
            (Link::Additive, [1.0, 1.0 + log, 1.0 + log + root.ln(), 1.0 + log + root.ln()]),
        ] {
            let model = model(link, &[(0, 1.0, 10.0), (2, 0.5, 10.0)]);
            let mut credits = [9.0; 3];
            let Residual::Left { bucket, credit } = model.credit(journey(&at, &[0, 2, 1], at[2]), &mut credits) else {
                panic!("no baseline")
            };
            assert_eq!(bucket, Bucket::Baseline);
            assert!((credit - rates[0] / rates[3]).abs() < 1e-15);
            for k in 0..3 {
                assert!((credits[k] - (rates[k + 1] - rates[k]) / rates[3]).abs() < 1e-15, "{credits:?}");
            }
            assert_eq!(credits[2], 0.0);
        }
    }

    /// Two half weights of one lag are the lag.
    #[test]
    fn components_of_a_channel_add_up() {
        let at = [0, 4 * DAY_MICROS, 9 * DAY_MICROS];
        for link in [Link::Additive, Link::Multiplicative] {
            let (mut whole, mut halves) = ([0.0; 3], [0.0; 3]);
            let journey = journey(&at, &[0, 1, 0], at[2]);
            model(link, &[(0, 1.0, 10.0), (1, 0.4, 5.0)]).credit(journey, &mut whole);
            model(link, &[(0, 0.5, 10.0), (0, 0.5, 10.0), (1, 0.4, 5.0)]).credit(journey, &mut halves);
            assert!(whole.iter().zip(halves).all(|(a, b)| (a - b).abs() < 1e-15), "{whole:?} {halves:?}");
        }
    }

    /// Effects of channels that a journey does not have change nothing, however many they are.
    #[test]
    fn absent_channels_change_nothing() {
        let at = [0, 4 * DAY_MICROS, 9 * DAY_MICROS];
        let present = [(0, 1.0, 10.0), (1, 0.4, 5.0)];
        let absent = (2..80).map(|channel| (channel, 0.7, 20.0));
        let all: Vec<_> = present.iter().copied().chain(absent).collect();
        let (mut few, mut many) = ([0.0; 3], [0.0; 3]);
        let journey = journey(&at, &[0, 1, 0], at[2]);
        let left = model(Link::Additive, &present).credit(journey, &mut few);
        assert_eq!(model(Link::Additive, &all).credit(journey, &mut many), left);
        assert_eq!(many, few);
    }

    #[test]
    fn nothing_added_is_all_baseline_or_linear() {
        let model = model(Link::Multiplicative, &[(0, 0.0, 10.0)]);
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
            link in prop::sample::select(vec![Link::Additive, Link::Multiplicative]),
        ) {
            let effects: Vec<_> = (0..).zip(&effects).map(|(channel, &(effect, half_life))| (channel, effect, half_life)).collect();
            let model = model(link, &effects);
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
        fn slopes_are_finite_differences(effects in prop::collection::vec(0.0..1.5_f64, 3), touches in prop::collection::vec(0_u32..4, 1..12), link in prop::sample::select(vec![Link::Additive, Link::Multiplicative])) {
            let with = |effects: &[f64]| model(link, &(0..).zip(effects).map(|(c, &e)| (c, e, 20.0)).collect::<Vec<_>>());
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
