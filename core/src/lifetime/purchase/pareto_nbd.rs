//! Pareto/NBD: purchases at a gamma rate, a lifetime exponential at another gamma rate.
//!
//! L = Γ(r+x)/Γ(r) · α^r β^s · [ (α+T)^−(r+x) (β+T)^−s + s ∫ from t_x to T of (α+y)^−(r+x) (β+y)^−(s+1) dy ]:
//! alive throughout, or dead since y. The usual form of the integral is a difference of two ₂F₁ that cancels, and overflows for large
//! x; here the integral itself is evaluated, scaled by its value at t_x.
//!
//! Sources: Schmittlein, Morrison & Colombo (1987), Management Science 33(1); Fader & Hardie (2005), "A note on deriving
//! the Pareto/NBD model and related expressions", eq. 14–22 and 41.

use std::borrow::Cow;

use super::{Moments, PurchaseModel, Purchases, race_rows, rate_starts};
use crate::lifetime::fit::Likelihood;
use crate::lifetime::numeric::{Rising, integrate, log_sum, saturating};
use crate::lifetime::summary::Rows;

/// Largest decay, in powers of e, that an integral follows.
const FOLDS: f64 = 42.0;

/// The product (α+y)^−k (β+y)^−(s+1), relative to its value at the start, integrated over y from `from` to `to`: alone,
/// and times ln(α+y), 1/(α+y), ln(β+y), 1/(β+y).
fn integral(k: f64, alpha: f64, s: f64, beta: f64, from: f64, to: f64) -> [f64; 5] {
    // With u = ln(m+y), m the smaller of α and β, the integrand is analytic within distance π of the real line.
    let (least, k_least, k_other, other) =
        if alpha < beta { (alpha, k, s + 1.0, beta) } else { (beta, s + 1.0, k, alpha) };
    let start = least + from;
    let whole = ((to - from) / start).ln_1p();
    let rate = k_least - 1.0 + k_other * start / (other + from);
    let length = if rate * whole > FOLDS { FOLDS / rate } else { whole };
    let end_rate = k_least - 1.0 + k_other * (least + to) / (other + to);
    let folds = (end_rate.abs().max(rate.abs()) * length).min(FOLDS);
    let mut sums = [0.0; 5];
    let gap = other - least;
    let (log_start, log_other_start) = (start.ln(), (other + from).ln());
    integrate(length, folds, |u, weight| {
        let near = start * u.exp();
        let far = near + gap;
        let log_far = far.ln();
        let value = weight * near * (-k_least * u - k_other * (log_far - log_other_start)).exp();
        let (log_near, by_near, by_far) = (log_start + u, 1.0 / near, 1.0 / far);
        let terms =
            if alpha < beta { [log_near, by_near, log_far, by_far] } else { [log_far, by_far, log_near, by_near] };
        sums[0] += value;
        sums[1..].iter_mut().zip(terms).for_each(|(sum, term)| *sum += value * term);
    });
    sums
}

/// The likelihood.
pub(super) struct ParetoNbdLikelihood<'a> {
    rows: Cow<'a, Rows>,
}

impl<'a> ParetoNbdLikelihood<'a> {
    pub(super) fn new(rows: &'a Rows) -> Self {
        Self { rows: Cow::Borrowed(rows) }
    }
}

