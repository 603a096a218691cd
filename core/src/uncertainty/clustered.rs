//! The closed form: a sum over accounts, its square, and what follows for money, `roi` and cost.

use super::{Interval, normal_quantile};

/// A sum over accounts with what its interval needs. Integers only, so that any order gives the same bytes.
///
/// Parts are minor units of money or share units (2⁻⁴⁸ of a deal), one per account: add an account's deals together
/// before [`add`](Self::add). The parts' magnitudes may sum to 2⁶³; beyond that the squares saturate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClusteredSum {
    total: i128,
    squares: u128,
    accounts: u64,
    has_negative: bool,
}

impl ClusteredSum {
    /// A sum whose parts were added elsewhere: their `total`, the sum of their `squares`, how many `accounts` they come
    /// from, and whether one of them is negative.
    pub fn from_sums(total: i128, squares: u128, accounts: u64, has_negative: bool) -> Self {
        Self { total, squares, accounts, has_negative }
    }

    /// Adds the whole part of one account; zero changes nothing.
    pub fn add(&mut self, part: i128) {
        if part == 0 {
            return;
        }
        let magnitude = part.unsigned_abs();
        self.total = self.total.saturating_add(part);
        self.squares = self.squares.saturating_add(magnitude.saturating_mul(magnitude));
        self.accounts += 1;
        self.has_negative |= part < 0;
    }

    /// Adds the sums of other accounts.
    pub fn merge(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        self.squares = self.squares.saturating_add(other.squares);
        self.accounts += other.accounts;
        self.has_negative |= other.has_negative;
    }

    /// The sum.
    pub fn total(&self) -> i128 {
        self.total
    }

    /// How many accounts carry it.
    pub fn accounts(&self) -> u64 {
        self.accounts
    }

    /// The interval of the sum at `level`, in the unit of the parts times `unit` (0.01 for cents as money).
    /// `None` when every account's part is zero: there is nothing to judge by.
    #[expect(clippy::cast_precision_loss, reason = "an interval to read, not to add")]
    pub fn interval(&self, unit: f64, level: f64) -> Option<Interval> {
        (self.squares > 0).then(|| {
            let total = self.total as f64 * unit;
            let se = (self.squares as f64).sqrt() * unit;
            let z = normal_quantile(level);
            if self.has_negative {
                Interval { se, low: total - z * se, high: total + z * se }
            } else {
                let ratio = (z * se / total).exp();
                Interval { se, low: total / ratio, high: total * ratio }
            }
        })
    }

    /// The interval of `roi` = sum / spend − 1, spend fixed and in the unit of the sum. `None` without spend.
    pub fn roi_interval(&self, unit: f64, spend: f64, level: f64) -> Option<Interval> {
        if spend <= 0.0 {
            return None;
        }
        let sum = self.interval(unit, level)?;
        Some(Interval { se: sum.se / spend, low: sum.low / spend - 1.0, high: sum.high / spend - 1.0 })
    }

    /// The interval of `cost_per_new_customer` = spend / sum, the sum being of `new` deals (`unit` 2⁻⁴⁸ for shares),
    /// spend fixed. The standard error is spend·se/sum² (delta method), the ends are those of the sum, inverted.
    /// `None` without spend, or when the sum could be zero.
    #[expect(clippy::cast_precision_loss, reason = "an interval to read, not to add")]
    pub fn cost_interval(&self, unit: f64, spend: f64, level: f64) -> Option<Interval> {
        let sum = self.interval(unit, level)?;
        if spend <= 0.0 || sum.low <= 0.0 {
            return None;
        }
        let total = self.total as f64 * unit;
        Some(Interval { se: spend * sum.se / (total * total), low: spend / sum.high, high: spend / sum.low })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::{percentile_interval, poisson_weights};
    use proptest::prelude::*;

    fn sum(parts: &[i128]) -> ClusteredSum {
        let mut sum = ClusteredSum::default();
        parts.iter().for_each(|&part| sum.add(part));
        sum
    }

    #[test]
    fn by_hand() {
        // 300 and 400 cents: se = 500 cents; ratio = exp(1.96·5/7).
        let interval = sum(&[30_000, 40_000]).interval(0.01, 0.95).unwrap();
        assert!((interval.se - 500.0).abs() < 1e-9);
        let ratio = (1.959_963_984_540_054_f64 * 5.0 / 7.0).exp();
        assert!((interval.low - 700.0 / ratio).abs() < 1e-6 && (interval.high - 700.0 * ratio).abs() < 1e-6);
        let roi = sum(&[30_000, 40_000]).roi_interval(0.01, 350.0, 0.95).unwrap();
        assert!((roi.se - 500.0 / 350.0).abs() < 1e-12 && roi.low > -1.0);
        // Two customers: se √2, cost 350/2, its se 350·√2/4.
        let cost = sum(&[1, 1]).cost_interval(1.0, 350.0, 0.95).unwrap();
        assert!((cost.se - 350.0 * 2.0_f64.sqrt() / 4.0).abs() < 1e-9);
        assert!(cost.covers(175.0));
    }

    #[test]
    fn nothing_to_judge_by() {
        assert_eq!(sum(&[]).interval(1.0, 0.95), None);
        assert_eq!(sum(&[5]).roi_interval(1.0, 0.0, 0.95), None);
        assert_eq!(sum(&[5, -5]).cost_interval(1.0, 10.0, 0.95), None);
        let refunded = sum(&[5, -5]).interval(1.0, 0.95).unwrap();
        assert!((refunded.low + refunded.high).abs() < 1e-12);
    }

    /// The Poisson bootstrap and the closed form say the same: money of 400 accounts, 4,000 replicates.
    #[test]
    fn the_closed_form_is_the_bootstrap() {
        let parts: Vec<i128> = (0..400).map(|account: i128| 1_000 + account * account % 7_919 * 13).collect();
        let closed = sum(&parts).interval(1.0, 0.95).unwrap();
        let mut replicates = vec![0.0; 4_000];
        let mut weights = vec![0; replicates.len()];
        for (account, &part) in (0..).zip(&parts) {
            poisson_weights(11, account, &mut weights);
            for (replicate, &weight) in replicates.iter_mut().zip(&weights) {
                *replicate += part as f64 * f64::from(weight);
            }
        }
        let bootstrap = percentile_interval(&replicates, 0.95).unwrap();
        // The bootstrap's own error: 1/√(2·4,000) of the se, about twice that of se for a percentile.
        assert!((bootstrap.se / closed.se - 1.0).abs() < 0.05, "{} {}", bootstrap.se, closed.se);
        assert!((bootstrap.low - closed.low).abs() < 0.2 * closed.se, "{bootstrap:?} {closed:?}");
        assert!((bootstrap.high - closed.high).abs() < 0.2 * closed.se, "{bootstrap:?} {closed:?}");
    }

    proptest! {
        #[test]
        fn order_and_grouping_change_nothing(parts in prop::collection::vec(-1_000_000_i64..1_000_000, 0..50), cut in 0..50_usize) {
            let parts: Vec<i128> = parts.into_iter().map(i128::from).collect();
            let (left, right) = parts.split_at(cut.min(parts.len()));
            let mut merged = sum(right);
            merged.merge(&sum(left));
            prop_assert_eq!(merged, sum(&parts));
        }
    }
}
