//! Keeping what is marked, where the marks cannot be foretold.

/// Writes the marked items to the front of `kept`, which has room for all, and returns how many they are. Every item is
/// written and the next one over it unless it stays: no jump is taken wrongly.
#[inline]
pub(super) fn keep_marked<T>(kept: &mut [T], items: impl Iterator<Item = (T, bool)>) -> usize {
    let mut count = 0;
    for (item, stays) in items {
        kept[count] = item;
        count += usize::from(stays);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_items_are_kept_in_order() {
        let mut kept = [0; 5];
        let items = [(1, true), (2, false), (3, false), (4, true), (5, false)];
        let count = keep_marked(&mut kept, items.into_iter());
        assert_eq!(kept[..count], [1, 4]);
        assert_eq!(keep_marked(&mut kept, items.map(|(item, _)| (item, true)).into_iter()), 5);
        assert_eq!(kept, [1, 2, 3, 4, 5]);
    }
}
