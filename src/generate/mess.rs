//! Bad data, as real systems have it: rare, and always *added*.
//!
//! A bad row never takes the place of a good one, so what `true_effects.csv` says stays true of what can be used.
//! Each kind is at most one row in 200 of its table:
//!
//! | table | mess |
//! |---|---|
//! | touchpoints | a row twice; a `touch_id` twice, with another answer; a campaign id with an O for a zero |
//! | contacts | people of accounts that do not exist; leads of no account, with touches of their own |
//! | opportunities | of accounts that do not exist; created on a 31st of February |
//! | deals | of opportunities that do not exist; with `n/a` for an amount |
//! | spend | `n/a` for an amount (see `spend.rs`) |

use std::borrow::Cow;

use rand::RngExt;
use rand::seq::IteratorRandom;

use super::account::Account;
use super::calendar::{self, Day, LAST_DAY, Moment};
use super::draw::{self, Rng};
use super::error::GenerateError;
use super::ids;
use super::market::{Cadence, Campaign};
use super::money::{CURRENCY, Cents};
use super::rows::{ContactRow, DealRow, OpportunityRow};
use super::tables::Tables;
use super::touch_table::TouchRow;

/// The share of touches recorded twice.
const REPEATED: f64 = 0.002;
/// The share recorded twice, but differently.
const CONTRADICTED: f64 = 0.0004;
/// The share recorded again under a mistyped campaign.
const MISTYPED: f64 = 0.0005;

/// The share of accounts that come with a lead nobody has matched.
const UNMATCHED: f64 = 0.02;
/// One account in so many comes with a stray row, for each kind of it: by turns rather than by chance, so that a demo
/// has some of each.
const STRAY: usize = 700;
/// One account in so many, if it ever bought, comes with a booking that lacks its amount.
const UNPRICED: usize = 150;

/// The amount of a row that has none.
pub const NO_AMOUNT: &str = "n/a";

/// A bad row that comes after `row`, now and then.
pub fn touch<'a>(rng: &mut Rng, row: &TouchRow<'a>) -> Option<TouchRow<'a>> {
    let luck: f64 = rng.random();
    let mistyped = row.campaign_id.as_ref().map(|id| id.replacen("-00", "-0O", 1));
    if luck < REPEATED {
        Some(row.clone())
    } else if luck < REPEATED + CONTRADICTED {
        Some(TouchRow { responded: Some(row.responded == Some(false)), ..row.clone() })
    } else if luck < REPEATED + CONTRADICTED + MISTYPED {
        let touch_id = format!("{}X", row.touch_id);
        mistyped.map(|id| TouchRow { touch_id, campaign_id: Some(Cow::Owned(id)), ..row.clone() })
    } else {
        None
    }
}

/// The bad rows that come after everything about `account`, now and then; `won` is an opportunity it won.
pub fn account(
    rng: &mut Rng,
    account: &Account,
    won: Option<usize>,
    campaigns: &[Campaign],
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    if draw::chance(rng, UNMATCHED) {
        unmatched_lead(rng, account, campaigns, tables)?;
    }
    let day = rng.random_range(account.entry..=LAST_DAY);
    match account.index % STRAY {
        40 => tables.contacts.write(contact_of_nobody(account, day))?,
        140 => {
            tables.opportunities.write(OpportunityRow { account_id: nowhere(account), ..opportunity(account, day) })?
        }
        240 => {
            let created_at = "2025-02-31".to_owned();
            tables.opportunities.write(OpportunityRow { created_at, ..opportunity(account, day) })?;
        }
        340 => tables.deals.write(deal(account, format!("O-LEGACY-{:06}", account.index + 1), day))?,
        _ => {}
    }
    if let (Some(won), 50) = (won, account.index % UNPRICED) {
        let amount = NO_AMOUNT.to_owned();
        tables.deals.write(DealRow { amount, ..deal(account, ids::opportunity(account.index, won), day) })?;
    }
    Ok(())
}

/// The id of an account that was deleted long ago.
fn nowhere(account: &Account) -> String {
    format!("A-LEGACY-{:06}", account.index + 1)
}

/// A person whose account is gone.
fn contact_of_nobody(account: &Account, day: Day) -> ContactRow<'static> {
    ContactRow {
        contact_id: format!("P-LEGACY-{:06}", account.index + 1),
        account_id: Some(nowhere(account)),
        created_at: Moment::new(day, 43_200),
        role: "manager",
    }
}

/// An opportunity like any other, for something to be wrong with.
fn opportunity(account: &Account, day: Day) -> OpportunityRow {
    OpportunityRow {
        opportunity_id: format!("O-STRAY-{:06}", account.index + 1),
        account_id: ids::account(account.index),
        created_at: Moment::new(day, 43_200).to_string(),
        stage: "Discovery",
        is_won: false,
        is_closed: false,
        closed_at: None,
        amount: Cents::dollars(10_000),
        currency: CURRENCY,
        r#type: "new",
        probability: 0.1,
    }
}

/// A booking on an opportunity, for something to be wrong with.
fn deal(account: &Account, opportunity_id: String, day: Day) -> DealRow {
    DealRow {
        deal_id: format!("D-STRAY-{:06}", account.index + 1),
        opportunity_id,
        closed_at: calendar::date_of(day).to_string(),
        amount: Cents::dollars(10_000).to_string(),
        currency: CURRENCY,
        kind: "new",
        reverses_deal_id: None,
        starts_at: None,
        ends_at: None,
    }
}

/// Writes a lead that belongs to no account, and what it downloaded.
fn unmatched_lead(
    rng: &mut Rng,
    account: &Account,
    campaigns: &[Campaign],
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    let nameable = |campaign: &&Campaign| campaign.program.cadence == Cadence::Drip && campaign.program.known == 1.0;
    let Some(campaign) = campaigns.iter().filter(nameable).choose(rng) else { return Ok(()) };
    let contact_id = format!("P-LEAD-{:06}", account.index + 1);
    let day = campaign.day(rng);
    let touched_at = Moment::working_hours(rng, day);
    tables.contacts.write(ContactRow {
        contact_id: contact_id.clone(),
        account_id: None,
        created_at: touched_at,
        role: "manager",
    })?;
    tables.touchpoints.write(&TouchRow {
        touch_id: format!("T-LEAD-{:06}", account.index + 1),
        touched_at,
        account_id: None,
        contact_id: Some(contact_id),
        campaign_id: Some(Cow::Borrowed(&campaign.id)),
        channel: None,
        touch_type: campaign.touch_type(None),
        source: &campaign.program.source,
        responded: None,
        recorded_at: None,
    })
}
