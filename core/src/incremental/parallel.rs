//! Sums over rows on all threads that come out the same on any number of them.

use rayon::prelude::*;
use std::ops::Range;

/// Rows per piece: the pieces, and the order in which they are added, depend on nothing else.
const PIECE: usize = 8_192;

/// Sums `of(piece)` over consecutive pieces of `0..rows`, added in their order.
pub(super) fn sum_over<T: Send>(rows: usize, of: impl Fn(Range<usize>) -> T + Sync, mut add: impl FnMut(T)) {
    let pieces: Vec<T> = (0..rows.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| of(piece * PIECE..((piece + 1) * PIECE).min(rows)))
        .collect();
    pieces.into_iter().for_each(&mut add);
}
