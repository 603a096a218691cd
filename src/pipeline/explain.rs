//! Explanations: why a deal's money went where it went, touch by touch, rule by rule.

mod deal;
mod history;
mod wanted;

use super::clock::{Clock, Progress};
use super::credit::{CreditWants, Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::{self, Fit};
use super::prepare::{Workers, index};
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::engine::memory::Budget;
use deal::View;
use history::history;
use serde::Serialize;
use std::collections::BTreeMap;
use wanted::Wanted;

/// What to explain.
#[derive(Debug, Clone)]
pub enum Question {
    /// One deal.
    Deal(String),
    /// Every deal of an account.
    Account(String),
}

/// Why one deal's money went where it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DealExplanation {
    /// The deal.
    pub deal_id: String,
    /// Its opportunity.
    pub opportunity_id: String,
    /// Its account.
    pub account_id: String,
    /// new, expansion, renewal or credit.
    pub kind: String,
    /// ISO 4217 code of all money here.
    pub currency: String,
    /// Digits of its minor unit: an `amount` of 1234 with 2 digits is 12.34.
    pub minor_digits: u8,
    /// Booked amount, minor units.
    pub amount: i64,
    /// Fiscal quarter of the booking.
    pub close_quarter: String,
    /// When the window opens; for a credit deal its original's.
    pub window_start: Option<String>,
    /// When it closes: the booking, for a credit deal its original's.
    pub window_end: Option<String>,
    /// Creation of the opportunity.
    pub opportunity_created_at: Option<String>,
    /// Earliest creation of a mapped contact.
    pub lead_created_at: Option<String>,
    /// The models that give credit: without those that the data do not support.
    pub models: Vec<String>,
    /// The account's touches in order, whether they count or not.
    pub touches: Vec<TouchExplanation>,
    /// Model → what it left to a residual.
    pub residuals: BTreeMap<String, ResidualExplanation>,
}

/// One touch, as one deal sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TouchExplanation {
    /// The touch.
    pub touch_id: String,
    /// When it happened.
    pub touched_at: String,
    /// Its campaign.
    pub campaign_id: Option<String>,
    /// The campaign's name.
    pub campaign_name: Option<String>,
    /// Its channel, as credited.
    pub channel: String,
    /// `eligible`, or the rule that excluded it.
    pub status: &'static str,
    /// Position in the journey, from 1, when it is eligible.
    pub position: Option<usize>,
    /// Anchors that it holds.
    pub anchors: Vec<&'static str>,
    /// Days before the conversion.
    pub age_days: f64,
    /// Model → share and money.
    pub credit: BTreeMap<String, CreditExplanation>,
}

impl TouchExplanation {
    /// What people call the campaign: its name, without one its identifier; nothing where there is no campaign.
    pub fn campaign(&self) -> &str {
        self.campaign_name.as_deref().or(self.campaign_id.as_deref()).unwrap_or_default()
    }
}

/// What one model gives one touch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CreditExplanation {
    /// Share of the deal.
    pub share: f64,
    /// Minor units.
    pub amount: i64,
}

/// What one model left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResidualExplanation {
    /// The bucket.
    pub residual: &'static str,
    /// Minor units.
    pub amount: i64,
}

/// The status of a touch that earns credit.
pub const ELIGIBLE: &str = "eligible";

/// Explains a deal, or every deal of an account.
///
/// # Errors
/// A deal or account that the inputs do not have, and whatever stops a run.
pub fn explain(
    plan: &Plan,
    question: &Question,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Vec<DealExplanation>, RunError> {
    let workers = Workers::start(threads)?;
    let mut clock = Clock::new(progress);
    let mut indexed = index(plan, &workers, Budget::unlimited(), &mut clock)?;
    workers.runtime.block_on(indexed.loaded.check_touch_quotes())?;
    let wanted = workers.runtime.block_on(Wanted::find(&indexed, question))?;
    let only = wanted.touches(&indexed)?;
    let history = workers.runtime.block_on(history(plan, &indexed, only.clone()))?;
    // What was learned from all journeys takes all touches.
    let only = (!plan.is_fitted()).then_some(only);
    let prepared = indexed.scatter(plan, &workers, &mut clock, only)?;
    let Fit { plan, models, .. } = fit::fit(plan, &workers, &prepared, fit::Wants::default())?;
    let plan = &plan;
    let wants = CreditWants { touch_credits: true, journeys: true, ..CreditWants::default() };
    let crediting = Crediting::new(plan, &prepared, models, wants)?;
    let mut explanations = Vec::new();
    if let Some(account) = wanted.account {
        let credited = crediting.partition_of(account)?;
        for conversion in prepared.conversions.of_account(account) {
            let credits = prepared.conversions.credits_of(conversion).iter().map(|credit| credit.deal);
            for deal in std::iter::once(conversion.deal).chain(credits).filter(|deal| wanted.deals.contains(deal)) {
                let view = View { plan, prepared: &prepared, history: &history };
                explanations.push(view.explain(deal, Some(conversion), &credited)?);
            }
        }
    }
    for credit in prepared.conversions.credits.unmatched.iter().filter(|credit| wanted.deals.contains(&credit.deal)) {
        let mut totals = CreditTotals::new(plan.models.len());
        let credited = PartitionCredit::of_journeys(crediting.unmatched(&mut totals));
        let view = View { plan, prepared: &prepared, history: &history };
        explanations.push(view.explain(credit.deal, None, &credited)?);
    }
    Ok(explanations)
}
