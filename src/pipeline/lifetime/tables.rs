//! The rows of the marts about lifetime value.

use super::cohorts::{cohorts, quarter_of};
use super::customers::Customers;
use super::value::{Valued, ValuedSegment, amount, minor};
use crate::config::{Calendar, Plan};
use crate::engine::EngineError;
use crate::pipeline::columns::Columns;
use crate::pipeline::number::{major, number};
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use closedloop_core::lifetime::{Estimate, Expectation, Family, Fit, GAMMA_GAMMA};
use std::sync::Arc;

/// Rows of `customer_clv`.
pub(super) fn customer_clv(plan: &Plan, customers: &Customers, valued: &Valued) -> Result<RecordBatch, EngineError> {
    let rows = || 0..valued.money.len();
    let summaries = &valued.histories.summaries;
    let code = |row: usize| valued.histories.customer[row] as usize;
    let acquired = |row: usize| valued.histories.first_period[row];
    let expected = |row: usize| valued.expectation(row);
    let clv = |row: usize, pick: fn(&Estimate) -> f64| expected(row).map(|expectation| minor(pick(&expectation.clv)));
    let so_far = |row: usize| valued.money[row].margin + valued.money[row].contracted;
    let contract =
        |row: usize| valued.contracts[row].filter(|_| valued.segment(row).valuation.family == Family::Contractual);
    let mut columns = Columns::default();
    columns.texts("account_id", rows().map(|row| customers.names.value(code(row))));
    columns.texts("segment", rows().map(|row| valued.segment(row).name.as_str()));
    columns.push("cohort", quarters(rows().map(|row| quarter_of(&plan.calendar, acquired(row)))));
    columns.dates("acquired_on", rows().map(acquired));
    columns.texts("family", rows().map(|row| valued.segment(row).valuation.family.id()));
    columns.texts("model", rows().map(|row| valued.segment(row).valuation.model()));
    columns.texts("reason", rows().map(|row| valued.segment(row).valuation.reason.as_str()));
    columns.integers("purchases", rows().map(|row| i64::from(summaries.x[row]) + 1));
    columns.integers("frequency", rows().map(|row| i64::from(summaries.x[row])));
    columns.finite("recency", rows().map(|row| summaries.t_x[row]));
    columns.finite("observed", rows().map(|row| summaries.t[row]));
    columns.integers("monetary_value", rows().map(|row| minor(summaries.mean_value[row])));
    columns.dates("contract_ends_on", rows().map(|row| contract(row).map(|contract| contract.last)));
    columns.integers("renewals", rows().map(|row| contract(row).map(|contract| i64::from(contract.renewals))));
    columns.flags("is_lapsed", rows().map(|row| contract(row).map(|contract| contract.lapsed)));
    columns.integers("revenue", rows().map(|row| valued.money[row].revenue));
    columns.integers("margin", rows().map(|row| valued.money[row].margin));
    columns.integers("margin_discounted", rows().map(|row| valued.money[row].margin_discounted));
    columns.integers("margin_contracted", rows().map(|row| valued.money[row].contracted));
    columns.finite("p_alive", rows().map(|row| expected(row).map(|e| e.p_alive)));
    columns.finite("expected_purchases", rows().map(|row| expected(row).map(|e| e.purchases.mean)));
    columns.finite("purchases_low", rows().map(|row| expected(row).map(|e| e.purchases.low)));
    columns.finite("purchases_high", rows().map(|row| expected(row).map(|e| e.purchases.high)));
    columns.integers("expected_value", rows().map(|row| expected(row).map(|e| minor(e.value))));
    columns.integers("predicted_margin", rows().map(|row| clv(row, |clv| clv.mean)));
    columns.integers("predicted_low", rows().map(|row| clv(row, |clv| clv.low)));
    columns.integers("predicted_high", rows().map(|row| clv(row, |clv| clv.high)));
    let beyond = |expectation: &Expectation| expectation.beyond.map(minor);
    columns.integers("predicted_beyond", rows().map(|row| expected(row).and_then(beyond)));
    columns.integers("clv", rows().map(|row| so_far(row) + clv(row, |clv| clv.mean).unwrap_or(0)));
    columns.integers("clv_low", rows().map(|row| Some(so_far(row) + clv(row, |clv| clv.low)?)));
    columns.integers("clv_high", rows().map(|row| Some(so_far(row) + clv(row, |clv| clv.high)?)));
    let has_deal = |row: usize| customers.acquisition(valued.histories.customer[row]).is_some();
    columns.flags("has_deal", rows().map(has_deal));
    columns.finish()
}

