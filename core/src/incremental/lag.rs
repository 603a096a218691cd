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

/// Days gone by, as a lag sees them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    faded: f64,
    age: f64,
    scale: f64,
}

impl Trace {
    /// Lets the days of the step pass.
    pub(super) fn pass(&mut self, step: &Step) {
        self.risen = (self.risen + self.faded * step.age) * step.faded;
        self.faded *= step.faded;
    }

    /// Lets them pass while touches come at an even rate per day.
    pub(super) fn pass_at(&mut self, step: &Step, rate: f64) {
        self.pass(step);
        self.risen += rate * step.scale * (1.0 - step.faded * (1.0 + step.age));
        self.faded += rate * step.scale * (1.0 - step.faded);
    }

    /// Takes in a touch that is as old as the step.
    pub(super) fn touched(&mut self, step: &Step) {
        self.risen += step.age * step.faded;
        self.faded += step.faded;
    }
}

impl Lag {
    /// What is left of a touch of this age in days.
    pub fn left(self, age: f64) -> f64 {
        let faded = (-age / self.half_life_days).exp2();
        if self.rises { E * (age / self.scale()) * faded } else { faded }
    }

    /// What days do to traces.
    pub(super) fn step(self, days: f64) -> Step {
        let scale = self.scale();
        Step { faded: (-days / self.half_life_days).exp2(), age: days / scale, scale }
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
                trace.pass(&lag.step(gap));
                trace.touched(&lag.step(0.0));
            }
            trace.pass(&lag.step(2.0));
            trace.pass(&lag.step(3.0));
            let mut at_once = Trace::default();
            [19.0, 16.0, 5.0].iter().for_each(|&age| at_once.touched(&lag.step(age)));
            assert!((lag.exposure(trace) - lag.exposure(at_once)).abs() < 1e-12);
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
            trace.pass_at(&lag.step(10.0), 0.2);
            trace.pass_at(&lag.step(until - 10.0), 0.2);
            assert!((lag.exposure(trace) - integral).abs() < 1e-6);
            trace.pass_at(&lag.step(1e4), 0.2);
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
