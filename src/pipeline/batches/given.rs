//! What a run was given, as its marts tell it: the models, the channels, the spend and what became of the rows.

use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::contract;
use crate::engine::set_aside::{RowCounts, SetAsideRow};
use crate::pipeline::columns::Columns;
use crate::pipeline::spent::SpendByLine;
use crate::scatter::lines::Lines;
use arrow::array::RecordBatch;
use closedloop_core::model::ModelSpec;
use std::collections::BTreeMap;

/// `dim_model`.
pub fn dim_model(models: &[ModelSpec], default_model: usize) -> Result<RecordBatch, EngineError> {
    let specs: Vec<String> = models.iter().map(spec_json).collect();
    let mut columns = Columns::default();
    columns.texts("model", models.iter().map(|model| model.id()));
    columns.integers("position", (1..).take(models.len()).map(Some));
    columns.texts("description", models.iter().map(|model| model.description()));
    columns.flags("is_default", (0..models.len()).map(|position| position == default_model));
    columns.texts("spec", specs.iter().map(|spec| spec.as_str()));
    let hashes: Vec<String> = models.iter().map(spec_hash).collect();
    columns.texts("spec_hash", hashes.iter().map(|hash| hash.as_str()));
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
pub fn line_channels(lines: &Lines) -> Result<RecordBatch, EngineError> {
    let mut columns = Columns::default();
    columns.texts("channel", lines.channels().iter().map(|channel| channel.as_str()));
    columns.finish()
}

/// `spend_by_quarter`: campaign or channel × fiscal quarter number, sorted.
pub fn spend_by_quarter(spend: &SpendByLine<'_>) -> Result<RecordBatch, EngineError> {
    let mut columns = Columns::default();
    columns.texts("campaign_id", spend.keys().map(|(campaign, ..)| *campaign));
    columns.texts("channel", spend.keys().map(|(_, channel, _)| *channel));
    columns.integers32("quarter", spend.keys().map(|(.., quarter)| *quarter));
    columns.integers("spend", spend.values().copied().map(Some));
    columns.finish()
}

/// `input_reconciliation`: what became of the rows of every table that is given.
pub fn input_reconciliation(counts: &BTreeMap<Table, RowCounts>) -> Result<RecordBatch, EngineError> {
    let mut columns = Columns::default();
    columns.texts("table_name", counts.keys().map(|table| table.name()));
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
pub fn set_aside(rows: &[SetAsideRow]) -> Result<RecordBatch, EngineError> {
    let texts: Vec<String> = rows.iter().map(SetAsideRow::json).collect();
    let mut columns = Columns::default();
    columns.texts("table_name", rows.iter().map(|row| row.table.name()));
    columns.texts("reason", rows.iter().map(|row| row.reason));
    columns.texts("key", rows.iter().map(|row| row.key.as_deref()));
    columns.integers("amount", rows.iter().map(|row| row.amount));
    columns.texts("file", rows.iter().map(|row| row.file.as_deref()));
    columns.integers("line", rows.iter().map(|row| row.line.and_then(|line| i64::try_from(line).ok())));
    columns.texts("row", texts.iter().map(|text| text.as_str()));
    columns.finish()
}
