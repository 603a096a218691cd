//! What the incremental model can be told.

use super::error::IncrementalError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Settings of a fit. The defaults suit B2B data of one to five years.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IncrementalSettings {
    /// Names of the channels by which demand reaches us unasked. They are controls: never credited.
    pub control_channels: Vec<String>,
    /// Half-lives in days from which each credited channel's is chosen.
    pub half_lives_days: Vec<f64>,
    /// Half-lives in days at which every control enters.
    pub control_half_lives_days: Vec<f64>,
    /// Ridge strengths tried: prior precisions of a coefficient, one over its squared prior standard deviation.
    pub ridges: Vec<f64>,
    /// Length of a person-period in whole days.
    pub period_days: u16,
    /// Conversions that are looked at: where there are more, the fit looks at a sample of the accounts.
    pub max_conversions: u32,
    /// Seeds the points at which periods are looked at, the samples of accounts and periods and the folds.
    pub seed: u64,
}

impl Default for IncrementalSettings {
    fn default() -> Self {
        Self {
            control_channels: ["direct", "organic", "organic_search", "referral"].map(str::to_owned).to_vec(),
            half_lives_days: vec![3.0, 7.0, 14.0, 30.0, 60.0, 120.0],
            control_half_lives_days: vec![2.0, 7.0, 20.0, 60.0],
            ridges: vec![0.25, 1.0, 4.0, 16.0, 64.0],
            period_days: 7,
            max_conversions: 10_000,
            seed: 0,
        }
    }
}

impl IncrementalSettings {
    /// Whether a channel is a control, however it is capitalised.
    pub fn is_control(&self, channel: &str) -> bool {
        self.control_channels.iter().any(|control| control.eq_ignore_ascii_case(channel))
    }

    /// Refuses settings under which nothing can be fitted.
    ///
    /// # Errors
    /// [`IncrementalError::Setting`] for an empty grid, a number outside its range or twice in it.
    pub(crate) fn check(&self) -> Result<(), IncrementalError> {
        let positive = |values: &[f64]| {
            let distinct: BTreeSet<u64> = values.iter().map(|x| x.to_bits()).collect();
            !values.is_empty() && distinct.len() == values.len() && values.iter().all(|x| (1e-3..=1e6).contains(x))
        };
        let range = "at least one number from 0.001 to 1,000,000, each once";
        let refuse = |key, range| Err(IncrementalError::Setting { key, range });
        if !positive(&self.half_lives_days) {
            return refuse("half_lives_days", range);
        }
        if !positive(&self.control_half_lives_days) {
            return refuse("control_half_lives_days", range);
        }
        if !positive(&self.ridges) {
            return refuse("ridges", range);
        }
        if !(1..=366).contains(&self.period_days) {
            return refuse("period_days", "from 1 to 366");
        }
        if self.max_conversions < 500 {
            return refuse("max_conversions", "at least 500");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_is_named_once() {
        let twice = IncrementalSettings { half_lives_days: vec![7.0, 3.0, 7.0], ..Default::default() };
        assert!(matches!(twice.check(), Err(IncrementalError::Setting { key: "half_lives_days", .. })));
    }

    #[test]
    fn controls_are_known_however_they_are_capitalised() {
        let settings = IncrementalSettings::default();
        let known = ["Direct", "ORGANIC", "Organic_Search", "referral"].map(|channel| settings.is_control(channel));
        assert_eq!(known, [true; 4]);
        assert!(!settings.is_control("direct mail"));
    }
}
