//! The objective to second order around a point, and its optimum over any of the coefficients.
//!
//! One pass over the rows with every candidate column tells what each choice of columns would lead to: one step of
//! iteratively reweighted least squares from where we stand.

use super::evaluation::Evaluation;
use super::solver::direction;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// Loss less that at the point: gradient·δ + ½ δᵀ·Hessian·δ, with δ counted from `theta`.
#[derive(Debug, Clone)]
pub(super) struct Quadratic {
    pub theta: Vec<f64>,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

/// An optimum over the coefficients of a support.
#[derive(Debug, Clone)]
pub(super) struct Local {
    /// One value per coefficient of the support; the others are zero.
    pub values: Vec<f64>,
    /// The loss, less that at the point.
    pub loss: f64,
}

impl Quadratic {
    pub(super) fn new(theta: Vec<f64>, evaluation: Evaluation) -> Self {
        Self { theta, gradient: evaluation.gradient, hessian: evaluation.hessian }
    }

    /// The optimum with all coefficients zero but those of `support`, of which those that `bounded` says stay at or above
    /// zero; `None` where it is not determined.
    pub(super) fn over(&self, support: &[usize], bounded: impl Fn(usize) -> bool) -> Option<Local> {
        let width = self.theta.len();
        let mut is_in = vec![false; width];
        support.iter().for_each(|&i| is_in[i] = true);
        let removed: Vec<usize> = (0..width).filter(|&i| !is_in[i] && self.theta[i] != 0.0).collect();
        let start: Vec<f64> = support.iter().map(|&i| self.theta[i]).collect();
        let slope = |i: usize| -> f64 {
            self.gradient[i] - removed.iter().map(|&r| self.hessian[i * width + r] * self.theta[r]).sum::<f64>()
        };
        let gradient: Vec<f64> = support.iter().map(|&i| slope(i)).collect();
        let hessian = self.block(support);
        let bounded: Vec<bool> = support.iter().map(|&i| bounded(i)).collect();
        let step = direction(&start, &gradient, &hessian, &bounded).ok()?;
        let count = support.len();
        let curved = |i: usize| -> f64 { (0..count).map(|j| hessian[i * count + j] * step[j]).sum() };
        let gained: f64 = (0..count).map(|i| step[i] * (gradient[i] + 0.5 * curved(i))).sum();
        let lost: f64 = removed.iter().map(|&r| -self.theta[r] * 0.5 * (self.gradient[r] + slope(r))).sum();
        let values = start.iter().zip(&step).map(|(start, step)| start + step).collect();
        Some(Local { values, loss: lost + gained })
    }

    /// The loss at a point, less that at `theta`.
    pub(super) fn loss(&self, at: &[f64]) -> f64 {
        let width = self.theta.len();
        let moved: Vec<f64> = at.iter().zip(&self.theta).map(|(at, from)| at - from).collect();
        let curved = |i: usize| -> f64 { (0..width).map(|j| self.hessian[i * width + j] * moved[j]).sum() };
        (0..width).map(|i| moved[i] * (self.gradient[i] + 0.5 * curved(i))).sum()
    }

    /// The row of the inverse Hessian of a support that belongs to one of its coefficients; `None` where there is none.
    pub(super) fn inverse_row(&self, support: &[usize], of: usize) -> Option<Vec<f64>> {
        let (count, block) = (support.len(), self.block(support));
        let hessian = Mat::from_fn(count, count, |i, j| block[i * count + j]);
        let unit = Mat::from_fn(count, 1, |i, _| if support[i] == of { 1.0 } else { 0.0 });
        let row = hessian.llt(Side::Lower).ok()?.solve(&unit);
        Some((0..count).map(|i| row[(i, 0)]).collect())
    }

    fn block(&self, support: &[usize]) -> Vec<f64> {
        let width = self.theta.len();
        support.iter().flat_map(|&i| support.iter().map(move |&j| self.hessian[i * width + j])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ½(x − 1)² + ½(y + 2)² + ½(x − z)², seen from (1, 1, 1): gradient (0, 3, 0).
    fn bowl() -> Quadratic {
        let hessian = vec![2.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 1.0];
        Quadratic { theta: vec![1.0; 3], gradient: vec![0.0, 3.0, 0.0], hessian }
    }

    /// By hand: without z the optimum is x = ½, y = −2, or y = 0 where bounded.
    #[test]
    fn optima_over_a_part_by_hand() {
        let value = |x: f64, y: f64, z: f64| 0.5 * ((x - 1.0).powi(2) + (y + 2.0).powi(2) + (x - z).powi(2));
        let at_theta = value(1.0, 1.0, 1.0);
        for (bounded, y) in [(false, -2.0), (true, 0.0)] {
            let local = bowl().over(&[0, 1], |_| bounded).unwrap();
            assert!((local.values[0] - 0.5).abs() < 1e-12 && (local.values[1] - y).abs() < 1e-12, "{local:?}");
            assert!((local.loss - (value(0.5, y, 0.0) - at_theta)).abs() < 1e-12, "{local:?}");
            assert!((bowl().loss(&[0.5, y, 0.0]) - local.loss).abs() < 1e-12);
        }
        let row = bowl().inverse_row(&[0, 2], 2).unwrap();
        // The inverse of [2 −1; −1 1] is [1 1; 1 2].
        assert!((row[0] - 1.0).abs() < 1e-12 && (row[1] - 2.0).abs() < 1e-12);
    }
}
