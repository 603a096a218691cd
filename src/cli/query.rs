//! `closedloop query`: SQL over a configuration's inputs and canonical tables, or over a finished run's marts. Reads only.

use super::plan_args::open_plan;
use crate::engine::memory::Budget;
use crate::engine::{load, session};
use crate::mart::{manifest, reading};
use anyhow::Context;
use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::{Args, ValueEnum};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use datafusion::prelude::SessionContext;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `query`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  closedloop query out \"SELECT fiscal_quarter, sum(booked) FROM reconciliation WHERE model = 'linear' GROUP BY 1 ORDER BY 1\"
  closedloop query closedloop.toml \"SELECT channel, count(*) FROM touchpoints GROUP BY 1\"")]
pub(super) struct QueryArgs {
    /// A configuration (inputs as source_<table>, canonical tables, and its marts if it ran), or an output folder (marts)
    place: PathBuf,
    /// One SELECT
    #[arg(allow_hyphen_values = true)]
    sql: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Json,
}

impl QueryArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let rows = runtime.block_on(self.rows())?;
        let mut out = anstream::stdout();
        match self.format {
            Format::Table => print_table(&mut out, &rows)?,
            Format::Csv => print_csv(&mut out, &rows)?,
            Format::Json => print_json(&mut out, &rows)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn rows(&self) -> anyhow::Result<RecordBatch> {
        let ctx = if self.place.is_dir() { reading::open(&self.place).await?.1 } else { self.session().await? };
        let frame = session::read_only(&ctx, &self.sql).await.map_err(|error| explain(&ctx, &error))?;
        session::collect(frame).await.map_err(|error| explain(&ctx, &error))
    }

    /// The session of a configuration, with the marts of its last run.
    async fn session(&self) -> anyhow::Result<SessionContext> {
        let plan = open_plan(&self.place)?;
        let ctx =
            session::open(&plan, std::thread::available_parallelism().map_or(1, usize::from), &Budget::new(None))?;
        load::load(&ctx, &plan).await?;
        if plan.output.join(manifest::MANIFEST).is_file() {
            reading::register(&ctx, &plan.output).await.context("the configuration's output folder")?;
        }
        Ok(ctx)
    }
}

/// What is wrong with a query, with the tables there are when one is missing.
fn explain(ctx: &SessionContext, error: &datafusion::error::DataFusionError) -> anyhow::Error {
    let message = error.strip_backtrace().split_whitespace().collect::<Vec<_>>().join(" ");
    if message.contains("not supported") {
        return anyhow::anyhow!("{message}: query only reads; give one SELECT");
    }
    if message.contains("not found") && message.contains("table") {
        let mut tables: Vec<String> = ctx
            .catalog("datafusion")
            .and_then(|catalog| catalog.schema("public"))
            .map(|schema| schema.table_names())
            .unwrap_or_default();
        tables.sort();
        return anyhow::anyhow!("{message}; the tables are {}", tables.join(", "));
    }
    anyhow::anyhow!("{message}; correct the SQL")
}

fn cells(rows: &RecordBatch, options: &FormatOptions<'_>) -> anyhow::Result<Vec<Vec<Option<String>>>> {
    let columns: Vec<ArrayFormatter<'_>> =
        rows.columns().iter().map(|column| ArrayFormatter::try_new(column, options)).collect::<Result<_, _>>()?;
    let cell =
        |row: usize, column: usize| rows.column(column).is_valid(row).then(|| columns[column].value(row).to_string());
    Ok((0..rows.num_rows()).map(|row| (0..columns.len()).map(|column| cell(row, column)).collect()).collect())
}

fn names(rows: &RecordBatch) -> Vec<String> {
    rows.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn print_table(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(names(rows));
    let is_number: Vec<bool> = rows.columns().iter().map(|column| column.data_type().is_numeric()).collect();
    for row in cells(rows, &FormatOptions::default())? {
        table.add_row(row.into_iter().zip(&is_number).map(|(text, is_number)| {
            let alignment = if *is_number { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(text.unwrap_or_default()).set_alignment(alignment)
        }));
    }
    writeln!(out, "{}", table.trim_fmt())?;
    let plural = if rows.num_rows() == 1 { "" } else { "s" };
    writeln!(out, "\n{} row{plural}", rows.num_rows())?;
    Ok(())
}

fn print_csv(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(names(rows))?;
    for row in cells(rows, &FormatOptions::default())? {
        csv.write_record(row.into_iter().map(Option::unwrap_or_default))?;
    }
    Ok(csv.flush()?)
}

/// Numbers that JSON can hold exactly stay numbers; money and the rest are text.
fn print_json(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let names = names(rows);
    for row in cells(rows, &FormatOptions::default())? {
        let object: serde_json::Map<String, serde_json::Value> = row
            .into_iter()
            .enumerate()
            .map(|(column, text)| {
                let kind = rows.column(column).data_type();
                let value = match text {
                    None => serde_json::Value::Null,
                    Some(text)
                        if kind.is_integer() || kind.is_floating() || *kind == arrow::datatypes::DataType::Boolean =>
                    {
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
