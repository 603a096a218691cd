//! One run: from a plan to published marts.

use super::batches::{self, Names, spec_hash};
use super::credit::Crediting;
use super::error::RunError;
use super::inputs::InputHashes;
use super::roll_up::roll_up;
use super::scatter_touches;
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::load::{Loaded, load};
use crate::engine::set_aside::{RowCounts, Tally};
use crate::engine::{EngineError, session};
use crate::mart::catalogue::{self, Mart, SCHEMA_VERSION};
use crate::mart::manifest::{Count, GENERATOR, Manifest, ManifestModel, TableCounts};
use crate::mart::publication::Publication;
use crate::mart::writer::{MartWriter, WrittenMart};
use crate::scatter::conversions::Conversions;
use crate::scatter::lines::LineCodes;
use crate::scatter::partition::TouchCounts;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::prelude::SessionContext;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Told how a run gets on; must never change what it does.
pub trait Progress: Sync {
    /// A stage begins.
    fn stage(&self, name: &str);
    /// Rows have gone by in the current stage.
    fn advance(&self, rows: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str) {}
    fn advance(&self, _rows: u64) {}
}

/// What a run is asked for.
pub struct RunOptions<'a> {
    /// Threads for SQL and for the models.
    pub threads: usize,
    /// The marts to write; `None` means all.
    pub marts: Option<Vec<String>>,
    /// Whether an output folder that is not an earlier run's may be replaced.
    pub overwrite: bool,
    /// Told how the run gets on.
    pub progress: &'a dyn Progress,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The manifest as written.
    pub manifest: Manifest,
    /// Attributed money under the default model, minor units.
    pub attributed: i64,
    /// Residuals under the default model by bucket, minor units.
    pub residuals: Vec<(&'static str, i64)>,
    /// Deals booked, credits included.
    pub deals: u64,
    /// Campaigns with the most money under the default model, at most five.
    pub top_campaigns: Vec<TopCampaign>,
}

/// A campaign's money over all quarters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopCampaign {
    /// The campaign.
    pub campaign_id: String,
    /// Its channel.
    pub channel: String,
    /// Attributed money, minor units.
    pub amount: i64,
}

