//! How many touches of a channel an account was to be expected to get, given what it had shown of its demand.
//!
//! Retargeting fires after visits, nurturing after sales calls: their touches go where intent is. Each channel's touches are
//! therefore judged against those expected of accounts with the same history: the rate of its touches by how long
//! ago the last control touch and the last sales touch were. The expected exposure enters as a control beside the observed one;
//! given it, who was touched is as good as drawn by lot, as far as the channel looks at nothing else (a balancing
//! score: Rosenbaum and Rubin 1983; for exposures over time, Robins 1999).

use super::sample::Sample;
use super::subjects::{SALES, Subject, Subjects};
use crate::journey::{DAY_MICROS, days};
use crate::parallel::sum_over;
use std::ops::Range;

/// Ends of the classes of recency, in days; beyond the last is one more class, which never having happened belongs to.
const RECENCY_DAYS: [i64; 7] = [1, 2, 4, 7, 14, 30, 60];
const CLASSES: usize = RECENCY_DAYS.len() + 1;
const STATES: usize = CLASSES * CLASSES;
/// The state of an account without any history.
const SILENT: usize = STATES - 1;
/// Pseudo-days at the overall rate, so that rare states do not run wild.
const PRIOR_DAYS: f64 = 100.0;

/// Accounts per piece of work.
const ACCOUNTS_PER_PIECE: usize = 1_024;

/// Rates of touches per day, by channel and state of history.
#[derive(Debug)]
pub(super) struct Expectation {
    is_control: Vec<bool>,
    /// Per channel code; empty for those not credited.
    rates: Vec<Vec<f64>>,
}

/// A stretch of time in one state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub end: i64,
    pub state: usize,
}

impl Expectation {
    /// Learns the rates of the credited channels from the sample.
    pub(super) fn learn(subjects: &Subjects, sample: &Sample, is_control: Vec<bool>, credited: &[u32]) -> Self {
        let mut counts = Counts::new(is_control.len());
        let mut expectation = Self { is_control, rates: Vec::new() };
        let of_accounts = |range: Range<usize>| {
            let mut counts = Counts::new(expectation.is_control.len());
            for &(position, weight) in &sample.accounts[range] {
                counts.count(&expectation, subjects.get(position), weight);
            }
            counts
        };
        sum_over(sample.accounts.len(), ACCOUNTS_PER_PIECE, of_accounts, |part| counts.add(&part));
        let all_days: f64 = counts.days.iter().sum::<f64>().max(1.0);
        expectation.rates = vec![Vec::new(); counts.touches.len()];
        for &channel in credited {
            let touches = &counts.touches[channel as usize];
            let overall = touches.iter().sum::<f64>() / all_days;
            let rate = |(count, days): (&f64, &f64)| (count + PRIOR_DAYS * overall) / (days + PRIOR_DAYS);
            expectation.rates[channel as usize] = touches.iter().zip(&counts.days).map(rate).collect();
        }
        expectation
    }

    /// The account's time cut by state, from the earliest it is known; the last stretch never ends.
    pub(super) fn stretches(&self, subject: Subject<'_>) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut last = [None::<i64>; 2];
        let mut now = subject.touched_at.first().map_or(subject.from, |&at| at.min(subject.from));
        for (&at, &channel) in subject.touched_at.iter().zip(subject.channels) {
            let which = match channel {
                SALES => 1,
                code if self.is_control.get(code as usize).is_some_and(|&is_control| is_control) => 0,
                _ => continue,
            };
            now = age(&mut stretches, last, now, at);
            last[which] = Some(at);
        }
        age(&mut stretches, last, now, i64::MAX);
        stretches
    }

    /// Touches per day of a channel in a state, beyond those of an account without history.
    pub(super) fn excess(&self, channel: u32, state: usize) -> f64 {
        let rates = &self.rates[channel as usize];
        rates[state] - rates[SILENT]
    }

    /// Touches per day of a channel in an account without history.
    pub(super) fn silent_rate(&self, channel: u32) -> f64 {
        self.rates[channel as usize][SILENT]
    }
}

/// Days and touches by state; touches by channel code too.
struct Counts {
    days: Vec<f64>,
    touches: Vec<Vec<f64>>,
}

impl Counts {
    fn new(channels: usize) -> Self {
        Self { days: vec![0.0; STATES], touches: vec![vec![0.0; STATES]; channels] }
    }

