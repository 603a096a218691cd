//! Σ w·z·zᵀ over rows, a block of rows at a time.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

/// Rows per block: small enough for the cache.
const BLOCK: usize = 512;

/// The sum; of the matrix only the lower triangle is meaningful until it is mirrored.
#[derive(Debug)]
pub(super) struct Gram {
    width: usize,
    rows: Vec<f64>,
    sum: Vec<f64>,
}

impl Gram {
    pub(super) fn new(width: usize) -> Self {
        Self { width, rows: Vec::with_capacity(width * BLOCK), sum: vec![0.0; width * width] }
    }

    /// Adds weight·row·rowᵀ, for a weight of at least zero.
    pub(super) fn push(&mut self, weight: f64, row: &[f64]) {
        let root = weight.sqrt();
        self.rows.extend(row.iter().map(|value| root * value));
        if self.rows.len() >= self.width * BLOCK {
            self.flush();
        }
    }

    /// Both triangles of the sum, row by row.
    pub(super) fn finish(mut self) -> Vec<f64> {
        self.flush();
        let width = self.width;
        for i in 0..width {
            for j in 0..i {
                self.sum[i * width + j] = self.sum[j * width + i];
            }
        }
        self.sum
    }

    fn flush(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        let count = self.rows.len() / self.width;
        let rows = MatRef::from_column_major_slice(&self.rows, self.width, count);
        matmul(
            MatMut::from_column_major_slice_mut(&mut self.sum, self.width, self.width),
            BlockStructure::TriangularLower,
            Accum::Add,
            rows,
            BlockStructure::Rectangular,
            rows.transpose(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        self.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_add_up_to_the_sum() {
        let row = |i: u32| [1.0, f64::from(i % 7), f64::from(i % 3) - 1.0];
        let weight = |i: u32| f64::from(i % 5) / 2.0;
        let mut gram = Gram::new(3);
        (0..1_300).for_each(|i| gram.push(weight(i), &row(i)));
        let sum = gram.finish();
        for i in 0..3 {
            for j in 0..3 {
                let expected: f64 = (0..1_300).map(|n| weight(n) * row(n)[i] * row(n)[j]).sum();
                assert!((sum[i * 3 + j] - expected).abs() < 1e-9 * (1.0 + expected.abs()));
            }
        }
    }
}
