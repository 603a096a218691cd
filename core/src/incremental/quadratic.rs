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
        let lost: f64 = removed.iter().map(|&r| -self.theta[r] * 0.5 * (self.gradient[r] + slope(r))).sum();
        let mut found = Descent { values: start, gradient, loss: lost };
        let step = direction(&found.values, &found.gradient, &hessian, &bounded)?;
        let is_lower = found.go(&step, 1.0, &hessian);
        found.settle(&hessian, &bounded, is_lower)?;
        Some(Local { values: found.values, loss: found.loss })
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

/// The way to the optimum within the bounds.
struct Descent {
    values: Vec<f64>,
    gradient: Vec<f64>,
    loss: f64,
}

/// What a coefficient at zero must gain by rising, as a part of all gained so far; less is rounding.
const RELEASE: f64 = 1e-12;

impl Descent {
    /// Goes a part of a step, which leads below no bound, if that lowers the loss, and says so.
    fn go(&mut self, step: &[f64], part: f64, hessian: &[f64]) -> bool {
        let count = step.len();
        let curved: Vec<f64> =
            (0..count).map(|i| (0..count).map(|j| hessian[i * count + j] * part * step[j]).sum()).collect();
        let gained: f64 = (0..count).map(|i| part * step[i] * (self.gradient[i] + 0.5 * curved[i])).sum();
        if gained < 0.0 {
            self.loss += gained;
            self.values.iter_mut().zip(step).for_each(|(value, step)| *value += part * step);
            self.gradient.iter_mut().zip(&curved).for_each(|(gradient, curved)| *gradient += curved);
        }
        gained < 0.0
    }

    /// Goes on, from where the free coefficients are at their optimum or not, until none at zero wants to rise: each that does is let
    /// go, and the others follow as far as the bounds let them (Lawson and Hanson 1974, *Solving Least Squares Problems*, 23.3).
    /// `None` where the Hessian is not positive definite.
    fn settle(&mut self, hessian: &[f64], bounded: &[bool], at_optimum: bool) -> Option<()> {
        let count = self.values.len();
        let mut is_free: Vec<bool> = (0..count).map(|j| !bounded[j] || self.values[j] > 0.0).collect();
        if !at_optimum {
            while !self.follow(hessian, bounded, &mut is_free)? {}
        }
        let gain = |found: &Self, j: usize| 0.5 * found.gradient[j].powi(2) / hessian[j * count + j];
        // Each release lowers the loss, so that no set of free coefficients comes twice but by rounding.
        for _ in 0..10 * count {
            let least = RELEASE * self.loss.abs();
            let rising = (0..count).filter(|&j| !is_free[j] && self.gradient[j] < 0.0 && gain(self, j) > least);
            let Some(next) = rising.max_by(|&a, &b| gain(self, a).total_cmp(&gain(self, b))) else { break };
            is_free[next] = true;
            while !self.follow(hessian, bounded, &mut is_free)? {}
        }
        Some(())
    }

    /// Goes towards the optimum of the free coefficients, up to the first bound on the way, at which one is free no more;
    /// whether there was none.
    fn follow(&mut self, hessian: &[f64], bounded: &[bool], is_free: &mut [bool]) -> Option<bool> {
        let count = self.values.len();
        let free: Vec<usize> = (0..count).filter(|&j| is_free[j]).collect();
        let block = Mat::from_fn(free.len(), free.len(), |i, j| hessian[free[i] * count + free[j]]);
        let slope = Mat::from_fn(free.len(), 1, |i, _| -self.gradient[free[i]]);
        let solved = block.llt(Side::Lower).ok()?.solve(&slope);
        let mut step = vec![0.0; count];
        free.iter().enumerate().for_each(|(i, &j)| step[j] = solved[(i, 0)]);
        let part_to_bound = |j: usize| self.values[j] / -step[j];
        let falls_below = |&j: &usize| bounded[j] && self.values[j] + step[j] < 0.0;
        let first = free.into_iter().filter(falls_below).min_by(|&a, &b| part_to_bound(a).total_cmp(&part_to_bound(b)));
        let part = first.map_or(1.0, part_to_bound);
        let is_lower = self.go(&step, part, hessian);
        if let Some(first) = first {
            // What is left of it where the step was taken is rounding.
            self.values[first] = if is_lower { 0.0 } else { self.values[first] };
            is_free[first] = false;
        }
        Some(first.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

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

    /// Random convex bowls: no point within the bounds is lower than the optimum, by its conditions: free slopes are zero, those at
    /// the bound do not fall (Karush, Kuhn and Tucker).
    #[test]
    fn optima_within_bounds_meet_their_conditions() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut at_the_bound = 0;
        for _ in 0..2_000 {
            let count = 6;
            let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| random.random_range(-1.0..1.0)).collect() };
            let (factor, gradient) = (draw(count * count), draw(count));
            let hessian: Vec<f64> = (0..count * count)
                .map(|at| {
                    let (i, j) = (at / count, at % count);
                    let product: f64 = (0..count).map(|k| factor[i * count + k] * factor[j * count + k]).sum();
                    product + if i == j { 0.01 } else { 0.0 }
                })
                .collect();
            let theta: Vec<f64> = draw(count).into_iter().map(f64::abs).collect();
            let bowl = Quadratic { theta: theta.clone(), gradient, hessian };
            let support: Vec<usize> = (0..count).collect();
            let local = bowl.over(&support, |_| true).unwrap();
            assert!((bowl.loss(&local.values) - local.loss).abs() < 1e-9 * (1.0 + local.loss.abs()));
            for i in 0..count {
                let moved = |j: usize| local.values[j] - theta[j];
                let slope = bowl.gradient[i] + (0..count).map(|j| bowl.hessian[i * count + j] * moved(j)).sum::<f64>();
                at_the_bound += i32::from(local.values[i] == 0.0);
                assert!(local.values[i] >= 0.0 && slope > -1e-5 && (local.values[i] == 0.0 || slope < 1e-5), "{slope}");
            }
        }
        assert!(at_the_bound > 1_000, "{at_the_bound}");
    }
}