/// Runs a plan and publishes the marts.
///
/// # Errors
/// Anything that stops the run; the output folder is then as it was.
pub fn run(plan: &Plan, options: &RunOptions<'_>) -> Result<Report, RunError> {
    let wanted = wanted_marts(options.marts.as_deref())?;
    let publication = Publication::open(&plan.output, options.overwrite)?;
    let hashes = InputHashes::start(plan);
    let threads = |message: String| RunError::Threads { threads: options.threads, message };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads)
        .enable_all()
        .build()
        .map_err(|error| threads(error.to_string()))?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build()
        .map_err(|error| threads(error.to_string()))?;
    let mut clock = Clock::new(options.progress);

    clock.stage("load");
    let ctx = session::open(plan, options.threads);
    let mut loaded = runtime.block_on(load(&ctx, plan))?;
    let deals = runtime.block_on(rows_of(&ctx, "deals"))?;

    clock.stage("index");
    let conversions = runtime.block_on(async {
        let (contacts, roles) = (rows_of(&ctx, "contacts").await?, rows_of(&ctx, "contact_roles").await?);
        Conversions::build(plan, &deals, &contacts, &roles)
    })?;
    let campaigns = runtime.block_on(rows_of(&ctx, "campaigns"))?;

    clock.stage("scatter");
    let advance = |rows| options.progress.advance(rows);
    let codes = LineCodes::new(&campaigns)?;
    let (scattered, lines) = scatter_touches::scatter(&runtime, &ctx, plan, &conversions, codes, &advance)?;

    clock.stage("credit");
    let marts = catalogue::marts(&plan.models);
    let stage = MartStage { publication: &publication, marts: &marts, minor_digits: plan.finance.minor_digits };
    let names = Names::new(&deals, &lines, &conversions.quarters, &scattered.ids, &plan.models)?;
    let mut crediting = Crediting::new(plan, &conversions, &scattered, &lines);
    crediting.wants_touch_credits = wanted.contains("touch_credits");
    crediting.wants_journeys = wanted.contains("journeys");
    let mut written: Vec<WrittenMart> = Vec::new();
    let mut touches = TouchOutcome::default();
    let totals = pool.install(|| -> Result<CreditTotals, RunError> {
        let mut credit_writer = crediting.wants_touch_credits.then(|| stage.writer("touch_credits")).transpose()?;
        let mut journey_writer = crediting.wants_journeys.then(|| stage.writer("journeys")).transpose()?;
        let mut totals = crediting.run(
            |deal| names.deal(deal),
            |partition| {
                touches.used += partition.used;
                touches.repeated.extend(partition.repeated);
                if let Some(writer) = &mut credit_writer {
                    writer.write(&names.touch_credits(partition.credits)?)?;
                }
                if let Some(writer) = &mut journey_writer {
                    writer.write(&names.journeys(partition.journeys)?)?;
                }
                Ok(())
            },
        )?;
        let unmatched = crediting.unmatched(&mut totals);
        if let Some(mut writer) = journey_writer {
            writer.write(&names.journeys(unmatched)?)?;
            written.push(writer.finish()?);
        }
        if let Some(writer) = credit_writer {
            written.push(writer.finish()?);
        }
        Ok(totals)
    })?;
    check_books(plan, &totals)?;

    clock.stage("roll up");
    let dim_model = batches::dim_model(&plan.models, plan.default_model)?;
    session::register_rows(&ctx, "credit_totals", names.credit_totals(&totals)?)?;
    session::register_rows(&ctx, "residual_totals", names.residual_totals(&totals)?)?;
    session::register_rows(&ctx, "booked_totals", names.booked_totals(&totals)?)?;
    session::register_rows(&ctx, "dim_model", dim_model.clone())?;
    if scattered.counts.unreadable > 0 {
        loaded.set_aside.extend(runtime.block_on(scatter_touches::unreadable(&ctx, plan, &loaded))?);
    }
    loaded.set_aside.extend(scatter_touches::repeated(&touches.repeated, &scattered.ids, &lines, plan));
    loaded.counts.insert(Table::Touchpoints, touches.counts(&scattered.counts));
    let rolled_up = runtime.block_on(collect_roll_ups(&ctx, plan, &wanted))?;
    pool.install(|| -> Result<(), RunError> {
        let own = [("dim_model", dim_model), ("set_aside", batches::set_aside(&loaded.set_aside)?)];
        for (name, rows) in own.into_iter().filter(|(name, _)| wanted.contains(name)).chain(rolled_up) {
            written.push(stage.write(name, &rows)?);
        }
        Ok(())
    })?;

    clock.stage("publish");
    let order: Vec<&str> = catalogue::names().collect();
    written.sort_by_key(|mart| order.iter().position(|name| *name == mart.name));
    let inputs =
        hashes.finish().map_err(|source| crate::mart::MartError::Write { path: plan.config.clone(), source })?;
    let as_of = latest(plan, &deals, &scattered.counts);
    let unknown: Vec<String> = lines.unknown_campaigns().into_iter().map(str::to_owned).collect();
    let manifest = Manifest {
        generator: GENERATOR.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: SCHEMA_VERSION,
        as_of,
        currency: plan.finance.currency.clone(),
        minor_digits: plan.finance.minor_digits,
        default_model: plan.default_model().id().to_owned(),
        hurdle: plan.finance.hurdle,
        config_hash: config_hash(plan),
        models: plan.models.iter().map(|m| ManifestModel { id: m.id().to_owned(), spec_hash: spec_hash(m) }).collect(),
        inputs,
        tables: loaded.counts.iter().map(|(table, counts)| (table.name().to_owned(), table_counts(counts))).collect(),
        remarks: remarks(plan, &conversions, &unknown, &loaded),
        booked: i64::try_from(totals.booked_amount()).unwrap_or_default(),
        marts: written,
        timings: clock.finish(),
    };
    manifest.write(publication.stage())?;
    publication.publish()?;
    Ok(report(plan, manifest, &totals, &names))
}

/// The marts asked for; all when none is named.
fn wanted_marts(asked: Option<&[String]>) -> Result<BTreeSet<&'static str>, crate::mart::MartError> {
    let Some(asked) = asked else { return Ok(catalogue::names().collect()) };
    asked.iter().map(|name| catalogue::find(name)).collect()
}

/// Writes marts into the stage.
struct MartStage<'a> {
    publication: &'a Publication,
    marts: &'a [Mart],
    minor_digits: u8,
}

impl MartStage<'_> {
    fn writer(&self, name: &'static str) -> Result<MartWriter, RunError> {
        let mart = self.marts.iter().find(|mart| mart.name == name);
        let mart = mart.ok_or_else(|| crate::mart::MartError::Shape {
            mart: name.to_owned(),
            message: "is not in the catalogue".to_owned(),
        })?;
        Ok(MartWriter::create(self.publication.stage(), mart, self.minor_digits)?)
    }

    fn write(&self, name: &'static str, rows: &RecordBatch) -> Result<WrittenMart, RunError> {
        let mut writer = self.writer(name)?;
        writer.write(rows)?;
        Ok(writer.finish()?)
    }
}

/// Seconds per stage.
struct Clock<'a> {
    progress: &'a dyn Progress,
    stages: Vec<(String, Instant)>,
}

