//! One run: from a plan to published marts.

use super::agreement::agreement;
use super::batches::{self, Names};
use super::campaign_names::CampaignNames;
use super::clock::{Clock, Progress};
use super::credit::{Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::{self, Fit, Learned, Models, Wants};
use super::inputs::InputHashes;
use super::lifetime::acquired::Acquisitions;
use super::lifetime::{self, LifetimeValue};
use super::prepare::{Memory, Prepared, Workers, index};
use super::report::{Report, manifest, report};
use super::roll_up::roll_up;
use super::scatter_touches;
use super::sensitivity::{self, Window};
use super::spread::{self, IntervalRow, Kept};
use super::totals::CreditTotals;
use crate::config::file::Table;
use crate::config::{Intervals, Plan};
use crate::engine::memory::{Budget, share_freed_memory};
use crate::engine::session;
use crate::engine::set_aside::{RowCounts, Tally};
use crate::mart::MartError;
use crate::mart::catalogue::{self, Mart};
use crate::mart::publication::Publication;
use crate::mart::writer::{MartWriter, WrittenMart};
use crate::scatter::SpillFolder;
use crate::scatter::partition::TouchCounts;
use crate::scatter::touch::Touch;
use arrow::array::RecordBatch;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    let mut wanted = wanted_marts(options.marts.as_deref())?;
    lifetime::leave_out(plan, options.marts.as_deref(), &mut wanted)?;
    let publication = Publication::open(&plan.output, options.overwrite)?;
    share_freed_memory(options.threads);
    let hashes = InputHashes::start(plan);
    let workers = Workers::start(options.threads)?;
    let mut clock = Clock::new(options.progress);
    let memory = Memory {
        budget: Budget::new(options.memory_limit),
        spill: options.memory_limit.map(|_| publication.scratch()).transpose()?.map(SpillFolder::new),
    };
    let indexed = index(plan, &workers, memory, &mut clock)?.keep_owners_only()?;
    let mut prepared = indexed.scatter(plan, &workers, &mut clock, None)?;

    if plan.is_fitted() {
        clock.stage("fit");
    }
    let wants = Wants {
        paths: wanted.contains("path_summary"),
        validation: wanted.contains("model_validation"),
        refits: matches!(plan.intervals, Intervals::Bootstrap(_)) && shows_intervals(&wanted),
    };
    let fitted = fit::fit(plan, &workers, &prepared, wants)?;
    let names = CampaignNames::read(&prepared.ctx, &workers)?;
    let Fit { plan, models, learned, refusals, mut remarks } = fitted;
    let plan = &plan;
    clock.stage("lifetime");
    let lifetime = LifetimeValue::of(plan, &workers, &prepared, &wanted)?;

    clock.stage("credit");
    let marts = catalogue::marts(&plan.models);
    let stage = MartStage { publication: &publication, marts: &marts, minor_digits: plan.finance.minor_digits };
    let mut written = Vec::new();
    let acquisitions = lifetime.as_ref().and_then(|lifetime| lifetime.acquisitions.clone());
    let credit = || credit(plan, &prepared, models, acquisitions, &wanted, &stage, &mut written);
    let mut outcome = workers.pool.install(credit)?;
    prepared.settle();
    remarks.append(&mut outcome.remarks);
    count_written(&mut clock, &written);
    let written_by_credit = written.len();

    clock.stage("roll up");
    account_for_touches(plan, &workers, &mut prepared, &outcome.touches)?;
    if let Some(lifetime) = &lifetime {
        lifetime.register(plan, &prepared, &mut outcome.totals)?;
    }
    let mut rows = roll_up_rows(plan, &workers, &prepared, &outcome, &wanted)?;
    rows.extend(learned_rows(plan, &prepared, &outcome.totals, &learned, &wanted)?);
    if let Some(lifetime) = &lifetime {
        rows.extend(lifetime.rows(plan, &wanted)?);
    }
    let totals = &outcome.totals;
    let write = || rows.into_par_iter().map(|(name, rows)| stage.write(name, rows)).collect::<Result<Vec<_>, _>>();
    written.extend(workers.pool.install(write)?);
    count_written(&mut clock, &written[written_by_credit..]);

    clock.stage("publish");
    let order: Vec<&str> = catalogue::names().collect();
    written.sort_by_key(|mart| order.iter().position(|name| *name == mart.name));
    let (inputs, stages) = (hashes.finish()?, clock.finish());
    let mut manifest = manifest(plan, &prepared, totals, inputs, written, &stages);
    manifest.remarks.extend(remarks.iter().chain(&refusals).cloned());
    manifest.remarks.extend(lifetime.iter().flat_map(LifetimeValue::remarks));
    manifest.write(publication.stage())?;
    publication.publish()?;
    Ok(report(plan, manifest, totals, &prepared.lines, &names, stages, refusals))
}

