//! Counts as floating-point numbers, exact below 2⁵³: more than there are rows, accounts or journeys.

/// A count as a number.
#[inline]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2⁵³")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// A length or a position as a number.
#[inline]
pub(crate) fn size(of: usize) -> f64 {
    number(of as u64)
}
