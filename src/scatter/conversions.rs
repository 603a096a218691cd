//! The small side: won deals as conversions, by account, each with its window, milestones and credits.

use super::keys::KeyIndex;
use super::quarters::Quarters;
use super::subjects::{Numbering, OtherAccounts, Subjects};
use crate::config::Plan;
use crate::config::file::{DealKind, LookbackFrom, Mapping, Restart};
use crate::engine::EngineError;
use crate::engine::ids::IdColumn;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use closedloop_core::journey::Milestones;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

/// A won deal line that credit is given for.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// Its row in the deals table.
    pub deal: u32,
    /// What kind of booking it is.
    pub kind: DealKind,
    /// Minor units.
    pub amount: i64,
    /// When it closed; the end of the window.
    pub converted_at: i64,
    /// The start of the window.
    pub window_start: i64,
    /// What the lookback is measured from.
    pub measured_from: i64,
    /// When its opportunity was created.
    pub opportunity_created_at: i64,
    /// When the earliest of its contacts was created; [`i64::MAX`] where none is known.
    lead_created_at: i64,
    /// Position of the quarter it closed in.
    pub close_quarter: u32,
    /// Its credit deals, in [`Conversions::credits`], oldest first.
    credits: Range<u32>,
    /// The contacts whose touches count, in [`Conversions::role_contacts`]; empty means all of the account.
    contacts: Range<u32>,
}

/// No contact of the conversion has a date of creation.
const NO_LEAD: i64 = i64::MAX;

impl Conversion {
    /// Whether its window holds an instant; both ends belong to it.
    pub fn spans(&self, instant: i64) -> bool {
        self.window_start <= instant && instant <= self.converted_at
    }

    /// The same with a window that starts no earlier than `lookback` before what it is measured from.
    pub fn narrowed(&self, lookback: i64) -> Self {
        let window_start = self.window_start.max(self.measured_from.saturating_sub(lookback));
        Self { window_start, ..self.clone() }
    }

    /// Lead creation and opportunity creation; a touch logged by `tolerance` microseconds later still holds them.
    pub fn milestones(&self, tolerance: i64) -> Milestones {
        Milestones {
            lead_created_at: Some(self.lead_created_at).filter(|at| *at != NO_LEAD),
            opportunity_created_at: Some(self.opportunity_created_at),
            tolerance,
        }
    }
}

/// A deal that gives money back on an earlier one.
#[derive(Debug, Clone)]
pub struct CreditDeal {
    /// Its row in the deals table.
    pub deal: u32,
    /// Minor units, usually negative.
    pub amount: i64,
    /// When it was booked.
    pub closed_at: i64,
    /// Position of the quarter it was booked in.
    pub close_quarter: u32,
}

/// All conversions, grouped by account; accounts are numbered in the order of their identifiers.
#[derive(Debug)]
pub struct Conversions {
    /// In order of account, closing and deal.
    pub all: Vec<Conversion>,
    /// Credit deals, in the order of their originals.
    pub credits: Vec<CreditDeal>,
    /// Credit deals whose original cannot be found, in order of closing and deal.
    pub unmatched: Vec<CreditDeal>,
    /// Contacts with a role, sorted within each conversion's range.
    pub role_contacts: Vec<u32>,
    /// Where the conversions of each account start; one more entry than accounts.
    pub first_of_account: Vec<usize>,
    /// Earliest window start and latest conversion of each account; with [`Self::subjects`], all that is looked at.
    pub widest: Vec<(i64, i64)>,
    /// Account identifier → dense number.
    pub by_account: KeyIndex,
    /// Contact identifier → position in `contact_accounts`, for contacts of accounts with conversions and those with a
    /// role.
    pub by_contact: KeyIndex,
    /// The dense account of each such contact, where it is one with conversions.
    pub contact_accounts: Vec<Option<u32>>,
    /// The fiscal quarters from the earliest window start to the latest booking.
    pub quarters: Quarters,
    /// Whether some deals had no kind, so that it was inferred from the order of wins.
    pub kinds_inferred: bool,
    /// What did not convert, where fitted models compare with it; the accounts then include those without conversions.
    pub subjects: Option<Subjects>,
}

/// The window of a journey.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// Its first instant.
    pub start: i64,
    /// Its last instant.
    pub end: i64,
    /// The contacts whose touches count, sorted; none means all of the account.
    pub contacts: &'a [u32],
}

