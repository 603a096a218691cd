//! Money: whole cents, from the moment it is drawn.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::{Serialize, Serializer};

use super::draw::whole;

/// The one currency of the simulated company.
pub const CURRENCY: &str = "USD";

/// An amount in cents; prints as `1234.50`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

impl Cents {
    /// `amount` dollars.
    pub const fn dollars(amount: i64) -> Self {
        Self(amount * 100)
    }

    /// This amount times a random or expected `factor`, rounded to the cent at once.
    pub fn times(self, factor: f64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "the factor is an estimate anyway")]
        Self(whole(self.0 as f64 * factor))
    }

    /// This amount rounded down to what a price list would say: ten dollars.
    pub const fn price(self) -> Self {
        Self(self.0 - self.0 % 1000)
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Cents {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Cents {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_as_decimals() {
        assert_eq!(Cents(-5).to_string(), "-0.05");
        assert_eq!(Cents::dollars(12).times(0.5).to_string(), "6.00");
        assert_eq!(Cents(123_456).price().to_string(), "1230.00");
    }
}
