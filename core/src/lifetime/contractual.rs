//! Customers whose leaving is seen: the shifted-beta-geometric model of renewals, and Kaplan–Meier beside it.
//!
//! Each customer renews with a chance that is beta distributed over customers. Chance of not renewing at the t-th renewal:
//! P(t) = B(α+1, β+t−1)/B(α,β); survival S(t) = B(α, β+t)/B(α,β); retention r(t) = (β+t−1)/(α+β+t−1).
//!
//! Sources: Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1), eq. 5–8; (2010),
//! "Customer-base valuation in a contractual setting", Marketing Science 29(1), eq. 6 and 8. Kaplan & Meier (1958).

use super::error::LifetimeError;
use super::fit::{Fit, Likelihood, Parameter, check_parameters, maximise};
use super::interval::{PARAMETERS, Predictive};
use super::numeric::{BetaPoint, Rising, beta_points};
use crate::number::{number, size};

/// The id of the model.
pub(super) const MODEL: &str = "shifted_beta_geometric";
/// The id of its limit in which customers do not differ.
pub(super) const GEOMETRIC: &str = "geometric";
/// α + β of the limit: so large that renewals made do not change the chance of the next.
const LIMIT: f64 = 1e9;
/// Its parameters.
const NAMES: &[&str] = &["alpha", "beta"];

/// How customers fared at their renewals, over one cohort or many.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renewals {
    /// `lost[t]`: customers that left at their renewal t + 1.
    pub lost: Vec<u64>,
    /// `kept[t]`: customers still there who have renewed `t` times so far.
    pub kept: Vec<u64>,
}

impl Renewals {
    /// Adds a customer who renewed `renewals` times and then left, or is still there.
    pub fn add_customer(&mut self, renewals: u32, left: bool) {
        *slot(if left { &mut self.lost } else { &mut self.kept }, renewals as usize) += 1;
    }

    /// The customers.
    pub fn customers(&self) -> u64 {
        self.lost.iter().chain(&self.kept).sum()
    }

    /// The longest history, in renewals that were due.
    fn longest(&self) -> usize {
        self.lost.len().max(self.kept.len())
    }

    /// Fits the shifted-beta-geometric model.
    ///
    /// # Errors
    /// Nobody, one customer, histories of zero length, nobody left, nobody lost; losses that do not vary over time
    /// as the model has it, whose likelihood has no maximum.
    pub fn fit(&self) -> Result<Fit, LifetimeError> {
        self.check()?;
        maximise(&RenewalLikelihood(self))
    }

    /// Refuses renewals that say nothing about how fast customers leave.
    fn check(&self) -> Result<(), LifetimeError> {
        let due = self.kept.iter().skip(1).chain(&self.lost).sum::<u64>();
        match self.customers() {
            0 => Err(LifetimeError::NoCustomers),
            1 => Err(LifetimeError::OneCustomer),
            _ if due == 0 => Err(LifetimeError::ZeroLength { model: MODEL }),
            _ if self.lost.iter().sum::<u64>() == 0 => Err(LifetimeError::AllAlive),
            _ if self.kept.iter().sum::<u64>() == 0 => Err(LifetimeError::AllChurned),
            _ => Ok(()),
        }
    }

    /// Fits the limit of the model in which customers do not differ, the geometric model: every renewal is kept with one
    /// chance, whose estimate is the share of renewals due that were kept. It is what is left to fit where the
    /// shifted-beta-geometric likelihood has no maximum.
    ///
    /// # Errors
    /// As [`Self::fit`], but for a likelihood without a maximum; no renewal made.
    pub fn fit_geometric(&self) -> Result<Fit, LifetimeError> {
        self.check()?;
        let lost = number(self.lost.iter().sum());
        let made = |column: &[u64]| column.iter().enumerate().map(|(t, &n)| size(t) * number(n)).sum::<f64>();
        let kept = made(&self.lost) + made(&self.kept);
        let due = kept + lost;
        if kept == 0.0 {
            return Err(LifetimeError::NoRenewals);
        }
        let retention = kept / due;
        let variance = (1.0 - retention) / (due * retention);
        Ok(Fit {
            model: GEOMETRIC,
            parameters: vec![Parameter {
                name: "retention",
                estimate: retention,
                standard_error: retention * variance.sqrt(),
            }],
            log_likelihood: kept * retention.ln() + lost * (1.0 - retention).ln(),
            customers: self.customers(),
            gradient: 0.0,
            evaluations: 1,
            log_covariance: vec![variance],
        })
    }

