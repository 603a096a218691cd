//! `campaign_clv`: the acquired customers of every line, as the tables that its SQL rolls up.

use super::acquired::{Acquired, AcquiredTotals, Acquisitions, Earner, ModelEarner, NO_CUSTOMER, Share, Value};
use super::customers::Customers;
use super::value::{Valued, minor};
use crate::config::Plan;
use crate::engine::{EngineError, session};
use crate::pipeline::RunError;
use crate::pipeline::columns::Columns;
use crate::scatter::lines::Lines;
use arrow::array::{Int64Array, RecordBatch};
use closedloop_core::lifetime::{Expectation, Family, Predictive};
use datafusion::prelude::SessionContext;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the bucket of customers without a deal.
const NO_DEAL: &str = "no_deal";
/// Logarithms of probabilities are kept in units of 2⁻³².
const LOG_UNIT: f64 = 4_294_967_296.0;
/// Less is as good as impossible.
const LEAST_LOG: f64 = -700.0;

/// Every customer's value, ready to be shared.
pub(super) fn acquisitions(customers: &Customers, valued: &Valued, deals: usize) -> Acquisitions {
    let positions = 0..valued.money.len();
    let acquired = positions.clone().into_par_iter().map(|position| acquired(valued, position)).collect();
    let curves: Vec<Vec<i64>> = positions.into_par_iter().map(|position| valued.curve(customers, position)).collect();
    let (mut of_deal, mut without_deal) = (vec![NO_CUSTOMER; deals], Vec::new());
    for (position, &code) in (0..).zip(&valued.histories.customer) {
        match customers.acquisition(code) {
            Some(deal) => of_deal[deal as usize] = position,
            None => without_deal.push(position),
        }
    }
    let months = valued.horizon.months as usize;
    Acquisitions { of_deal, without_deal, customers: acquired, curves: curves.concat(), months }
}

fn acquired(valued: &Valued, position: usize) -> Acquired {
    let money = &valued.money[position];
    let so_far = Value { realised: money.margin, contracted: money.contracted, predicted: 0 };
    let acquired = Acquired { value: so_far, segment: valued.place[position].0, ..Acquired::default() };
    let Some(Expectation { predictive, clv, .. }) = valued.expectation(position) else { return acquired };
    Acquired {
        value: Value { predicted: minor(clv.mean), ..so_far },
        variance: whole(predictive.variance),
        gradient: predictive.gradient.map(minor),
        log_none: minor(predictive.none.ln().max(LEAST_LOG) * LOG_UNIT),
        ..acquired
    }
}

/// Gives the customers without a deal to their residual, checks that nobody is lost, and registers what
/// `sql/mart/campaign_clv.sql` reads.
pub(super) fn register(
    ctx: &SessionContext,
    plan: &Plan,
    valued: &Valued,
    acquisitions: &Acquisitions,
    totals: &mut AcquiredTotals,
    lines: &Lines,
) -> Result<(), RunError> {
    for &position in &acquisitions.without_deal {
        totals.give(acquisitions, position, plan.models.len(), Earner::NoDeal);
    }
    check(plan, acquisitions, totals)?;
    session::register_rows(ctx, "acquired_totals", shares(plan, valued, totals, lines)?)?;
    session::register_rows(ctx, "acquired_curve", curves(plan, totals, lines)?)?;
    session::register_rows(ctx, "acquisition_span", span(plan, valued)?)?;
    Ok(())
}

/// The law: under every model, lines and residuals have all customers and all of their value.
fn check(plan: &Plan, acquisitions: &Acquisitions, totals: &AcquiredTotals) -> Result<(), RunError> {
    let whole: i128 = acquisitions.customers.iter().map(|customer| customer.value.total()).sum();
    for (number, model) in (0_u32..).zip(&plan.models) {
        let of_model = totals.shares.iter().filter(|(((_, of), _), _)| *of == number);
        let got: i128 = of_model.map(|(_, share)| share.value.total()).sum();
        if got != whole {
            let (model, place) = (model.id().to_owned(), "the customers' lifetime value".to_owned());
            return Err(RunError::BrokenLaw { model, place, got, booked: whole });
        }
    }
    Ok(())
}

/// One earner under one model, over all segments.
#[derive(Default)]
struct Earned {
    customers: u128,
    value: Value,
    /// By segment.
    parts: BTreeMap<u32, Predictive>,
}

