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

impl CollapseRule {
    /// The rule of a plan, for the types that were met.
    pub fn new(collapse: &Collapse, types: &TypeCodes) -> Self {
        Self { gap: collapse.gap, offline: types.codes_of(&collapse.offline_types) }
    }

    /// Which touches of an account, given in order, to keep. A touch joins the one before it of the same person, campaign
    /// and type when no more than the gap lies between them, or always for offline types. Touches that cannot earn
    /// credit are left alone, and so are those of nobody known.
    pub fn keep(&self, touches: &[Touch]) -> Vec<bool> {
        let mut latest: HashMap<(u32, u32, u16), i64> = HashMap::new();
        let keep = |touch: &Touch| {
            if !touch.eligible || touch.contact == NO_CONTACT {
                return true;
            }
            let before = latest.insert((touch.contact, touch.line, touch.touch_type), touch.at);
            let is_offline = self.offline.contains(&touch.touch_type);
            before.is_none_or(|before| !is_offline && touch.at - before > self.gap)
        };
        touches.iter().map(keep).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(at: i64, contact: u32, touch_type: u16) -> Touch {
        Touch { at, id: at.cast_unsigned(), line: 0, contact, eligible: true, of_sales: false, touch_type }
    }

    #[test]
    fn bursts_count_once_and_events_whole() {
        let rule = CollapseRule { gap: 10, offline: vec![2] };
        let touches = [touch(0, 1, 1), touch(10, 1, 1), touch(20, 1, 1), touch(31, 1, 1), touch(32, 2, 1)];
        assert_eq!(rule.keep(&touches), [true, false, false, true, true]);
        let event = [touch(0, 1, 2), touch(1_000, 1, 2), touch(1_000, 2, 2)];
        assert_eq!(rule.keep(&event), [true, false, true]);
        let mut sent = touch(5, 1, 1);
        sent.eligible = false;
        assert_eq!(rule.keep(&[touch(0, 1, 1), sent, touch(11, 1, 1)]), [true, true, true]);
        // Five people that nobody knows may have been there.
        assert_eq!(rule.keep(&[touch(0, NO_CONTACT, 2); 5]), [true; 5]);
    }
}
