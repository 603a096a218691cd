//! The walk along one account: its exposures at every conversion, and at one point of every period.
//!
//! The likelihood of conversions at times t_j under the rate λ is Π λ(t_j)·exp(−∫λ). The integral is a sum over periods of
//! the rate at a point drawn evenly inside the period, times its length (Berman and Turner 1992, *Approximating point
//! process likelihoods with GLIM*; drawing the point makes the sum unbiased however fast exposures decay). So each
//! conversion is a row without time, each period a row of time without conversion, and the rows are a Poisson regression.
//! A point's hour is drawn from the hours of the conversions: were deals closed at the end of the day, as dates without
//! a time are, and points looked at around the clock, the touches of the same day would seem to cause them.

use super::expectation::{Expectation, Stretch};
use super::subjects::{Subject, Subjects};
use crate::journey::{DAY_MICROS, days};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Below this, an exposure is nothing: less than three hundredths of a touch.
const FLOOR: f64 = 0.03;

/// What a covariate of the model is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Feature {
    /// The channel code, or `SALES`.
    pub channel: u32,
    /// The half-life of its touches.
    pub half_life_days: f64,
    /// What it is for.
    pub role: Role,
}

/// What a feature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Exposure to a credited channel; its effect is not negative.
    Credited,
    /// Exposure to a control; its effect has either sign.
    Control,
    /// The exposure to a credited channel that was to be expected; a control.
    Expected,
}

/// One point of an account's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// When, microseconds.
    pub at: i64,
    /// Days it stands for; zero for a conversion.
    pub days: f64,
    /// Whether the account had converted before.
    pub is_customer: bool,
    /// A draw from [0, 1), the same whatever the features: the point's place in a sample of periods.
    pub draw: f64,
}

/// The feature positions of each channel code.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    features: &'a [Feature],
    of_channel: Vec<Vec<usize>>,
    of_sales: Vec<usize>,
    expectation: Option<&'a Expectation>,
    clock: &'a Clock,
}

/// How time is cut: whole days a period, and the hours at which points may lie.
#[derive(Debug)]
pub(super) struct Clock {
    period_days: u16,
    seed: u64,
    /// Microseconds into the day of every conversion, ascending; midnight ends a day.
    hours: Vec<i64>,
}

impl Clock {
    /// Hours are those of the subjects' conversions.
    pub(super) fn new(period_days: u16, seed: u64, subjects: &Subjects, order: &[usize]) -> Self {
        let conversions = order.iter().flat_map(|&position| subjects.get(position).conversions);
        let mut hours: Vec<i64> = conversions.map(|at| (at - 1).rem_euclid(DAY_MICROS) + 1).collect();
        hours.sort_unstable();
        Self { period_days, seed, hours }
    }

    /// A point between `start` and `end`: a day of the period, at the hour of some conversion.
    fn point(&self, rng: &mut ChaCha8Rng, start: i64, end: i64) -> i64 {
        let whole_days = (end - start).div_euclid(DAY_MICROS) + i64::from((end - start).rem_euclid(DAY_MICROS) > 0);
        let day = start.div_euclid(DAY_MICROS) + rng.random_range(0..whole_days.max(1));
        let draw = rng.next_u64() % self.hours.len().max(1) as u64;
        let hour = usize::try_from(draw).ok().and_then(|place| self.hours.get(place)).copied().unwrap_or(0);
        (day * DAY_MICROS + hour).clamp(start, end)
    }
}

impl<'a> Walker<'a> {
    /// `expectation` is needed where a feature is an expected exposure.
    pub(super) fn new(
        features: &'a [Feature],
        channel_count: usize,
        expectation: Option<&'a Expectation>,
        clock: &'a Clock,
    ) -> Self {
        let of = |code: u32| -> Vec<usize> {
            let observed = |f: &Feature| f.channel == code && f.role != Role::Expected;
            features.iter().enumerate().filter(|(_, f)| observed(f)).map(|(position, _)| position).collect()
        };
        let codes = u32::try_from(channel_count).unwrap_or(u32::MAX);
        Self { features, of_channel: (0..codes).map(of).collect(), of_sales: of(super::SALES), expectation, clock }
    }

