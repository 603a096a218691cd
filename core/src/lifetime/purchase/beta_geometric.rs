//! BG/NBD and MBG/NBD: purchases at a gamma rate, and after each purchase a beta chance to leave.
//!
//! The two differ by whether the first purchase may be the last. With b′ = b for BG/NBD and b + 1 for MBG/NBD:
//!
//! L = Γ(r+x)/Γ(r) · α^r · B(a, b′+x)/B(a, b) · [ (α+T)^−(r+x) + D·a/(b′+x−1) · (α+t_x)^−(r+x) ],
//! where D = 0 for BG/NBD at x = 0 and 1 otherwise. While alive, the rate is Γ(r+x, α+T) and the chance Beta(a, b′+x).
//!
//! Sources: Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing Science 24(2), eq. 6 and 10; Batislam,
//! Denizel & Filiztekin (2007), IJRM 24(3), eq. 3.

use rayon::prelude::*;

use super::{Moments, PurchaseModel, Purchases, race_rows, rate_starts};
use crate::lifetime::fit::Likelihood;
use crate::lifetime::numeric::{BetaPoint, Chebyshev, Rising, beta_points, log_sum};
use crate::lifetime::summary::Rows;

/// When a customer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropout {
    /// After a repeat purchase: BG/NBD.
    AfterRepeat,
    /// After any purchase: MBG/NBD.
    AfterAny,
}

impl Dropout {
    /// The model that has it.
    fn model(self) -> PurchaseModel {
        match self {
            Self::AfterRepeat => PurchaseModel::BgNbd,
            Self::AfterAny => PurchaseModel::MbgNbd,
        }
    }

    /// b′ − b.
    fn shift(self) -> u8 {
        match self {
            Self::AfterRepeat => 0,
            Self::AfterAny => 1,
        }
    }

    /// How often a living customer with `x` repeats has stayed: b′ + x − b. Apart from b, beside which it may be large.
    fn stays(self, x: u32) -> f64 {
        f64::from(x) + f64::from(self.shift())
    }

    /// Whether a customer with `x` repeats can have left.
    fn possible(self, x: u32) -> bool {
        x > 0 || self == Self::AfterAny
    }
}

/// The likelihood of either model.
pub(super) struct BetaGeometricLikelihood<'a> {
    rows: std::borrow::Cow<'a, Rows>,
    dropout: Dropout,
}

impl<'a> BetaGeometricLikelihood<'a> {
    pub(super) fn new(rows: &'a Rows, dropout: Dropout) -> Self {
        Self { rows: std::borrow::Cow::Borrowed(rows), dropout }
    }
}

impl Likelihood for BetaGeometricLikelihood<'_> {
    fn model(&self) -> &'static str {
        self.dropout.model().id()
    }

    fn names(&self) -> &'static [&'static str] {
        self.dropout.model().parameters()
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let chances = [(0.8, 2.5), (0.3, 3.0), (2.0, 2.0), (0.5, 10.0)];
        let rates = rate_starts(&self.rows, &[0.3, 1.0, 3.0, 0.5]);
        rates.into_iter().zip(chances).map(|((r, alpha), (a, b))| vec![r, alpha, a, b]).collect()
    }

    fn customers(&self) -> f64 {
        self.rows.customers()
    }

    fn sample(&self) -> Option<Self> {
        Some(Self { rows: std::borrow::Cow::Owned(race_rows(&self.rows)?), dropout: self.dropout })
    }

    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let &[r, alpha, a, b] = parameters else { unreachable!("four parameters") };
        let (rows, shift) = (&*self.rows, usize::from(self.dropout.shift()));
        let largest = rows.largest_x();
        let purchases = Rising::new(r, largest);
        let stayed = Rising::new(b, largest + shift);
        let asked = Rising::new(a + b, largest + shift);
        let log_alpha = alpha.ln();
        let [value, by_r, by_alpha, by_a, by_b] = rows.add_up(|row| {
            let x = rows.x[row] as usize;
            let k = r + f64::from(rows.x[row]);
            let (to_end, to_last) = (alpha + rows.t[row], alpha + rows.t_x[row]);
            let (log_end, log_last) = (to_end.ln(), to_last.ln());
            // Chance of each of the x + shift occasions to have stayed.
            let n = x + shift;
            let constant = purchases.log[x] + r * log_alpha + stayed.log[n] - asked.log[n];
            let alive = -k * log_end;
            let last_stay = b + (self.dropout.stays(rows.x[row]) - 1.0);
            let (sum, left) = if self.dropout.possible(rows.x[row]) {
                log_sum(alive, (a / last_stay).ln() - k * log_last)
            } else {
                (alive, 0.0)
            };
            let left_by_stay = if left > 0.0 { left / last_stay } else { 0.0 };
            [
                constant + sum,
                purchases.slope[x] + log_alpha - log_end + left * (log_end - log_last),
                r / alpha - k * ((1.0 - left) / to_end + left / to_last),
                left / a - asked.slope[n],
                stayed.slope[n] - asked.slope[n] - left_by_stay,
            ]
        });
        gradient.copy_from_slice(&[by_r, by_alpha, by_a, by_b]);
        value
    }
}

/// Either model at its parameters.
pub(super) struct BetaGeometric {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
    dropout: Dropout,
    /// Per number of repeats that occurs: expected purchases and pairs as functions of s = ln(1 + time/(α+T)).
    growth: Vec<Option<Growth>>,
    reach: f64,
}

