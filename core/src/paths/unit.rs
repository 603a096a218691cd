//! The units in which fractions are counted: powers of two, so that nothing but what is smaller is lost, and so that
//! whatever is added in them adds up to the same whatever comes first.

use crate::number::number;
use crate::statistics::money;

/// A column's total is at most 2⁴⁴ units where journeys are counted, which leaves room for paths that repeat a step a
/// million times.
const COUNTING_BITS: i32 = 44;
/// Sums are at most 2¹⁰⁰ units: finer than any sum of floating-point numbers.
const SUMMING_BITS: i32 = 100;
/// Powers of two that a floating-point number holds with room to spare.
const EXPONENTS: std::ops::RangeInclusive<i32> = -1000..=1000;

/// How many units make one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit(f64);

impl Unit {
    /// For sums of up to `terms` numbers that are no larger than `largest`.
    pub(super) fn for_sums(largest: f64, terms: usize) -> Self {
        Self::with(SUMMING_BITS, exponent(largest) + exponent(number(terms as u64)))
    }

    /// For counts that add up to `total`: whole counts are counted as they are where they fit, fractions as finely as
    /// fits.
    pub(super) fn for_counts(total: f64, whole: bool) -> Self {
        let finest = Self::for_amounts(total);
        if whole { Self(finest.0.min(1.0)) } else { finest }
    }

    /// For amounts whose magnitudes add up to `total`, as finely as fits.
    pub(super) fn for_amounts(total: f64) -> Self {
        Self::with(COUNTING_BITS, exponent(total))
    }

    fn with(bits: i32, exponent: i32) -> Self {
        Self(2.0_f64.powi((bits - exponent).clamp(*EXPONENTS.start(), *EXPONENTS.end())))
    }

    /// A count, at least zero, in units.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "non-negative and at most 2⁴⁴")]
    pub(super) fn count(self, count: f64) -> u64 {
        (count * self.0).round() as u64
    }

    /// An amount in units.
    #[expect(clippy::cast_possible_truncation, reason = "at most 2¹⁰⁰")]
    pub(super) fn amount(self, amount: f64) -> i128 {
        (amount * self.0).round() as i128
    }

    /// What so many units are.
    pub(super) fn number(self, units: i128) -> f64 {
        money(units) / self.0
    }
}

/// The least power of two that is no smaller; 0 for zero.
#[expect(clippy::cast_possible_truncation, reason = "the exponent of a finite number")]
fn exponent(size: f64) -> i32 {
    if size == 0.0 { 0 } else { size.min(f64::MAX).log2().ceil() as i32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_order_and_lose_nothing() {
        let terms = [1e16, 1.0, -1e16, 0.5];
        let unit = Unit::for_sums(1e16, terms.len());
        let sum = |order: [usize; 4]| unit.number(order.iter().map(|&term| unit.amount(terms[term])).sum());
        assert_eq!(sum([0, 1, 2, 3]), 1.5);
        assert_eq!(sum([3, 1, 2, 0]), 1.5);
    }

    #[test]
    fn no_size_is_out_of_range() {
        for size in [0.0, 5e-324, 1e-300, 1.0, 1e300, f64::MAX] {
            let unit = Unit::for_sums(size, 1_000_000);
            assert!(unit.amount(size) <= 1 << SUMMING_BITS, "{size}");
            assert!(unit.number(unit.amount(size)).is_finite(), "{size}");
            assert!(Unit::for_counts(size, false).count(size) <= 1 << COUNTING_BITS, "{size}");
        }
    }
}
