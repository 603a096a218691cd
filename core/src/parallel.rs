//! Work on rows on all threads that comes out the same on any number of them.

use rayon::prelude::*;
use std::ops::Range;

/// Consecutive pieces of `0..rows`, of a given size, for threads to take: they depend on nothing else.
pub(crate) fn pieces(rows: usize, size: usize) -> impl IndexedParallelIterator<Item = Range<usize>> {
    (0..rows.div_ceil(size)).into_par_iter().map(move |piece| piece * size..rows.min((piece + 1) * size))
}

/// Hands what `of` makes of each piece to `add`, in their order.
pub(crate) fn sum_over<T: Send>(
    rows: usize,
    size: usize,
    of: impl Fn(Range<usize>) -> T + Sync + Send,
    add: impl FnMut(T),
) {
    pieces(rows, size).map(of).collect::<Vec<T>>().into_iter().for_each(add);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_the_rows_once() {
        let all = |rows| pieces(rows, 10).collect::<Vec<Range<usize>>>();
        assert_eq!(all(21), [0..10, 10..20, 20..21]);
        assert_eq!(all(20), [0..10, 10..20]);
        assert!(all(0).is_empty());
    }
}
