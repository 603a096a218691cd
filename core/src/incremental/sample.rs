//! Which accounts are looked at: all of them, or as many as it takes.
//!
//! Beyond [`ENOUGH_CONVERSIONS`] more accounts make the intervals narrower than what observation can know at all: at ten thousand
//! the standard error of a share is below a hundredth. Accounts are then drawn evenly by their keys, and of those
//! that did not convert only [`OTHERS_PER_CONVERSION`] per conversion, each standing for 1/p of its kind (a case-cohort
//! design with sampling fractions: Barlow 1994, *Robust variance estimation for the case-cohort design*). Scores are weighted
//! alike, so that the standard errors are those of what was looked at.

use super::subjects::Subjects;
use super::walk::account_stream;
use rand::RngExt;
use rayon::prelude::*;

/// Conversions that are looked at, in expectation.
const ENOUGH_CONVERSIONS: f64 = 10_000.0;
/// Accounts without a conversion that are looked at per conversion, in expectation.
const OTHERS_PER_CONVERSION: f64 = 30.0;
/// Sets these draws apart from the others.
const SAMPLE_SEED: u64 = 0x7361_6d70;

/// Accounts in the order of their keys, so that the order of adding changes nothing.
#[derive(Debug)]
pub(super) struct Sample {
    /// Position among the subjects, and how many of its kind the account stands for within the sample.
    pub accounts: Vec<(usize, f64)>,
    /// How many of all accounts one of the sample stands for.
    pub represents: f64,
}

impl Sample {
    pub(super) fn draw(subjects: &Subjects, seed: u64) -> Self {
        Self::of(subjects, seed, ENOUGH_CONVERSIONS)
    }

    fn of(subjects: &Subjects, seed: u64, enough: f64) -> Self {
        let conversions = count(subjects.conversion_count());
        let converted = (0..subjects.len()).filter(|&at| !subjects.get(at).conversions.is_empty()).count();
        let of_all = (enough / conversions.max(1.0)).min(1.0);
        let others = count(subjects.len() - converted);
        let of_others = (OTHERS_PER_CONVERSION * conversions / others.max(1.0)).min(1.0);
        let look = |position: usize| {
            let subject = subjects.get(position);
            let share = if subject.conversions.is_empty() { of_others } else { 1.0 };
            let drawn = of_all * share >= 1.0
                || account_stream(seed ^ SAMPLE_SEED, subject.key).random::<f64>() < of_all * share;
            drawn.then_some((subject.key, position, 1.0 / share))
        };
        let mut drawn: Vec<(u64, usize, f64)> = (0..subjects.len()).into_par_iter().filter_map(look).collect();
        drawn.sort_by_key(|&(key, ..)| key);
        let accounts = drawn.into_iter().map(|(_, position, weight)| (position, weight)).collect();
        Self { accounts, represents: 1.0 / of_all }
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2⁵³ accounts")]
pub(super) fn count(of: usize) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incremental::Subject;

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
        let sample = Sample::of(&population(1_000, 100), 1, 500.0);
        assert_eq!(sample.represents, 1.0);
        assert_eq!(sample.accounts, (0..1_000).rev().map(|position| (position, 1.0)).collect::<Vec<_>>());
    }

    /// Of 2,000 conversions 500 are wanted; of 198,000 others a quarter of 60,000. Four standard errors of the draws.
    #[test]
    fn of_many_a_weighted_part_stands_for_all() {
        let subjects = population(200_000, 2_000);
        let sample = Sample::of(&subjects, 1, 500.0);
        let converted = |&&(position, _): &&(usize, f64)| !subjects.get(position).conversions.is_empty();
        let cases = count(sample.accounts.iter().filter(converted).count());
        let others: f64 =
            sample.accounts.iter().filter(|&account| !converted(&account)).map(|(_, weight)| weight).sum();
        assert_eq!(sample.represents, 4.0);
        assert!((cases - 500.0).abs() < 4.0 * 375.0_f64.sqrt(), "{cases}");
        assert!((others - 49_500.0).abs() < 4.0 * 3.3 * 15_000.0_f64.sqrt(), "{others}");
        assert!(sample.accounts.len() < 16_500);
    }
}