impl Likelihood for ParetoNbdLikelihood<'_> {
    fn model(&self) -> &'static str {
        PurchaseModel::ParetoNbd.id()
    }

    fn names(&self) -> &'static [&'static str] {
        PurchaseModel::ParetoNbd.parameters()
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let observed = self.rows.total(|row| self.rows.t[row]) / self.rows.customers();
        let lives = [(0.6, 0.4), (1.0, 1.0), (0.3, 0.1), (2.0, 5.0)];
        let rates = rate_starts(&self.rows, &[0.5, 1.0, 0.3, 3.0]);
        rates.into_iter().zip(lives).map(|((r, alpha), (s, beta))| vec![r, 0.7 * alpha, s, beta * observed]).collect()
    }

    fn customers(&self) -> f64 {
        self.rows.customers()
    }

    fn sample(&self) -> Option<Self> {
        Some(Self { rows: Cow::Owned(race_rows(&self.rows)?) })
    }

    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let &[r, alpha, s, beta] = parameters else { unreachable!("four parameters") };
        let rows = &*self.rows;
        let purchases = Rising::new(r, rows.largest_x());
        let (log_alpha, log_beta, log_s) = (alpha.ln(), beta.ln(), s.ln());
        let [value, by_r, by_alpha, by_s, by_beta] = rows.add_up(|row| {
            let (x, t_x, t) = (rows.x[row] as usize, rows.t_x[row], rows.t[row]);
            let k = r + f64::from(rows.x[row]);
            let (log_a, log_b) = ((alpha + t).ln(), (beta + t).ln());
            let constant = purchases.log[x] + r * log_alpha + s * log_beta;
            let alive = -k * log_a - s * log_b;
            let sums = integral(k, alpha, s, beta, t_x, t);
            let (sum, dead, mean) = if sums[0] > 0.0 {
                let at_last = -k * (alpha + t_x).ln() - (s + 1.0) * (beta + t_x).ln();
                let (sum, dead) = log_sum(alive, log_s + at_last + sums[0].ln());
                (sum, dead, [sums[1] / sums[0], sums[2] / sums[0], sums[3] / sums[0], sums[4] / sums[0]])
            } else {
                (alive, 0.0, [0.0; 4])
            };
            let live = 1.0 - dead;
            [
                constant + sum,
                purchases.slope[x] + log_alpha - live * log_a - dead * mean[0],
                r / alpha - k * (live / (alpha + t) + dead * mean[1]),
                log_beta - live * log_b + dead * (1.0 / s - mean[2]),
                s / beta - live * s / (beta + t) - dead * (s + 1.0) * mean[3],
            ]
        });
        gradient.copy_from_slice(&[by_r, by_alpha, by_s, by_beta]);
        value
    }
}

/// The model at its parameters.
pub(super) struct ParetoNbd {
    r: f64,
    alpha: f64,
    s: f64,
    beta: f64,
}

impl ParetoNbd {
    pub(super) fn new(parameters: &[f64]) -> Self {
        let &[r, alpha, s, beta] = parameters else { unreachable!("four parameters, checked by the caller") };
        Self { r, alpha, s, beta }
    }

    /// Expected time that a customer alive at `t` is alive within the next `time`: ∫ ((β+T)/(β+T+u))^s du.
    fn lived(&self, t: f64, time: f64) -> f64 {
        let scale = self.beta + t;
        scale * saturating(self.s - 1.0, (time / scale).ln_1p())
    }
}

impl Purchases for ParetoNbd {
    fn p_alive(&self, x: u32, t_x: f64, t: f64) -> f64 {
        let k = self.r + f64::from(x);
        let dead = self.s * integral(k, self.alpha, self.s, self.beta, t_x, t)[0] / (self.beta + t_x);
        let odds = k * ((t - t_x) / (self.alpha + t_x)).ln_1p() + self.s * ((t - t_x) / (self.beta + t_x)).ln_1p();
        // e^odds may overflow to infinity, but not while the integral is 0.
        if dead > 0.0 { 1.0 / (1.0 + (odds + dead.ln()).exp()) } else { 1.0 }
    }

    fn while_alive(&self, x: u32, t: f64, time: f64) -> f64 {
        (self.r + f64::from(x)) / (self.alpha + t) * self.lived(t, time)
    }

    /// N is Poisson over the time W lived: E\[N(N−1)\] = E\[λ²\]·E\[W²\], with E\[W²\] = 2∫ u·P(W > u) du.
    fn moments(&self, x: u32, t: f64, time: f64) -> Moments {
        let (k, a, scale) = (self.r + f64::from(x), self.alpha + t, self.beta + t);
        let log = (time / scale).ln_1p();
        let lived_square = 2.0 * scale * scale * (saturating(self.s - 2.0, log) - saturating(self.s - 1.0, log));
        let survived = (-k * (time / a).ln_1p() - self.s * log).exp();
        let died = self.s / scale * integral(k, a, self.s, scale, 0.0, time)[0];
        Moments {
            mean: self.while_alive(x, t, time),
            pairs: k * (k + 1.0) / (a * a) * lived_square.max(0.0),
            none: (survived + died).min(1.0),
        }
    }
}
