//! A table's own SELECT over its files.

use super::files::{FileRows, read_files};
use super::{VOLATILE, of_text_file};
use crate::config::file::Format;
use crate::config::plan::Source;
use crate::engine::EngineError;
use crate::engine::session::read_only;
use crate::engine::words::words;
use datafusion::common::SchemaError;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement::Query;

/// Plans the configured SELECT with the files' rows as `raw`, and those of further files under their names.
pub(super) async fn map_by_sql(
    ctx: &SessionContext,
    source: &Source,
    raw: FileRows,
    sql: &str,
) -> Result<DataFrame, EngineError> {
    let fault = |message: String| EngineError::Sql { key: format!("tables.{}.sql", source.table.name()), message };
    let statements = DFParser::parse_sql(sql).map_err(|error| fault(words(&error)))?;
    let is_query = |statement: &Statement| matches!(statement, Statement::Statement(sql) if matches!(**sql, Query(_)));
    if statements.len() != 1 || !statements.iter().all(is_query) {
        return Err(fault("must be one SELECT over raw".to_owned()));
    }
    let mut tables = vec![("raw", source, raw)];
    for (name, joined) in &source.with {
        tables.push((name, joined, read_files(ctx, joined).await?));
    }
    let mut faults = Vec::new();
    for (name, source, FileRows { rows, faults: of_files, .. }) in tables {
        ctx.register_table(name, with_plain_texts(source, rows)?.into_view())?;
        faults.push((name, source, of_files));
    }
    let mapped = read_only(ctx, sql).await;
    for (name, ..) in &faults {
        ctx.deregister_table(*name)?;
    }
    let mapped = mapped.map_err(|error| {
        // A column on which files do not agree is not among their rows.
        let disagreement = column_asked_for(&error).and_then(|column| {
            faults.iter().find_map(|(_, source, faults)| Some(source.fault(faults.get(&column)?.clone())))
        });
        disagreement.unwrap_or_else(|| fault(words(&error)))
    })?;
    if has_volatile(mapped.logical_plan())? {
        return Err(fault(VOLATILE.to_owned()));
    }
    Ok(mapped)
}

/// The column that a query asks for and no table has, in small letters.
fn column_asked_for(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::SchemaError(error, _) => match error.as_ref() {
            SchemaError::FieldNotFound { field, .. } => Some(field.name.to_lowercase()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a plan gives other rows whenever it is run.
fn has_volatile(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        for expr in node.expressions() {
            found |= is_volatile(&expr)?;
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// Whether an expression says something else whenever it is asked: by chance, or by the clock, which the engine calls stable.
pub(in crate::engine) fn is_volatile(expr: &Expr) -> Result<bool, DataFusionError> {
    expr.exists(|part| {
        Ok(part.is_volatile_node()
            || matches!(part, Expr::ScalarFunction(call) if call.func.signature().volatility != Volatility::Immutable))
    })
}

/// Rows of a text file for SQL of the configuration: no blanks around texts, and nothing where there is nothing else.
fn with_plain_texts(source: &Source, rows: DataFrame) -> Result<DataFrame, DataFusionError> {
    if source.format == Format::Parquet {
        return Ok(rows);
    }
    let fields = rows.schema().fields().iter();
    let columns: Vec<Expr> = fields.map(|field| of_text_file(field.name(), field.data_type())).collect();
    rows.select(columns)
}
