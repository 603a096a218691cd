//! The first half of a run: the canonical tables, the small side indexed, the touches scattered.

use super::batches::Names;
use super::campaign_names::CampaignNames;
use super::clock::Clock;
use super::error::RunError;
use super::plan_sql::frame;
use super::runtime::runtime;
use super::scatter_touches;
use super::spent::Spent;
use crate::config::Plan;
use crate::config::file::Table;
use crate::config::plan::Source;
use crate::engine::columns::{column, text_column};
use crate::engine::load::{Loaded, load};
use crate::engine::memory::{Budget, Holding};
use crate::engine::session::Query;
use crate::engine::{EngineError, conditions, session};
use crate::scatter::conversions::Conversions;
use crate::scatter::lines::{LineCodes, Lines};
use crate::scatter::partition::Scattered;
use crate::scatter::subjects::OtherAccounts;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use jiff::civil::Date;
use rayon::ThreadPool;
use tokio::runtime::Runtime;

/// One runtime for SQL and one pool for the models, of the same size; they take turns.
pub(super) struct Workers {
    pub(super) runtime: Runtime,
    pub(super) pool: ThreadPool,
    threads: usize,
}

impl Workers {
    /// Starts `threads` threads of each.
    pub(super) fn start(threads: usize) -> Result<Self, RunError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| RunError::no_threads(threads, &error))?;
        Ok(Self { runtime: runtime(threads)?, pool, threads })
    }

    /// The rows of one of the files under `sql/`, with values for its parameters.
    pub(super) fn rows(
        &self,
        ctx: &SessionContext,
        sql: &str,
        values: &[(&str, ScalarValue)],
    ) -> Result<RecordBatch, EngineError> {
        let rows = async { session::collect(session::read_with(ctx, sql, values).await?).await };
        Ok(self.runtime.block_on(rows)?)
    }
}

/// The small side of a run: everything but the touches.
pub(super) struct Indexed {
    /// The session with the canonical tables.
    pub(super) ctx: SessionContext,
    /// What became of the rows so far.
    pub(super) loaded: Loaded,
    /// The canonical deals.
    pub(super) deals: RecordBatch,
    /// The canonical contacts.
    pub(super) contacts: RecordBatch,
    /// The latest instant that each small table knows of.
    latest_of: Vec<(String, i64)>,
    /// The conversions, by account.
    pub(super) conversions: Conversions,
    spent: Spent,
    campaign_names: CampaignNames,
    codes: LineCodes,
    budget: Budget,
    held: Holding,
}

/// Everything that the models need.
pub(super) struct Prepared {
    /// The session with the canonical tables.
    pub(super) ctx: SessionContext,
    /// What became of the rows so far.
    pub(super) loaded: Loaded,
    /// The canonical deals.
    pub(super) deals: RecordBatch,
    /// The latest instant that each small table knows of.
    pub(super) latest_of: Vec<(String, i64)>,
    /// The small side.
    pub(super) conversions: Conversions,
    /// What was spent.
    pub(super) spent: Spent,
    /// The large side.
    pub(super) scattered: Scattered,
    /// What touches are credited to.
    pub(super) lines: Lines,
    /// What people call the campaigns.
    pub(super) campaign_names: CampaignNames,
    /// Whether touches say that they are of sales; models that ask for it may be left out since.
    pub(super) marks_sales: bool,
    /// What of the budget the small side takes.
    held: Option<Holding>,
}

impl Prepared {
    /// The names behind the codes.
    pub(super) fn names<'a>(&'a self, plan: &'a Plan) -> Names<'a> {
        Names::new(&self.deals, &self.lines, &self.conversions.quarters, &plan.models)
    }

    /// The as-of date: as given, else the latest instant in the inputs.
    pub(super) fn as_of(&self, plan: &Plan) -> Option<i64> {
        let of_touches = || self.scattered.counts.spanned.map(|(_, latest)| latest);
        plan.as_of.or_else(|| latest(&self.latest_of).max(of_touches()))
    }

