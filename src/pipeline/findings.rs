//! Findings: what in the inputs somebody should look at before trusting the numbers. Writes nothing.

pub(super) mod bookings;
mod spend;

use self::bookings::{
    closed_before_created, contradicted_stages, deals_without_credit, overdue_opportunities, wins_and_deals_apart,
};
use self::spend::{repeated_spend, spend_and_credit_apart, spend_of_strangers};
use super::clock::{Clock, Progress};
use super::credit::{CreditWants, Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::{self, Fit, Models};
use super::phrases::{counted, few, grouped};
use super::prepare::{Prepared, Workers, prepare};
use super::remarks::remarks;
use super::totals::CreditTotals;
use super::touch_outcome::{TouchOutcome, account_for_touches};
use crate::config::Plan;
use crate::config::file::{CheckConfig, Table};
use crate::engine::columns::column;
use crate::engine::ids::IdColumn;
use crate::engine::memory::Budget;
use crate::engine::words::words;
use crate::engine::{EngineError, session};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Money by identifier or name, minor units.
type Amounts = BTreeMap<String, i128>;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The input table it is about, or `run`.
    pub subject: String,
    /// What it is, in one sentence.
    pub message: String,
    /// Money concerned, minor units.
    pub amount: Option<i128>,
}

impl Finding {
    fn new(subject: &str, message: String) -> Self {
        Self { subject: subject.to_owned(), message, amount: None }
    }
}

/// Does everything a run does short of writing, and says what is questionable.
///
/// # Errors
/// What would also stop a run.
pub fn inspect(plan: &Plan, threads: usize, progress: &dyn Progress) -> Result<Vec<Finding>, RunError> {
    let workers = Workers::start(threads)?;
    let mut clock = Clock::new(progress);
    let mut prepared = prepare(plan, &workers, Budget::unlimited(), &mut clock)?;
    let Fit { plan: fitted_plan, models, refusals, remarks: learned, .. } =
        fit::fit(plan, &workers, &prepared, fit::Wants::default())?;
    let plan = &fitted_plan;
    clock.stage("credit");
    let (totals, touches) = workers.pool.install(|| credit(plan, &prepared, models))?;
    account_for_touches(plan, &workers, &mut prepared, &touches)?;

    let mut findings = set_aside(&prepared);
    findings.extend(unmatched_touches(plan, &workers, &prepared)?);
    let (as_of, today) = (prepared.as_of_day(plan), plan.calendar.date_of(Timestamp::now().as_microsecond()));
    // Without an as-of date the present decides what is past.
    let today = today.filter(|_| plan.as_of.is_none());
    findings.extend(today.iter().flat_map(|today| dates_to_come(plan, &prepared, *today)));
    if plan.source(Table::Spend).is_some() {
        findings.extend(spend_and_credit_apart(plan, &prepared, &totals));
        findings.extend(repeated_spend(&workers, &prepared)?);
    }
    if plan.source(Table::Campaigns).is_some() {
        findings.extend(spend_of_strangers(&prepared));
    }
    findings.extend(as_of.max(today).and_then(|day| overdue_opportunities(&prepared, day)));
    findings.extend(contradicted_stages(&workers, &prepared)?);
    findings.extend(closed_before_created(&workers, &prepared)?);
    if plan.source(Table::Deals).is_some() {
        findings.extend(wins_and_deals_apart(&workers, &prepared)?);
    }
    findings.extend(deals_without_credit(plan, &totals));
    for check in &plan.checks {
        findings.extend(rows_found(&workers, &prepared, check)?);
    }
    let remarks = workers.pool.install(|| remarks(plan, &prepared, &totals));
    let all = remarks.into_iter().chain(learned).chain(refusals);
    findings.extend(all.map(|remark| Finding::new("run", remark)));
    Ok(findings)
}

fn credit(plan: &Plan, prepared: &Prepared, models: Models) -> Result<(CreditTotals, TouchOutcome), RunError> {
    let crediting = Crediting::new(plan, prepared, models, CreditWants::default())?;
    let mut touches = TouchOutcome::default();
    let mut credited = crediting.run(
        |PartitionCredit { used, repeated, collapsed, .. }| Ok(TouchOutcome { used, repeated, collapsed }),
        |outcomes| {
            outcomes.into_iter().for_each(|outcome| touches.add(outcome));
            Ok(())
        },
    )?;
    crediting.unmatched(&mut credited.totals);
    Ok((credited.totals, touches))
}

/// Rows set aside, by table and reason, with the place of the first.
fn set_aside(prepared: &Prepared) -> Vec<Finding> {
    let mut groups: BTreeMap<_, (usize, i128, Option<String>)> = BTreeMap::new();
    for row in &prepared.loaded.set_aside {
        let (count, amount, first) = groups.entry((row.table, row.reason)).or_default();
        *count += 1;
        *amount += i128::from(row.amount.unwrap_or(0));
        if first.is_none() {
            *first = row.place();
        }
    }
    groups
        .into_iter()
        .map(|((table, reason), (count, amount, first))| {
            let place = first.map_or_else(String::new, |first| format!(", as at {first}"));
            let rows = counted(count, "row", "rows");
            Finding {
                subject: table.name().to_owned(),
                message: format!("{rows} set aside: {reason}{place}"),
                amount: (amount != 0).then_some(amount),
            }
        })
        .collect()
}