fn shares(plan: &Plan, valued: &Valued, totals: &AcquiredTotals, lines: &Lines) -> Result<RecordBatch, EngineError> {
    let mut earners: BTreeMap<ModelEarner, Earned> = BTreeMap::new();
    for (&(earner, segment), share) in &totals.shares {
        let earned = earners.entry(earner).or_default();
        earned.customers += share.customers;
        earned.value += share.value;
        earned.parts.insert(segment, predictive(share));
    }
    let estimate = |earned: &Earned| {
        let covariance = |segment: &u32| valued.segments[*segment as usize].valuation.covariance.as_slice();
        let parts = earned.parts.iter().filter(|(segment, _)| !covariance(segment).is_empty());
        Predictive::estimate_of_parts(parts.map(|(segment, part)| (part, covariance(segment))))
    };
    let rows: Vec<_> = earners.iter().map(|(earner, earned)| (earner, earned, estimate(earned))).collect();
    let mut columns = names(plan, lines, rows.iter().map(|(earner, ..)| **earner));
    columns.texts("residual", rows.iter().map(|((earner, _), ..)| residual(*earner)));
    columns.shares("customers", rows.iter().map(|(_, earned, _)| earned.customers))?;
    columns.integers("realised", rows.iter().map(|(_, earned, _)| earned.value.realised));
    columns.integers("contracted", rows.iter().map(|(_, earned, _)| earned.value.contracted));
    columns.integers("predicted", rows.iter().map(|(_, earned, _)| earned.value.predicted));
    let low = rows.iter().map(|(_, earned, estimate)| minor(estimate.low).min(earned.value.predicted));
    let high = rows.iter().map(|(_, earned, estimate)| minor(estimate.high).max(earned.value.predicted));
    columns.integers("low", low.map(Some));
    columns.integers("high", high.map(Some));
    columns.finish()
}

/// What is known of the value of some customers, each weighted by its share.
fn predictive(share: &Share) -> Predictive {
    Predictive {
        mean: super::value::amount(share.value.predicted),
        variance: number(share.variance),
        none: (number(share.log_none) / LOG_UNIT).exp(),
        gradient: share.gradient.map(|slope| number(slope) / number(i128::from(closedloop_core::ledger::WHOLE))),
    }
}

/// Campaign or channel × model × month of age: the margin so far, undiscounted.
fn curves(plan: &Plan, totals: &AcquiredTotals, lines: &Lines) -> Result<RecordBatch, EngineError> {
    let curves: BTreeMap<_, _> =
        totals.curves.iter().filter(|((earner, _), _)| matches!(earner, Earner::Line(_))).collect();
    let rows = || curves.iter().flat_map(|(earner, months)| (1..).zip(months.iter()).map(move |row| (**earner, row)));
    let mut columns = names(plan, lines, rows().map(|(earner, _)| earner));
    columns.integers("month", rows().map(|(_, (month, _))| month));
    let margin = |sum: i128| i64::try_from(sum.div_euclid(i128::from(closedloop_core::ledger::WHOLE))).ok();
    columns.integers("margin", rows().map(|(_, (_, sum))| margin(*sum)));
    columns.finish()
}

/// What lines and models are called.
fn names(plan: &Plan, lines: &Lines, earners: impl Iterator<Item = ModelEarner> + Clone) -> Columns {
    let line = |earner: Earner| match earner {
        Earner::Line(line) => Some(lines.line(line)),
        Earner::Residual(_) | Earner::NoDeal => None,
    };
    let mut columns = Columns::default();
    columns.texts("campaign_id", earners.clone().map(|(earner, _)| line(earner)?.campaign.as_deref()));
    columns.texts("channel", earners.clone().map(|(earner, _)| Some(line(earner)?.channel.as_str())));
    columns.texts("model", earners.map(|(_, model)| plan.models.get(model as usize).map(|model| model.id())));
    columns
}

/// What a residual is called.
fn residual(earner: Earner) -> Option<&'static str> {
    match earner {
        Earner::Line(_) => None,
        Earner::Residual(bucket) => Some(bucket.name()),
        Earner::NoDeal => Some(NO_DEAL),
    }
}

/// The quarters of the first and the last acquisition, and whether anything is predicted of any customer.
fn span(plan: &Plan, valued: &Valued) -> Result<RecordBatch, EngineError> {
    let quarter = |day: Option<&i32>| -> Arc<Int64Array> {
        let quarter = day.map(|&day| i64::from(super::cohorts::quarter_of(&plan.calendar, day)));
        Arc::new(Int64Array::from(vec![quarter]))
    };
    let days = &valued.histories.first_period;
    let is_predicted = valued.segments.iter().any(|segment| segment.valuation.family != Family::Historic);
    let mut columns = Columns::default();
    columns.push("first_quarter", quarter(days.iter().min()));
    columns.push("last_quarter", quarter(days.iter().max()));
    columns.flags("is_predicted", std::iter::once(Some(is_predicted)));
    columns.finish()
}

#[expect(clippy::cast_precision_loss, reason = "variances and slopes are estimates, told to 15 digits")]
fn number(integer: i128) -> f64 {
    integer as f64
}

#[expect(clippy::cast_possible_truncation, reason = "checked to be below 10³²")]
fn whole(variance: f64) -> i128 {
    variance.round() as i128
}