fn count_written(clock: &mut Clock<'_>, written: &[WrittenMart]) {
    written.iter().for_each(|mart| clock.count(mart.rows, mart.bytes));
}

/// The marts asked for; all when none is named.
fn wanted_marts(asked: Option<&[String]>) -> Result<BTreeSet<&'static str>, MartError> {
    match asked {
        None => Ok(catalogue::names().collect()),
        Some(asked) => asked.iter().map(|name| catalogue::find(name)).collect(),
    }
}

/// What the credit stage came to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) totals: CreditTotals,
    touches: TouchOutcome,
    intervals: Vec<IntervalRow>,
    /// What a reader should know about them.
    remarks: Vec<String>,
    /// The windows of `model_sensitivity`, and the totals under each.
    windows: Vec<Window>,
    of_windows: Vec<CreditTotals>,
}

impl Outcome {
    /// What no touches come to.
    pub(super) fn of_nothing(models: usize) -> Self {
        Self { totals: CreditTotals::new(models), ..Self::default() }
    }
}

/// The marts that show intervals.
const WITH_INTERVALS: [&str; 3] = ["campaign_roi", "channel_roi", "model_decision"];

fn shows_intervals(wanted: &BTreeSet<&'static str>) -> bool {
    WITH_INTERVALS.iter().any(|mart| wanted.contains(mart))
}

