//! Explanations: why a deal's money went where it went, touch by touch, rule by rule.

use super::clock::{Clock, Progress};
use super::credit::{Crediting, PartitionCredit};
use super::credit_rows::CreditRows;
use super::error::RunError;
use super::fit::{self, Fit};
use super::prepare::{Indexed, Memory, Prepared, Workers, index};
use super::scatter_touches::eligible;
use crate::config::calendar::instant_text;
use crate::config::{Calendar, Plan, remedy};
use crate::engine::ids::IdColumn;
use crate::engine::{EngineError, session};
use crate::scatter::collapse::CollapseRule;
use crate::scatter::conversions::Conversion;
use crate::scatter::group::Grouped;
use crate::scatter::touch::{NO_CONTACT, Touch};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use closedloop_core::journey::{Anchor, days};
use closedloop_core::ledger::fraction;
use datafusion::logical_expr::{Expr, col, lit};
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Its channel, as credited.
    pub channel: Option<String>,
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

/// The rules that can exclude a touch, in the order in which they are asked.
pub const EXCLUSIONS: [&str; 8] = [
    "unreadable",
    "recorded after the as-of date",
    "after the conversion",
    "before the window",
    "repeated touch_id",
    "not a mapped contact",
    "not eligible",
    "collapsed into an earlier touch",
];

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
    let indexed = index(plan, &workers, Memory::unlimited(), &mut clock)?;
    let wanted = Wanted::find(&indexed, question)?;
    let only = wanted.touches(&indexed)?;
    let history = workers.runtime.block_on(history(plan, &indexed, only.clone()))?;
    // What was learned from all journeys takes all touches.
    let only = (!plan.is_fitted()).then_some(only);
    let prepared = indexed.scatter(plan, &workers, &mut clock, only)?;
    let Fit { plan, models, .. } = fit::fit(plan, &workers, &prepared, false)?;
    let plan = &plan;
    let crediting = Crediting::new(plan, &prepared, models);
    let mut explanations = Vec::new();
    if let Some(account) = wanted.account {
        let credited = crediting.partition_of(account)?;
        for conversion in prepared.conversions.of_account(account) {
            let credits = prepared.conversions.credits_of(conversion).iter().map(|credit| credit.deal);
            for deal in std::iter::once(conversion.deal).chain(credits).filter(|deal| wanted.deals.contains(deal)) {
                let place = Place { plan, prepared: &prepared, history: &history };
                explanations.push(place.explain(deal, Some(conversion), &credited)?);
            }
        }
    }
    for credit in prepared.conversions.unmatched.iter().filter(|credit| wanted.deals.contains(&credit.deal)) {
        let mut totals = super::totals::CreditTotals::new(plan.models.len());
        let credited = PartitionCredit::of_journeys(crediting.unmatched(&mut totals));
        let place = Place { plan, prepared: &prepared, history: &history };
        explanations.push(place.explain(credit.deal, None, &credited)?);
    }
    Ok(explanations)
}

/// The deals asked for, and their account.
struct Wanted {
    deals: Vec<u32>,
    account: Option<usize>,
    account_row: usize,
}

impl Wanted {
    fn find(indexed: &Indexed, question: &Question) -> Result<Self, RunError> {
        let (column, name, what) = match question {
            Question::Deal(id) => ("deal_id", id, "deal"),
            Question::Account(id) => ("account_id", id, "account"),
        };
        let ids = array(&indexed.deals, column)?;
        let ids = IdColumn::try_new(ids)?;
        let texts: Vec<String> = (0..indexed.deals.num_rows()).filter_map(|row| ids.text(row)).collect();
        let rows: Vec<usize> = (0..texts.len()).filter(|&row| texts[row] == *name).collect();
        let Some(&first) = rows.first() else {
            let near = remedy(name, texts.iter().map(String::as_str), "see the journeys mart for those there are");
            return Err(RunError::Unknown { what, name: name.clone(), remedy: near });
        };
        let account_ids = IdColumn::try_new(array(&indexed.deals, "account_id")?)?;
        let account = indexed.conversions.by_account.probe(&account_ids, first);
        let deals = rows.into_iter().filter_map(|row| u32::try_from(row).ok()).collect();
        Ok(Self { deals, account: account.map(|account| account as usize), account_row: first })
    }