    /// The day of the as-of date.
    pub(super) fn as_of_day(&self, plan: &Plan) -> Option<Date> {
        self.as_of(plan).and_then(|instant| plan.calendar.date_of(instant))
    }

    /// Leaves the whole budget to the roll-ups, once all is credited.
    pub(super) fn settle(&mut self) {
        self.scattered.settle();
        self.held = None;
    }
}

/// Loads and indexes the small side.
pub(super) fn index(
    plan: &Plan,
    workers: &Workers,
    budget: Budget,
    clock: &mut Clock<'_>,
) -> Result<Indexed, RunError> {
    let runtime = &workers.runtime;
    clock.stage("load");
    let ctx = session::open(plan, workers.threads, &budget)?;
    let loaded = runtime.block_on(load(&ctx, plan, budget.folder()))?;
    let (small, spent) = runtime.block_on(async {
        let spent = cut_spend(&ctx, plan).await?;
        Ok::<_, EngineError>((SmallTables::collect(&ctx, plan).await?, spent))
    })?;
    let read = loaded.counts.values().map(|counts| counts.read.rows).sum();
    clock.count(read, bytes_of(plan, |table| table != Table::Touchpoints));

    clock.stage("index");
    let SmallTables { deals, contacts, roles, campaigns, latest_of, others } = small;
    let others = others.as_ref().map(|[opportunities, accounts]| OtherAccounts {
        opportunities,
        accounts,
        latest: plan.as_of.or_else(|| latest(&latest_of)).unwrap_or_default(),
        whole_time: plan.follows_accounts(),
    });
    let build = || Conversions::build(plan, &deals, &contacts, &roles, others.as_ref());
    let conversions = workers.pool.install(build)?;
    let spent = Spent::of(&runtime.block_on(spent.rows()).map_err(EngineError::from)?)?;
    let codes = LineCodes::new(&campaigns, spent.channels_of_strangers())?;
    let campaign_names = CampaignNames::of(&campaigns)?;
    clock.count(conversions.all.len() as u64, 0);
    // Conversions say the rest; only terms are asked for again.
    let deals = if plan.lifetime.is_some() { deals } else { identifiers(&deals)? };
    let held = budget.for_conversions(conversions.bytes() + deals.get_array_memory_size());
    Ok(Indexed { ctx, loaded, deals, contacts, latest_of, conversions, spent, campaign_names, codes, budget, held })
}

impl Indexed {
    /// Lets go of what a run asks for no more: of spend, and of deals and opportunities but whose they are.
    pub(super) fn keep_owners_only(self) -> Result<Self, EngineError> {
        for table in ["opportunities", "deals", "spend"] {
            self.ctx.deregister_table(table)?;
        }
        session::register_rows(&self.ctx, "deals", identifiers(&self.deals)?)?;
        Ok(self)
    }

    /// Goes on without a touch, where the small side tells all that is asked.
    pub(super) fn without_touches(
        self,
        plan: &Plan,
        workers: &Workers,
        clock: &mut Clock<'_>,
    ) -> Result<Prepared, RunError> {
        self.scatter(plan, workers, clock, Some(lit(false)))
    }

    /// Scatters the touches, all of them or those that `only` lets through.
    pub(super) fn scatter(
        self,
        plan: &Plan,
        workers: &Workers,
        clock: &mut Clock<'_>,
        only: Option<Expr>,
    ) -> Result<Prepared, RunError> {
        clock.stage("scatter");
        let progress = clock.progress();
        let advance = |rows| progress.advance(rows);
        let Self { ctx, mut loaded, deals, latest_of, conversions, spent, campaign_names, codes, budget, held, .. } =
            self;
        let fail = |error| workers.runtime.block_on(conditions::fault(&ctx, plan, error));
        let touches = workers.runtime.block_on(scatter_touches::touch_columns(&ctx, plan, only));
        let scattered = touches.map_err(RunError::from).and_then(|touches| {
            scatter_touches::scatter(&workers.runtime, touches, &conversions, codes, &budget, &fail, &advance)
        });
        workers.runtime.block_on(loaded.check_touch_quotes())?;
        let (scattered, lines) = scattered?;
        clock.count(scattered.counts.read, bytes_of(plan, |table| table == Table::Touchpoints));
        Ok(Prepared {
            ctx,
            loaded,
            deals,
            latest_of,
            conversions,
            spent,
            scattered,
            lines,
            campaign_names,
            marks_sales: plan.follows_accounts(),
            held: Some(held),
        })
    }
}

