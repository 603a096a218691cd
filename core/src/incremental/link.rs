//! How the effects of channels combine.

use serde::Serialize;

/// The rate of conversion given the sum s = Σ β·ln(1 + exposure) of the credited channels, as a multiple of the rate without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// 1 + s: channels add up (the linear excess relative rate of Breslow and Day 1987, *Statistical Methods in Cancer
    /// Research* II, chapter 4). What a touch adds then does not depend on what comes after it.
    Additive,
    /// e^s: channels multiply.
    Multiplicative,
}

impl Link {
    /// The log of the multiple.
    pub(super) fn log_rise(self, sum: f64) -> f64 {
        match self {
            Self::Additive => sum.ln_1p(),
            Self::Multiplicative => sum,
        }
    }

    /// Its slope in the sum.
    pub(super) fn slope(self, sum: f64) -> f64 {
        match self {
            Self::Additive => 1.0 / (1.0 + sum),
            Self::Multiplicative => 1.0,
        }
    }
}
