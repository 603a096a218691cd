//! What marketing cost: by day, by month or by contract, some of it for a channel as a whole, some of it given back.

use jiff::ToSpan;
use jiff::civil::Weekday;
use rand::RngExt;

use super::calendar::{self, Day, END, LAST_DAY, START};
use super::draw::{self, Rng};
use super::error::GenerateError;
use super::market::{Billing, Campaign};
use super::mess::NO_AMOUNT;
use super::money::{CURRENCY, Cents};
use super::rows::SpendRow;
use super::tables::Tables;

/// The channels an agency looks after, and what it takes a month: cents per account.
const AGENCY: [(&str, i64); 3] = [("paid_search", 160), ("paid_social", 130), ("display", 80)];

/// The chance of an ad platform giving some money back, per day of a campaign.
const AD_CREDIT: f64 = 0.001;

/// Writes what `campaigns` and channels cost in a world of `accounts` accounts.
pub fn write(rng: &mut Rng, campaigns: &[Campaign], accounts: u32, tables: &mut Tables) -> Result<(), GenerateError> {
    for campaign in campaigns {
        // Budgets are hardly ever met to the cent.
        let cost = campaign.budget.times(rng.random_range(0.88..1.04));
        match campaign.program.billing {
            Billing::Daily => daily(rng, campaign, cost, tables)?,
            Billing::Monthly => monthly(campaign, cost, tables)?,
            Billing::Range => range(campaign, cost, tables)?,
        }
    }
    agency_fees(accounts, tables)?;
    // Mess: three invoices nobody has typed in yet.
    for campaign in campaigns.iter().take(3) {
        tables.spend.write(SpendRow { amount: NO_AMOUNT.to_owned(), ..on(campaign, campaign.last, Cents(0)) })?;
    }
    Ok(())
}

/// As ad platforms report: every day a little, less at weekends, now and then a credit.
fn daily(rng: &mut Rng, campaign: &Campaign, cost: Cents, tables: &mut Tables) -> Result<(), GenerateError> {
    let days: Vec<Day> = (campaign.first..=campaign.last).collect();
    let weights: Vec<f64> = days.iter().map(|&day| weekday_weight(day) * draw::factor(rng, 0.25)).collect();
    let total: f64 = weights.iter().sum();
    for (&day, weight) in days.iter().zip(&weights) {
        let amount = cost.times(weight / total);
        tables.spend.write(on(campaign, day, amount))?;
        if draw::chance(rng, AD_CREDIT) {
            let credit = -amount.times(rng.random_range(0.2..3.0));
            tables.spend.write(SpendRow { category: "credit", ..on(campaign, day, credit) })?;
        }
    }
    Ok(())
}

/// How busy a day is, relative to others.
fn weekday_weight(day: Day) -> f64 {
    match calendar::date_of(day).weekday() {
        Weekday::Saturday | Weekday::Sunday => 0.35,
        _ => 1.0,
    }
}

/// As invoices come: at each month's end, for the days of it.
fn monthly(campaign: &Campaign, cost: Cents, tables: &mut Tables) -> Result<(), GenerateError> {
    for (first, last) in months(campaign.first, campaign.last) {
        #[expect(clippy::cast_precision_loss, reason = "days of one history")]
        let share = (last - first + 1) as f64 / (campaign.last - campaign.first + 1) as f64;
        let row = SpendRow { category: "program", source: "invoice", ..on(campaign, last, cost.times(share)) };
        tables.spend.write(row)?;
    }
    Ok(())
}

/// As contracts are paid for: half over the ten weeks before, half over the campaign itself.
fn range(campaign: &Campaign, cost: Cents, tables: &mut Tables) -> Result<(), GenerateError> {
    let deposit = cost.times(0.5);
    let before = (campaign.first - 70).max(0)..=(campaign.first - 1).max(0);
    let during = campaign.first..=campaign.last;
    for (days, amount) in [(before, deposit), (during, cost - deposit)] {
        tables.spend.write(SpendRow {
            date: None,
            start_date: Some(calendar::date_of(*days.start()).to_string()),
            end_date: Some(calendar::date_of(*days.end()).to_string()),
            category: "contract",
            source: "invoice",
            ..on(campaign, campaign.first, amount)
        })?;
    }
    Ok(())
}

/// Writes what the agency takes, which belongs to no campaign.
fn agency_fees(accounts: u32, tables: &mut Tables) -> Result<(), GenerateError> {
    for (channel, fee) in AGENCY {
        for (_, last) in months(0, LAST_DAY) {
            tables.spend.write(SpendRow {
                campaign_id: None,
                channel: Some(channel),
                date: Some(calendar::date_of(last).to_string()),
                start_date: None,
                end_date: None,
                amount: Cents(fee * i64::from(accounts)).to_string(),
                currency: CURRENCY,
                category: "agency_fee",
                source: "invoice",
            })?;
        }
    }
    Ok(())
}

/// The spend of a campaign on one day, as an ad platform reports it.
fn on(campaign: &Campaign, day: Day, amount: Cents) -> SpendRow<'_> {
    SpendRow {
        campaign_id: Some(&campaign.id),
        channel: None,
        date: Some(calendar::date_of(day).to_string()),
        start_date: None,
        end_date: None,
        amount: amount.to_string(),
        currency: CURRENCY,
        category: "media",
        source: "ad_platform",
    }
}

/// The first and last days of the calendar months between two days, cut at both.
fn months(first: Day, last: Day) -> impl Iterator<Item = (Day, Day)> {
    let starts = START.series(1.month()).take_while(|start| *start <= END);
    starts
        .map(|start| (calendar::day_of(start), calendar::day_of(start.last_of_month())))
        .filter(move |&(start, end)| end >= first && start <= last)
        .map(move |(start, end)| (start.max(first), end.min(last)))
}
