//! The canonical deals, column by column: their order, their kinds, and which credit belongs to which original.

use super::credits::CreditDeals;
use super::{Conversion, CreditDeal};
use crate::config::file::DealKind;
use crate::engine::EngineError;
use crate::engine::columns::{column, integer_column, text_column, value_at};
use crate::engine::dense::narrow;
use crate::engine::ids::{IdColumn, IdValue};
use crate::scatter::quarters::Quarters;
use crate::scatter::sorting::{HeadedText, sort_side_by_side};
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::prelude::*;
use std::cmp::Ordering;

/// The key of an opportunity within an account.
pub(in crate::scatter) type OpportunityKey<'a> = Option<IdValue<'a>>;

/// What the windows are made of, of one deal.
#[derive(Debug, Clone, Copy)]
pub(super) struct DealFacts<'a> {
    pub(super) row: u32,
    pub(super) opportunity: OpportunityKey<'a>,
    given_kind: Option<DealKind>,
    pub(super) amount: i64,
    pub(super) created_at: i64,
    pub(super) closed_at: i64,
}

impl DealFacts<'_> {
    /// The given kind, or what the order of wins says: the first opportunity is new business, later ones expansion.
    pub(super) fn kind(&self, of_first_win: bool) -> DealKind {
        let inferred = if of_first_win { DealKind::New } else { DealKind::Expansion };
        self.given_kind.unwrap_or(inferred)
    }
}

/// The deals table, column by column.
pub(in crate::scatter) struct DealRows<'a> {
    ids: IdColumn<'a>,
    pub(super) accounts: &'a ArrayRef,
    account_ids: IdColumn<'a>,
    opportunities: IdColumn<'a>,
    /// `None` where no deal can reverse another.
    reverses: Option<IdColumn<'a>>,
    created_at: Int64Array,
    pub(super) closed_at: Int64Array,
    amounts: Int64Array,
    kinds: Vec<Option<DealKind>>,
}

impl<'a> DealRows<'a> {
    pub(super) fn try_new(deals: &'a RecordBatch) -> Result<Self, EngineError> {
        let kinds = text_column(deals, "kind")?;
        let named = |name: Option<&str>| DealKind::ALL.into_iter().find(|kind| Some(kind.name()) == name);
        Ok(Self {
            ids: IdColumn::try_new(column(deals, "deal_id")?)?,
            accounts: column(deals, "account_id")?,
            account_ids: IdColumn::try_new(column(deals, "account_id")?)?,
            opportunities: IdColumn::try_new(column(deals, "opportunity_id")?)?,
            reverses: deals.column_by_name("reverses_deal_id").map(IdColumn::try_new).transpose()?,
            created_at: integer_column(deals, "opportunity_created_at")?,
            closed_at: integer_column(deals, "closed_at")?,
            amounts: integer_column(deals, "amount")?,
            kinds: kinds.iter().map(named).collect(),
        })
    }

    /// How many deals there are.
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn closed(&self, row: u32) -> i64 {
        self.closed_at.value(row as usize)
    }

    fn amount(&self, row: u32) -> i64 {
        self.amounts.value(row as usize)
    }