/// Touches that no deal can meet, be it that nobody knows whose they are or that their account is unknown.
fn unmatched_touches(plan: &Plan, workers: &Workers, prepared: &Prepared) -> Result<Vec<Finding>, RunError> {
    let rows = workers.rows(&prepared.ctx, include_str!("../../sql/check/unmatched_touchpoints.sql"), &[])?;
    let count = |name| Ok::<_, EngineError>(column(&rows, name)?.as_primitive::<Int64Type>().value(0));
    let (touches, of_nobody, of_strangers) = (count("touches")?, count("of_nobody")?, count("of_strangers")?);
    let strangers = if plan.source(Table::Accounts).is_some() { of_strangers } else { 0 };
    let findings = [
        (of_nobody, "of people whom no usable contact ties to an account, and so part of no journey"),
        (strangers, "of accounts that the accounts table does not have"),
    ];
    let found = findings.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| {
        Finding::new(
            Table::Touchpoints.name(),
            format!("{} of {} touches are {what}", grouped(count), grouped(touches)),
        )
    });
    Ok(found.collect())
}

/// Tables whose latest date is after today: the as-of date, which such a date moves, is the latest of all.
fn dates_to_come(plan: &Plan, prepared: &Prepared, today: Date) -> Vec<Finding> {
    let of_touches = prepared.scattered.counts.spanned.map(|(_, latest)| (Table::Touchpoints.name(), latest));
    let has_deals = plan.source(Table::Deals).is_some();
    let of_tables = prepared.latest_of.iter().map(|(name, latest)| match name.as_str() {
        "deals" if !has_deals => (Table::Opportunities.name(), *latest),
        name => (name, *latest),
    });
    let mut latest: BTreeMap<&str, i64> = BTreeMap::new();
    for (name, at) in of_touches.into_iter().chain(of_tables) {
        latest.entry(name).and_modify(|latest| *latest = at.max(*latest)).or_insert(at);
    }
    let days = latest.into_iter().map(|(name, at)| (name, plan.calendar.date_of(at)));
    let to_come = days.filter_map(|(name, day)| Some((name, day.filter(|day| *day > today)?)));
    let found = to_come.map(|(name, day)| {
        let message = format!("dates reach to {day}, which is yet to come; correct them, or set calendar.as_of");
        Finding::new(name, message)
    });
    found.collect()
}

/// The rows of a query for `id` and `amount`.
fn amounts_by_id(workers: &Workers, prepared: &Prepared, sql: &str) -> Result<Amounts, RunError> {
    let rows = workers.rows(&prepared.ctx, sql, &[])?;
    let ids = IdColumn::try_new(column(&rows, "id")?)?;
    let amounts = column(&rows, "amount")?.as_primitive::<Int64Type>();
    let amount = |row| if amounts.is_valid(row) { i128::from(amounts.value(row)) } else { 0 };
    Ok((0..rows.num_rows()).filter_map(|row| Some((ids.text(row)?, amount(row)))).collect())
}

/// What holds of so many, the first of them, and their money; nothing where it holds of none.
fn of_amounts(table: Table, what: &str, amounts: &Amounts) -> Option<Finding> {
    (!amounts.is_empty()).then(|| Finding {
        subject: table.name().to_owned(),
        message: format!("{what}: {}", few(amounts.keys().map(String::as_str))),
        amount: Some(amounts.values().sum()).filter(|amount| *amount != 0),
    })
}

/// The rows that a check of the configuration selects, with the least of them.
fn rows_found(workers: &Workers, prepared: &Prepared, check: &CheckConfig) -> Result<Option<Finding>, EngineError> {
    let fault = |error| EngineError::Sql { key: format!("checks, \"{}\"", check.finds), message: words(&error) };
    let rows = async { session::collect(session::read_only(&prepared.ctx, &check.sql).await?).await };
    let rows = workers.runtime.block_on(rows).map_err(fault)?;
    let options = FormatOptions::default().with_display_error(false);
    let cells = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let cells = cells.collect::<Result<Vec<_>, _>>()?;
    let text = |row| cells.iter().map(|cell| cell.value(row).try_to_string()).collect::<Result<Vec<_>, _>>();
    let texts = (0..rows.num_rows()).map(text).collect::<Result<Vec<_>, _>>();
    let texts = texts.map_err(|error| fault(error.into()))?.into_iter().map(|cells| cells.join(", "));
    Ok(texts.min().map(|least| {
        let rows = counted(rows.num_rows(), "row", "rows");
        Finding::new(check.table.name(), format!("{rows} found: {}, as {least}", check.finds))
    }))
}
