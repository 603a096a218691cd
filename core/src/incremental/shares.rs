//! How sure the incremental model is: the influence of every account on the estimates (clustered sandwich), and the
//! delta method from there to shares and money.
//!
//! With s_a the score of account a and H the Hessian, the estimates move by u_a = H⁻¹·s_a when the account counts once more
//! (Liang and Zeger 1986). A sum T = Σ_a T_a(β) over accounts then has the variance Σ_a (T_a + g·u_a)², g being the slope of
//! T in β: chance in who converted and chance in the estimates at once, and their covariance.
//!
//! *At the bound.* Intervals come from the fit without β ≥ 0, freed of the ridge's pull to first order (β + H⁻¹·ρβ), and
//! are cut at zero afterwards: cutting an interval for a quantity that cannot be negative never loses coverage.
//! Half-lives and ridge count as known.

use super::credit::{ChannelEffect, Evidence, Incremental};
use super::fit::Fit;
use super::objective::Objective;
use super::solver::Optimum;
use super::subjects::{SALES, Subjects};
use super::walk::Role;
use crate::journey::{Anchors, Journey};
use crate::model::AttributionModel;
use crate::uncertainty::{Interval, normal_quantile};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

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

/// What one more of each account would do to the effects.
#[derive(Debug)]
pub struct Influence {
    /// The model whose credits intervals are built around: unbounded, without ridge.
    unbounded: Incremental,
    keys: Vec<u64>,
    /// Account by account, one number per credited channel.
    moves: Vec<f64>,
    /// The same of each experiment, one standard error of its lift.
    experiments: Vec<f64>,
}

impl Influence {
    pub(super) fn new(objective: &Objective<'_>, optimum: &Optimum) -> Self {
        let design = objective.design;
        let (frame, width) = (&design.frame, design.width());
        let credited = design.features.iter().filter(|feature| feature.role == Role::Credited).count();
        let hessian = Mat::from_fn(width, width, |i, j| optimum.evaluation.hessian[i * width + j]);
        let unit = Mat::from_fn(width, credited, |i, j| if i == frame.base_count + j { 1.0 } else { 0.0 });
        // The optimiser has factored this matrix at the same point; were it singular, nothing would be known.
        let inverse = hessian.llt(Side::Lower).map(|llt| llt.solve(&unit)).unwrap_or_else(|_| unit * f64::INFINITY);
        let weighted = |score: &[f64]| -> Vec<f64> {
            (0..credited).map(|j| (0..width).map(|i| inverse[(i, j)] * score[i]).sum()).collect()
        };
        let theta = &optimum.theta;
        let base = objective.base(theta);
        let effects = &theta[frame.base_count..];
        let mut moves = vec![0.0; frame.keys.len() * credited];
        let mut add = |account: u32, cell: u32, residual: f64, exposures: &[f64]| {
            let into = &mut moves[account as usize * credited..(account as usize + 1) * credited];
            for (j, into) in into.iter_mut().enumerate() {
                let levels = &frame.cells[cell as usize];
                let mut sum = inverse[(0, j)] + levels.iter().map(|&level| inverse[(level as usize, j)]).sum::<f64>();
                sum += (0..exposures.len()).map(|f| inverse[(frame.base_count + f, j)] * exposures[f]).sum::<f64>();
                *into += residual * sum;
            }
        };
        for row in 0..frame.rows() {
            add(frame.account[row], frame.cell[row], objective.residual(row, &base, effects), design.row(row));
        }
        for idle in &frame.idle {
            let expected = idle.days * base[idle.cell as usize].exp();
            add(idle.account, idle.cell, idle.conversions - expected, &[]);
        }
        let pull: Vec<f64> = theta.iter().zip(&objective.ridge).map(|(value, ridge)| value * ridge).collect();
        let unridged: Vec<f64> =
            weighted(&pull).iter().zip(effects).map(|(correction, effect)| effect + correction).collect();
        let experiments = objective.targets.iter().flat_map(|target| {
            let slope = target.implied(objective, theta, &base).1;
            weighted(&slope).into_iter().map(|x| x * target.precision().sqrt()).collect::<Vec<f64>>()
        });
        let unbounded = design.features.iter().zip(unridged).map(|(feature, effect)| ChannelEffect {
            channel: feature.channel,
            effect,
            half_life_days: feature.half_life_days,
            evidence: Evidence::Observational,
        });
        Self {
            experiments: experiments.collect(),
            unbounded: Incremental::new(unbounded.collect()),
            keys: frame.keys.clone(),
            moves,
        }
    }

