//! Numerical tools of the lifetime models: rising factorials, quadrature, Chebyshev interpolation, stable log sums.
//!
//! The literature writes most results with Gauss's ₂F₁. Its series lose all digits or do not converge in corners
//! that occur in practice (x in the hundreds, horizons many times the history). Every one of these ₂F₁ is an integral of a
//! positive, smooth function; the models evaluate that integral instead.

use crate::number::size;
use std::sync::LazyLock;

/// ln(eᵃ + eᵇ) and the share of eᵇ in the sum.
pub(crate) fn log_sum(a: f64, b: f64) -> (f64, f64) {
    let difference = b - a;
    let share = 1.0 / (1.0 + (-difference).exp());
    let sum = if difference > 0.0 { b + (-difference).exp().ln_1p() } else { a + difference.exp().ln_1p() };
    (sum, share)
}

/// ln Γ(z+n)/Γ(z) and its derivative by z, for every n from 0 to a largest: sums over the n factors, so exact where
/// the difference of two ln Γ would cancel.
pub(crate) struct Rising {
    /// ln Γ(z+n)/Γ(z).
    pub log: Vec<f64>,
    /// ψ(z+n) − ψ(z).
    pub slope: Vec<f64>,
}

impl Rising {
    pub(crate) fn new(z: f64, largest: usize) -> Self {
        let (mut log, mut slope) = (Vec::with_capacity(largest + 1), Vec::with_capacity(largest + 1));
        let (mut sum, mut reciprocal) = (0.0, 0.0);
        for n in 0..=largest {
            log.push(sum);
            slope.push(reciprocal);
            let factor = z + size(n);
            sum += factor.ln();
            reciprocal += 1.0 / factor;
        }
        Self { log, slope }
    }
}

/// Nodes and weights of Gauss–Legendre quadrature on [0, 1].
pub(crate) struct GaussLegendre {
    nodes: Vec<(f64, f64)>,
}

