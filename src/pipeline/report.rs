//! What a run says about itself: the manifest for machines, the report for people.

use super::batches::spec_hash;
use super::clock::StageReport;
use super::prepare::Prepared;
use super::remarks::remarks;
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::engine::set_aside::{RowCounts, Tally};
use crate::mart::catalogue::SCHEMA_VERSION;
use crate::mart::manifest::{Count, GENERATOR, InputFile, Manifest, ManifestModel, TableCounts};
use crate::mart::writer::WrittenMart;
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
        as_of: prepared.as_of_day(plan).map(|day| day.to_string()).unwrap_or_default(),
        currency: plan.finance.currency.clone(),
        minor_digits: plan.finance.minor_digits,
        default_model: plan.default_model().id().to_owned(),
        hurdle: plan.finance.hurdle,
        intervals: plan.intervals.to_string(),
        config_hash: plan.config_hash.clone(),
        models: plan.models.iter().map(|m| ManifestModel { id: m.id().to_owned(), spec_hash: spec_hash(m) }).collect(),
        inputs,
        tables: counts.iter().map(|(table, counts)| (table.name().to_owned(), table_counts(counts))).collect(),
        remarks: remarks(plan, prepared, totals),
        booked: clamped(totals.booked_amount()),
        collapsed: prepared.loaded.collapsed,
        marts,
        timings: stages.iter().map(|stage| (stage.name.to_owned(), stage.seconds)).collect(),
    }
}

/// The report of a run.
pub(super) fn report(
    plan: &Plan,
    prepared: &Prepared,
    manifest: Manifest,
    totals: &CreditTotals,
    stages: Vec<StageReport>,
    refusals: Vec<String>,
) -> Report {
    let (model, lines) = (plan.default_model, &prepared.lines);
    let mut by_line: Vec<Option<i64>> = vec![None; lines.count()];
    totals.amounts(model).for_each(|(line, amount)| *by_line[line as usize].get_or_insert_default() += amount);
    let attributed = by_line.iter().flatten().sum();
    let mut campaigns: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (code, amount) in (0..).zip(by_line) {
        let line = lines.line(code);
        if let (Some(campaign), Some(amount)) = (&line.campaign, amount) {
            *campaigns.entry((campaign, &line.channel)).or_default() += amount;
        }
    }
    let mut residuals: BTreeMap<_, i64> = BTreeMap::new();
    for (key, left) in totals.residuals().filter(|(key, _)| key.model == model) {
        *residuals.entry(key.bucket).or_default() += left.earned.amount;
    }
    let mut top: Vec<TopCampaign> = campaigns
        .into_iter()
        .map(|((id, channel), amount)| {
            let (campaign_id, channel) = (id.to_owned(), channel.to_owned());
            TopCampaign { campaign_id, label: prepared.campaign_names.label(id), channel, amount }
        })
        .collect();
    top.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.campaign_id.cmp(&b.campaign_id)));
    top.truncate(5);
    Report {
        manifest,
        attributed,
        residuals: residuals.into_iter().map(|(bucket, amount)| (bucket.name(), amount)).collect(),
        deals: totals.booked().map(|(.., left)| left.deals).sum(),
        top_campaigns: top,
        stages,
        refusals,
    }
}

fn table_counts(counts: &RowCounts) -> TableCounts {
    let count = |tally: Tally| Count { rows: tally.rows, amount: clamped(tally.amount) };
    TableCounts {
        read: count(counts.read),
        used: count(counts.used),
        out_of_scope: count(counts.out_of_scope),
        set_aside: count(counts.set_aside),
        rounded_amounts: counts.rounded,
    }
}

/// Sums that are bounded by the 18 digits of the marts; amounts of rejected rows are clamped to the type.
fn clamped(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}
