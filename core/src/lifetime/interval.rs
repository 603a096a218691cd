//! 95 % intervals of what a customer, or a group, will do: predictive spread and the uncertainty of the fit.
//!
//! An outcome (purchases, money) is nothing with a certain probability, and else close to a gamma distribution. Its interval
//! is that of the mixture with the right mean, variance and probability of nothing. The variance has two parts: the spread of the outcome at
//! the fitted parameters, which adds up over customers since they are independent, and the delta-method variance of the
//! mean, whose gradients add up, since all customers share the parameters. Closed form, so the same inputs give the same bytes.

use spec_math::Gamma;
use statrs::function::erf::erf_inv;

/// An expectation with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    /// The expected outcome.
    pub mean: f64,
    /// The outcome is below this in 2.5 % of cases.
    pub low: f64,
    /// The outcome is above this in 2.5 % of cases.
    pub high: f64,
}

/// The most parameters an outcome depends on: four of purchases, three of spend.
pub const PARAMETERS: usize = 7;

/// The predictive distribution of an outcome, as far as its interval needs it. Those of independent customers add up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predictive {
    /// The expectation.
    pub mean: f64,
    /// The predictive variance at the fitted parameters.
    pub variance: f64,
    /// The probability of nothing.
    pub none: f64,
    /// Derivatives of the mean by the log-parameters.
    pub gradient: [f64; PARAMETERS],
}

impl Predictive {
    /// The sum over nobody.
    pub const NOTHING: Self = Self { mean: 0.0, variance: 0.0, none: 1.0, gradient: [0.0; PARAMETERS] };

    /// Adds an independent outcome.
    pub fn add(&mut self, other: &Self) {
        self.mean += other.mean;
        self.variance += other.variance;
        self.none *= other.none;
        self.gradient.iter_mut().zip(other.gradient).for_each(|(sum, term)| *sum += term);
    }

    /// The mean with its interval; `covariance` is that of the log-parameters, [`PARAMETERS`] squared.
    pub fn estimate(&self, covariance: &[f64]) -> Estimate {
        self.spread(self.variance.max(0.0) + self.of_the_fit(covariance))
    }

    /// The variance that the uncertainty of the parameters adds.
    fn of_the_fit(&self, covariance: &[f64]) -> f64 {
        let terms = (0..PARAMETERS).flat_map(|i| (0..PARAMETERS).map(move |j| (i, j)));
        let sum: f64 = terms.map(|(i, j)| self.gradient[i] * self.gradient[j] * covariance[i * PARAMETERS + j]).sum();
        sum.max(0.0)
    }

    fn spread(&self, variance: f64) -> Estimate {
        let (low, high) = (0.025, 0.975);
        Estimate { mean: self.mean, low: self.quantile(low, variance), high: self.quantile(high, variance) }
    }

    /// The interval of a sum over parts that were fitted apart, each with the covariance of its own fit.
    pub fn estimate_of_parts<'a>(parts: impl IntoIterator<Item = (&'a Self, &'a [f64])>) -> Estimate {
        let (mut sum, mut variance) = (Self::NOTHING, 0.0);
        for (part, covariance) in parts {
            sum.mean += part.mean;
            sum.none *= part.none;
            variance += part.variance.max(0.0) + part.of_the_fit(covariance);
        }
        sum.spread(variance)
    }

    /// The quantile of the mixture of nothing and a gamma distribution.
    fn quantile(&self, level: f64, variance: f64) -> f64 {
        let some = 1.0 - self.none;
        if level <= self.none || self.mean <= 0.0 || some <= 0.0 {
            return 0.0;
        }
        let mean = self.mean / some;
        let spread = ((variance + self.mean * self.mean) / some - mean * mean).max(0.0) / (mean * mean);
        let within = ((level - self.none) / some).clamp(1e-12, 1.0 - 1e-12);
        mean * gamma_quantile(within, spread)
    }
}

