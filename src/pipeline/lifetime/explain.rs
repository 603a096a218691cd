//! How an account's lifetime value arises: its history, the parameters of its segment, and the sum.

use super::LifetimeValue;
use super::customers::Booking;
use super::value::minor;
use crate::config::Plan;
use crate::config::calendar::date_of_days;
use crate::config::plan::Lifetime;
use crate::engine::memory::Budget;
use crate::pipeline::RunError;
use crate::pipeline::clock::{Clock, Progress};
use crate::pipeline::prepare::{Workers, index};
use closedloop_core::lifetime::{Estimate, Expectation, Family, Valuation};
use serde::Serialize;
use std::collections::BTreeSet;

/// How one account's lifetime value arises. Money is in minor units.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LifetimeExplanation {
    /// The account.
    pub account_id: String,
    /// The last day observed.
    pub as_of: String,
    /// The day of the first purchase.
    pub acquired_on: String,
    /// What was booked, in order.
    pub history: Vec<BookingExplanation>,
    /// Margin earned by the as-of date.
    pub margin: i64,
    /// Margin booked but not yet earned.
    pub margin_contracted: i64,
    /// The segment that was fitted together.
    pub segment: String,
    /// contractual, non_contractual or historic.
    pub family: &'static str,
    /// Why.
    pub reason: String,
    /// Parameters of the segment's chosen models.
    pub parameters: Vec<ParameterExplanation>,
    /// What the purchase models see of the account.
    pub summary: SummaryExplanation,
    /// The contract, in the contractual family.
    pub contract: Option<ContractExplanation>,
    /// What is expected; null in the historic family.
    pub prediction: Option<PredictionExplanation>,
    /// margin + margin_contracted + predicted margin.
    pub clv: i64,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BookingExplanation {
    /// The day it was booked.
    pub day: String,
    /// Its revenue.
    pub revenue: i64,
    /// Its margin.
    pub margin: i64,
    /// First and last day of its term.
    pub term: Option<(String, String)>,
    /// Margin earned by the as-of date.
    pub earned: i64,
}

/// A parameter of a fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterExplanation {
    /// The model.
    pub model: &'static str,
    /// The parameter.
    pub parameter: &'static str,
    /// Its estimate; money in minor units.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
}

/// x, t_x, T and the mean margin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryExplanation {
    /// Repeat purchases.
    pub frequency: u32,
    /// Time to the last of them.
    pub recency: f64,
    /// Time observed.
    pub observed: f64,
    /// day, week or month.
    pub unit: &'static str,
    /// Mean margin of the repeat purchases.
    pub monetary_value: i64,
}

/// A contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContractExplanation {
    /// Renewals so far.
    pub renewals: u32,
    /// Last day under contract.
    pub ends_on: String,
    /// What a term of it earns.
    pub value: i64,
    /// Whether it ended without renewal.
    pub is_lapsed: bool,
}

/// What is expected over the horizon.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionExplanation {
    /// Months ahead.
    pub horizon_months: u32,
    /// Discount rate a year.
    pub discount: f64,
    /// Probability to be alive.
    pub p_alive: f64,
    /// Expected purchases or renewals.
    pub purchases: f64,
    /// Expected margin of one.
    pub value: i64,
    /// Expected margin before discounting.
    pub undiscounted: i64,
    /// Expected discounted margin.
    pub margin: i64,
    /// Its 95 % interval.
    pub interval: (i64, i64),
}

/// Explains an account's lifetime value; `None` where it is not told or the account is no customer.
///
/// # Errors
/// Whatever stops a run.
pub fn explain_lifetime(
    plan: &Plan,
    account: &str,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Option<LifetimeExplanation>, RunError> {
    let Some(rules) = &plan.lifetime else { return Ok(None) };
    let workers = Workers::start(threads)?;
    let mut clock = Clock::new(progress);
    let prepared =
        index(plan, &workers, Budget::unlimited(), &mut clock)?.without_touches(plan, &workers, &mut clock)?;
    let lifetime = LifetimeValue::of(plan, &workers, &prepared, &BTreeSet::from(["customer_clv"]))?;
    Ok(lifetime.and_then(|lifetime| lifetime.explain(rules, account)))
}

impl LifetimeValue {
    fn explain(&self, rules: &Lifetime, account: &str) -> Option<LifetimeExplanation> {
        let Self { customers, valued, .. } = self;
        let position =
            valued.histories.customer.iter().position(|&code| customers.names.value(code as usize) == account)?;
        let (money, segment) = (&valued.money[position], valued.segment(position));
        let (valuation, summaries) = (&segment.valuation, &valued.histories.summaries);
        let history = customers.bookings[money.bookings.clone()].iter();
        let contract = valued.contracts[position].filter(|_| valuation.family == Family::Contractual);
        let prediction = valued.expectation(position).map(|expected| PredictionExplanation::of(expected, rules));
        Some(LifetimeExplanation {
            account_id: account.to_owned(),
            as_of: date(valued.until),
            acquired_on: date(valued.histories.first_period[position]),
            history: history.map(|booking| BookingExplanation::of(booking, valued.until)).collect(),
            margin: money.margin,
            margin_contracted: money.contracted,
            segment: segment.name.clone(),
            family: valuation.family.id(),
            reason: valuation.reason.clone(),
            parameters: parameters(valuation),
            summary: SummaryExplanation {
                frequency: summaries.x[position],
                recency: summaries.t_x[position],
                observed: summaries.t[position],
                unit: rules.unit.name(),
                monetary_value: minor(summaries.mean_value[position]),
            },
            contract: contract.map(|contract| ContractExplanation {
                renewals: contract.renewals,
                ends_on: date(contract.last),
                value: minor(contract.value),
                is_lapsed: contract.lapsed,
            }),
            clv: money.margin + money.contracted + prediction.as_ref().map_or(0, |prediction| prediction.margin),
            prediction,
        })
    }
}

impl BookingExplanation {
    fn of(booking: &Booking, until: i32) -> Self {
        Self {
            day: date(booking.day),
            revenue: booking.revenue,
            margin: booking.margin,
            term: booking.term.map(|(first, last)| (date(first), date(last))),
            earned: booking.earned(until),
        }
    }
}

impl PredictionExplanation {
    fn of(expectation: &Expectation, rules: &Lifetime) -> Self {
        let Estimate { mean, low, high } = expectation.clv;
        Self {
            horizon_months: rules.horizon_months,
            discount: rules.discount,
            p_alive: expectation.p_alive,
            purchases: expectation.purchases.mean,
            value: minor(expectation.value),
            undiscounted: minor(expectation.purchases.mean * expectation.value),
            margin: minor(mean),
            interval: (minor(low), minor(high)),
        }
    }
}

/// The parameters of a segment's chosen models.
fn parameters(valuation: &Valuation) -> Vec<ParameterExplanation> {
    let chosen = valuation.trials.iter().filter(|trial| trial.is_chosen);
    let parameters = chosen.filter_map(|trial| trial.outcome.as_ref().ok()).flat_map(|fit| {
        fit.parameters.iter().map(|parameter| ParameterExplanation {
            model: fit.model,
            parameter: parameter.name,
            estimate: parameter.estimate,
            standard_error: parameter.standard_error,
        })
    });
    parameters.collect()
}

fn date(day: i32) -> String {
    date_of_days(day).map(|date| date.to_string()).unwrap_or_default()
}
