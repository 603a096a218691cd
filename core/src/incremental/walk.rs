//! The walk along one account: its exposures at every conversion, and at one point of every period.
//!
//! The likelihood of conversions at times t_j under the rate λ is Π λ(t_j)·exp(−∫λ). The integral is a sum over periods of
//! the rate at a point drawn evenly inside the period, times its length (Berman and Turner 1992, *Approximating point
//! process likelihoods with GLIM*; drawing the point makes the sum unbiased however fast exposures decay). So each
//! conversion is a row without time, each period a row of time without conversion, and the rows are a Poisson regression.

use super::clock::{Clock, account_stream, end_of_season, left_out};
use super::expectation::{Expectation, Stretch};
use super::lag::{Lag, Step, Trace};
use super::subjects::{SALES, Subject};
use crate::journey::{DAY_MICROS, days};

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
    features: &'a [Feature],
    /// The lags there are, and which of them each feature has.
    lags: Vec<Lag>,
    lag_of: Vec<usize>,
    /// The positions of the observed features: all, those of each channel code, and those of sales.
    observed: Vec<usize>,
    of_channel: Vec<Vec<usize>>,
    of_sales: Vec<usize>,
    /// Those of the expected ones.
    expected: Vec<usize>,
    /// Per feature, the exposure of an account without history, if it is an expected one.
    silent: Vec<f64>,
    expectation: Option<&'a Expectation>,
    clock: &'a Clock,
    /// The chance of a period after a touch to be kept.
    keep: f64,
}

