//! Credit: for every conversion its journey, every model's shares, and the money, to the minor unit.

use super::RunError;
use super::credit_rows::CreditRows;
use super::journey_rows::{JourneyRow, JourneyRows};
use super::totals::{CreditKey, CreditTotals, ResidualKey};
use crate::config::Plan;
use crate::config::file::DealKind;
use crate::scatter::collapse::CollapseRule;
use crate::scatter::conversions::{Conversion, Conversions, CreditDeal};
use crate::scatter::group::Grouped;
use crate::scatter::lines::Lines;
use crate::scatter::partition::Scattered;
use crate::scatter::touch::Touch;
use closedloop_core::journey::{Anchors, Journey};
use closedloop_core::ledger::{Allotter, Bucket, CreditError, Residual, WHOLE};
use closedloop_core::model::AttributionModel;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Everything the models need, once the touches are scattered.
pub struct Crediting<'a> {
    /// The plan of the run.
    pub plan: &'a Plan,
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
}

/// What one partition's accounts came to.
pub struct PartitionCredit {
    /// Rows for `touch_credits`, in key order.
    pub credits: CreditRows,
    /// Rows for `journeys`, in key order.
    pub journeys: JourneyRows,
    /// Touches that served at least one conversion.
    pub used: u64,
    /// Touches whose identifier was repeated.
    pub repeated: Vec<Touch>,
    /// How many touches were collapsed into an earlier one.
    pub collapsed: u64,
}

/// A deal whose books do not close.
struct Broken {
    deal: u32,
    model: usize,
    fault: Fault,
}

enum Fault {
    Credit(CreditError),
    Sum { got: i128, booked: i128 },
}

impl<'a> Crediting<'a> {
    /// A stage that builds the plan's models.
    pub fn new(plan: &'a Plan, conversions: &'a Conversions, scattered: &'a Scattered, lines: &'a Lines) -> Self {
        let models = plan.models.iter().map(|spec| spec.build(lines.channels())).collect();
        let collapse = plan.journeys.collapse.as_ref().map(|collapse| CollapseRule::new(collapse, &scattered.types));
        Self { plan, conversions, scattered, lines, models, collapse, wants_touch_credits: true, wants_journeys: true }
    }

    /// Credits every partition in parallel on the current rayon pool and hands the results to `sink` in order.
    ///
    /// # Errors
    /// A broken law, or what `sink` returns.
    pub fn run(
        &self,
        deal_name: impl Fn(u32) -> String,
        sink: impl FnMut(PartitionCredit) -> Result<(), RunError>,
    ) -> Result<CreditTotals, RunError> {
        self.run_shaped(deal_name, Ok, sink)
    }

    /// The same, with `shape` applied to every partition's rows where they are made, in parallel.
    ///
    /// # Errors
    /// A broken law, or what `shape` or `sink` return.
    pub(super) fn run_shaped<T: Send>(
        &self,
        deal_name: impl Fn(u32) -> String,
        shape: impl Fn(PartitionCredit) -> Result<T, RunError> + Sync,
        mut sink: impl FnMut(T) -> Result<(), RunError>,
    ) -> Result<CreditTotals, RunError> {
        let idle: Mutex<Vec<Worker<'_>>> = Mutex::new(Vec::new());
        let partitions: Vec<usize> = (0..self.scattered.len()).collect();
        for wave in partitions.chunks(4 * rayon::current_num_threads()) {
            let credited: Vec<Result<Result<T, RunError>, Broken>> = wave
                .par_iter()
                .map(|&partition| {
                    let mut worker = take_idle(&idle).unwrap_or_else(|| Worker::new(self));
                    let credited = worker.partition(partition);
                    idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                    credited.map(&shape)
                })
                .collect();
            for partition in credited {
                sink(partition.map_err(|broken| self.explain(&broken, &deal_name))??)?;
            }
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
    pub fn partition_of(&self, account: usize, deal_name: impl Fn(u32) -> String) -> Result<PartitionCredit, RunError> {
        let partition = self.scattered.partition_of(account);
        Worker::new(self).partition(partition).map_err(|broken| self.explain(&broken, deal_name))
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

    fn explain(&self, broken: &Broken, deal_name: impl Fn(u32) -> String) -> RunError {
        let model = self.plan.models[broken.model].id().to_owned();
        let deal = deal_name(broken.deal);
        match broken.fault {
            Fault::Credit(source) => RunError::Model { model, deal, source },
            Fault::Sum { got, booked } => RunError::BrokenLaw { model, place: format!("deal {deal}"), got, booked },
        }
    }
}

fn take_idle<'a>(idle: &Mutex<Vec<Worker<'a>>>) -> Option<Worker<'a>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// One thread's totals and scratch space.
struct Worker<'a> {
    stage: &'a Crediting<'a>,
    totals: CreditTotals,
    allotter: Allotter,
    journey: JourneyColumns,
    split: Split,
    /// The last journey that each line was seen in, to count deals once per line.
    seen: Vec<u64>,
    journeys: u64,
}

/// The eligible touches of one journey, column by column.
#[derive(Default)]
struct JourneyColumns {
    /// Position in the account's run.
    position: Vec<usize>,
    touched_at: Vec<i64>,
    lines: Vec<u32>,
    channels: Vec<u32>,
    quarters: Vec<u32>,
    credits: Vec<f64>,
}

/// Shares and money of one deal: `model · touches + touch`.
#[derive(Default)]
struct Split {
    shares: Vec<u64>,
    amounts: Vec<i64>,
    previous: Vec<i64>,
    residuals: Vec<ModelResidual>,
}

/// What one model left of one deal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ModelResidual {
    pub(super) bucket: Option<Bucket>,
    pub(super) share: u64,
    pub(super) amount: i64,
    previous: i64,
}

