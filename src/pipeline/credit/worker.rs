//! One thread at work on a partition: journeys, models, shares, money, rows, totals.

use super::eligible::EligibleTouches;
use super::shapes::Shapes;
use super::split::Split;
use super::{Broken, Crediting, Fault, PartitionCredit};
use crate::pipeline::RunError;
use crate::pipeline::journey_rows::{JourneyRow, JourneyRows};
use crate::pipeline::lifetime::acquired::AcquiredTotals;
use crate::pipeline::spread::Spread;
use crate::pipeline::totals::{CreditKey, CreditTotals, ResidualKey};
use crate::scatter::conversions::{Conversion, CreditDeal};
use crate::scatter::group::Beyond;
use crate::scatter::touch::Touch;
use closedloop_core::journey::{Anchors, Journey, Shape};
use closedloop_core::ledger::{Allotter, Bucket, Residual, WHOLE};

/// One thread's totals and scratch space.
pub(super) struct Worker<'a> {
    stage: &'a Crediting<'a>,
    pub(super) totals: CreditTotals,
    pub(super) spread: Option<Spread>,
    pub(super) variants: Vec<Worker<'a>>,
    /// The account at work.
    account: usize,
    allotter: Allotter,
    journey: EligibleTouches,
    credits: Vec<f64>,
    /// A model's shares of the touches and the residual.
    shares: Vec<u64>,
    /// What a model sees of the journey's touches where that is not their channels.
    states: Vec<u32>,
    split: Split,
    /// What a posting gives to all under each model.
    sums: Vec<i64>,
    shapes: Shapes,
    /// The rows of the totals that the journey's touches add to, and their parts of the account.
    rows: Vec<usize>,
    parts: Vec<usize>,
    /// The last journey that each line was seen in, to count deals once per line.
    seen: Vec<u64>,
    journeys: u64,
}

/// What became of a touch in the journeys of its account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TouchUse {
    None,
    /// It is collapsed into an earlier touch in one of them, and eligible in none.
    Collapsed,
    Used,
}

impl<'a> Worker<'a> {
    pub(super) fn new(stage: &'a Crediting<'a>) -> Self {
        let mut totals = CreditTotals::new(stage.specs.len());
        totals.acquired = AcquiredTotals::new(stage.wants.acquisitions.clone());
        Self {
            stage,
            totals,
            spread: Spread::new(stage.wants.intervals, stage.specs.len()),
            variants: stage.variants.iter().map(Self::new).collect(),
            account: 0,
            allotter: Allotter::default(),
            journey: EligibleTouches::default(),
            credits: Vec::new(),
            shares: Vec::new(),
            states: Vec::new(),
            split: Split::new(stage.specs.len()),
            sums: Vec::new(),
            shapes: Shapes::default(),
            rows: Vec::new(),
            parts: Vec::new(),
            seen: vec![0; stage.lines.count()],
            journeys: 0,
        }
    }

    /// Credits the conversions of a partition's accounts.
    pub(super) fn partition(&mut self, partition: usize) -> Result<PartitionCredit, RunError> {
        let Crediting { scattered, grouping, .. } = self.stage;
        let pieces = scattered.pieces(partition)?;
        let (ids, accounts) = (scattered.ids(&pieces), scattered.accounts(partition));
        let grouped = grouping.group(&pieces, ids, accounts.clone(), Beyond::Dropped);
        drop(pieces);
        let mut out = PartitionCredit::new(self.stage.specs.len(), &grouped, self.stage.wants.touch_credits);
        let mut uses = Vec::new();
        // Variants are wanted for their totals only: nothing comes to their rows.
        let mut of_variants = PartitionCredit::of_journeys(JourneyRows::new(0));
        for (local, account) in accounts.enumerate() {
            let touches = grouped.of_account(local);
            uses.clear();
            uses.resize(touches.len(), TouchUse::None);
            let earliest = if scattered.earlier[account] { i64::MIN } else { grouped.earliest(local) };
            self.account(account, touches, earliest, &mut uses, &mut out)?;
            out.used += uses.iter().filter(|touch_use| **touch_use == TouchUse::Used).count() as u64;
            out.collapsed += uses.iter().filter(|touch_use| **touch_use == TouchUse::Collapsed).count() as u64;
            for variant in &mut self.variants {
                variant.account(account, touches, earliest, &mut uses, &mut of_variants)?;
            }
            if let Some(spread) = &mut self.spread {
                spread.close(account);
            }
        }
        out.parts = self.spread.as_mut().map(Spread::take_parts).unwrap_or_default();
        Ok(out)
    }

