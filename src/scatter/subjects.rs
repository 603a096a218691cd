//! What did not convert: every account known, with its lost opportunities, what followed its last outcome, and the traits
//! that a baseline rests on. Built only where fitted models run.
//!
//! A lost opportunity is a journey to its close, under the same rules of window, restart and contacts as a won one. What an
//! account met after its last outcome, won or lost, is a journey that has not converted by the as-of date.

mod numbering;
mod unwon;

pub(super) use numbering::Numbering;
pub use numbering::account_key;

use self::unwon::{Opportunities, Unwon};
use super::conversions::{Conversions, DealRows, RoleContacts, Window};
use super::keys::KeyIndex;
use crate::config::Plan;
use crate::engine::EngineError;
use crate::engine::columns::{column, text_column, value_at};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use foldhash::fast::FixedState;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

/// Where accounts and opportunities without a conversion come from.
#[derive(Debug, Clone, Copy)]
pub struct OtherAccounts<'a> {
    /// The canonical opportunities.
    pub opportunities: &'a RecordBatch,
    /// The canonical accounts.
    pub accounts: &'a RecordBatch,
    /// An instant that the as-of date is not before, microseconds.
    pub latest: i64,
    /// Whether every account is followed over the whole time, as a model of rates needs it.
    pub whole_time: bool,
}

/// What fitted models compare conversions with; per account by its dense number.
#[derive(Debug)]
pub struct Subjects {
    /// The widest window of the account's conversions: no touch where it has none.
    pub converting: Vec<(i64, i64)>,
    numbering: Numbering,
    /// See [`Self::keys`].
    keys: OnceLock<Vec<u64>>,
    /// Codes of segment and size; 0 is unknown.
    pub covariates: Vec<[u32; 2]>,
    /// Since when conversions are on record: the earliest creation of an opportunity or close of a deal.
    pub observed_from: i64,
    /// Whether a conversion is the first attributed booking of its opportunity, by its position.
    pub is_first_line: Vec<bool>,
    /// In order of account and close.
    lost: Vec<Lost>,
    first_lost: Vec<usize>,
    /// When the account's last won or lost opportunity ended; [`i64::MIN`] where none has.
    last_outcome: Vec<i64>,
    /// When the earliest of its open opportunities was created; [`i64::MAX`] where none is open.
    opened_at: Vec<i64>,
}

/// A lost opportunity.
#[derive(Debug, Clone)]
struct Lost {
    account: u32,
    window_start: i64,
    closed_at: i64,
    /// In [`Conversions::role_contacts`].
    contacts: Range<u32>,
}

impl Subjects {
    /// Adds what did not convert to conversions whose accounts are numbered by `numbering`, and widens what is looked at.
    pub(super) fn add(
        plan: &Plan,
        conversions: &mut Conversions,
        deals: &DealRows<'_>,
        of_roles: &RoleContacts<'_>,
        others: &OtherAccounts<'_>,
        numbering: Numbering,
    ) -> Result<(), EngineError> {
        let accounts = conversions.accounts();
        let opportunities = Opportunities::try_new(others.opportunities)?;
        let (lost, (opened_at, is_first_line)) = {
            let (known, unwon) = (&*conversions, Unwon::of(plan, conversions, deals, &opportunities));
            rayon::join(|| unwon.lost(plan, known), || (unwon.opened_at(accounts), first_lines(plan, known, deals)))
        };
        let with_contacts = |(mut lost, row): (Lost, u32)| {
            if let Some(contacts) = of_roles.get(&opportunities.ids.get(row as usize)) {
                let start = narrow(conversions.role_contacts.len());
                conversions.role_contacts.extend(contacts);
                lost.contacts = start..narrow(conversions.role_contacts.len());
            }
            lost
        };
        let lost: Vec<Lost> = lost.into_iter().map(with_contacts).collect();
        let mut first_lost = vec![0; accounts + 1];
        lost.iter().for_each(|lost| first_lost[lost.account as usize + 1] += 1);
        (0..accounts).for_each(|account| first_lost[account + 1] += first_lost[account]);
        let last_outcome = (0..accounts).into_par_iter().map(|account| {
            let won = conversions.of_account(account).iter().map(|conversion| conversion.converted_at);
            let lost = lost[first_lost[account]..first_lost[account + 1]].iter().map(|lost| lost.closed_at);
            won.chain(lost).max().unwrap_or(i64::MIN)
        });
        let last_outcome = last_outcome.collect();
        let closes = conversions.all.iter().map(|conversion| conversion.converted_at);
        let creations = (0..opportunities.created_at.len()).map(|row| opportunities.created_at.value(row));
        let subjects = Self {
            covariates: covariates(others.accounts, &conversions.by_account, accounts)?,
            observed_from: closes.chain(creations).min().unwrap_or(others.latest),
            is_first_line,
            last_outcome,
            numbering,
            keys: OnceLock::new(),
            converting: std::mem::take(&mut conversions.widest),
            opened_at,
            lost,
            first_lost,
        };
        // Before the first window of an account's journeys touches are there for fits of rates alone.
        let first_start = |account| subjects.first_start(plan, account, others.latest);
        let whole = others.whole_time.then(|| subjects.observed_from.saturating_sub(plan.journeys.lookback));
        // The as-of date is not yet known.
        let widest = |from: i64| (from.min(whole.unwrap_or(from)), i64::MAX);
        conversions.widest = (0..accounts).into_par_iter().map(first_start).map(widest).collect();
        conversions.subjects = Some(subjects);
        Ok(())
    }

