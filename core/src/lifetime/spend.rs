//! Gamma-Gamma: what a purchase is worth to a customer, fitted to the mean values of repeat customers.
//!
//! A customer's purchases are Γ(p, ν) with ν ~ Γ(q, v) across customers, independent of how often they buy. The
//! likelihood of a mean value z over x purchases is
//! Γ(px+q)/(Γ(px)Γ(q)) · v^q z^(px−1) x^(px) / (v + xz)^(px+q).
//!
//! Source: Fader & Hardie (2013), "The Gamma-Gamma model of monetary value", eq. 1a, 3 and 5; Fader, Hardie & Lee (2005), RFM and
//! CLV, Journal of Marketing Research 42(4).

use rayon::prelude::*;
use statrs::function::gamma::{digamma, ln_gamma};

use super::error::LifetimeError;
use super::fit::{Fit, Likelihood, check_parameters, maximise};
use super::summary::{Summaries, add_up};
use crate::number::{number, size};

/// The id of the model.
pub const GAMMA_GAMMA: &str = "gamma_gamma";
/// Its parameters.
const NAMES: &[&str] = &["p", "q", "v"];
/// Above this many customers the starts race on a sample of about as many.
const RACE_CUSTOMERS: usize = 6_000;

/// The customers that say something about spend, in order of (x, value), values divided by their mean.
struct SpendLikelihood {
    x: Vec<f64>,
    value: Vec<f64>,
    /// Distinct x with the number of customers.
    counts: Vec<(f64, f64)>,
    /// Σ ln z, Σ x ln z + x ln x.
    logs: [f64; 2],
}

impl SpendLikelihood {
    fn new(x: Vec<f64>, value: Vec<f64>) -> Self {
        let mut counts: Vec<(f64, f64)> = vec![];
        for &x in &x {
            match counts.last_mut().filter(|(last, _)| *last == x) {
                Some((_, count)) => *count += 1.0,
                None => counts.push((x, 1.0)),
            }
        }
        let logs = add_up(x.len(), |row| {
            let log = value[row].ln();
            [log, x[row] * (log + x[row].ln())]
        });
        Self { x, value, counts, logs }
    }
}

impl Likelihood for SpendLikelihood {
    fn model(&self) -> &'static str {
        GAMMA_GAMMA
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        // v such that the mean spend, pv/(q − 1), is the mean of the data, 1.
        [(2.0, 3.0), (6.0, 4.0), (1.0, 1.5), (20.0, 20.0)].map(|(p, q): (f64, f64)| vec![p, q, (q - 1.0) / p]).to_vec()
    }

    fn customers(&self) -> f64 {
        size(self.x.len())
    }

    fn sample(&self) -> Option<Self> {
        let step = self.x.len() / RACE_CUSTOMERS;
        let every = |column: &[f64]| column.iter().copied().step_by(step).collect();
        (step > 1).then(|| Self::new(every(&self.x), every(&self.value)))
    }

    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let &[p, q, v] = parameters else { unreachable!("three parameters") };
        let (n, [log_z, x_logs]) = (self.customers(), self.logs);
        let [log_sum, x_log_sum, share] = add_up(self.x.len(), |row| {
            let total = v + self.x[row] * self.value[row];
            let log = total.ln();
            [log, self.x[row] * log, (p * self.x[row] + q) / total]
        });
        let (mut value, mut by_p, mut by_q) = (0.0, 0.0, 0.0);
        for &(x, count) in &self.counts {
            let (px, sum) = (p * x, p * x + q);
            let psi = digamma(sum);
            value += count * (ln_gamma(sum) - ln_gamma(px));
            by_p += count * x * (psi - digamma(px));
            by_q += count * psi;
        }
        gradient[0] = by_p + x_logs - x_log_sum;
        gradient[1] = by_q + n * (v.ln() - digamma(q)) - log_sum;
        gradient[2] = n * q / v - share;
        value + n * (q * v.ln() - ln_gamma(q)) + p * x_logs - log_z - p * x_log_sum - q * log_sum
    }
}

/// Fits Gamma-Gamma to the customers with repeat purchases of positive mean value.
///
/// # Errors
/// Fewer than two such customers; a likelihood without a maximum (all customers spend alike); q ≤ 1, a spend without a mean.
pub fn fit_spend(summaries: &Summaries) -> Result<Fit, LifetimeError> {
    let mut repeaters: Vec<(u32, u64)> = summaries
        .x
        .iter()
        .zip(&summaries.mean_value)
        .filter(|&(&x, &value)| x > 0 && value > 0.0)
        .map(|(&x, &value)| (x, value.to_bits()))
        .collect();
    if repeaters.len() < 2 {
        return Err(LifetimeError::NoPositiveValue);
    }
    // Positive floats are in the order of their bits.
    repeaters.par_sort_unstable();
    let [total] = add_up(repeaters.len(), |row| [f64::from_bits(repeaters[row].1)]);
    let mean = total / size(repeaters.len());
    let (x, value) = repeaters.iter().map(|&(x, bits)| (f64::from(x), f64::from_bits(bits) / mean)).unzip();
    let mut fit = maximise(&SpendLikelihood::new(x, value))?;
    fit.log_likelihood -= number(fit.customers) * mean.ln();
    let q = fit.parameters[1].estimate;
    if q <= 1.0 {
        return Err(LifetimeError::InfiniteSpend { q });
    }
    fit.parameters[2].estimate *= mean;
    fit.parameters[2].standard_error *= mean;
    Ok(fit)
}

