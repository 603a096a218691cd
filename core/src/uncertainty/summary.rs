//! What bootstrap replicates say: their spread and their percentiles.

use crate::number::size;

/// The standard deviation of the replicates around their mean; zero for fewer than two.
pub fn standard_error(replicates: &[f64]) -> f64 {
    if replicates.len() < 2 {
        return 0.0;
    }
    let n = size(replicates.len());
    let mean = replicates.iter().sum::<f64>() / n;
    (replicates.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// The percentile interval at `level` (Efron 1979), with the replicates' standard error; quantiles are interpolated
/// between order statistics (Hyndman and Fan 1996, type 7). `None` without replicates, or when one is not a number.
pub fn percentile_interval(replicates: &[f64], level: f64) -> Option<super::Interval> {
    if replicates.is_empty() || replicates.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = replicates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some(super::Interval {
        se: standard_error(replicates),
        low: quantile(&sorted, tail),
        high: quantile(&sorted, 1.0 - tail),
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position within the replicates")]
fn quantile(sorted: &[f64], at: f64) -> f64 {
    let position = at.clamp(0.0, 1.0) * size(sorted.len() - 1);
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - position.floor()) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let replicates = [5.0, 1.0, 3.0, 2.0, 4.0];
        let interval = percentile_interval(&replicates, 0.9).unwrap();
        // numpy.quantile([1, 2, 3, 4, 5], [0.05, 0.95]) and statistics.stdev.
        assert!((interval.low - 1.2).abs() < 1e-12 && (interval.high - 4.8).abs() < 1e-12);
        assert!((interval.se - 2.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(percentile_interval(&[], 0.9), None);
        assert_eq!(percentile_interval(&[1.0, f64::NAN], 0.9), None);
    }
}
