//! An account and its history as rows of the tables.

use std::borrow::Cow;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand::seq::index;

use super::account::Account;
use super::calendar::{self, Day, Moment};
use super::draw::{self, Rng};
use super::error::GenerateError;
use super::exposure::Touch;
use super::history::{Kind, Opportunity, Standing};
use super::ids;
use super::market::Campaign;
use super::mess;
use super::money::CURRENCY;
use super::rows::{AccountRow, ContactRoleRow, ContactRow, DealRow, OpportunityRow};
use super::tables::Tables;
use super::touch_table::TouchRow;

/// What the people of an account do.
const JOBS: [&str; 6] = ["manager", "director", "analyst", "vice_president", "executive", "engineer"];

/// The share of opportunities whose buying group nobody recorded.
const NO_ROLES: f64 = 0.08;

/// Writes everything about `account`; `touches` are in order of time.
pub fn write(
    (rng, mess): (&mut Rng, &mut Rng),
    account: &Account,
    campaigns: &[Campaign],
    touches: &[Touch<'_>],
    opportunities: &[Opportunity],
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    write_account(account, tables)?;
    write_contacts(rng, account, touches, tables)?;
    for (number, touch) in touches.iter().enumerate() {
        let row = touch_row(account, campaigns, number, touch);
        tables.touchpoints.write(&row)?;
        if let Some(row) = mess::touch(mess, &row) {
            tables.touchpoints.write(&row)?;
        }
    }
    let mut lines = 0;
    for (number, opportunity) in opportunities.iter().enumerate() {
        write_opportunity(account, number, opportunity, tables)?;
        write_roles(rng, account, number, opportunity, tables)?;
        write_deals(account, (number, lines), opportunity, tables)?;
        lines += opportunity.lines.len();
    }
    let won = opportunities.iter().position(|opportunity| matches!(opportunity.standing, Standing::Won(_)));
    mess::account(mess, account, won, campaigns, tables)
}

fn write_account(account: &Account, tables: &mut Tables) -> Result<(), GenerateError> {
    tables.accounts.write(AccountRow {
        account_id: ids::account(account.index),
        name: &account.name,
        industry: account.industry,
        region: account.region,
        employees: account.employees,
        segment: account.segment.facts().name,
        tier: account.tier,
        is_target: account.is_target,
        owner: account.owner,
    })
}

/// Writes the people: each became a lead with the first touch they answered, or was put in by hand some day.
fn write_contacts(
    rng: &mut Rng,
    account: &Account,
    touches: &[Touch<'_>],
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    for person in 0..account.contacts {
        let by_hand = rng.random_range(account.entry..=calendar::LAST_DAY);
        let by_hand = Moment::working_hours(rng, by_hand);
        let form = touches.iter().find(|touch| touch.person == Some(person) && touch.answered());
        let created = form.map_or(by_hand, |touch| touch.at.plus(rng.random_range(0..900)));
        tables.contacts.write(ContactRow {
            contact_id: ids::contact(account.index, person),
            account_id: Some(ids::account(account.index)),
            created_at: created.min(Moment::LAST),
            role: JOBS.choose(rng).copied().unwrap_or_default(),
        })?;
    }
    Ok(())
}

/// The row of the touch of this `number`.
fn touch_row<'a>(account: &Account, campaigns: &'a [Campaign], number: usize, touch: &Touch<'a>) -> TouchRow<'a> {
    TouchRow {
        touch_id: ids::touch(account.index, number),
        touched_at: touch.at,
        account_id: touch.names_account.then(|| ids::account(account.index)),
        contact_id: touch.person.map(|person| ids::contact(account.index, person)),
        campaign_id: touch.campaign.map(|campaign| Cow::Borrowed(campaigns[campaign].id.as_str())),
        channel: touch.channel,
        touch_type: touch.touch_type,
        source: touch.source,
        responded: touch.responded,
        recorded_at: touch.recorded,
    }
}

fn write_opportunity(
    account: &Account,
    number: usize,
    opportunity: &Opportunity,
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    let (stage, probability) = match opportunity.standing {
        Standing::Won(_) => ("Closed Won", 1.0),
        Standing::Lost(_) => ("Closed Lost", 0.0),
        Standing::Open(progress) if progress < 0.25 => ("Discovery", 0.1),
        Standing::Open(progress) if progress < 0.5 => ("Evaluation", 0.25),
        Standing::Open(progress) if progress < 0.75 => ("Proposal", 0.5),
        Standing::Open(_) => ("Negotiation", 0.75),
    };
    let closed = match opportunity.standing {
        Standing::Won(day) | Standing::Lost(day) => Some(day),
        Standing::Open(_) => None,
    };
    tables.opportunities.write(OpportunityRow {
        opportunity_id: ids::opportunity(account.index, number),
        account_id: ids::account(account.index),
        created_at: opportunity.created.to_string(),
        stage,
        is_won: matches!(opportunity.standing, Standing::Won(_)),
        is_closed: closed.is_some(),
        closed_at: closed.map(|day| calendar::date_of(day).to_string()),
        amount: opportunity.amount,
        currency: CURRENCY,
        r#type: opportunity.kind.name(),
        probability,
    })
}

/// Writes the buying group: as many people as the deal's size calls for, of those the account has.
fn write_roles(
    rng: &mut Rng,
    account: &Account,
    number: usize,
    opportunity: &Opportunity,
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    let group = opportunity.band.facts().buying_group.clone();
    // A renewal needs fewer signatures.
    let group = if opportunity.kind == Kind::Renewal { 1..=*group.start() } else { group };
    let size = rng.random_range(group).min(account.contacts);
    if draw::chance(rng, NO_ROLES) {
        return Ok(());
    }
    for (place, person) in index::sample(rng, account.contacts, size).into_iter().enumerate() {
        tables.contact_roles.write(ContactRoleRow {
            opportunity_id: ids::opportunity(account.index, number),
            contact_id: ids::contact(account.index, person),
            is_primary: place == 0,
        })?;
    }
    Ok(())
}

/// Writes the bookings of an opportunity, the first of which is line `first` of its account.
fn write_deals(
    account: &Account,
    (number, first): (usize, usize),
    opportunity: &Opportunity,
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    for (place, line) in opportunity.lines.iter().enumerate() {
        // Onboarding and credits have no term.
        let term = opportunity.term.filter(|_| place == 0);
        let date = |day: Day| calendar::date_of(day).to_string();
        tables.deals.write(DealRow {
            deal_id: ids::deal(account.index, first + place),
            opportunity_id: ids::opportunity(account.index, number),
            closed_at: calendar::date_of(line.closed).to_string(),
            amount: line.amount.to_string(),
            currency: CURRENCY,
            kind: if line.reverses.is_some() { "credit" } else { opportunity.kind.name() },
            reverses_deal_id: line.reverses.map(|original| ids::deal(account.index, first + original)),
            starts_at: term.map(|(first, _)| date(first)),
            ends_at: term.map(|(_, last)| date(last)),
        })?;
    }
    Ok(())
}
