//! The answers as a table, as CSV or as JSON: a row per model and channel.

use super::Answer;
use crate::cli::table::{cell, header, plain, print_fitted, right};
use closedloop_core::paths::ChannelResult;
use serde::Serialize;
use std::io::Write;

const COLUMNS: [&str; 6] =
    ["model", "channel", "removal_effect_conversions", "removal_effect_value", "conversions", "value"];

/// A row. What does not exist is null: removal effects of other models than Markov, and value where the file has none.
#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    channel: &'a str,
    removal_effect_conversions: Option<f64>,
    removal_effect_value: Option<f64>,
    conversions: f64,
    value: Option<f64>,
}

fn rows<'a>(channels: &'a [String], answers: &'a [Answer], has_value: bool) -> impl Iterator<Item = Row<'a>> {
    answers.iter().flat_map(move |answer| {
        let row = move |(channel, result): (&'a String, &ChannelResult)| Row {
            model: &answer.model,
            channel,
            removal_effect_conversions: result.removal_effect_conversions,
            removal_effect_value: result.removal_effect_value.filter(|_| has_value),
            conversions: result.conversions,
            value: has_value.then_some(result.value),
        };
        channels.iter().zip(&answer.results).map(row)
    })
}

/// Aligned, rounded for people.
pub(super) fn table(
    out: &mut impl Write,
    channels: &[String],
    answers: &[Answer],
    has_value: bool,
) -> std::io::Result<()> {
    let mut table = plain();
    table.set_header(header(COLUMNS, |column| column >= 2));
    let rounded =
        |number: Option<f64>, digits: usize| number.map_or_else(String::new, |number| format!("{number:.digits$}"));
    for row in rows(channels, answers, has_value) {
        table.add_row([
            cell(row.model),
            cell(row.channel),
            right(rounded(row.removal_effect_conversions, 6)),
            right(rounded(row.removal_effect_value, 6)),
            right(rounded(Some(row.conversions), 2)),
            right(rounded(row.value, 2)),
        ]);
    }
    print_fitted(out, &table, &[])?;
    out.flush()
}

/// Comma-separated, every digit.
pub(super) fn csv(out: impl Write, channels: &[String], answers: &[Answer], has_value: bool) -> anyhow::Result<()> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    writer.write_record(COLUMNS)?;
    for row in rows(channels, answers, has_value) {
        writer.serialize(row)?;
    }
    Ok(writer.flush()?)
}

/// One JSON array, every digit.
pub(super) fn json(
    out: &mut impl Write,
    channels: &[String],
    answers: &[Answer],
    has_value: bool,
) -> anyhow::Result<()> {
    let rows: Vec<Row<'_>> = rows(channels, answers, has_value).collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