    /// Credits the conversions of one account.
    fn account(
        &mut self,
        account: usize,
        touches: &[Touch],
        earliest: i64,
        uses: &mut [TouchUse],
        out: &mut PartitionCredit,
    ) -> Result<(), RunError> {
        self.account = account;
        let Crediting { conversions, lookback, .. } = self.stage;
        for conversion in conversions.of_account(account) {
            let narrowed = lookback.map(|lookback| conversion.narrowed(lookback));
            let conversion = narrowed.as_ref().unwrap_or(conversion);
            self.conversion(conversion, touches, earliest, uses, out).map_err(|broken| self.stage.explain(&broken))?;
        }
        Ok(())
    }

    fn conversion(
        &mut self,
        conversion: &Conversion,
        touches: &[Touch],
        earliest: i64,
        uses: &mut [TouchUse],
        out: &mut PartitionCredit,
    ) -> Result<(), Broken> {
        self.journeys += 1;
        let window = self.stage.conversions.window_of(conversion);
        let in_window = self.journey.collect(window, touches, &self.stage.maker);
        for &position in &self.journey.position {
            uses[position] = TouchUse::Used;
        }
        for &position in &self.journey.collapsed {
            uses[position] = uses[position].max(TouchUse::Collapsed);
        }
        let anchors = Anchors::locate(
            &self.journey.touched_at,
            self.stage.conversions.milestones(conversion, self.stage.plan.journeys.anchor_tolerance),
        );
        let deal = self.journey_row(conversion, anchors);
        let credits = self.stage.conversions.credits_of(conversion);
        let left = self.left_whole(conversion, in_window, earliest);
        match left {
            Some(bucket) => self.leave_all(&deal, bucket, credits, out),
            None => self.attribute(conversion, &deal, touches, credits, out)?,
        }
        if self.totals.acquired.is_acquisition(conversion.deal) {
            self.acquire(conversion.deal, left);
        }
        Ok(())
    }

    /// The bucket that has all of a deal, unless touches are credited with it.
    fn left_whole(&self, conversion: &Conversion, in_window: bool, earliest: i64) -> Option<Bucket> {
        if !self.stage.plan.finance.attribute_kinds.contains(&conversion.kind) {
            Some(Bucket::KindNotAttributed)
        } else if !self.journey.position.is_empty() {
            None
        } else if in_window {
            Some(Bucket::Suppressed)
        } else if earliest < conversion.window_start {
            Some(Bucket::OutsideLookback)
        } else {
            Some(Bucket::NoTouch)
        }
    }

