//! Customers under contract: the shifted-beta-geometric model of their renewals, or one chance for all renewals where the data
//! do not tell how customers differ.
//!
//! A renewal counts when it is due. The next one of a customer is due the day after the contract ends, later ones a term as long
//! as the latest apart.

use super::{Expectation, Method, Segment, Trial, Valuation};
use crate::lifetime::contract::Contract;
use crate::lifetime::contractual::{self, Leaving, Renewals, ShiftedBetaGeometric, contract_covariance};
use crate::lifetime::error::LifetimeError;
use crate::lifetime::family::Family;
use crate::lifetime::fit::Fit;
use crate::lifetime::forecast::Horizon;
use crate::lifetime::histories::Period;
use crate::lifetime::interval::{Estimate, Predictive};
use std::collections::BTreeMap;

/// Values a segment.
pub(super) fn value(segment: &Segment, method: &Method) -> Valuation {
    let renewals = renewals(&segment.contracts);
    let mut trials = trials(&renewals);
    let fitted = trials.last().and_then(|trial| trial.outcome.as_ref().ok()).cloned();
    let model = fitted.as_ref().and_then(|fit| ShiftedBetaGeometric::fitted(fit).ok());
    let (Some(fit), Some(model)) = (fitted, model) else {
        let reason = trials.iter().rev().find_map(|trial| trial.outcome.as_ref().err()).cloned().unwrap_or_default();
        return Valuation { survival: renewals.kaplan_meier(), ..Valuation::historic(reason, trials) };
    };
    let covariance = contract_covariance(&fit);
    // Many customers have renewed as often as each other.
    let mut leaving: BTreeMap<u32, Leaving> = BTreeMap::new();
    let expect = |contract: &Option<Contract>| match contract {
        Some(contract) if !contract.lapsed => {
            let leaving = leaving.entry(contract.renewals).or_insert_with(|| model.leaving(contract.renewals));
            Renewing::new(contract, segment.until, &method.horizon).expect(model, leaving, contract, &covariance)
        }
        _ => nothing(&method.horizon),
    };
    let expectations = segment.contracts.iter().map(expect).collect();
    trials.iter_mut().for_each(|trial| trial.is_chosen = trial.model == fit.model);
    Valuation {
        family: Family::Contractual,
        reason: String::new(),
        trials,
        survival: renewals.kaplan_meier(),
        correlation: None,
        expectations,
        covariance,
    }
    .checked()
}

/// The shifted-beta-geometric model, and the geometric one where its likelihood has no maximum; the last is to be used.
fn trials(renewals: &Renewals) -> Vec<Trial> {
    let trial = |model, outcome: Result<Fit, LifetimeError>| Trial {
        model,
        outcome: outcome.map_err(|error| error.to_string()),
        is_chosen: false,
    };
    let outcome = renewals.fit();
    let has_no_maximum = matches!(
        outcome,
        Err(LifetimeError::Unbounded { .. } | LifetimeError::Undetermined { .. } | LifetimeError::NotConverged { .. })
    );
    let mut trials = vec![trial(contractual::MODEL, outcome)];
    if has_no_maximum {
        trials.push(trial(contractual::GEOMETRIC, renewals.fit_geometric()));
    }
    trials
}

/// How the contracts fared at their renewals.
pub(super) fn renewals(contracts: &[Option<Contract>]) -> Renewals {
    let mut renewals = Renewals::default();
    for contract in contracts.iter().flatten() {
        renewals.add_customer(contract.settled, contract.lapsed);
    }
    renewals
}

/// The fit of the contracts, if there is one.
pub(super) fn fit(contracts: &[Option<Contract>]) -> Option<(ShiftedBetaGeometric, Fit)> {
    let fit = trials(&renewals(contracts)).pop()?.outcome.ok()?;
    Some((ShiftedBetaGeometric::fitted(&fit).ok()?, fit))
}

