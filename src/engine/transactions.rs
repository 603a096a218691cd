//! One file of transactions, or of summaries, read without a configuration.

use super::columns::{column, text_column, texts};
use super::quotes::QuoteCheck;
use super::source::{self, OpenSource, other_delimiter, verbatim};
use super::{EngineError, ids, session};
use crate::config::file::Table;
use crate::config::plan::Source;
use arrow::array::{Array, AsArray, Int32Array, RecordBatch, StringArray};
use arrow::compute::kernels::cmp::gt;
use arrow::compute::{cast, filter_record_batch, is_null, not};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::logical_expr::{Expr, lit, try_cast};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use std::collections::BTreeMap;

/// The transactions of a file.
#[derive(Debug)]
pub struct FileTransactions {
    /// `account_id` (integer or text), `day` (days since 1970-01-01), `amount` (minor units; 0 where the file has none).
    pub rows: RecordBatch,
    /// How many rows could not be read, by reason.
    pub unreadable: BTreeMap<String, u64>,
    /// How many amounts were rounded to the minor unit.
    pub rounded: usize,
}

/// Reads a file of transactions whose columns `source` maps, without SQL; without `has_amount` a column of that name is not read.
///
/// # Errors
/// A file that cannot be read, a column that it does not have.
pub async fn read_transactions(
    ctx: &SessionContext,
    source: &Source,
    has_amount: bool,
) -> Result<FileTransactions, EngineError> {
    QuoteCheck::start(source).done().await?;
    let raw = source::read_files(ctx, source).await?;
    let names = column_names(&raw.rows);
    for (canonical, flag) in FLAGS {
        if let Some(wanted) = source.columns.get(canonical) {
            find(&names, &[wanted]).ok_or_else(|| missing(source, &names, &format!("\"{wanted}\""), flag))?;
        }
    }
    let mut opened = source::map_columns(source, raw)?;
    if !has_amount {
        opened.rows = opened.rows.with_column("amount", lit(ScalarValue::Utf8(None)))?;
    }
    let mut sources = BTreeMap::from([(Table::Transactions, opened)]);
    ids::unify(&mut sources)?;
    for OpenSource { rows, .. } in sources.into_values() {
        ctx.register_table("source_transactions", rows.into_view())?;
    }
    let values = [
        ("as_of", ScalarValue::TimestampMicrosecond(None, Some("UTC".into()))),
        ("has_amount", ScalarValue::from(has_amount)),
    ];
    let stage = session::read_with(ctx, include_str!("../../sql/stage/transactions.sql"), &values).await?;
    ctx.register_table("stage_transactions", stage.into_view())?;
    let frame = session::read_only(ctx, include_str!("../../sql/lifetime/of_file.sql")).await?;
    let rows = session::collect(frame).await.map_err(|error| source.explain(&error))?;
    let reasons = text_column(&rows, "reason")?;
    let mut unreadable = BTreeMap::new();
    for reason in reasons.iter().flatten() {
        *unreadable.entry(reason.to_owned()).or_default() += 1;
    }
    let rounded = column(&rows, "is_rounded")?.as_boolean().true_count();
    let rows = if unreadable.is_empty() { rows } else { filter_record_batch(&rows, &is_null(&reasons)?)? };
    Ok(FileTransactions { rows, unreadable, rounded })
}

/// The summaries of a file, one row a customer.
#[derive(Debug)]
pub struct FileSummaries {
    /// What names the customers, where a column was given for it.
    pub customer: Option<StringArray>,
    /// frequency, recency and T.
    pub history: [Vec<f64>; 3],
    /// Mean value of the repeat purchases, where the file has it.
    pub mean_value: Option<Vec<f64>>,
}

/// The usual headings of a history, in the order of [`FileSummaries::history`].
const HISTORY: [&[&str]; 3] = [&["frequency", "x"], &["recency", "t_x"], &["T"]];
/// The usual headings of the mean value, which a file may lack.
const MEAN_VALUE: &[&str] = &["monetary_value", "zbar"];