/// Up to this variance Wilson & Hilferty (1931) are within 5 % of the upper end; far beyond they fall to nothing.
const MOST_APPROXIMATED: f64 = 4.0;
/// Where 97.5 % of a gamma distribution end farthest from its mean. One of greater variance is nearly always nothing, which is no
/// way to tell of a great doubt.
const MOST_VARIANCE: f64 = 25.0;

/// The quantile of a gamma distribution with mean 1 and the given variance.
fn gamma_quantile(level: f64, variance: f64) -> f64 {
    if variance > MOST_APPROXIMATED {
        let variance = variance.min(MOST_VARIANCE);
        return variance * variance.recip().igammac_inv(1.0 - level);
    }
    let normal = std::f64::consts::SQRT_2 * erf_inv(2.0 * level - 1.0);
    let ninth = variance / 9.0;
    (1.0 - ninth + normal * ninth.sqrt()).max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of χ²/df from printed tables.
    #[test]
    fn gamma_quantiles_are_those_of_the_tables() {
        for (freedom, low, high) in [(2.0, 0.0506, 7.378), (10.0, 3.247, 20.483), (100.0, 74.222, 129.561)] {
            let variance = 2.0 / freedom;
            assert!((gamma_quantile(0.975, variance) * freedom / high - 1.0).abs() < 0.01, "{freedom}");
            assert!((gamma_quantile(0.025, variance) * freedom - low).abs() < 0.03, "{freedom}");
        }
    }

    /// Quantiles by scipy's `gamma.ppf(level, 1/variance, scale=variance)`.
    #[test]
    fn a_distribution_that_varies_much_has_the_quantiles_of_scipy() {
        for (variance, level, quantile) in [
            (4.1, 0.975, 6.940_845),
            (4.1, 0.025, 7.444_982e-7),
            (8.0, 0.975, 9.076_251),
            (8.0, 0.5, 1.937_504e-2),
            (16.0, 0.975, 11.000_04),
            (16.0, 0.9, 1.957_161),
        ] {
            assert!((gamma_quantile(level, variance) / quantile - 1.0).abs() < 1e-5, "{variance} {level}");
        }
        let upper = |variance: f64| gamma_quantile(0.975, variance);
        // Either side of where one way ends and the other begins.
        assert!((upper(4.0) / upper(4.000_001) - 1.0).abs() < 0.06);
        let grows =
            [0.1, 0.5, 1.0, 2.0, 4.0, 6.0, 10.0, 16.0, 25.0].windows(2).all(|pair| upper(pair[0]) < upper(pair[1]));
        assert!(grows && upper(1e9) == upper(MOST_VARIANCE) && gamma_quantile(0.025, 1e9) < 1e-9);
    }

    #[test]
    fn an_outcome_that_is_most_likely_nothing_has_an_interval_from_nothing() {
        let predictive = Predictive { mean: 0.5, variance: 1.0, none: 0.7, gradient: [0.0; PARAMETERS] };
        let estimate = predictive.estimate(&[0.0; PARAMETERS * PARAMETERS]);
        assert_eq!(estimate.low, 0.0);
        assert!(estimate.high > 1.0 && estimate.high < 6.0, "{estimate:?}");
    }

    #[test]
    fn a_doubtful_fit_widens_the_interval_of_a_total_by_the_number_of_customers() {
        let one = Predictive { mean: 10.0, variance: 0.0, none: 0.0, gradient: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0] };
        let mut covariance = [0.0; PARAMETERS * PARAMETERS];
        covariance[0] = 1.0;
        let mut total = Predictive::NOTHING;
        (0..100).for_each(|_| total.add(&one));
        let estimate = total.estimate(&covariance);
        // The deviation of the sum is 100 × 1, not √100 × 1.
        assert!((estimate.high - estimate.low - 2.0 * 1.96 * 100.0).abs() < 10.0, "{estimate:?}");
    }
}
