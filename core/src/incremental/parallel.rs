//! Work on rows on all threads that comes out the same on any number of them.

use rayon::prelude::*;
use std::ops::Range;

/// Rows per piece: the pieces, and the order in which they are added, depend on nothing else.
pub(super) const PIECE: usize = 4_096;

/// Hands `of(piece)` over consecutive pieces of `0..rows` to `add`, in their order.
pub(super) fn sum_over<T: Send>(rows: usize, of: impl Fn(Range<usize>) -> T + Sync, add: impl FnMut(T)) {
    in_pieces(rows, PIECE, of).into_iter().for_each(add);
}

/// What `of` makes of consecutive pieces of `0..rows` of a given size, in their order.
pub(super) fn in_pieces<T: Send>(rows: usize, size: usize, of: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let piece = |piece: usize| of(piece * size..((piece + 1) * size).min(rows));
    (0..rows.div_ceil(size)).into_par_iter().map(piece).collect()
}