/// Runs the models, writes the marts that are as large as the journeys, and checks the books.
fn credit(
    plan: &Plan,
    prepared: &Prepared,
    models: Models,
    acquisitions: Option<Arc<Acquisitions>>,
    wanted: &BTreeSet<&'static str>,
    stage: &MartStage<'_>,
    written: &mut Vec<WrittenMart>,
) -> Result<Outcome, RunError> {
    let names = prepared.names(plan);
    let windows = if wanted.contains("model_sensitivity") { sensitivity::windows(plan) } else { Vec::new() };
    let mut crediting = Crediting::new(plan, prepared, models);
    let (wants_credits, wants_journeys) = (wanted.contains("touch_credits"), wanted.contains("journeys"));
    (crediting.wants_touch_credits, crediting.wants_journeys) = (wants_credits, wants_journeys);
    crediting.acquisitions = acquisitions;
    if shows_intervals(wanted) {
        crediting.intervals = plan.intervals;
    }
    crediting.vary(&windows)?;
    let mut credit_writer = wants_credits.then(|| stage.writer("touch_credits")).transpose()?;
    let mut journey_writer = wants_journeys.then(|| stage.writer("journeys")).transpose()?;
    let mut touches = TouchOutcome::default();
    let mut kept_for_bootstrap = Kept::default();
    let mut credited = crediting.run(
        |partition| {
            let PartitionCredit { credits, journeys, ids, used, repeated, collapsed, parts, kept } = partition;
            let credits = wants_credits.then(|| names.touch_credits(credits, &ids)).transpose()?;
            let journeys = wants_journeys.then(|| names.journeys(&journeys)).transpose()?;
            Ok((TouchOutcome { used, repeated, collapsed }, Kept { parts, journeys: kept }, credits, journeys))
        },
        |partitions| {
            let (mut credit_rows, mut journey_rows) = (Vec::new(), Vec::new());
            for (outcome, kept, credits, journeys) in partitions {
                touches.add(outcome);
                kept_for_bootstrap.parts.extend(&kept.parts);
                kept_for_bootstrap.journeys.extend(&kept.journeys);
                credit_rows.extend(credits);
                journey_rows.extend(journeys);
            }
            if let Some(writer) = &mut credit_writer {
                writer.write(credit_rows)?;
            }
            if let Some(writer) = &mut journey_writer {
                writer.write(journey_rows)?;
            }
            Ok(())
        },
    )?;
    let unmatched = crediting.unmatched(&mut credited.totals);
    if let Some(writer) = &mut journey_writer {
        writer.write(vec![names.journeys(&unmatched)?])?;
    }
    check_books(plan, &credited.totals)?;
    // What is written goes to the disk while intervals are told.
    let writers: Vec<MartWriter> = journey_writer.into_iter().chain(credit_writer).collect();
    let finish = || writers.into_par_iter().map(MartWriter::finish).collect::<Result<Vec<_>, _>>();
    let (finished, told) =
        rayon::join(finish, || spread::intervals(&crediting, prepared, &credited, &kept_for_bootstrap));
    written.extend(finished?);
    let (intervals, remarks) = told?;
    drop(crediting);
    Ok(Outcome { totals: credited.totals, touches, intervals, remarks, windows, of_windows: credited.variants })
}

/// The law over the whole run: under every model, attributed money and residuals are what was booked.
fn check_books(plan: &Plan, totals: &CreditTotals) -> Result<(), RunError> {
    let booked = totals.booked_amount();
    for (position, model) in plan.models.iter().enumerate() {
        let got = totals.accounted(position);
        if got != booked {
            return Err(RunError::BrokenLaw {
                model: model.id().to_owned(),
                place: "all deals".to_owned(),
                got,
                booked,
            });
        }
    }
    Ok(())
}

/// Counts the touches and sets aside those that cannot be read or are repeated.
pub(super) fn account_for_touches(
    plan: &Plan,
    workers: &Workers,
    prepared: &mut Prepared,
    touches: &TouchOutcome,
) -> Result<(), RunError> {
    let Prepared { ctx, loaded, scattered, lines, .. } = prepared;
    let counts = touches.counts(&scattered.counts);
    if scattered.counts.unreadable > 0 {
        let unreadable = workers.runtime.block_on(scatter_touches::unreadable(ctx, plan, loaded))?;
        loaded.set_aside.extend(unreadable);
    }
    let repeated = scatter_touches::repeated(ctx, plan, loaded, &touches.repeated, lines);
    let repeated = workers.runtime.block_on(repeated)?;
    loaded.set_aside.extend(repeated);
    loaded.counts.insert(Table::Touchpoints, counts);
    loaded.collapsed = touches.collapsed;
    Ok(())
}

/// The rows of every wanted mart but the largest two.
fn roll_up_rows(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &Outcome,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, RecordBatch)>, RunError> {
    let (totals, names) = (&outcome.totals, prepared.names(plan));
    let dim_model = register_outcome(plan, prepared, outcome)?;
    let mut rows = workers.runtime.block_on(roll_up(&prepared.ctx, plan, wanted))?;
    if wanted.contains("dim_model") {
        rows.push(("dim_model", dim_model));
    }
    if wanted.contains("model_agreement") {
        let agreement = agreement(totals, &prepared.lines, plan.models.len());
        rows.push(("model_agreement", names.model_agreement(&agreement)?));
    }
    if wanted.contains("set_aside") {
        rows.push(("set_aside", batches::set_aside(&prepared.loaded.set_aside)?));
    }
    Ok(rows)
}

