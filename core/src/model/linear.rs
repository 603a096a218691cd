//! Linear: every touch earns the same.

use super::AttributionModel;
use crate::journey::Journey;
use crate::ledger::Residual;

/// Equal credit per touch (attribution.md §2, `linear`).
#[derive(Debug, Clone, Copy)]
pub struct Linear;

impl AttributionModel for Linear {
    fn credit(&self, _journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        credits.fill(1.0);
        Residual::None
    }

    fn sees_shape_only(&self) -> bool {
        true
    }
}
