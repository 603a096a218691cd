//! What a run says about itself: the manifest for machines, the report for people.

use super::batches::spec_hash;
use super::campaign_names::CampaignNames;
use super::clock::StageReport;
use super::prepare::Prepared;
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::config::file::{Mapping, Table};
use crate::engine::load::Loaded;
use crate::engine::set_aside::{RowCounts, Tally};
use crate::mart::catalogue::SCHEMA_VERSION;
use crate::mart::manifest::{Count, GENERATOR, InputFile, Manifest, ManifestModel, TableCounts};
use crate::mart::writer::WrittenMart;
use crate::scatter::lines::Lines;
use arrow::array::{AsArray, RecordBatch};
use std::collections::BTreeMap;

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The manifest as written.
    pub manifest: Manifest,
    /// Attributed money under the default model, minor units.
    pub attributed: i64,
    /// Residuals under the default model by bucket, minor units.
    pub residuals: Vec<(&'static str, i64)>,
    /// Deals booked, credits included.
    pub deals: u64,
    /// The stages in order, with what each came to.
    pub stages: Vec<StageReport>,
    /// Campaigns with the most money under the default model, at most five.
    pub top_campaigns: Vec<TopCampaign>,
    /// One sentence for every model that the data do not support; among the manifest's remarks.
    pub refusals: Vec<String>,
}

/// A campaign's money over all quarters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopCampaign {
    /// The campaign.
    pub campaign_id: String,
    /// What tells it from all others: its name, with the identifier where others share the name; else the identifier.
    pub label: String,
    /// Its channel.
    pub channel: String,
    /// Attributed money, minor units.
    pub amount: i64,
}

/// The manifest of a run.
pub(super) fn manifest(
    plan: &Plan,
    prepared: &Prepared,
    totals: &CreditTotals,
    inputs: Vec<InputFile>,
    marts: Vec<WrittenMart>,
    stages: &[StageReport],
) -> Manifest {
    let counts = &prepared.loaded.counts;
    Manifest {
        generator: GENERATOR.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: SCHEMA_VERSION,
        as_of: as_of(plan, prepared.latest),
        currency: plan.finance.currency.clone(),
        minor_digits: plan.finance.minor_digits,
        default_model: plan.default_model().id().to_owned(),
        hurdle: plan.finance.hurdle,
        intervals: plan.intervals.to_string(),
        config_hash: plan.config_hash.clone(),
        models: plan.models.iter().map(|m| ManifestModel { id: m.id().to_owned(), spec_hash: spec_hash(m) }).collect(),
        inputs,
        tables: counts.iter().map(|(table, counts)| (table.name().to_owned(), table_counts(counts))).collect(),
        remarks: remarks(plan, prepared),
        booked: narrow(totals.booked_amount()),
        collapsed: prepared.loaded.collapsed,
        marts,
        timings: stages.iter().map(|stage| (stage.name.to_owned(), stage.seconds)).collect(),
    }
}

/// The report of a run.
pub(super) fn report(
    plan: &Plan,
    manifest: Manifest,
    totals: &CreditTotals,
    lines: &Lines,
    names: &CampaignNames,
    stages: Vec<StageReport>,
    refusals: Vec<String>,
) -> Report {
    let model = plan.default_model;
    let mut campaigns: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut attributed = 0;
    for (key, _, earned) in totals.lines() {
        attributed += earned[model].amount;
        let line = lines.line(key.line);
        if let Some(campaign) = &line.campaign {
            *campaigns.entry((campaign, &line.channel)).or_default() += earned[model].amount;
        }
    }
    let mut residuals: BTreeMap<_, i64> = BTreeMap::new();
    for (key, left) in totals.residuals().into_iter().filter(|(key, _)| key.model == model) {
        *residuals.entry(key.bucket).or_default() += left.earned.amount;
    }
    let mut top: Vec<TopCampaign> = campaigns
        .into_iter()
        .map(|((id, channel), amount)| {
            let (campaign_id, channel) = (id.to_owned(), channel.to_owned());
            TopCampaign { campaign_id, label: names.label(id), channel, amount }
        })
        .collect();
    top.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.campaign_id.cmp(&b.campaign_id)));
    top.truncate(5);
    Report {
        manifest,
        attributed,
        residuals: residuals.into_iter().map(|(bucket, amount)| (bucket.name(), amount)).collect(),
        deals: totals.booked().iter().map(|(.., left)| left.deals).sum(),
        top_campaigns: top,
        stages,
        refusals,
    }
}

