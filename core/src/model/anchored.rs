//! Anchored models: fixed weights for the touches that hold milestones, the rest shared by those in the middle.

use super::AttributionModel;
use super::spec::{MiddleRule, MiddleTouches, MissingRule, OverlapRule};
use crate::journey::{Anchor, Journey};
use crate::ledger::{Bucket, Residual};
use crate::number::size;
use std::ops::Range;

/// Position models from first touch to full path; the rules are those of attribution.md §2.
#[derive(Debug, Clone)]
pub struct Anchored {
    /// The weight of each credited anchor.
    pub anchors: Vec<(Anchor, f64)>,
    /// The weight that the touches without an anchor share evenly.
    pub middle: f64,
    /// Which of them are in the middle.
    pub middle_touches: MiddleTouches,
    /// What a touch holding several anchors earns.
    pub overlap: OverlapRule,
    /// Where the middle weight goes when no touch is in the middle.
    pub no_middle: MiddleRule,
    /// What happens to the weight of an anchor that does not exist.
    pub missing: MissingRule,
}

impl AttributionModel for Anchored {
    fn credit(&self, journey: Journey<'_>, credits: &mut [f64]) -> Residual {
        credits.fill(0.0);
        let mut present = 0_u32;
        let mut missing_weight = 0.0;
        for &(anchor, weight) in &self.anchors {
            match journey.anchors.position(anchor) {
                Some(position) => {
                    credits[position] += weight;
                    present += 1;
                }
                None => missing_weight += weight,
            }
        }
        if present == 0 {
            return self.credit_without_anchors(missing_weight, credits);
        }
        if self.overlap == OverlapRule::EqualDistinct {
            let holders = credits.iter().filter(|credit| **credit > 0.0).count();
            let each = self.anchors.iter().map(|(_, weight)| weight).sum::<f64>() / size(holders);
            credits.iter_mut().filter(|credit| **credit > 0.0).for_each(|credit| *credit = each);
            missing_weight = 0.0;
        }
        let reach = self.reach(credits);
        let in_middle = credits[reach.clone()].iter().filter(|credit| **credit == 0.0).count();
        if in_middle > 0 {
            let each = self.middle / size(in_middle);
            credits[reach].iter_mut().filter(|credit| **credit == 0.0).for_each(|credit| *credit = each);
        } else if self.no_middle == MiddleRule::Even && self.overlap == OverlapRule::Sum {
            let each = self.middle / f64::from(present);
            for &(anchor, _) in &self.anchors {
                if let Some(position) = journey.anchors.position(anchor) {
                    credits[position] += each;
                }
            }
        } else {
            // What earns has the middle too; what is left for the missing has no part of it.
            let held: f64 = credits.iter().sum();
            missing_weight *= held / (held + self.middle);
        }
        self.leave(missing_weight)
    }

    fn sees_shape_only(&self) -> bool {
        true
    }
}

impl Anchored {
    /// No credited anchor exists: the middle, where there is one, takes what the missing rule lets it.
    fn credit_without_anchors(&self, missing_weight: f64, credits: &mut [f64]) -> Residual {
        if self.middle > 0.0 && self.middle_touches == MiddleTouches::All {
            credits.fill(self.middle / size(credits.len()));
            return self.leave(missing_weight);
        }
        Residual::Left { bucket: Bucket::MissingAnchor, credit: 1.0 }
    }

    /// Where middle touches may be, once the holders of anchors have their credit.
    fn reach(&self, credits: &[f64]) -> Range<usize> {
        let holds = |credit: &f64| *credit > 0.0;
        match self.middle_touches {
            MiddleTouches::All => 0..credits.len(),
            MiddleTouches::Between => {
                credits.iter().position(holds).unwrap_or(0)..credits.iter().rposition(holds).map_or(0, |last| last + 1)
            }
        }
    }