    /// Kaplan–Meier's estimate of survival after each renewal with its standard error by Greenwood's formula.
    pub fn kaplan_meier(&self) -> Vec<SurvivalStep> {
        let mut steps = vec![];
        let (mut at_risk, mut survival, mut hazard) = (self.customers(), 1.0, 0.0);
        for period in 0..self.longest() {
            at_risk -= self.kept.get(period).copied().unwrap_or(0);
            let lost = self.lost.get(period).copied().unwrap_or(0);
            if at_risk == 0 {
                break;
            }
            let (risk, gone) = (number(at_risk), number(lost));
            survival *= 1.0 - gone / risk;
            // With nobody left the formula has no value; survival is 0 for sure.
            hazard += if lost < at_risk { gone / (risk * (risk - gone)) } else { 0.0 };
            steps.push(SurvivalStep {
                renewal: period + 1,
                at_risk,
                lost,
                survival,
                standard_error: survival * hazard.sqrt(),
            });
            at_risk -= lost;
        }
        steps
    }
}

/// The entry at `index`, made if need be.
fn slot(column: &mut Vec<u64>, index: usize) -> &mut u64 {
    if column.len() <= index {
        column.resize(index + 1, 0);
    }
    &mut column[index]
}

/// A step of the Kaplan–Meier curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalStep {
    /// The renewal, from 1.
    pub renewal: usize,
    /// Customers for whom it came due.
    pub at_risk: u64,
    /// Of these, lost.
    pub lost: u64,
    /// Share surviving it, of all.
    pub survival: f64,
    /// Standard error of `survival`.
    pub standard_error: f64,
}

/// The likelihood of the renewals.
struct RenewalLikelihood<'a>(&'a Renewals);

impl Likelihood for RenewalLikelihood<'_> {
    fn model(&self) -> &'static str {
        MODEL
    }

    fn names(&self) -> &'static [&'static str] {
        NAMES
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let lost = number(self.0.lost.iter().sum());
        let due: f64 = (0..self.0.longest())
            .map(|t| {
                let column = |column: &[u64], weight: usize| number(column.get(t).copied().unwrap_or(0)) * size(weight);
                column(&self.0.lost, t + 1) + column(&self.0.kept, t)
            })
            .sum();
        let rate = (lost / due).clamp(1e-6, 0.99);
        [1.0, 0.3, 4.0].map(|alpha| vec![alpha, alpha * (1.0 - rate) / rate]).to_vec()
    }

    fn customers(&self) -> f64 {
        number(self.0.customers())
    }

    fn sample(&self) -> Option<Self> {
        None
    }

    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let &[alpha, beta] = parameters else { unreachable!("two parameters") };
        let longest = self.0.longest() + 1;
        let (renewed, due) = (Rising::new(beta, longest), Rising::new(alpha + beta, longest));
        let (mut value, mut by_alpha, mut by_beta) = (0.0, 0.0, 0.0);
        for (t, &lost) in self.0.lost.iter().enumerate() {
            let lost = number(lost);
            value += lost * (alpha.ln() + renewed.log[t] - due.log[t + 1]);
            by_alpha += lost * (1.0 / alpha - due.slope[t + 1]);
            by_beta += lost * (renewed.slope[t] - due.slope[t + 1]);
        }
        for (t, &kept) in self.0.kept.iter().enumerate() {
            let kept = number(kept);
            value += kept * (renewed.log[t] - due.log[t]);
            by_alpha -= kept * due.slope[t];
            by_beta += kept * (renewed.slope[t] - due.slope[t]);
        }
        gradient.copy_from_slice(&[by_alpha, by_beta]);
        value
    }
}

/// The shifted-beta-geometric model at its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftedBetaGeometric {
    alpha: f64,
    beta: f64,
}

impl ShiftedBetaGeometric {
    /// The model at given parameters α, β.
    ///
    /// # Errors
    /// Parameters that are not positive and finite.
    pub fn new(parameters: &[f64]) -> Result<Self, LifetimeError> {
        check_parameters(MODEL, NAMES, parameters)?;
        Ok(Self { alpha: parameters[0], beta: parameters[1] })
    }

    /// The model of a fit, or of a fit of its geometric limit.
    ///
    /// # Errors
    /// A fit of another model.
    pub fn fitted(fit: &Fit) -> Result<Self, LifetimeError> {
        if fit.model == MODEL {
            Self::new(&fit.estimates())
        } else if let (GEOMETRIC, [retention]) = (fit.model, &fit.estimates()[..]) {
            Self::new(&[(1.0 - retention) * LIMIT, retention * LIMIT])
        } else {
            Err(LifetimeError::WrongModel { needed: MODEL, given: fit.model })
        }
    }