impl<'a> Worker<'a> {
    fn new(stage: &'a Crediting<'a>) -> Self {
        Self {
            stage,
            totals: CreditTotals::new(stage.models.len()),
            allotter: Allotter::default(),
            journey: JourneyColumns::default(),
            split: Split::default(),
            seen: vec![0; stage.lines.len()],
            journeys: 0,
        }
    }

    fn partition(&mut self, partition: usize) -> Result<PartitionCredit, Broken> {
        let stage = self.stage;
        let grouped =
            Grouped::group(stage.scattered, partition, stage.conversions, stage.lines, stage.collapse.as_ref());
        let mut out = PartitionCredit {
            credits: CreditRows::new(stage.models.len()),
            journeys: JourneyRows::new(stage.models.len()),
            used: 0,
            repeated: Vec::new(),
            collapsed: grouped.collapsed,
        };
        let mut used = Vec::new();
        for (local, account) in stage.scattered.accounts(partition).enumerate() {
            let touches = grouped.of_account(local);
            used.clear();
            used.resize(touches.len(), false);
            for conversion in stage.conversions.of_account(account) {
                self.conversion(conversion, touches, stage.scattered.earliest[account], &mut used, &mut out)?;
            }
            out.used += used.iter().filter(|used| **used).count() as u64;
        }
        out.repeated = grouped.repeated;
        Ok(out)
    }

    fn conversion(
        &mut self,
        conversion: &Conversion,
        touches: &[Touch],
        earliest: i64,
        used: &mut [bool],
        out: &mut PartitionCredit,
    ) -> Result<(), Broken> {
        self.journeys += 1;
        let in_window = self.collect(conversion, touches);
        for &position in &self.journey.position {
            used[position] = true;
        }
        let anchors = Anchors::locate(&self.journey.touched_at, conversion.milestones);
        let row = self.journey_row(conversion, anchors);
        self.totals.book(conversion.close_quarter, conversion.kind, conversion.amount);

        let is_attributed = self.stage.plan.finance.attribute_kinds.contains(&conversion.kind);
        let left = if !is_attributed {
            Some(Bucket::KindNotAttributed)
        } else if !self.journey.position.is_empty() {
            None
        } else if in_window {
            Some(Bucket::Suppressed)
        } else if earliest < conversion.window_start {
            Some(Bucket::OutsideLookback)
        } else {
            Some(Bucket::NoTouch)
        };
        let credits = &self.stage.conversions.credits[conversion.credits.clone()];
        match left {
            Some(bucket) => self.leave_all(&row, bucket, credits, out),
            None => self.attribute(conversion, anchors, &row, touches, credits, out)?,
        }
        Ok(())
    }

