//! The ledger: credits become integer shares, shares become money, and nothing is lost on the way.
//!
//! Both steps are one rule, the largest remainder (Hamilton's method of apportionment): everybody gets the floor, and
//! what is left goes, unit by unit, to the largest remainders; ties go to the earlier touch, the residual is last.

mod portion;
mod remainders;
mod residual;

pub use portion::portion;
pub use residual::{Bucket, Residual};

use crate::number::number;
use remainders::Largest;

/// The whole of a deal in share units: a share is an integer multiple of 2⁻⁴⁸.
pub const WHOLE: u64 = 1 << 48;

/// A share as a number, exactly: an integer of at most 2⁴⁸ over 2⁴⁸.
#[expect(clippy::cast_precision_loss, reason = "at most 49 bits")]
pub fn fraction(share: u64) -> f64 {
    share as f64 / WHOLE as f64
}

/// What a model gave that cannot be turned into shares.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CreditError {
    /// A credit is negative, infinite or not a number.
    #[error("credit {credit} at position {position} is not a finite non-negative number")]
    Invalid {
        /// The offending credit.
        credit: f64,
        /// Its position; the number of touches stands for the residual.
        position: usize,
    },
    /// All credits are zero, or their sum overflows.
    #[error("credits sum to {0}, which cannot be divided")]
    Indivisible(f64),
}

/// Turns credits into shares and shares into money. Holds only scratch space, so one per thread is enough.
#[derive(Debug, Default)]
pub struct Allotter {
    remainders: Vec<u64>,
    /// What is still to be given, per way of sharing.
    left: Vec<u64>,
    largest: Largest,
}

impl Allotter {
    /// Writes to `shares` the integer share of each credit and returns the residual's, so that all of them sum to
    /// exactly [`WHOLE`]. Credits need not be normalised.
    ///
    /// The floors never sum past the whole: with a compensated sum the scaled credits carry a relative error of at
    /// most 3·2⁻⁵³, together less than a tenth of a unit. Remainders count to 2⁻⁴⁸ of a unit.
    ///
    /// # Errors
    /// A credit that is not finite and non-negative, or credits that are all zero.
    pub fn shares(&mut self, credits: &[f64], residual: f64, shares: &mut [u64]) -> Result<u64, CreditError> {
        let tally = Tally::of(credits).with(credits.len(), residual);
        if tally.is_invalid {
            return Err(invalid_part(credits, residual));
        }
        let sum = tally.sum.value();
        let scale = number(WHOLE) / sum;
        if !(sum > 0.0 && scale.is_finite() && scale > 0.0) {
            return Err(CreditError::Indivisible(sum));
        }
        if tally.positive == 1 {
            shares.fill(0);
            return Ok(match shares.get_mut(tally.last_positive) {
                Some(share) => {
                    *share = WHOLE;
                    0
                }
                None => WHOLE,
            });
        }
        let split = |credit: f64| {
            let exact = credit * scale;
            let floor = to_integer(exact);
            (floor, to_integer((exact - number(floor)) * number(WHOLE)))
        };
        self.remainders.clear();
        let mut left = WHOLE;
        self.remainders.extend(credits.iter().zip(shares.iter_mut()).map(|(&credit, share)| {
            let (floor, remainder) = split(credit);
            *share = floor;
            left -= floor;
            remainder
        }));
        let (mut residual_share, remainder) = split(residual);
        left -= residual_share;
        self.remainders.push(remainder);
        self.largest.find(self.remainders.iter().copied(), left, |position, is_served| {
            *shares.get_mut(position).unwrap_or(&mut residual_share) += u64::from(is_served);
        });
        Ok(residual_share)
    }

