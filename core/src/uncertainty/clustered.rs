//! The closed form: a sum over accounts, its square, and the interval that follows.

use super::{Interval, normal_quantile};

/// A sum over accounts with what its interval needs. Integers only, so that any order gives the same bytes.
///
/// Parts are minor units of money or share units (2⁻⁴⁸ of a deal), one per account: that of all its deals together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusteredSum {
    /// The sum of the parts.
    pub total: i128,
    /// The sum of their squares.
    pub squares: u128,
    /// Whether one of them is negative.
    pub has_negative: bool,
}

impl ClusteredSum {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::{percentile_interval, poisson_weights};

    fn sum(parts: &[i128]) -> ClusteredSum {
        ClusteredSum {
            total: parts.iter().sum(),
            squares: parts.iter().map(|part| part.unsigned_abs().pow(2)).sum(),
            has_negative: parts.iter().any(|part| *part < 0),
        }
    }

    #[test]
    fn by_hand() {
        // 300 and 400 cents: se = 500 cents; ratio = exp(1.96·5/7).
        let interval = sum(&[30_000, 40_000]).interval(0.01, 0.95).unwrap();
        assert!((interval.se - 500.0).abs() < 1e-9);
        let ratio = (1.959_963_984_540_054_f64 * 5.0 / 7.0).exp();
        assert!((interval.low - 700.0 / ratio).abs() < 1e-6 && (interval.high - 700.0 * ratio).abs() < 1e-6);
    }

    #[test]
    fn nothing_to_judge_by() {
        assert_eq!(sum(&[]).interval(1.0, 0.95), None);
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
}
