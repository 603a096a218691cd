//! The windows of conversions: each opportunity's lookback, cut where an earlier win restarts the journey.

use super::Conversion;
use super::deal_rows::{DealRows, OpportunityKey};
use crate::config::Plan;
use crate::config::file::{DealKind, LookbackFrom, Restart};
use std::collections::HashMap;

/// Makes the conversions of one account of its original deals in order of closing, one of each.
pub(super) fn conversions_of_account(plan: &Plan, deals: &DealRows<'_>, rows: &[u32], conversions: &mut [Conversion]) {
    // Wins of the account by opportunity, in the order of their first closing.
    let mut opportunities: Vec<OpportunityWin> = Vec::new();
    let mut ranks: HashMap<OpportunityKey<'_>, usize> = HashMap::new();
    let mut lines: Vec<(u32, usize)> = Vec::with_capacity(rows.len());
    for &row in rows {
        let next = opportunities.len();
        // Most accounts have one deal, which is nothing to look up.
        let rank = if rows.len() == 1 { next } else { *ranks.entry(deals.opportunity_key(row)).or_insert(next) };
        if rank == next {
            opportunities.push(OpportunityWin {
                created_at: deals.created(row),
                first_close: deals.closed(row),
                last_close: deals.closed(row),
                kind: deals.kind(row, rank == 0),
                window_start: 0,
            });
        }
        opportunities[rank].last_close = opportunities[rank].last_close.max(deals.closed(row));
        lines.push((row, rank));
    }
    let mut wins: Vec<(i64, usize)> =
        opportunities.iter().enumerate().map(|(rank, win)| (win.last_close, rank)).collect();
    wins.sort_unstable();
    for (rank, win) in opportunities.iter_mut().enumerate() {
        win.window_start = window_start(plan, win, rank, &wins);
    }
    for ((row, rank), conversion) in lines.into_iter().zip(conversions) {
        let win = &opportunities[rank];
        *conversion = Conversion {
            deal: row,
            kind: deals.kind(row, rank == 0),
            amount: deals.amount(row),
            converted_at: deals.closed(row),
            window_start: win.window_start,
            measured_from: win.measured_from(plan),
            opportunity_created_at: win.created_at,
        };
    }
}

/// One won opportunity of an account.
struct OpportunityWin {
    created_at: i64,
    first_close: i64,
    last_close: i64,
    kind: DealKind,
    window_start: i64,
}

impl OpportunityWin {
    fn measured_from(&self, plan: &Plan) -> i64 {
        match plan.journeys.lookback_from {
            LookbackFrom::OpportunityCreated => self.created_at,
            LookbackFrom::Conversion => self.first_close,
        }
    }
}

/// Where the window of an opportunity's lines starts; `wins` are the account's wins, sorted.
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
