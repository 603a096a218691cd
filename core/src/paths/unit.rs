//! The unit in which fractions are counted: a power of two, so that nothing but what is smaller is lost.

/// A column's total is at most 2⁴⁴ units, which leaves room for paths that repeat a step a million times.
const TOTAL_BITS: i32 = 44;

/// How many units make one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit(f64);

impl Unit {
    /// Whole counts are counted as they are where they fit; fractions as finely as fits.
    pub(super) fn of_counts(mut counts: impl Iterator<Item = f64> + Clone) -> Self {
        let finest = Self::of_amounts(counts.clone());
        if counts.all(|count| count.fract() == 0.0) { Self(finest.0.min(1.0)) } else { finest }
    }

    /// As finely as fits.
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of a finite number")]
    pub(super) fn of_amounts(amounts: impl Iterator<Item = f64>) -> Self {
        let total: f64 = amounts.map(f64::abs).fold(0.0, |sum, amount| (sum + amount).min(f64::MAX));
        if total == 0.0 { Self(1.0) } else { Self(2.0_f64.powi(TOTAL_BITS - total.log2().ceil() as i32)) }
    }

    /// A count, at least zero, in units.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "non-negative and at most 2⁴⁴")]
    pub(super) fn count(self, count: f64) -> u64 {
        (count * self.0).round() as u64
    }

    /// An amount in units.
    #[expect(clippy::cast_possible_truncation, reason = "at most 2⁴⁴")]
    pub(super) fn amount(self, amount: f64) -> i128 {
        (amount * self.0).round() as i128
    }
}
