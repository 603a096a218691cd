//! Outcomes: what came of one journey or of many.

use std::ops::{Add, AddAssign};

/// Conversions and their value, and journeys that did not convert. All are counts, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Journeys that converted.
    pub conversions: u64,
    /// Journeys that did not: lost, still open, or never an opportunity.
    pub nulls: u64,
    /// The value of the conversions in minor units; credits make it negative.
    pub value: i128,
}

impl Outcome {
    /// One conversion of that value.
    pub fn converted(value: i64) -> Self {
        Self { conversions: 1, nulls: 0, value: i128::from(value) }
    }

    /// One journey that did not convert.
    pub const NULL: Self = Self { conversions: 0, nulls: 1, value: 0 };

    /// The same journey `weight` times.
    #[inline]
    pub fn times(self, weight: u32) -> Self {
        Self {
            conversions: self.conversions * u64::from(weight),
            nulls: self.nulls * u64::from(weight),
            value: self.value * i128::from(weight),
        }
    }

    /// All journeys.
    #[inline]
    pub fn journeys(self) -> u64 {
        self.conversions + self.nulls
    }
}

impl Add for Outcome {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            conversions: self.conversions + other.conversions,
            nulls: self.nulls + other.nulls,
            value: self.value + other.value,
        }
    }
}

impl AddAssign for Outcome {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// A sum of minor units as a number: exact below 2⁵³, else rounded once.
#[expect(clippy::cast_precision_loss, reason = "a value to divide by, not to add")]
pub(crate) fn money(value: i128) -> f64 {
    value as f64
}
