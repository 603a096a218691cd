//! The share of all conversions that each channel brought about, with its interval.

use super::evaluation::dot;
use super::fit::Fit;
use super::subjects::Subjects;
use crate::journey::{Anchors, Journey};
use crate::model::AttributionModel;
use crate::uncertainty::Interval;

/// The share of all conversions that a channel brought about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareEstimate {
    /// The channel's dense code.
    pub channel: u32,
    /// The estimated share.
    pub share: f64,
    /// Its interval.
    pub interval: Interval,
}

/// What an account that converted has of every channel's share, as the intervals see it: without bound and ridge.
struct Converted {
    key: u64,
    conversions: f64,
    parts: Vec<f64>,
}

impl Fit {
    /// The share of all conversions per credited channel, by code.
    pub fn shares(&self, subjects: &Subjects, level: f64) -> Vec<ShareEstimate> {
        let (model, influence) = (self.model(), self.influence());
        let mut credited: Vec<u32> = model.effects().iter().map(|effect| effect.channel).collect();
        credited.dedup();
        let mut points = vec![0.0; credited.len()];
        let mut slopes = vec![vec![0.0; model.effects().len()]; credited.len()];
        let mut accounts: Vec<Converted> = Vec::new();
        for position in 0..subjects.len() {
            let subject = subjects.get(position);
            let (mut parts, mut conversions) = (vec![0.0; credited.len()], 0.0);
            for (converted_at, touched_at, channels) in subject.journeys() {
                conversions += 1.0;
                let journey = Journey { touched_at, channels, converted_at, anchors: Anchors::default() };
                model.slopes(journey, |touch, share, slope| {
                    let Ok(row) = credited.binary_search(&channels[touch]) else { return };
                    parts[row] += share + dot(slope, &influence.shift);
                    slopes[row].iter_mut().zip(slope).for_each(|(into, slope)| *into += slope);
                });
                let mut credits = vec![0.0; journey.len()];
                model.credit(journey, &mut credits);
                for (channel, credit) in channels.iter().zip(credits) {
                    if let Ok(row) = credited.binary_search(channel) {
                        points[row] += credit;
                    }
                }
            }
            if conversions > 0.0 {
                accounts.push(Converted { key: subject.key, conversions, parts });
            }
        }
        accounts.sort_by_key(|account| account.key);
        let conversions: f64 = accounts.iter().map(|account| account.conversions).sum();
        let estimate = |(row, &channel): (usize, &u32)| {
            let share = points[row] / conversions;
            let centre = accounts.iter().map(|account| account.parts[row]).sum::<f64>() / conversions;
            let part =
                |of: &Converted| (self.position(of.key), (of.parts[row] - centre * of.conversions) / conversions);
            let slope: Vec<f64> = slopes[row].iter().map(|slope| slope / conversions).collect();
            let interval = influence.interval(centre, accounts.iter().map(part), &slope, level);
            let interval = Interval { low: interval.low.min(share), high: interval.high.max(share), ..interval };
            ShareEstimate { channel, share, interval }
        };
        credited.iter().enumerate().map(estimate).collect()
    }
}