/// Rows of `clv_cohorts`.
pub(super) fn clv_cohorts(plan: &Plan, customers: &Customers, valued: &Valued) -> Result<RecordBatch, EngineError> {
    let rows = cohorts(&plan.calendar, customers, valued);
    let mut columns = Columns::default();
    columns.push("cohort", quarters(rows.iter().map(|row| row.cohort)));
    columns.integers("age", rows.iter().map(|row| i64::from(row.age)));
    columns.push("fiscal_quarter", quarters(rows.iter().map(|row| row.cohort + row.age)));
    columns.counts("customers", rows.iter().map(|row| row.customers));
    columns.counts("buyers", rows.iter().map(|row| row.buyers));
    columns.integers("margin", rows.iter().map(|row| row.margin));
    columns.integers("cumulative_margin", rows.iter().map(|row| row.cumulative));
    columns.integers("cumulative_margin_discounted", rows.iter().map(|row| row.cumulative_discounted));
    let per_customer = rows.iter().map(|row| major(row.cumulative.into(), &plan.finance) / number(row.customers));
    columns.finite("margin_per_customer", per_customer);
    columns.finish()
}

/// A row of `clv_fit`.
#[derive(Default)]
struct FitRow<'a> {
    model: Option<&'a str>,
    is_chosen: bool,
    parameter: Option<String>,
    estimate: Option<f64>,
    standard_error: Option<f64>,
    log_likelihood: Option<f64>,
    customers: Option<u64>,
    problem: Option<&'a str>,
}

/// Rows of `clv_fit`.
pub(super) fn clv_fit(plan: &Plan, valued: &Valued) -> Result<RecordBatch, EngineError> {
    let rows: Vec<(&ValuedSegment, FitRow<'_>)> = (valued.segments.iter())
        .flat_map(|segment| fit_rows(segment, plan.finance.unit()).into_iter().map(move |row| (segment, row)))
        .collect();
    let mut columns = Columns::default();
    columns.texts("segment", rows.iter().map(|(segment, _)| segment.name.as_str()));
    columns.texts("family", rows.iter().map(|(segment, _)| segment.valuation.family.id()));
    columns.texts("reason", rows.iter().map(|(segment, _)| segment.valuation.reason.as_str()));
    columns.texts("model", rows.iter().map(|(_, row)| row.model));
    columns.flags("is_chosen", rows.iter().map(|(_, row)| row.is_chosen));
    columns.texts("parameter", rows.iter().map(|(_, row)| row.parameter.as_deref()));
    columns.finite("estimate", rows.iter().map(|(_, row)| row.estimate));
    columns.finite("standard_error", rows.iter().map(|(_, row)| row.standard_error));
    columns.finite("log_likelihood", rows.iter().map(|(_, row)| row.log_likelihood));
    columns.integers("customers", rows.iter().map(|(_, row)| row.customers.and_then(|n| i64::try_from(n).ok())));
    let of_spend = |segment: &ValuedSegment, row: &FitRow<'_>| {
        segment.valuation.correlation.filter(|_| row.model == Some(GAMMA_GAMMA))
    };
    columns.finite("correlation", rows.iter().map(|(segment, row)| of_spend(segment, row)));
    columns.texts("problem", rows.iter().map(|(_, row)| row.problem));
    columns.finish()
}

