//! The walk along one account: its exposures at every conversion, and at one point of every period.
//!
//! The likelihood of conversions at times t_j under the rate λ is Π λ(t_j)·exp(−∫λ). The integral is a sum over periods of
//! the rate at a point drawn evenly inside the period, times its length (Berman and Turner 1992, *Approximating point
//! process likelihoods with GLIM*; drawing the point makes the sum unbiased however fast exposures decay). So each
//! conversion is a row without time, each period a row of time without conversion, and the rows are a Poisson regression.
//! A point's hour is drawn from the hours of the conversions: were deals closed at the end of the day, as dates without
//! a time are, and points looked at around the clock, the touches of the same day would seem to cause them.

use super::expectation::{Expectation, Stretch};
use super::lag::{Lag, Trace};
use super::sample::Sample;
use super::subjects::{SALES, Subject, Subjects};
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
    /// How its touches come and go.
    pub lag: Lag,
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
}

/// The walk: what it collects, and where it stops.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    pub features: &'a [Feature],
    /// The positions of the observed features of each channel code, and of sales.
    of_channel: Vec<Vec<usize>>,
    of_sales: Vec<usize>,
    expectation: Option<&'a Expectation>,
    clock: &'a Clock,
    /// The chance of a period after a touch to be kept.
    keep: f64,
}

/// How time is cut: whole days a period, and the hours at which points may lie.
#[derive(Debug)]
pub(super) struct Clock {
    pub period_days: u16,
    seed: u64,
    /// Microseconds into the day of every conversion, ascending; midnight ends a day.
    hours: Vec<i64>,
}

impl Clock {
    /// Hours are those of the sample's conversions.
    pub(super) fn new(period_days: u16, seed: u64, subjects: &Subjects, sample: &Sample) -> Self {
        let conversions = sample.accounts.iter().flat_map(|&(position, _)| subjects.get(position).conversions);
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

/// Where an account stands during the walk.
struct Standing<'s> {
    subject: Subject<'s>,
    stretches: Vec<Stretch>,
    /// Per feature: its trace, and up to when it was carried along.
    traces: Vec<(Trace, i64)>,
    next_touch: usize,
    is_customer: bool,
}

impl<'a> Walker<'a> {
    /// `expectation` is needed where a feature is an expected exposure; `keep` is the chance of a period after a touch to be
    /// kept.
    pub(super) fn new(
        features: &'a [Feature],
        channel_count: usize,
        expectation: Option<&'a Expectation>,
        clock: &'a Clock,
        keep: f64,
    ) -> Self {
        let of = |code: u32| -> Vec<usize> {
            let observed = |f: &Feature| f.channel == code && f.role != Role::Expected;
            features.iter().enumerate().filter(|(_, f)| observed(f)).map(|(position, _)| position).collect()
        };
        let codes = u32::try_from(channel_count).unwrap_or(u32::MAX);
        let of_channel = (0..codes).map(of).collect();
        Self { features, of_channel, of_sales: of(SALES), expectation, clock, keep }
    }

    /// Calls `visit` for the account's points in order of time, a conversion after the period points at its instant, with
    /// ln(1 + exposure) per feature, or nothing where none is above the floor. Of the periods after the first touch some
    /// are left out, and the others stand for them.
    pub(super) fn walk(&self, subject: Subject<'_>, mut visit: impl FnMut(Point, Option<&[f64]>)) {
        let mut exposures = vec![0.0_f64; self.features.len()];
        let mut standing = Standing {
            subject,
            stretches: self.expectation.map_or_else(Vec::new, |expectation| expectation.stretches(subject)),
            traces: vec![(Trace::default(), i64::MIN); self.features.len()],
            next_touch: 0,
            is_customer: false,
        };
        let mut conversions = subject.conversions.iter().copied().peekable();
        let mut rng = account_stream(self.clock.seed, subject.key);
        let period = i64::from(self.clock.period_days) * DAY_MICROS;
        let first_touch = subject.touched_at.first().copied().unwrap_or(i64::MAX);
        let mut start = subject.from;
        while start < subject.until {
            let end = start.saturating_add(period).min(subject.until);
            let at = self.clock.point(&mut rng, start, end);
            let kept = rng.random::<f64>() < self.keep;
            while let Some(converted_at) = conversions.next_if(|&converted_at| converted_at < at) {
                self.convert(&mut standing, converted_at, &mut exposures, &mut visit);
            }
            let point = Point { at, days: days(end - start), is_customer: standing.is_customer };
            if at < first_touch {
                visit(point, None);
            } else if kept {
                let any = self.arrive(&mut standing, at, &mut exposures);
                visit(Point { days: point.days / self.keep, ..point }, any.then_some(&exposures));
            }
            start = end;
        }
        for converted_at in conversions {
            self.convert(&mut standing, converted_at, &mut exposures, &mut visit);
        }
    }

