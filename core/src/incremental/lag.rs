//! How long a touch works: at once and fading, or rising first.

use serde::Serialize;
use std::f64::consts::{E, LN_2};

/// What is left of a touch at an age: 2^(−age/h), or e·(age/τ)·e^(−age/τ) with τ = h/ln 2, which rises to one at age τ and falls with
/// half-life h in the end (the delayed carry-over of Jin et al. 2017, *Bayesian Methods for Media Mix Modeling with
/// Carryover and Shape Effects*, in the form that a sum over touches can be carried along).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lag {
    /// Days in which the strength halves in the end.
    pub half_life_days: f64,
    /// Whether it rises from nothing first.
    pub rises: bool,
}

/// The decayed sum of touches so far, and the same with each touch weighted by its age over τ.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Trace {
    pub faded: f64,
    risen: f64,
}

impl Lag {
    /// What is left of a touch of this age in days.
    pub fn left(self, age: f64) -> f64 {
        let faded = (-age / self.half_life_days).exp2();
        if self.rises { E * (age / self.scale()) * faded } else { faded }
    }

    /// Lets days pass in which touches come at an even rate per day.
    pub(super) fn pass(self, trace: &mut Trace, days: f64, rate: f64) {
        let (scale, faded) = (self.scale(), (-days / self.half_life_days).exp2());
        let age = days / scale;
        trace.risen = (trace.risen + trace.faded * age) * faded + rate * scale * (1.0 - faded * (1.0 + age));
        trace.faded = trace.faded * faded + rate * scale * (1.0 - faded);
    }

    /// The exposure that a trace amounts to.
    pub(super) fn exposure(self, trace: Trace) -> f64 {
        if self.rises { E * trace.risen } else { trace.faded }
    }

    /// The exposure to which an even rate of touches per day leads.
    pub(super) fn steady(self, rate: f64) -> f64 {
        rate * self.scale() * if self.rises { E } else { 1.0 }
    }

    /// Variance over mean of the exposure when touches come at random: ∫left²/∫left (Campbell's theorem).
    pub(super) fn dispersion(self) -> f64 {
        if self.rises { E / 4.0 } else { 0.5 }
    }

    /// Days until e⁻¹ is left of a touch that fades at once; the peak of one that rises.
    fn scale(self) -> f64 {
        self.half_life_days / LN_2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_the_sum_over_touches() {
        for rises in [false, true] {
            let lag = Lag { half_life_days: 10.0, rises };
            let mut trace = Trace::default();
            for gap in [0.0, 3.0, 11.0] {
                lag.pass(&mut trace, gap, 0.0);
                trace.faded += 1.0;
            }
            lag.pass(&mut trace, 5.0, 0.0);
            let sum = lag.left(5.0) + lag.left(16.0) + lag.left(19.0);
            assert!((lag.exposure(trace) - sum).abs() < 1e-12);
        }
    }

    /// An even rate is many small touches: the sum of left(age) over ages in small steps.
    #[test]
    fn an_even_rate_is_the_integral() {
        for rises in [false, true] {
            let lag = Lag { half_life_days: 10.0, rises };
            let (step, until) = (1e-3, 25.0);
            let ages = (0..25_000).map(|i| (f64::from(i) + 0.5) * step);
            let integral: f64 = ages.clone().map(|age| 0.2 * step * lag.left(age)).sum();
            let mut trace = Trace::default();
            lag.pass(&mut trace, 10.0, 0.2);
            lag.pass(&mut trace, until - 10.0, 0.2);
            assert!((lag.exposure(trace) - integral).abs() < 1e-6);
            lag.pass(&mut trace, 1e4, 0.2);
            assert!((lag.exposure(trace) - lag.steady(0.2)).abs() < 1e-9);
            let tail = (0..2_000_000).map(|i| lag.left((f64::from(i) + 0.5) * step));
            let (first, second) = tail.fold((0.0, 0.0), |(a, b), left| (a + left, b + left * left));
            assert!((second / first - lag.dispersion()).abs() < 1e-4);
        }
    }

    #[test]
    fn a_rising_lag_peaks_at_one() {
        let lag = Lag { half_life_days: 10.0, rises: true };
        let peak = 10.0 / LN_2;
        assert!((lag.left(peak) - 1.0).abs() < 1e-12 && lag.left(peak * 0.9) < 1.0 && lag.left(peak * 1.1) < 1.0);
        assert_eq!(lag.left(0.0), 0.0);
    }
}
