//! Remarks: what a reader of the numbers should know about how they came about.

use super::phrases::{counted, few, grouped};
use super::prepare::Prepared;
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::config::calendar::DateMeans;
use crate::config::file::{Mapping, Table};
use crate::config::plan::JourneyRules;
use crate::engine::load::Loaded;
use crate::engine::set_aside::SetAsideRow;
use crate::scatter::conversions::{Conversion, Conversions};
use crate::scatter::lines::Lines;
use arrow::array::{AsArray, RecordBatch};
use closedloop_core::journey::DAY_MICROS;
use closedloop_core::ledger::Bucket;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What a reader of the numbers should know about how they came about; found on the current rayon pool.
pub(super) fn remarks(plan: &Plan, prepared: &Prepared, totals: &CreditTotals) -> Vec<String> {
    let Prepared { conversions, lines, loaded, .. } = prepared;
    let mut remarks = Vec::new();
    remarks.extend(why_no_touch_is_used(plan, prepared, totals));
    remarks.extend(absent_tables(plan));
    remarks.extend(nothing_booked(plan, prepared));
    remarks.extend(kind_remarks(conversions, loaded));
    remarks.extend(credit_remarks(conversions));
    remarks.extend(journey_remarks(plan, prepared));
    remarks.extend(line_remarks(plan, lines));
    remarks.extend(campaigns_by_name(prepared));
    remarks.extend(spend_to_come(plan, prepared));
    remarks.extend(channels_by_capitals(prepared));
    if plan.lifetime.is_some() {
        remarks.extend(lifetime_remarks(&prepared.deals, loaded));
    }
    remarks.extend(row_remarks(loaded));
    remarks
}

/// Why no touch is used, where there are some.
fn why_no_touch_is_used(plan: &Plan, prepared: &Prepared, totals: &CreditTotals) -> Option<String> {
    let Prepared { conversions, loaded, scattered, .. } = prepared;
    let touches = loaded.counts.get(&Table::Touchpoints)?;
    if touches.used.rows > 0 || touches.out_of_scope.rows == 0 || conversions.all.is_empty() {
        return None;
    }
    if totals.residuals().any(|(key, _)| key.bucket == Bucket::Suppressed) {
        let JourneyRules { eligible, suppress, .. } = &plan.journeys;
        return Some(match suppress.is_empty() {
            true => format!(
                "no touch in the window of a deal satisfies journeys.eligible; compare these columns of touchpoints with it: {eligible}"
            ),
            false => format!(
                "no touch in the window of a deal satisfies journeys.eligible and no rule of journeys.suppress; compare these columns of touchpoints with them: {eligible}"
            ),
        });
    }
    (scattered.counts.scattered == 0 && !scattered.earlier.contains(&true)).then(|| {
        "no touch comes before a deal of its account; compare the identifiers of touchpoints with those of opportunities"
            .to_owned()
    })
}

/// What the run goes without for want of a table.
fn absent_tables(plan: &Plan) -> impl Iterator<Item = String> {
    let effects = [
        (Table::Deals, "won opportunities are the deals"),
        (Table::Spend, "spend is zero everywhere, so there is no roi"),
        (Table::Campaigns, "campaigns have no names, and the channels are the touches' own"),
        (Table::Contacts, "touches need an account of their own, and lead creation is unknown"),
    ];
    let absent = effects.into_iter().filter(|(table, _)| plan.source(*table).is_none());
    absent.map(|(table, effect)| format!("no {} given: {effect}", table.name()))
}

/// That there is nothing to attribute, where opportunities might be expected to be won.
fn nothing_booked(plan: &Plan, prepared: &Prepared) -> Option<String> {
    let Prepared { conversions, loaded, .. } = prepared;
    let used = loaded.counts.get(&Table::Opportunities).map_or(0, |counts| counts.used.rows);
    if used == 0 || !conversions.all.is_empty() || conversions.credits.all().next().is_some() {
        return None;
    }
    Some(match plan.source(Table::Deals) {
        Some(_) => "nothing is booked: no deal is used".to_owned(),
        None => format!(
            "nothing is booked: none of {} opportunities is won; name in stages.won what was won, or map is_won",
            grouped(used)
        ),
    })
}

