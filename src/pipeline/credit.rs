//! Credit: for every conversion its journey, every model's shares, and the money, to the minor unit.

mod credited;
mod eligible;
mod shapes;
mod split;
mod worker;

use super::RunError;
use super::fit::Models;
use super::idle::Idle;
use super::journey_rows::{JourneyRow, JourneyRows};
use super::lifetime::acquired::Acquisitions;
use super::prepare::Prepared;
use super::sensitivity::Grid;
use super::totals::CreditTotals;
use crate::config::file::DealKind;
use crate::config::{Intervals, Plan};
use crate::engine::ids::IdColumn;
use crate::scatter::conversions::Conversions;
use crate::scatter::group::Grouping;
use crate::scatter::lines::Lines;
use crate::scatter::partition::Scattered;
use arrow::array::RecordBatch;
use closedloop_core::ledger::{Bucket, CreditError};
use closedloop_core::model::ModelSpec;
pub use credited::{Credited, PartitionCredit, RepeatedTouch};
pub(super) use eligible::{EligibleTouches, JourneyMaker};
use rayon::prelude::*;
pub(super) use split::Split;
use std::sync::Arc;
use worker::Worker;

/// What is asked of the credit beyond its totals: nothing, unless said.
pub(super) struct CreditWants<'a> {
    /// Rows for `touch_credits`.
    pub(super) touch_credits: bool,
    /// Rows for `journeys`.
    pub(super) journeys: bool,
    /// The customers that deals acquired, where their lifetime value is told.
    pub(super) acquisitions: Option<Arc<Acquisitions>>,
    /// What intervals rest on.
    pub(super) intervals: Intervals,
    /// Where every account is credited again, for the totals only.
    pub(super) grid: Option<&'a Grid>,
}

impl Default for CreditWants<'_> {
    fn default() -> Self {
        Self { touch_credits: false, journeys: false, acquisitions: None, intervals: Intervals::Off, grid: None }
    }
}

/// Everything the models need, once the touches are scattered.
pub struct Crediting<'a> {
    /// The plan of the run.
    pub(super) plan: &'a Plan,
    /// The canonical deals.
    deals: &'a RecordBatch,
    /// The small side.
    conversions: &'a Conversions,
    /// The large side.
    scattered: &'a Scattered,
    /// What touches are credited to.
    pub(super) lines: &'a Lines,
    /// The models, in the order of their specs.
    pub(super) models: Models,
    /// How the touches of an account are put together, and which of them are a journey.
    grouping: Arc<Grouping<'a>>,
    maker: Arc<JourneyMaker<'a>>,
    /// What is asked beyond the totals.
    pub(super) wants: CreditWants<'a>,
    /// The specs of the models.
    specs: &'a [ModelSpec],
    /// The longest lookback, where it is shorter than the plan's; microseconds.
    lookback: Option<i64>,
    /// Other stages that credit every account again, one a window of the grid.
    variants: Vec<Crediting<'a>>,
}

/// A deal whose books do not close.
struct Broken {
    deal: u32,
    model: usize,
    fault: Fault,
}

enum Fault {
    Credit(CreditError),
    Sum { got: i64, booked: i64 },
}

/// Partitions that are credited before their rows are handed on, per thread.
const WAVE: usize = 4;

impl<'a> Crediting<'a> {
    /// A stage that runs the plan's models.
    ///
    /// # Errors
    /// A model of the grid that is fitted: a bug.
    pub(super) fn new(
        plan: &'a Plan,
        prepared: &'a Prepared,
        models: Models,
        wants: CreditWants<'a>,
    ) -> Result<Self, RunError> {
        let Prepared { deals, conversions, scattered, lines, .. } = prepared;
        Self::with_models(plan, deals, conversions, scattered, lines, models, wants)
    }

    /// A stage for a plan whose models need no data, with rows for `touch_credits` and `journeys`; `deals` are the
    /// canonical ones.
    ///
    /// # Errors
    /// A model that is fitted.
    pub fn of_rules(
        plan: &'a Plan,
        deals: &'a RecordBatch,
        conversions: &'a Conversions,
        scattered: &'a Scattered,
        lines: &'a Lines,
    ) -> Result<Self, RunError> {
        let models = Models::of_rules(&plan.models, lines.channels())?;
        let wants = CreditWants { touch_credits: true, journeys: true, ..CreditWants::default() };
        Self::with_models(plan, deals, conversions, scattered, lines, models, wants)
    }

