//! The deals and touches behind a campaign's number, largest first.

use super::clock::{Clock, Progress};
use super::credit::{CreditWants, Crediting};
use super::error::RunError;
use super::fit::{self, Fit, Models};
use super::prepare::{Prepared, Workers, prepare};
use crate::config::calendar::instant_text;
use crate::config::{Calendar, Plan, remedy};
use crate::engine::columns::column;
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::engine::memory::Budget;
use serde::Serialize;
use std::collections::BTreeSet;

/// Which number to explain.
#[derive(Debug, Clone)]
pub struct CampaignQuestion {
    /// The campaign, by its identifier or its name.
    pub campaign: String,
    /// Fiscal quarter of the close, as in FY26Q3; `None` means all.
    pub quarter: Option<String>,
}

/// A campaign's number and what is behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignExplanation {
    /// The campaign.
    pub campaign_id: String,
    /// Its name.
    pub campaign_name: Option<String>,
    /// Other campaigns, whose name is its identifier.
    pub namesakes: Vec<String>,
    /// The fiscal quarter, when one was asked for.
    pub quarter: Option<String>,
    /// The default model, which the money is under.
    pub model: String,
    /// ISO 4217 code of all money here.
    pub currency: String,
    /// Digits of its minor unit: an `amount` of 1234 with 2 digits is 12.34.
    pub minor_digits: u8,
    /// Attributed money, minor units: the `amount` of `campaign_roi` on basis close_date.
    pub amount: i64,
    /// The touches, largest money first.
    pub touches: Vec<CampaignTouch>,
}

/// One touch of one deal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignTouch {
    /// The deal.
    pub deal_id: String,
    /// Its account.
    pub account_id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Fiscal quarter of its booking.
    pub close_quarter: String,
    /// The touch.
    pub touch_id: String,
    /// When it happened.
    pub touched_at: String,
    /// Share of the deal.
    pub share: f64,
    /// Minor units.
    pub amount: i64,
}

/// Explains a campaign's number under the default model.
///
/// # Errors
/// A campaign or quarter that the run does not have, and whatever stops a run.
pub fn explain_campaign(
    plan: &Plan,
    question: &CampaignQuestion,
    threads: usize,
    progress: &dyn Progress,
) -> Result<CampaignExplanation, RunError> {
    let workers = Workers::start(threads)?;
    let mut clock = Clock::new(progress);
    let prepared = prepare(plan, &workers, Budget::unlimited(), &mut clock)?;
    let (campaign_id, lines) = wanted_lines(&prepared, &question.campaign)?;
    let quarter = wanted_quarter(&prepared, question.quarter.as_deref())?;
    let Fit { plan, models, .. } = fit::fit(plan, &workers, &prepared, fit::Wants::default())?;
    let plan = &plan;
    clock.stage("credit");
    let mut touches = workers.pool.install(|| credited(plan, &prepared, models, &lines, quarter))?;
    touches.sort_by(|a, b| {
        b.amount.cmp(&a.amount).then_with(|| (&a.deal_id, &a.touch_id).cmp(&(&b.deal_id, &b.touch_id)))
    });
    Ok(CampaignExplanation {
        campaign_name: prepared.campaign_names.name(&campaign_id).map(str::to_owned),
        namesakes: prepared.campaign_names.called(&campaign_id).map(str::to_owned).collect(),
        campaign_id,
        quarter: question.quarter.clone(),
        model: plan.default_model().id().to_owned(),
        currency: plan.finance.currency.clone(),
        minor_digits: plan.finance.minor_digits,
        amount: touches.iter().map(|touch| touch.amount).sum(),
        touches,
    })
}

/// The campaign that is meant, and the codes of its lines.
fn wanted_lines(prepared: &Prepared, asked: &str) -> Result<(String, BTreeSet<u32>), RunError> {
    let codes = 0..narrow(prepared.lines.count());
    let id = |code: u32| prepared.lines.line(code).campaign.as_deref();
    let spent_on = prepared.spent.iter().filter_map(|spent| spent.campaign);
    let campaign = prepared.campaign_names.find(asked, &codes.clone().filter_map(id).chain(spent_on).collect())?;
    let lines = codes.filter(|&code| id(code) == Some(&campaign)).collect();
    Ok((campaign, lines))
}

/// The number of a quarter in which something was touched, booked or spent.
fn wanted_quarter(prepared: &Prepared, quarter: Option<&str>) -> Result<Option<i32>, RunError> {
    let Some(quarter) = quarter else { return Ok(None) };
    let quarters = &prepared.conversions.quarters;
    let numbers = (0..narrow(quarters.count())).map(|position| quarters.number(position));
    let numbers: BTreeSet<i32> = numbers.chain(prepared.spent.iter().map(|spent| spent.quarter)).collect();
    let names: Vec<String> = numbers.iter().copied().map(Calendar::quarter_name).collect();
    match numbers.iter().zip(&names).find(|(_, name)| *name == quarter) {
        Some((number, _)) => Ok(Some(*number)),
        None => {
            let span =
                format!("the run spans {} to {}", names.first().map_or("", |n| n), names.last().map_or("", |n| n));
            let near = remedy(quarter, names.iter().map(String::as_str), &span);
            Err(RunError::Unknown { what: "quarter", name: quarter.to_owned(), remedy: near })
        }
    }
}

fn credited(
    plan: &Plan,
    prepared: &Prepared,
    models: Models,
    lines: &BTreeSet<u32>,
    quarter: Option<i32>,
) -> Result<Vec<CampaignTouch>, RunError> {
    let of_deals = |name| column(&prepared.deals, name).and_then(IdColumn::try_new);
    let (deals, accounts) = (of_deals("deal_id")?, of_deals("account_id")?);
    let wants = CreditWants { touch_credits: true, ..CreditWants::default() };
    let crediting = Crediting::new(plan, prepared, models, wants)?;
    let model = plan.default_model;
    let number = |position| prepared.conversions.quarters.number(position);
    let mut touches = Vec::new();
    crediting.run(
        |partition| {
            let rows = &partition.credits;
            let is_wanted = |row: &usize| {
                lines.contains(&rows.lines[*row])
                    && quarter.is_none_or(|quarter| number(rows.close_quarters[*row]) == quarter)
            };
            let of_deal = |ids: &IdColumn<'_>, row: usize| ids.text(rows.deals[row] as usize).unwrap_or_default();
            let wanted = (0..rows.len()).filter(is_wanted).map(|row| CampaignTouch {
                deal_id: of_deal(&deals, row),
                account_id: of_deal(&accounts, row),
                kind: rows.kinds[row].name(),
                close_quarter: Calendar::quarter_name(number(rows.close_quarters[row])),
                touch_id: partition.ids.text(rows.touch_ids[row]),
                touched_at: instant_text(rows.touched_at[row]),
                share: rows.shares[model][row],
                amount: rows.amounts[model][row],
            });
            Ok(wanted.collect::<Vec<_>>())
        },
        |partitions| {
            touches.extend(partitions.into_iter().flatten());
            Ok(())
        },
    )?;
    Ok(touches)
}
