//! How sure a line's numbers are, and what they allow to be decided.

use serde::Serialize;
use std::collections::BTreeMap;

/// A line under one model: 95 % intervals, money in the currency's major unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LineInterval {
    pub(super) amount_low: Option<f64>,
    pub(super) amount_high: Option<f64>,
    /// None without spend.
    pub(super) roi_low: Option<f64>,
    pub(super) roi_high: Option<f64>,
    /// fund, cut or too_close; none without spend.
    pub(super) verdict: Option<String>,
}

impl LineInterval {
    /// Whether the run has intervals that say something about the line.
    pub(super) fn is_known(&self) -> bool {
        self.amount_low.is_some() || self.verdict.is_some()
    }
}

/// What can be decided about a line: `depends` when one model clearly says fund and another clearly cut, else what the
/// default model says, which is `too_close` when the hurdle lies inside its interval; where it cannot credit the line, what
/// all others say. None without spend or intervals.
pub(super) fn call(intervals: &BTreeMap<String, LineInterval>, default_model: &str) -> Option<&'static str> {
    let says = |verdict: &str| intervals.values().any(|interval| interval.verdict.as_deref() == Some(verdict));
    if says("fund") && says("cut") {
        return Some("depends");
    }
    let of_default = intervals.get(default_model).and_then(|interval| interval.verdict.as_deref());
    let verdicts = || intervals.values().filter_map(|interval| interval.verdict.as_deref());
    let of_all =
        verdicts().next().map(|first| if verdicts().all(|verdict| verdict == first) { first } else { "too_close" });
    let verdict = of_default.or(of_all)?;
    ["fund", "cut", "too_close"].into_iter().find(|word| *word == verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(verdicts: &[&str]) -> Option<&'static str> {
        let interval = |verdict: &str| LineInterval {
            amount_low: None,
            amount_high: None,
            roi_low: None,
            roi_high: None,
            verdict: Some(verdict.to_owned()).filter(|verdict| !verdict.is_empty()),
        };
        let models = verdicts.iter().enumerate().map(|(model, verdict)| (format!("m{model}"), interval(verdict)));
        call(&models.collect(), "m0")
    }

    #[test]
    fn only_a_clear_contradiction_makes_it_depend() {
        assert_eq!(called(&["fund", "cut"]), Some("depends"));
        assert_eq!(called(&["too_close", "cut", "fund"]), Some("depends"));
        assert_eq!(called(&["fund", "too_close"]), Some("fund"));
        assert_eq!(called(&["too_close", "fund"]), Some("too_close"));
        assert_eq!(called(&["cut", "cut"]), Some("cut"));
        assert_eq!(called(&["", "cut", "cut"]), Some("cut"));
        assert_eq!(called(&["", "fund", "too_close"]), Some("too_close"));
        assert_eq!(called(&[""]), None);
        assert_eq!(called(&[]), None);
    }
}