/// What a reader of the numbers should know about how they came about.
pub(super) fn remarks(plan: &Plan, prepared: &Prepared) -> Vec<String> {
    let Prepared { conversions, lines, loaded, scattered, .. } = prepared;
    let mut remarks = Vec::new();
    let touches = loaded.counts.get(&Table::Touchpoints);
    let none_meets = touches.is_some_and(|touches| touches.out_of_scope.rows > 0 && touches.used.rows == 0);
    if none_meets && !conversions.all.is_empty() && !scattered.earlier.contains(&true) {
        remarks.push(
            "no touch comes before a deal of its account; compare the identifiers of touchpoints with those of opportunities"
                .to_owned(),
        );
    }
    for (table, effect) in [
        (Table::Deals, "won opportunities are the deals"),
        (Table::Spend, "spend is zero everywhere, so there is no roi"),
        (Table::Campaigns, "campaigns have no names, and the channels are the touches' own"),
        (Table::Contacts, "touches need an account of their own, and lead creation is unknown"),
    ] {
        if plan.source(table).is_none() {
            remarks.push(format!("no {} given: {effect}", table.name()));
        }
    }
    if conversions.kinds_inferred {
        remarks
            .push("some deals have no kind: an account's first win counts as new, later ones as expansion".to_owned());
    }
    if plan.journeys.mapping != Mapping::Account {
        let mapped =
            conversions.all.iter().filter(|conversion| !conversions.contacts_of(conversion).is_empty()).count();
        let all = conversions.all.len();
        remarks.push(format!("deals mapped by their contacts: {mapped} of {all}; the others by their account"));
    }
    if loaded.collapsed > 0 {
        remarks.push(format!("{} touches were collapsed into an earlier one of the same person", loaded.collapsed));
    }
    let unknown = lines.unknown_campaigns();
    if plan.source(Table::Campaigns).is_some() && !unknown.is_empty() {
        let few = unknown.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        remarks.push(format!("campaigns that only touches name: {} ({few}, …)", unknown.len()));
    }
    if plan.lifetime.is_some() {
        remarks.extend(lifetime_remarks(&prepared.deals, loaded));
    }
    for (table, counts) in loaded.counts.iter().filter(|(_, counts)| counts.used.rows == 0) {
        let Some(first) = loaded.set_aside.iter().find(|row| row.table == *table) else { continue };
        let (table, rows, reason) = (table.name(), counts.set_aside.rows, first.reason);
        let place = first.place().map_or_else(String::new, |place| format!(" at {place}"));
        let beyond = match counts.out_of_scope.rows {
            0 => String::new(),
            rows => format!("{rows} out of scope, "),
        };
        remarks.push(format!("no row of {table} is used: {beyond}{rows} set aside, the first for {reason}{place}"));
    }
    for (table, counts) in loaded.counts.iter().filter(|(_, counts)| counts.rounded > 0) {
        remarks.push(format!("{} amounts of {} were rounded to the minor unit", counts.rounded, table.name()));
    }
    remarks
}

/// What the inputs leave lifetime value without.
fn lifetime_remarks(deals: &RecordBatch, loaded: &Loaded) -> Vec<String> {
    let mut remarks = Vec::new();
    let unreadable = deals.column_by_name("has_unreadable_term").map_or(0, |term| term.as_boolean().true_count());
    if unreadable > 0 {
        let deals = if unreadable == 1 { "deal has" } else { "deals have" };
        remarks.push(format!(
            "{unreadable} {deals} a term that cannot be read, and counts as none: starts_at and ends_at must both be \
             dates, in this order"
        ));
    }
    if loaded.lacks_amounts {
        remarks.push("transactions have no amount: purchases are counted, and lifetime value is zero".to_owned());
    }
    remarks
}

/// The as-of date: as given, else the latest date in the inputs.
fn as_of(plan: &Plan, latest: Option<i64>) -> String {
    let date = plan.as_of.or(latest).and_then(|instant| plan.calendar.date_of(instant));
    date.map(|date| date.to_string()).unwrap_or_default()
}

fn table_counts(counts: &RowCounts) -> TableCounts {
    let count = |tally: Tally| Count { rows: tally.rows, amount: narrow(tally.amount) };
    TableCounts {
        read: count(counts.read),
        used: count(counts.used),
        out_of_scope: count(counts.out_of_scope),
        set_aside: count(counts.set_aside),
        rounded_amounts: counts.rounded,
    }
}

/// Sums that are bounded by the 18 digits of the marts; amounts of rejected rows are clamped to the type.
fn narrow(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}