/// A customer who has left, or had no contract.
fn nothing(horizon: &Horizon) -> Expectation {
    Expectation {
        p_alive: 0.0,
        purchases: Estimate::default(),
        value: 0.0,
        predictive: Predictive::NOTHING,
        clv: Estimate::default(),
        beyond: horizon.months_beyond().map(|_| 0.0),
        months: vec![0.0; horizon.months as usize],
    }
}

/// When the renewals of a contract come due, and what they are discounted by.
struct Renewing {
    /// Months until the first.
    due: f64,
    /// Length of a term, in months.
    term: f64,
    months: u32,
    /// Rate a month, and a term.
    discount: f64,
    term_discount: f64,
    /// Whether what comes after the horizon is discounted enough to be told.
    tells_beyond: bool,
}

impl Renewing {
    fn new(contract: &Contract, until: i32, horizon: &Horizon) -> Self {
        let due = f64::from(contract.last.saturating_add(1).saturating_sub(until)).max(0.0) / Period::Month.days();
        let term = f64::from(contract.days) / Period::Month.days();
        let term_discount = (horizon.discount.ln_1p() * term).exp_m1();
        let tells_beyond = horizon.months_beyond().is_some();
        Self { due, term, months: horizon.months, discount: horizon.discount, term_discount, tells_beyond }
    }

    fn expect(
        &self,
        model: ShiftedBetaGeometric,
        leaving: &Leaving,
        contract: &Contract,
        covariance: &[f64],
    ) -> Expectation {
        let periods = self.periods();
        // The model discounts the first renewal by one term, but it is due after `due` months.
        let sooner = (self.discount.ln_1p() * (self.term - self.due)).exp();
        let discounted = model.predictive(contract.renewals, contract.value, periods, self.term_discount);
        let predictive = Predictive {
            mean: discounted.mean * sooner,
            variance: discounted.variance * sooner * sooner,
            none: discounted.none,
            gradient: discounted.gradient.map(|slope| slope * sooner),
        };
        let counted = model.predictive(contract.renewals, 1.0, periods, 0.0).estimate(covariance);
        let paid = |renewals| contract.value * sooner * annuity(renewals, self.term_discount);
        let clv = predictive.estimate(covariance);
        // How many renewals come is known to the last one, where a gamma distribution leans to the other side.
        let sure = model.sure_renewals(contract.renewals, periods);
        let beyond = || {
            let whole = leaving.discounted_residual_lifetime(self.term_discount);
            (contract.value * sooner * whole / (1.0 + self.term_discount) - predictive.mean).max(0.0)
        };
        Expectation {
            p_alive: 1.0,
            purchases: Estimate {
                mean: counted.mean,
                low: counted.low.floor().min(f64::from(sure)),
                high: counted.high.ceil().min(f64::from(periods)),
            },
            value: contract.value,
            predictive,
            clv: Estimate { low: clv.low.min(paid(sure)), high: clv.high.min(paid(periods)), ..clv },
            beyond: self.tells_beyond.then(beyond),
            months: self.months(model, contract),
        }
    }

    /// Renewals that come due within the horizon.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the days of the horizon")]
    fn periods(&self) -> u32 {
        let ahead = f64::from(self.months) - self.due;
        if ahead < 0.0 { 0 } else { (ahead / self.term).floor() as u32 + 1 }
    }

    /// What each month of the horizon earns: every renewal evenly over its term.
    fn months(&self, model: ShiftedBetaGeometric, contract: &Contract) -> Vec<f64> {
        let mut earned = vec![0.0; self.months as usize];
        let (mut start, mut alive) = (self.due, 1.0);
        for ahead in 1..=self.periods() {
            alive *= model.retention(contract.renewals.saturating_add(ahead));
            let end = start + self.term;
            for (month, earned) in (0_u32..).zip(earned.iter_mut()) {
                let (from, to) = (f64::from(month), f64::from(month) + 1.0);
                let overlap = (end.min(to) - start.max(from)).max(0.0);
                *earned += contract.value * alive * overlap / self.term;
            }
            start = end;
        }
        earned
    }
}

fn annuity(periods: u32, discount: f64) -> f64 {
    (1..=periods).rev().fold(0.0, |sum, _| (sum + 1.0) / (1.0 + discount))
}
