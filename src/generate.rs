//! Demo data: a simulated B2B company, its marketing, its customers, and the truth about what caused what.
//!
//! The simulation goes account by account, each from its own stream of random numbers, in this order:
//!
//! 1. `market` cuts campaigns from the table of programs; `outlook` works out what opportunities will be worth.
//! 2. `account` draws who the account is and when it is in the market, `exposure` what marketing it meets.
//! 3. `influence` turns answered touches into hazards, `history` lives the account's life under them, and `truth` adds
//!    up what would not have happened without each campaign.
//! 4. `export` writes it all down, with the `mess` of real systems; `spend` adds what it cost.
//!
//! The same seed and size give the same bytes. An account does not depend on how many others there are; budgets and
//! spend do, since a company of twice the accounts spends twice as much.

mod account;
mod calendar;
mod draw;
mod error;
mod export;
mod exposure;
mod history;
mod ids;
mod influence;
mod market;
mod mess;
mod money;
mod outlook;
mod rows;
mod segment;
mod spend;
mod staging;
mod tables;
mod touch_table;
mod truth;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;

use account::Account;
use calendar::QuarterEnds;
use draw::Stream;
use history::{History, Setting};
use influence::Influence;
use market::Campaign;
use outlook::Outlook;
use rows::{CampaignRow, TrueEffectRow};
use staging::Staging;
use tables::Tables;
use truth::Truth;

pub use error::GenerateError;
pub use tables::Summary;

/// The config that makes the output folder ready to run.
const CONFIG: &str = include_str!("generate/closedloop.toml");
const CONFIG_NAME: &str = "closedloop.toml";

/// Progress is told every so many accounts.
const PROGRESS_STEP: usize = 1000;

/// What to generate.
pub struct Options<'a> {
    /// The world: the same seed always gives the same one.
    pub seed: u64,
    /// How many accounts it has.
    pub accounts: u32,
    /// The folder to write, new or empty.
    pub out: PathBuf,
    /// Called now and then with the number of accounts done.
    pub progress: &'a dyn Fn(usize),
}

/// Writes a simulated company's tables, the truth about its campaigns, and a config to run them.
///
/// # Errors
/// No accounts, a folder that is not empty, or a file that cannot be written.
pub fn generate(options: &Options<'_>) -> Result<Summary, GenerateError> {
    let &Options { seed, accounts, ref out, progress } = options;
    if accounts == 0 {
        return Err(GenerateError::NoAccounts);
    }
    let staging = Staging::open(out)?;
    let mut tables = Tables::create(staging.folder())?;
    let config = staging.folder().join(CONFIG_NAME);
    fs::write(&config, CONFIG).map_err(GenerateError::io(&config))?;

    let campaigns = market::campaigns(&mut Stream::Market.open(seed), accounts)?;
    write_campaigns(&campaigns, &mut tables)?;
    let quarters = QuarterEnds::new();
    let outlook = Outlook::draw(&mut Stream::Outlook.open(seed), &quarters);
    let setting = Setting { quarters: &quarters, outlook: &outlook };
    let mut truth = Truth::new(campaigns.len());
    for index in 0..accounts as usize {
        live_and_write(seed, index, &setting, &campaigns, &mut truth, &mut tables)?;
        if (index + 1) % PROGRESS_STEP == 0 {
            progress(index + 1);
        }
    }
    spend::write(&mut Stream::Spend.open(seed), &campaigns, accounts, &mut tables)?;
    write_truth(&campaigns, &truth, &mut tables)?;
    let summary = tables.finish()?;
    staging.publish(CONFIG_NAME)?;
    Ok(summary)
}

/// Simulates account number `index` and writes its rows.
fn live_and_write(
    seed: u64,
    index: usize,
    setting: &Setting<'_>,
    campaigns: &[Campaign],
    truth: &mut Truth,
    tables: &mut Tables,
) -> Result<(), GenerateError> {
    let mut rng = Stream::Account(index).open(seed);
    let mut mess = Stream::Mess(index).open(seed);
    let account = Account::draw(&mut rng, index);
    let mut touches = exposure::exposures(&mut rng, &account, campaigns);
    let influence = Influence::new(&account, &touches, campaigns);
    let History { opportunities, meetings, customer, .. } =
        History::live(&mut rng, setting, &account, &influence, truth);
    touches.extend(meetings);
    if let Some((since, until)) = customer {
        touches.extend(exposure::customer_mailings(&mut rng, &account, campaigns, since, until));
    }
    touches.sort_by_key(|touch| touch.at);
    truth.count(&touches);
    export::write((&mut rng, &mut mess), &account, campaigns, &touches, &opportunities, tables)
}

fn write_campaigns(campaigns: &[Campaign], tables: &mut Tables) -> Result<(), GenerateError> {
    for campaign in campaigns {
        tables.campaigns.write(CampaignRow {
            campaign_id: &campaign.id,
            name: &campaign.name,
            channel: &campaign.program.channel,
            subchannel: &campaign.program.subchannel,
            start_date: calendar::date_of(campaign.first).to_string(),
            end_date: calendar::date_of(campaign.last).to_string(),
            budget: campaign.budget,
            currency: money::CURRENCY,
        })?;
    }
    Ok(())
}

fn write_truth(campaigns: &[Campaign], truth: &Truth, tables: &mut Tables) -> Result<(), GenerateError> {
    for (campaign, caused) in campaigns.iter().zip(&truth.0) {
        tables.true_effects.write(TrueEffectRow {
            campaign_id: &campaign.id,
            channel: &campaign.program.channel,
            true_effect: format!("{:.4}", campaign.effect),
            touches: caused.touches,
            incremental_deals: format!("{:.4}", caused.deals),
            incremental_amount: caused.amount,
        })?;
    }
    Ok(())
}
