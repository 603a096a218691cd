//! What a run was given, as its marts tell it: the models, what became of the rows, what was spent and on which channels.

use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::columns::{column, text_column};
use crate::engine::contract;
use crate::engine::set_aside::{RowCounts, SetAsideRow};
use crate::pipeline::columns::Columns;
use crate::pipeline::place_sums::PlaceSums;
use crate::pipeline::spread::{Level, Period};
use crate::scatter::lines::{Lines, UNKNOWN_CHANNEL};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use closedloop_core::model::ModelSpec;
use std::collections::BTreeMap;

/// `dim_model`.
///
/// # Errors
/// None that inputs can cause.
pub fn dim_model(models: &[ModelSpec], default_model: usize) -> Result<RecordBatch, EngineError> {
    let specs: Vec<String> = models.iter().map(spec_json).collect();
    let mut columns = Columns::default();
    columns.texts("model", models.iter().map(|model| Some(model.id())));
    columns.integers("position", (1..).take(models.len()).map(Some));
    columns.texts("description", models.iter().map(|model| Some(model.description())));
    columns.flags("is_default", (0..models.len()).map(|position| Some(position == default_model)));
    columns.texts("spec", specs.iter().map(|spec| Some(spec.as_str())));
    let hashes: Vec<String> = models.iter().map(spec_hash).collect();
    columns.texts("spec_hash", hashes.iter().map(|hash| Some(hash.as_str())));
    columns.finish()
}

/// The normalised spec of a model as JSON.
pub fn spec_json(model: &ModelSpec) -> String {
    serde_json::to_string(model).unwrap_or_default()
}

/// BLAKE3 of a model's normalised spec.
pub fn spec_hash(model: &ModelSpec) -> String {
    blake3::hash(spec_json(model).as_bytes()).to_hex().to_string()
}

/// `line_channels`: the channels that campaigns or touches name.
///
/// # Errors
/// None that inputs can cause.
pub fn line_channels(lines: &Lines) -> Result<RecordBatch, EngineError> {
    let mut columns = Columns::default();
    columns.texts("channel", lines.channels().iter().map(|channel| Some(channel.as_str())));
    columns.finish()
}

/// `spend_by_quarter`: campaign or channel × fiscal quarter number, sorted, of the rows of `spent_by_quarter`. Spend without a
/// channel has that of its campaign's touches in journeys, or of the campaign's other spend.
///
/// # Errors
/// Rows of other columns than their SQL file gives.
pub fn spend_by_quarter(spent: &RecordBatch, lines: &Lines, places: &PlaceSums) -> Result<RecordBatch, EngineError> {
    let (campaigns, channels) = (text_column(spent, "campaign_id")?, text_column(spent, "channel")?);
    let quarters = column(spent, "quarter")?.as_primitive::<Int32Type>().values();
    let amounts = column(spent, "spend")?.as_primitive::<Int64Type>().values();
    // Which other touches were looked at depends on the models.
    let in_journeys = places.iter().filter_map(|(place, _)| match place {
        (Level::Campaign(line), Period::All) => Some(line),
        _ => None,
    });
    let channels_of = lines.channels_of_spend(in_journeys);
    let mut sums: BTreeMap<(Option<&str>, &str, i32), i64> = BTreeMap::new();
    for (((campaign, own), &quarter), &amount) in campaigns.iter().zip(&channels).zip(quarters).zip(amounts) {
        let told = || channels_of.get(campaign?).copied();
        *sums.entry((campaign, own.or_else(told).unwrap_or(UNKNOWN_CHANNEL), quarter)).or_default() += amount;
    }
    let mut columns = Columns::default();
    columns.texts("campaign_id", sums.keys().map(|(campaign, ..)| *campaign));
    columns.texts("channel", sums.keys().map(|(_, channel, _)| Some(*channel)));
    columns.integers32("quarter", sums.keys().map(|(.., quarter)| Some(*quarter)));
    columns.integers("spend", sums.values().copied().map(Some));
    columns.finish()
}

/// `input_reconciliation`: what became of the rows of every table that is given.
///
/// # Errors
/// None that inputs can cause.
pub fn input_reconciliation(counts: &BTreeMap<Table, RowCounts>) -> Result<RecordBatch, EngineError> {
    let mut columns = Columns::default();
    columns.texts("table_name", counts.keys().map(|table| Some(table.name())));
    let parts = |counts: &RowCounts| [counts.read, counts.used, counts.out_of_scope, counts.set_aside];
    let names = ["read", "used", "out_of_scope", "set_aside"];
    for (part, name) in names.into_iter().enumerate() {
        let rows = |counts| i64::try_from(parts(counts)[part].rows).ok();
        columns.integers(&format!("rows_{name}"), counts.values().map(rows));
    }
    let has_money = |table: Table| contract::columns(table).iter().any(|column| column.name == "amount");
    for (part, name) in names.into_iter().enumerate() {
        let amount =
            |(table, counts): (&Table, _)| i64::try_from(parts(counts)[part].amount).ok().filter(|_| has_money(*table));
        columns.integers(&format!("amount_{name}"), counts.iter().map(amount));
    }
    columns.finish()
}

/// `set_aside`.
///
/// # Errors
/// None that inputs can cause.
pub fn set_aside(rows: &[SetAsideRow]) -> Result<RecordBatch, EngineError> {
    let texts: Vec<String> = rows.iter().map(SetAsideRow::json).collect();
    let mut columns = Columns::default();
    columns.texts("table_name", rows.iter().map(|row| Some(row.table.name())));
    columns.texts("reason", rows.iter().map(|row| Some(row.reason)));
    columns.texts("key", rows.iter().map(|row| row.key.as_deref()));
    columns.integers("amount", rows.iter().map(|row| row.amount));
    columns.texts("file", rows.iter().map(|row| row.file.as_deref()));
    columns.integers("line", rows.iter().map(|row| row.line.and_then(|line| i64::try_from(line).ok())));
    columns.texts("row", texts.iter().map(|text| Some(text.as_str())));
    columns.finish()
}