    /// The touches of the account: its own, and those of its contacts that name no account.
    fn touches(&self, indexed: &Indexed) -> Result<Expr, RunError> {
        let account = literal(array(&indexed.deals, "account_id")?, self.account_row)?;
        let of_account = col("account_id").eq(account);
        let contacts = &indexed.conversions.contact_accounts;
        let contact_ids: Vec<Expr> = indexed
            .contact_rows()
            .filter(|(contact, _)| contacts[*contact as usize].map(|account| account as usize) == self.account)
            .map(|(_, row)| literal(array(&indexed.contacts, "contact_id")?, row))
            .collect::<Result<_, RunError>>()?;
        Ok(of_account.or(col("account_id").is_null().and(col("contact_id").in_list(contact_ids, false))))
    }
}

impl Indexed {
    /// Dense contact and row of every contact of an account with conversions.
    fn contact_rows(&self) -> impl Iterator<Item = (u32, usize)> {
        let ids = self.contacts.column_by_name("contact_id").and_then(|ids| IdColumn::try_new(ids).ok());
        (0..self.contacts.num_rows()).filter_map(move |row| {
            let contact = self.conversions.by_contact.probe(ids.as_ref()?, row)?;
            Some((contact, row))
        })
    }
}

/// Every touch row of the account, in order.
async fn history(plan: &Plan, indexed: &Indexed, only: Expr) -> Result<RecordBatch, EngineError> {
    let touchpoints = indexed.ctx.table("touchpoints").await?.filter(only)?;
    let eligible = eligible(&touchpoints, plan)?.alias("eligible");
    let columns = ["touch_id", "contact_id", "touched_at", "campaign_id", "channel", "in_scope", "reason"];
    let selected = columns.into_iter().map(col).chain([eligible]);
    let ordered = touchpoints
        .select(selected)?
        .sort(vec![col("touched_at").sort(true, true), col("touch_id").sort(true, true)])?;
    Ok(session::collect(ordered).await?)
}

/// What an explanation looks at.
struct Place<'a> {
    plan: &'a Plan,
    prepared: &'a Prepared,
    history: &'a RecordBatch,
}

