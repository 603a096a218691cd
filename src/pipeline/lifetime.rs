//! Customer lifetime value: from transactions to fits, predictions and the marts about them.
//!
//! ```text
//! a file ──of_file──► histories ──core──► fits, predictions ──► predictions (Parquet)
//!
//! deals or transactions ──customers──► bookings ──value──► value of every customer ──tables──► customer_clv, clv_*
//!                                                               └─acquired, in the credit stage─attributed─► campaign_clv
//! ```

pub mod acquired;
mod attributed;
mod coding;
mod cohorts;
mod customers;
pub mod explain;
mod given_back;
pub mod of_file;
mod tables;
mod value;

use super::RunError;
use super::columns::Columns;
use super::phrases::counted;
use super::prepare::{Prepared, Workers};
use super::totals::CreditTotals;
use crate::config::Plan;
use crate::engine::session;
use acquired::Acquisitions;
use arrow::array::RecordBatch;
use closedloop_core::lifetime::Family;
use customers::{Booking, Customers, day_of};
use std::collections::BTreeSet;
use std::sync::Arc;
use value::{Observed, Valued};

/// The marts about lifetime value.
pub(super) const MARTS: [&str; 5] = ["customer_clv", "clv_cohorts", "clv_fit", "clv_validation", "campaign_clv"];
const OF_CAMPAIGNS: &str = "campaign_clv";

/// Every customer valued, before the touches are credited.
pub(super) struct LifetimeValue {
    customers: Customers,
    valued: Valued,
    /// Where `campaign_clv` is wanted.
    pub(super) acquisitions: Option<Arc<Acquisitions>>,
}

impl LifetimeValue {
    /// Values the customers, where any of the marts is wanted.
    ///
    /// # Errors
    /// Tables of other columns than the stage files give them; money beyond 64 bits.
    pub(super) fn of(
        plan: &Plan,
        workers: &Workers,
        prepared: &Prepared,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<Option<Self>, RunError> {
        // The quarters of cohorts are among those of the dimension.
        let mut marts = MARTS.iter().chain([&"dim_fiscal_quarter"]);
        let Some(rules) = plan.lifetime.as_ref().filter(|_| marts.any(|name| wanted.contains(name))) else {
            return Ok(None);
        };
        let customers = workers.runtime.block_on(Customers::read(plan, rules, prepared))?;
        // Planned spend and late touches say nothing about how long customers were observed.
        let latest = customers.bookings.iter().map(|booking| booking.day).max();
        let until = plan.as_of.map(|instant| day_of(plan, instant)).or(latest).unwrap_or_default();
        let observed = workers.runtime.block_on(Observed::read(&prepared.ctx, &customers, rules, until))?;
        workers.pool.install(|| {
            let valued = Valued::of(&customers, rules, observed);
            let acquisitions = wanted
                .contains(OF_CAMPAIGNS)
                .then(|| Arc::new(attributed::acquisitions(&customers, &valued, prepared.deals.num_rows())));
            Ok(Some(Self { customers, valued, acquisitions }))
        })
    }

    /// The rows of the marts that need no touches.
    pub(super) fn rows(
        &self,
        plan: &Plan,
        wanted: &BTreeSet<&'static str>,
    ) -> Result<Vec<(&'static str, RecordBatch)>, RunError> {
        let Self { customers, valued, .. } = self;
        let mut rows = Vec::new();
        for name in MARTS.into_iter().filter(|name| *name != OF_CAMPAIGNS && wanted.contains(name)) {
            rows.push((
                name,
                match name {
                    "customer_clv" => tables::customer_clv(plan, customers, valued)?,
                    "clv_cohorts" => tables::clv_cohorts(plan, customers, valued)?,
                    "clv_fit" => tables::clv_fit(plan, valued)?,
                    _ => tables::clv_validation(valued)?,
                },
            ));
        }
        Ok(rows)
    }

    /// Registers the first and the last quarter of the cohorts as `lifetime_quarters`; none without lifetime value.
    pub(super) fn register_quarters(this: Option<&Self>, plan: &Plan, prepared: &Prepared) -> Result<(), RunError> {
        let ends = this.and_then(|of| Some([*of.valued.histories.first_period.iter().min()?, of.valued.until]));
        let quarters = ends.into_iter().flatten().map(|day| cohorts::quarter_of(&plan.calendar, day));
        let mut columns = Columns::default();
        columns.integers32("quarter", quarters.map(Some));
        Ok(session::register_rows(&prepared.ctx, "lifetime_quarters", columns.finish()?)?)
    }

    /// Registers what `campaign_clv` is rolled up from, where it is wanted.
    ///
    /// # Errors
    /// Customers lost on the way: a bug.
    pub(super) fn register(&self, plan: &Plan, prepared: &Prepared, totals: &mut CreditTotals) -> Result<(), RunError> {
        let Some(acquisitions) = &self.acquisitions else { return Ok(()) };
        let (ctx, lines) = (&prepared.ctx, &prepared.lines);
        attributed::register(ctx, plan, &self.valued, acquisitions, &mut totals.acquired, lines)
    }

    /// What a reader of the marts should know about how they came about.
    pub(super) fn remarks(&self) -> Vec<String> {
        let Valued { histories, segments, .. } = &self.valued;
        let mut remarks = Vec::new();
        let accounts = self.customers.bookings.chunk_by(|a, b| a.customer == b.customer);
        // Who only gave back never was one.
        let bought = accounts.filter(|of_account| of_account.iter().any(|booking| booking.revenue >= 0));
        let is_gone = |of_account: &&[Booking]| histories.customer.binary_search(&of_account[0].customer).is_err();
        let gone = bought.filter(is_gone).count();
        if gone > 0 {
            let (one, several) =
                ("account took all back and is no customer", "accounts took all back and are no customers");
            remarks.push(format!("lifetime value: {}", counted(gone, one, several)));
        }
        let historic = segments.iter().filter(|segment| segment.valuation.family == Family::Historic);
        for segment in historic.take(3) {
            let (name, reason) = (&segment.name, &segment.valuation.reason);
            remarks.push(format!(
                "lifetime value of customers whose segment is \"{name}\" is their history, without a prediction: {reason}"
            ));
        }
        remarks
    }
}
