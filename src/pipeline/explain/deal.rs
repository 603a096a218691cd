//! One deal's explanation: its milestones, each touch with the rule that decided on it, and what each model did.

use super::super::credit::{EligibleTouches, JourneyMaker, PartitionCredit};
use super::super::credit_rows::CreditRows;
use super::super::error::RunError;
use super::super::prepare::Prepared;
use super::history::Rows;
use super::{CreditExplanation, DealExplanation, ELIGIBLE, ResidualExplanation, TouchExplanation};
use crate::config::calendar::instant_text;
use crate::config::{Calendar, Plan};
use crate::engine::columns::column;
use crate::engine::ids::IdColumn;
use crate::scatter::conversions::Conversion;
use crate::scatter::group::{Beyond, Grouping};
use crate::scatter::touch::{NO_CONTACT, Touch};
use arrow::array::RecordBatch;
use closedloop_core::journey::{Anchor, days};
use std::collections::{BTreeMap, BTreeSet};

/// What an explanation looks at.
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    pub(super) prepared: &'a Prepared,
    pub(super) history: &'a RecordBatch,
}

/// Per row of the history: whether its identifier is there again, and whether it is collapsed.
struct Repeats {
    repeated: Vec<bool>,
    collapsed: Vec<bool>,
}

/// An account's touches by identifier, after grouping.
struct Grouped {
    touches: BTreeMap<String, Touch>,
    /// Those that are collapsed into an earlier touch of a deal's journey.
    collapsed: BTreeSet<String>,
}