impl Place<'_> {
    fn explain(
        &self,
        deal: u32,
        conversion: Option<&Conversion>,
        credited: &PartitionCredit,
    ) -> Result<DealExplanation, RunError> {
        let journeys = &credited.journeys;
        let text = |column: &str| -> Result<String, RunError> {
            Ok(IdColumn::try_new(array(&self.prepared.deals, column)?)?.text(deal as usize).unwrap_or_default())
        };
        let position = journeys.rows.iter().position(|row| row.deal == deal).unwrap_or_default();
        let row = &journeys.rows[position];
        let residuals = self.plan.models.iter().zip(&journeys.left).filter_map(|(model, left)| {
            let (bucket, amount) = left[position];
            Some((model.id().to_owned(), ResidualExplanation { residual: bucket?.name(), amount }))
        });
        let quarter = self.prepared.conversions.quarters.number(row.close_quarter);
        let milestones = conversion.map(|conversion| conversion.milestones(self.plan.journeys.anchor_tolerance));
        Ok(DealExplanation {
            deal_id: text("deal_id")?,
            opportunity_id: text("opportunity_id")?,
            account_id: text("account_id")?,
            kind: row.kind.name().to_owned(),
            amount: row.amount,
            close_quarter: Calendar::quarter_name(quarter),
            window_start: conversion.map(|conversion| instant_text(conversion.window_start)),
            window_end: conversion.map(|conversion| instant_text(conversion.converted_at)),
            opportunity_created_at: milestones.and_then(|m| m.opportunity_created_at).map(instant_text),
            lead_created_at: milestones.and_then(|m| m.lead_created_at).map(instant_text),
            touches: match conversion {
                Some(conversion) => self.touches(deal, conversion, credited)?,
                None => Vec::new(),
            },
            residuals: residuals.collect(),
        })
    }

    /// The account's touches as the deal sees them.
    fn touches(
        &self,
        deal: u32,
        conversion: &Conversion,
        partition: &PartitionCredit,
    ) -> Result<Vec<TouchExplanation>, RunError> {
        let credits = &partition.credits;
        let rows = Rows::try_new(self.history)?;
        let credited: BTreeMap<String, usize> = (0..credits.len())
            .filter(|&row| credits.deals[row] == deal)
            .map(|row| (partition.ids.text(credits.touch_ids[row]), row))
            .collect();
        // Of touches with one identifier one is kept, among those in some window of the account.
        let account = self
            .prepared
            .conversions
            .by_account
            .probe(&IdColumn::try_new(array(&self.prepared.deals, "account_id")?)?, deal as usize);
        let conversions =
            account.map(|account| self.prepared.conversions.of_account(account as usize)).unwrap_or_default();
        let is_in_a_window = |row: usize| {
            let spanned = |at| conversions.iter().any(|conversion| conversion.spans(at));
            rows.reasons.is_null(row) && rows.in_scope(row) && rows.at(row).is_some_and(spanned)
        };
        let grouped = |collapse| account.map(|account| self.grouped(account as usize, collapse)).transpose();
        let unique = grouped(None)?.unwrap_or_default();
        let is_kept = |row: usize, id: &String| {
            unique.get(id).is_some_and(|touch| rows.at(row) == Some(touch.at) && rows.eligible(row) == touch.eligible)
        };
        let kept: BTreeMap<String, usize> = (0..rows.len())
            .filter(|&row| is_in_a_window(row))
            .filter_map(|row| Some((rows.ids.text(row)?, row)))
            .filter(|(id, row)| is_kept(*row, id))
            .collect();
        let collapse =
            self.plan.journeys.collapse.as_ref().map(|rule| CollapseRule::new(rule, &self.prepared.scattered.types));
        let grouped = grouped(collapse.as_ref())?.unwrap_or_default();
        let mut positions = 0;
        let touches = (0..rows.len()).map(|row| {
            let touch_id = rows.ids.text(row).unwrap_or_default();
            let is_repeated = kept.get(&touch_id).is_some_and(|kept| *kept != row);
            let is_collapsed = is_in_a_window(row) && !grouped.contains_key(&touch_id);
            let status = self.status(conversion, &rows, row, is_repeated, is_collapsed);
            let is_eligible = status == ELIGIBLE;
            positions += usize::from(is_eligible);
            let credit_row = credited.get(&touch_id).copied().filter(|_| is_eligible);
            let campaign = rows.campaigns.text(row);
            TouchExplanation {
                touched_at: rows.at(row).map(instant_text).unwrap_or_default(),
                channel: credit_row
                    .map(|credit| self.prepared.lines.line(credits.lines[credit]).channel.clone())
                    .or_else(|| rows.channel(row)),
                campaign_id: campaign,
                status,
                position: is_eligible.then_some(positions),
                anchors: credit_row.map(|credit| anchors(credits.anchors[credit])).unwrap_or_default(),
                age_days: rows.at(row).map_or(0.0, |at| days(conversion.converted_at - at)),
                credit: credit_row.map(|credit| self.credit(credits, credit)).unwrap_or_default(),
                touch_id,
            }
        });
        Ok(touches.collect())
    }

    /// The account's touches by identifier, after grouping.
    fn grouped(&self, account: usize, collapse: Option<&CollapseRule>) -> Result<BTreeMap<String, Touch>, EngineError> {
        let Prepared { conversions, scattered, lines, .. } = self.prepared;
        let partition = scattered.partition_of(account);
        let (pieces, accounts) = (scattered.pieces(partition)?, scattered.accounts(partition));
        let grouped = Grouped::group(&pieces, scattered.ids(&pieces), accounts.clone(), conversions, lines, collapse);
        let touches = grouped.of_account(account - accounts.start);
        Ok(touches.iter().map(|touch| (grouped.ids.text(touch.id), *touch)).collect())
    }

    /// `eligible`, or the first rule that excludes the touch.
    fn status(
        &self,
        conversion: &Conversion,
        rows: &Rows<'_>,
        row: usize,
        is_repeated: bool,
        is_collapsed: bool,
    ) -> &'static str {
        let Some(at) = rows.at(row).filter(|_| rows.reasons.is_null(row)) else { return EXCLUSIONS[0] };
        let contacts = self.prepared.conversions.contacts_of(conversion);
        let contact = self.prepared.conversions.by_contact.probe(&rows.contacts, row).unwrap_or(NO_CONTACT);
        let is_mapped = contacts.is_empty() || contacts.binary_search(&contact).is_ok();
        let rules = [
            !rows.in_scope(row),
            at > conversion.converted_at,
            at < conversion.window_start,
            is_repeated,
            !is_mapped,
            !rows.eligible(row),
            is_collapsed,
        ];
        rules.iter().zip(&EXCLUSIONS[1..]).find(|(excludes, _)| **excludes).map_or(ELIGIBLE, |(_, rule)| rule)
    }

    fn credit(&self, credits: &CreditRows, row: usize) -> BTreeMap<String, CreditExplanation> {
        let models = self.plan.models.iter().enumerate();
        models
            .map(|(position, model)| {
                let (share, amount) = (fraction(credits.shares[position][row]), credits.amounts[position][row]);
                (model.id().to_owned(), CreditExplanation { share, amount })
            })
            .collect()
    }
}

