//! A journey: the eligible touches that led to one conversion, oldest first, column by column.

use serde::{Deserialize, Serialize};

/// Microseconds in a day of 24 hours, the unit of lookbacks and half-lives.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds as days, to read.
#[expect(clippy::cast_precision_loss, reason = "days to read, not to add")]
pub fn days(micros: i64) -> f64 {
    micros as f64 / DAY_MICROS as f64
}

/// A milestone of the funnel that a touch can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The earliest eligible touch.
    First,
    /// The last eligible touch at or before the earliest creation of a mapped contact.
    LeadCreation,
    /// The last eligible touch at or before the creation of the opportunity.
    OpportunityCreation,
    /// The last eligible touch.
    Closing,
}

impl Anchor {
    /// Every anchor, in the order of the funnel.
    pub const ALL: [Anchor; 4] = [Anchor::First, Anchor::LeadCreation, Anchor::OpportunityCreation, Anchor::Closing];

    /// As specs and marts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::LeadCreation => "lead_creation",
            Self::OpportunityCreation => "opportunity_creation",
            Self::Closing => "closing",
        }
    }
}

/// When the milestones of a conversion happened, in microseconds; `None` where the inputs do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Milestones {
    /// Earliest creation of a contact mapped to the conversion.
    pub lead_created_at: Option<i64>,
    /// Creation of the opportunity.
    pub opportunity_created_at: Option<i64>,
    /// How much later than its milestone a touch may be logged and still hold it.
    pub tolerance: i64,
}

/// The position in the journey of the touch that holds each anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Anchors {
    positions: [Option<usize>; 4],
}

impl Anchors {
    /// Finds the anchors of a journey whose touches happened at `touched_at` (ascending).
    pub fn locate(touched_at: &[i64], milestones: Milestones) -> Self {
        let last_by = |milestone: Option<i64>| {
            let limit = milestone?.saturating_add(milestones.tolerance);
            touched_at.partition_point(|&at| at <= limit).checked_sub(1)
        };
        let closing = touched_at.len().checked_sub(1);
        Self {
            positions: [
                closing.map(|_| 0),
                last_by(milestones.lead_created_at),
                last_by(milestones.opportunity_created_at),
                closing,
            ],
        }
    }

    /// The position of the touch that holds `anchor`, or `None` when the anchor is missing.
    pub fn position(&self, anchor: Anchor) -> Option<usize> {
        self.positions[anchor as usize]
    }
}

/// What rules by position see of a journey: how many touches there are, and where the anchors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The number of touches.
    pub touches: usize,
    /// Which touches hold the anchors.
    pub anchors: Anchors,
}

/// One conversion's eligible touches in order of `(touched_at, touch_id)`. Never empty when a model sees it.
#[derive(Debug, Clone, Copy)]
pub struct Journey<'a> {
    /// When each touch happened, microseconds, ascending.
    pub touched_at: &'a [i64],
    /// The dense channel code of each touch.
    pub channels: &'a [u32],
    /// When the conversion happened, microseconds; no touch is later.
    pub converted_at: i64,
    /// Which touches hold the anchors.
    pub anchors: Anchors,
}

impl Journey<'_> {
    /// The number of touches.
    pub fn len(&self) -> usize {
        self.touched_at.len()
    }

    /// Whether there is no touch at all.
    pub fn is_empty(&self) -> bool {
        self.touched_at.is_empty()
    }

    /// What rules by position see of it.
    pub fn shape(&self) -> Shape {
        Shape { touches: self.len(), anchors: self.anchors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milestones(lead: Option<i64>, opportunity: Option<i64>, tolerance: i64) -> Milestones {
        Milestones { lead_created_at: lead, opportunity_created_at: opportunity, tolerance }
    }

    #[test]
    fn an_anchor_is_the_last_touch_at_or_before_its_milestone() {
        let anchors = Anchors::locate(&[10, 20, 30, 40], milestones(Some(20), Some(35), 0));
        assert_eq!(anchors.position(Anchor::First), Some(0));
        assert_eq!(anchors.position(Anchor::LeadCreation), Some(1));
        assert_eq!(anchors.position(Anchor::OpportunityCreation), Some(2));
        assert_eq!(anchors.position(Anchor::Closing), Some(3));
    }

    #[test]
    fn the_tolerance_admits_a_touch_logged_just_after_its_milestone() {
        let late = [10, 25];
        assert_eq!(Anchors::locate(&late, milestones(Some(20), None, 5)).position(Anchor::LeadCreation), Some(1));
        assert_eq!(Anchors::locate(&late, milestones(Some(20), None, 4)).position(Anchor::LeadCreation), Some(0));
    }

    #[test]
    fn a_milestone_before_the_first_touch_or_unknown_leaves_the_anchor_missing() {
        let anchors = Anchors::locate(&[10], milestones(Some(9), None, 0));
        assert_eq!(anchors.position(Anchor::LeadCreation), None);
        assert_eq!(anchors.position(Anchor::OpportunityCreation), None);
        assert_eq!(Anchors::locate(&[], milestones(None, None, 0)), Anchors::default());
    }
}
