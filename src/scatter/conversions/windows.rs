//! The windows of conversions: each opportunity's lookback, cut where an earlier win restarts the journey.

use super::Conversion;
use super::deal_rows::{DealFacts, OpportunityKey};
use crate::config::Plan;
use crate::config::file::{DealKind, Restart};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Makes conversions account by account; holds only scratch space, so one per thread is enough.
pub(super) struct WindowMaker<'a> {
    plan: &'a Plan,
    /// Wins of the account at work by opportunity, in the order of their first closing.
    opportunities: Vec<OpportunityWin>,
    ranks: HashMap<OpportunityKey<'a>, usize, FixedState>,
    /// The rank of each deal's opportunity.
    rank_of_deal: Vec<usize>,
    /// When each deal was won, in that order, with the rank of its opportunity.
    wins: Vec<(i64, usize)>,
}

impl<'a> WindowMaker<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let (opportunities, rank_of_deal, wins) = (Vec::new(), Vec::new(), Vec::new());
        Self { plan, opportunities, ranks: HashMap::default(), rank_of_deal, wins }
    }

    /// Makes the conversions of one account of its original deals in order of closing, one of each.
    pub(super) fn make(&mut self, deals: &[DealFacts<'a>], conversions: &mut [Conversion]) {
        self.rank(deals);
        self.wins.clear();
        self.wins.extend(deals.iter().map(|deal| deal.closed_at).zip(self.rank_of_deal.iter().copied()));
        for (rank, win) in self.opportunities.iter_mut().enumerate() {
            win.window_start = window_start(self.plan, win, rank, &self.wins);
        }
        for ((deal, &rank), conversion) in deals.iter().zip(&self.rank_of_deal).zip(conversions) {
            let win = &self.opportunities[rank];
            *conversion = Conversion {
                deal: deal.row,
                kind: deal.kind(rank == 0),
                amount: deal.amount,
                converted_at: deal.closed_at,
                // One that would start after the deal closed is empty, and begins right after it.
                window_start: win.window_start.min(deal.closed_at.saturating_add(1)),
                measured_from: win.measured_from(self.plan),
                opportunity_created_at: win.created_at,
            };
        }
    }

    /// Finds the opportunity of every deal.
    fn rank(&mut self, deals: &[DealFacts<'a>]) {
        self.opportunities.clear();
        self.ranks.clear();
        self.rank_of_deal.clear();
        for deal in deals {
            let next = self.opportunities.len();
            // Most accounts have one deal, which is nothing to look up.
            let rank = match deals.len() {
                1 => next,
                _ => *self.ranks.entry(deal.opportunity).or_insert(next),
            };
            if rank == next {
                self.opportunities.push(OpportunityWin {
                    created_at: deal.created_at,
                    first_close: deal.closed_at,
                    kind: deal.kind(rank == 0),
                    window_start: 0,
                });
            }
            self.rank_of_deal.push(rank);
        }
    }
}

/// One won opportunity of an account.
struct OpportunityWin {
    created_at: i64,
    first_close: i64,
    kind: DealKind,
    window_start: i64,
}

impl OpportunityWin {
    fn measured_from(&self, plan: &Plan) -> i64 {
        plan.journeys.measured_from(self.created_at, self.first_close)
    }
}

/// Where the window of an opportunity's lines starts; `wins` are the account's wins, a line each, sorted.
fn window_start(plan: &Plan, win: &OpportunityWin, rank: usize, wins: &[(i64, usize)]) -> i64 {
    let lookback = win.measured_from(plan).saturating_sub(plan.journeys.lookback);
    let rules = plan.journeys.restart;
    let restart = match win.kind {
        DealKind::New | DealKind::Credit => rules.new,
        DealKind::Expansion => rules.expansion,
        DealKind::Renewal => rules.renewal,
    };
    if restart == Restart::Never {
        return lookback;
    }
    let earlier_wins = &wins[..wins.partition_point(|&(closed, _)| closed < win.created_at)];
    match earlier_wins.iter().rev().find(|(_, other)| *other != rank) {
        Some(&(closed, _)) => lookback.max(closed.saturating_add(1)),
        None => lookback,
    }
}