impl GaussLegendre {
    /// The rule with `n` nodes: Newton's method on the Legendre polynomial from Tricomi's approximation of its roots.
    fn new(n: u32) -> Self {
        let size = f64::from(n);
        let nodes = (0..n).map(|i| {
            let mut x = (std::f64::consts::PI * (f64::from(i) + 0.75) / (size + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..8 {
                let (mut before, mut value) = (1.0, x);
                for k in 2..=n {
                    let k = f64::from(k);
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = size * (x * value - before) / (x * x - 1.0);
                x -= value / slope;
            }
            (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
        });
        Self { nodes: nodes.collect() }
    }

    /// Calls `visit(point, weight)` for the nodes of the interval.
    pub(crate) fn visit(&self, from: f64, length: f64, mut visit: impl FnMut(f64, f64)) {
        for &(node, weight) in &self.nodes {
            visit(from + length * node, length * weight);
        }
    }
}

static RULES: LazyLock<[GaussLegendre; 3]> =
    LazyLock::new(|| [GaussLegendre::new(10), GaussLegendre::new(20), GaussLegendre::new(32)]);

/// Nodes over `[0, length]` for an integrand that is analytic within distance π of the real line and changes by
/// at most `folds` factors of e: as many nodes as give full precision.
pub(crate) fn integrate(length: f64, folds: f64, mut visit: impl FnMut(f64, f64)) {
    let [short, medium, long] = &*RULES;
    if length < 0.6 && folds < 1.5 {
        short.visit(0.0, length, visit);
    } else if length < 2.0 && folds < 8.0 {
        medium.visit(0.0, length, visit);
    } else {
        let panels = (length / 4.0).max(folds / 16.0).ceil().clamp(1.0, 64.0);
        let step = length / panels;
        let mut from = 0.0;
        while from < length - 0.5 * step {
            long.visit(from, step, &mut visit);
            from += step;
        }
    }
}

/// A smooth function on `[0, length]`, analytic and of moderate size within distance π/2 of it, as a Chebyshev polynomial.
pub(crate) struct Chebyshev {
    half: f64,
    coefficients: Vec<f64>,
}

impl Chebyshev {
    /// The points at which the function is to be evaluated. Their number follows from the Bernstein ellipse through
    /// ±iπ/2, and from how many factors of e the function falls by.
    pub(crate) fn points(length: f64, folds: f64) -> Vec<f64> {
        let height = std::f64::consts::PI / length;
        let ellipse = height + height.hypot(1.0);
        let wanted = (36.0 / ellipse.ln() + (36.0 * folds).sqrt()).ceil().clamp(4.0, 400.0);
        let mut points = Vec::new();
        let mut index = 0.5;
        while index < wanted {
            points.push(0.5 * length * (1.0 + (std::f64::consts::PI * index / wanted).cos()));
            index += 1.0;
        }
        points
    }

    /// The polynomial through `values` at [`Self::points`].
    pub(crate) fn through(length: f64, values: &[f64]) -> Self {
        let count = size(values.len());
        let coefficients = (0..values.len()).map(|degree| {
            let angle = std::f64::consts::PI * size(degree) / count;
            let sum: f64 = values.iter().enumerate().map(|(i, value)| value * (angle * (size(i) + 0.5)).cos()).sum();
            sum * if degree == 0 { 1.0 } else { 2.0 } / count
        });
        Self { half: 0.5 * length, coefficients: coefficients.collect() }
    }

    /// The value at `at`, by Clenshaw's recurrence.
    pub(crate) fn at(&self, at: f64) -> f64 {
        let x = at / self.half - 1.0;
        let Some((constant, higher)) = self.coefficients.split_first() else { return 0.0 };
        let (mut next, mut after) = (0.0, 0.0);
        for coefficient in higher.iter().rev() {
            (next, after) = (2.0 * x * next - after + coefficient, next);
        }
        x * next - after + constant
    }
}

/// A point of a beta distribution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BetaPoint {
    pub p: f64,
    /// 1 − p, with its digits where p is near 1.
    pub q: f64,
    pub weight: f64,
}

/// Points for expectations over Beta(a, b) of functions that are smooth in ln p: the trapezoidal rule in y, where
/// logit p = centre + σ·sinh y. It converges exponentially for a, b > 0, however singular the density is at 0 or 1; where b is tiny
/// beside a large a, as 10⁻⁶ beside 300, q keeps some four digits only.
pub(crate) fn beta_points(a: f64, b: f64) -> Vec<BetaPoint> {
    const STEP: f64 = 1.0 / 20.0;
    const NEGLIGIBLE: f64 = -42.0;
    let centre = (a / b).ln();
    let spread = (1.0 / a + 1.0 / b).sqrt().min(2.0);
    let soft = |v: f64| if v > 0.0 { v + (-v).exp().ln_1p() } else { v.exp().ln_1p() };
    let log_weight = |y: f64| {
        let v = centre + spread * y.sinh();
        (v, -a * soft(-v) - b * soft(v) + y.cosh().ln())
    };
    let peak = log_weight(0.0).1;
    let mut points = Vec::new();
    for direction in [-STEP, STEP] {
        let mut y = if direction > 0.0 { 0.0 } else { direction };
        loop {
            let (v, log) = log_weight(y);
            if log - peak < NEGLIGIBLE {
                break;
            }
            // Below 1e-300 the functions have long reached their limit at 0.
            let (p, q) = ((-soft(-v)).exp().max(1e-300), (-soft(v)).exp());
            points.push(BetaPoint { p, q, weight: (log - peak).exp() });
            y += direction;
        }
    }
    let total: f64 = points.iter().map(|point| point.weight).sum();
    points.iter_mut().for_each(|point| point.weight /= total);
    points
}

/// (1 − e^(−rate·x))/rate, also at and near rate 0.
pub(crate) fn saturating(rate: f64, x: f64) -> f64 {
    if (rate * x).abs() < 1e-12 { x } else { -(-rate * x).exp_m1() / rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_integrate_polynomials_of_their_degree_exactly() {
        for rule in RULES.iter() {
            let degree = i32::try_from(2 * rule.nodes.len() - 1).unwrap();
            let mut sum = 0.0;
            rule.visit(0.0, 1.0, |x, weight| sum += weight * x.powi(degree));
            assert!((sum * f64::from(degree + 1) - 1.0).abs() < 1e-12, "{sum}");
        }
    }

    #[test]
    fn steep_and_long_integrands_keep_their_digits() {
        for (length, rate) in [(0.5, 1.0), (1.5, 4.0), (9.0, 0.3), (1.0, 40.0), (6.0, 6.0)] {
            let mut sum = 0.0;
            integrate(length, rate * length, |u, weight| sum += weight * (-rate * u).exp());
            assert!((sum / saturating(rate, length) - 1.0).abs() < 1e-13, "{length} {rate}");
        }
    }

    #[test]
    fn an_interpolant_meets_its_function_between_the_points() {
        for length in [0.1, 2.0, 9.0] {
            let function = |s: f64| 1.0 / (1.0 + (0.3 * s.exp()).ln_1p());
            let values: Vec<f64> = Chebyshev::points(length, 0.0).into_iter().map(function).collect();
            let polynomial = Chebyshev::through(length, &values);
            for step in 0..=50 {
                let s = length * f64::from(step) / 50.0;
                assert!((polynomial.at(s) / function(s) - 1.0).abs() < 1e-11, "{length} {s}");
            }
        }
    }

    #[test]
    fn the_points_have_the_moments_of_the_beta_distribution() {
        for (a, b) in [(0.79, 2.43), (0.001, 0.5), (2000.0, 3000.0), (0.5, 300.0), (1e-2, 1e4), (30.0, 0.05)] {
            let points = beta_points(a, b);
            let mean = |of: fn(&BetaPoint) -> f64| points.iter().map(|point| point.weight * of(point)).sum::<f64>();
            assert!((mean(|point| point.p) * (a + b) / a - 1.0).abs() < 1e-8, "{a} {b}");
            assert!((mean(|point| point.q) * (a + b) / b - 1.0).abs() < 1e-8, "{a} {b}");
            let square = mean(|point| point.p * point.p);
            assert!((square * (a + b) * (a + b + 1.0) / (a * (a + 1.0)) - 1.0).abs() < 1e-8, "{a} {b}");
        }
    }

    #[test]
    fn rising_factorials_are_products() {
        let rising = Rising::new(0.5, 3);
        assert!((rising.log[3] - (0.5f64 * 1.5 * 2.5).ln()).abs() < 1e-15);
        assert!((rising.slope[2] - (2.0 + 1.0 / 1.5)).abs() < 1e-15);
    }
}
