//! Contacts: whose touches are an account's, whose count for which deal, and when the lead was created.

use super::deal_rows::{DealRows, OpportunityKey};
use super::{Conversion, Conversions};
use crate::config::Plan;
use crate::config::file::Mapping;
use crate::engine::EngineError;
use crate::engine::columns::{column, integer_column, value_at};
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::scatter::keys::{KeyIndex, NO_NUMBER};
use crate::scatter::sorting::sorted_by_id;
use arrow::array::{AsArray, RecordBatch};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::ops::Range;

/// What contacts say of deals, by the deals' rows.
#[derive(Debug, Default)]
pub struct DealContacts {
    /// When the earliest of a deal's contacts was created, or [`NO_LEAD`]; empty where there are no contacts.
    lead_created_at: Vec<i64>,
    /// The contacts whose touches count, where not all of the account do; in [`Conversions::role_contacts`].
    of_deal: HashMap<u32, Range<u32>, FixedState>,
}

/// No contact of the deal has a date of creation.
const NO_LEAD: i64 = i64::MAX;

impl DealContacts {
    /// How much memory it takes, near enough.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.lead_created_at.as_slice()) + self.of_deal.capacity() * size_of::<(u32, Range<u32>)>()
    }

    /// When the earliest of a deal's contacts was created.
    pub(super) fn lead_created_at(&self, deal: u32) -> Option<i64> {
        self.lead_created_at.get(deal as usize).copied().filter(|at| *at != NO_LEAD)
    }

    /// Where the contacts whose touches count stand; nowhere means all of the account.
    pub(super) fn of(&self, deal: u32) -> Range<usize> {
        self.of_deal.get(&deal).map_or(0..0, |range| range.start as usize..range.end as usize)
    }
}

impl Conversions {
    /// Sets lead creation and, where the mapping asks for it, the contacts of every conversion. `rows_of_contacts` says where
    /// each numbered contact stands in its table.
    pub(super) fn map_contacts(
        &mut self,
        deals: &DealRows<'_>,
        contacts: &RecordBatch,
        rows_of_contacts: &[u32],
        role_contacts: &RoleContacts<'_>,
    ) -> Result<(), EngineError> {
        if contacts.num_rows() == 0 {
            return Ok(());
        }
        let created = integer_column(contacts, "created_at")?;
        let created_of_contact: Vec<Option<i64>> =
            rows_of_contacts.iter().map(|&row| value_at(&created, row as usize)).collect();
        let mut created_of_account = vec![None; self.accounts()];
        for (&at, account) in created_of_contact.iter().zip(&self.contact_accounts) {
            if let Some(account) = *account {
                let earliest = &mut created_of_account[account as usize];
                *earliest = earlier(*earliest, at);
            }
        }
        let mut of_deals = DealContacts { lead_created_at: vec![NO_LEAD; deals.len()], ..DealContacts::default() };
        for (account, of_account) in created_of_account.into_iter().enumerate() {
            for &Conversion { deal, .. } in
                &self.all[self.first_of_account[account]..self.first_of_account[account + 1]]
            {
                let of_roles = (!role_contacts.is_empty()).then(|| role_contacts.get(&deals.opportunity_key(deal)));
                let lead = match of_roles.flatten() {
                    Some(mapped) => {
                        let start = self.role_contacts.len();
                        self.role_contacts.extend(mapped);
                        of_deals.of_deal.insert(deal, narrow(start)..narrow(self.role_contacts.len()));
                        mapped.iter().map(|&contact| created_of_contact[contact as usize]).fold(None, earlier)
                    }
                    None => of_account,
                };
                of_deals.lead_created_at[deal as usize] = lead.unwrap_or(NO_LEAD);
            }
        }
        self.deal_contacts = of_deals;
        Ok(())
    }
}

/// Contacts by opportunity.
pub(in crate::scatter) type RoleContacts<'a> = HashMap<OpportunityKey<'a>, Vec<u32>>;

/// The contacts that the mapping asks for, by opportunity.
pub(in crate::scatter) fn role_contacts<'a>(
    plan: &Plan,
    by_contact: &KeyIndex,
    roles: &'a RecordBatch,
) -> Result<RoleContacts<'a>, EngineError> {
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
) -> Result<RoleContacts<'a>, EngineError> {
    let opportunities = IdColumn::try_new(column(roles, "opportunity_id")?)?;
    let contacts = IdColumn::try_new(column(roles, "contact_id")?)?;
    let primary = column(roles, "is_primary")?.as_boolean();
    let mut numbers = Vec::new();
    by_contact.probe_all(&contacts, &mut numbers);
    let mut mapped = RoleContacts::new();
    for (row, &contact) in numbers.iter().enumerate() {
        if contact != NO_NUMBER && (!primary_only || primary.value(row)) {
            mapped.entry(opportunities.get(row)).or_default().push(contact);
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

/// Contacts, numbered in the order of their identifiers.
pub(super) struct NumberedContacts {
    pub(super) by_contact: KeyIndex,
    /// The dense account of each, where it has one.
    pub(super) accounts: Vec<Option<u32>>,
    /// Where each stands in its table.
    pub(super) rows: Vec<u32>,
}

/// Numbers the contacts of the accounts and those with a role, whatever their account, or `all` of them.
pub(super) fn number_contacts(
    all: bool,
    contacts: &RecordBatch,
    roles: &RecordBatch,
    by_account: &KeyIndex,
) -> Result<NumberedContacts, EngineError> {
    let accounts = IdColumn::try_new(column(contacts, "account_id")?)?;
    let contact_ids = IdColumn::try_new(column(contacts, "contact_id")?)?;
    let with_role = KeyIndex::build(column(roles, "contact_id")?, (0..roles.num_rows()).map(|row| (row, 0)))?;
    let (mut numbers, mut roles) = (Vec::new(), Vec::new());
    by_account.probe_all(&accounts, &mut numbers);
    with_role.probe_all(&contact_ids, &mut roles);
    let counts = |row: &u32| all || numbers[*row as usize] != NO_NUMBER || roles[*row as usize] != NO_NUMBER;
    let rows = sorted_by_id((0..narrow(contacts.num_rows())).filter(counts).collect(), &contact_ids);
    let by_contact = KeyIndex::build(column(contacts, "contact_id")?, rows.iter().map(|&row| row as usize).zip(0..))?;
    let account = |&row: &u32| Some(numbers[row as usize]).filter(|number| *number != NO_NUMBER);
    Ok(NumberedContacts { by_contact, accounts: rows.iter().map(account).collect(), rows })
}