    /// What windows are made of, of these rows. They lie scattered over the table, and column by column the memory is
    /// waited for together.
    pub(super) fn facts<'b>(&'b self, rows: &[u32], facts: &mut Vec<DealFacts<'b>>) {
        facts.clear();
        let blank = DealFacts { row: 0, opportunity: None, given_kind: None, amount: 0, created_at: 0, closed_at: 0 };
        facts.extend(rows.iter().map(|&row| DealFacts { row, ..blank }));
        facts.iter_mut().for_each(|deal| deal.opportunity = self.opportunity_key(deal.row));
        facts.iter_mut().for_each(|deal| deal.created_at = self.created_at.value(deal.row as usize));
        facts.iter_mut().for_each(|deal| deal.closed_at = self.closed(deal.row));
        facts.iter_mut().for_each(|deal| deal.amount = self.amount(deal.row));
        facts.iter_mut().for_each(|deal| deal.given_kind = self.kinds[deal.row as usize]);
    }

    /// Negative money without a kind is a credit.
    fn is_credit(&self, row: u32) -> bool {
        match self.kinds[row as usize] {
            Some(kind) => kind == DealKind::Credit,
            None => self.amount(row) < 0,
        }
    }

    pub(super) fn kinds_inferred(&self) -> bool {
        self.kinds.iter().any(Option::is_none)
    }

    pub(in crate::scatter) fn opportunity_key(&self, row: u32) -> OpportunityKey<'_> {
        self.opportunities.get(row as usize)
    }

    fn by_close(&self, a: u32, b: u32) -> Ordering {
        self.closed(a).cmp(&self.closed(b)).then_with(|| self.ids.compare(a as usize, b as usize))
    }

    /// Sorts rows by account, closing and deal. Returns where those of each account start, and where those of the last end.
    pub(super) fn sort_by_account_and_close(&self, rows: &mut [u32]) -> Vec<usize> {
        match &self.account_ids {
            IdColumn::Int(accounts) => self.sort_by(rows, |row| accounts.values()[row as usize]),
            IdColumn::Text(accounts) => {
                self.sort_by(rows, |row| value_at(*accounts, row as usize).map(HeadedText::new))
            }
        }
    }

    /// Keys side by side in memory sort several times faster than keys looked up.
    fn sort_by<K: Ord + Copy + Send + Sync>(&self, rows: &mut [u32], account: impl Fn(u32) -> K + Sync) -> Vec<usize> {
        let mut keyed: Vec<(K, i64, u32)> = rows.par_iter().map(|&row| (account(row), self.closed(row), row)).collect();
        sort_side_by_side(&mut keyed, &|&(account, closed, _)| (account, closed));
        let tied = keyed.par_chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|tied| tied.len() > 1);
        tied.for_each(|tied| tied.sort_unstable_by(|a, b| self.by_close(a.2, b.2)));
        let is_first = |&row: &usize| row == 0 || keyed[row - 1].0 != keyed[row].0;
        let mut starts: Vec<usize> = (0..keyed.len()).into_par_iter().filter(is_first).collect();
        starts.push(keyed.len());
        rows.par_iter_mut().zip(keyed).for_each(|(row, (.., sorted))| *row = sorted);
        starts
    }

    pub(super) fn originals_and_credits(&self) -> (Vec<u32>, Vec<u32>) {
        let rows = 0..narrow(self.kinds.len());
        rows.partition(|&row| !self.is_credit(row))
    }

    /// Gives every credit deal to its original: the deal it reverses, else the first line of its opportunity.
    pub(super) fn match_credits(&self, mut rows: Vec<u32>, all: &[Conversion], quarters: &Quarters) -> CreditDeals {
        let mut credits = CreditDeals::default();
        if rows.is_empty() {
            return credits;
        }
        rows.sort_unstable_by(|&a, &b| self.by_close(a, b));
        // Few deals are credits: only what these ask for is looked for among all.
        let reversed = |row: u32| self.reverses.as_ref().and_then(|reverses| reverses.get(row as usize));
        let (with_deal, without): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| reversed(row).is_some());
        let mut by_deal: HashMap<_, Option<usize>, FixedState> =
            with_deal.into_iter().map(|row| (reversed(row), None)).collect();
        let mut by_opportunity: HashMap<_, Option<usize>, FixedState> =
            without.into_iter().map(|row| (self.opportunity_key(row), None)).collect();
        for (position, conversion) in all.iter().enumerate() {
            if let Some(original) = by_deal.get_mut(&self.ids.get(conversion.deal as usize)) {
                *original = Some(position);
            }
            if let Some(original) = by_opportunity.get_mut(&self.opportunity_key(conversion.deal)) {
                original.get_or_insert(position);
            }
        }
        let mut matched: Vec<(usize, CreditDeal)> = Vec::new();
        for row in rows {
            let credit = CreditDeal {
                deal: row,
                amount: self.amount(row),
                closed_at: self.closed(row),
                close_quarter: quarters.position(self.closed(row)),
            };
            let original = match reversed(row) {
                Some(deal) => by_deal.get(&Some(deal)),
                None => by_opportunity.get(&self.opportunity_key(row)),
            };
            match original.copied().flatten() {
                Some(position) => matched.push((position, credit)),
                None => credits.unmatched.push(credit),
            }
        }
        matched.sort_by_key(|(position, _)| *position);
        let mut start = 0;
        for of_original in matched.chunk_by(|a, b| a.0 == b.0) {
            let end = start + of_original.len();
            credits.of_deal.insert(all[of_original[0].0].deal, narrow(start)..narrow(end));
            start = end;
        }
        credits.matched = matched.into_iter().map(|(_, credit)| credit).collect();
        credits
    }
}
