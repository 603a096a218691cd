//! Findings: what in the inputs somebody should look at before trusting the numbers. Writes nothing.

use super::clock::{Clock, Progress};
use super::credit::{Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::{self, Fit, Models};
use super::prepare::{Memory, Prepared, Workers, prepare};
use super::remarks::{few, remarks};
use super::totals::CreditTotals;
use super::touch_outcome::{TouchOutcome, account_for_touches};
use crate::config::Plan;
use crate::config::file::{CheckConfig, Table};
use crate::engine::columns::{column, text_column};
use crate::engine::ids::IdColumn;
use crate::engine::words::words;
use crate::engine::{EngineError, session};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
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
    if plan.source(Table::Campaigns).is_some() {
        findings.extend(spend_of_strangers(&workers, &prepared)?);
    }
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

/// Spend of campaigns, and of channels alone, that no credited touch names.
fn spend_without_touches(
    workers: &Workers,
    prepared: &Prepared,
    totals: &CreditTotals,
) -> Result<Option<Finding>, RunError> {
    let credited = totals.lines().into_iter().map(|(key, ..)| prepared.lines.line(key.line));
    let (campaigns, channels): (BTreeSet<_>, BTreeSet<_>) =
        credited.map(|line| (line.campaign.as_deref(), line.channel.as_str())).unzip();
    let spend = workers
        .runtime
        .block_on(async { session::collect(prepared.ctx.table("spend").await?).await })
        .map_err(EngineError::from)?;
    let ids = IdColumn::try_new(column(&spend, "campaign_id")?)?;
    let spent_on = text_column(&spend, "channel")?;
    let spent_on = spent_on.as_string::<i32>();
    let amounts = column(&spend, "amount")?.as_primitive::<Int64Type>();
    let mut silent: BTreeMap<String, i128> = BTreeMap::new();
    for (row, amount) in amounts.values().iter().enumerate() {
        let (campaign, channel) = (ids.text(row), spent_on.is_valid(row).then(|| spent_on.value(row)));
        let is_credited = match &campaign {
            Some(id) => campaigns.contains(&Some(id.as_str())),
            None => channel.is_some_and(|channel| channels.contains(channel)),
        };
        if let Some(name) = campaign.or_else(|| channel.map(str::to_owned)).filter(|_| !is_credited) {
            *silent.entry(name).or_default() += i128::from(*amount);
        }
    }
    Ok((!silent.is_empty()).then(|| Finding {
        subject: "spend".to_owned(),
        message: format!(
            "campaigns or channels with spend and no credited touch: {}",
            few(silent.keys().map(String::as_str))
        ),
        amount: Some(silent.values().sum()),
    }))
}

/// Campaigns that only spend names: neither the campaigns table nor a touch looked at has them.
fn spend_of_strangers(workers: &Workers, prepared: &Prepared) -> Result<Option<Finding>, RunError> {
    let sql = include_str!("../../sql/stage/spent_strangers.sql");
    let strangers = async { session::collect(session::read_only(&prepared.ctx, sql).await?).await };
    let strangers = workers.runtime.block_on(strangers).map_err(EngineError::from)?;
    let ids = IdColumn::try_new(column(&strangers, "campaign_id")?)?;
    let amounts = column(&strangers, "amount")?.as_primitive::<Int64Type>();
    let touched = prepared.lines.unknown_campaigns();
    let unknown = (0..strangers.num_rows()).filter_map(|row| Some((ids.text(row)?, i128::from(amounts.value(row)))));
    let unknown: BTreeMap<String, i128> = unknown.filter(|(id, _)| !touched.contains(id.as_str())).collect();
    Ok((!unknown.is_empty()).then(|| Finding {
        subject: "spend".to_owned(),
        message: format!("campaigns that only spend names: {}", few(unknown.keys().map(String::as_str))),
        amount: Some(unknown.values().sum()),
    }))
}

/// The rows that a check of the configuration selects, with the least of them.
fn rows_found(workers: &Workers, prepared: &Prepared, check: &CheckConfig) -> Result<Option<Finding>, EngineError> {
    let rows = async { session::collect(session::read_only(&prepared.ctx, &check.sql).await?).await };
    let rows = workers
        .runtime
        .block_on(rows)
        .map_err(|error| EngineError::Sql { key: format!("checks, \"{}\"", check.finds), message: words(&error) })?;
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
