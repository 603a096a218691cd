//! Who of several parts has the largest remainders.

/// Up to so many parts each is compared with every other, without a jump that could be taken wrongly; more are selected.
const FEW: usize = 32;
/// Parts that are compared in one go.
const LANES: usize = 8;

/// Finds the largest of remainders; holds only scratch space.
#[derive(Debug, Default)]
pub(super) struct Largest {
    remainders: Vec<u64>,
    ranked: Vec<u64>,
}

impl Largest {
    /// Tells `serve` of every part, in order, whether its remainder is among the `count` largest: ties go to the earlier
    /// part. Remainders are below 2⁴⁸, and `count` is at most as many as there are.
    ///
    /// Every posting asks this for every model, and apart from its caller it takes a quarter longer.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        remainders: impl ExactSizeIterator<Item = u64>,
        count: u64,
        serve: impl FnMut(usize, bool),
    ) {
        if remainders.len() <= FEW {
            among_few(remainders, count, serve)
        } else {
            self.select(remainders, count, serve)
        }
    }

    fn select(
        &mut self,
        remainders: impl ExactSizeIterator<Item = u64>,
        count: u64,
        mut serve: impl FnMut(usize, bool),
    ) {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(remainders.len());
        if count == 0 {
            return;
        }
        self.remainders.clear();
        self.remainders.extend(remainders);
        self.ranked.clone_from(&self.remainders);
        let (larger, &mut least, _) = self.ranked.select_nth_unstable_by(count - 1, |a, b| b.cmp(a));
        let mut tied = count - larger.iter().filter(|remainder| **remainder > least).count();
        for (position, &remainder) in self.remainders.iter().enumerate() {
            let is_last = remainder == least && tied > 0;
            tied -= usize::from(is_last);
            serve(position, remainder > least || is_last);
        }
    }
}

/// The place of a part is how many come before it: counted by the sign of differences, several at a time.
#[inline(always)]
fn among_few(remainders: impl ExactSizeIterator<Item = u64>, count: u64, mut serve: impl FnMut(usize, bool)) {
    let (mut keys, parts) = ([0; FEW], remainders.len());
    // An earlier part has the larger key; no two are the same, and what fills up is larger than none.
    for ((key, remainder), behind) in keys.iter_mut().zip(remainders).zip((0..FEW as u64).rev()) {
        *key = remainder * FEW as u64 + behind;
    }
    let compared = &keys[..parts.next_multiple_of(LANES)];
    for (position, own) in keys[..parts].iter().enumerate() {
        let mut before = [0_u64; LANES];
        for others in compared.chunks_exact(LANES) {
            for (before, other) in before.iter_mut().zip(others) {
                *before = before.wrapping_add(own.wrapping_sub(*other) >> 63);
            }
        }
        serve(position, before.iter().fold(0, |sum: u64, before| sum.wrapping_add(*before)) < count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against sorting by remainder, the earlier first.
        #[test]
        fn the_largest_are_served_and_ties_go_to_the_earlier(
            remainders in prop::collection::vec(prop_oneof![0..3_u64, (1_u64 << 48) - 3..1 << 48, 0..1_u64 << 48], 1..80),
            count in 0..80_usize,
        ) {
            let count = count.min(remainders.len());
            let mut sorted: Vec<usize> = (0..remainders.len()).collect();
            sorted.sort_by_key(|&position| (std::cmp::Reverse(remainders[position]), position));
            let mut expected = vec![false; remainders.len()];
            sorted[..count].iter().for_each(|&position| expected[position] = true);
            let mut served = vec![false; remainders.len()];
            let serve = |position: usize, is_served| served[position] = is_served;
            Largest::default().find(remainders.iter().copied(), count as u64, serve);
            prop_assert_eq!(served, expected);
        }
    }
}