/// Pearson's correlation of x and mean value over repeaters with positive value: Gamma-Gamma assumes there is none.
/// `None` where either does not vary.
pub fn frequency_value_correlation(summaries: &Summaries) -> Option<f64> {
    let mut pairs: Vec<(u32, u64)> = (summaries.x.iter().zip(&summaries.mean_value))
        .filter(|&(&x, &value)| x > 0 && value > 0.0)
        .map(|(&x, &value)| (x, value.to_bits()))
        .collect();
    pairs.par_sort_unstable();
    let pair = |row: usize| (f64::from(pairs[row].0), f64::from_bits(pairs[row].1));
    let n = size(pairs.len());
    let [sum_x, sum_value] = add_up(pairs.len(), |row| [pair(row).0, pair(row).1]);
    let [xx, vv, xv] = add_up(pairs.len(), |row| {
        let (x, value) = (pair(row).0 - sum_x / n, pair(row).1 - sum_value / n);
        [x * x, value * value, x * value]
    });
    let correlation = xv / (xx * vv).sqrt();
    correlation.is_finite().then_some(correlation.clamp(-1.0, 1.0))
}

/// What a purchase will be worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spend {
    /// Gamma-Gamma at its parameters; q > 1.
    GammaGamma {
        /// Shape of a customer's purchases.
        p: f64,
        /// Shape of the heterogeneity across customers.
        q: f64,
        /// Scale of the heterogeneity, in money.
        v: f64,
    },
    /// Every purchase of every customer is worth this.
    Fixed {
        /// The amount.
        value: f64,
    },
}

impl Spend {
    /// The spend of a fit.
    ///
    /// # Errors
    /// A fit of another model; parameters out of range.
    pub fn fitted(fit: &Fit) -> Result<Self, LifetimeError> {
        if fit.model != GAMMA_GAMMA {
            return Err(LifetimeError::WrongModel { needed: GAMMA_GAMMA, given: fit.model });
        }
        Self::gamma_gamma(&fit.estimates())
    }

    /// Gamma-Gamma at given parameters p, q, v.
    ///
    /// # Errors
    /// Parameters that are not positive and finite; q ≤ 1.
    pub fn gamma_gamma(parameters: &[f64]) -> Result<Self, LifetimeError> {
        check_parameters(GAMMA_GAMMA, NAMES, parameters)?;
        let (p, q, v) = (parameters[0], parameters[1], parameters[2]);
        if q > 1.0 { Ok(Self::GammaGamma { p, q, v }) } else { Err(LifetimeError::InfiniteSpend { q }) }
    }

    /// Expected value of a coming purchase: E\[M | x, z\] = p(v + xz)/(px + q − 1). Without repeats it is the mean
    /// over all customers; with many, the customer's own.
    pub fn expected(self, x: u32, mean_value: f64) -> f64 {
        match self {
            Self::GammaGamma { p, q, v } => {
                let x = f64::from(if mean_value > 0.0 { x } else { 0 });
                p * (v + x * mean_value) / (p * x + q - 1.0)
            }
            Self::Fixed { value } => value,
        }
    }

    /// Derivatives of [`Self::expected`] by ln p, ln q, ln v.
    pub(crate) fn slopes(self, x: u32, mean_value: f64) -> [f64; 3] {
        let Self::GammaGamma { p, q, v } = self else { return [0.0; 3] };
        let x = f64::from(if mean_value > 0.0 { x } else { 0 });
        let (mean, rest) = (p * (v + x * mean_value) / (p * x + q - 1.0), p * x + q - 1.0);
        [mean * (1.0 - p * x / rest), -mean * q / rest, mean * v / (v + x * mean_value)]
    }

    /// E\[S²\] of the money S of N purchases, from E\[N\] and E\[N(N−1)\]. Given ν, S is Γ(pN, ν).
    pub(crate) fn square(self, x: u32, mean_value: f64, mean: f64, pairs: f64) -> f64 {
        match self {
            Self::GammaGamma { p, q, v } => {
                // Up to shape 2 the variance of the spend is infinite; the interval then uses that of a shape barely above.
                const LEAST: f64 = 2.25;
                let x = f64::from(if mean_value > 0.0 { x } else { 0 });
                let (shape, scale) = (p * x + q, v + x * mean_value);
                let (inverse, above) = (scale / (shape - 1.0), shape.max(LEAST));
                (p * p * (pairs + mean) + p * mean) * inverse * inverse * (above - 1.0) / (above - 2.0)
            }
            Self::Fixed { value } => (pairs + mean) * value * value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without purchases of one's own E[M²]/E[M]² = (1 + 1/p)(q − 1)/(q − 2), which only grows as q falls, and is held at q = 2.25.
    #[test]
    fn the_spread_of_spend_never_narrows_as_customers_differ_more() {
        let relative = |q: f64| {
            let spend = Spend::gamma_gamma(&[2.0, q, 30.0]).unwrap();
            spend.square(0, 0.0, 1.0, 0.0) / spend.expected(0, 0.0).powi(2)
        };
        assert!((relative(4.0) - 1.5 * 1.5).abs() < 1e-12);
        assert!((relative(2.25) - 1.5 * 5.0).abs() < 1e-12);
        [2.2, 1.5, 1.2, 1.001].into_iter().for_each(|q| assert!((relative(q) - 7.5).abs() < 1e-9, "{q}"));
    }
}
