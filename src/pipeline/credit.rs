//! Credit: for every conversion its journey, every model's shares, and the money, to the minor unit.

mod eligible;
mod split;
mod worker;

use super::RunError;
use super::credit_rows::CreditRows;
use super::journey_rows::{JourneyRow, JourneyRows};
use super::lifetime::acquired::Acquisitions;
use super::prepare::Prepared;
use super::totals::{CreditTotals, ResidualKey};
use crate::config::Plan;
use crate::config::file::DealKind;
use crate::engine::ids::IdColumn;
use crate::scatter::collapse::CollapseRule;
use crate::scatter::conversions::Conversions;
use crate::scatter::group::Grouped;
use crate::scatter::lines::Lines;
use crate::scatter::partition::Scattered;
use crate::scatter::touch::{Touch, TouchIds};
use arrow::array::RecordBatch;
use closedloop_core::ledger::{Bucket, CreditError, WHOLE};
use closedloop_core::model::{AttributionModel, Evidence, ModelSpec};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use worker::Worker;

/// Everything the models need, once the touches are scattered.
pub struct Crediting<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
    /// The canonical deals.
    pub deals: &'a RecordBatch,
    /// The small side.
    pub conversions: &'a Conversions,
    /// The large side.
    pub scattered: &'a Scattered,
    /// What touches are credited to.
    pub lines: &'a Lines,
    /// The models, in the order of the plan.
    pub models: Vec<Box<dyn AttributionModel>>,
    /// Which repeated touches of a person count once.
    pub collapse: Option<CollapseRule>,
    /// Whether rows for `touch_credits` are wanted.
    pub wants_touch_credits: bool,
    /// Whether rows for `journeys` are wanted.
    pub wants_journeys: bool,
    /// The customers that deals acquired, where their lifetime value is told.
    pub acquisitions: Option<Arc<Acquisitions>>,
}

/// What one partition's accounts came to.
pub struct PartitionCredit {
    /// Rows for `touch_credits`, in key order.
    pub credits: CreditRows,
    /// Rows for `journeys`, in key order.
    pub journeys: JourneyRows,
    /// Touches that served at least one conversion.
    pub used: u64,
    /// The identifiers of the touches.
    pub ids: TouchIds,
    /// Touches whose identifier was repeated, with that identifier.
    pub repeated: Vec<(String, Touch)>,
    /// How many touches were collapsed into an earlier one.
    pub collapsed: u64,
}

impl PartitionCredit {
    /// Journeys without touches.
    pub(super) fn of_journeys(journeys: JourneyRows) -> Self {
        Self { journeys, ..Self::new(0, &Grouped::default()) }
    }

    fn new(models: usize, grouped: &Grouped) -> Self {
        Self {
            credits: CreditRows::new(models),
            journeys: JourneyRows::new(models),
            used: 0,
            ids: grouped.ids.clone(),
            repeated: grouped.repeated.iter().map(|touch| (grouped.ids.text(touch.id), *touch)).collect(),
            collapsed: grouped.collapsed,
        }
    }
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

/// Partitions that are credited before their rows are handed on, per thread: enough that no thread waits long for the
/// last one.
const WAVE: usize = 8;

impl<'a> Crediting<'a> {
    /// A stage that builds the plan's models.
    ///
    /// # Errors
    /// A model that the data do not support.
    pub(super) fn new(plan: &'a Plan, prepared: &'a Prepared) -> Result<Self, RunError> {
        let Prepared { deals, conversions, scattered, lines, .. } = prepared;
        let build = |spec: &ModelSpec| spec.build(lines.channels(), Evidence::default());
        let models = plan.models.iter().map(build).collect::<Result<_, _>>()?;
        let collapse = plan.journeys.collapse.as_ref().map(|collapse| CollapseRule::new(collapse, &scattered.types));
        let (wants_touch_credits, wants_journeys) = (true, true);
        let acquisitions = None;
        Ok(Self {
            plan,
            deals,
            conversions,
            scattered,
            lines,
            models,
            collapse,
            wants_touch_credits,
            wants_journeys,
            acquisitions,
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
        mut sink: impl FnMut(Vec<T>) -> Result<(), RunError>,
    ) -> Result<CreditTotals, RunError> {
        let idle: Mutex<Vec<Worker<'_>>> = Mutex::new(Vec::new());
        let partitions: Vec<usize> = (0..self.scattered.len()).collect();
        for wave in partitions.chunks(WAVE * rayon::current_num_threads()) {
            let credit = |&partition: &usize| {
                let mut worker = take_idle(&idle).unwrap_or_else(|| Worker::new(self));
                let credited = worker.partition(partition);
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                let shaped = credited.and_then(&shape);
                self.scattered.release(partition);
                shaped
            };
            sink(wave.par_iter().map(credit).collect::<Result<Vec<T>, RunError>>()?)?;
        }
        let mut totals = CreditTotals::new(self.models.len());
        for worker in idle.into_inner().unwrap_or_else(PoisonError::into_inner) {
            totals.merge(&worker.totals);
        }
        Ok(totals)
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
        let mut journeys = JourneyRows::new(self.models.len());
        for credit in &self.conversions.unmatched {
            totals.book(credit.close_quarter, DealKind::Credit, credit.amount);
            for model in 0..self.models.len() {
                let bucket = Bucket::UnmatchedCredit;
                let key = ResidualKey { close_quarter: credit.close_quarter, kind: DealKind::Credit, model, bucket };
                totals.leave(key, credit.amount, WHOLE);
            }
            let row =
                JourneyRow::empty(credit.deal, DealKind::Credit, credit.amount, credit.closed_at, credit.close_quarter);
            journeys.push_left(row, Bucket::UnmatchedCredit);
        }
        journeys
    }

    fn explain(&self, broken: &Broken) -> RunError {
        let model = self.plan.models[broken.model].id().to_owned();
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

fn take_idle<'a>(idle: &Mutex<Vec<Worker<'a>>>) -> Option<Worker<'a>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}
