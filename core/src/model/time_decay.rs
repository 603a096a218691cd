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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::Anchors;

    /// In 2024 as at the epoch: the closing touch has one, seven days before it is a half, fourteen a quarter.
    #[test]
    fn credit_halves_every_half_life_in_any_year() {
        let newest = 19_800 * DAY_MICROS;
        let touched_at = [14, 7, 0].map(|days| newest - days * DAY_MICROS);
        let journey = Journey {
            touched_at: &touched_at,
            channels: &[0; 3],
            converted_at: newest + DAY_MICROS,
            anchors: Anchors::default(),
        };
        let mut credits = [9.0; 3];
        assert_eq!(TimeDecay::new(7.0).credit(journey, &mut credits), Residual::None);
        assert_eq!(credits, [0.25, 0.5, 1.0]);
    }
}