/// The status of a touch that earns credit.
pub const ELIGIBLE: &str = "eligible";

/// The account's touch rows, column by column.
struct Rows<'a> {
    ids: IdColumn<'a>,
    contacts: IdColumn<'a>,
    touched_at: &'a arrow::array::TimestampMicrosecondArray,
    campaigns: IdColumn<'a>,
    channels: ArrayRef,
    in_scope: &'a arrow::array::BooleanArray,
    reasons: &'a ArrayRef,
    eligible: &'a arrow::array::BooleanArray,
}

impl<'a> Rows<'a> {
    fn try_new(history: &'a RecordBatch) -> Result<Self, RunError> {
        Ok(Self {
            ids: IdColumn::try_new(array(history, "touch_id")?)?,
            contacts: IdColumn::try_new(array(history, "contact_id")?)?,
            touched_at: array(history, "touched_at")?.as_primitive::<TimestampMicrosecondType>(),
            campaigns: IdColumn::try_new(array(history, "campaign_id")?)?,
            channels: cast(array(history, "channel")?, &DataType::Utf8).map_err(EngineError::from)?,
            in_scope: array(history, "in_scope")?.as_boolean(),
            reasons: array(history, "reason")?,
            eligible: array(history, "eligible")?.as_boolean(),
        })
    }

    fn len(&self) -> usize {
        self.touched_at.len()
    }

    fn at(&self, row: usize) -> Option<i64> {
        self.touched_at.is_valid(row).then(|| self.touched_at.value(row))
    }

    fn channel(&self, row: usize) -> Option<String> {
        let channels = self.channels.as_string::<i32>();
        channels.is_valid(row).then(|| channels.value(row).to_owned())
    }

    fn in_scope(&self, row: usize) -> bool {
        self.in_scope.is_valid(row) && self.in_scope.value(row)
    }

    fn eligible(&self, row: usize) -> bool {
        self.eligible.is_valid(row) && self.eligible.value(row)
    }
}

fn array<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, RunError> {
    let missing = || EngineError::from(datafusion::error::DataFusionError::Internal(format!("no column {name}")));
    Ok(rows.column_by_name(name).ok_or_else(missing)?)
}

fn literal(ids: &ArrayRef, row: usize) -> Result<Expr, RunError> {
    let value = datafusion::scalar::ScalarValue::try_from_array(ids, row).map_err(EngineError::from)?;
    Ok(lit(value))
}

fn anchors(held: [bool; 4]) -> Vec<&'static str> {
    let names = ["first", "lead_creation", "opportunity_creation", "closing"];
    debug_assert_eq!(names.len(), Anchor::ALL.len());
    names.into_iter().zip(held).filter(|(_, held)| *held).map(|(name, _)| name).collect()
}
