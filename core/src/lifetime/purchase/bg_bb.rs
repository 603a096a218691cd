//! BG/BB: at each whole period a beta chance to leave, and if alive a beta chance to buy.
//!
//! L = B(α+x, β+n−x)/B(α,β) · B(γ, δ+n)/B(γ,δ) + Σ over i < n − t_x of B(α+x, β+t_x−x+i)/B(α,β) · B(γ+1, δ+t_x+i)/B(γ,δ).
//!
//! Source: Fader, Hardie & Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting", Marketing Science
//! 29(6), eq. 5, 11 and 13. Between whole periods expectations are interpolated.

use std::borrow::Cow;

use super::{Moments, PurchaseModel, Purchases};
use crate::lifetime::error::LifetimeError;
use crate::lifetime::fit::Likelihood;
use crate::lifetime::numeric::{Rising, log_sum};
use crate::lifetime::summary::Rows;
use crate::number::size;

/// Periods as an index, if whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number in range")]
fn periods(time: f64) -> Option<usize> {
    (time.fract() == 0.0 && (0.0..1e6).contains(&time)).then_some(time as usize)
}

/// (t_x, n) of every row.
fn whole_periods(rows: &Rows) -> Result<Vec<(usize, usize)>, LifetimeError> {
    let whole = |row: usize| {
        let reason = "bg_bb needs t_x and T in whole periods, with no more repeats than periods";
        let (t_x, t) = (periods(rows.t_x[row]), periods(rows.t[row]));
        t_x.zip(t).filter(|&(t_x, _)| rows.x[row] as usize <= t_x).ok_or(LifetimeError::BadRow { row, reason })
    };
    (0..rows.len()).map(whole).collect()
}

/// The rising factorials of both beta distributions.
struct Tables {
    alpha: Rising,
    beta: Rising,
    alpha_beta: Rising,
    gamma: Rising,
    delta: Rising,
    gamma_delta: Rising,
}

impl Tables {
    fn new(parameters: &[f64], largest: usize) -> Self {
        let &[alpha, beta, gamma, delta] = parameters else { unreachable!("four parameters, checked by the caller") };
        let rising = |z: f64| Rising::new(z, largest + 1);
        Self {
            alpha: rising(alpha),
            beta: rising(beta),
            alpha_beta: rising(alpha + beta),
            gamma: rising(gamma),
            delta: rising(delta),
            gamma_delta: rising(gamma + delta),
        }
    }

    /// Log-probability, with its gradient, of `x` purchases in a life of `lived` periods that has ended (or not).
    fn path(&self, x: usize, lived: usize, ended: bool) -> (f64, [f64; 4]) {
        let end = usize::from(ended);
        let (missed, asked) = (lived - x, lived + end);
        let log = self.alpha.log[x] + self.beta.log[missed] - self.alpha_beta.log[lived]
            + self.gamma.log[end]
            + self.delta.log[lived]
            - self.gamma_delta.log[asked];
        let (bought, left) = (self.alpha_beta.slope[lived], self.gamma_delta.slope[asked]);
        let slopes = [
            self.alpha.slope[x] - bought,
            self.beta.slope[missed] - bought,
            self.gamma.slope[end] - left,
            self.delta.slope[lived] - left,
        ];
        (log, slopes)
    }

    /// Log-likelihood of a history, its gradient, and the probability that it goes on.
    fn history(&self, x: usize, t_x: usize, n: usize) -> (f64, [f64; 4], f64) {
        let (mut sum, mut slopes) = self.path(x, n, false);
        let mut alive = 1.0;
        for lived in t_x..n {
            let (log, by) = self.path(x, lived, true);
            let (next, share) = log_sum(sum, log);
            slopes.iter_mut().zip(by).for_each(|(slope, by)| *slope += share * (by - *slope));
            (sum, alive) = (next, alive * (1.0 - share));
        }
        (sum, slopes, alive)
    }
}

/// The likelihood.
pub(super) struct BgBbLikelihood<'a> {
    rows: Cow<'a, Rows>,
    times: Vec<(usize, usize)>,
}

impl<'a> BgBbLikelihood<'a> {
    pub(super) fn new(rows: &'a Rows) -> Result<Self, LifetimeError> {
        Ok(Self { times: whole_periods(rows)?, rows: Cow::Borrowed(rows) })
    }
}

impl Likelihood for BgBbLikelihood<'_> {
    fn model(&self) -> &'static str {
        PurchaseModel::BgBb.id()
    }

    fn names(&self) -> &'static [&'static str] {
        PurchaseModel::BgBb.parameters()
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let of = [[1.0, 1.0, 0.6, 3.0], [0.5, 2.0, 1.0, 10.0], [2.0, 0.7, 0.3, 1.0], [3.0, 3.0, 2.0, 20.0]];
        of.into_iter().map(Vec::from).collect()
    }

    fn customers(&self) -> f64 {
        self.rows.customers()
    }

    /// Whole periods leave few unique rows: the starts race on all.
    fn sample(&self) -> Option<Self> {
        None
    }

    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let longest = self.times.iter().map(|&(_, n)| n).max().unwrap_or(0);
        let tables = Tables::new(parameters, longest);
        let [value, by @ ..] = self.rows.add_up(|row| {
            let (t_x, n) = self.times[row];
            let (log, [alpha, beta, gamma, delta], _) = tables.history(self.rows.x[row] as usize, t_x, n);
            [log, alpha, beta, gamma, delta]
        });
        gradient.copy_from_slice(&by);
        value
    }
}

