//! Stretches of time from one change of a zone's clocks to the next, in which local time and UTC are a constant apart: what
//! tells millions of times apart without asking the time zone for each.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::ops::Range;
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
/// Clocks are never a day and two hours from UTC, so that local times this far from a change are neither skipped nor repeated.
const MARGIN: i64 = 2 * 86_400 * SECOND;
/// 1970-01-01 to 2100-01-01. Outside, the time zone itself is asked.
const TOLD: Range<i64> = 0..4_102_444_800 * SECOND;

/// The stretches of a time zone, in order and without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretches(Arc<[Stretch]>);

/// Microseconds since the epoch, and how far the clocks are ahead of UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    instants: Range<i64>,
    offset: i64,
}

impl Stretches {
    pub(super) fn of(zone: &TimeZone) -> Self {
        let changes = zone.following(Timestamp::UNIX_EPOCH).map(|change| change.timestamp().as_microsecond());
        let ends = changes.take_while(|change| TOLD.contains(change)).chain([TOLD.end]);
        let stretches = ends.scan(TOLD.start, |start, end| {
            let instants = std::mem::replace(start, end)..end;
            let offset = zone.to_offset(Timestamp::from_microsecond(instants.start).ok()?);
            Some(Stretch { instants, offset: i64::from(offset.seconds()) * SECOND })
        });
        Self(stretches.collect())
    }

    /// How far the clocks are ahead of UTC at an instant; `None` where the time zone is to be asked.
    pub(super) fn offset_at(&self, instant: i64) -> Option<i64> {
        Some(self.around(instant)?.offset)
    }

    /// The instant of a local time, given as if it were UTC; `None` where the time zone is to be asked.
    pub(super) fn instant_of(&self, local: i64) -> Option<i64> {
        // Looked up as if it were an instant: the margin makes up for the difference.
        let Stretch { instants, offset } = self.around(local)?;
        let is_far_from_changes = instants.start + MARGIN <= local && local < instants.end - MARGIN;
        is_far_from_changes.then_some(local - offset)
    }

    fn around(&self, at: i64) -> Option<&Stretch> {
        let stretch = self.0.get(self.0.partition_point(|stretch| stretch.instants.end <= at))?;
        stretch.instants.contains(&at).then_some(stretch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::calendar::instant_text;

    /// Eastern time by its rules: ahead an hour from the second Sunday of March to the first of November.
    #[test]
    fn new_york_changes_its_clocks_twice_a_year() {
        let stretches = Stretches::of(&TimeZone::get("America/New_York").unwrap());
        let of_2026 = stretches.0.iter().filter(|stretch| instant_text(stretch.instants.start).starts_with("2026"));
        let of_2026: Vec<_> = of_2026.map(|stretch| (instant_text(stretch.instants.start), stretch.offset)).collect();
        let hours = |hours: i64| hours * 3_600 * SECOND;
        assert_eq!(
            of_2026,
            [("2026-03-08T07:00:00Z".to_owned(), hours(-4)), ("2026-11-01T06:00:00Z".to_owned(), hours(-5))]
        );
    }

    #[test]
    fn a_zone_that_never_changes_is_one_stretch() {
        let stretches = Stretches::of(&TimeZone::UTC);
        assert_eq!(stretches.0.len(), 1);
        assert_eq!(stretches.instant_of(TOLD.end / 2), Some(TOLD.end / 2));
        assert_eq!((stretches.offset_at(-1), stretches.offset_at(TOLD.end)), (None, None));
    }
}
