//! Shapley on the volume game: every distinct channel of a converting journey earns the same.

use super::AttributionModel;
use super::distinct::spread;
use crate::journey::Journey;
use crate::ledger::Residual;
use std::any::Any;

/// The Shapley value of the game v(S) = what journeys brought whose channels all are in S. A journey's own set is the
/// only one with a dividend, so its value is divided equally over its distinct channels (Zhao, Mahboobi and Bagheri
/// 2018, arXiv:1804.05327), here exactly and per deal. A channel's part is split evenly over its touches.
///
/// The paper's *ordered* value asks what a channel brings at each position, and gives a channel that comes several times
/// its part in equal parts at its positions: the same credit per touch. `ordered_shapley` is therefore this model, and
/// what it adds is the view by position. Neither looks at journeys that did not convert.
#[derive(Debug, Clone, Copy)]
pub struct Shapley;

impl AttributionModel for Shapley {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        spread(journey, credits, |_| 1.0)
    }

    fn credits_like(&self, other: &dyn AttributionModel) -> bool {
        (other as &dyn Any).is::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::Anchors;

    #[test]
    fn a_channel_that_comes_twice_earns_once() {
        let channels = [3, 0, 3, 7];
        let journey =
            Journey { touched_at: &[1, 2, 3, 4], channels: &channels, converted_at: 9, anchors: Anchors::default() };
        let mut credits = [9.0; 4];
        assert_eq!(Shapley.credit(journey, &mut credits), Residual::None);
        assert_eq!(credits, [0.5, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn neither_long_journeys_nor_high_codes_are_different() {
        let touched_at: Vec<i64> = (0..200).collect();
        for first in [0, 40, 5_000] {
            let channels: Vec<u32> = (0..200).map(|touch| first + touch % 50).collect();
            let journey = Journey {
                touched_at: &touched_at,
                channels: &channels,
                converted_at: 999,
                anchors: Anchors::default(),
            };
            let mut credits = [9.0; 200];
            Shapley.credit(journey, &mut credits);
            assert_eq!(credits, [0.25; 200]);
        }
    }
}
