//! Collapsing: touches of one person with one campaign and type that belong together count once, as the first of them.

use super::touch::{NO_CONTACT, Touch};
use super::types::TypeCodes;
use crate::config::plan::Collapse;
use std::collections::HashMap;

/// When a touch belongs to the one before it.
#[derive(Debug)]
pub struct CollapseRule {
    gap: i64,
    offline: Vec<u16>,
}

/// The latest touch of every person, campaign and type, of those of a journey that went by.
#[derive(Debug, Default)]
pub struct LatestTouches(HashMap<(u32, u32, u16), i64>);

impl CollapseRule {
    /// The rule of a plan, for the types that were met.
    pub fn new(collapse: &Collapse, types: &TypeCodes) -> Self {
        Self { gap: collapse.gap, offline: types.codes_of(&collapse.offline_types) }
    }

    /// Whether the next touch of a journey counts. It joins the one before it of the same person, campaign and type when no
    /// more than the gap lies between them, or always for offline types. Touches that cannot earn credit are left alone,
    /// and so are those of nobody known.
    pub fn counts(&self, touch: &Touch, latest: &mut LatestTouches) -> bool {
        if !touch.eligible || touch.contact == NO_CONTACT {
            return true;
        }
        let before = latest.0.insert((touch.contact, touch.line, touch.touch_type), touch.at);
        let is_offline = self.offline.contains(&touch.touch_type);
        before.is_none_or(|before| !is_offline && touch.at - before > self.gap)
    }

    /// Those of an account's touches that count, where all of them are one journey.
    pub fn of_all(&self, touches: &[Touch]) -> Vec<Touch> {
        let mut latest = LatestTouches::default();
        touches.iter().filter(|touch| self.counts(touch, &mut latest)).copied().collect()
    }
}

impl LatestTouches {
    /// Before the first touch of a journey.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(at: i64, contact: u32, touch_type: u16) -> Touch {
        Touch { at, id: at.cast_unsigned(), line: 0, contact, eligible: true, of_sales: false, touch_type }
    }

    fn keep(rule: &CollapseRule, touches: &[Touch]) -> Vec<bool> {
        let mut latest = LatestTouches::default();
        touches.iter().map(|touch| rule.counts(touch, &mut latest)).collect()
    }

    #[test]
    fn bursts_count_once_and_events_whole() {
        let rule = CollapseRule { gap: 10, offline: vec![2] };
        let touches = [touch(0, 1, 1), touch(10, 1, 1), touch(20, 1, 1), touch(31, 1, 1), touch(32, 2, 1)];
        assert_eq!(keep(&rule, &touches), [true, false, false, true, true]);
        let event = [touch(0, 1, 2), touch(1_000, 1, 2), touch(1_000, 2, 2)];
        assert_eq!(keep(&rule, &event), [true, false, true]);
        let mut sent = touch(5, 1, 1);
        sent.eligible = false;
        assert_eq!(keep(&rule, &[touch(0, 1, 1), sent, touch(11, 1, 1)]), [true, true, true]);
        // Five people that nobody knows may have been there.
        assert_eq!(keep(&rule, &[touch(0, NO_CONTACT, 2); 5]), [true; 5]);
    }
}
