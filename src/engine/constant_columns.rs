//! Columns that hold one value in every row, such as those that a source does not have, told as that value wherever they are
//! read, so that all that hangs on them is told once and not row by row.
//!
//! The engine does the same within one selection only; stages select from selections.

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, TryCast};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};
use std::collections::HashMap;
use std::sync::Arc;

/// The rule; it comes before the engine's own, which simplify each selection apart.
#[derive(Debug)]
pub(super) struct ConstantColumns;

impl OptimizerRule for ConstantColumns {
    fn name(&self) -> &str {
        "constant_columns"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let input = match &plan {
            LogicalPlan::Projection(projection) => Arc::clone(&projection.input),
            LogicalPlan::Filter(filter) => Arc::clone(&filter.input),
            _ => return Ok(Transformed::no(plan)),
        };
        let constants = constants_of(&input);
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(input.schema()))
            .with_config_options(config.options())
            .with_query_execution_start_time(config.query_execution_start_time());
        let simplifier = ExprSimplifier::new(context.build());
        let names = NamePreserver::new(&plan);
        let told = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let told = expr.transform_up(|expr| match &expr {
                Expr::Column(column) => Ok(match constants.get(column) {
                    Some(constant) => Transformed::yes(constant.clone()),
                    None => Transformed::no(expr),
                }),
                // Stages ask this of flags, which are flags already where files have types.
                Expr::TryCast(TryCast { expr: inner, field })
                    if &inner.get_type(input.schema())? == field.data_type() =>
                {
                    Ok(Transformed::yes(inner.as_ref().clone()))
                }
                _ => Ok(Transformed::no(expr)),
            })?;
            if !told.transformed {
                return Ok(told);
            }
            Ok(Transformed::yes(name.restore(simplifier.simplify(told.data)?)))
        })?;
        if told.transformed { told.map_data(LogicalPlan::recompute_schema) } else { Ok(told) }
    }
}

/// The columns of a selection that hold one value, under the names by which they are read.
fn constants_of(plan: &LogicalPlan) -> HashMap<Column, Expr> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let columns = projection.schema.columns().into_iter().zip(&projection.expr);
            let constants = columns.filter(|(_, expr)| matches!(value_of(expr), Expr::Literal(..)));
            constants.map(|(column, expr)| (column, value_of(expr).clone())).collect()
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let of_input = constants_of(&alias.input);
            let columns = alias.schema.columns().into_iter().zip(alias.input.schema().columns());
            columns.filter_map(|(column, inner)| Some((column, of_input.get(&inner)?.clone()))).collect()
        }
        _ => HashMap::new(),
    }
}

/// An expression without the names that it is given.
fn value_of(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => value_of(&alias.expr),
        _ => expr,
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Calendar;
    use crate::engine::memory::Budget;
    use crate::engine::session::{open_in, read_only};
    use jiff::tz::TimeZone;

    async fn optimized(sql: &str) -> String {
        let ctx = open_in(&Calendar::new(TimeZone::UTC, 1), 2, 1, &Budget::unlimited()).unwrap();
        let rows = read_only(&ctx, "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t (id, name)").await.unwrap();
        ctx.register_table("rows", rows.into_view()).unwrap();
        read_only(&ctx, sql).await.unwrap().into_optimized_plan().unwrap().display_indent().to_string()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn what_hangs_on_a_constant_column_is_told_once() {
        let plan = block_on(optimized(
            "WITH source AS (SELECT id, name, CAST(NULL AS VARCHAR) AS kind FROM rows),
                 typed AS (SELECT id, lower(kind) AS kind, lower(name) AS name, coalesce(lower(kind), name) AS known FROM source)
             SELECT id, known || name AS text, kind IN ('new', 'old') AS is_known, kind IS NULL AS is_unknown FROM typed",
        ));
        assert!(!plan.contains("lower(source.kind)") && !plan.contains("IN ("), "{plan}");
        assert!(plan.contains("Boolean(NULL) AS is_known") && plan.contains("Boolean(true) AS is_unknown"), "{plan}");
    }

    /// On the other side of an outer join a row has no value where none is found.
    #[test]
    fn columns_behind_an_outer_join_are_not_constant() {
        let plan = block_on(optimized(
            "SELECT r.id, o.mark IS NULL AS is_alone
             FROM rows r LEFT JOIN (SELECT id, 1 AS mark FROM rows WHERE id > 1) o ON r.id = o.id",
        ));
        assert!(plan.contains("o.mark IS NULL AS is_alone"), "{plan}");
    }
}
