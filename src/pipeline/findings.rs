//! Findings: what in the inputs somebody should look at before trusting the numbers. Writes nothing.

use super::clock::{Clock, Progress};
use super::credit::{Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::{self, Fit, Models};
use super::prepare::{Memory, Prepared, Workers, prepare};
use super::remarks::remarks;
use super::totals::CreditTotals;
use super::touch_outcome::{TouchOutcome, account_for_touches};
use crate::config::Plan;
use crate::config::file::CheckConfig;
use crate::engine::ids::IdColumn;
use crate::engine::{EngineError, session};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use closedloop_core::ledger::Bucket;
use std::collections::{BTreeMap, BTreeSet};

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
    let mut prepared = prepare(plan, &workers, Memory::unlimited(), &mut clock)?;
    let Fit { plan: fitted_plan, models, refusals, remarks: learned, .. } =
        fit::fit(plan, &workers, &prepared, fit::Wants::default())?;
    let plan = &fitted_plan;
    clock.stage("credit");
    let (totals, touches) = workers.pool.install(|| credit(plan, &prepared, models))?;
    account_for_touches(plan, &workers, &mut prepared, &touches)?;

    let mut findings = set_aside(&prepared);
    findings.extend(spend_without_touches(&workers, &prepared, &totals)?);
    findings.extend(deals_without_credit(plan, &totals));
    for check in &plan.checks {
        findings.extend(rows_found(&workers, &prepared, check)?);
    }
    let remarks = remarks(plan, &prepared, &totals);
    let all = remarks.into_iter().chain(learned).chain(refusals);
    findings.extend(all.map(|remark| Finding::new("run", remark)));
    Ok(findings)
}

fn credit(plan: &Plan, prepared: &Prepared, models: Models) -> Result<(CreditTotals, TouchOutcome), RunError> {
    let mut crediting = Crediting::new(plan, prepared, models);
    crediting.wants_touch_credits = false;
    crediting.wants_journeys = false;
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
            let rows = if count == 1 { "row" } else { "rows" };
            Finding {
                subject: table.name().to_owned(),
                message: format!("{count} {rows} set aside: {reason}{place}"),
                amount: (amount != 0).then_some(amount),
            }
        })
        .collect()
}

/// Campaigns with spend that no credited touch names.
fn spend_without_touches(
    workers: &Workers,
    prepared: &Prepared,
    totals: &CreditTotals,
) -> Result<Option<Finding>, RunError> {
    let touched: BTreeSet<&str> =
        totals.lines().iter().filter_map(|(key, ..)| prepared.lines.line(key.line).campaign.as_deref()).collect();
    let spend = workers
        .runtime
        .block_on(async { session::collect(prepared.ctx.table("spend").await?).await })
        .map_err(EngineError::from)?;
    let mut silent: BTreeMap<String, i128> = BTreeMap::new();
    if let (Some(ids), Some(amounts)) = (spend.column_by_name("campaign_id"), spend.column_by_name("amount")) {
        let ids = IdColumn::try_new(ids)?;
        let amounts = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(amounts);
        for (row, amount) in amounts.values().iter().enumerate() {
            if let Some(campaign) = ids.text(row).filter(|id| !touched.contains(id.as_str())) {
                *silent.entry(campaign).or_default() += i128::from(*amount);
            }
        }
    }
    let Some(first) = silent.keys().next() else { return Ok(None) };
    Ok(Some(Finding {
        subject: "spend".to_owned(),
        message: format!("campaigns with spend and no credited touch: {} ({first}, …)", silent.len()),
        amount: Some(silent.values().sum()),
    }))
}

/// The rows that a check of the configuration selects, with the least of them.
fn rows_found(workers: &Workers, prepared: &Prepared, check: &CheckConfig) -> Result<Option<Finding>, EngineError> {
    let rows = async { session::collect(session::read_only(&prepared.ctx, &check.sql).await?).await };
    let rows = workers.runtime.block_on(rows).map_err(|error| EngineError::Sql {
        key: format!("checks, \"{}\"", check.finds),
        message: error.strip_backtrace().split_whitespace().collect::<Vec<_>>().join(" "),
    })?;
    let options = FormatOptions::default();
    let cells = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let cells = cells.collect::<Result<Vec<_>, _>>()?;
    let text = |row| cells.iter().map(|cell| cell.value(row).to_string()).collect::<Vec<_>>().join(", ");
    Ok((0..rows.num_rows()).map(text).min().map(|least| {
        let count = rows.num_rows();
        let rows = if count == 1 { "row" } else { "rows" };
        Finding::new(check.table.name(), format!("{count} {rows} found: {}, as {least}", check.finds))
    }))
}

/// Deals under the default model whose money goes to no touch though their kind is attributed.
fn deals_without_credit(plan: &Plan, totals: &CreditTotals) -> Vec<Finding> {
    let mut left: BTreeMap<Bucket, (u64, i128)> = BTreeMap::new();
    for (key, rest) in totals.residuals() {
        if key.model == plan.default_model && key.bucket != Bucket::KindNotAttributed {
            let (deals, amount) = left.entry(key.bucket).or_default();
            *deals += rest.deals;
            *amount += i128::from(rest.earned.amount);
        }
    }
    left.into_iter()
        .map(|(bucket, (deals, amount))| Finding {
            subject: "deals".to_owned(),
            message: format!("{deals} with money in the residual {}", bucket.name()),
            amount: Some(amount),
        })
        .collect()
}
