//! Credit by distinct channel: what a channel is worth in a journey is split evenly over its touches there.

use crate::channel_set::FEW;
use crate::journey::Journey;
use crate::ledger::Residual;

/// Channels below this code are counted in an array.
const COUNTED: usize = FEW as usize;

fn are_counted(channels: &[u32]) -> bool {
    channels.iter().all(|&channel| (channel as usize) < COUNTED)
}

/// Writes each touch its part of what its channel is worth. Where no channel is worth anything, every touch earns the
/// same.
pub(super) fn spread(journey: Journey<'_>, credits: &mut [f64], worth: impl Fn(u32) -> f64) -> Residual {
    let channels = journey.channels;
    if are_counted(channels) {
        let mut counts = [0_u32; COUNTED];
        channels.iter().for_each(|&channel| counts[channel as usize] += 1);
        divide(channels, credits, worth, |channel| counts[channel as usize])
    } else {
        let mut sorted = channels.to_vec();
        sorted.sort_unstable();
        let end = |channel: u32| sorted.partition_point(|&other| other <= channel);
        let start = |channel: u32| sorted.partition_point(|&other| other < channel);
        divide(channels, credits, worth, |channel| u32::try_from(end(channel) - start(channel)).unwrap_or(u32::MAX))
    }
}

fn divide(
    channels: &[u32],
    credits: &mut [f64],
    worth: impl Fn(u32) -> f64,
    touches_of: impl Fn(u32) -> u32,
) -> Residual {
    let mut earned = false;
    for (credit, &channel) in credits.iter_mut().zip(channels) {
        *credit = worth(channel) / f64::from(touches_of(channel));
        earned |= *credit > 0.0;
    }
    if !earned {
        credits.fill(1.0);
    }
    Residual::None
}
