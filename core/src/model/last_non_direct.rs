//! Last non-direct: the closing touch that did not come by itself.

use super::AttributionModel;
use crate::journey::Journey;
use crate::ledger::Residual;

/// All credit to the last touch outside the direct channels; to the last touch when all are direct (attribution.md §2).
#[derive(Debug, Clone)]
pub struct LastNonDirect {
    is_direct: Vec<bool>,
}

impl LastNonDirect {
    /// `is_direct[code]` says whether the channel of that code is direct; codes beyond the end are not.
    pub fn new(is_direct: Vec<bool>) -> Self {
        Self { is_direct }
    }
}

impl AttributionModel for LastNonDirect {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        credits.fill(0.0);
        let is_direct = |&channel: &u32| self.is_direct.get(channel as usize).copied().unwrap_or(false);
        let credited = journey.channels.iter().rposition(|channel| !is_direct(channel)).unwrap_or(journey.len() - 1);
        credits[credited] = 1.0;
        Residual::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::Anchors;

    fn credits(channels: &[u32]) -> Vec<f64> {
        let touched_at: Vec<i64> = (0..).take(channels.len()).collect();
        let mut credits = vec![9.0; channels.len()];
        let journey = Journey { touched_at: &touched_at, channels, converted_at: 99, anchors: Anchors::default() };
        LastNonDirect::new(vec![false, true]).credit(journey, &mut credits);
        credits
    }

    #[test]
    fn the_last_touch_that_is_not_direct_or_the_last() {
        assert_eq!(credits(&[0, 0, 1]), [0.0, 1.0, 0.0]);
        assert_eq!(credits(&[1, 1]), [0.0, 1.0]);
        assert_eq!(credits(&[1, 7]), [0.0, 1.0]);
        assert_eq!(credits(&[7, 1]), [1.0, 0.0]);
    }
}
