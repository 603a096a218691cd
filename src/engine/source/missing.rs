//! Columns that a source lacks, and what helps.

use crate::config::file::Format;
use crate::config::nearest;
use crate::config::plan::Source;
use crate::engine::EngineError;
use crate::engine::contract;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The refusal of a source without a column that it must have.
pub(super) fn missing_column(source: &Source, canonical: &str, wanted: &str, names: &[String]) -> EngineError {
    if let Some(fault) = wrong_delimiter(source, names) {
        return fault;
    }
    // A column that is another's is not the one that is missing.
    let is_taken = |name: &&str| {
        let is_name = |column: &str| column.eq_ignore_ascii_case(name);
        contract::columns(source.table).iter().any(|column| column.name != canonical && is_name(column.name))
            || source.columns.iter().any(|(other, column)| other != canonical && is_name(column))
    };
    let near = nearest(wanted, names.iter().map(String::as_str).filter(|name| !is_taken(name)));
    let found =
        near.map_or_else(|| format!("found are {}", names.join(", ")), |near| format!("the nearest is \"{near}\""));
    source.fault(format!("column \"{wanted}\" is missing, {found}; {}", map_it(source, canonical, near.unwrap_or("…"))))
}

/// The refusal of two columns that could be the same one.
pub(super) fn two_columns(source: &Source, canonical: &str, name: &str, other: &str) -> EngineError {
    let remedy = map_it(source, canonical, name);
    source.fault(format!("columns \"{name}\" and \"{other}\" could both be {canonical}; {remedy}"))
}

/// The refusal of a column that holds lists or objects.
pub(super) fn no_single_value(source: &Source, canonical: &str, name: &str) -> EngineError {
    let table = source.table.name();
    source.fault(format!(
        "column \"{name}\" holds lists or objects where {canonical} is one value; select one part of it AS {canonical} in [tables.{table}] sql"
    ))
}

/// What separates the fields of a header that is one column because something else was expected.
pub(in crate::engine) fn other_delimiter(source: &Source, names: &[String]) -> Option<char> {
    let [only] = names else { return None };
    let delimiter = [';', '\t', '|', ','].into_iter().find(|delimiter| only.contains(*delimiter))?;
    (source.format == Format::Csv && source.sql.is_none()).then_some(delimiter)
}

fn wrong_delimiter(source: &Source, names: &[String]) -> Option<EngineError> {
    let table = source.table.name();
    if let Some(delimiter) = names.first().and_then(|name| name.strip_prefix("sep=")) {
        let delimiter = if delimiter.is_empty() { String::new() } else { format!(" and delimiter = {delimiter:?}") };
        return Some(source.fault(format!(
            "its first line is no header but names the delimiter, as spreadsheets write it; add title_lines = 1{delimiter} under [tables.{table}]"
        )));
    }
    let header = || format!("its header is one column, {:?}", names[0]);
    if let Some(delimiter) = other_delimiter(source, names) {
        let delimiter = String::from(delimiter);
        return Some(source.fault(format!("{}; add delimiter = {delimiter:?} under [tables.{table}]", header())));
    }
    let is_title = source.format == Format::Csv && source.sql.is_none() && names.len() == 1;
    is_title.then(|| {
        source.fault(format!(
            "{}; if it stands above the header, say under [tables.{table}] how many lines do, as in title_lines = 2",
            header()
        ))
    })
}

/// How a source column becomes a canonical one.
fn map_it(source: &Source, canonical: &str, name: &str) -> String {
    let table = source.table.name();
    match source.sql {
        None => format!("map it with columns = {{ {canonical} = \"{name}\" }} under [tables.{table}]"),
        Some(_) => format!("select \"{name}\" AS {canonical} in tables.{table}.sql"),
    }
}

/// Refuses a source that has none of the sets of columns of which it must have one.
pub(super) fn check_alternatives(
    source: &Source,
    found: &BTreeMap<&'static str, &String>,
    names: &[String],
) -> Result<(), EngineError> {
    for choice in contract::alternatives(source.table) {
        if !choice.iter().any(|set| set.iter().all(|name| found.contains_key(name))) {
            if let Some(fault) = wrong_delimiter(source, names) {
                return Err(fault);
            }
            let sets: Vec<String> = choice.iter().map(|set| set.join(" and ")).collect();
            let (wanted, found) = (sets.join(" or "), names.join(", "));
            let remedy = map_it(source, choice[0][0], "…");
            return Err(source.fault(format!("a column {wanted} is missing, found are {found}; {remedy}")));
        }
    }
    Ok(())
}

/// Refuses a source whose files do not agree on a column of the table; `faults` say why, by name in small letters.
pub(super) fn check_files_agree(source: &Source, faults: &BTreeMap<String, String>) -> Result<(), EngineError> {
    let wanted = contract::columns(source.table).iter().map(|column| {
        let mapped = source.columns.get(column.name);
        mapped.map_or(column.name, String::as_str).to_lowercase()
    });
    match wanted.into_iter().find_map(|name| faults.get(&name)) {
        None => Ok(()),
        Some(fault) => Err(source.fault(fault.clone())),
    }
}

/// Refuses a source of which a file lacks a column that a row cannot do without.
pub(super) fn check_files_have(
    source: &Source,
    found: &BTreeMap<&'static str, &String>,
    lacking: &BTreeMap<String, PathBuf>,
) -> Result<(), EngineError> {
    let required = contract::columns(source.table).iter().filter(|column| column.required);
    let lacked = required.filter_map(|column| {
        let name = found.get(column.name)?;
        Some((name, lacking.get(*name)?))
    });
    match lacked.into_iter().next() {
        None => Ok(()),
        Some((name, file)) => Err(source.fault(format!(
            "{} has no column \"{name}\", which other files of the table have; add it, or leave the file out",
            file.display()
        ))),
    }
}
