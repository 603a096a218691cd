//! How an account's time is cut and drawn from: seasons, periods, and the points at which periods are looked at.
//!
//! A point's hour is drawn from the hours of the conversions: were deals closed at the end of the day, as dates without
//! a time are, and points looked at around the clock, the touches of the same day would seem to cause them.

use super::sample::Sample;
use super::subjects::Subjects;
use crate::account_stream::Purpose;
use crate::journey::DAY_MICROS;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// The length of a season: a quarter of the mean Gregorian year, counted from the epoch.
const SEASON_MICROS: i64 = 7_889_238_000_000;

/// How time is cut: whole days a period, and the hours at which points may lie.
#[derive(Debug)]
pub(super) struct Clock {
    pub period_days: u16,
    pub seed: u64,
    /// Microseconds into the day of every conversion, ascending; midnight ends a day.
    pub hours: Vec<i64>,
}

impl Clock {
    /// Hours are those of the sample's conversions.
    pub(super) fn new(period_days: u16, seed: u64, subjects: &Subjects, sample: &Sample) -> Self {
        let conversions = sample.accounts.iter().flat_map(|&(position, _)| subjects.get(position).conversions);
        let mut hours: Vec<i64> = conversions.map(|at| (at - 1).rem_euclid(DAY_MICROS) + 1).collect();
        hours.sort_unstable();
        Self { period_days, seed, hours }
    }

    /// A point after `start` and up to `end`: the hour of some conversion, on any of the days on which that hour lies between them;
    /// where there is none, any point between them.
    pub(super) fn point(&self, rng: &mut ChaCha8Rng, start: i64, end: i64) -> i64 {
        let draw = rng.next_u64() % self.hours.len().max(1) as u64;
        let hour = usize::try_from(draw).ok().and_then(|place| self.hours.get(place)).copied().unwrap_or(0);
        let days_until = |at: i64| (at - hour).div_euclid(DAY_MICROS);
        let (before, last) = (days_until(start), days_until(end));
        if before < last {
            rng.random_range(before + 1..=last) * DAY_MICROS + hour
        } else {
            rng.random_range(start..=end)
        }
    }
}

/// How many periods are left out before the next that is kept, of which there is a chance: geometric.
#[expect(clippy::cast_possible_truncation, reason = "a count; far beyond any span it saturates")]
pub(super) fn left_out(rng: &mut ChaCha8Rng, keep: f64) -> i64 {
    if keep >= 1.0 {
        return 0;
    }
    ((-rng.random::<f64>()).ln_1p() / (-keep).ln_1p()) as i64
}

/// The season of an instant.
pub(super) fn season(at: i64) -> i64 {
    at.div_euclid(SEASON_MICROS)
}

/// The first instant of the next season.
pub(super) fn end_of_season(at: i64) -> i64 {
    (season(at) + 1).saturating_mul(SEASON_MICROS)
}

/// The generator of an account: its draws depend on nothing but the seed and its key.
pub(super) fn account_stream(seed: u64, key: u64) -> ChaCha8Rng {
    crate::account_stream::account_stream(seed, key, Purpose::Incremental)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of periods kept with chance p, (1 − p)/p are left out before each, in the mean.
    #[test]
    fn periods_are_kept_as_often_as_they_should_be() {
        let mut rng = account_stream(1, 2);
        let left: i64 = (0..100_000).map(|_| left_out(&mut rng, 0.2)).sum();
        // The standard deviation of one is √(1 − p)/p = 4.5.
        assert!((left as f64 / 1e5 - 4.0).abs() < 4.0 * 4.5 / 1e5_f64.sqrt(), "{left}");
        assert_eq!(left_out(&mut rng, 1.0), 0);
    }

    /// Periods of three days that start at ten o'clock: every hour of the conversions is met alike, early and late ones, and on
    /// every day that it has within the period. One of five hours without any of them is met anywhere.
    #[test]
    fn points_lie_at_the_hours_of_conversions_on_every_day() {
        let hour = |hour: i64| hour * DAY_MICROS / 24;
        let clock = Clock { period_days: 3, seed: 1, hours: vec![hour(9), hour(11), hour(24)] };
        let (start, end) = (5 * DAY_MICROS + hour(10), 8 * DAY_MICROS + hour(10));
        let mut rng = account_stream(1, 2);
        let mut met = std::collections::BTreeMap::new();
        for _ in 0..90_000 {
            *met.entry(clock.point(&mut rng, start, end)).or_insert(0) += 1;
        }
        let expected = [(5, 11), (5, 24), (6, 9), (6, 11), (6, 24), (7, 9), (7, 11), (7, 24), (8, 9)];
        assert!(met.keys().copied().eq(expected.map(|(day, at)| day * DAY_MICROS + hour(at))));
        // Nine points: four standard deviations of the binomial distribution around 10,000.
        assert!(met.values().all(|&count: &i32| (count - 10_000).abs() < 4 * 94), "{met:?}");
        let (start, end) = (hour(12), hour(17));
        assert!((0..100).all(|_| (start..=end).contains(&clock.point(&mut rng, start, end))));
    }

    #[test]
    fn seasons_follow_each_other() {
        for at in [-1, 0, SEASON_MICROS - 1, 5 * SEASON_MICROS] {
            assert!(at < end_of_season(at) && season(end_of_season(at)) == season(at) + 1);
        }
    }
}
