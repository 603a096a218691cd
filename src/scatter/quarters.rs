//! The fiscal quarters that the run spans, for looking up instants without a calendar.

use crate::config::Calendar;
use crate::config::calendar::DateMeans;
use crate::engine::dense::narrow;

/// Consecutive fiscal quarters with the instants at which they start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarters {
    first: i32,
    starts: Vec<i64>,
}

impl Quarters {
    /// The quarters from that of `earliest` to that of `latest`. Instants outside the calendar's range are clamped to it.
    pub fn spanning(calendar: &Calendar, earliest: i64, latest: i64) -> Self {
        let first = calendar.quarter_of(earliest).unwrap_or_default();
        let last = calendar.quarter_of(latest).unwrap_or(first);
        let start = |quarter| calendar.instant_of_date(calendar.quarter_start(quarter)?, DateMeans::Start);
        Self { first, starts: (first..=last).map_while(start).collect() }
    }

    /// The position of the quarter that holds `instant`; instants outside are given the nearest.
    #[inline]
    pub fn position(&self, instant: i64) -> u32 {
        let position = self.starts.partition_point(|&start| start <= instant).saturating_sub(1);
        narrow(position)
    }

    /// The same, where it is mostly that at the position `guess`.
    #[inline]
    pub fn position_near(&self, instant: i64, guess: u32) -> u32 {
        let start = |position: usize| self.starts.get(position).copied().unwrap_or(i64::MAX);
        let guessed = guess as usize;
        if start(guessed) <= instant && instant < start(guessed + 1) { guess } else { self.position(instant) }
    }

    /// The number that counts quarters, of the quarter at `position`.
    pub fn number(&self, position: u32) -> i32 {
        self.first.saturating_add_unsigned(position)
    }

    /// How many quarters there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn positions_agree_with_the_calendar() {
        let calendar = Calendar::new(TimeZone::get("America/New_York").unwrap(), 2);
        let at = |text: &str| calendar.read_instant(text, DateMeans::Start).unwrap();
        let quarters = Quarters::spanning(&calendar, at("2024-03-05"), at("2026-12-31"));
        for text in ["2024-03-05", "2024-04-30 23:59:59", "2024-05-01", "2025-01-31", "2026-11-01", "2026-12-31"] {
            let number = quarters.number(quarters.position(at(text)));
            assert_eq!(Some(number), calendar.quarter_of(at(text)), "{text}");
            for guess in [0, 1, 11, 12] {
                assert_eq!(quarters.position_near(at(text), guess), quarters.position(at(text)), "{text} {guess}");
            }
        }
        assert_eq!(quarters.count(), 12);
        for instant in [i64::MIN, i64::MAX - 1] {
            assert_eq!(quarters.position_near(instant, 0), quarters.position(instant));
        }
    }
}
