//! How far a model is from the truth: error, bias, ranks, coverage.

use super::validate::Estimate;
use crate::number::size;

/// One model in the worlds of one scenario, over the credited channels. Shares are fractions of all conversions.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReport {
    /// The scenario.
    pub scenario: String,
    /// The model.
    pub model: String,
    /// Worlds judged.
    pub worlds: u32,
    /// Worlds refused, with the first reason.
    pub refused: Option<(u32, String)>,
    /// Mean absolute error of a share.
    pub error: f64,
    /// Mean error of a share: positive where the model gives too much.
    pub bias: f64,
    /// Mean Kendall τ_b between the channels' estimated and true shares; `None` where all are equal.
    pub rank_correlation: Option<f64>,
    /// How many intervals hold the truth, of those given.
    pub coverage: Option<f64>,
    /// Mean share per credited channel.
    pub shares: Vec<f64>,
    /// The truth per credited channel.
    pub truth: Vec<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    worlds: u32,
    refused: u32,
    reason: Option<String>,
    errors: Vec<f64>,
    ranks: Vec<f64>,
    covered: Vec<f64>,
    shares: Vec<Vec<f64>>,
    truth: Vec<f64>,
}

impl Tally {
    pub(super) fn add(&mut self, truth: &[f64], estimate: Result<Estimate, String>) {
        self.truth = truth[1..].to_vec();
        let estimate = match estimate {
            Ok(estimate) => estimate,
            Err(reason) => {
                self.refused += 1;
                self.reason.get_or_insert(reason);
                return;
            }
        };
        self.worlds += 1;
        let shares = &estimate.shares[1..];
        self.errors.extend(shares.iter().zip(&self.truth).map(|(share, truth)| share - truth));
        let by_size = |a: &f64, b: &f64| a.total_cmp(b);
        let rank = kendalls::tau_b_with_comparator(shares, &self.truth, by_size).map(|(tau, _)| tau);
        self.ranks.extend(rank.ok().filter(|tau| tau.is_finite()));
        for (interval, &truth) in estimate.intervals.iter().flat_map(|intervals| &intervals[1..]).zip(&self.truth) {
            self.covered.extend(interval.map(|interval| if interval.covers(truth) { 1.0 } else { 0.0 }));
        }
        self.shares.push(shares.to_vec());
    }

    pub(super) fn finish(self, scenario: &str, model: &str) -> ModelReport {
        let channel = |position: usize| mean(self.shares.iter().map(|shares| shares[position])).unwrap_or(f64::NAN);
        ModelReport {
            scenario: scenario.to_owned(),
            model: model.to_owned(),
            worlds: self.worlds,
            error: mean(self.errors.iter().map(|error| error.abs())).unwrap_or(f64::NAN),
            bias: mean(self.errors.iter().copied()).unwrap_or(f64::NAN),
            rank_correlation: mean(self.ranks.iter().copied()),
            coverage: mean(self.covered.iter().copied()),
            shares: (0..self.truth.len()).map(channel).collect(),
            refused: self.reason.map(|reason| (self.refused, reason)),
            truth: self.truth,
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / size(count))
}