    /// A hash of every account's identifier that no version of this program changes; told when first asked for.
    ///
    /// # Errors
    /// None that inputs can cause.
    pub fn keys(&self) -> Result<&[u64], EngineError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let keys = self.numbering.keys()?;
        Ok(self.keys.get_or_init(|| keys))
    }

    /// How much memory it takes, near enough, keys among it.
    pub(super) fn bytes(&self) -> usize {
        self.numbering.bytes()
            + self.accounts() * size_of::<u64>()
            + size_of_val(self.converting.as_slice())
            + size_of_val(self.covariates.as_slice())
            + size_of_val(self.is_first_line.as_slice())
            + size_of_val(self.lost.as_slice())
            + size_of_val(self.first_lost.as_slice())
            + size_of_val(self.last_outcome.as_slice())
            + size_of_val(self.opened_at.as_slice())
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.numbering.accounts()
    }

    /// Where the first window of an account's journeys starts.
    fn first_start(&self, plan: &Plan, account: usize, latest: i64) -> i64 {
        let lost = self.lost[self.first_lost[account]..self.first_lost[account + 1]].iter();
        let open = self.open_start(plan, account, latest);
        lost.map(|lost| lost.window_start).chain([self.converting[account].0, open]).min().unwrap_or(open)
    }

    /// The windows of an account's lost opportunities, in order of their close.
    pub fn lost_of<'a>(&'a self, account: usize, conversions: &'a Conversions) -> impl Iterator<Item = Window<'a>> {
        self.lost[self.first_lost[account]..self.first_lost[account + 1]].iter().map(|lost| Window {
            start: lost.window_start,
            end: lost.closed_at,
            contacts: &conversions.role_contacts[lost.contacts.start as usize..lost.contacts.end as usize],
        })
    }

    /// The window of what followed an account's last outcome.
    pub fn open_of(&self, plan: &Plan, account: usize, as_of: i64) -> Window<'static> {
        Window { start: self.open_start(plan, account, as_of), end: as_of, contacts: &[] }
    }

    /// Whether the account has won or lost anything.
    pub fn has_outcome(&self, account: usize) -> bool {
        self.last_outcome[account] != i64::MIN
    }

    fn open_start(&self, plan: &Plan, account: usize, as_of: i64) -> i64 {
        let from = plan.journeys.measured_from(self.opened_at[account].min(as_of), as_of);
        from.saturating_sub(plan.journeys.lookback).max(self.last_outcome[account].saturating_add(1))
    }
}

/// Whether each conversion is the first booking of its opportunity that is attributed.
fn first_lines(plan: &Plan, conversions: &Conversions, deals: &DealRows<'_>) -> Vec<bool> {
    let mut seen: HashSet<_, FixedState> = HashSet::default();
    let mut is_first = Vec::with_capacity(conversions.all.len());
    for account in 0..conversions.accounts() {
        seen.clear();
        let of_account = conversions.of_account(account);
        is_first.extend(of_account.iter().map(|conversion| {
            // Most accounts have one deal, which is nothing to look up.
            plan.finance.attribute_kinds.contains(&conversion.kind)
                && (of_account.len() == 1 || seen.insert(deals.opportunity_key(conversion.deal)))
        }));
    }
    is_first
}

/// Ends of the classes of size, in employees.
const SIZES: [i64; 5] = [1, 50, 200, 1_000, 5_000];

/// Codes of segment and size per dense account.
fn covariates(accounts: &RecordBatch, by_account: &KeyIndex, count: usize) -> Result<Vec<[u32; 2]>, EngineError> {
    let ids = IdColumn::try_new(column(accounts, "account_id")?)?;
    let segments = text_column(accounts, "segment")?;
    let employees = column(accounts, "employees")?.as_primitive::<Int64Type>();
    let names: BTreeSet<&str> = segments.iter().flatten().collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut covariates = vec![[0, 0]; count];
    for row in 0..accounts.num_rows() {
        let Some(account) = by_account.probe(&ids, row) else { continue };
        let segment = value_at(&segments, row).map(|segment| names.partition_point(|name| *name < segment) + 1);
        let size = value_at(employees, row).map(|employees| SIZES.partition_point(|&end| end <= employees));
        covariates[account as usize] = [segment, size].map(|code| narrow(code.unwrap_or_default()));
    }
    Ok(covariates)
}
