//! The histories that lifetime models see, from purchases by `sql/lifetime/kept.sql` and what is asked of its rows.

use super::columns::column;
use super::purchases::PurchaseRows;
use super::{EngineError, session};
use arrow::array::{ArrowPrimitiveType, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt32Type};
use closedloop_core::lifetime::{Grain, Histories, Holdout, Period, Summaries};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use rayon::slice::ParallelSliceMut;

impl PurchaseRows {
    /// The histories observed up to the end of day `until`.
    ///
    /// # Errors
    /// A memory limit that it exceeds.
    pub async fn histories(&self, ctx: &SessionContext, grain: Grain, until: i32) -> Result<Histories, EngineError> {
        let days = |period: Period| ScalarValue::from(if grain.merge == grain.unit { 1.0 } else { period.days() });
        let last_period = ScalarValue::from(grain.merge.number(until));
        let params =
            [("last_period", last_period), ("period_days", days(grain.merge)), ("unit_days", days(grain.unit))];
        let sql = include_str!("../../sql/lifetime/histories.sql");
        let rows = self.answer(ctx, sql, grain, until, &params).await?;
        Ok(Histories {
            customer: values::<UInt32Type>(&rows, "customer")?,
            first_period: values::<Int32Type>(&rows, "first_period")?,
            total: values::<Int64Type>(&rows, "total")?,
            repeat_total: values::<Int64Type>(&rows, "repeat_total")?,
            summaries: Summaries {
                x: values::<UInt32Type>(&rows, "x")?,
                t_x: values::<Float64Type>(&rows, "t_x")?,
                t: values::<Float64Type>(&rows, "t")?,
                mean_value: values::<Float64Type>(&rows, "mean_value")?,
            },
        })
    }

    /// The customers and the days on which they bought something that they kept, up to the end of day `until`, in order.
    ///
    /// # Errors
    /// A memory limit that it exceeds.
    pub async fn bought(&self, ctx: &SessionContext, until: i32) -> Result<Vec<(u32, i32)>, EngineError> {
        let sql = include_str!("../../sql/lifetime/bought.sql");
        let rows = self.answer(ctx, sql, Grain::of(Period::Day), until, &[]).await?;
        let (customers, days) = (values::<UInt32Type>(&rows, "customer")?, values::<Int32Type>(&rows, "period")?);
        let mut bought: Vec<(u32, i32)> = customers.into_iter().zip(days).collect();
        bought.par_sort_unstable();
        Ok(bought)
    }

    /// What the customers of some histories, observed up to the end of day `cut`, did after it up to the end of day `until`.
    ///
    /// # Errors
    /// A memory limit that it exceeds.
    pub async fn holdout(
        &self,
        ctx: &SessionContext,
        grain: Grain,
        cut: i32,
        until: i32,
        histories: &Histories,
    ) -> Result<Holdout, EngineError> {
        let params = [("cut_period", ScalarValue::from(grain.merge.number(cut)))];
        let rows = self.answer(ctx, include_str!("../../sql/lifetime/holdout.sql"), grain, until, &params).await?;
        let customers = values::<UInt32Type>(&rows, "customer")?;
        let (purchases, amounts) = (values::<UInt32Type>(&rows, "purchases")?, values::<Int64Type>(&rows, "amount")?);
        let places = histories.customer.iter().map(|customer| customers.binary_search(customer).ok());
        let (purchases, amount) =
            places.map(|place| place.map_or((0, 0), |place| (purchases[place], amounts[place]))).unzip();
        Ok(Holdout { purchases, amount })
    }

    /// The rows of a query over the purchases kept until a day, by customer. Customers have nothing to do with each other, so that each thread
    /// runs the query over some of them, whose rows come in order.
    async fn answer(
        &self,
        ctx: &SessionContext,
        sql: &str,
        grain: Grain,
        until: i32,
        params: &[(&str, ScalarValue)],
    ) -> Result<Vec<RecordBatch>, EngineError> {
        let single = session::single(ctx);
        let mut plans = Vec::new();
        for (rows, gave_back) in self.shares(ctx.state().config().target_partitions())? {
            session::register_sorted(&single, "purchases", rows, &["customer"])?;
            let values = [
                ("merge", ScalarValue::from(grain.merge.name())),
                ("until", ScalarValue::from(until)),
                ("gave_back", ScalarValue::from(gave_back)),
            ];
            let kept = session::read_with(&single, include_str!("../../sql/lifetime/kept.sql"), &values).await?;
            single.register_table("kept", kept.into_view())?;
            let frame = session::read_with(&single, sql, params).await?;
            plans.push(frame.create_physical_plan().await?);
            single.deregister_table("kept")?;
            single.deregister_table("purchases")?;
        }
        let rows = session::collect_all(&single, plans).await?;
        let (Some(first), true) = (rows.first(), self.gave_back < self.customer.len()) else { return Ok(rows) };
        let rows = concat_batches(first.schema_ref(), &rows)?;
        let order = sort_to_indices(rows.column(0), None, None)?;
        Ok(vec![take_record_batch(&rows, &order)?])
    }
}