    /// Writes to `amounts` the money of each share of `amount` (minor units, any sign, at most 18 digits), for several
    /// ways of sharing it side by side: `part · ways + way`, with the residual as the last part. Per way the shares sum to
    /// [`WHOLE`], and the amounts to exactly `amount`.
    pub fn amounts(&mut self, amount: i64, ways: usize, shares: &[u64], amounts: &mut [i64]) {
        let magnitude = amount.unsigned_abs();
        let sign = if amount < 0 { -1 } else { 1 };
        self.left.clear();
        self.left.resize(ways, magnitude);
        self.remainders.resize(shares.len(), 0);
        let parts = shares.chunks_exact(ways).zip(amounts.chunks_exact_mut(ways));
        for ((shares, amounts), remainders) in parts.zip(self.remainders.chunks_exact_mut(ways)) {
            let cells = shares.iter().zip(amounts).zip(remainders).zip(&mut self.left);
            for (((&share, amount), remainder), left) in cells {
                let (floor, rest) = split_at_unit(u128::from(magnitude) * u128::from(share));
                *amount = to_signed(floor).wrapping_mul(sign);
                *remainder = rest;
                *left = left.wrapping_sub(floor);
            }
        }
        for (way, &left) in self.left.iter().enumerate().filter(|(_, left)| **left > 0) {
            let remainders = self.remainders[way..].iter().step_by(ways).copied();
            let amounts = &mut amounts[way..];
            self.largest.find(remainders, left, |part, is_served| amounts[part * ways] += sign * i64::from(is_served));
        }
    }
}

/// What is to be known of credits before they are divided, in one pass.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sum: CompensatedSum,
    positive: usize,
    last_positive: usize,
    is_invalid: bool,
}

impl Tally {
    fn of(credits: &[f64]) -> Self {
        let mut tally = Self::default();
        for (position, &credit) in credits.iter().enumerate() {
            tally = tally.with(position, credit);
        }
        tally
    }

    #[inline]
    fn with(mut self, position: usize, credit: f64) -> Self {
        self.sum = self.sum.with(credit);
        if credit > 0.0 {
            self.positive += 1;
            self.last_positive = position;
        }
        self.is_invalid |= !is_valid(credit);
        self
    }
}

fn is_valid(credit: f64) -> bool {
    credit.is_finite() && credit >= 0.0
}

fn invalid_part(credits: &[f64], residual: f64) -> CreditError {
    let position = credits.iter().position(|credit| !is_valid(*credit)).unwrap_or(credits.len());
    CreditError::Invalid { credit: credits.get(position).copied().unwrap_or(residual), position }
}

/// Neumaier's compensated sum of non-negative terms: its error does not grow with their number.
#[derive(Debug, Clone, Copy, Default)]
struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    #[inline]
    fn with(self, term: f64) -> Self {
        let sum = self.sum + term;
        let (larger, smaller) = if self.sum >= term { (self.sum, term) } else { (term, self.sum) };
        Self { sum, lost: self.lost + ((larger - sum) + smaller) }
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// A sum of non-negative terms whose error does not grow with their number.
pub(crate) fn compensated_sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.fold(CompensatedSum::default(), CompensatedSum::with).value()
}

/// The floor of a float in 0..=2⁴⁸.
#[expect(clippy::cast_possible_truncation, reason = "2⁴⁸ fits")]
fn to_integer(float: f64) -> u64 {
    (float as i64).cast_unsigned()
}

#[expect(clippy::cast_possible_truncation, reason = "a share is at most one, so the floor fits the amount's 64 bits")]
fn split_at_unit(exact: u128) -> (u64, u64) {
    ((exact >> 48) as u64, (exact as u64) & (WHOLE - 1))
}