/// E\[N\]/s and E\[N(N−1)\]/s² of a living customer.
struct Growth {
    mean: Chebyshev,
    pairs: Chebyshev,
}

impl BetaGeometric {
    pub(super) fn new(parameters: &[f64], dropout: Dropout, rows: &Rows, longest: f64) -> Self {
        let &[r, alpha, a, b] = parameters else { unreachable!("four parameters, checked by the caller") };
        let shortest = rows.t.iter().copied().fold(f64::INFINITY, f64::min);
        let shortest = if shortest.is_finite() { shortest } else { 0.0 };
        let reach = (longest / (alpha + shortest)).ln_1p().max(1e-9);
        let mut model = Self { r, alpha, a, b, dropout, growth: vec![], reach };
        let mut occurs = vec![false; rows.largest_x() + 1];
        rows.x.iter().for_each(|&x| occurs[x as usize] = true);
        model.growth = (0u32..)
            .zip(occurs)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|(x, occurs)| {
                occurs.then(|| {
                    let chances = model.chances(x);
                    let chance: f64 = chances.iter().map(|point| point.p * point.weight).sum();
                    let points = Chebyshev::points(reach, (r + f64::from(x)) * chance * reach);
                    let values: Vec<(f64, f64)> = points.iter().map(|&s| model.integrate(&chances, x, s)).collect();
                    let column = |pick: fn(&(f64, f64)) -> f64| values.iter().map(pick).collect::<Vec<f64>>();
                    Growth {
                        mean: Chebyshev::through(reach, &column(|value| value.0)),
                        pairs: Chebyshev::through(reach, &column(|value| value.1)),
                    }
                })
            })
            .collect();
        model
    }

    /// The chance to leave of a living customer with `x` repeats.
    fn chances(&self, x: u32) -> Vec<BetaPoint> {
        beta_points(self.a, self.b + self.dropout.stays(x))
    }

    /// E\[N\]/s and E\[N(N−1)\]/s² by integration over the chance p to leave. Given rate λ and p,
    /// E\[N\] = (1 − e^(−λpt))/p and E\[N(N−1)\] = 2(1−p)/p² · (1 − e^(−λpt)(1 + λpt)); over λ ~ Γ(k, A), with w = t/A and q = pw,
    /// e^(−λpt) becomes (1+q)^−k and λpt·e^(−λpt) becomes kq(1+q)^−(k+1).
    fn integrate(&self, chances: &[BetaPoint], x: u32, s: f64) -> (f64, f64) {
        let k = self.r + f64::from(x);
        let w = s.exp_m1();
        let (mut mean, mut pairs) = (0.0, 0.0);
        for &BetaPoint { p, q: stays, weight } in chances {
            let q = p * w;
            let lost = -(-k * q.ln_1p()).exp_m1();
            mean += weight * lost / p;
            let pair = if k.max(1.0) * q < 1e-3 {
                // The closed form cancels here; its Taylor series in q.
                k * (k + 1.0) * w * w * (0.5 - (k + 2.0) * q / 3.0 + (k + 2.0) * (k + 3.0) * q * q / 8.0)
            } else {
                (lost - (1.0 - lost) * k * q / (1.0 + q)) / (p * p)
            };
            pairs += weight * 2.0 * stays * pair;
        }
        (mean / s, pairs / (s * s))
    }

    /// s of a time from `t` on.
    fn stretch(&self, t: f64, time: f64) -> f64 {
        (time / (self.alpha + t)).ln_1p()
    }

    /// E\[N\] and E\[N(N−1)\] where no polynomial is at hand.
    fn directly(&self, x: u32, s: f64) -> (f64, f64) {
        if s <= 0.0 {
            return (0.0, 0.0);
        }
        let (mean, pairs) = self.integrate(&self.chances(x), x, s);
        (mean * s, pairs * s * s)
    }

    /// The polynomials for `x`, if prepared as far as `s`.
    fn prepared(&self, x: u32, s: f64) -> Option<&Growth> {
        self.growth.get(x as usize)?.as_ref().filter(|_| s <= self.reach)
    }
}

impl Purchases for BetaGeometric {
    fn p_alive(&self, x: u32, t_x: f64, t: f64) -> f64 {
        if !self.dropout.possible(x) {
            return 1.0;
        }
        let last_stay = self.b + (self.dropout.stays(x) - 1.0);
        let odds = (self.a / last_stay).ln() + (self.r + f64::from(x)) * ((self.alpha + t) / (self.alpha + t_x)).ln();
        1.0 / (1.0 + odds.exp())
    }

    fn while_alive(&self, x: u32, t: f64, time: f64) -> f64 {
        let s = self.stretch(t, time);
        self.prepared(x, s).map_or_else(|| self.directly(x, s).0, |growth| growth.mean.at(s) * s)
    }

    fn moments(&self, x: u32, t: f64, time: f64) -> Moments {
        let s = self.stretch(t, time);
        let (mean, pairs) = match self.prepared(x, s) {
            Some(growth) => (growth.mean.at(s) * s, growth.pairs.at(s) * s * s),
            None => self.directly(x, s),
        };
        Moments { mean, pairs, none: (-(self.r + f64::from(x)) * s).exp() }
    }
}
