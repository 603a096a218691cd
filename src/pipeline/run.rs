//! One run: from a plan to published marts.

use super::clock::{Clock, Progress};
use super::credit_outcome::{credit, shows_intervals};
use super::error::RunError;
use super::findings::bookings::overdue_opportunities;
use super::fit::{self, Fit, Wants};
use super::inputs::{InputHashes, Inputs};
use super::lifetime::{self, LifetimeValue};
use super::mart_rows::write_marts;
use super::prepare::{Prepared, Workers, index};
use super::report::{Report, manifest, report};
use super::roll_up::roll_up;
use super::touch_outcome::account_for_touches;
use crate::config::{ConfigError, Intervals, Plan};
use crate::engine::memory::{Budget, share_freed_memory};
use crate::mart::catalogue;
use crate::mart::publication::Publication;
use crate::mart::stage::MartStage;
use crate::mart::writer::WrittenMart;
use std::collections::BTreeSet;

/// What a run is asked for.
pub struct RunOptions<'a> {
    /// Threads for SQL and for the models.
    pub threads: usize,
    /// Bytes that the run may account for before it spills; `None` means no limit.
    pub memory_limit: Option<usize>,
    /// The marts to write; `None` means all.
    pub marts: Option<Vec<String>>,
    /// Whether an output folder that is not an earlier run's may be replaced.
    pub overwrite: bool,
    /// Told how the run gets on.
    pub progress: &'a dyn Progress,
}

/// Runs a plan and publishes the marts.
///
/// # Errors
/// Anything that stops the run; the output folder is then as it was.
pub fn run(plan: &Plan, options: &RunOptions<'_>) -> Result<Report, RunError> {
    let wanted = wanted_marts(plan, options.marts.as_deref())?;
    let publication = Publication::open(&plan.output, options.overwrite)?;
    share_freed_memory(options.threads);
    let inputs = Inputs::of(plan)?;
    let report = stage_marts(plan, options, &wanted, &publication, inputs.hash(options.threads)?);
    // What came of inputs that changed meanwhile, be it an error, is not theirs.
    inputs.check()?;
    let report = report?;
    publication.publish()?;
    Ok(report)
}

/// Tells the wanted marts and the manifest, and brings them to the disk where they wait to be published.
fn stage_marts(
    plan: &Plan,
    options: &RunOptions<'_>,
    wanted: &BTreeSet<&'static str>,
    publication: &Publication,
    hashes: InputHashes,
) -> Result<Report, RunError> {
    let workers = Workers::start(options.threads)?;
    let mut clock = Clock::new(options.progress);
    let budget = match options.memory_limit {
        Some(limit) => Budget::of_bytes(limit, publication.scratch()?),
        None => Budget::unlimited(),
    };
    let indexed = index(plan, &workers, budget, &mut clock)?.keep_owners_only()?;
    let mut prepared = indexed.scatter(plan, &workers, &mut clock, None)?;

    let (fitted, lifetime) = learn(plan, &workers, &prepared, wanted, &mut clock)?;
    let Fit { plan, models, learned, refusals, mut remarks } = fitted;
    let plan = &plan;

    clock.stage("credit");
    let stage = MartStage::new(publication, &plan.models, plan.finance.minor_digits);
    let acquisitions = lifetime.as_ref().and_then(|lifetime| lifetime.acquisitions.clone());
    let credit = || credit(plan, &prepared, models, acquisitions, wanted, &stage);
    let mut outcome = workers.pool.install(credit)?;
    prepared.settle();
    remarks.append(&mut outcome.remarks);
    count_written(&mut clock, &outcome.written);

    clock.stage("roll up");
    account_for_touches(plan, &workers, &mut prepared, &outcome.touches)?;
    LifetimeValue::register_quarters(lifetime.as_ref(), plan, &prepared)?;
    if let Some(lifetime) = &lifetime {
        lifetime.register(plan, &prepared, &mut outcome.totals)?;
    }
    let mut marts = roll_up(plan, &workers, &prepared, &outcome, wanted)?;
    let mut at_hand = learned.rows(plan, &prepared.lines, &outcome.totals, wanted)?;
    if let Some(lifetime) = &lifetime {
        at_hand.extend(lifetime.rows(plan, wanted)?);
    }
    marts.extend(at_hand.into_iter().map(|(name, rows)| (name, rows.into())));
    let totals = &outcome.totals;
    let mut written = write_marts(&workers, &prepared, &stage, marts)?;
    count_written(&mut clock, &written);
    written.append(&mut outcome.written);

    clock.stage("publish");
    let order: Vec<&str> = catalogue::names().collect();
    written.sort_by_key(|mart| order.iter().position(|name| *name == mart.name));
    let (inputs, stages) = (hashes.finish()?, clock.finish());
    let manifest = || manifest(plan, &prepared, totals, inputs, written, &stages);
    let mut manifest = workers.pool.install(manifest);
    let overdue = prepared.as_of_day(plan).and_then(|day| overdue_opportunities(&prepared, day));
    manifest.remarks.extend(overdue.map(|finding| finding.message));
    manifest.remarks.extend(remarks.iter().chain(&refusals).cloned());
    manifest.remarks.extend(lifetime.iter().flat_map(LifetimeValue::remarks));
    manifest.write(publication.stage())?;
    stage.finish()?;
    Ok(report(plan, &prepared, manifest, totals, stages, refusals))
}

/// Fits the models, then values the customers.
fn learn(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    wanted: &BTreeSet<&'static str>,
    clock: &mut Clock<'_>,
) -> Result<(Fit, Option<LifetimeValue>), RunError> {
    if plan.is_fitted() {
        clock.stage("fit");
    }
    let wants = Wants {
        paths: wanted.contains("path_summary"),
        validation: wanted.contains("model_validation"),
        refits: matches!(plan.intervals, Intervals::Bootstrap(_)) && shows_intervals(wanted),
    };
    let fitted = fit::fit(plan, workers, prepared, wants)?;
    if plan.lifetime.is_some() {
        clock.stage("lifetime");
    }
    let lifetime = LifetimeValue::of(&fitted.plan, workers, prepared, wanted)?;
    Ok((fitted, lifetime))
}

fn count_written(clock: &mut Clock<'_>, written: &[WrittenMart]) {
    written.iter().for_each(|mart| clock.count(mart.rows, mart.bytes));
}

/// The marts asked for; when none is named, all but those of a lifetime value that is not told.
fn wanted_marts(plan: &Plan, asked: Option<&[String]>) -> Result<BTreeSet<&'static str>, RunError> {
    let Some(asked) = asked else {
        let is_told = |name: &&str| plan.lifetime.is_some() || !lifetime::MARTS.contains(name);
        return Ok(catalogue::names().filter(is_told).collect());
    };
    let wanted = asked.iter().map(|name| {
        let name = catalogue::find(name)?;
        let off = match name {
            "model_sensitivity" if !plan.sensitivity => "models.sensitivity",
            _ if plan.lifetime.is_none() && lifetime::MARTS.contains(&name) => "lifetime.enabled",
            _ => return Ok(name),
        };
        let message = format!("is false, but {name} needs it; set it to true");
        Err(ConfigError::Value { path: plan.config.clone(), key: off.to_owned(), message }.into())
    });
    wanted.collect()
}