impl Conversions {
    /// Builds the small side from the canonical deals, contacts and contact roles.
    ///
    /// # Errors
    /// Tables of other columns or types than the stage files give them.
    pub fn build(
        plan: &Plan,
        deals: &RecordBatch,
        contacts: &RecordBatch,
        roles: &RecordBatch,
    ) -> Result<Self, EngineError> {
        Self::build_with(plan, deals, contacts, roles, None)
    }

    /// As [`Self::build`], with the accounts and opportunities that did not convert, when they are given.
    ///
    /// # Errors
    /// As for [`Self::build`].
    pub fn build_with(
        plan: &Plan,
        deals: &RecordBatch,
        contacts: &RecordBatch,
        roles: &RecordBatch,
        others: Option<&OtherAccounts<'_>>,
    ) -> Result<Self, EngineError> {
        let deals = DealRows::try_new(deals)?;
        let (mut originals, credit_rows) = deals.originals_and_credits();
        deals.sort_by_account_and_close(&mut originals);
        let accounts: Vec<Range<usize>> = runs(originals.len(), |i, j| deals.same_account(originals[i], originals[j]));
        let first_of_account: Vec<usize> = std::iter::once(0).chain(accounts.iter().map(|run| run.end)).collect();
        let mut all: Vec<Conversion> = accounts
            .par_chunks(ACCOUNTS_PER_TASK)
            .flat_map_iter(|accounts| {
                let mut of_accounts = Vec::new();
                for run in accounts {
                    conversions_of_account(plan, &deals, &originals[run.clone()], &mut of_accounts);
                }
                of_accounts
            })
            .collect();
        let quarters = spanned_quarters(plan, &deals, &all);
        for conversion in &mut all {
            conversion.close_quarter = quarters.position(conversion.converted_at);
        }
        let (credits, unmatched) = deals.match_credits(credit_rows, &mut all, &quarters);
        let first_rows = first_of_account[..first_of_account.len() - 1].iter().map(|&first| all[first].deal as usize);
        let numbering = others.map(|others| Numbering::new(deals.accounts, first_rows.clone(), others)).transpose()?;
        let (first_of_account, by_account) = match &numbering {
            None => (first_of_account.clone(), KeyIndex::build(deals.accounts, first_rows.zip(0..))?),
            Some(numbering) => (numbering.spread(&first_of_account), numbering.index()?),
        };
        let widest = (0..first_of_account.len() - 1)
            .map(|account| widest_window(&all[first_of_account[account]..first_of_account[account + 1]]))
            .collect();
        let (by_contact, contact_accounts) = index_contacts(contacts, roles, &by_account)?;
        let mut conversions = Self {
            all,
            credits,
            unmatched,
            role_contacts: Vec::new(),
            first_of_account,
            widest,
            by_account,
            by_contact,
            contact_accounts,
            quarters,
            kinds_inferred: deals.kinds_inferred(),
            subjects: None,
        };
        conversions.map_contacts(plan, &deals, contacts, roles)?;
        if let (Some(others), Some(numbering)) = (others, numbering) {
            Subjects::add(plan, &mut conversions, &deals, roles, others, &numbering)?;
        }
        Ok(conversions)
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.first_of_account.len() - 1
    }

    /// The credit deals of a conversion, oldest first.
    pub fn credits_of(&self, conversion: &Conversion) -> &[CreditDeal] {
        &self.credits[conversion.credits.start as usize..conversion.credits.end as usize]
    }

    /// The contacts whose touches count for a conversion; none means all of the account.
    pub fn contacts_of(&self, conversion: &Conversion) -> &[u32] {
        &self.role_contacts[conversion.contacts.start as usize..conversion.contacts.end as usize]
    }