    fn convert(
        &self,
        standing: &mut Standing<'_>,
        at: i64,
        exposures: &mut [f64],
        visit: &mut impl FnMut(Point, Option<&[f64]>),
    ) {
        let any = self.arrive(standing, at, exposures);
        visit(Point { at, days: 0.0, is_customer: standing.is_customer }, any.then_some(exposures));
        standing.traces.fill((Trace::default(), at));
        standing.is_customer = true;
    }

    /// Takes in the touches up to `at` and writes the exposures there; whether any is above the floor.
    fn arrive(&self, standing: &mut Standing<'_>, at: i64, exposures: &mut [f64]) -> bool {
        let Subject { touched_at, channels, .. } = standing.subject;
        while let Some(&touched) = touched_at.get(standing.next_touch).filter(|&&touched| touched <= at) {
            for &feature in self.features_of(channels[standing.next_touch]) {
                self.pass(feature, standing, touched);
                standing.traces[feature].0.faded += 1.0;
            }
            standing.next_touch += 1;
        }
        let mut any = false;
        for (position, feature) in self.features.iter().enumerate() {
            self.pass(position, standing, at);
            let x = feature.lag.exposure(standing.traces[position].0);
            let is_above = x.abs() >= FLOOR;
            any |= is_above;
            exposures[position] = match self.silent_exposure(feature) {
                _ if !is_above => 0.0,
                None => x.ln_1p(),
                Some(silent) => expected_log(feature.lag, silent + x) - expected_log(feature.lag, silent),
            };
        }
        any
    }

    fn features_of(&self, channel: u32) -> &[usize] {
        if channel == SALES {
            return &self.of_sales;
        }
        self.of_channel.get(channel as usize).map_or(&[], Vec::as_slice)
    }

    /// Carries a trace along to `until`: observed ones fade, expected ones grow by what their stretches bring in excess.
    fn pass(&self, position: usize, standing: &mut Standing<'_>, until: i64) {
        let feature = self.features[position];
        let (trace, since) = &mut standing.traces[position];
        match self.expectation.filter(|_| feature.role == Role::Expected) {
            // Nothing has happened before the first touch.
            None if *since == i64::MIN => {}
            None => feature.lag.pass(trace, days(until - *since), 0.0),
            Some(expectation) => {
                let known_from = standing.subject.touched_at.first().map_or(until, |&at| at.min(until));
                let mut now = (*since).max(known_from);
                let first = standing.stretches.partition_point(|stretch| stretch.end <= now);
                for stretch in &standing.stretches[first..] {
                    if now >= until {
                        break;
                    }
                    let end = stretch.end.min(until);
                    feature.lag.pass(trace, days(end - now), expectation.excess(feature.channel, stretch.state));
                    now = end;
                }
            }
        }
        *since = until;
    }

    /// What an expected exposure is counted from: that of an account without history. `None` for observed ones.
    fn silent_exposure(&self, feature: &Feature) -> Option<f64> {
        let expectation = self.expectation.filter(|_| feature.role == Role::Expected)?;
        Some(feature.lag.steady(expectation.silent_rate(feature.channel)))
    }
}

/// E ln(1 + X) of an exposure X with mean x: decayed touches at random times are shot noise with a variance in
/// proportion to x (Campbell's theorem), here to second order. What is controlled for is the mean of what enters the model.
fn expected_log(lag: Lag, x: f64) -> f64 {
    let x = x.max(0.0);
    x.ln_1p() - lag.dispersion() * x / (2.0 * (1.0 + x) * (1.0 + x))
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
        let feature = Feature { channel: 0, lag: Lag { half_life_days: 10.0, rises: false }, role: Role::Credited };
        let features = [feature, Feature { channel: SALES, ..feature }];
        let clock = Clock { period_days: 7, seed: 3, hours: vec![0, DAY / 2] };
        let walker = Walker::new(&features, 1, None, &clock, 1.0);
        let subject = Subject {
            key: 5,
            from: 0,
            until: 60 * DAY,
            conversions: &[20 * DAY, 40 * DAY],
            covariates: &[],
            touched_at: &[-10 * DAY, 10 * DAY, 10 * DAY, 30 * DAY],
            channels: &[0, 0, SALES, 0],
        };
        let (mut time, mut conversions) = (0.0, Vec::new());
        let mut last = i64::MIN;
        walker.walk(subject, |point, exposures| {
            assert!(point.at >= last);
            last = point.at;
            time += point.days;
            if point.days == 0.0 {
                conversions.push((point.at / DAY, point.is_customer, exposures.unwrap().to_vec()));
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
