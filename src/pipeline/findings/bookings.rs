//! Findings on what is booked: what may be missing from it, what may not belong to it, and what of it no touch earned.

use super::{Finding, amounts_by_id, of_amounts};
use crate::config::Plan;
use crate::config::calendar::days_since_epoch;
use crate::config::file::Table;
use crate::engine::set_aside::Tally;
use crate::pipeline::error::RunError;
use crate::pipeline::phrases::{few, grouped};
use crate::pipeline::prepare::{Prepared, Workers};
use crate::pipeline::totals::CreditTotals;
use closedloop_core::ledger::Bucket;
use jiff::civil::Date;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Where deals are given: won opportunities that have none, and deals of lost ones.
pub(super) fn wins_and_deals_apart(workers: &Workers, prepared: &Prepared) -> Result<Vec<Finding>, RunError> {
    let undealt = amounts_by_id(workers, prepared, include_str!("../../../sql/check/wins_without_deals.sql"))?;
    let of_lost = amounts_by_id(workers, prepared, include_str!("../../../sql/check/deals_of_lost.sql"))?;
    let findings = [
        of_amounts(Table::Opportunities, "won without a deal that is used, and so not booked", &undealt),
        of_amounts(Table::Deals, "booked though their opportunity is lost", &of_lost),
    ];
    Ok(findings.into_iter().flatten().collect())
}

/// Opportunities whose `is_won` says other than their stage.
pub(super) fn contradicted_stages(workers: &Workers, prepared: &Prepared) -> Result<Option<Finding>, RunError> {
    let contradicted = amounts_by_id(workers, prepared, include_str!("../../../sql/check/contradicted_stages.sql"))?;
    Ok(of_amounts(Table::Opportunities, "is_won, which counts, says other than the stage", &contradicted))
}

/// Deals that were closed before they can have been.
pub(super) fn closed_before_created(workers: &Workers, prepared: &Prepared) -> Result<Option<Finding>, RunError> {
    let reversed = amounts_by_id(workers, prepared, include_str!("../../../sql/check/closed_before_created.sql"))?;
    let what = "closed before the opportunity was created, as where day and month are exchanged";
    Ok(of_amounts(Table::Deals, what, &reversed))
}

/// Opportunities with a close date up to a day of which nothing says how they ended: what was won among them is not booked.
pub(in crate::pipeline) fn overdue_opportunities(prepared: &Prepared, until: Date) -> Option<Finding> {
    let mut stages: BTreeMap<&str, Tally> = BTreeMap::new();
    let overdue = prepared.loaded.unsaid.ends.iter().filter(|((_, day), _)| *day <= days_since_epoch(until));
    for ((stage, _), tally) in overdue {
        let sum = stages.entry(if stage.is_empty() { "(blank)" } else { stage }).or_default();
        sum.rows += tally.rows;
        sum.amount += tally.amount;
    }
    let count: u64 = stages.values().map(|tally| tally.rows).sum();
    let amount: i128 = stages.values().map(|tally| tally.amount).sum();
    let mut names: Vec<&str> = stages.keys().copied().collect();
    names.sort_by_key(|name| (Reverse(stages[name].rows), *name));
    let (opportunities, are_in) =
        if count == 1 { ("opportunity", "is in a stage that is") } else { ("opportunities", "are in stages that are") };
    (count > 0).then(|| Finding {
        subject: Table::Opportunities.name().to_owned(),
        message: format!(
            "{} {opportunities} with a close date up to {until} {are_in} neither won nor lost, and \
             not booked: {}; name in stages.won what was won",
            grouped(count),
            few(names.into_iter())
        ),
        amount: (amount != 0).then_some(amount),
    })
}

/// Deals under the default model whose money goes to no touch though their kind is attributed.
pub(super) fn deals_without_credit(plan: &Plan, totals: &CreditTotals) -> Vec<Finding> {
    let mut left: BTreeMap<Bucket, (u64, i128)> = BTreeMap::new();
    for (key, rest) in totals.residuals() {
        if key.model == plan.default_model && key.bucket != Bucket::KindNotAttributed {
            let (deals, amount) = left.entry(key.bucket).or_default();
            *deals += rest.deals;
            *amount += i128::from(rest.earned.amount);
        }
    }
    left.into_iter()
        .map(|(bucket, (deals, amount))| Finding {
            subject: "deals".to_owned(),
            message: format!("{} with money in the residual {}", grouped(deals), bucket.name()),
            amount: Some(amount),
        })
        .collect()
}
