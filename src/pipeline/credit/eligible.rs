//! The eligible touches of one journey.

use crate::config::Plan;
use crate::scatter::collapse::{CollapseRule, LatestTouches};
use crate::scatter::conversions::{Conversions, Window};
use crate::scatter::lines::Lines;
use crate::scatter::partition::Scattered;
use crate::scatter::touch::Touch;
use std::borrow::Cow;

/// What makes touches of an account a journey.
#[derive(Debug)]
pub(in crate::pipeline) struct JourneyMaker<'a> {
    conversions: &'a Conversions,
    lines: &'a Lines,
    collapse: Option<CollapseRule>,
}

impl<'a> JourneyMaker<'a> {
    /// Those of a plan, for the touches that were scattered.
    pub(in crate::pipeline) fn new(
        plan: &Plan,
        conversions: &'a Conversions,
        scattered: &Scattered,
        lines: &'a Lines,
    ) -> Self {
        let collapse = plan.journeys.collapse.as_ref();
        Self { conversions, lines, collapse: collapse.map(|collapse| CollapseRule::new(collapse, &scattered.types)) }
    }

    /// An account's touches, where all of them are one journey.
    pub(in crate::pipeline) fn of_all<'t>(&self, touches: &'t [Touch]) -> Cow<'t, [Touch]> {
        match &self.collapse {
            None => touches.into(),
            Some(rule) => rule.of_all(touches).into(),
        }
    }
}

/// The eligible touches of one journey, column by column.
#[derive(Default)]
pub(in crate::pipeline) struct EligibleTouches {
    /// Position in the account's run.
    pub(in crate::pipeline) position: Vec<usize>,
    pub(in crate::pipeline) touched_at: Vec<i64>,
    pub(in crate::pipeline) lines: Vec<u32>,
    pub(in crate::pipeline) channels: Vec<u32>,
    pub(in crate::pipeline) quarters: Vec<u32>,
    /// Positions of the touches that are collapsed into an earlier one of the journey.
    pub(in crate::pipeline) collapsed: Vec<usize>,
    latest: LatestTouches,
}

impl EligibleTouches {
    /// Collects the eligible touches of a window from those of its account; says whether any touch at all is in it.
    pub(in crate::pipeline) fn collect(
        &mut self,
        window: Window<'_>,
        touches: &[Touch],
        maker: &JourneyMaker<'_>,
    ) -> bool {
        let JourneyMaker { conversions, lines, collapse } = maker;
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
            if collapse.as_ref().is_some_and(|rule| !rule.counts(touch, &mut self.latest)) {
                self.collapsed.push(position);
            } else if touch.eligible {
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
        self.collapsed.clear();
        self.latest.clear();
    }
}
