//! Credit by distinct channel: what a channel is worth in a journey is split evenly over its touches there.

use crate::journey::Journey;
use crate::ledger::Residual;

/// Channels below this code are counted in an array, and are bits of a word: they are few, unless states are campaigns.
const COUNTED: usize = 64;

/// Calls `with` for the distinct channels of a journey, ascending.
pub(super) fn with_distinct<R>(channels: &[u32], with: impl FnOnce(&[u32]) -> R) -> R {
    if are_counted(channels) {
        let mut left = channels.iter().fold(0_u64, |set, &channel| set | 1 << channel);
        let (mut set, mut size) = ([0; COUNTED], 0);
        while left != 0 {
            set[size] = left.trailing_zeros();
            size += 1;
            left &= left - 1;
        }
        with(&set[..size])
    } else {
        let mut set = channels.to_vec();
        set.sort_unstable();
        set.dedup();
        with(&set)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_ascends_without_repeats_whatever_the_codes() {
        for first in [0, 60, 5_000] {
            let channels = [first + 3, first, first + 3, first + 1];
            with_distinct(&channels, |set| assert_eq!(set, [first, first + 1, first + 3]));
        }
        with_distinct(&[], |set| assert!(set.is_empty()));
    }
}
