//! The share of all conversions that each channel brought about, with its interval.

use super::credit::Incremental;
use super::fit::Fit;
use super::subjects::{SALES, Subjects};
use crate::journey::{Anchors, Journey};
use crate::model::AttributionModel;
use crate::uncertainty::Interval;

/// The share of all conversions that a channel, or nothing recorded, brought about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareEstimate {
    /// The channel's dense code; `None` is the baseline.
    pub channel: Option<u32>,
    /// The estimated share.
    pub share: f64,
    /// Its interval.
    pub interval: Interval,
}

impl Fit {
    /// The share of all conversions per credited channel, by code, and of the baseline, last.
    pub fn shares(&self, subjects: &Subjects, level: f64) -> Vec<ShareEstimate> {
        let influence = self.influence();
        let mut credited: Vec<u32> = self.model().effects().iter().map(|effect| effect.channel).collect();
        credited.dedup();
        let last = credited.len();
        let row_of = |channel: u32| credited.binary_search(&channel).unwrap_or(last);
        let mut totals = Totals::new(last + 1, influence.width());
        let mut points = vec![0.0; last + 1];
        let mut conversions = 0.0;
        for position in 0..subjects.len() {
            let subject = subjects.get(position);
            let (mut parts, mut count) = (vec![0.0; last + 1], 0.0);
            for (converted_at, touched_at, channels) in subject.journeys() {
                count += 1.0;
                let journey = Journey { touched_at, channels, converted_at, anchors: Anchors::default() };
                let mut sum = 0.0;
                influence.slopes(journey, |touch, share, slope| {
                    let row = row_of(channels[touch]);
                    totals.add(row, slope, 1.0);
                    totals.add(last, slope, -1.0);
                    parts[row] += share;
                    sum += share;
                });
                parts[last] += 1.0 - sum;
                add_points(self.model(), journey, |channel, credit| points[channel.map_or(last, row_of)] += credit);
            }
            if count > 0.0 {
                conversions += count;
                totals.parts.push((subject.key, count, parts));
            }
        }
        totals.parts.sort_by_key(|(key, ..)| *key);
        (0..=last)
            .map(|row| {
                let share = points[row] / conversions;
                let centre = totals.parts.iter().map(|(_, _, parts)| parts[row]).sum::<f64>() / conversions;
                let parts: Vec<(u64, f64)> = totals
                    .parts
                    .iter()
                    .map(|(key, count, parts)| (*key, (parts[row] - centre * count) / conversions))
                    .collect();
                let slope: Vec<f64> = totals.slopes[row].iter().map(|slope| slope / conversions).collect();
                let interval = influence.interval(centre, &parts, &slope, level);
                let interval = Interval { low: interval.low.min(share), high: interval.high.max(share), ..interval };
                ShareEstimate { channel: credited.get(row).copied(), share, interval }
            })
            .collect()
    }
}

/// Credits by channel of one journey, the baseline as `None`; touches that earn nothing are left out.
fn add_points(model: &Incremental, journey: Journey<'_>, mut add: impl FnMut(Option<u32>, f64)) {
    let mut credits = vec![0.0; journey.len()];
    if let crate::ledger::Residual::Left { credit, .. } = model.credit(journey, &mut credits) {
        add(None, credit);
    }
    for (&channel, &credit) in journey.channels.iter().zip(&credits) {
        if credit > 0.0 && channel != SALES {
            add(Some(channel), credit);
        }
    }
}

struct Totals {
    slopes: Vec<Vec<f64>>,
    /// Key, conversions and parts of every account that converted.
    parts: Vec<(u64, f64, Vec<f64>)>,
}

impl Totals {
    fn new(rows: usize, width: usize) -> Self {
        Self { slopes: vec![vec![0.0; width]; rows], parts: Vec::new() }
    }

    fn add(&mut self, row: usize, slope: &[f64], sign: f64) {
        self.slopes[row].iter_mut().zip(slope).for_each(|(into, slope)| *into += sign * slope);
    }
}