    fn count(&mut self, expectation: &Expectation, subject: Subject<'_>, weight: f64) {
        let mut now = subject.from;
        let stretches = expectation.stretches(subject);
        for stretch in &stretches {
            self.days[stretch.state] += weight * days((stretch.end.min(subject.until) - now).max(0));
            now = now.max(stretch.end);
        }
        for (&at, &channel) in subject.touched_at.iter().zip(subject.channels) {
            if at < subject.from || at > subject.until {
                continue;
            }
            // A touch at the instant of a change belongs to the stretch that ends there.
            let stretch = stretches.partition_point(|stretch| stretch.end < at);
            if let (Some(touches), Some(stretch)) = (self.touches.get_mut(channel as usize), stretches.get(stretch)) {
                touches[stretch.state] += weight;
            }
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |into: &mut [f64], from: &[f64]| into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        add(&mut self.days, &other.days);
        self.touches.iter_mut().zip(&other.touches).for_each(|(into, from)| add(into, from));
    }
}

/// Lets time pass from `now` to `until` without touches: writes the stretches, returns `until`.
fn age(stretches: &mut Vec<Stretch>, last: [Option<i64>; 2], mut now: i64, until: i64) -> i64 {
    while now < until {
        let class = |last: Option<i64>| {
            last.map_or(CLASSES - 1, |last| RECENCY_DAYS.partition_point(|&end| last + end * DAY_MICROS <= now))
        };
        let ends = |last: Option<i64>| {
            let class = class(last);
            last.and_then(|last| Some(last + RECENCY_DAYS.get(class)? * DAY_MICROS)).unwrap_or(i64::MAX)
        };
        let end = ends(last[0]).min(ends(last[1])).min(until);
        stretches.push(Stretch { end, state: class(last[0]) * CLASSES + class(last[1]) });
        now = end;
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = DAY_MICROS;

    #[test]
    fn time_is_cut_where_recency_changes_class() {
        let expectation = Expectation { is_control: vec![true, false], rates: Vec::new() };
        let touched_at = [3 * DAY, 5 * DAY, 6 * DAY];
        let subject = Subject {
            key: 0,
            from: 0,
            until: 100 * DAY,
            conversions: &[],
            covariates: &[],
            touched_at: &touched_at,
            channels: &[0, 1, SALES],
        };
        let (never, ends) = (CLASSES - 1, expectation.stretches(subject));
        let expected =
            [(3, never, never), (4, 0, never), (5, 1, never), (6, 2, never), (7, 2, 0), (8, 3, 1), (10, 3, 2)];
        for (stretch, (end, control, sales)) in ends.iter().zip(expected) {
            assert_eq!(*stretch, Stretch { end: end * DAY, state: control * CLASSES + sales });
        }
        assert_eq!(ends.last(), Some(&Stretch { end: i64::MAX, state: SILENT }));
    }

    /// Channel 1 touches once on each of the two days after a control touch, and never else.
    #[test]
    fn rates_follow_the_history() {
        let mut subjects = Subjects::new(0);
        for key in 0..2_000 {
            let touched_at = [10 * DAY, 10 * DAY + DAY / 2, 11 * DAY + DAY / 2];
            let (touched_at, channels): (&[i64], &[u32]) =
                if key < 1_000 { (&touched_at, &[0, 1, 1]) } else { (&[], &[]) };
            let subject =
                Subject { key, from: 0, until: 50 * DAY, conversions: &[], covariates: &[], touched_at, channels };
            subjects.push(subject).unwrap();
        }
        let sample = Sample { accounts: (0..2_000).map(|position| (position, 1.0)).collect(), represents: 1.0 };
        let expectation = Expectation::learn(&subjects, &sample, vec![true, false], &[1]);
        let state = |control: usize| control * CLASSES + CLASSES - 1;
        // Overall 2,000 touches in 100,000 days; the prior is 2 touches in 100 days.
        let silent = 2.0 / (60_000.0 + 100.0);
        let recent = 1_002.0 / 1_100.0;
        assert!((expectation.excess(1, state(0)) - (recent - silent)).abs() < 1e-9);
        assert!((expectation.excess(1, state(1)) - (recent - silent)).abs() < 1e-9);
        assert!(expectation.excess(1, state(4)).abs() < 1e-3);
        assert_eq!(expectation.excess(1, SILENT), 0.0);
    }
}
