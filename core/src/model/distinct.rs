//! Credit by distinct channel: what a channel is worth in a journey is split evenly over its touches there.

use crate::journey::Journey;
use crate::ledger::Residual;

/// Journeys up to this length are sorted without allocating.
const SHORT: usize = 64;

/// Calls `with` for the channels of a journey, sorted, repeats included.
pub(super) fn with_sorted<R>(channels: &[u32], with: impl FnOnce(&[u32]) -> R) -> R {
    let (mut short, mut long) = ([0; SHORT], Vec::new());
    let sorted = if let Some(short) = short.get_mut(..channels.len()) {
        short
    } else {
        long.resize(channels.len(), 0);
        &mut long[..]
    };
    sorted.copy_from_slice(channels);
    sorted.sort_unstable();
    with(sorted)
}

/// Writes each touch its part of what its channel is worth, given the channels of the journey sorted. Where no channel
/// is worth anything, every touch earns the same.
pub(super) fn spread(
    journey: Journey<'_>,
    sorted: &[u32],
    credits: &mut [f64],
    worth: impl Fn(u32) -> f64,
) -> Residual {
    let mut earned = false;
    for (credit, &channel) in credits.iter_mut().zip(journey.channels) {
        let first = sorted.partition_point(|&other| other < channel);
        let touches = sorted[first..].iter().take_while(|&&other| other == channel).count();
        *credit = worth(channel) / touch_count(touches);
        earned |= *credit > 0.0;
    }
    if !earned {
        credits.fill(1.0);
    }
    Residual::None
}

#[expect(clippy::cast_precision_loss, reason = "a number of touches is far below 2⁵³")]
fn touch_count(touches: usize) -> f64 {
    touches as f64
}