/// The model at its parameters.
pub(super) struct BgBb {
    alpha: f64,
    beta: f64,
    tables: Tables,
    /// Per period: what a customer alive then has ahead.
    ahead: Vec<Ahead>,
}

/// Survival seen from a period n, in ratios to survival to n, so that nothing underflows or cancels.
#[derive(Clone, Copy)]
struct Ahead {
    /// ln of survival to this period.
    log_survival: f64,
    /// Σ over later periods j of S(j)/S(n).
    lived: f64,
    /// Σ over later periods j of (j − n − 1)·S(j)/S(n).
    pairs: f64,
}

impl BgBb {
    pub(super) fn new(parameters: &[f64], rows: &Rows, longest: f64) -> Result<Self, LifetimeError> {
        let observed = whole_periods(rows)?.into_iter().map(|(_, n)| n).max().unwrap_or(0);
        let far = periods(longest.ceil()).ok_or(LifetimeError::BadHorizon {
            what: "the horizon of bg_bb in periods",
            value: longest,
            range: "0 to 1,000,000",
        })?;
        let tables = Tables::new(parameters, observed);
        let (gamma, delta) = (parameters[2], parameters[3]);
        let last = observed + far + 1;
        let stays = |period: usize| (delta + size(period)) / (gamma + delta + size(period));
        let mut ahead = vec![Ahead { log_survival: 0.0, lived: 0.0, pairs: 0.0 }; last + 1];
        for period in 0..last {
            ahead[period + 1].log_survival = ahead[period].log_survival + stays(period).ln();
        }
        for period in (0..last).rev() {
            let (chance, next) = (stays(period), ahead[period + 1]);
            ahead[period].lived = chance * (1.0 + next.lived);
            ahead[period].pairs = chance * (next.pairs + next.lived);
        }
        Ok(Self { alpha: parameters[0], beta: parameters[1], tables, ahead })
    }

    /// S(n+m)/S(n), and the sums over the next m periods of S(j)/S(n) and of (j − n − 1)·S(j)/S(n).
    fn sums(&self, n: usize, m: usize) -> [f64; 3] {
        let last = self.ahead.len() - 1;
        let (from, to) = (self.ahead[n.min(last)], self.ahead[(n + m).min(last)]);
        let survived = (to.log_survival - from.log_survival).exp();
        let lived = from.lived - survived * to.lived;
        let pairs = from.pairs - survived * (to.pairs + size(m) * to.lived);
        [survived, lived.max(0.0), pairs.max(0.0)]
    }

    /// Interpolates between the whole periods around `time`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times ahead are checked to be in range"
    )]
    fn between(time: f64, at: impl Fn(usize) -> f64) -> f64 {
        let below = time.max(0.0).floor() as usize;
        let part = time - size(below);
        let low = at(below);
        if part > 0.0 { low + part * (at(below + 1) - low) } else { low }
    }

    /// The periods observed.
    fn observed(t: f64) -> usize {
        periods(t).unwrap_or(0)
    }
}

impl Purchases for BgBb {
    fn p_alive(&self, x: u32, t_x: f64, t: f64) -> f64 {
        self.tables.history(x as usize, Self::observed(t_x), Self::observed(t)).2
    }

    /// One in every period.
    fn most(&self, time: f64) -> f64 {
        time.ceil()
    }

    fn while_alive(&self, x: u32, t: f64, time: f64) -> f64 {
        let n = Self::observed(t);
        let chance = (self.alpha + f64::from(x)) / (self.alpha + self.beta + size(n));
        Self::between(time, |ahead| chance * self.sums(n, ahead)[1])
    }

    fn moments(&self, x: u32, t: f64, time: f64) -> Moments {
        let n = Self::observed(t);
        let (bought, asked) = (self.alpha + f64::from(x), self.alpha + self.beta + size(n));
        let square = bought * (bought + 1.0) / (asked * (asked + 1.0));
        let pairs = |ahead: usize| 2.0 * square * self.sums(n, ahead)[2];
        let none = |ahead: usize| {
            let survived = |period: usize| self.sums(n, period)[0];
            let (mut sum, mut missed) = (0.0, 1.0);
            for period in 0..ahead {
                sum += (survived(period) - survived(period + 1)) * missed;
                missed *= (asked - bought + size(period)) / (asked + size(period));
            }
            sum + survived(ahead) * missed
        };
        Moments {
            mean: self.while_alive(x, t, time),
            pairs: Self::between(time, pairs),
            none: Self::between(time, none),
        }
    }
}
