//! Which accounts are looked at: all of them, or as many as it takes.
//!
//! Beyond [`max_conversions`](super::IncrementalSettings::max_conversions) more accounts make the intervals narrower than what
//! observation can know at all: at ten thousand the standard error of a share is below a hundredth. Accounts are then drawn
//! evenly by their keys, and of those that did not convert only [`OTHERS_PER_CONVERSION`] per conversion, each standing for
//! 1/p of its kind (a case-cohort design with sampling fractions: Barlow 1994, *Robust variance estimation for the case-cohort
//! design*). Scores are weighted alike, so that the standard errors are those of what was looked at.

use super::clock::account_stream;
use super::settings::IncrementalSettings;
use super::subjects::Subjects;
use crate::number::size;
use rand::RngExt;
use rayon::prelude::*;

/// Accounts without a conversion that are looked at per conversion, in expectation.
const OTHERS_PER_CONVERSION: f64 = 30.0;
/// Sets these draws apart from the others.
const SAMPLE_SEED: u64 = 0x7361_6d70;

/// How likely an account is looked at. What it decides depends on the account's key alone, whoever asks and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    seed: u64,
    of_all: f64,
    of_others: f64,
}

impl Sampling {
    /// For so many accounts, of which some converted, once or several times.
    pub fn new(accounts: usize, converted: usize, conversions: usize, settings: &IncrementalSettings) -> Self {
        let (others, conversions) = (size(accounts - converted), size(conversions));
        Self {
            seed: settings.seed,
            of_all: (f64::from(settings.max_conversions) / conversions.max(1.0)).min(1.0),
            of_others: (OTHERS_PER_CONVERSION * conversions / others.max(1.0)).min(1.0),
        }
    }

    /// How many accounts of its kind an account of the sample stands for within it; `None` for one outside the sample.
    pub fn weight(&self, key: u64, is_converted: bool) -> Option<f64> {
        let share = if is_converted { 1.0 } else { self.of_others };
        let chance = self.of_all * share;
        let is_in = chance >= 1.0 || account_stream(self.seed ^ SAMPLE_SEED, key).random::<f64>() < chance;
        is_in.then_some(1.0 / share)
    }
}

/// Accounts in the order of their keys, so that the order of adding changes nothing.
#[derive(Debug)]
pub(super) struct Sample {
    /// Position among the subjects, and how many of its kind the account stands for within the sample.
    pub accounts: Vec<(usize, f64)>,
    /// How many of all accounts one of the sample stands for.
    pub represents: f64,
}

impl Sample {
    pub(super) fn draw(subjects: &Subjects, settings: &IncrementalSettings) -> Self {
        let sampling = subjects.sampling().unwrap_or_else(|| {
            let converted = (0..subjects.len()).filter(|&at| !subjects.get(at).conversions.is_empty()).count();
            Sampling::new(subjects.len(), converted, subjects.conversion_count(), settings)
        });
        let look = |position: usize| {
            let subject = subjects.get(position);
            let weight = sampling.weight(subject.key, !subject.conversions.is_empty())?;
            Some((subject.key, position, weight))
        };
        let mut drawn: Vec<(u64, usize, f64)> = (0..subjects.len()).into_par_iter().filter_map(look).collect();
        drawn.sort_by_key(|&(key, ..)| key);
        let accounts = drawn.into_iter().map(|(_, position, weight)| (position, weight)).collect();
        Self { accounts, represents: 1.0 / sampling.of_all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incremental::Subject;

    fn at_most(max_conversions: u32) -> IncrementalSettings {
        IncrementalSettings { max_conversions, seed: 1, ..Default::default() }
    }

    fn population(accounts: u64, converted: u64) -> Subjects {
        let mut subjects = Subjects::new(0);
        for key in (0..accounts).rev() {
            let conversions: &[i64] = if key < converted { &[5] } else { &[] };
            let blank =
                Subject { key, from: 0, until: 10, conversions, covariates: &[], touched_at: &[], channels: &[] };
            subjects.push(blank).unwrap();
        }
        subjects
    }

    #[test]
    fn few_accounts_are_all_looked_at_in_order() {
        let sample = Sample::draw(&population(1_000, 100), &at_most(500));
        assert_eq!(sample.represents, 1.0);
        assert_eq!(sample.accounts, (0..1_000).rev().map(|position| (position, 1.0)).collect::<Vec<_>>());
    }

    /// Of 2,000 conversions 500 are wanted; of 198,000 others a quarter of 60,000. Four standard errors of the draws.
    #[test]
    fn of_many_a_weighted_part_stands_for_all() {
        let subjects = population(200_000, 2_000);
        let sample = Sample::draw(&subjects, &at_most(500));
        let converted = |&&(position, _): &&(usize, f64)| !subjects.get(position).conversions.is_empty();
        let cases = size(sample.accounts.iter().filter(converted).count());
        let others: f64 =
            sample.accounts.iter().filter(|&account| !converted(&account)).map(|(_, weight)| weight).sum();
        assert_eq!(sample.represents, 4.0);
        assert!((cases - 500.0).abs() < 4.0 * 375.0_f64.sqrt(), "{cases}");
        assert!((others - 49_500.0).abs() < 4.0 * 3.3 * 15_000.0_f64.sqrt(), "{others}");
        assert!(sample.accounts.len() < 16_500);
    }

    /// Whether accounts are left out before or after they are added makes no difference.
    #[test]
    fn subjects_may_be_sampled_as_they_come() {
        let everybody = population(200_000, 2_000);
        let sampling = Sampling::new(200_000, 2_000, 2_000, &at_most(500));
        let mut some = Subjects::sampled(0, sampling);
        for subject in (0..everybody.len()).map(|position| everybody.get(position)) {
            if some.wants(subject.key, !subject.conversions.is_empty()) {
                some.push(subject).unwrap();
            }
        }
        let told = |subjects: &Subjects| -> Vec<(u64, f64)> {
            let sample = Sample::draw(subjects, &at_most(500));
            assert_eq!(sample.represents, 4.0);
            sample.accounts.iter().map(|&(position, weight)| (subjects.get(position).key, weight)).collect()
        };
        assert_eq!(told(&some), told(&everybody));
        assert_eq!(told(&some).len(), some.len());
    }
}
