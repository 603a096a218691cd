//! Time decay: a touch loses half its credit every half-life before the conversion.

use super::AttributionModel;
use crate::journey::{DAY_MICROS, Journey};
use crate::ledger::Residual;

/// Credit 2^(−age/half-life), continuous in time (attribution.md §2, `time decay`).
#[derive(Debug, Clone, Copy)]
pub struct TimeDecay {
    halvings_per_micro: f64,
}

impl TimeDecay {
    /// Decay with a half-life of `half_life_days` days of 24 hours; positive and finite.
    #[expect(clippy::cast_precision_loss, reason = "a day in microseconds is far below 2⁵³")]
    pub fn new(half_life_days: f64) -> Self {
        Self { halvings_per_micro: 1.0 / (half_life_days * DAY_MICROS as f64) }
    }
}

impl AttributionModel for TimeDecay {
    /// Ages count from the closing touch: the same credits up to scale, and the newest never underflows.
    #[expect(clippy::cast_precision_loss, reason = "spans between touches are far below 2⁵³ microseconds")]
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        let newest = journey.touched_at.last().copied().unwrap_or(journey.converted_at);
        for (credit, &at) in credits.iter_mut().zip(journey.touched_at) {
            *credit = ((at - newest) as f64 * self.halvings_per_micro).exp2();
        }
        Residual::None
    }
}
