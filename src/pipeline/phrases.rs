//! Phrases of remarks and findings: so many of something, and names that may be many.

use std::fmt::Display;

/// A count, which is never below zero, with thousands separators.
pub(crate) fn grouped(count: impl Display) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many there are, and the words that follow one or several: 1 row was, 3 rows were.
pub(super) fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str, several: &str) -> String {
    let words = if count == N::from(1) { one } else { several };
    format!("{} {words}", grouped(count))
}

/// How many there are, and the first three.
pub(super) fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    let first = names.take(3).collect::<Vec<_>>().join(", ");
    format!("{} ({first}{})", grouped(count), if count > 3 { ", …" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_as_one() {
        assert_eq!(counted(1_u64, "row was", "rows were"), "1 row was");
        assert_eq!(counted(0_usize, "row was", "rows were"), "0 rows were");
        assert_eq!(counted(2_000_i64, "row was", "rows were"), "2,000 rows were");
    }

    #[test]
    fn names_beyond_three_are_left_out() {
        assert_eq!(few(["a", "b", "c"].into_iter()), "3 (a, b, c)");
        assert_eq!(few(["a", "b", "c", "d"].into_iter()), "4 (a, b, c, …)");
    }
}