/// A column without nulls as a vector.
fn values<T: ArrowPrimitiveType>(rows: &[RecordBatch], name: &str) -> Result<Vec<T::Native>, EngineError> {
    let mut values = Vec::with_capacity(rows.iter().map(RecordBatch::num_rows).sum());
    for rows in rows {
        let found = cast(column(rows, name)?, &T::DATA_TYPE)?;
        values.extend_from_slice(found.as_primitive::<T>().values());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Calendar;
    use crate::engine::memory::Budget;
    use crate::engine::purchases::SHARE;
    use jiff::tz::TimeZone;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::collections::BTreeMap;

    /// After all that tests look at.
    const END: i32 = 1_000;

    fn told(rows: &[(u32, i32, i64)], grain: Grain, until: i32) -> (Histories, Holdout) {
        told_by(2, rows, grain, until)
    }

    fn told_by(threads: usize, rows: &[(u32, i32, i64)], grain: Grain, until: i32) -> (Histories, Holdout) {
        ask(threads, rows, async |ctx, purchases| {
            let histories = purchases.histories(&ctx, grain, until).await.unwrap();
            let later = purchases.holdout(&ctx, grain, until, END, &histories).await.unwrap();
            (histories, later)
        })
    }

    /// What some question of purchases says.
    fn ask<A>(
        threads: usize,
        rows: &[(u32, i32, i64)],
        question: impl AsyncFnOnce(SessionContext, PurchaseRows) -> A,
    ) -> A {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let ctx = session::open_in(&Calendar::new(TimeZone::UTC, 1), 2, threads, &Budget::unlimited()).unwrap();
        let customer: Vec<u32> = rows.iter().map(|row| row.0).collect();
        let day: Vec<i32> = rows.iter().map(|row| row.1).collect();
        let amount: Vec<i64> = rows.iter().map(|row| row.2).collect();
        runtime.block_on(question(ctx, PurchaseRows::new(&customer, &day, &amount).unwrap()))
    }

    fn of(rows: &[(u32, i32, i64)], grain: Grain, until: i32) -> Histories {
        told(rows, grain, until).0
    }

    fn bought(rows: &[(u32, i32, i64)], until: i32) -> Vec<(u32, i32)> {
        ask(2, rows, async |ctx, purchases| purchases.bought(&ctx, until).await.unwrap())
    }

    #[test]
    fn purchases_of_a_day_are_one_and_the_first_is_left_out_of_the_mean() {
        let histories = of(&[(7, 0, 500), (7, 14, 100), (7, 14, 200), (7, 21, 400)], Grain::of(Period::Day), 30);
        let summaries = &histories.summaries;
        assert_eq!((summaries.x[0], summaries.t_x[0], summaries.t[0]), (2, 21.0, 30.0));
        assert_eq!((summaries.mean_value[0], histories.total[0], histories.repeat_total[0]), (350.0, 1_200, 700));
        let in_weeks = of(&[(7, 0, 500), (7, 14, 100)], Grain { merge: Period::Day, unit: Period::Week }, 28);
        assert_eq!((in_weeks.summaries.t_x[0], in_weeks.summaries.t[0]), (2.0, 4.0));
    }

    #[test]
    fn weeks_and_months_merge_what_falls_into_them() {
        // 1970-01-05, 1970-01-11 (Monday to Sunday), 1970-01-12, 1970-02-01.
        let rows = [(1, 4, 10), (1, 10, 20), (1, 11, 30), (1, 31, 40)];
        let weeks = of(&rows, Grain::of(Period::Week), 31);
        assert_eq!((weeks.summaries.x[0], weeks.summaries.t_x[0], weeks.repeat_total[0]), (2, 3.0, 70));
        let months = of(&rows, Grain::of(Period::Month), 60);
        assert_eq!((months.summaries.x[0], months.summaries.t_x[0], months.summaries.t[0]), (1, 1.0, 2.0));
        assert_eq!((months.total[0], months.repeat_total[0], months.first_period[0]), (100, 40, 0));
    }

    #[test]
    fn a_refund_takes_the_latest_purchase_first_and_one_taken_back_in_full_did_not_happen() {
        let rows = [(1, 0, 500), (1, 10, 300), (1, 20, 200), (1, 25, -350), (1, 28, 50)];
        let histories = of(&rows, Grain::of(Period::Day), 30);
        // 200 of day 20 are gone, 150 of day 10; days 0, 10 and 28 remain.
        assert_eq!(bought(&rows, 30), [(1, 0), (1, 10), (1, 28)]);
        assert_eq!((histories.summaries.x[0], histories.summaries.t_x[0]), (2, 28.0));
        assert_eq!((histories.repeat_total[0], histories.total[0]), (200, 700));
    }

    #[test]
    fn a_customer_who_took_all_back_is_no_customer() {
        let histories = of(&[(1, 0, 500), (1, 3, -700), (2, 1, 0), (3, 1, -5)], Grain::of(Period::Day), 9);
        assert_eq!(histories.customer, [2]);
        // A refund without a purchase is not taken off what is bought later.
        let histories = of(&[(4, 0, 500), (4, 3, -700), (4, 5, 40)], Grain::of(Period::Day), 9);
        assert_eq!((histories.total[0], histories.first_period[0], histories.summaries.x[0]), (40, 5, 0));
    }

    #[test]
    fn what_came_after_the_end_is_counted_apart() {
        let rows = [(1, 0, 10), (1, 5, 20), (1, 12, 30), (1, 12, 40), (1, 13, -5), (2, 11, 50)];
        let (histories, later) = told(&rows, Grain::of(Period::Day), 10);
        assert_eq!(histories.customer, [1]);
        assert_eq!((later.purchases[0], later.amount[0], histories.total[0]), (1, 65, 30));
        // What is taken back in full did not happen afterwards either, and what goes beyond is taken off earlier purchases.
        let (histories, later) =
            told(&[(1, 0, 100), (1, 12, 30), (1, 13, 40), (1, 14, -60)], Grain::of(Period::Day), 10);
        assert_eq!((later.purchases[0], later.amount[0], histories.total[0]), (1, 10, 100));
        let (_, later) = told(&[(1, 0, 100), (1, 12, 30), (1, 14, -60)], Grain::of(Period::Day), 10);
        assert_eq!((later.purchases[0], later.amount[0]), (0, 0));
    }

    #[test]
    fn nobody_has_no_history() {
        assert_eq!(of(&[], Grain::of(Period::Day), 10), Histories::default());
    }

    #[test]
    fn shares_of_many_threads_say_the_same() {
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let mut row = || (random.random_range(0..90_000), random.random_range(0..60), random.random_range(0..100));
        let mut rows: Vec<(u32, i32, i64)> = (0..3 * SHARE).map(|_| row()).collect();
        // One customer reaches over where the rows would be cut, another gave something back.
        rows.extend((0..SHARE).map(|at| (40_000, i32::try_from(at % 50).unwrap(), 1)));
        rows.push((7, 60, -5));
        let grain = Grain { merge: Period::Day, unit: Period::Week };
        let told = told_by(4, &rows, grain, 30);
        assert_eq!(told, told_by(1, &rows, grain, 30));
        let mut totals: BTreeMap<u32, i64> = BTreeMap::new();
        rows.iter().filter(|row| row.1 <= 30).for_each(|row| *totals.entry(row.0).or_default() += row.2);
        assert!(told.0.customer.iter().eq(totals.keys()) && told.0.total.iter().eq(totals.values()));
    }

    /// Period → what is left of its purchase, refund after refund as the rule is told.
    fn stack(rows: &[(u32, i32, i64)], customer: u32, period: Period) -> Vec<(i32, i64)> {
        let mut days: BTreeMap<i32, (Option<i64>, i64)> = BTreeMap::new();
        for (_, day, amount) in rows.iter().filter(|row| row.0 == customer) {
            let (bought, refund) = days.entry(period.number(*day)).or_default();
            if *amount < 0 { *refund += amount } else { *bought = Some(bought.unwrap_or_default() + amount) }
        }
        let mut kept: Vec<(i32, i64)> = Vec::new();
        for (period, (bought, mut refund)) in days {
            kept.extend(bought.map(|bought| (period, bought)));
            for place in (0..kept.len()).rev() {
                let taken = kept[place].1.min(-refund);
                refund += taken;
                // 0 stays for a purchase of nothing, -1 marks one that is gone.
                if taken > 0 && taken == kept[place].1 {
                    kept[place].1 = -1;
                } else {
                    kept[place].1 -= taken;
                }
            }
            kept.retain(|of| of.1 >= 0);
        }
        kept
    }

    #[test]
    fn random_customers_are_told_as_the_rule_says_in_any_order() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut rows: Vec<(u32, i32, i64)> = (0..4_000)
            .map(|_| (random.random_range(0..600), random.random_range(-40..60), random.random_range(-60..120) / 10))
            .collect();
        for period in [Period::Day, Period::Week, Period::Month] {
            let histories = of(&rows, Grain::of(period), 60);
            let expected: Vec<(u32, Vec<(i32, i64)>)> = (0..600)
                .map(|customer| (customer, stack(&rows, customer, period)))
                .filter(|(_, kept)| !kept.is_empty())
                .collect();
            assert_eq!(histories.customer, expected.iter().map(|of| of.0).collect::<Vec<_>>());
            for (row, (customer, kept)) in expected.iter().enumerate() {
                let total: i64 = kept.iter().map(|of| of.1).sum();
                let told = (histories.first_period[row], histories.summaries.x[row] as usize, histories.total[row]);
                assert_eq!(told, (kept[0].0, kept.len() - 1, total), "{customer}: {kept:?}");
                assert_eq!(histories.repeat_total[row], total - kept[0].1, "{customer}: {kept:?}");
                assert_eq!(histories.summaries.t_x[row], f64::from(kept[kept.len() - 1].0 - kept[0].0));
            }
            rows.reverse();
            assert_eq!(of(&rows, Grain::of(period), 60), histories);
        }
    }
}
