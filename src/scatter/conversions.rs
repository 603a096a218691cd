//! The small side: won deals as conversions, by account, each with its window, milestones and credits.

mod contacts;
mod credits;
mod deal_rows;
mod windows;

use super::keys::KeyIndex;
use super::quarters::Quarters;
use super::subjects::{Numbering, OtherAccounts, Subjects};
use crate::config::Plan;
use crate::config::file::DealKind;
use crate::engine::EngineError;
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{max, min};
use closedloop_core::journey::Milestones;
pub(super) use contacts::RoleContacts;
use contacts::{DealContacts, NumberedContacts, number_contacts, role_contacts};
pub use credits::{CreditDeal, CreditDeals};
pub(super) use deal_rows::{DealRows, OpportunityKey};
use rayon::prelude::*;
use windows::WindowMaker;

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
}

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
}

/// What stands where a conversion is not yet made.
const BLANK: Conversion = Conversion {
    deal: 0,
    kind: DealKind::New,
    amount: 0,
    converted_at: 0,
    window_start: 0,
    measured_from: 0,
    opportunity_created_at: 0,
};

/// All conversions, grouped by account; accounts are numbered in the order of their identifiers.
#[derive(Debug)]
pub struct Conversions {
    /// In order of account, closing and deal.
    pub all: Vec<Conversion>,
    /// Deals that give money back.
    pub credits: CreditDeals,
    /// What contacts say of deals.
    deal_contacts: DealContacts,
    /// Contacts with a role, sorted within each deal's range.
    pub role_contacts: Vec<u32>,
    /// Where the conversions of each account start; one more entry than accounts.
    pub first_of_account: Vec<usize>,
    /// Earliest window start and latest conversion of each account; with [`Self::subjects`], all that is looked at.
    pub widest: Vec<(i64, i64)>,
    /// Account identifier → dense number.
    pub by_account: KeyIndex,
    /// Contact identifier → position in `contact_accounts`, for contacts of the accounts and those with a role; for all
    /// where touches are collapsed.
    pub by_contact: KeyIndex,
    /// The dense account of each such contact, where it is one of these.
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
    /// Builds the small side from the canonical deals, contacts and contact roles, with the accounts and opportunities that
    /// did not convert, when they are given.
    ///
    /// # Errors
    /// Tables of other columns or types than the stage files give them.
    pub fn build(
        plan: &Plan,
        deals: &RecordBatch,
        contacts: &RecordBatch,
        roles: &RecordBatch,
        others: Option<&OtherAccounts<'_>>,
    ) -> Result<Self, EngineError> {
        let deals = DealRows::try_new(deals)?;
        let (mut originals, credit_rows) = deals.originals_and_credits();
        let starts = deals.sort_by_account_and_close(&mut originals);
        let first_rows = starts[..starts.len() - 1].iter().map(|&first| originals[first] as usize);
        let number = || number_accounts(deals.accounts, first_rows, others);
        let (all, numbered) = rayon::join(|| make_conversions(plan, &deals, &originals, &starts), number);
        let (numbering, by_account) = numbered?;
        drop(originals);
        let quarters = spanned_quarters(plan, &deals, &all);
        let credits = deals.match_credits(credit_rows, &all, &quarters);
        let first_of_account = match &numbering {
            None => starts,
            Some(numbering) => numbering.spread(&starts),
        };
        let widest = (0..first_of_account.len() - 1)
            .into_par_iter()
            .map(|account| widest_window(&all[first_of_account[account]..first_of_account[account + 1]]))
            .collect();
        // Where touches of one person count once, everybody is somebody.
        let of_everybody = plan.journeys.collapse.is_some();
        let NumberedContacts { by_contact, accounts: contact_accounts, rows: rows_of_contacts } =
            number_contacts(of_everybody, contacts, roles, &by_account)?;
        let mut conversions = Self {
            all,
            credits,
            deal_contacts: DealContacts::default(),
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
        let of_roles = role_contacts(plan, &conversions.by_contact, roles)?;
        conversions.map_contacts(&deals, contacts, &rows_of_contacts, &of_roles)?;
        if let (Some(others), Some(numbering)) = (others, numbering) {
            Subjects::add(plan, &mut conversions, &deals, &of_roles, others, numbering)?;
        }
        Ok(conversions)
    }

    /// How much memory it takes, near enough.
    pub fn bytes(&self) -> usize {
        size_of_val(self.all.as_slice())
            + self.credits.bytes()
            + self.deal_contacts.bytes()
            + size_of_val(self.first_of_account.as_slice())
            + size_of_val(self.widest.as_slice())
            + size_of_val(self.role_contacts.as_slice())
            + size_of_val(self.contact_accounts.as_slice())
            + self.by_account.bytes()
            + self.by_contact.bytes()
            + self.subjects.as_ref().map_or(0, Subjects::bytes)
    }

    /// How many accounts there are.
    pub fn accounts(&self) -> usize {
        self.first_of_account.len() - 1
    }

    /// The account of a touch in a row, which has this contact, as far as it is known: its own, or its contact's.
    pub fn account_of(&self, accounts: &IdColumn<'_>, contact: Option<u32>, row: usize) -> Option<u32> {
        if accounts.is_null(row) {
            self.contact_accounts[contact? as usize]
        } else {
            self.by_account.probe(accounts, row)
        }
    }

    /// The credit deals of a conversion, oldest first.
    pub fn credits_of(&self, conversion: &Conversion) -> &[CreditDeal] {
        self.credits.of(conversion.deal)
    }

    /// The contacts whose touches count for a conversion; none means all of the account.
    pub fn contacts_of(&self, conversion: &Conversion) -> &[u32] {
        &self.role_contacts[self.deal_contacts.of(conversion.deal)]
    }

    /// How many conversions are mapped to contacts of whom none is of their account.
    pub fn mapped_to_others(&self) -> usize {
        let of_account = |account: usize| self.of_account(account).iter().map(move |conversion| (account, conversion));
        let is_apart = |(account, conversion): &(usize, &Conversion)| {
            let contacts = self.contacts_of(conversion);
            let is_of_account = |&contact: &u32| self.contact_accounts[contact as usize] == Some(narrow(*account));
            !contacts.is_empty() && !contacts.iter().any(is_of_account)
        };
        (0..self.accounts()).flat_map(of_account).filter(is_apart).count()
    }

    /// The window of a conversion.
    pub fn window_of(&self, conversion: &Conversion) -> Window<'_> {
        let contacts = self.contacts_of(conversion);
        Window { start: conversion.window_start, end: conversion.converted_at, contacts }
    }

