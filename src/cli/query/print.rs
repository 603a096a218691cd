//! The rows of an answer: as a table for people, as CSV, or as JSON.

use crate::cli::money::counted;
use crate::cli::table::{header, plain, print_fitted, right};
use arrow::array::{Array, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::ValueEnum;
use comfy_table::Cell;
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

fn cells(rows: &RecordBatch) -> anyhow::Result<Vec<Vec<Option<String>>>> {
    let options = FormatOptions::default().with_display_error(false);
    let columns: Vec<ArrayFormatter<'_>> =
        rows.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect::<Result<_, _>>()?;
    // An untyped null has no bitmap, but is null all the same.
    let nulls: Vec<Option<NullBuffer>> = rows.columns().iter().map(|column| column.logical_nulls()).collect();
    let cell = |row: usize, column: usize| {
        let is_null = nulls[column].as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!is_null).then(|| columns[column].value(row).try_to_string()).transpose()
    };
    let row = |row| (0..columns.len()).map(|column| cell(row, column)).collect();
    Ok((0..rows.num_rows()).map(row).collect::<Result<_, ArrowError>>()?)
}

fn names(rows: &RecordBatch) -> Vec<String> {
    rows.schema().fields().iter().map(|field| field.name().clone()).collect()
}

/// A table, or on a terminal too narrow for it one value a line.
fn print_table(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let cells = cells(rows)?;
    let mut table = plain();
    let is_number: Vec<bool> = rows.columns().iter().map(|column| column.data_type().is_numeric()).collect();
    table.set_header(header(names(rows), |column| is_number[column]));
    for row in &cells {
        table.add_row(row.iter().zip(&is_number).map(|(text, is_number)| {
            let text = text.as_deref().unwrap_or_default();
            if *is_number { right(text) } else { Cell::new(text) }
        }));
    }
    print_fitted(out, &table, &[])?;
    writeln!(out)?;
    Ok(writeln!(out, "{}", counted(rows.num_rows() as u64, "row"))?)
}

fn print_csv(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(names(rows))?;
    for row in cells(rows)? {
        csv.write_record(row.into_iter().map(Option::unwrap_or_default))?;
    }
    Ok(csv.flush()?)
}

/// Numbers that JSON can hold exactly stay numbers; money and the rest are text.
fn print_json(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let names = names(rows);
    for row in cells(rows)? {
        let object: serde_json::Map<String, serde_json::Value> = row
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
