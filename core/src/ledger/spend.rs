//! Spend over a range of dates, even per day, cut anywhere without losing a minor unit.

/// What of `amount` (minor units) has been spent through day `day` of `days`: `amount · day / days`, rounded half away
/// from zero. The spend of any period is the difference of two such values, so that every cut of the range agrees.
/// `day` is clamped to `0..=days`; a range has at least one day.
///
/// ```
/// use closedloop_core::ledger::spend_through;
/// // 18,000.00 over 109 days, cut at the ends of July, August and September.
/// let through = |day| spend_through(1_800_000, day, 109);
/// assert_eq!(through(31), 511_927);
/// assert_eq!(through(62) - through(31), 511_926);
/// assert_eq!(through(92) - through(62), 495_413);
/// assert_eq!(through(109) - through(92), 280_734);
/// ```
pub fn spend_through(amount: i64, day: i64, days: i64) -> i64 {
    let days = i128::from(days.max(1));
    let day = i128::from(day).clamp(0, days);
    let doubled = 2 * i128::from(amount) * day;
    let rounded = (doubled.abs() + days) / (2 * days);
    let signed = if amount < 0 { -rounded } else { rounded };
    i64::try_from(signed).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(spend_through(1, 1, 2), 1);
        assert_eq!(spend_through(-1, 1, 2), -1);
        assert_eq!(spend_through(5, 0, 2), 0);
    }

    proptest! {
        #[test]
        fn any_cut_sums_to_the_amount(amount: i64, days in 1..4_000_i64, cut in 0..4_000_i64) {
            let cut = cut.min(days);
            let first = i128::from(spend_through(amount, cut, days));
            let second = i128::from(spend_through(amount, days, days)) - first;
            prop_assert_eq!(first + second, i128::from(amount));
        }
    }
}