impl<'a> Clock<'a> {
    fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, stages: Vec::new() }
    }

    fn stage(&mut self, name: &str) {
        self.progress.stage(name);
        self.stages.push((name.to_owned(), Instant::now()));
    }

    fn finish(self) -> BTreeMap<String, f64> {
        let ends = self.stages.iter().skip(1).map(|(_, start)| *start).chain([Instant::now()]);
        self.stages.iter().zip(ends).map(|((name, start), end)| (name.clone(), (end - *start).as_secs_f64())).collect()
    }
}

/// What became of the touches, as the credit stage saw it.
#[derive(Default)]
struct TouchOutcome {
    used: u64,
    repeated: Vec<crate::scatter::touch::Touch>,
}

impl TouchOutcome {
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

async fn rows_of(ctx: &SessionContext, table: &str) -> Result<RecordBatch, EngineError> {
    Ok(session::collect(ctx.table(table).await?).await?)
}

async fn collect_roll_ups(
    ctx: &SessionContext,
    plan: &Plan,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, RecordBatch)>, RunError> {
    let mut marts = Vec::new();
    roll_up(ctx, plan, wanted, |name, rows| -> Result<(), RunError> {
        marts.push((name, rows));
        Ok(())
    })
    .await?;
    Ok(marts)
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

fn remarks(plan: &Plan, conversions: &Conversions, unknown: &[String], loaded: &Loaded) -> Vec<String> {
    let mut remarks = Vec::new();
    for (table, effect) in [
        (Table::Deals, "won opportunities are the deals"),
        (Table::Spend, "spend is zero everywhere, so there is no roi"),
        (Table::Campaigns, "campaigns have no names, and the channels are the touches' own"),
        (Table::Contacts, "touches need an account of their own, and lead creation is unknown"),
    ] {
        if plan.source(table).is_none() {
            remarks.push(format!("no {} given: {effect}", table.name()));
        }
    }
    if conversions.kinds_inferred {
        remarks
            .push("some deals have no kind: an account's first win counts as new, later ones as expansion".to_owned());
    }
    if !unknown.is_empty() {
        let few = unknown.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
        remarks.push(format!("{} campaigns are named by touches only, among them {few}", unknown.len()));
    }
    for (table, counts) in loaded.counts.iter().filter(|(_, counts)| counts.rounded > 0) {
        remarks.push(format!("{} amounts of {} were rounded to the minor unit", counts.rounded, table.name()));
    }
    remarks
}

/// The as-of date: as given, else the latest date in the deals and touches.
fn latest(plan: &Plan, deals: &RecordBatch, touches: &TouchCounts) -> String {
    let closed = deals.column_by_name("closed_at").and_then(|at| at.as_primitive_opt::<TimestampMicrosecondType>());
    let closed = closed.and_then(|closed| closed.iter().flatten().max());
    let latest = plan.as_of.or_else(|| closed.max(touches.latest));
    let date = latest.and_then(|instant| plan.calendar.date_of(instant));
    date.map(|date| date.to_string()).unwrap_or_default()
}

fn config_hash(plan: &Plan) -> String {
    std::fs::read(&plan.config).map(|text| blake3::hash(&text).to_hex().to_string()).unwrap_or_default()
}

fn table_counts(counts: &RowCounts) -> TableCounts {
    let count = |tally: Tally| Count { rows: tally.rows, amount: i64::try_from(tally.amount).unwrap_or_default() };
    TableCounts {
        read: count(counts.read),
        used: count(counts.used),
        out_of_scope: count(counts.out_of_scope),
        set_aside: count(counts.set_aside),
        rounded_amounts: counts.rounded,
    }
}

fn report(plan: &Plan, manifest: Manifest, totals: &CreditTotals, names: &Names<'_>) -> Report {
    let model = plan.default_model;
    let mut campaigns: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut attributed = 0;
    for (key, _, earned) in totals.lines() {
        attributed += earned[model].amount;
        let line = names.line(key.line);
        if let Some(campaign) = &line.campaign {
            *campaigns.entry((campaign, &line.channel)).or_default() += earned[model].amount;
        }
    }
    let mut residuals: BTreeMap<_, i64> = BTreeMap::new();
    for (key, left) in totals.residuals().into_iter().filter(|(key, _)| key.model == model) {
        *residuals.entry(key.bucket).or_default() += left.earned.amount;
    }
    let mut top: Vec<TopCampaign> = campaigns
        .into_iter()
        .map(|((campaign, channel), amount)| TopCampaign {
            campaign_id: campaign.to_owned(),
            channel: channel.to_owned(),
            amount,
        })
        .collect();
    top.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.campaign_id.cmp(&b.campaign_id)));
    top.truncate(5);
    Report {
        manifest,
        attributed,
        residuals: residuals.into_iter().map(|(bucket, amount)| (bucket.name(), amount)).collect(),
        deals: totals.booked().iter().map(|(.., left)| left.deals).sum(),
        top_campaigns: top,
    }
}