#[expect(clippy::cast_possible_wrap, reason = "amounts stay within the 18 digits of DECIMAL(18)")]
fn to_signed(magnitude: u64) -> i64 {
    magnitude as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allot(amount: i64, credits: &[f64], residual: f64) -> (Vec<i64>, i64) {
        let mut allotter = Allotter::default();
        let mut shares = vec![0; credits.len()];
        let residual_share = allotter.shares(credits, residual, &mut shares).unwrap();
        shares.push(residual_share);
        let mut amounts = vec![0; shares.len()];
        allotter.amounts(amount, 1, &shares, &mut amounts);
        let residual = amounts.pop().unwrap();
        (amounts, residual)
    }

    #[test]
    fn a_hundred_over_three() {
        assert_eq!(allot(10_000, &[1.0, 1.0, 1.0], 0.0).0, [3_334, 3_333, 3_333]);
        assert_eq!(allot(-10_000, &[1.0, 1.0, 1.0], 0.0).0, [-3_334, -3_333, -3_333]);
    }

    /// Adobe's published example: paid search 9 d, social 6 d, email and display 0 d, half-life 7 d, $50.
    #[test]
    fn adobe_fifty_dollars() {
        let credits: Vec<f64> = [9.0, 6.0, 0.0, 0.0].iter().map(|age: &f64| (-age / 7.0).exp2()).collect();
        assert_eq!(allot(5_000, &credits, 0.0).0, [692, 932, 1_688, 1_688]);
    }

    /// attribution.md §7.1: ages 38, 33, 26, 8, 0 days, half-life 7 d; plain rounding gives 12,000.01.
    #[test]
    fn twelve_thousand_decayed() {
        let credits: Vec<f64> = [38.0, 33.0, 26.0, 8.0, 0.0].iter().map(|age: &f64| (-age / 7.0).exp2()).collect();
        assert_eq!(allot(1_200_000, &credits, 0.0).0, [17_519, 28_744, 57_488, 341_704, 754_545]);
    }

    #[test]
    fn ties_go_to_the_earlier_touch_and_the_residual_is_last() {
        assert_eq!(allot(1, &[1.0, 1.0], 1.0), (vec![1, 0], 0));
        assert_eq!(allot(2, &[1.0, 1.0], 1.0), (vec![1, 1], 0));
    }

    #[test]
    fn credits_that_cannot_be_divided_are_refused() {
        let mut allotter = Allotter::default();
        let mut shares = [0; 2];
        assert_eq!(allotter.shares(&[0.0, 0.0], 0.0, &mut shares), Err(CreditError::Indivisible(0.0)));
        assert_eq!(
            allotter.shares(&[1.0, -0.5], 0.0, &mut shares),
            Err(CreditError::Invalid { credit: -0.5, position: 1 })
        );
        assert!(allotter.shares(&[1.0, f64::NAN], 0.0, &mut shares).is_err());
        assert!(allotter.shares(&[f64::MAX, f64::MAX], 0.0, &mut shares).is_err());
    }

    /// Exact apportionment in plain integer arithmetic, by repeated search for the largest remainder.
    fn oracle(amount: u64, shares: &[u64]) -> Vec<u64> {
        let mut units: Vec<u64> = shares
            .iter()
            .map(|&s| u64::try_from(u128::from(amount) * u128::from(s) / u128::from(WHOLE)).unwrap())
            .collect();
        let mut rest: Vec<i128> = shares
            .iter()
            .map(|&s| i128::try_from(u128::from(amount) * u128::from(s) % u128::from(WHOLE)).unwrap())
            .collect();
        for _ in 0..amount - units.iter().sum::<u64>() {
            let mut best = 0;
            for position in 1..rest.len() {
                if rest[position] > rest[best] {
                    best = position;
                }
            }
            units[best] += 1;
            rest[best] = -1;
        }
        units
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases()))]

        #[test]
        fn shares_sum_to_the_whole_and_follow_the_credits(
            credits in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1.0_f64, 0.0..1e-12_f64, 0.0..1e12_f64], 1..60),
            residual in prop_oneof![Just(0.0), 0.0..2.0_f64],
        ) {
            let sum: f64 = credits.iter().sum::<f64>() + residual;
            prop_assume!(sum > 1e-300);
            let mut shares = vec![0; credits.len()];
            let residual_share = Allotter::default().shares(&credits, residual, &mut shares).unwrap();
            prop_assert_eq!(shares.iter().sum::<u64>() + residual_share, WHOLE);
            for (credit, share) in credits.iter().zip(&shares) {
                prop_assert!((*share as f64 / WHOLE as f64 - credit / sum).abs() <= 2.0_f64.powi(-47));
                prop_assert!(*credit > 0.0 || *share == 0);
            }
        }

        /// Several ways of sharing at once, each against the oracle; a touch that has all and credits that are alike among them.
        #[test]
        fn money_conserves_and_equals_the_oracle(
            amount in -1_000_000_000_000_000_000_i64..1_000_000_000_000_000_000,
            (touches, credits) in (1..40_usize, 1..5_usize).prop_flat_map(|(touches, ways)| {
                let credit = prop_oneof![4 => 0.0..1.0_f64, 1 => Just(0.0), 1 => Just(0.5)];
                let way = prop::collection::vec(credit, touches + 1);
                (Just(touches), prop::collection::vec(way, ways))
            }),
        ) {
            prop_assume!(credits.iter().all(|credits| credits.iter().sum::<f64>() > 0.0));
            let (mut allotter, ways) = (Allotter::default(), credits.len());
            let mut shares = vec![0; (touches + 1) * ways];
            for (way, credits) in credits.iter().enumerate() {
                let mut of_way = vec![0; touches];
                let residual = allotter.shares(&credits[..touches], credits[touches], &mut of_way).unwrap();
                of_way.push(residual);
                for (part, share) in of_way.into_iter().enumerate() {
                    shares[part * ways + way] = share;
                }
            }
            let mut amounts = vec![0; shares.len()];
            allotter.amounts(amount, ways, &shares, &mut amounts);
            for way in 0..ways {
                let amounts: Vec<i64> = amounts[way..].iter().step_by(ways).copied().collect();
                let shares: Vec<u64> = shares[way..].iter().step_by(ways).copied().collect();
                prop_assert_eq!(amounts.iter().sum::<i64>(), amount);
                for (got, want) in amounts.iter().zip(oracle(amount.unsigned_abs(), &shares)) {
                    prop_assert_eq!(got.unsigned_abs(), want);
                }
            }
        }
    }

    /// 10⁵ cases in the normal run, more by `PROPTEST_CASES`.
    fn cases() -> u32 {
        std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
    }

    /// 2⁴⁸ = 3 · 93,824,992,236,885 + 1. One and two of three: the remainders are ⅓ and ⅔ of a unit, so the one unit left
    /// goes to the two, be it a touch's or the residual. Three alike: it goes to the first.
    #[test]
    fn shares_by_hand_whatever_was_shared_before() {
        let third = 93_824_992_236_885;
        let (mut allotter, mut two, mut three) = (Allotter::default(), [7; 2], [7; 3]);
        assert_eq!((allotter.shares(&[1.0, 2.0], 0.0, &mut two), two), (Ok(0), [third, 2 * third + 1]));
        assert_eq!((allotter.shares(&[1.0; 3], 0.0, &mut three), three), (Ok(0), [third + 1, third, third]));
        assert_eq!((allotter.shares(&[1.0, 0.0], 2.0, &mut two), two), (Ok(2 * third + 1), [third, 0]));
        assert_eq!((allotter.shares(&[0.0, 3.0], 0.0, &mut two), two), (Ok(0), [0, WHOLE]));
        assert_eq!((allotter.shares(&[0.0, 0.0], 3.0, &mut two), two), (Ok(WHOLE), [0, 0]));
        assert_eq!((allotter.shares(&[1e300, 1e300], 0.0, &mut two), two), (Ok(0), [WHOLE / 2; 2]));
    }

    /// Of one cent the second part has more by the least that shares can differ; of three each half has one, and the third is
    /// decided alike. Amounts know nothing of those before.
    #[test]
    fn money_by_hand_whatever_was_given_before() {
        let mut allotter = Allotter::default();
        let mut amounts = [7; 3];
        let shares = [WHOLE / 2 - 2, WHOLE / 2 - 1, 3];
        for (amount, want) in [(1, [0, 1, 0]), (3, [1, 2, 0]), (1, [0, 1, 0])] {
            allotter.amounts(amount, 1, &shares, &mut amounts);
            assert_eq!(amounts, want);
        }
    }

    /// 1 + 256 · 2⁻⁶⁰ = 1 + 2⁻⁵², the next number after one; each term alone is lost beside it.
    #[test]
    fn a_sum_keeps_what_each_addition_loses() {
        let tiny = std::iter::repeat_n(2.0_f64.powi(-60), 256);
        assert_eq!(compensated_sum(std::iter::once(1.0).chain(tiny)), 1.0 + f64::EPSILON);
    }

    #[test]
    fn a_share_is_a_part_of_the_whole() {
        assert_eq!([0, WHOLE / 4, WHOLE].map(fraction), [0.0, 0.25, 1.0]);
    }
}