    /// The window of a conversion.
    pub fn window_of(&self, conversion: &Conversion) -> Window<'_> {
        let contacts = self.contacts_of(conversion);
        Window { start: conversion.window_start, end: conversion.converted_at, contacts }
    }

    /// The conversions of an account.
    pub fn of_account(&self, account: usize) -> &[Conversion] {
        &self.all[self.first_of_account[account]..self.first_of_account[account + 1]]
    }

    /// Sets lead creation and, where the mapping asks for it, the contacts of every conversion.
    fn map_contacts(
        &mut self,
        plan: &Plan,
        deals: &DealRows<'_>,
        contacts: &RecordBatch,
        roles: &RecordBatch,
    ) -> Result<(), EngineError> {
        let contact_ids = column(contacts, "contact_id");
        let contact_ids = IdColumn::try_new(contact_ids)?;
        let created = micros(contacts, "created_at")?;
        let mut created_of_contact = vec![None; self.contact_accounts.len()];
        let mut created_of_account = vec![None; self.accounts()];
        for row in 0..contacts.num_rows() {
            let Some(contact) = self.by_contact.probe(&contact_ids, row) else { continue };
            let at = created.is_valid(row).then(|| created.value(row));
            created_of_contact[contact as usize] = at;
            if let Some(account) = self.contact_accounts[contact as usize] {
                let earliest = &mut created_of_account[account as usize];
                *earliest = earlier(*earliest, at);
            }
        }
        let role_contacts = role_contacts(plan, &self.by_contact, roles)?;
        for (bounds, of_account) in self.first_of_account.windows(2).zip(created_of_account) {
            for conversion in &mut self.all[bounds[0]..bounds[1]] {
                let start = self.role_contacts.len();
                match role_contacts.get(&deals.opportunity_key(conversion.deal)) {
                    Some(mapped) => {
                        self.role_contacts.extend(mapped);
                        let earliest = mapped.iter().map(|&contact| created_of_contact[contact as usize]);
                        conversion.lead_created_at = earliest.fold(None, earlier).unwrap_or(NO_LEAD);
                    }
                    None => conversion.lead_created_at = of_account.unwrap_or(NO_LEAD),
                }
                conversion.contacts = narrow(start)..narrow(self.role_contacts.len());
            }
        }
        Ok(())
    }
}

/// The contacts that the mapping asks for, by opportunity.
pub(super) fn role_contacts<'a>(
    plan: &Plan,
    by_contact: &KeyIndex,
    roles: &'a RecordBatch,
) -> Result<HashMap<OpportunityKey<'a>, Vec<u32>>, EngineError> {
    match plan.journeys.mapping {
        Mapping::Account => Ok(HashMap::new()),
        Mapping::ContactRoles => contacts_by_opportunity(by_contact, roles, false),
        Mapping::PrimaryContact => contacts_by_opportunity(by_contact, roles, true),
    }
}

/// The known contacts with a role on each opportunity, sorted.
fn contacts_by_opportunity<'a>(
    by_contact: &KeyIndex,
    roles: &'a RecordBatch,
    primary_only: bool,
) -> Result<HashMap<OpportunityKey<'a>, Vec<u32>>, EngineError> {
    let opportunities = IdColumn::try_new(column(roles, "opportunity_id"))?;
    let contacts = IdColumn::try_new(column(roles, "contact_id"))?;
    let primary = column(roles, "is_primary").as_boolean();
    let mut mapped: HashMap<OpportunityKey<'a>, Vec<u32>> = HashMap::new();
    for row in (0..u32::try_from(roles.num_rows()).unwrap_or(u32::MAX))
        .filter(|&row| !primary_only || primary.value(row as usize))
    {
        if let Some(contact) = by_contact.probe(&contacts, row as usize) {
            mapped.entry(value(&opportunities, row)).or_default().push(contact);
        }
    }
    for contacts in mapped.values_mut() {
        contacts.sort_unstable();
        contacts.dedup();
    }
    Ok(mapped)
}

fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Ranges of consecutive positions that are the same.
fn runs(len: usize, same: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for end in 1..=len {
        if end == len || !same(start, end) {
            runs.push(start..end);
            start = end;
        }
    }
    runs
}

/// The contacts of accounts with conversions and those with a role, whatever their account, numbered in the order of
/// their identifiers.
fn index_contacts(
    contacts: &RecordBatch,
    roles: &RecordBatch,
    by_account: &KeyIndex,
) -> Result<(KeyIndex, Vec<Option<u32>>), EngineError> {
    let accounts = IdColumn::try_new(column(contacts, "account_id"))?;
    let contact_ids = IdColumn::try_new(column(contacts, "contact_id"))?;
    let with_role = KeyIndex::build(column(roles, "contact_id"), (0..roles.num_rows()).map(|row| (row, 0)))?;
    let rows = 0..u32::try_from(contacts.num_rows()).unwrap_or(u32::MAX);
    let mut mapped: Vec<(u32, Option<u32>)> = rows
        .map(|row| (row, by_account.probe(&accounts, row as usize)))
        .filter(|(row, account)| account.is_some() || with_role.probe(&contact_ids, *row as usize).is_some())
        .collect();
    mapped.sort_unstable_by(|a, b| value(&contact_ids, a.0).cmp(&value(&contact_ids, b.0)));
    let rows = mapped.iter().map(|(row, _)| *row as usize);
    let by_contact = KeyIndex::build(column(contacts, "contact_id"), rows.zip(0..))?;
    let contact_accounts = mapped.into_iter().map(|(_, account)| account).collect();
    Ok((by_contact, contact_accounts))
}