/// Reads a file of summaries under the usual headings.
///
/// # Errors
/// A file that cannot be read, a heading that it does not have, a value that is no number.
pub async fn read_summaries(
    ctx: &SessionContext,
    source: &Source,
    id: Option<&str>,
) -> Result<FileSummaries, EngineError> {
    QuoteCheck::start(source).done().await?;
    let frame = source::read_files(ctx, source).await?.rows;
    let names = column_names(&frame);
    let mut selected: Vec<Expr> = Vec::new();
    if let Some(id) = id {
        let name = find(&names, &[id]).ok_or_else(|| missing(source, &names, &format!("\"{id}\""), "--id"))?;
        selected.push(try_cast(verbatim(name), DataType::Utf8).alias("customer"));
    }
    let number = |name: &String, heading: &str| try_cast(verbatim(name), DataType::Float64).alias(heading);
    for headings in HISTORY {
        let name = find(&names, headings)
            .ok_or_else(|| lacking(source, &names, &headings.join(" or "), "rename the column"))?;
        selected.push(number(name, headings[0]));
    }
    selected.extend(find(&names, MEAN_VALUE).map(|name| number(name, MEAN_VALUE[0])));
    let rows = session::collect(frame.select(selected)?).await.map_err(|error| source.explain(&error))?;
    let numbers = |heading: &str| -> Result<Vec<f64>, EngineError> {
        let values = column(&rows, heading)?.as_primitive::<Float64Type>();
        match (0..values.len()).find(|&row| values.is_null(row)) {
            None => Ok(values.values().to_vec()),
            Some(row) => {
                Err(source.fault(format!("{heading} of row {} is not a number; correct or leave out the row", row + 1)))
            }
        }
    };
    let customer = rows.column_by_name("customer").map(|ids| texts(ids)).transpose()?;
    let history = [numbers("frequency")?, numbers("recency")?, numbers("T")?];
    let mean_value = rows.column_by_name("monetary_value").map(|_| numbers("monetary_value")).transpose()?;
    Ok(FileSummaries { customer, history, mean_value })
}

/// The flags of `clv` that name the columns of a file.
const FLAGS: [(&str, &str); 3] = [("account_id", "--id"), ("transacted_at", "--at"), ("amount", "--amount")];

/// A column that a flag names and the file lacks.
fn missing(source: &Source, names: &[String], wanted: &str, flag: &str) -> EngineError {
    lacking(source, names, wanted, &format!("name one of them with {flag}"))
}

/// A column that the file lacks.
fn lacking(source: &Source, names: &[String], wanted: &str, remedy: &str) -> EngineError {
    source.fault(match other_delimiter(source, names) {
        Some('\t') => format!("its header is one column, {:?}; add --delimiter '\\t'", names[0]),
        Some(delimiter) => format!("its header is one column, {:?}; add --delimiter '{delimiter}'", names[0]),
        None => format!("column {wanted} is missing; the columns are {}; {remedy}", names.join(", ")),
    })
}

fn column_names(frame: &DataFrame) -> Vec<String> {
    frame.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// The column of one of several names, exact or in another case.
fn find<'a>(names: &'a [String], wanted: &[&str]) -> Option<&'a String> {
    let exact = names.iter().find(|name| wanted.contains(&name.as_str()));
    exact.or_else(|| names.iter().find(|name| wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))))
}

/// The rows of the days up to `until`, and how many came later.
///
/// # Errors
/// Rows of other columns than [`FileTransactions::rows`].
pub fn up_to(rows: &RecordBatch, until: i32) -> Result<(RecordBatch, usize), EngineError> {
    let days = cast(column(rows, "day")?, &DataType::Int32)?;
    let late = gt(&days, &Int32Array::new_scalar(until))?;
    match late.true_count() {
        0 => Ok((rows.clone(), 0)),
        count => Ok((filter_record_batch(rows, &not(&late)?)?, count)),
    }
}
