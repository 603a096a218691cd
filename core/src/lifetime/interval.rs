//! 95 % intervals of what a customer, or a group, will do: predictive spread and the uncertainty of the fit.
//!
//! An outcome (purchases, money) is nothing with a certain probability, and else close to a gamma distribution. Its interval
//! is that of the mixture with the right mean, variance and probability of nothing. The variance has two parts: the spread of the outcome at
//! the fitted parameters, which adds up over customers since they are independent, and the delta-method variance of the
//! mean, whose gradients add up, since all customers share the parameters. Quantiles are found in a fixed number
//! of steps, so the same inputs give the same bytes.

use spec_math::Gamma;

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

/// Where 97.5 % of a gamma distribution end farthest from its mean. One of greater variance is nearly always nothing, which is no
/// way to tell of a great doubt.
const MOST_VARIANCE: f64 = 25.0;
/// The square of a deviation that no float near 1 shows.
const LEAST_VARIANCE: f64 = 1e-34;

/// The quantile of a gamma distribution with mean 1 and the given variance.
fn gamma_quantile(level: f64, variance: f64) -> f64 {
    if variance < LEAST_VARIANCE {
        return 1.0;
    }
    let variance = variance.min(MOST_VARIANCE);
    variance * variance.recip().igammac_inv(1.0 - level)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles at 2.5 %, 50 % and 97.5 % by scipy 1's `gamma.ppf(level, 1/variance, scale=variance)`.
    #[test]
    fn gamma_quantiles_are_those_of_scipy() {
        for (variance, quantiles) in [
            (1e-6, [0.998_040_983_340_293_8, 0.999_999_666_666_686_4, 1.001_960_910_965_450_4]),
            (1e-2, [0.813_639_912_509_231_4, 0.996_668_649_193_154_9, 1.205_289_477_531_554_6]),
            (0.1, [0.479_538_869_613_243_4, 0.966_871_461_471_412_9, 1.708_480_345_141_916_6]),
            (0.5, [0.121_104_639_271_982_48, 0.839_173_495_008_330_6, 2.785_821_695_469_449]),
            (1.0, [0.025_317_807_984_289_876, 0.693_147_180_559_945_5, 3.688_879_454_113_935_4]),
            (2.0, [9.820_691_171_752_575e-4, 0.454_936_423_119_572, 5.023_886_187_314_888]),
            (4.0, [1.054_640_518_251_998_3e-6, 0.174_695_209_411_493_6, 6.866_470_599_921_542]),
            (8.0, [7.552_107_358_783_089e-13, 0.019_375_039_138_227_503, 9.076_251_336_498_768]),
            (25.0, [1.287_583_004_851_44e-39, 4.320_411_709_856_502e-7, 11.449_125_058_062_018]),
        ] {
            for (level, quantile) in [0.025, 0.5, 0.975].into_iter().zip(quantiles) {
                assert!((gamma_quantile(level, variance) / quantile - 1.0).abs() < 1e-11, "{variance} {level}");
            }
        }
    }

    #[test]
    fn without_variance_the_quantiles_are_the_mean_and_with_most_they_stay() {
        assert_eq!([0.0, 1e-310, 1e-35].map(|variance| gamma_quantile(0.975, variance)), [1.0; 3]);
        assert!((gamma_quantile(0.975, 1e-30) - 1.0).abs() < 1e-14);
        assert_eq!(gamma_quantile(0.975, 1e9), gamma_quantile(0.975, MOST_VARIANCE));
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
