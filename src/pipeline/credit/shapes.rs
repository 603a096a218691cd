//! Shares by shape: rules by position share journeys of one shape alike, so each shape is shared once.

use super::split::{ModelResidual, Split};
use closedloop_core::journey::Shape;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::ops::Range;

/// The shapes met so far, with the shares of every model that sees nothing else.
#[derive(Default)]
pub(super) struct Shapes {
    /// Where the shares and the residuals of a shape start.
    starts: HashMap<Shape, (usize, usize), FixedState>,
    shares: Vec<u64>,
    residuals: Vec<ModelResidual>,
}

/// Longer journeys are seldom of one shape.
const MOST_TOUCHES: usize = 128;
/// Shares that are remembered, 8 MiB of them; shapes met later are shared anew.
const MOST_SHARES: usize = 1 << 20;

impl Shapes {
    /// Writes what the shape's journeys were given by `models` before; says whether there was any.
    pub(super) fn recall(&self, shape: Shape, models: &[usize], split: &mut Split) -> bool {
        let Some(&(mut from, residuals)) = self.starts.get(&shape) else { return false };
        for (&model, residual) in models.iter().zip(&self.residuals[residuals..]) {
            split.shares[cells(model, shape)].copy_from_slice(&self.shares[from..from + shape.touches]);
            split.residuals[model] = *residual;
            from += shape.touches;
        }
        true
    }

    /// Keeps what `models` gave a journey of the shape.
    pub(super) fn remember(&mut self, shape: Shape, models: &[usize], split: &Split) {
        if shape.touches > MOST_TOUCHES || self.shares.len() > MOST_SHARES {
            return;
        }
        self.starts.insert(shape, (self.shares.len(), self.residuals.len()));
        for &model in models {
            self.shares.extend_from_slice(&split.shares[cells(model, shape)]);
            self.residuals.push(split.residuals[model]);
        }
    }
}

fn cells(model: usize, shape: Shape) -> Range<usize> {
    model * shape.touches..(model + 1) * shape.touches
}
