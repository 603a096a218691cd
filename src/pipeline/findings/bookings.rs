//! Findings on what is booked: what may be missing from it, what may not belong to it, and what of it no touch earned.

use super::{Finding, amounts_by_id, of_amounts};
use crate::config::Plan;
use crate::config::file::Table;
use crate::engine::columns::{column, text_column};
use crate::pipeline::error::RunError;
use crate::pipeline::prepare::{Prepared, Workers};
use crate::pipeline::remarks::few;
use crate::pipeline::totals::CreditTotals;
use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int64Type};
use closedloop_core::ledger::Bucket;
use datafusion::scalar::ScalarValue;
use std::collections::BTreeMap;

/// Where deals are given: won opportunities that have none, and deals of opportunities that are not won.
pub(super) fn wins_and_deals_apart(workers: &Workers, prepared: &Prepared) -> Result<Vec<Finding>, RunError> {
    let undealt = amounts_by_id(workers, prepared, include_str!("../../../sql/check/wins_without_deals.sql"))?;
    let unwon = amounts_by_id(workers, prepared, include_str!("../../../sql/check/deals_without_wins.sql"))?;
    let findings = [
        of_amounts(Table::Opportunities, "won without a deal, and so not booked", &undealt),
        of_amounts(Table::Deals, "booked though their opportunity is not won", &unwon),
    ];
    Ok(findings.into_iter().flatten().collect())
}

/// Opportunities past their close date of which nothing says how they ended. They count as open, and what was won among them
/// is not booked.
///
/// # Errors
/// Opportunities that cannot be read again.
pub(in crate::pipeline) fn overdue_opportunities(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
) -> Result<Option<Finding>, RunError> {
    // The rows are read again, for their stages, only where there are such.
    if prepared.loaded.counts.get(&Table::Opportunities).is_none_or(|counts| counts.ends_unsaid == 0) {
        return Ok(None);
    }
    let latest = ScalarValue::TimestampMicrosecond(plan.as_of.or(prepared.latest), Some("UTC".into()));
    let sql = include_str!("../../../sql/check/overdue_opportunities.sql");
    let rows = workers.rows(&prepared.ctx, sql, &[("latest", latest)])?;
    let names = text_column(&rows, "stage")?;
    let names = names.as_string::<i32>().iter().map(|stage| stage.unwrap_or("no stage"));
    let count: i64 = column(&rows, "opportunities")?.as_primitive::<Int64Type>().values().iter().sum();
    let amount: i128 = column(&rows, "amount")?.as_primitive::<Decimal128Type>().iter().flatten().sum();
    let opportunities = if count == 1 { "opportunity is" } else { "opportunities are" };
    Ok((count > 0).then(|| Finding {
        subject: Table::Opportunities.name().to_owned(),
        message: format!(
            "{count} {opportunities} past the close date in stages that are neither won nor lost, and count as open: {}; \
             name what ended in stages.won or stages.lost",
            few(names)
        ),
        amount: (amount != 0).then_some(amount),
    }))
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
            message: format!("{deals} with money in the residual {}", bucket.name()),
            amount: Some(amount),
        })
        .collect()
}