    /// Lead creation and opportunity creation; a touch logged by `tolerance` microseconds later still holds them.
    pub fn milestones(&self, conversion: &Conversion, tolerance: i64) -> Milestones {
        Milestones {
            lead_created_at: self.deal_contacts.lead_created_at(conversion.deal),
            opportunity_created_at: Some(conversion.opportunity_created_at),
            tolerance,
        }
    }

    /// The conversions of an account.
    pub fn of_account(&self, account: usize) -> &[Conversion] {
        &self.all[self.first_of_account[account]..self.first_of_account[account + 1]]
    }
}

/// Numbers the accounts, each of which has one of these rows; where others are given, among these.
fn number_accounts(
    accounts: &ArrayRef,
    first_rows: impl Iterator<Item = usize> + Clone,
    others: Option<&OtherAccounts<'_>>,
) -> Result<(Option<Numbering>, KeyIndex), EngineError> {
    let Some(others) = others else {
        return Ok((None, KeyIndex::build(accounts, first_rows.zip(0..))?));
    };
    let numbering = Numbering::new(accounts, first_rows, others)?;
    let by_account = numbering.index()?;
    Ok((Some(numbering), by_account))
}

fn widest_window(conversions: &[Conversion]) -> (i64, i64) {
    let start = conversions.iter().map(|conversion| conversion.window_start).min();
    let end = conversions.iter().map(|conversion| conversion.converted_at).max();
    (start.unwrap_or(i64::MAX), end.unwrap_or(i64::MIN))
}

fn spanned_quarters(plan: &Plan, deals: &DealRows<'_>, all: &[Conversion]) -> Quarters {
    let earliest = all.par_iter().map(|conversion| conversion.window_start).min();
    let (first, last) = (min(&deals.closed_at), max(&deals.closed_at));
    let earliest = earliest.into_iter().chain(first).min().unwrap_or_default();
    Quarters::spanning(&plan.calendar, earliest, last.unwrap_or(earliest))
}

/// Accounts whose conversions are made in one go.
const ACCOUNTS_PER_TASK: usize = 4_096;

/// The conversions of all accounts, each made where it stays.
fn make_conversions(
    plan: &Plan,
    deals: &DealRows<'_>,
    originals: &[u32],
    first_of_account: &[usize],
) -> Vec<Conversion> {
    let mut all = vec![BLANK; originals.len()];
    let mut tasks: Vec<(&[usize], &mut [Conversion])> = Vec::new();
    let (mut rest, mut at) = (all.as_mut_slice(), 0);
    while at + 1 < first_of_account.len() {
        let last = (at + ACCOUNTS_PER_TASK).min(first_of_account.len() - 1);
        let (task, others) = rest.split_at_mut(first_of_account[last] - first_of_account[at]);
        tasks.push((&first_of_account[at..=last], task));
        (rest, at) = (others, last);
    }
    tasks.into_par_iter().for_each_init(
        || (WindowMaker::new(plan), Vec::new()),
        |(maker, facts), (bounds, task)| {
            deals.facts(&originals[bounds[0]..][..task.len()], facts);
            for account in bounds.windows(2) {
                let of_account = account[0] - bounds[0]..account[1] - bounds[0];
                maker.make(&facts[of_account.clone()], &mut task[of_account]);
            }
        },
    );
    all
}
