//! Money and counts as people read them.

/// Minor units as major units with thousands separators, as in `-1,234.50`.
pub(super) fn money(minor: i128, digits: u8) -> String {
    let unit = 10_u128.pow(u32::from(digits));
    let magnitude = minor.unsigned_abs();
    let sign = if minor < 0 { "-" } else { "" };
    let whole = grouped(magnitude / unit);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{:0width$}", magnitude % unit, width = usize::from(digits))
}

/// A count with thousands separators.
pub(super) fn grouped(count: u128) -> String {
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

/// So many of something: 1 row, 2,000 rows.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count.into()), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(money(-123_450, 2), "-1,234.50");
        assert_eq!(money(99, 2), "0.99");
        assert_eq!(money(1_000, 0), "1,000");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(100_000), "100,000");
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
        assert_eq!(counted(2_000, "row"), "2,000 rows");
    }
}
