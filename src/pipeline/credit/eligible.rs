//! The eligible touches of one journey.

use crate::scatter::conversions::{Conversions, Window};
use crate::scatter::lines::Lines;
use crate::scatter::touch::Touch;

/// The eligible touches of one journey, column by column.
#[derive(Default)]
pub(in crate::pipeline) struct EligibleTouches {
    /// Position in the account's run.
    pub(in crate::pipeline) position: Vec<usize>,
    pub(in crate::pipeline) touched_at: Vec<i64>,
    pub(in crate::pipeline) lines: Vec<u32>,
    pub(in crate::pipeline) channels: Vec<u32>,
    pub(in crate::pipeline) quarters: Vec<u32>,
}

impl EligibleTouches {
    /// Collects the eligible touches of a window from those of its account; says whether any touch at all is in it.
    pub(in crate::pipeline) fn collect(
        &mut self,
        window: Window<'_>,
        touches: &[Touch],
        conversions: &Conversions,
        lines: &Lines,
    ) -> bool {
        let start = touches.partition_point(|touch| touch.at < window.start);
        let end = touches.partition_point(|touch| touch.at <= window.end);
        let contacts = window.contacts;
        self.clear();
        let (mut any, mut quarter) = (false, 0);
        for (position, touch) in touches.iter().enumerate().take(end).skip(start) {
            if !contacts.is_empty() && contacts.binary_search(&touch.contact).is_err() {
                continue;
            }
            any = true;
            if touch.eligible {
                self.position.push(position);
                self.touched_at.push(touch.at);
                self.lines.push(touch.line);
                self.channels.push(lines.channel(touch.line));
                quarter = conversions.quarters.position_near(touch.at, quarter);
                self.quarters.push(quarter);
            }
        }
        any
    }

    fn clear(&mut self) {
        self.position.clear();
        self.touched_at.clear();
        self.lines.clear();
        self.channels.clear();
        self.quarters.clear();
    }
}
