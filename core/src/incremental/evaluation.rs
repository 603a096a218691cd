//! The objective at one point, and sums of products.

/// The objective at one point; the Hessian is dense, row by row.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub loss: f64,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

impl Evaluation {
    pub(super) fn nothing(width: usize) -> Self {
        Self { loss: 0.0, gradient: vec![0.0; width], hessian: vec![0.0; width * width] }
    }

    /// Adds the slopes of another part of the rows.
    pub(super) fn add(&mut self, gradient: &[f64], hessian: &[f64]) {
        self.gradient.iter_mut().zip(gradient).for_each(|(into, from)| *into += from);
        self.hessian.iter_mut().zip(hessian).for_each(|(into, from)| *into += from);
    }

    pub(super) fn add_ridge(&mut self, theta: &[f64], ridge: &[f64]) {
        let width = theta.len();
        for (j, (&coefficient, &precision)) in theta.iter().zip(ridge).enumerate() {
            self.loss += 0.5 * precision * coefficient * coefficient;
            self.gradient[j] += precision * coefficient;
            self.hessian[j * width + j] += precision;
        }
    }
}

/// Eight partial sums, so that they are added side by side.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0_f64; 8];
    let (chunks_a, chunks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    sums.iter().sum::<f64>() + rest
}