impl View<'_> {
    pub(super) fn explain(
        &self,
        deal: u32,
        conversion: Option<&Conversion>,
        credited: &PartitionCredit,
    ) -> Result<DealExplanation, RunError> {
        let journeys = &credited.journeys;
        let text = |name: &str| -> Result<String, RunError> {
            Ok(IdColumn::try_new(column(&self.prepared.deals, name)?)?.text(deal as usize).unwrap_or_default())
        };
        let deal_id = text("deal_id")?;
        let position = journeys.rows.iter().position(|row| row.deal == deal).ok_or_else(|| RunError::Unknown {
            what: "journey of deal",
            name: deal_id.clone(),
            remedy: "please report this bug".to_owned(),
        })?;
        let row = &journeys.rows[position];
        let residuals = self.plan.models.iter().zip(&journeys.left).filter_map(|(model, left)| {
            let (bucket, amount) = left[position];
            Some((model.id().to_owned(), ResidualExplanation { residual: bucket?.name(), amount }))
        });
        let quarter = self.prepared.conversions.quarters.number(row.close_quarter);
        let milestones = conversion
            .map(|conversion| self.prepared.conversions.milestones(conversion, self.plan.journeys.anchor_tolerance));
        Ok(DealExplanation {
            deal_id,
            opportunity_id: text("opportunity_id")?,
            account_id: text("account_id")?,
            kind: row.kind.name().to_owned(),
            currency: self.plan.finance.currency.clone(),
            minor_digits: self.plan.finance.minor_digits,
            amount: row.amount,
            close_quarter: Calendar::quarter_name(quarter),
            window_start: conversion.map(|conversion| instant_text(conversion.window_start)),
            window_end: conversion.map(|conversion| instant_text(conversion.converted_at)),
            opportunity_created_at: milestones.and_then(|m| m.opportunity_created_at).map(instant_text),
            lead_created_at: milestones.and_then(|m| m.lead_created_at).map(instant_text),
            models: self.plan.models.iter().map(|model| model.id().to_owned()).collect(),
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
        let repeats = self.repeats(&rows, deal, conversion)?;
        let mut positions = 0;
        let touches = (0..rows.len()).map(|row| {
            let touch_id = rows.ids.text(row).unwrap_or_default();
            let status = self.status(conversion, &rows, row, &repeats);
            let is_eligible = status == ELIGIBLE;
            positions += usize::from(is_eligible);
            let campaign_id = rows.campaigns.text(row);
            let credit_row = credited.get(&touch_id).copied().filter(|_| is_eligible);
            TouchExplanation {
                touched_at: rows.at(row).map(instant_text).unwrap_or_default(),
                channel: self.channel(&rows, row),
                campaign_name: campaign_id
                    .as_deref()
                    .and_then(|id| self.prepared.campaign_names.name(id))
                    .map(str::to_owned),
                campaign_id,
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

    /// Which rows are there again, and which are collapsed into an earlier touch of the deal's journey.
    fn repeats(&self, rows: &Rows<'_>, deal: u32, conversion: &Conversion) -> Result<Repeats, RunError> {
        let conversions = &self.prepared.conversions;
        let accounts = IdColumn::try_new(column(&self.prepared.deals, "account_id")?)?;
        let mut repeats = Repeats { repeated: vec![false; rows.len()], collapsed: vec![false; rows.len()] };
        let Some(account) = conversions.by_account.probe(&accounts, deal as usize) else { return Ok(repeats) };
        let account = account as usize;
        let spanned = |at| conversions.of_account(account).iter().any(|conversion| conversion.spans(at));
        let is_in_a_window =
            |row: &usize| rows.is_readable(*row) && rows.in_scope(*row) && rows.at(*row).is_some_and(spanned);
        let in_a_window: Vec<(usize, String)> =
            (0..rows.len()).filter(is_in_a_window).filter_map(|row| Some((row, rows.ids.text(row)?))).collect();

        // Of touches with one identifier one is kept, among those in some window of the account.
        let Grouped { touches, collapsed } = self.grouped(account, conversion)?;
        let is_kept = |row: usize, touch: &Touch| {
            let line = self.prepared.lines.line(touch.line);
            rows.at(row) == Some(touch.at)
                && rows.eligible(row) == touch.eligible
                && self.contact(rows, row) == touch.contact
                && rows.campaigns.text(row) == line.campaign
                && self.channel(rows, row) == line.channel
        };
        let kept: BTreeMap<&str, usize> = in_a_window
            .iter()
            .filter(|(row, id)| touches.get(id).is_some_and(|touch| is_kept(*row, touch)))
            .map(|(row, id)| (id.as_str(), *row))
            .collect();
        for row in 0..rows.len() {
            let id = rows.ids.text(row).unwrap_or_default();
            repeats.repeated[row] = kept.get(id.as_str()).is_some_and(|kept| *kept != row);
        }
        for (row, id) in &in_a_window {
            repeats.collapsed[*row] = collapsed.contains(id);
        }
        Ok(repeats)
    }

    /// The account's touches, after grouping, and those that the deal's journey collapses.
    fn grouped(&self, account: usize, conversion: &Conversion) -> Result<Grouped, RunError> {
        let Prepared { conversions, scattered, lines, .. } = self.prepared;
        let partition = scattered.partition_of(account);
        let (pieces, accounts) = (scattered.pieces(partition)?, scattered.accounts(partition));
        let grouping = Grouping::new(conversions, lines, &scattered.types);
        let grouped = grouping.group(&pieces, scattered.ids(&pieces), accounts.clone(), Beyond::Dropped);
        let (touches, mut journey) = (grouped.of_account(account - accounts.start), EligibleTouches::default());
        let maker = JourneyMaker::new(self.plan, conversions, scattered, lines);
        journey.collect(conversions.window_of(conversion), touches, &maker);
        let id = |touch: &Touch| grouped.ids.text(touch.id);
        Ok(Grouped {
            collapsed: journey.collapsed.iter().map(|&position| id(&touches[position])).collect(),
            touches: touches.iter().map(|touch| (id(touch), *touch)).collect(),
        })
    }

    /// `eligible`, or the first rule that excludes the touch.
    fn status(&self, conversion: &Conversion, rows: &Rows<'_>, row: usize, repeats: &Repeats) -> &'static str {
        let Some(at) = rows.at(row).filter(|_| rows.is_readable(row)) else { return "unreadable" };
        let contacts = self.prepared.conversions.contacts_of(conversion);
        let is_mapped = contacts.is_empty() || contacts.binary_search(&self.contact(rows, row)).is_ok();
        let rules = [
            (!rows.in_scope(row), "recorded after the as-of date"),
            (at > conversion.converted_at, "after the conversion"),
            (at < conversion.window_start, "before the window"),
            (repeats.repeated[row], "repeated touch_id"),
            (!is_mapped, "not a mapped contact"),
            (!rows.eligible(row), "not eligible"),
            (repeats.collapsed[row], "collapsed into an earlier touch"),
        ];
        rules.into_iter().find(|(excludes, _)| *excludes).map_or(ELIGIBLE, |(_, rule)| rule)
    }

    /// The number of the contact of a row.
    fn contact(&self, rows: &Rows<'_>, row: usize) -> u32 {
        self.prepared.conversions.by_contact.probe(&rows.contacts, row).unwrap_or(NO_CONTACT)
    }

    /// The channel of a row.
    fn channel(&self, rows: &Rows<'_>, row: usize) -> String {
        let (campaign, own) = (rows.campaigns.text(row), rows.channel(row));
        self.prepared.lines.channel_of_touch(campaign.as_deref(), own.as_deref()).to_owned()
    }

    fn credit(&self, credits: &CreditRows, row: usize) -> BTreeMap<String, CreditExplanation> {
        let models = self.plan.models.iter().enumerate();
        models
            .map(|(position, model)| {
                let (share, amount) = (credits.shares[position][row], credits.amounts[position][row]);
                (model.id().to_owned(), CreditExplanation { share, amount })
            })
            .collect()
    }
}

fn anchors(held: [bool; 4]) -> Vec<&'static str> {
    Anchor::ALL.into_iter().zip(held).filter(|(_, held)| *held).map(|(anchor, _)| anchor.name()).collect()
}
