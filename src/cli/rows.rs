//! The rows of an answer: as a table for people, as CSV, or as JSON.

use crate::cli::money::counted;
use crate::cli::table::{cell, header, plain, print_fitted, right};
use arrow::array::{Array, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::ValueEnum;
use std::io::Write;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Json,
}

/// Prints the rows.
///
/// # Errors
/// What the writer refuses, and values that have no text.
pub(super) fn print(out: &mut impl Write, rows: &RecordBatch, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Table => print_table(out, rows),
        Format::Csv => print_csv(out, rows),
        Format::Json => print_json(out, rows),
    }
}

/// The cells of rows as text, one row at a time; null where there is no value.
struct Cells<'a> {
    columns: Vec<ArrayFormatter<'a>>,
    nulls: Vec<Option<NullBuffer>>,
    rows: usize,
}

impl<'a> Cells<'a> {
    fn of(rows: &'a RecordBatch) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'_> = FormatOptions::new().with_display_error(false);
        let columns = rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &OPTIONS));
        // An untyped null has no bitmap, but is null all the same.
        let nulls = rows.columns().iter().map(|column| column.logical_nulls());
        Ok(Self { columns: columns.collect::<Result<_, _>>()?, nulls: nulls.collect(), rows: rows.num_rows() })
    }

    fn by_row(&self) -> impl Iterator<Item = Result<Vec<Option<String>>, ArrowError>> {
        (0..self.rows).map(|row| {
            let cells = self.columns.iter().zip(&self.nulls).map(|(column, nulls)| {
                let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
                (!is_null).then(|| column.value(row).try_to_string()).transpose()
            });
            cells.collect()
        })
    }
}

fn names(rows: &RecordBatch) -> Vec<String> {
    rows.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// A table, or on a terminal too narrow for it one value a line.
fn print_table(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let mut table = plain();
    let is_number: Vec<bool> = rows.columns().iter().map(|column| column.data_type().is_numeric()).collect();
    table.set_header(header(names(rows), |column| is_number[column]));
    for row in Cells::of(rows)?.by_row() {
        table.add_row(row?.iter().zip(&is_number).map(|(text, is_number)| {
            let text = text.as_deref().unwrap_or_default();
            if *is_number { right(text) } else { cell(text) }
        }));
    }
    print_fitted(out, &table, &[])?;
    writeln!(out)?;
    Ok(writeln!(out, "{}", counted(rows.num_rows() as u64, "row"))?)
}

fn print_csv(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(names(rows))?;
    for row in Cells::of(rows)?.by_row() {
        csv.write_record(row?.into_iter().map(Option::unwrap_or_default))?;
    }
    Ok(csv.flush()?)
}

/// Numbers that JSON can hold exactly stay numbers; money and the rest are text.
fn print_json(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let names = names(rows);
    for row in Cells::of(rows)?.by_row() {
        let object: serde_json::Map<String, serde_json::Value> = row?
            .into_iter()
            .enumerate()
            .map(|(column, text)| {
                let kind = rows.column(column).data_type();
                let value = match text {
                    None => serde_json::Value::Null,
                    Some(text) if kind.is_integer() || kind.is_floating() || *kind == DataType::Boolean => {
                        text.parse().unwrap_or(serde_json::Value::String(text))
                    }
                    Some(text) => serde_json::Value::String(text),
                };
                (names[column].clone(), value)
            })
            .collect();
        writeln!(out, "{}", serde_json::Value::Object(object))?;
    }
    Ok(())
}
