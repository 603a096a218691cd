//! Findings on spend: what is paid and credits nothing, what is credited and not paid, and what nobody else knows.

use super::{Amounts, Finding, of_amounts};
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::columns::column;
use crate::pipeline::error::RunError;
use crate::pipeline::phrases::counted;
use crate::pipeline::prepare::{Prepared, Workers};
use crate::pipeline::spent::QuarterSpend;
use crate::pipeline::totals::CreditTotals;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use std::collections::BTreeSet;

/// Spend of campaigns, and of channels alone, that no credited touch names; and credited campaigns for which neither they nor
/// their channel alone have spend.
pub(super) fn spend_and_credit_apart(plan: &Plan, prepared: &Prepared, totals: &CreditTotals) -> Vec<Finding> {
    let (mut spent_on_campaigns, mut spent_on_channels) = (Amounts::new(), Amounts::new());
    for QuarterSpend { campaign, channel, amount, .. } in prepared.spent.iter() {
        let spent_on = if campaign.is_some() { &mut spent_on_campaigns } else { &mut spent_on_channels };
        add(spent_on, campaign.or(channel), amount);
    }
    let credited = || totals.amounts(plan.default_model).map(|(code, amount)| (prepared.lines.line(code), amount));
    let (campaigns, channels): (BTreeSet<_>, BTreeSet<_>) =
        credited().map(|(line, _)| (line.campaign.as_deref(), line.channel.as_str())).unzip();
    let silent_campaigns = spent_on_campaigns.iter().filter(|(id, _)| !campaigns.contains(&Some(id.as_str())));
    let silent_channels = spent_on_channels.iter().filter(|(name, _)| !channels.contains(name.as_str()));
    let mut silent = Amounts::new();
    for (name, amount) in silent_campaigns.chain(silent_channels) {
        *silent.entry(name.clone()).or_default() += amount;
    }
    let mut unpaid = Amounts::new();
    for (line, amount) in credited().filter(|(line, _)| !spent_on_channels.contains_key(&line.channel)) {
        if let Some(campaign) = line.campaign.as_ref().filter(|campaign| !spent_on_campaigns.contains_key(*campaign)) {
            *unpaid.entry(campaign.clone()).or_default() += i128::from(amount);
        }
    }
    unpaid.retain(|_, amount| *amount != 0);
    let findings = [
        of_amounts(Table::Spend, "campaigns or channels with spend and no credited touch", &silent),
        of_amounts(Table::Spend, "campaigns with credit and no spend, so without roi", &unpaid),
    ];
    findings.into_iter().flatten().collect()
}

fn add(amounts: &mut Amounts, name: Option<&str>, amount: i64) {
    if let Some(name) = name {
        *amounts.entry(name.to_owned()).or_default() += i128::from(amount);
    }
}

/// Campaigns that only spend names: neither the campaigns table nor a touch looked at has them.
pub(super) fn spend_of_strangers(prepared: &Prepared) -> Option<Finding> {
    let touched = prepared.lines.unknown_campaigns();
    let mut strangers = Amounts::new();
    for QuarterSpend { campaign, amount, .. } in prepared.spent.iter().filter(|spent| !spent.is_known) {
        add(&mut strangers, campaign.filter(|campaign| !touched.contains(campaign)), amount);
    }
    of_amounts(Table::Spend, "campaigns that only spend names", &strangers)
}

/// Rows of spend that repeat another one: they count, unless somebody takes them out.
pub(super) fn repeated_spend(workers: &Workers, prepared: &Prepared) -> Result<Option<Finding>, RunError> {
    let rows = workers.rows(&prepared.ctx, include_str!("../../../sql/check/repeated_spend.sql"), &[])?;
    let sum = |name| Ok::<_, RunError>(column(&rows, name)?.as_primitive::<Int64Type>().iter().flatten().next());
    let Some(count) = sum("rows")?.filter(|count| *count > 0) else { return Ok(None) };
    let say = counted(count, "row says", "rows say");
    Ok(Some(Finding {
        subject: Table::Spend.name().to_owned(),
        message: format!("{say} the campaign or channel, days and amount of another, and count too"),
        amount: sum("amount")?.map(i128::from),
    }))
}