    /// Calls `visit` for the account's points in order of time, a conversion after the period points at its instant,
    /// with ln(1 + exposure) per feature, and whether any is above the floor.
    pub(super) fn walk(&self, subject: Subject<'_>, mut visit: impl FnMut(Point, &[f64], bool)) {
        let mut decayed = vec![0.0_f64; self.features.len()];
        let mut exposures = vec![0.0_f64; self.features.len()];
        let (mut now, mut next_touch) = (subject.from, 0);
        let mut conversions = subject.conversions.iter().copied().peekable();
        let mut is_customer = false;
        let stretches = self.expectation.map_or_else(Vec::new, |expectation| expectation.stretches(subject));
        let silent: Vec<Option<f64>> = self.features.iter().map(|feature| self.silent_exposure(feature)).collect();
        let mut arrive = |point: Point, decayed: &mut [f64]| {
            while let Some(&at) = subject.touched_at.get(next_touch).filter(|&&at| at <= point.at) {
                // Carry-over from before the span has aged when the walk begins.
                now = now.min(at);
                self.pass(decayed, &stretches, now, at);
                now = at;
                for &feature in self.features_of(subject.channels[next_touch]) {
                    decayed[feature] += 1.0;
                }
                next_touch += 1;
            }
            self.pass(decayed, &stretches, now, point.at);
            now = point.at;
            let mut any = false;
            for ((exposure, &x), &silent) in exposures.iter_mut().zip(&*decayed).zip(&silent) {
                any |= x.abs() >= FLOOR;
                *exposure = match silent {
                    _ if x.abs() < FLOOR => 0.0,
                    None => x.ln_1p(),
                    Some(silent) => expected_log(silent + x) - expected_log(silent),
                };
            }
            visit(point, &exposures, any);
        };
        let mut rng = account_stream(self.clock.seed, subject.key);
        let period = i64::from(self.clock.period_days) * DAY_MICROS;
        let mut start = subject.from;
        while start < subject.until {
            let end = start.saturating_add(period).min(subject.until);
            let at = self.clock.point(&mut rng, start, end);
            let draw = rng.random();
            while let Some(converted_at) = conversions.next_if(|&converted_at| converted_at < at) {
                arrive(Point { at: converted_at, days: 0.0, is_customer, draw: 0.0 }, &mut decayed);
                decayed.fill(0.0);
                is_customer = true;
            }
            arrive(Point { at, days: days(end - start), is_customer, draw }, &mut decayed);
            start = end;
        }
        for converted_at in conversions {
            arrive(Point { at: converted_at, days: 0.0, is_customer, draw: 0.0 }, &mut decayed);
            decayed.fill(0.0);
            is_customer = true;
        }
    }

    fn features_of(&self, channel: u32) -> &[usize] {
        if channel == super::SALES {
            return &self.of_sales;
        }
        self.of_channel.get(channel as usize).map_or(&[], Vec::as_slice)
    }

    /// Lets exposures decay from `now` to `until`, and expected ones grow by what their stretches bring in excess.
    fn pass(&self, decayed: &mut [f64], stretches: &[Stretch], now: i64, until: i64) {
        if until <= now {
            return;
        }
        for (x, feature) in decayed.iter_mut().zip(self.features) {
            match self.expectation.filter(|_| feature.role == Role::Expected) {
                None => *x *= (-days(until - now) / feature.half_life_days).exp2(),
                Some(expectation) => {
                    let mut now = now;
                    for stretch in &stretches[stretches.partition_point(|stretch| stretch.end <= now)..] {
                        let end = stretch.end.min(until);
                        let left = (-days(end - now) / feature.half_life_days).exp2();
                        let whole = expectation.excess(feature.channel, stretch.state) * feature.half_life_days;
                        *x = *x * left + whole / std::f64::consts::LN_2 * (1.0 - left);
                        now = end;
                        if now >= until {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// What an expected exposure is counted from: that of an account without history. `None` for observed ones.
    fn silent_exposure(&self, feature: &Feature) -> Option<f64> {
        let expectation = self.expectation.filter(|_| feature.role == Role::Expected)?;
        Some(expectation.silent_exposure(feature.channel, feature.half_life_days))
    }
}

/// E ln(1 + X) of an exposure X with mean x: decayed touches at random times are shot noise with variance x/2
/// (Campbell's theorem), here to second order. What is controlled for is the mean of what enters the model.
fn expected_log(x: f64) -> f64 {
    let x = x.max(0.0);
    x.ln_1p() - x / (4.0 * (1.0 + x) * (1.0 + x))
}

/// The generator of an account: its draws depend on nothing but the seed and its key.
pub(super) fn account_stream(seed: u64, key: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&key.to_le_bytes());
    bytes[16] = 1;
    ChaCha8Rng::from_seed(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = DAY_MICROS;

    #[test]
    fn exposures_decay_restart_after_a_win_and_cover_the_span() {
        let feature = Feature { channel: 0, half_life_days: 10.0, role: Role::Credited };
        let features = [feature, Feature { channel: super::super::SALES, ..feature }];
        let clock = Clock { period_days: 7, seed: 3, hours: vec![0, DAY / 2] };
        let walker = Walker::new(&features, 1, None, &clock);
        let subject = Subject {
            key: 5,
            from: 0,
            until: 60 * DAY,
            conversions: &[20 * DAY, 40 * DAY],
            covariates: &[],
            touched_at: &[-10 * DAY, 10 * DAY, 10 * DAY, 30 * DAY],
            channels: &[0, 0, super::super::SALES, 0],
        };
        let (mut time, mut conversions) = (0.0, Vec::new());
        let mut last = i64::MIN;
        walker.walk(subject, |point, exposures, _| {
            assert!(point.at >= last);
            last = point.at;
            time += point.days;
            if point.days == 0.0 {
                conversions.push((point.at / DAY, point.is_customer, exposures.to_vec()));
            }
        });
        assert!((time - 60.0).abs() < 1e-9);
        // By hand: the touches 30 and 10 days before day 20 leave 1/8 + 1/2; after the win only day 30 counts.
        let expected = [(20, false, [1.625_f64.ln(), 1.5_f64.ln()]), (40, true, [1.5_f64.ln(), 0.0])];
        assert_eq!(conversions.len(), 2);
        for ((day, customer, got), (want_day, want_customer, want)) in conversions.iter().zip(expected) {
            assert_eq!((*day, *customer), (want_day, want_customer));
            assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
        }
    }
}