fn widest_window(conversions: &[Conversion]) -> (i64, i64) {
    let start = conversions.iter().map(|conversion| conversion.window_start).min();
    let end = conversions.iter().map(|conversion| conversion.converted_at).max();
    (start.unwrap_or(i64::MAX), end.unwrap_or(i64::MIN))
}

fn spanned_quarters(plan: &Plan, deals: &DealRows<'_>, all: &[Conversion]) -> Quarters {
    let earliest = all.iter().map(|conversion| conversion.window_start);
    let closes = deals.closed_at.iter().flatten();
    let earliest = earliest.chain(closes.clone()).min().unwrap_or_default();
    Quarters::spanning(&plan.calendar, earliest, closes.max().unwrap_or(earliest))
}

/// Accounts whose conversions are made in one go.
const ACCOUNTS_PER_TASK: usize = 4_096;

/// Appends the conversions of one account, given its original deals in order of closing.
fn conversions_of_account(plan: &Plan, deals: &DealRows<'_>, rows: &[u32], all: &mut Vec<Conversion>) {
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
    for (row, rank) in lines {
        let win = &opportunities[rank];
        all.push(Conversion {
            deal: row,
            kind: deals.kind(row, rank == 0),
            amount: deals.amount(row),
            converted_at: deals.closed(row),
            window_start: win.window_start,
            measured_from: win.measured_from(plan),
            opportunity_created_at: win.created_at,
            lead_created_at: NO_LEAD,
            close_quarter: 0,
            credits: 0..0,
            contacts: 0..0,
        });
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

pub(super) fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    let position = rows.schema().index_of(name).unwrap_or_default();
    rows.column(position)
}

pub(super) fn micros(rows: &RecordBatch, name: &str) -> Result<Int64Array, EngineError> {
    Ok(cast(column(rows, name), &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// The key of an opportunity within an account.
pub(super) type OpportunityKey<'a> = Option<IdValue<'a>>;

/// One identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum IdValue<'a> {
    Int(i64),
    Text(&'a str),
}

/// The deals table, column by column.
pub(super) struct DealRows<'a> {
    ids: IdColumn<'a>,
    accounts: &'a ArrayRef,
    account_ids: IdColumn<'a>,
    opportunities: IdColumn<'a>,
    reverses: IdColumn<'a>,
    created_at: Int64Array,
    closed_at: Int64Array,
    amounts: Int64Array,
    kinds: Vec<Option<DealKind>>,
}

impl<'a> DealRows<'a> {
    fn try_new(deals: &'a RecordBatch) -> Result<Self, EngineError> {
        let kinds = cast(column(deals, "kind"), &DataType::Utf8)?;
        let named = |name: Option<&str>| DealKind::ALL.into_iter().find(|kind| Some(kind.name()) == name);
        Ok(Self {
            ids: IdColumn::try_new(column(deals, "deal_id"))?,
            accounts: column(deals, "account_id"),
            account_ids: IdColumn::try_new(column(deals, "account_id"))?,
            opportunities: IdColumn::try_new(column(deals, "opportunity_id"))?,
            reverses: IdColumn::try_new(column(deals, "reverses_deal_id"))?,
            created_at: micros(deals, "opportunity_created_at")?,
            closed_at: micros(deals, "closed_at")?,
            amounts: micros(deals, "amount")?,
            kinds: kinds.as_string::<i32>().iter().map(named).collect(),
        })
    }

    fn created(&self, row: u32) -> i64 {
        self.created_at.value(row as usize)
    }

    fn closed(&self, row: u32) -> i64 {
        self.closed_at.value(row as usize)
    }

    fn amount(&self, row: u32) -> i64 {
        self.amounts.value(row as usize)
    }

    /// The given kind, or what the order of wins says: the first opportunity is new business, later ones expansion.
    fn kind(&self, row: u32, of_first_win: bool) -> DealKind {
        let inferred = if of_first_win { DealKind::New } else { DealKind::Expansion };
        self.kinds[row as usize].unwrap_or(inferred)
    }

    /// Negative money without a kind is a credit.
    fn is_credit(&self, row: u32) -> bool {
        match self.kinds[row as usize] {
            Some(kind) => kind == DealKind::Credit,
            None => self.amount(row) < 0,
        }
    }

    fn kinds_inferred(&self) -> bool {
        self.kinds.iter().any(Option::is_none)
    }

    pub(super) fn opportunity_key(&self, row: u32) -> OpportunityKey<'_> {
        value(&self.opportunities, row)
    }

    fn same_account(&self, a: u32, b: u32) -> bool {
        value(&self.account_ids, a) == value(&self.account_ids, b)
    }

    fn by_close(&self, a: u32, b: u32) -> Ordering {
        self.closed(a).cmp(&self.closed(b)).then_with(|| value(&self.ids, a).cmp(&value(&self.ids, b)))
    }

    /// Sorts rows by account, closing and deal.
    fn sort_by_account_and_close(&self, rows: &mut [u32]) {
        let IdColumn::Int(accounts) = &self.account_ids else {
            let account = |row: u32| value(&self.account_ids, row);
            rows.par_sort_unstable_by(|&a, &b| account(a).cmp(&account(b)).then_with(|| self.by_close(a, b)));
            return;
        };
        // Keys side by side in memory sort several times faster than keys looked up.
        let mut keyed: Vec<(i64, i64, u32)> =
            rows.iter().map(|&row| (accounts.values()[row as usize], self.closed(row), row)).collect();
        keyed.sort_unstable_by_key(|&(account, closed, _)| (account, closed));
        for tied in keyed.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|tied| tied.len() > 1) {
            tied.sort_unstable_by(|a, b| self.by_close(a.2, b.2));
        }
        rows.iter_mut().zip(keyed).for_each(|(row, (.., sorted))| *row = sorted);
    }

    fn originals_and_credits(&self) -> (Vec<u32>, Vec<u32>) {
        let rows = 0..narrow(self.kinds.len());
        rows.partition(|&row| !self.is_credit(row))
    }

    /// Gives every credit deal to its original: the deal it reverses, else the first line of its opportunity. Returns
    /// the credits in the order of their originals, whose ranges are set, and those without an original.
    fn match_credits(
        &self,
        mut rows: Vec<u32>,
        all: &mut [Conversion],
        quarters: &Quarters,
    ) -> (Vec<CreditDeal>, Vec<CreditDeal>) {
        if rows.is_empty() {
            return (Vec::new(), Vec::new());
        }
        rows.sort_unstable_by(|&a, &b| self.by_close(a, b));
        let mut by_deal = HashMap::new();
        let mut by_opportunity = HashMap::new();
        for (position, conversion) in all.iter().enumerate() {
            by_deal.insert(value(&self.ids, conversion.deal), position);
            by_opportunity.entry(self.opportunity_key(conversion.deal)).or_insert(position);
        }
        let mut matched: Vec<(usize, CreditDeal)> = Vec::new();
        let mut unmatched = Vec::new();
        for row in rows {
            let credit = CreditDeal {
                deal: row,
                amount: self.amount(row),
                closed_at: self.closed(row),
                close_quarter: quarters.position(self.closed(row)),
            };
            let original = match value(&self.reverses, row) {
                Some(reversed) => by_deal.get(&Some(reversed)),
                None => by_opportunity.get(&self.opportunity_key(row)),
            };
            match original {
                Some(&position) => matched.push((position, credit)),
                None => unmatched.push(credit),
            }
        }
        matched.sort_by_key(|(position, _)| *position);
        for run in runs(matched.len(), |i, j| matched[i].0 == matched[j].0) {
            let original = matched[run.start].0;
            all[original].credits = narrow(run.start)..narrow(run.end);
        }
        (matched.into_iter().map(|(_, credit)| credit).collect(), unmatched)
    }
}

pub(super) fn value<'a>(ids: &IdColumn<'a>, row: u32) -> Option<IdValue<'a>> {
    match ids {
        IdColumn::Int(ids) => ids.get(row as usize).map(IdValue::Int),
        IdColumn::Text(ids) => ids.get(row as usize).map(IdValue::Text),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "deals, contacts and credits are fewer than 2³²")]
pub(super) fn narrow(position: usize) -> u32 {
    position as u32
}