    fn with_models(
        plan: &'a Plan,
        deals: &'a RecordBatch,
        conversions: &'a Conversions,
        scattered: &'a Scattered,
        lines: &'a Lines,
        models: Models,
        wants: CreditWants<'a>,
    ) -> Result<Self, RunError> {
        let grouping = Grouping::new(conversions, lines, &scattered.types);
        let maker = JourneyMaker::new(plan, conversions, scattered, lines);
        let mut stage = Self {
            plan,
            deals,
            conversions,
            scattered,
            lines,
            models,
            grouping: Arc::new(grouping),
            maker: Arc::new(maker),
            wants,
            specs: &plan.models,
            lookback: None,
            variants: Vec::new(),
        };
        if let Some(grid) = stage.wants.grid {
            let variants = grid.lookbacks.iter().map(|&lookback| stage.variant(&grid.specs, lookback));
            stage.variants = variants.collect::<Result<_, _>>()?;
        }
        Ok(stage)
    }

    /// A stage for the totals of other models, which need no data, under a shorter lookback, microseconds.
    fn variant(&self, specs: &'a [ModelSpec], lookback: i64) -> Result<Self, RunError> {
        Ok(Self {
            models: Models::of_rules(specs, self.lines.channels())?,
            specs,
            lookback: Some(lookback),
            grouping: Arc::clone(&self.grouping),
            maker: Arc::clone(&self.maker),
            wants: CreditWants::default(),
            variants: Vec::new(),
            ..*self
        })
    }

    /// Credits every partition in parallel on the current rayon pool. `shape` is applied to every partition's rows where
    /// they are made; `sink` gets them in order, several at a time.
    ///
    /// # Errors
    /// A broken law, or what `shape` or `sink` return.
    pub fn run<T: Send>(
        &self,
        shape: impl Fn(PartitionCredit) -> Result<T, RunError> + Sync,
        mut sink: impl FnMut(Vec<T>) -> Result<(), RunError> + Send,
    ) -> Result<Credited, RunError> {
        let idle = Idle::none();
        let partitions: Vec<usize> = (0..self.scattered.partitions()).collect();
        let mut finished = Vec::new();
        for wave in partitions.chunks(WAVE * rayon::current_num_threads()) {
            let credit = |&partition: &usize| {
                let credited = idle.lend(|| Worker::new(self), |worker| worker.partition(partition));
                let shaped = credited.and_then(&shape);
                self.scattered.release(partition);
                shaped
            };
            // While a wave is credited the one before is handed on, so that neither waits for the last of the other.
            let shaped = || wave.par_iter().map(credit).collect::<Result<Vec<T>, RunError>>();
            let (shaped, handed_on) = rayon::join(shaped, || sink(std::mem::take(&mut finished)));
            handed_on?;
            finished = shaped?;
        }
        sink(finished)?;
        let mut credited = self.nothing();
        for worker in idle.into_workers() {
            credited.add(worker);
        }
        Ok(credited)
    }

    fn nothing(&self) -> Credited {
        let variants = self.variants.iter().map(|variant| CreditTotals::new(variant.specs.len())).collect();
        Credited { totals: CreditTotals::new(self.specs.len()), squares: None, variants }
    }

    /// Credits one account's partition, for looking at.
    ///
    /// # Errors
    /// A broken law.
    pub fn partition_of(&self, account: usize) -> Result<PartitionCredit, RunError> {
        Worker::new(self).partition(self.scattered.partition_of(account))
    }

    /// Books the credit deals without an original and describes them for `journeys`.
    pub fn unmatched(&self, totals: &mut CreditTotals) -> JourneyRows {
        let mut journeys = JourneyRows::new(self.specs.len());
        for credit in &self.conversions.credits.unmatched {
            let (kind, bucket) = (DealKind::Credit, Bucket::UnmatchedCredit);
            totals.leave_whole(credit.close_quarter, kind, credit.amount, bucket);
            let row = JourneyRow::empty(credit.deal, kind, credit.amount, credit.closed_at, credit.close_quarter);
            journeys.push_left(row, bucket);
        }
        journeys
    }

    fn explain(&self, broken: &Broken) -> RunError {
        let model = self.specs[broken.model].id().to_owned();
        let ids = self.deals.column_by_name("deal_id").and_then(|ids| IdColumn::try_new(ids).ok());
        let deal = ids.and_then(|ids| ids.text(broken.deal as usize)).unwrap_or_default();
        match broken.fault {
            Fault::Credit(source) => RunError::Model { model, deal, source },
            Fault::Sum { got, booked } => {
                RunError::BrokenLaw { model, place: format!("deal {deal}"), got: got.into(), booked: booked.into() }
            }
        }
    }
}