    /// The weight of missing anchors is left to the residual, or dropped, which renormalises the rest.
    fn leave(&self, missing_weight: f64) -> Residual {
        if self.missing == MissingRule::Residual && missing_weight > 0.0 {
            Residual::Left { bucket: Bucket::MissingAnchor, credit: missing_weight }
        } else {
            Residual::None
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::journey::{Anchors, Milestones};
    use crate::model::{Evidence, house_models, parse_models, vendor_models};

    /// Normalised credits of a model for `touches` touches at times 1, 2, …; milestones as given.
    fn credits(id: &str, touches: i64, lead: Option<i64>, opportunity: Option<i64>) -> (Vec<f64>, f64) {
        let spec = house_models().iter().chain(vendor_models()).find(|spec| spec.id() == id).unwrap();
        let touched_at: Vec<i64> = (1..=touches).collect();
        let milestones = Milestones { lead_created_at: lead, opportunity_created_at: opportunity, tolerance: 0 };
        let channels = vec![0; touched_at.len()];
        let journey = Journey {
            touched_at: &touched_at,
            channels: &channels,
            converted_at: touches,
            anchors: Anchors::locate(&touched_at, milestones),
        };
        let mut credits = vec![0.0; touched_at.len()];
        let residual = match spec.build(&[], Evidence::default()).unwrap().credit(journey, &mut credits) {
            Residual::None => 0.0,
            Residual::Left { credit, .. } => credit,
        };
        let sum = credits.iter().sum::<f64>() + residual;
        (credits.iter().map(|credit| credit / sum).collect(), residual / sum)
    }

    #[track_caller]
    pub(in crate::model) fn assert_credits(
        id: &str,
        touches: i64,
        lead: Option<i64>,
        opportunity: Option<i64>,
        expected: &[f64],
    ) {
        let (got, _) = credits(id, touches, lead, opportunity);
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{id}: {got} is not {expected}");
        }
    }

    #[test]
    fn position_based_is_forty_twenty_forty() {
        assert_credits("position_based", 1, None, None, &[1.0]);
        assert_credits("position_based", 2, None, None, &[0.5, 0.5]);
        assert_credits("position_based", 6, None, None, &[0.4, 0.05, 0.05, 0.05, 0.05, 0.4]);
    }

    #[test]
    fn j_shapes_renormalise_two_touches() {
        assert_credits("j_shaped", 2, None, None, &[0.25, 0.75]);
        assert_credits("inverse_j", 2, None, None, &[0.75, 0.25]);
        assert_credits("j_shaped", 4, None, None, &[0.2, 0.1, 0.1, 0.6]);
    }

    #[test]
    fn w_shaped_sums_overlaps_and_spreads_an_absent_middle() {
        assert_credits("w_shaped", 5, Some(2), Some(4), &[0.3, 0.3, 0.05, 0.3, 0.05]);
        assert_credits("w_shaped", 3, Some(2), Some(3), &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
        assert_credits("w_shaped", 2, Some(1), Some(2), &[2.0 / 3.0, 1.0 / 3.0]);
    }

    #[test]
    fn the_middle_can_end_with_the_last_anchor() {
        assert_credits("marketo.w_shaped", 5, Some(2), Some(4), &[0.3, 0.3, 0.1, 0.3, 0.0]);
        assert_credits("marketo.w_shaped", 5, Some(2), Some(3), &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0, 0.0]);
        assert_credits("marketo.w_shaped", 3, Some(1), None, &[1.0, 0.0, 0.0]);
        let between = "[[model]]\nid = 'x'\nkind = 'anchored'\nanchors = { lead_creation = 0.9 }\nmiddle = 0.1\n\
                       middle_touches = 'between'";
        let spec = parse_models(between).unwrap().remove(0);
        let no_anchor = Journey { touched_at: &[5], channels: &[0], converted_at: 5, anchors: Anchors::default() };
        let mut credits = [9.0];
        let whole = Residual::Left { bucket: Bucket::MissingAnchor, credit: 1.0 };
        assert_eq!(
            (spec.build(&[], Evidence::default()).unwrap().credit(no_anchor, &mut credits), credits),
            (whole, [0.0])
        );
    }

    #[test]
    fn full_path_holds_four_anchors() {
        assert_credits("full_path", 4, Some(2), Some(3), &[0.25, 0.25, 0.25, 0.25]);
        assert_credits("full_path", 5, Some(2), Some(3), &[0.225, 0.225, 0.225, 0.1, 0.225]);
    }

    /// By hand: first and lead creation have 0.4 each; without a lead and without a middle the first touch has 0.4 and the
    /// 0.2 of the middle, and the residual its 0.4, however the middle is given away.
    #[test]
    fn the_residual_has_no_part_of_an_absent_middle() {
        for no_middle in ["even", "renormalise"] {
            let text = format!(
                "[[model]]\nid = 'x'\nkind = 'anchored'\nanchors = {{ first = 0.4, lead_creation = 0.4 }}\nmiddle = 0.2\n\
                 no_middle = '{no_middle}'\nmissing = 'residual'"
            );
            let spec = parse_models(&text).unwrap().remove(0);
            let anchors = Anchors::locate(&[5], Milestones::default());
            let journey = Journey { touched_at: &[5], channels: &[0], converted_at: 5, anchors };
            let mut credits = [0.0];
            let residual = spec.build(&[], Evidence::default()).unwrap().credit(journey, &mut credits);
            let Residual::Left { bucket: Bucket::MissingAnchor, credit } = residual else { panic!("{residual:?}") };
            assert!((credits[0] / (credits[0] + credit) - 0.6).abs() < 1e-12, "{no_middle}: {credits:?} {credit}");
        }
    }

    #[test]
    fn a_missing_anchor_is_renormalised_or_left() {
        assert_credits("u_shaped", 3, None, None, &[0.4 / 0.6, 0.1 / 0.6, 0.1 / 0.6]);
        assert_eq!(credits("lead_creation", 2, None, None), (vec![0.0, 0.0], 1.0));
        assert_eq!(credits("lead_creation", 2, Some(1), None), (vec![1.0, 0.0], 0.0));
    }

    fn custom(rules: &str, touched_at: &[i64], milestones: Milestones) -> (Vec<f64>, Residual) {
        let spec = parse_models(&format!("[[model]]\nid = 'x'\nkind = 'anchored'\n{rules}")).unwrap().remove(0);
        let channels = vec![0; touched_at.len()];
        let anchors = Anchors::locate(touched_at, milestones);
        let journey = Journey { touched_at, channels: &channels, converted_at: 9, anchors };
        let mut credits = vec![9.0; touched_at.len()];
        let residual = spec.build(&[], Evidence::default()).unwrap().credit(journey, &mut credits);
        (credits, residual)
    }

    /// The closing touch has a half, the two before it share the other.
    #[test]
    fn the_middle_begins_with_the_first_touch_where_that_is_no_anchor() {
        let rules = "anchors = { closing = 0.5 }\nmiddle = 0.5";
        assert_eq!(custom(rules, &[1, 2, 3], Milestones::default()), (vec![0.25, 0.25, 0.5], Residual::None));
    }

    /// No anchor: the middle, a half, is shared by both touches; the other half is dropped or left.
    #[test]
    fn without_any_anchor_the_middle_has_what_is_not_missing() {
        let rules = "anchors = { lead_creation = 0.5 }\nmiddle = 0.5\nmissing = ";
        let left = Residual::Left { bucket: Bucket::MissingAnchor, credit: 0.5 };
        assert_eq!(custom(&format!("{rules}'residual'"), &[1, 2], Milestones::default()), (vec![0.25; 2], left));
        let renormalised = custom(&format!("{rules}'renormalise'"), &[1, 2], Milestones::default());
        assert_eq!(renormalised, (vec![0.25; 2], Residual::None));
        let whole = Residual::Left { bucket: Bucket::MissingAnchor, credit: 1.0 };
        assert_eq!(custom("anchors = { lead_creation = 1.0 }", &[1, 2], Milestones::default()), (vec![0.0; 2], whole));
    }

    /// First and lead creation on the first touch, closing on the third: 0.6 + 0.3 are shared by two touches; with the
    /// opportunity missing its weight is theirs too, and no residual is left.
    #[test]
    fn distinct_holders_share_equally() {
        let rules = "anchors = { first = 0.2, lead_creation = 0.2, opportunity_creation = 0.1, closing = 0.3 }\n\
                     middle = 0.2\noverlap = 'equal_distinct'\nmissing = 'residual'";
        let milestones = Milestones { lead_created_at: Some(1), ..Milestones::default() };
        let (credits, residual) = custom(rules, &[1, 2, 3], milestones);
        assert!(credits.iter().zip([0.4, 0.2, 0.4]).all(|(got, want)| (got - want).abs() < 1e-12), "{credits:?}");
        assert_eq!(residual, Residual::None);
    }
}
