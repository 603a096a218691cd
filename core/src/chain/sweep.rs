//! Removal effects by Gauss-Seidel sweeps: for chains of many states and few moves, whose factors would fill up.
//!
//! The chain is absorbing, so sweeps from zero converge, and they stop where floating-point numbers do. What passes
//! through channel i is solved for directly, with the gain f fixed at the states of i: nothing cancels.

use super::{Chain, Gain, Unsolved};
use crate::number::number;
use rayon::prelude::*;

/// Channels solved together: enough to fill vector registers, few enough to keep the rows in cache.
const BLOCK: usize = 16;

/// Far more sweeps than journeys of a thousand touches need.
const SWEEPS: usize = 1_000_000;

/// Changes below 2⁻⁶⁰ of the largest gain change nothing more.
const NEGLIGIBLE: f64 = 1.0 / (1_u64 << 60) as f64;

/// Once changes are below 2⁻⁴⁰ and none of so many sweeps has made a smaller one, they are rounding errors. A loop that
/// runs against the order of the states changes alike in some sweeps, until one has gone round it.
const ROUNDING: f64 = 1.0 / (1_u64 << 40) as f64;
const UNCHANGED_SWEEPS: usize = 32;

impl Chain {
    pub(super) fn sweep(&self) -> Result<[Gain; 2], Unsolved> {
        let gained = self.swept_gains()?;
        let largest = [0, 1].map(|measure| largest(gained.iter().copied().skip(measure).step_by(2)));
        let first: Vec<usize> = (0..self.channels).step_by(BLOCK).collect();
        let blocks: Result<Vec<Vec<[f64; 2]>>, Unsolved> =
            first.into_par_iter().map(|first| self.through_block(first, &gained, largest)).collect();
        let through = blocks?.concat();
        let gain = |measure: usize| Gain {
            from_start: gained[measure],
            through: through.iter().map(|through| through[measure]).collect(),
        };
        Ok([gain(0), gain(1)])
    }

    /// The chance to convert from each state.
    pub(super) fn swept_chances(&self) -> Result<Vec<f64>, Unsolved> {
        Ok(self.swept_gains()?.into_iter().step_by(2).take(self.states()).collect())
    }

    /// What is gained from each state, by count and by value.
    fn swept_gains(&self) -> Result<Vec<f64>, Unsolved> {
        self.settle(2, &self.bounds(), |state, row| row.copy_from_slice(&self.rewards(state)), |_, _| ())
    }

    /// No gain is larger than what a journey that ends brings on average where that is most.
    fn bounds(&self) -> [f64; 2] {
        [0, 1].map(|measure| {
            let ended = (0..self.states()).filter(|&state| self.ends[state].journeys() > 0);
            largest(ended.map(|state| self.rewards(state)[measure] / number(self.ends[state].journeys())))
        })
    }

    /// What passes through the channels from `first` on, by count and value.
    fn through_block(&self, first: usize, gained: &[f64], largest: [f64; 2]) -> Result<Vec<[f64; 2]>, Unsolved> {
        let channels = BLOCK.min(self.channels - first);
        let scales: Vec<f64> = largest.iter().copied().cycle().take(2 * channels).collect();
        let fix = |state: usize, row: &mut [f64]| {
            let own = self.last[state].and_then(|channel| (channel as usize).checked_sub(first));
            if let Some(own) = own.filter(|&own| own < channels) {
                row[2 * own..2 * own + 2].copy_from_slice(&gained[2 * state..2 * state + 2]);
            }
        };
        let settled = self.settle(2 * channels, &scales, |_, row| row.fill(0.0), fix)?;
        Ok(settled[..2 * channels].chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
    }

    /// Solves leaving·x = moves·x + source, row by row of `width` numbers, with some numbers fixed. `scales` are the
    /// sizes that changes of each column are held against.
    fn settle(
        &self,
        width: usize,
        scales: &[f64],
        source: impl Fn(usize, &mut [f64]),
        fix: impl Fn(usize, &mut [f64]),
    ) -> Result<Vec<f64>, Unsolved> {
        let mut x = vec![0.0; self.states() * width];
        x.chunks_exact_mut(width).enumerate().for_each(|(state, row)| fix(state, row));
        let mut next = vec![0.0; width];
        let (mut least, mut since_least) = (f64::INFINITY, 0);
        for _ in 0..SWEEPS {
            let mut change = 0.0_f64;
            // Runs with the most recent numbers are likely successors, so that gains travel backwards fast.
            for state in (0..self.states()).rev() {
                source(state, &mut next);
                for &(target, count) in self.moves(state) {
                    let row = &x[target * width..(target + 1) * width];
                    next.iter_mut().zip(row).for_each(|(sum, x)| *sum += count * x);
                }
                next.iter_mut().for_each(|sum| *sum /= self.leaving[state]);
                fix(state, &mut next);
                let row = &mut x[state * width..(state + 1) * width];
                for ((x, next), scale) in row.iter_mut().zip(&next).zip(scales) {
                    change = change.max((next - *x).abs() / scale);
                    *x = *next;
                }
            }
            if !change.is_finite() {
                return Err(Unsolved);
            }
            since_least = if change < least { 0 } else { since_least + 1 };
            least = least.min(change);
            if change <= NEGLIGIBLE || (least < ROUNDING && since_least >= UNCHANGED_SWEEPS) {
                return Ok(x);
            }
        }
        Err(Unsolved)
    }
}

/// The largest size, to hold changes against: never zero.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::MIN_POSITIVE, |most, number| most.max(number.abs()))
}