/// Registers what the roll-ups start from; returns the rows of `dim_model`.
pub(super) fn register_outcome(plan: &Plan, prepared: &Prepared, outcome: &Outcome) -> Result<RecordBatch, RunError> {
    let (ctx, names, totals) = (&prepared.ctx, prepared.names(plan), &outcome.totals);
    let dim_model = batches::dim_model(&plan.models, plan.default_model)?;
    session::register_rows(ctx, "credit_totals", names.credit_totals(totals)?)?;
    session::register_rows(ctx, "residual_totals", names.residual_totals(totals)?)?;
    session::register_rows(ctx, "booked_totals", names.booked_totals(totals)?)?;
    session::register_rows(ctx, "interval_totals", names.interval_totals(&outcome.intervals)?)?;
    let of_windows = sensitivity::rows(&outcome.windows, &outcome.of_windows);
    session::register_rows(ctx, "sensitivity_totals", names.sensitivity_totals(&of_windows)?)?;
    session::register_rows(ctx, "dim_model", dim_model.clone())?;
    Ok(dim_model)
}

/// The rows of the wanted marts that show what models learned.
fn learned_rows(
    plan: &Plan,
    prepared: &Prepared,
    totals: &CreditTotals,
    learned: &Learned,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, RecordBatch)>, RunError> {
    let rows = [
        ("path_summary", learned.path_summary()?),
        ("transition_matrix", learned.transition_matrix()?),
        ("removal_effects", learned.removal_effects(plan, totals)?),
        ("rate_values", learned.rate_values()?),
        ("channel_effects", learned.channel_effects()?),
        ("calibration", learned.calibration(&prepared.lines)?),
        ("model_validation", learned.model_validation()?),
    ];
    Ok(rows.into_iter().filter(|(name, _)| wanted.contains(name)).collect())
}

impl Prepared {
    /// The names behind the codes.
    pub(super) fn names<'a>(&'a self, plan: &'a Plan) -> Names<'a> {
        Names::new(&self.deals, &self.lines, &self.conversions.quarters, &plan.models)
    }
}

/// Writes marts into the stage.
struct MartStage<'a> {
    publication: &'a Publication,
    marts: &'a [Mart],
    minor_digits: u8,
}

impl MartStage<'_> {
    fn writer(&self, name: &'static str) -> Result<MartWriter, MartError> {
        let mart = self.marts.iter().find(|mart| mart.name == name);
        let absent = || MartError::Shape { mart: name.to_owned(), message: "is not in the catalogue".to_owned() };
        MartWriter::create(self.publication.stage(), mart.ok_or_else(absent)?, self.minor_digits)
    }

    fn write(&self, name: &'static str, rows: RecordBatch) -> Result<WrittenMart, MartError> {
        let mut writer = self.writer(name)?;
        writer.write(vec![rows])?;
        writer.finish()
    }
}

/// What became of the touches, as the credit stage saw it.
#[derive(Default)]
pub(super) struct TouchOutcome {
    pub(super) used: u64,
    pub(super) repeated: Vec<(String, Touch)>,
    pub(super) collapsed: u64,
}

impl TouchOutcome {
    /// Adds what became of other touches.
    pub(super) fn add(&mut self, other: Self) {
        self.used += other.used;
        self.repeated.extend(other.repeated);
        self.collapsed += other.collapsed;
    }

    fn counts(&self, scattered: &TouchCounts) -> RowCounts {
        let tally = |rows| Tally { rows, amount: 0 };
        let set_aside = scattered.unreadable + self.repeated.len() as u64;
        RowCounts {
            read: tally(scattered.read),
            used: tally(self.used),
            out_of_scope: tally(scattered.read - self.used - set_aside),
            set_aside: tally(set_aside),
            rounded: 0,
        }
    }
}
