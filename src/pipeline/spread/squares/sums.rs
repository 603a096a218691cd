//! Sums of squares, row by row. They need 128 bits, but what is above the lower 63 of them hardly ever changes and is kept apart.
//! Squares of 31 bits are added without looking for a carry: the 64th bit tells, once for the whole row.

/// Below this a part is squared in 62 bits.
pub(super) const PLAIN: u64 = 1 << 31;
/// Of a sum so many bits are in its lower half.
pub(super) const LOWER_BITS: u32 = 63;

/// Adds the squares of parts below [`PLAIN`] to a row of sums.
pub(super) fn add_plain_squares<T>(lower: &mut [u64], upper: &mut [u64], parts: &[T], part: impl Fn(&T) -> u64) {
    let mut all = 0;
    for (sum, given) in lower.iter_mut().zip(parts) {
        // 32 bits are said to be enough, so that the compiler multiplies several at a time.
        let part = part(given) & u64::from(u32::MAX);
        *sum = sum.wrapping_add(part.wrapping_mul(part));
        all |= *sum;
    }
    if all >> LOWER_BITS != 0 {
        lower.iter_mut().zip(upper).for_each(|(lower, upper)| carry(lower, upper));
    }
}

/// Adds the squares of parts of any size to a row of sums.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken, and a square has at most 128 bits")]
pub(super) fn add_squares(lower: &mut [u64], upper: &mut [u64], parts: impl Iterator<Item = u64>) {
    for ((lower, upper), part) in lower.iter_mut().zip(upper).zip(parts) {
        let sum = u128::from(part) * u128::from(part) + u128::from(*lower);
        *lower = sum as u64 & !(1 << LOWER_BITS);
        *upper += (sum >> LOWER_BITS) as u64;
    }
}

/// Moves what is above the lower bits of a sum to where it belongs.
pub(super) fn carry(lower: &mut u64, upper: &mut u64) {
    *upper += *lower >> LOWER_BITS;
    *lower &= !(1 << LOWER_BITS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Both ways to add, in any mixture, are addition of 128-bit squares.
        #[test]
        fn sums_are_exact(parts in prop::collection::vec(prop_oneof![0..PLAIN, 0..1_000_000_000_000_000_000_u64], 0..400)) {
            let (mut lower, mut upper) = ([0], [0]);
            let mut expected = 0_u128;
            for part in parts {
                expected += u128::from(part) * u128::from(part);
                if part < PLAIN {
                    add_plain_squares(&mut lower, &mut upper, &[part], |part| *part);
                } else {
                    add_squares(&mut lower, &mut upper, std::iter::once(part));
                }
                prop_assert_eq!((u128::from(upper[0]) << LOWER_BITS) + u128::from(lower[0]), expected);
            }
        }
    }
}