/// Where the kinds of deals are not the inputs' own.
fn kind_remarks(conversions: &Conversions, loaded: &Loaded) -> Vec<String> {
    let mut remarks = Vec::new();
    if conversions.kinds_inferred {
        let remark = "some deals have no kind: an account's first win counts as new, later ones as expansion, negative \
                      amounts as credits";
        remarks.push(remark.to_owned());
    }
    let of_types = &loaded.unsaid.kinds;
    if !of_types.is_empty() {
        let wins: u64 = of_types.values().map(|tally| tally.rows).sum();
        let wins = counted(wins, "won opportunity has a type that is", "won opportunities have types that are");
        remarks.push(format!("{wins} no kind of deal: {}", few(of_types.keys().map(String::as_str))));
    }
    let kinds_of_type: u64 = loaded.counts.values().map(|counts| counts.kinds_of_type).sum();
    if kinds_of_type > 0 {
        let deals = counted(kinds_of_type, "deal is", "deals are");
        remarks.push(format!("{deals} of the kind that the type of the opportunity says"));
    }
    remarks
}

/// Credits that do something else than give money back.
fn credit_remarks(conversions: &Conversions) -> Vec<String> {
    let mut remarks = Vec::new();
    if conversions.credits.all().next().is_none() {
        return remarks;
    }
    let added = conversions.credits.all().filter(|credit| credit.amount > 0).count();
    if added > 0 {
        let (one, several) =
            ("credit deal has a positive amount, which adds", "credit deals have positive amounts, which add");
        remarks.push(format!("{} to revenue: money given back is negative", counted(added, one, several)));
    }
    let balance =
        |deal: &Conversion| deal.amount + conversions.credits_of(deal).iter().map(|credit| credit.amount).sum::<i64>();
    let overdrawn = conversions.all.iter().filter(|deal| deal.amount >= 0 && balance(deal) < 0).count();
    if overdrawn > 0 {
        let given_back = "more was given back than";
        let (one, several) = (format!("deal {given_back} it brought"), format!("deals {given_back} they brought"));
        remarks.push(format!("of {}", counted(overdrawn, &one, &several)));
    }
    remarks
}

/// How journeys are found, and what they may lack.
fn journey_remarks(plan: &Plan, prepared: &Prepared) -> Vec<String> {
    let Prepared { conversions, loaded, .. } = prepared;
    let mut remarks = Vec::new();
    if plan.journeys.mapping != Mapping::Account {
        let mapped =
            conversions.all.iter().filter(|conversion| !conversions.contacts_of(conversion).is_empty()).count();
        let all = conversions.all.len();
        let (mapped, all) = (grouped(mapped), grouped(all));
        remarks.push(format!("deals mapped by their contacts: {mapped} of {all}; the others by their account"));
        let apart = conversions.mapped_to_others();
        if apart > 0 {
            let (one, several) =
                ("deal has no mapped contact of its account", "deals have no mapped contact of their account");
            let deals = counted(apart, one, several);
            remarks.push(format!("{deals}: only touches that name the account themselves count"));
        }
    }
    if plan.journeys.collapse.is_some() && plan.source(Table::Contacts).is_none() {
        remarks.push("nothing is collapsed: no contacts say whose the touches are".to_owned());
    }
    if loaded.collapsed > 0 {
        let touches = counted(loaded.collapsed, "touch was", "touches were");
        remarks.push(format!("{touches} collapsed into an earlier one of the same person"));
    }
    remarks.extend(windows_before_touches(plan, prepared));
    remarks
}

/// Deals whose journeys may lack their first touches, since none of that time is on record.
fn windows_before_touches(plan: &Plan, prepared: &Prepared) -> Option<String> {
    let (earliest, _) = prepared.scattered.counts.spanned?;
    let day = plan.calendar.date_of(earliest)?;
    let start = plan.calendar.instant_of_date(day, DateMeans::Start)?;
    let is_attributed = |deal: &&Conversion| plan.finance.attribute_kinds.contains(&deal.kind);
    let attributed = prepared.conversions.all.par_iter().filter(is_attributed);
    let (before, all) = attributed
        .map(|deal| (u64::from(deal.window_start < start), 1_u64))
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    (before > 0).then(|| {
        let (before, all) = (grouped(before), counted(all, "deal of an attributed kind", "deals of attributed kinds"));
        format!("no touch is known from before {day}; the windows of {before} of {all} begin earlier, so that their first touches may be missing")
    })
}

/// Campaigns that the inputs do not tell, or tell in several ways.
fn line_remarks(plan: &Plan, lines: &Lines) -> Vec<String> {
    let mut remarks = Vec::new();
    let unknown = lines.unknown_campaigns();
    if plan.source(Table::Campaigns).is_some() && !unknown.is_empty() {
        let unknown = few(unknown.iter().copied());
        remarks.push(format!("campaigns of touches that the campaigns table does not have: {unknown}"));
    }
    let split = lines.split_campaigns();
    if !split.is_empty() {
        let (split, remedy) = (few(split.iter().copied()), "give them a row in campaigns with one channel");
        remarks.push(format!("campaigns whose touches and spend name several channels: {split}; {remedy}"));
    }
    remarks
}