/// The rows of one segment: one a parameter, or one a model that could not be fitted.
fn fit_rows(segment: &ValuedSegment, unit: f64) -> Vec<FitRow<'_>> {
    let mut rows = Vec::new();
    for trial in &segment.valuation.trials {
        let (model, is_chosen) = (Some(trial.model), trial.is_chosen);
        match &trial.outcome {
            Ok(fit) => rows.extend(parameters(fit, unit).into_iter().map(|row| FitRow { model, is_chosen, ..row })),
            Err(problem) => rows.push(FitRow { model, is_chosen, problem: Some(problem), ..FitRow::default() }),
        }
    }
    for step in &segment.valuation.survival {
        rows.push(FitRow {
            model: Some("kaplan_meier"),
            parameter: Some(format!("survival_{}", step.renewal)),
            estimate: Some(step.survival),
            standard_error: Some(step.standard_error),
            customers: Some(step.at_risk),
            ..FitRow::default()
        });
    }
    if rows.is_empty() {
        let customers = Some(segment.positions.len() as u64);
        rows.push(FitRow { customers, ..FitRow::default() });
    }
    rows
}

/// The parameters of a fit, money in major units.
fn parameters(fit: &Fit, unit: f64) -> Vec<FitRow<'static>> {
    let is_spend = fit.model == GAMMA_GAMMA;
    let shift = if is_spend { unit.ln() * number(fit.customers) } else { 0.0 };
    let of = |parameter: &closedloop_core::lifetime::Parameter| {
        let scale = if is_spend && parameter.name == "v" { unit } else { 1.0 };
        FitRow {
            parameter: Some(parameter.name.to_owned()),
            estimate: Some(parameter.estimate / scale),
            standard_error: Some(parameter.standard_error / scale),
            log_likelihood: Some(fit.log_likelihood + shift),
            customers: Some(fit.customers),
            ..FitRow::default()
        }
    };
    fit.parameters.iter().map(of).collect()
}

/// Rows of `clv_validation`.
pub(super) fn clv_validation(valued: &Valued) -> Result<RecordBatch, EngineError> {
    let rows: Vec<_> = (valued.segments.iter())
        .filter_map(|segment| Some((segment, segment.calibration.as_ref()?)))
        .flat_map(|(segment, calibration)| calibration.groups.iter().map(move |group| (segment, calibration, group)))
        .collect();
    let error = |predicted: f64, actual: f64| (actual != 0.0).then(|| (predicted - actual) / actual);
    let mut columns = Columns::default();
    columns.texts("segment", rows.iter().map(|(segment, ..)| segment.name.as_str()));
    columns.texts("model", rows.iter().map(|(_, calibration, _)| calibration.model));
    columns.dates("fitted_until", rows.iter().map(|_| valued.cut));
    columns.dates("held_out_until", rows.iter().map(|_| valued.until));
    columns.integers("decile", rows.iter().map(|(.., group)| group.decile.map(i64::from)));
    columns.counts("customers", rows.iter().map(|(.., group)| group.customers));
    columns.finite("predicted_purchases", rows.iter().map(|(.., group)| group.purchases.mean));
    columns.finite("purchases_low", rows.iter().map(|(.., group)| group.purchases.low));
    columns.finite("purchases_high", rows.iter().map(|(.., group)| group.purchases.high));
    columns.counts("actual_purchases", rows.iter().map(|(.., group)| group.actual_purchases));
    let of_purchases = rows.iter().map(|(.., group)| error(group.purchases.mean, number(group.actual_purchases)));
    columns.finite("purchases_error", of_purchases);
    columns.integers("predicted_margin", rows.iter().map(|(.., group)| money(group.value.mean)));
    columns.integers("margin_low", rows.iter().map(|(.., group)| money(group.value.low)));
    columns.integers("margin_high", rows.iter().map(|(.., group)| money(group.value.high)));
    columns.integers("actual_margin", rows.iter().map(|(.., group)| money(amount(group.actual_value))));
    let of_margin = rows.iter().map(|(.., group)| error(group.value.mean, amount(group.actual_value)));
    columns.finite("margin_error", of_margin);
    columns.finish()
}

/// Minor units, where they are money that a mart can hold.
fn money(value: f64) -> Option<i64> {
    (value.abs() < 1e17).then(|| minor(value))
}

fn quarters(numbers: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(numbers.map(|number| Some(Calendar::quarter_name(number))).collect::<StringArray>())
}