    /// Shares the value of the customer that a deal acquired as the deal was shared.
    fn acquire(&mut self, deal: u32, left: Option<Bucket>) {
        let Self { totals, split, allotter, journey, stage, .. } = self;
        match left {
            Some(bucket) => totals.acquired.leave(deal, stage.specs.len(), bucket),
            None => {
                for (model, (bucket, left, _)) in split.left().enumerate() {
                    let touches = journey.lines.iter().copied().zip(split.shares_of(model, journey.lines.len()));
                    totals.acquired.share(deal, model, touches, bucket.map(|bucket| (bucket, left)), allotter);
                }
            }
        }
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
                self.stage.conversions.quarters.position(conversion.converted_at),
            )
        }
    }

    /// The whole deal and its credits go to one bucket under every model.
    fn leave_all(&mut self, deal: &JourneyRow, bucket: Bucket, credits: &[CreditDeal], out: &mut PartitionCredit) {
        self.leave(deal.clone(), bucket, out);
        for credit in credits {
            self.leave(deal.of_credit(credit), bucket, out);
        }
    }

    /// Posts one deal's money to a bucket under every model.
    fn leave(&mut self, posting: JourneyRow, bucket: Bucket, out: &mut PartitionCredit) {
        self.totals.leave_whole(posting.close_quarter, posting.kind, posting.amount, bucket);
        if self.stage.wants.journeys {
            out.journeys.push_left(posting, bucket);
        }
    }

    /// Every model's shares and money of the deal, then of its credits.
    fn attribute(
        &mut self,
        conversion: &Conversion,
        deal: &JourneyRow,
        touches: &[Touch],
        credits: &[CreditDeal],
        out: &mut PartitionCredit,
    ) -> Result<(), Broken> {
        let anchors = deal.anchors;
        self.ask_models(conversion, anchors, touches)?;
        if !self.stage.models.refits.is_empty() {
            let eligible = self.journey.position.iter().map(|&position| &touches[position]);
            out.kept.push(self.account, conversion.converted_at, anchors, eligible, &self.journey.quarters);
        }
        self.split.start_books();
        let mut balance = conversion.amount;
        self.split.allot(&mut self.allotter, balance);
        self.post(deal, touches, out)?;
        for credit in credits {
            balance += credit.amount;
            self.split.allot(&mut self.allotter, balance);
            self.journeys += 1;
            self.post(&deal.of_credit(credit), touches, out)?;
        }
        Ok(())
    }

    /// Every model's shares of the journey.
    fn ask_models(&mut self, conversion: &Conversion, anchors: Anchors, all: &[Touch]) -> Result<(), Broken> {
        let shape = Shape { touches: self.journey.position.len(), anchors };
        self.credits.resize(shape.touches, 0.0);
        self.split.resize(shape.touches);
        let stage = self.stage;
        if !self.shapes.recall(shape, &mut self.split) {
            for &model in &stage.models.of_shape {
                self.ask_model(model, conversion, anchors, all)?;
            }
            self.shapes.remember(shape, &self.split);
        }
        for &model in &stage.models.of_journey {
            match stage.models.first_alike[model] {
                first if first == model => self.ask_model(model, conversion, anchors, all)?,
                first => self.split.copy_shares(first, model),
            }
        }
        Ok(())
    }

    /// Asks a model for credits and turns them into shares.
    fn ask_model(
        &mut self,
        model: usize,
        conversion: &Conversion,
        anchors: Anchors,
        all: &[Touch],
    ) -> Result<(), Broken> {
        let EligibleTouches { touched_at, channels, position, .. } = &self.journey;
        let credits = &mut self.credits;
        let journey = Journey { touched_at, channels, converted_at: conversion.converted_at, anchors };
        let attribution = &self.stage.models.built[model];
        let residual = match &self.stage.models.states[model] {
            None => attribution.credit(journey, credits),
            Some(states) => {
                self.states.clear();
                self.states.extend(position.iter().map(|&position| states.state(&all[position])));
                attribution.credit(Journey { channels: &self.states, ..journey }, credits)
            }
        };
        let (bucket, left) = match residual {
            Residual::None => (None, 0.0),
            Residual::Left { bucket, credit } => (Some(bucket), credit),
        };
        let (touches, shares) = (touched_at.len(), &mut self.shares);
        shares.resize(touches + 1, 0);
        let broken = |error| Broken { deal: conversion.deal, model, fault: Fault::Credit(error) };
        shares[touches] = self.allotter.shares(credits, left, &mut shares[..touches]).map_err(broken)?;
        check_sum(conversion.deal, model, shares.iter().sum::<u64>().cast_signed(), WHOLE.cast_signed())?;
        self.split.set_shares(model, shares, bucket);
        Ok(())
    }

    /// Posts one deal's money to the totals and the rows; checks the law for every model.
    fn post(&mut self, posting: &JourneyRow, touches: &[Touch], out: &mut PartitionCredit) -> Result<(), Broken> {
        let JourneyRow { deal, kind, amount, close_quarter, .. } = *posting;
        self.totals.book(close_quarter, kind, amount);
        if !self.stage.models.refits.is_empty() {
            out.kept.post(close_quarter, kind, amount);
        }
        self.split.sum(&mut self.sums);
        for (model, (&posted, (bucket, share, left))) in self.sums.iter().zip(self.split.left()).enumerate() {
            check_sum(deal, model, posted, amount)?;
            if let Some(bucket) = bucket {
                self.totals.leave(ResidualKey { close_quarter, kind, model, bucket }, left, share);
            }
        }
        self.find_rows(posting);
        for (touch, &row) in self.rows.iter().enumerate() {
            let (amounts, shares) = self.split.of_touch(touch);
            self.totals.add(row, amounts, shares);
            if let Some(spread) = &mut self.spread {
                spread.add(self.parts[touch], amounts, shares);
            }
        }
        if self.stage.wants.touch_credits {
            out.credits.push(posting, &self.journey, touches, &self.split);
        }
        if self.stage.wants.journeys {
            out.journeys.push(posting.clone(), self.split.left().map(|(bucket, _, amount)| (bucket, amount)));
        }
        Ok(())
    }

    /// Finds and counts in the rows of the totals that the touches of a posting add to: all are found before one is counted in,
    /// and counted in before anything is added, so that rows are on their way to the cache by then.
    fn find_rows(&mut self, posting: &JourneyRow) {
        let Self { totals, spread, rows, parts, seen, journeys, journey, .. } = self;
        let EligibleTouches { lines, channels, quarters, .. } = journey;
        let (close_quarter, kind) = (posting.close_quarter, posting.kind);
        let keys = lines.iter().zip(quarters.iter());
        let keys = keys.map(|(&line, &touch_quarter)| CreditKey { close_quarter, touch_quarter, line, kind });
        rows.clear();
        rows.extend(keys.clone().map(|key| totals.row(key)));
        for (&row, &line) in rows.iter().zip(lines.iter()) {
            let seen = &mut seen[line as usize];
            totals.count(row, *seen != *journeys);
            *seen = *journeys;
        }
        parts.clear();
        if let Some(spread) = spread {
            let found = rows.iter().zip(keys).zip(channels.iter());
            parts.extend(found.map(|((&row, key), &channel)| spread.part(row, key, channel)));
        }
    }
}

/// The law: what the touches have and what is left sum to the whole.
fn check_sum(deal: u32, model: usize, got: i64, booked: i64) -> Result<(), Broken> {
    if got == booked { Ok(()) } else { Err(Broken { deal, model, fault: Fault::Sum { got, booked } }) }
}