    /// The number of credited channels: the length of slopes and moves.
    pub fn width(&self) -> usize {
        self.unbounded.effects().len()
    }

    /// What one more of the account with this key does to the effects; `None` for an account that was not in the fit.
    pub fn of_account(&self, key: u64) -> Option<&[f64]> {
        let account = self.keys.binary_search(&key).ok()?;
        Some(&self.moves[account * self.width()..(account + 1) * self.width()])
    }

    /// Calls `visit` for each touch of a journey with its share around which the interval lies (it can be negative), and
    /// that share's slope in the effects: multiply both by the deal's amount and add them up by campaign and quarter.
    pub fn slopes(&self, journey: Journey<'_>, visit: impl FnMut(usize, f64, &[f64])) {
        self.unbounded.slopes(journey, visit);
    }

    /// The interval of a sum at `level`: `parts` are the accounts' parts of it in the order of their keys, each once;
    /// `total` and `slope` are those of the sum. Accounts without a part need not be there.
    pub fn interval(&self, total: f64, parts: &[(u64, f64)], slope: &[f64], level: f64) -> Interval {
        let width = self.width();
        let along = |moves: &[f64]| -> f64 { moves.iter().zip(slope).map(|(m, s)| m * s).sum() };
        let mut parts = parts.iter().peekable();
        let mut variance = 0.0;
        for (account, &key) in self.keys.iter().enumerate() {
            while parts.next_if(|(of, _)| *of < key).is_some() {}
            let part = parts.next_if(|(of, _)| *of == key).map_or(0.0, |(_, part)| *part);
            variance += (part + along(&self.moves[account * width..(account + 1) * width])).powi(2);
        }
        variance += self.experiments.chunks_exact(width.max(1)).map(|moves| along(moves).powi(2)).sum::<f64>();
        let se = variance.sqrt();
        let z = normal_quantile(level);
        Interval { se, low: (total - z * se).max(0.0), high: (total + z * se).max(0.0) }
    }
}

impl Fit {
    /// The share of all conversions per credited channel, by code, and of the baseline, last.
    pub fn shares(&self, subjects: &Subjects, level: f64) -> Vec<ShareEstimate> {
        let influence = self.influence();
        let width = influence.width();
        let mut totals = Totals::new(width + 1);
        let mut points = vec![0.0; width + 1];
        let mut conversions = 0.0;
        for position in subjects.by_key() {
            let subject = subjects.get(position);
            let (mut parts, mut count) = (vec![0.0; width + 1], 0.0);
            for (converted_at, touched_at, channels) in subject.journeys() {
                count += 1.0;
                let journey = Journey { touched_at, channels, converted_at, anchors: Anchors::default() };
                let mut credited = 0.0;
                influence.slopes(journey, |touch, share, slope| {
                    let row = self.row_of(channels[touch]);
                    totals.add(row, slope, 1.0);
                    totals.add(width, slope, -1.0);
                    parts[row] += share;
                    credited += share;
                });
                parts[width] += 1.0 - credited;
                add_points(self.model(), journey, |channel, credit| {
                    points[channel.map_or(width, |c| self.row_of(c))] += credit
                });
            }
            if count > 0.0 {
                conversions += count;
                totals.parts.push((subject.key, count, parts));
            }
        }
        (0..=width)
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
                let channel = self.model().effects().get(row).map(|effect| effect.channel);
                let interval = Interval { low: interval.low.min(share), high: interval.high.max(share), ..interval };
                ShareEstimate { channel, share, interval }
            })
            .collect()
    }

    fn row_of(&self, channel: u32) -> usize {
        let effects = self.model().effects();
        effects.iter().position(|effect| effect.channel == channel).unwrap_or(effects.len())
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
    fn new(rows: usize) -> Self {
        Self { slopes: vec![vec![0.0; rows - 1]; rows], parts: Vec::new() }
    }

    fn add(&mut self, row: usize, slope: &[f64], sign: f64) {
        self.slopes[row].iter_mut().zip(slope).for_each(|(into, slope)| *into += sign * slope);
    }
}