    /// The chance that a customer who comes to renewal `renewal` (from 1) renews.
    pub fn retention(self, renewal: u32) -> f64 {
        let before = self.beta + f64::from(renewal) - 1.0;
        before / (self.alpha + before)
    }

    /// The renewals that a customer makes at least in 97.5 % of cases, of the next `periods`, after `renewals`.
    pub fn sure_renewals(self, renewals: u32, periods: u32) -> u32 {
        let mut survival = 1.0;
        let survives = |ahead: &u32| {
            survival *= self.retention(renewals.saturating_add(*ahead));
            survival >= 0.975
        };
        (1..=periods).take_while(survives).last().unwrap_or(0)
    }

    /// The chances to leave of those who have renewed n times: Beta(α, β+n).
    pub fn leaving(self, renewals: u32) -> Leaving {
        Leaving(beta_points(self.alpha, self.beta + f64::from(renewals)))
    }

    /// Σ over the next `periods` of S(n+j)/S(n) · (1+d)^−j: expected renewals, each discounted from when it is due.
    pub fn discounted_renewals(self, renewals: u32, periods: u32, discount: f64) -> f64 {
        let (mut weight, mut sum) = (1.0, 0.0);
        for ahead in 1..=periods {
            weight *= self.retention(renewals.saturating_add(ahead)) / (1.0 + discount);
            sum += weight;
        }
        sum
    }
}

/// The chances to leave at the next renewal of customers who have renewed as often as each other.
#[derive(Debug)]
pub struct Leaving(Vec<BetaPoint>);

impl Leaving {
    /// Discounted expected residual lifetime, in periods, of one of them, just before the next renewal is due: the next period counts
    /// in full if they renew. Σ over j ≥ 0 of S(n+j+1)/S(n) · (1+d)^−j, which is the mean of (1−θ)(1+d)/(d+θ) over the chance θ to
    /// leave. `discount`, d, is positive.
    pub fn discounted_residual_lifetime(&self, discount: f64) -> f64 {
        let of = |&BetaPoint { p, q, weight }: &BetaPoint| weight * q * (1.0 + discount) / (discount + p);
        self.0.iter().map(of).sum()
    }
}

/// Covariance of the log-parameters of a fit of renewals, as [`Predictive::estimate`] takes it.
pub fn contract_covariance(fit: &Fit) -> Vec<f64> {
    let mut covariance = vec![0.0; PARAMETERS * PARAMETERS];
    if let (GEOMETRIC, [retention], [variance]) = (fit.model, &fit.estimates()[..], &fit.log_covariance[..]) {
        // Only ln β − ln α matters in the limit, the logit of the retention.
        covariance[PARAMETERS + 1] = variance / ((1.0 - retention) * (1.0 - retention));
        return covariance;
    }
    for (i, value) in fit.log_covariance.iter().enumerate() {
        covariance[i / 2 * PARAMETERS + i % 2] = *value;
    }
    covariance
}

impl ShiftedBetaGeometric {
    /// The discounted money of the next `periods` renewals of a customer after `renewals`, each worth `value`; `discount` is that
    /// of a period.
    pub fn predictive(self, renewals: u32, value: f64, periods: u32, discount: f64) -> Predictive {
        const STEP: f64 = 1e-5;
        let discounted = |model: Self| value * model.discounted_renewals(renewals, periods, discount);
        let mean = discounted(self);
        // E[D²] of D = Σ over j ≤ K of wⱼ is Σ S(n+j)/S(n) · wⱼ(wⱼ + 2 Σ over i < j of wᵢ).
        let (mut survived, mut weight, mut paid, mut square) = (1.0, 1.0, 0.0, 0.0);
        for ahead in 1..=periods {
            survived *= self.retention(renewals.saturating_add(ahead));
            weight /= 1.0 + discount;
            square += survived * weight * (weight + 2.0 * paid);
            paid += weight;
        }
        let variance = (square * value * value - mean * mean).max(0.0);
        let none = if periods == 0 { 1.0 } else { 1.0 - self.retention(renewals.saturating_add(1)) };
        let slope = |by_alpha: f64, by_beta: f64| {
            let at = |sign: f64| {
                discounted(Self {
                    alpha: self.alpha * (sign * by_alpha).exp(),
                    beta: self.beta * (sign * by_beta).exp(),
                })
            };
            (at(1.0) - at(-1.0)) / (2.0 * STEP)
        };
        let mut gradient = [0.0; PARAMETERS];
        gradient[0] = slope(STEP, 0.0);
        gradient[1] = slope(0.0, STEP);
        Predictive { mean, variance, none, gradient }
    }
}