    /// Collects the eligible touches of the window; says whether any touch at all is in it.
    fn collect(&mut self, conversion: &Conversion, touches: &[Touch]) -> bool {
        let start = touches.partition_point(|touch| touch.at < conversion.window_start);
        let end = touches.partition_point(|touch| touch.at <= conversion.converted_at);
        let contacts = &self.stage.conversions.role_contacts[conversion.contacts.clone()];
        let journey = &mut self.journey;
        journey.clear();
        let mut any = false;
        for (position, touch) in touches.iter().enumerate().take(end).skip(start) {
            if !contacts.is_empty() && contacts.binary_search(&touch.contact).is_err() {
                continue;
            }
            any = true;
            if touch.eligible {
                journey.position.push(position);
                journey.touched_at.push(touch.at);
                journey.lines.push(touch.line);
                journey.channels.push(self.stage.lines.channel(touch.line));
                journey.quarters.push(self.stage.conversions.quarters.position(touch.at));
            }
        }
        any
    }

    fn journey_row(&self, conversion: &Conversion, anchors: Anchors) -> JourneyRow {
        let touched_at = &self.journey.touched_at;
        JourneyRow {
            touches: touched_at.len() as u64,
            first_touched_at: touched_at.first().copied(),
            last_touched_at: touched_at.last().copied(),
            anchors,
            ..JourneyRow::empty(
                conversion.deal,
                conversion.kind,
                conversion.amount,
                conversion.converted_at,
                conversion.close_quarter,
            )
        }
    }

    /// The whole deal and its credits go to one bucket under every model.
    fn leave_all(&mut self, row: &JourneyRow, bucket: Bucket, credits: &[CreditDeal], out: &mut PartitionCredit) {
        let rows = std::iter::once(row.clone()).chain(credits.iter().map(|credit| row.of_credit(credit)));
        for (position, row) in rows.enumerate() {
            if position > 0 {
                self.totals.book(row.close_quarter, row.kind, row.amount);
            }
            for model in 0..self.stage.models.len() {
                let key = ResidualKey { close_quarter: row.close_quarter, kind: row.kind, model, bucket };
                self.totals.leave(key, row.amount, WHOLE);
            }
            if self.stage.wants_journeys {
                out.journeys.push_left(row, bucket);
            }
        }
    }

    /// Every model's shares and money of the deal, then of its credits.
    fn attribute(
        &mut self,
        conversion: &Conversion,
        anchors: Anchors,
        row: &JourneyRow,
        touches: &[Touch],
        credits: &[CreditDeal],
        out: &mut PartitionCredit,
    ) -> Result<(), Broken> {
        self.shares(conversion, anchors)?;
        self.split.start_books();
        let mut balance = conversion.amount;
        self.split.allot(&mut self.allotter, balance);
        self.post(row, anchors, touches, out)?;
        for credit in credits {
            balance += credit.amount;
            self.split.allot(&mut self.allotter, balance);
            let row = row.of_credit(credit);
            self.totals.book(row.close_quarter, row.kind, row.amount);
            self.journeys += 1;
            self.post(&row, anchors, touches, out)?;
        }
        Ok(())
    }

    /// Asks every model for credits and turns them into shares.
    fn shares(&mut self, conversion: &Conversion, anchors: Anchors) -> Result<(), Broken> {
        let JourneyColumns { touched_at, channels, credits, .. } = &mut self.journey;
        let touches = touched_at.len();
        credits.resize(touches, 0.0);
        self.split.resize(touches, self.stage.models.len());
        let journey = Journey { touched_at, channels, converted_at: conversion.converted_at, anchors };
        for (model, attribution) in self.stage.models.iter().enumerate() {
            let residual = attribution.credit(journey, credits);
            let (bucket, left) = match residual {
                Residual::None => (None, 0.0),
                Residual::Left { bucket, credit } => (Some(bucket), credit),
            };
            let shares = &mut self.split.shares[model * touches..(model + 1) * touches];
            let share = self.allotter.shares(credits, left, shares).map_err(|error| Broken {
                deal: conversion.deal,
                model,
                fault: Fault::Credit(error),
            })?;
            check_sum(conversion.deal, model, shares.iter().map(|&s| i128::from(s)), share.into(), WHOLE.into())?;
            self.split.residuals[model] = ModelResidual { bucket, share, ..ModelResidual::default() };
        }
        Ok(())
    }

