//! Segments that cannot be fitted alone, fitted together with all segments of their family.

use super::{Method, Segment, Valuation};
use crate::lifetime::family::Family;
use crate::lifetime::summary::Summaries;
use rayon::prelude::*;

impl Valuation {
    /// Values segments, each alone; one that cannot be fitted alone takes the fit of all segments of its family together, and
    /// says so. Where they cannot be fitted either, or there is no other segment, it keeps historic value only.
    pub fn of_all(segments: &[Segment], method: &Method) -> Vec<Self> {
        let mut valuations: Vec<Self> = segments.par_iter().map(|segment| Self::of(segment, method)).collect();
        let families: Vec<Family> = (segments.iter())
            .map(|segment| method.family.unwrap_or_else(|| segment.facts().family_if_many()))
            .collect();
        for family in [Family::Contractual, Family::NonContractual] {
            let of_family: Vec<usize> = (0..segments.len()).filter(|&at| families[at] == family).collect();
            let is_unfitted = |at: &usize| valuations[*at].family == Family::Historic;
            if of_family.len() > 1 && of_family.iter().any(is_unfitted) {
                share(&mut valuations, segments, &of_family, family, method);
            }
        }
        valuations
    }
}

/// Gives the segments among `pool` that have no fit the one of all of `pool`.
fn share(valuations: &mut [Valuation], segments: &[Segment], pool: &[usize], family: Family, method: &Method) {
    let together = Segment::together(&pool.iter().map(|&at| &segments[at]).collect::<Vec<_>>());
    let shared = Valuation::of(&together, &Method { family: Some(family), ..method.clone() });
    let mut start = 0;
    for &at in pool {
        let customers = start..start + segments[at].summaries.len();
        start = customers.end;
        let own = &mut valuations[at];
        if own.family != Family::Historic {
            continue;
        }
        if shared.family == Family::Historic {
            own.reason = format!("{}; nor can all {} segments be fitted together", own.reason, family.id());
            continue;
        }
        let reason = format!("{}; so it takes the fit of all {} segments together", own.reason, family.id());
        *own = Valuation { reason, expectations: shared.expectations[customers].to_vec(), ..shared.clone() };
    }
}

impl Segment {
    /// The customers of several segments, one segment after the other.
    fn together(segments: &[&Self]) -> Self {
        let floats = |of: fn(&Summaries) -> &[f64]| {
            segments.iter().flat_map(|segment| of(&segment.summaries)).copied().collect::<Vec<f64>>()
        };
        let purchases = |segment: &Self| segment.summaries.x.iter().map(|&x| f64::from(x) + 1.0).sum::<f64>();
        let all: f64 = segments.iter().map(|segment| purchases(segment)).sum();
        let money: f64 = segments.iter().map(|segment| segment.mean_purchase * purchases(segment)).sum();
        Self {
            summaries: Summaries {
                x: segments.iter().flat_map(|segment| &segment.summaries.x).copied().collect(),
                t_x: floats(|summaries| &summaries.t_x),
                t: floats(|summaries| &summaries.t),
                mean_value: floats(|summaries| &summaries.mean_value),
            },
            contracts: segments.iter().flat_map(|segment| &segment.contracts).copied().collect(),
            mean_purchase: if all > 0.0 { money / all } else { 0.0 },
            until: segments.iter().map(|segment| segment.until).max().unwrap_or_default(),
        }
    }
}
