//! Shares by shape: rules by position share journeys of one shape alike, so each shape is shared once.

use super::split::Split;
use closedloop_core::journey::Shape;
use closedloop_core::ledger::Bucket;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// The shapes met so far, with the shares of every model; those of models that see more than the shape are written over.
#[derive(Default)]
pub(super) struct Shapes {
    /// Where the shares and the buckets of a shape start.
    starts: HashMap<Shape, (usize, usize), FixedState>,
    shares: Vec<u64>,
    buckets: Vec<Option<Bucket>>,
}

/// Longer journeys are seldom of one shape.
const MOST_TOUCHES: usize = 128;
/// Shares that are remembered, 8 MiB of them; shapes met later are shared anew.
const MOST_SHARES: usize = 1 << 20;

impl Shapes {
    /// Writes what the shape's journeys were given before; says whether there was any.
    pub(super) fn recall(&self, shape: Shape, split: &mut Split) -> bool {
        let Some(&(shares, buckets)) = self.starts.get(&shape) else { return false };
        let (of_shares, of_buckets) = split.shares();
        let (shares, buckets) = (shares..shares + of_shares.len(), buckets..buckets + of_buckets.len());
        split.copy(&self.shares[shares], &self.buckets[buckets]);
        true
    }

    /// Keeps what a journey of the shape was given.
    pub(super) fn remember(&mut self, shape: Shape, split: &Split) {
        if shape.touches > MOST_TOUCHES || self.shares.len() > MOST_SHARES {
            return;
        }
        self.starts.insert(shape, (self.shares.len(), self.buckets.len()));
        let (shares, buckets) = split.shares();
        self.shares.extend_from_slice(shares);
        self.buckets.extend_from_slice(buckets);
    }
}
