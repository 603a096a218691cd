//! Opportunities that were not won: lost, or open.

use super::Lost;
use crate::config::Plan;
use crate::config::file::{Restart, Table};
use crate::engine::EngineError;
use crate::engine::columns::{column, integer_column};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::scatter::conversions::{Conversion, Conversions, DealRows, OpportunityKey};
use crate::scatter::keys::NO_NUMBER;
use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch};
use foldhash::fast::FixedState;
use rayon::prelude::*;
use std::collections::HashSet;

/// The opportunities table, column by column.
pub(super) struct Opportunities<'a> {
    pub(super) ids: IdColumn<'a>,
    accounts: IdColumn<'a>,
    pub(super) created_at: Int64Array,
    closed_at: Int64Array,
    is_won: &'a BooleanArray,
    is_lost: &'a BooleanArray,
}

impl<'a> Opportunities<'a> {
    pub(super) fn try_new(rows: &'a RecordBatch) -> Result<Self, EngineError> {
        Ok(Self {
            ids: IdColumn::try_new(column(rows, "opportunity_id")?)?,
            accounts: IdColumn::try_new(column(rows, "account_id")?)?,
            created_at: integer_column(rows, "created_at")?,
            closed_at: integer_column(rows, "closed_at")?,
            is_won: column(rows, "is_won")?.as_boolean(),
            is_lost: column(rows, "is_lost")?.as_boolean(),
        })
    }
}

/// Those of accounts known that were not won.
pub(super) struct Unwon<'a> {
    opportunities: &'a Opportunities<'a>,
    /// Per opportunity, its account.
    accounts: Vec<u32>,
    /// Those that have a deal, where there is a table of these; without one every opportunity that has a deal is won.
    with_deals: HashSet<OpportunityKey<'a>, FixedState>,
}

impl<'a> Unwon<'a> {
    /// Of the accounts that `conversions` number.
    pub(super) fn of(
        plan: &Plan,
        conversions: &Conversions,
        deals: &'a DealRows<'a>,
        opportunities: &'a Opportunities<'a>,
    ) -> Self {
        let with_deals = match plan.source(Table::Deals) {
            Some(_) => conversions.all.iter().map(|conversion| deals.opportunity_key(conversion.deal)).collect(),
            None => HashSet::default(),
        };
        let mut accounts = Vec::new();
        conversions.by_account.probe_all(&opportunities.accounts, &mut accounts);
        Self { opportunities, accounts, with_deals }
    }

    fn rows(&self) -> std::ops::Range<u32> {
        0..narrow(self.accounts.len())
    }

    fn holds(&self, row: u32) -> bool {
        self.accounts[row as usize] != NO_NUMBER
            && !self.opportunities.is_won.value(row as usize)
            && !self.with_deals.contains(&self.opportunities.ids.get(row as usize))
    }

    fn is_lost(&self, row: u32) -> bool {
        self.opportunities.is_lost.value(row as usize)
    }

    /// When the earliest open opportunity of each of the `count` accounts was created; [`i64::MAX`] where none is open.
    pub(super) fn opened_at(&self, count: usize) -> Vec<i64> {
        let mut opened_at = vec![i64::MAX; count];
        for row in self.rows().filter(|&row| !self.is_lost(row) && self.holds(row)) {
            let opened = &mut opened_at[self.accounts[row as usize] as usize];
            *opened = self.opportunities.created_at.value(row as usize).min(*opened);
        }
        opened_at
    }

    /// The lost ones and their rows, in order of account, close and identifier; nobody's contacts count yet.
    pub(super) fn lost(&self, plan: &Plan, conversions: &Conversions) -> Vec<(Lost, u32)> {
        let rows = self.rows().into_par_iter().filter(|&row| self.is_lost(row) && self.holds(row));
        let lost = rows.map(|row| {
            let (account, closed_at) = (self.accounts[row as usize], self.opportunities.closed_at.value(row as usize));
            let created_at = self.opportunities.created_at.value(row as usize);
            let won = conversions.of_account(account as usize);
            let window_start = lost_window_start(plan, created_at, closed_at, won);
            (Lost { account, window_start, closed_at, contacts: 0..0 }, row)
        });
        let mut lost: Vec<(Lost, u32)> = lost.collect();
        lost.par_sort_unstable_by(|(a, x), (b, y)| {
            let by_id = || self.opportunities.ids.compare(*x as usize, *y as usize);
            (a.account, a.closed_at).cmp(&(b.account, b.closed_at)).then_with(by_id)
        });
        lost
    }
}

/// Where the window of a lost opportunity starts; `won` are the account's conversions in order of their close.
fn lost_window_start(plan: &Plan, created_at: i64, closed_at: i64, won: &[Conversion]) -> i64 {
    let lookback = plan.journeys.measured_from(created_at, closed_at).saturating_sub(plan.journeys.lookback);
    let before = won.partition_point(|conversion| conversion.converted_at < created_at);
    let rules = plan.journeys.restart;
    match won[..before].last() {
        Some(last) if rules.expansion == Restart::AfterWin => lookback.max(last.converted_at.saturating_add(1)),
        _ => lookback,
    }
}
