//! Portions: the part of an amount, rounded once, so that consecutive parts lose nothing.

/// `amount · part / whole`, rounded half away from zero; `part` is clamped to `0..=whole`, and `whole` is at least one.
///
/// Spend over a range of dates is even per day: what is spent through day k of n is `portion(amount, k, n)`, and the
/// spend of any period is the difference of two such values, so that every cut of the range agrees.
///
/// ```
/// use closedloop_core::ledger::portion;
/// // 18,000.00 over 109 days, cut at the ends of July, August and September.
/// let through = |day| portion(1_800_000, day, 109);
/// assert_eq!(through(31), 511_927);
/// assert_eq!(through(62) - through(31), 511_926);
/// assert_eq!(through(92) - through(62), 495_413);
/// assert_eq!(through(109) - through(92), 280_734);
/// ```
pub fn portion(amount: i64, part: i64, whole: i64) -> i64 {
    let whole = i128::from(whole.max(1));
    let part = i128::from(part).clamp(0, whole);
    let doubled = 2 * i128::from(amount) * part;
    let rounded = (doubled.abs() + whole) / (2 * whole);
    let signed = if amount < 0 { -rounded } else { rounded };
    i64::try_from(signed).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(portion(1, 1, 2), 1);
        assert_eq!(portion(-1, 1, 2), -1);
        assert_eq!(portion(5, 0, 2), 0);
        assert_eq!(portion(5, 1, 1), 5);
        assert_eq!(
            [31, 62, 92, 109].map(|day| portion(1_800_000, day, 109)),
            [511_927, 1_023_853, 1_519_266, 1_800_000]
        );
    }

    proptest! {
        #[test]
        fn any_cut_sums_to_the_amount(amount: i64, days in 1..4_000_i64, cut in 0..4_000_i64) {
            let first = i128::from(portion(amount, cut.min(days), days));
            let second = i128::from(portion(amount, days, days)) - first;
            prop_assert_eq!(first + second, i128::from(amount));
        }
    }
}