    /// Posts one deal's money to the totals and the rows; checks the law for every model.
    fn post(
        &mut self,
        row: &JourneyRow,
        anchors: Anchors,
        touches: &[Touch],
        out: &mut PartitionCredit,
    ) -> Result<(), Broken> {
        let count = self.journey.position.len();
        for (model, residual) in self.split.residuals.iter().enumerate() {
            let money = self.split.posted(model, count);
            check_sum(row.deal, model, money.map(i128::from), residual.posted().into(), row.amount.into())?;
            if let Some(bucket) = residual.bucket.filter(|_| residual.share > 0) {
                let key = ResidualKey { close_quarter: row.close_quarter, kind: row.kind, model, bucket };
                self.totals.leave(key, residual.posted(), residual.share);
            }
        }
        for touch in 0..count {
            let line = self.journey.lines[touch];
            let key = CreditKey {
                close_quarter: row.close_quarter,
                touch_quarter: self.journey.quarters[touch],
                line,
                kind: row.kind,
            };
            let (counts, earned) = self.totals.line(key);
            counts.touches += 1;
            let seen = &mut self.seen[line as usize];
            counts.deals += u64::from(*seen != self.journeys);
            *seen = self.journeys;
            for (model, earned) in earned.iter_mut().enumerate() {
                let cell = model * count + touch;
                earned.amount += self.split.amounts[cell] - self.split.previous[cell];
                earned.share += u128::from(self.split.shares[cell]);
            }
        }
        if self.stage.wants_touch_credits {
            for touch in 0..count {
                let cells = (0..self.stage.models.len()).map(|model| model * count + touch);
                let money =
                    cells.map(|cell| (self.split.shares[cell], self.split.amounts[cell] - self.split.previous[cell]));
                let source = &touches[self.journey.position[touch]];
                out.credits.push(row, touch, source, self.journey.quarters[touch], anchors, money);
            }
        }
        if self.stage.wants_journeys {
            out.journeys
                .push(row.clone(), self.split.residuals.iter().map(|r| (r.bucket.filter(|_| r.share > 0), r.posted())));
        }
        Ok(())
    }
}

impl ModelResidual {
    /// The money of this posting: what the balance after leaves, less what the balance before left.
    fn posted(&self) -> i64 {
        self.amount - self.previous
    }
}

impl Split {
    fn resize(&mut self, touches: usize, models: usize) {
        self.shares.resize(touches * models, 0);
        self.residuals.resize(models, ModelResidual::default());
    }

    /// Nothing is allotted yet.
    fn start_books(&mut self) {
        self.amounts.clear();
        self.amounts.resize(self.shares.len(), 0);
        self.previous.clear();
        self.previous.resize(self.shares.len(), 0);
    }

    /// Allots the balance under every model's shares; the allotment before becomes the previous one.
    fn allot(&mut self, allotter: &mut Allotter, balance: i64) {
        std::mem::swap(&mut self.amounts, &mut self.previous);
        let touches = self.shares.len() / self.residuals.len();
        for (model, residual) in self.residuals.iter_mut().enumerate() {
            let cells = model * touches..(model + 1) * touches;
            residual.previous = residual.amount;
            residual.amount =
                allotter.amounts(balance, &self.shares[cells.clone()], residual.share, &mut self.amounts[cells]);
        }
    }

    /// The money of this posting, touch by touch.
    fn posted(&self, model: usize, touches: usize) -> impl Iterator<Item = i64> {
        let cells = model * touches..(model + 1) * touches;
        self.amounts[cells.clone()].iter().zip(&self.previous[cells]).map(|(after, before)| after - before)
    }
}

impl JourneyColumns {
    fn clear(&mut self) {
        self.position.clear();
        self.touched_at.clear();
        self.lines.clear();
        self.channels.clear();
        self.quarters.clear();
    }
}

/// The law: what the touches have and what is left sum to the whole.
fn check_sum(
    deal: u32,
    model: usize,
    parts: impl Iterator<Item = i128>,
    left: i128,
    booked: i128,
) -> Result<(), Broken> {
    let got = parts.sum::<i128>() + left;
    if got == booked { Ok(()) } else { Err(Broken { deal, model, fault: Fault::Sum { got, booked } }) }
}
