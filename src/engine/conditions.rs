//! The conditions on touches that the configuration states: which touches may earn credit, and whether a failure is theirs or
//! that of the source.

use super::EngineError;
use super::diagnose::is_about_values;
use super::source::{SOURCE_ROW, VOLATILE, is_volatile};
use super::words::words;
use crate::config::Plan;
use crate::config::file::Table;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::functions::expr_fn::lower;
use datafusion::logical_expr::{Expr, cast, col, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;

/// Whether the configuration lets a touch earn credit: eligible, and no suppression rule matches.
///
/// # Errors
/// A condition that does not parse, or that looks at more than one touch.
pub(crate) fn eligible(touchpoints: &DataFrame, plan: &Plan) -> Result<Expr, EngineError> {
    let eligible = condition(touchpoints, "journeys.eligible", &plan.journeys.eligible)?;
    not_suppressed(touchpoints, plan, eligible)
}

/// Whether a touch is of sales, whatever it may earn: the models that learn from rates control for it.
///
/// # Errors
/// As for [`eligible()`].
pub(crate) fn of_sales(touchpoints: &DataFrame, plan: &Plan) -> Result<Expr, EngineError> {
    not_suppressed(touchpoints, plan, lower(col("source")).eq(lit("sales")))
}

/// A condition on touches that no suppression rule matches.
fn not_suppressed(touchpoints: &DataFrame, plan: &Plan, mut condition_so_far: Expr) -> Result<Expr, EngineError> {
    for (name, rule) in &plan.journeys.suppress {
        let rule = condition(touchpoints, &format!("journeys.suppress.{name}"), rule)?;
        condition_so_far = condition_so_far.and(rule.is_not_true());
    }
    Ok(condition_so_far)
}

/// A configured condition on one touch.
fn condition(touchpoints: &DataFrame, key: &str, sql: &str) -> Result<Expr, EngineError> {
    let condition = touchpoints.parse_sql_expr(sql).map_err(|error| sql_fault(key, words(&error)))?;
    if condition.exists(|part| Ok(looks_beyond_its_row(part)))? {
        return Err(sql_fault(key, "must be a condition on one touch".to_owned()));
    }
    if is_volatile(&condition)? {
        return Err(sql_fault(key, VOLATILE.to_owned()));
    }
    Ok(cast(condition, DataType::Boolean))
}

/// What is wrong with SQL of the configuration at a key.
pub(crate) fn sql_fault(key: &str, message: String) -> EngineError {
    EngineError::Sql { key: key.to_owned(), message }
}

fn looks_beyond_its_row(part: &Expr) -> bool {
    use Expr::{AggregateFunction, Exists, InSubquery, ScalarSubquery, WindowFunction};
    matches!(part, AggregateFunction(_) | WindowFunction(_) | Exists(_) | InSubquery(_) | ScalarSubquery(_))
}

/// What made reading the touches fail: their source, or the conditions on them where the source alone can be read.
pub(crate) async fn fault(ctx: &SessionContext, plan: &Plan, error: DataFusionError) -> EngineError {
    let conditions =
        if plan.journeys.suppress.is_empty() { "journeys.eligible" } else { "journeys.eligible or journeys.suppress" };
    let source = &plan.sources[&Table::Touchpoints];
    match read_without_conditions(ctx).await {
        Err(error) => source.explain(&error),
        Ok(()) if is_about_values(&error) => sql_fault(conditions, words(&error)),
        Ok(()) => source.explain(&error),
    }
}

async fn read_without_conditions(ctx: &SessionContext) -> Result<(), DataFusionError> {
    let mut rows = ctx.table("touchpoints").await?.drop_columns(&[SOURCE_ROW])?.execute_stream().await?;
    while rows.next().await.transpose()?.is_some() {}
    Ok(())
}
