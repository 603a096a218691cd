//! Every journey of a partition's accounts: those that converted, were lost, or have not converted yet.

use crate::config::Plan;
use crate::engine::EngineError;
use crate::pipeline::credit::{EligibleTouches, JourneyMaker};
use crate::pipeline::idle::Idle;
use crate::pipeline::prepare::Prepared;
use crate::scatter::conversions::Conversion;
use crate::scatter::group::{Beyond, Grouped, Grouping};
use crate::scatter::subjects::Subjects;
use crate::scatter::touch::Touch;
use closedloop_core::incremental::{IncrementalSettings, Sampling};
use closedloop_core::statistics::Outcome;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Where the journeys of a run come from.
pub(super) struct Journeys<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prepared: &'a Prepared,
    pub(super) subjects: &'a Subjects,
    /// Until when accounts were observed, microseconds.
    pub(super) as_of: i64,
    grouping: Grouping<'a>,
    maker: JourneyMaker<'a>,
}

/// The touches of a partition's accounts.
pub(super) struct PartitionTouches {
    pub(super) accounts: Range<usize>,
    grouped: Grouped,
}

impl PartitionTouches {
    fn of_account(&self, account: usize) -> &[Touch] {
        self.grouped.of_account(account - self.accounts.start)
    }
}

/// One journey.
pub(super) struct FoundJourney<'a> {
    /// Its eligible touches, oldest first, by their position.
    pub(super) positions: &'a [usize],
    /// The touches that the positions are of.
    pub(super) touches: &'a [Touch],
    /// What came of it.
    pub(super) outcome: Outcome,
}

impl<'a> Journeys<'a> {
    pub(super) fn new(plan: &'a Plan, prepared: &'a Prepared, subjects: &'a Subjects) -> Self {
        let Prepared { scattered, conversions, lines, .. } = prepared;
        let grouping = Grouping::new(conversions, lines, &scattered.types);
        let maker = JourneyMaker::new(plan, conversions, scattered, lines);
        let as_of = prepared.as_of(plan).unwrap_or_default();
        Self { plan, prepared, subjects, as_of, grouping, maker }
    }

    /// Visits every partition in parallel on the current rayon pool. `visit` gets one of the visitors that `make` made;
    /// what it returns comes back in the order of the partitions.
    ///
    /// # Errors
    /// A spill file that cannot be read.
    pub(super) fn visit<V: Send, T: Send>(
        &self,
        make: impl Fn() -> V + Sync,
        visit: impl Fn(&mut V, &PartitionTouches) -> T + Sync,
    ) -> Result<(Vec<V>, Vec<T>), EngineError> {
        let idle = Idle::none();
        let seen = (0..self.prepared.scattered.partitions()).into_par_iter().map(|partition| {
            let touches = self.partition(partition)?;
            Ok(idle.lend(&make, |visitor| visit(visitor, &touches)))
        });
        let seen = seen.collect::<Result<Vec<T>, EngineError>>()?;
        Ok((idle.into_workers(), seen))
    }

    fn partition(&self, partition: usize) -> Result<PartitionTouches, EngineError> {
        let scattered = &self.prepared.scattered;
        let (pieces, accounts) = (scattered.pieces(partition)?, scattered.accounts(partition));
        let grouped = self.grouping.group(&pieces, scattered.ids(&pieces), accounts.clone(), Beyond::Kept);
        Ok(PartitionTouches { accounts, grouped })
    }

    /// All touches of an account of the partition, in order, as if they were of one journey.
    pub(super) fn touches<'t>(&self, partition: &'t PartitionTouches, account: usize) -> Cow<'t, [Touch]> {
        self.maker.of_all(partition.of_account(account))
    }

    /// Calls `found` for every journey of an account of the partition.
    pub(super) fn of_account(
        &self,
        partition: &PartitionTouches,
        account: usize,
        scratch: &mut EligibleTouches,
        mut found: impl FnMut(FoundJourney<'_>),
    ) {
        let (conversions, touches) = (&self.prepared.conversions, partition.of_account(account));
        for conversion in conversions.of_account(account) {
            if self.plan.finance.attribute_kinds.contains(&conversion.kind) {
                scratch.collect(conversions.window_of(conversion), touches, &self.maker);
                let outcome = Outcome::converted(self.kept(conversion));
                found(FoundJourney { positions: &scratch.position, touches, outcome });
            }
        }
        for window in self.subjects.lost_of(account, conversions) {
            scratch.collect(window, touches, &self.maker);
            found(FoundJourney { positions: &scratch.position, touches, outcome: Outcome::NULL });
        }
        let open = self.subjects.open_of(self.plan, account, self.as_of);
        scratch.collect(open, touches, &self.maker);
        // After an outcome, an account that nobody touched is not on a journey.
        if !scratch.position.is_empty() || !self.subjects.has_outcome(account) {
            found(FoundJourney { positions: &scratch.position, touches, outcome: Outcome::NULL });
        }
    }

    /// When an account converted: the first attributed booking of each of its opportunities.
    pub(super) fn conversions(&self, account: usize) -> impl Iterator<Item = i64> {
        let conversions = &self.prepared.conversions;
        let is_first_line = &self.subjects.is_first_line[conversions.first_of_account[account]..];
        let all = conversions.of_account(account).iter().zip(is_first_line);
        all.filter(|(_, is_first)| **is_first).map(|(conversion, _)| conversion.converted_at)
    }

    /// How a fit under these settings looks at the accounts of the run.
    pub(super) fn sampling(&self, settings: &IncrementalSettings) -> Sampling {
        let accounts = self.subjects.accounts();
        let converted = (0..accounts).filter(|&account| self.conversions(account).next().is_some()).count();
        let conversions = self.subjects.is_first_line.iter().filter(|is_first| **is_first).count();
        Sampling::new(accounts, converted, conversions, settings)
    }

    /// What a deal is worth after the money given back on it.
    fn kept(&self, conversion: &Conversion) -> i64 {
        let credits = self.prepared.conversions.credits_of(conversion);
        credits.iter().fold(conversion.amount, |kept, credit| kept + credit.amount)
    }
}