/// Where an account stands during the walk.
struct Standing<'s> {
    subject: Subject<'s>,
    stretches: Vec<Stretch>,
    traces: Vec<Trace>,
    /// Up to when the traces were carried along.
    now: i64,
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
        let positions = |of: &dyn Fn(&Feature) -> bool| -> Vec<usize> {
            features.iter().enumerate().filter(|(_, f)| of(f)).map(|(position, _)| position).collect()
        };
        let of = |code: u32| positions(&|f| f.channel == code && f.role != Role::Expected);
        let codes = u32::try_from(channel_count).unwrap_or(u32::MAX);
        let mut lags: Vec<Lag> = Vec::new();
        let mut lag_of = Vec::new();
        for feature in features {
            let known = lags.iter().position(|lag| *lag == feature.lag);
            lag_of.push(known.unwrap_or(lags.len()));
            if known.is_none() {
                lags.push(feature.lag);
            }
        }
        let silent = |feature: &Feature| {
            let expectation = expectation.filter(|_| feature.role == Role::Expected);
            expectation.map_or(0.0, |expectation| feature.lag.steady(expectation.silent_rate(feature.channel)))
        };
        Self {
            features,
            lags,
            lag_of,
            observed: positions(&|f| f.role != Role::Expected),
            of_channel: (0..codes).map(of).collect(),
            of_sales: of(SALES),
            expected: positions(&|f| f.role == Role::Expected),
            silent: features.iter().map(silent).collect(),
            expectation,
            clock,
            keep,
        }
    }

    /// Calls `visit` for the account's points in order of time, a conversion after the period points at its instant, with
    /// ln(1 + exposure) per feature, or nothing where none is above the floor. Time before the first touch is told exactly,
    /// season by season; of the periods after it some are left out, and the others stand for them.
    pub(super) fn walk(&self, subject: Subject<'_>, mut visit: impl FnMut(Point, Option<&[f64]>)) {
        let mut exposures = vec![0.0_f64; self.features.len()];
        let mut standing = Standing {
            subject,
            stretches: self.expectation.map_or_else(Vec::new, |expectation| expectation.stretches(subject)),
            traces: vec![Trace::default(); self.features.len()],
            now: i64::MIN,
            next_touch: 0,
            is_customer: false,
        };
        let mut conversions = subject.conversions.iter().copied().peekable();
        let first_touch = subject.touched_at.first().copied().unwrap_or(i64::MAX);
        let mut start = subject.from;
        while start < first_touch.min(subject.until) {
            while let Some(converted_at) = conversions.next_if(|&converted_at| converted_at <= start) {
                self.convert(&mut standing, converted_at, &mut exposures, &mut visit);
            }
            let next_conversion = conversions.peek().copied().unwrap_or(i64::MAX);
            let end = first_touch.min(subject.until).min(next_conversion).min(end_of_season(start));
            visit(Point { at: start, days: days(end - start), is_customer: standing.is_customer }, None);
            start = end;
        }
        let mut rng = account_stream(self.clock.seed, subject.key);
        let period = i64::from(self.clock.period_days) * DAY_MICROS;
        loop {
            start = start.saturating_add(left_out(&mut rng, self.keep).saturating_mul(period));
            if start >= subject.until {
                break;
            }
            let end = start.saturating_add(period).min(subject.until);
            let at = self.clock.point(&mut rng, start, end);
            while let Some(converted_at) = conversions.next_if(|&converted_at| converted_at < at) {
                self.convert(&mut standing, converted_at, &mut exposures, &mut visit);
            }
            let any = self.arrive(&mut standing, at, &mut exposures);
            let point = Point { at, days: days(end - start) / self.keep, is_customer: standing.is_customer };
            visit(point, any.then_some(&exposures));
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
        standing.traces.fill(Trace::default());
        standing.is_customer = true;
    }

    /// Takes in the touches up to `at` and writes the exposures there; whether any is above the floor.
    fn arrive(&self, standing: &mut Standing<'_>, at: i64, exposures: &mut [f64]) -> bool {
        self.observe(standing, at);
        if let Some(expectation) = self.expectation.filter(|_| !self.expected.is_empty()) {
            self.expect(expectation, standing, at);
        }
        standing.now = at;
        let mut any = false;
        for (position, feature) in self.features.iter().enumerate() {
            let x = feature.lag.exposure(standing.traces[position]);
            let (is_above, silent) = (x.abs() >= FLOOR, self.silent[position]);
            any |= is_above;
            exposures[position] = match feature.role {
                _ if !is_above => 0.0,
                Role::Expected => expected_log(feature.lag, silent + x) - expected_log(feature.lag, silent),
                Role::Credited | Role::Control => x.ln_1p(),
            };
        }
        any
    }

    /// Fades what was observed and takes in the touches up to `at`.
    fn observe(&self, standing: &mut Standing<'_>, at: i64) {
        let Subject { touched_at, channels, .. } = standing.subject;
        if standing.next_touch > 0 && at > standing.now {
            let steps = self.steps(days(at - standing.now));
            self.observed.iter().for_each(|&position| standing.traces[position].pass(&steps[self.lag_of[position]]));
        }
        while let Some(&touched) = touched_at.get(standing.next_touch).filter(|&&touched| touched <= at) {
            for &position in self.features_of(channels[standing.next_touch]) {
                standing.traces[position].touched(&self.features[position].lag.step(days(at - touched)));
            }
            standing.next_touch += 1;
        }
    }

    /// Lets what was to be expected grow by what each stretch until `at` brings in excess.
    fn expect(&self, expectation: &Expectation, standing: &mut Standing<'_>, until: i64) {
        let known_from = standing.subject.touched_at.first().map_or(until, |&at| at.min(until));
        let mut now = standing.now.max(known_from);
        let first = standing.stretches.partition_point(|stretch| stretch.end <= now);
        for stretch in &standing.stretches[first..] {
            if now >= until {
                break;
            }
            let end = stretch.end.min(until);
            let steps = self.steps(days(end - now));
            for &position in &self.expected {
                let rate = expectation.excess(self.features[position].channel, stretch.state);
                standing.traces[position].pass_at(&steps[self.lag_of[position]], rate);
            }
            now = end;
        }
    }

    fn steps(&self, days: f64) -> Vec<Step> {
        self.lags.iter().map(|lag| lag.step(days)).collect()
    }

    fn features_of(&self, channel: u32) -> &[usize] {
        if channel == SALES {
            return &self.of_sales;
        }
        self.of_channel.get(channel as usize).map_or(&[], Vec::as_slice)
    }
}

/// E ln(1 + X) of an exposure X with mean x: decayed touches at random times are shot noise with a variance in
/// proportion to x (Campbell's theorem), here to second order. What is controlled for is the mean of what enters the model.
fn expected_log(lag: Lag, x: f64) -> f64 {
    let x = x.max(0.0);
    x.ln_1p() - lag.dispersion() * x / (2.0 * (1.0 + x) * (1.0 + x))
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