/// Campaigns that touches or spend call by name where the campaigns table has identifiers, so that the two do not meet.
fn campaigns_by_name(prepared: &Prepared) -> Option<String> {
    let touched = prepared.lines.unknown_campaigns().into_iter();
    let spent = prepared.spent.iter().filter(|spent| !spent.is_known).filter_map(|spent| spent.campaign);
    let by_name: BTreeSet<&str> =
        touched.chain(spent).filter(|text| prepared.campaign_names.called(text).next().is_some()).collect();
    (!by_name.is_empty()).then(|| {
        let named = few(by_name.iter().copied());
        format!(
            "touches or spend call campaigns by their names, so that they are others than those of the campaigns table: {named}; \
             join campaigns by name in the table's sql"
        )
    })
}

/// Where the end of spend, which may be planned, is the as-of date, longer than a quarter after all else.
fn spend_to_come(plan: &Plan, prepared: &Prepared) -> Option<String> {
    const QUARTER: i64 = 92 * DAY_MICROS;
    let (of_spend, others): (Vec<_>, Vec<_>) = prepared.latest_of.iter().partition(|(name, _)| name == "spend");
    let touches = prepared.scattered.counts.spanned.map(|(_, latest)| latest);
    let latest = others.iter().map(|(_, at)| *at).chain(touches).max()?;
    let (_, end) = of_spend.first().filter(|(_, end)| plan.as_of.is_none() && *end > latest + QUARTER)?;
    let day = plan.calendar.date_of(*end)?;
    Some(format!(
        "spend ends on {day}, long after anything else happened, and so is as of then: set calendar.as_of where that is planned"
    ))
}

/// Channels that differ in capitals only.
fn channels_by_capitals(prepared: &Prepared) -> Option<String> {
    let spent = prepared.spent.iter().filter_map(|spent| spent.channel);
    let channels: BTreeSet<&str> = prepared.lines.channels().iter().map(String::as_str).chain(spent).collect();
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for channel in channels {
        alike.entry(channel.to_lowercase()).or_default().push(channel);
    }
    let several: Vec<&str> = alike.values().filter(|written| written.len() > 1).flatten().copied().collect();
    (!several.is_empty()).then(|| {
        let several = few(several.into_iter());
        format!(
            "channels that differ in capitals only are told apart: {several}; write them alike, for instance in sql"
        )
    })
}

/// What the inputs leave lifetime value without.
fn lifetime_remarks(deals: &RecordBatch, loaded: &Loaded) -> Vec<String> {
    let mut remarks = Vec::new();
    let unreadable = deals.column_by_name("has_unreadable_term").map_or(0, |term| term.as_boolean().true_count());
    if unreadable > 0 {
        let deals = counted(unreadable, "deal has", "deals have");
        remarks.push(format!(
            "{deals} a term that cannot be read, and counts as none: starts_at and ends_at must both be \
             dates, in this order"
        ));
    }
    if loaded.lacks_amounts {
        remarks.push("transactions have no amount: purchases are counted, and lifetime value is zero".to_owned());
    }
    remarks
}

/// What became of rows that is more than a count.
fn row_remarks(loaded: &Loaded) -> Vec<String> {
    let mut remarks = Vec::new();
    for (table, _) in loaded.counts.iter().filter(|(_, counts)| counts.read.rows == 0) {
        remarks.push(format!("{} has no rows", table.name()));
    }
    for (table, counts) in loaded.counts.iter().filter(|(_, counts)| counts.used.rows == 0) {
        let of_table = loaded.set_aside.iter().filter(|row| row.table == *table);
        let Some(first) = SetAsideRow::first(of_table) else { continue };
        let (name, rows, why) = (table.name(), grouped(counts.set_aside.rows), first.reason_and_remedy());
        let beyond = match counts.out_of_scope.rows {
            0 => String::new(),
            rows if *table == Table::Touchpoints => format!("{} out of scope, ", grouped(rows)),
            rows => format!("{} later than the as-of date or hanging on what is, ", grouped(rows)),
        };
        remarks.push(format!("no row of {name} is used: {beyond}{rows} set aside, the first for {why}"));
    }
    for (table, counts) in loaded.counts.iter().filter(|(_, counts)| counts.rounded > 0) {
        let table = table.name();
        let (one, several) = (format!("amount of {table} was"), format!("amounts of {table} were"));
        remarks.push(format!("{} rounded to the minor unit", counted(counts.rounded, &one, &several)));
    }
    let uncounted = loaded.counts.get(&Table::Accounts).map_or(0, |accounts| accounts.uncounted);
    if uncounted > 0 {
        let accounts = counted(uncounted, "account has", "accounts have");
        remarks.push(format!("{accounts} a number of employees that is no whole number, and counts as none"));
    }
    remarks
}
