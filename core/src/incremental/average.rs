//! Lags that the data cannot tell apart are averaged, not chosen from.
//!
//! Around the optimum with the likeliest lags, each channel's other lags are tried one channel at a time, to second order
//! ([`Quadratic`]), and weighted by their likelihood, w_k ∝ e^(−loss_k) (all have the same number of
//! coefficients, so these are Akaike weights: Burnham and Anderson 2002, *Model Selection and Multimodel Inference*, 2.9). A channel then
//! has several components, each with w_k·β_k, and the variance of a sum is that within the lags and that between them (Buckland,
//! Burnham and Augustin 1997, *Model selection: an integral part of inference*; here with full correlation within).

use super::design::Design;
use super::error::IncrementalError;
use super::objective::{CONTROL_RIDGE, Objective, Terms};
use super::quadratic::Quadratic;
use super::select::Candidates;

/// Lags of less weight are left out.
const NEGLIGIBLE: f64 = 0.02;

/// One channel at one lag, within the average.
#[derive(Debug, Clone)]
pub(super) struct Component {
    /// Its column.
    pub column: usize,
    /// Its weight among the channel's lags.
    pub weight: f64,
    /// β at this lag, not negative.
    pub effect: f64,
    /// β at this lag without bound and ridge.
    pub free: f64,
    /// The coefficients that are in at this lag.
    support: Vec<usize>,
}

/// The average around an optimum.
#[derive(Debug)]
pub(super) struct Average {
    /// In the order of the channels, then the lags.
    pub components: Vec<Component>,
    /// The objective of every column without the ridge on credited channels.
    unridged: Quadratic,
}

impl Average {
    /// `full` has every column, `theta` is the optimum of `chosen`.
    ///
    /// # Errors
    /// [`IncrementalError::Undetermined`] where some channel's effect is not determined at any lag.
    pub(super) fn new(
        full: &Objective<'_>,
        candidates: &Candidates,
        chosen: &[usize],
        theta: &[f64],
    ) -> Result<Self, IncrementalError> {
        let around = candidates.around(full, chosen, theta);
        let unridged = without_ridge(&around, full.design, full.terms, &full.ridge);
        let bounded = full.bounded();
        let mut components = Vec::new();
        for (channel, group) in candidates.groups.iter().enumerate() {
            let at_lag = |which: usize| {
                let mut trial = chosen.to_vec();
                trial[channel] = which;
                let support = candidates.support(full.design, &trial);
                let own = full.design.base_count + channel;
                let local = around.over(&support, |i| bounded[i])?;
                let free = unridged.over(&support, |_| false)?;
                let (effect, free) = (local.values[own], free.values[own]);
                Some((local.loss, Component { column: group[which].observed, weight: 1.0, effect, free, support }))
            };
            let lags: Vec<(f64, Component)> = (0..group.len()).filter_map(at_lag).collect();
            let best = lags.iter().map(|(loss, _)| *loss).fold(f64::INFINITY, f64::min);
            let weigh = |(loss, component)| Component { weight: f64::exp(best - loss), ..component };
            let mut lags: Vec<Component> = lags.into_iter().map(weigh).collect();
            let total: f64 = lags.iter().map(|lag| lag.weight).sum();
            lags.retain(|lag| lag.weight >= NEGLIGIBLE * total);
            let total: f64 = lags.iter().map(|lag| lag.weight).sum();
            lags.iter_mut().for_each(|lag| lag.weight /= total);
            if lags.is_empty() {
                return Err(IncrementalError::Undetermined);
            }
            components.extend(lags);
        }
        Ok(Self { components, unridged })
    }

    /// Where it was made: a value per coefficient of the objective of every column.
    pub(super) fn theta(&self) -> &[f64] {
        &self.unridged.theta
    }

    /// What the components move by when a score is added: a row per coefficient, a column per component.
    ///
    /// # Errors
    /// [`IncrementalError::Undetermined`] where an effect is not.
    pub(super) fn moves_by_score(&self, base_count: usize) -> Result<Vec<f64>, IncrementalError> {
        let width = self.components.len();
        let mut moves = vec![0.0; self.unridged.theta.len() * width];
        for (place, component) in self.components.iter().enumerate() {
            let row = self.unridged.inverse_row(&component.support, base_count + component.column);
            let row = row.ok_or(IncrementalError::Undetermined)?;
            for (&coefficient, value) in component.support.iter().zip(row) {
                moves[coefficient * width + place] = component.weight * value;
            }
        }
        Ok(moves)
    }

    /// From the average to one lag of one channel, times the root of its weight: independent parts of the variance. Between
    /// estimates as they are averaged: what chance does to each of them is within.
    pub(super) fn between(&self, design: &Design) -> Vec<Vec<f64>> {
        let channel = |component: &Component| design.features[component.column].channel;
        let part = |(place, of): (usize, &Component)| {
            let mut part: Vec<f64> = self
                .components
                .iter()
                .map(|other| if channel(other) == channel(of) { -other.weight * other.effect } else { 0.0 })
                .collect();
            part[place] += of.effect;
            part.iter_mut().for_each(|value| *value *= of.weight.sqrt());
            part
        };
        self.components.iter().enumerate().map(part).collect()
    }
}

/// The quadratic with the credited coefficients all but free.
fn without_ridge(around: &Quadratic, design: &Design, terms: &Terms, ridge: &[f64]) -> Quadratic {
    let mut free = around.clone();
    let width = free.theta.len();
    for (i, is_credited) in terms.bounded(design).into_iter().enumerate() {
        if is_credited {
            let less = ridge[i] - CONTROL_RIDGE;
            free.gradient[i] -= less * free.theta[i];
            free.hessian[i * width + i] -= less;
        }
    }
    free
}