fn latest(of_tables: &[(String, i64)]) -> Option<i64> {
    of_tables.iter().map(|(_, at)| *at).max()
}

/// The identifiers of deals.
fn identifiers(deals: &RecordBatch) -> Result<RecordBatch, EngineError> {
    let positions = ["deal_id", "account_id", "opportunity_id"].map(|name| deals.schema_ref().index_of(name));
    Ok(deals.project(&positions.into_iter().collect::<Result<Vec<_>, _>>()?)?)
}

/// Bytes of the input files of some tables.
fn bytes_of(plan: &Plan, of: impl Fn(Table) -> bool) -> u64 {
    let sources = plan.sources.values().flat_map(Source::parts).filter(|source| of(source.table));
    sources.flat_map(|source| &source.files).filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// Starts to cut spend at the ends of quarters, beside whatever comes next unless memory is limited.
async fn cut_spend(ctx: &SessionContext, plan: &Plan) -> Result<Query<RecordBatch>, EngineError> {
    let spent = frame(ctx, plan, include_str!("../../sql/stage/spent_by_quarter.sql")).await?;
    Ok(session::start(ctx, spent).await)
}

/// What the index is made of.
struct SmallTables {
    deals: RecordBatch,
    contacts: RecordBatch,
    roles: RecordBatch,
    campaigns: RecordBatch,
    /// The latest instant that each of them and spend know of.
    latest_of: Vec<(String, i64)>,
    /// Opportunities and accounts, where fitted models ask what did not convert.
    others: Option<[RecordBatch; 2]>,
}

impl SmallTables {
    async fn collect(ctx: &SessionContext, plan: &Plan) -> Result<Self, EngineError> {
        let terms: &[&str] =
            if plan.lifetime.is_some() { &[] } else { &["starts_on", "ends_on", "has_unreadable_term"] };
        let reversals: &[&str] = if plan.source(Table::Deals).is_some() { &[] } else { &["reverses_deal_id"] };
        let frames = [
            ctx.table("deals").await?.drop_columns(&[terms, reversals].concat())?,
            ctx.table("contacts").await?,
            ctx.table("contact_roles").await?,
            ctx.table("campaigns").await?,
            session::read_only(ctx, include_str!("../../sql/stage/latest_dates.sql")).await?,
        ];
        let [deals, contacts, roles, campaigns, latest] = session::collect_each(ctx, frames).await?;
        let names = text_column(&latest, "name")?;
        let instants = column(&latest, "at")?.as_primitive::<TimestampMicrosecondType>();
        let latest_of = names.iter().zip(instants);
        let latest_of = latest_of.filter_map(|(name, at)| Some((name?.to_owned(), at?))).collect();
        let others = if plan.is_fitted() {
            let frames = [ctx.table("opportunities").await?, ctx.table("accounts").await?];
            Some(session::collect_each(ctx, frames).await?)
        } else {
            None
        };
        Ok(Self { deals, contacts, roles, campaigns, latest_of, others })
    }
}

/// Loads, indexes and scatters.
pub(super) fn prepare(
    plan: &Plan,
    workers: &Workers,
    budget: Budget,
    clock: &mut Clock<'_>,
) -> Result<Prepared, RunError> {
    index(plan, workers, budget, clock)?.scatter(plan, workers, clock, None)
}
