//! Money and counts as people read them.

pub(super) use crate::pipeline::phrases::grouped;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, Decimal128Type, DecimalType};
use std::fmt;

/// Money of a mart, exactly: minor units, of which 10 to the power of `digits` make a major one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Money {
    pub(super) minor: i128,
    pub(super) digits: u8,
}

impl Money {
    /// In major units, to be looked at.
    #[expect(clippy::cast_precision_loss, reason = "what is looked at has a few digits")]
    pub(super) fn major(self) -> f64 {
        self.minor as f64 / 10_f64.powi(self.digits.into())
    }

    /// What is left when other money of the currency is taken away.
    pub(super) fn less(self, other: Self) -> Self {
        Self { minor: self.minor - other.minor, ..self }
    }

    /// How often other money of the currency goes into this.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    pub(super) fn over(self, other: Self) -> f64 {
        self.minor as f64 / other.minor as f64
    }
}

/// All digits, as in `-1234.50`.
impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.digits.cast_signed();
        out.write_str(&Decimal128Type::format_decimal(self.minor, DECIMAL128_MAX_PRECISION, scale))
    }
}

/// A number of major units, as near as readers of JSON hold numbers.
impl serde::Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.major())
    }
}

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

/// A number with so many digits behind the point; what is nothing then has no sign.
pub(super) fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    match text.strip_prefix('-') {
        Some(magnitude) if magnitude.chars().all(|c| matches!(c, '0' | '.')) => magnitude.to_owned(),
        _ => text,
    }
}

/// So many of something: 1 row, 2,000 rows.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
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

    /// A float has room for sixteen digits of these eighteen.
    #[test]
    fn money_has_all_its_digits() {
        assert_eq!(Money { minor: 999_999_999_999_999_999, digits: 2 }.to_string(), "9999999999999999.99");
        assert_eq!(Money { minor: -5, digits: 2 }.to_string(), "-0.05");
        assert_eq!(Money { minor: 12, digits: 0 }.to_string(), "12");
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(0, "row"), "0 rows");
        assert_eq!(counted(2_000, "row"), "2,000 rows");
    }
}
