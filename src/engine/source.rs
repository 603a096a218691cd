//! Sources: files become the view `source_<table>`, which has every canonical column, read or null, beside the
//! source's own columns and `source_row`, the row as text.

mod csv_rows;
mod files;
mod missing;
mod shared_schema;
mod sql;

use super::EngineError;
use super::contract::{self, ColumnKind};
use super::functions::{given, has_point, is_text, number_text, time_text, trimmed, uuid_text};
use crate::config::file::{Format, Table};
use crate::config::nearest;
use crate::config::plan::Source;
use arrow::compute::can_cast_types;
use arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, cast, lit, try_cast};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use files::FileRows;
pub(super) use files::read_files;
pub(super) use missing::other_delimiter;
use missing::{check_alternatives, check_files_agree, check_files_have, missing_column, no_single_value, two_columns};
pub(super) use shared_schema::FileSchema;
pub(super) use sql::is_volatile;
use sql::map_by_sql;
use std::collections::BTreeMap;

/// The name of the column that holds a source row as a list of texts, one per file column.
pub(crate) const SOURCE_ROW: &str = "source_row";

/// What is wrong with SQL that gives another answer in every run.
pub(super) const VOLATILE: &str = "is random or asks for the time, but the same inputs must give the same marts";

/// The columns that `sql/stage/touchpoints.sql` adds to the source's own.
const RESERVED: [&str; 5] = [SOURCE_ROW, "reason", "in_scope", "bad_flag", "bad_recording"];

/// A source opened and mapped.
pub(super) struct OpenSource {
    /// Canonical columns first, then the source's other columns.
    pub(super) rows: DataFrame,
    /// The names of the cells of `source_row`.
    pub(super) cell_names: Vec<String>,
    /// Canonical columns that the source does not have.
    pub(super) absent: Vec<&'static str>,
}

/// Opens the files of `source` and maps their columns to the contract's.
pub(super) async fn open(ctx: &SessionContext, source: &Source) -> Result<OpenSource, EngineError> {
    let raw = read_files(ctx, source).await?;
    let raw = match &source.sql {
        None => raw,
        Some(sql) => FileRows::of(map_by_sql(ctx, source, raw, sql).await?),
    };
    map_columns(source, raw)
}

/// A table that is not given: every canonical column, no rows.
pub(super) fn absent(ctx: &SessionContext, table: Table) -> Result<OpenSource, EngineError> {
    let names: Vec<&'static str> = contract::columns(table).iter().map(|column| column.name).collect();
    let mut selected: Vec<Expr> = names.iter().map(|name| lit(ScalarValue::Utf8(None)).alias(*name)).collect();
    selected.push(make_array(vec![lit("")]).alias(SOURCE_ROW));
    let rows = ctx.read_empty()?.select(selected)?.filter(lit(false))?;
    Ok(OpenSource { rows, cell_names: Vec::new(), absent: names })
}

/// A column by its name as it is written; `col` would fold its case.
pub(super) fn verbatim(name: impl Into<String>) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// A column of a text file: no blanks around texts, and all else as it is.
fn of_text_file(name: &str, data_type: &DataType) -> Expr {
    if is_text(data_type) { trimmed(verbatim(name)).alias(name) } else { verbatim(name) }
}

/// Gives every canonical column its source column, or typed nulls.
pub(super) fn map_columns(source: &Source, raw: FileRows) -> Result<OpenSource, EngineError> {
    let FileRows { rows: raw, never_blank, lacking, faults } = raw;
    let fields: BTreeMap<String, DataType> =
        raw.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect();
    let names: Vec<String> = raw.schema().fields().iter().map(|field| field.name().clone()).collect();
    for canonical in source.columns.keys() {
        let known = contract::columns(source.table).iter().map(|column| column.name);
        if !known.clone().any(|name| name == canonical) {
            let near = nearest(canonical, known).map(|near| format!("; did you mean \"{near}\"?"));
            let message =
                format!("columns maps \"{canonical}\", which the table does not have{}", near.unwrap_or_default());
            return Err(source.fault(message));
        }
    }
    check_files_agree(source, &faults)?;
    let found = find_columns(source, &names)?;
    check_alternatives(source, &found, &names)?;
    check_files_have(source, &found, &lacking)?;

    let is_text_file = source.format != Format::Parquet && source.sql.is_none();
    let mut selected: Vec<Expr> = Vec::new();
    for column in contract::columns(source.table) {
        let expr = match found.get(column.name) {
            None => lit(ScalarValue::Utf8(None)),
            Some(name) if fields[*name].is_nested() => return Err(no_single_value(source, column.name, name)),
            Some(name) if is_text_file && is_text(&fields[*name]) => trimmed(verbatim(*name)),
            Some(name) => typed_value(name, &fields[*name], column.kind, !never_blank.contains(*name)),
        };
        selected.push(expr.alias(column.name));
    }
    let own = own_columns(source, &found, &names)?.into_iter();
    selected.extend(own.map(|name| if is_text_file { of_text_file(name, &fields[name]) } else { verbatim(name) }));
    let row: Vec<Expr> = names.iter().map(|name| cell_text(name, &fields[name])).collect();
    selected.push(make_array(row).alias(SOURCE_ROW));
    let absent = contract::columns(source.table).iter().map(|column| column.name);
    let absent = absent.filter(|name| !found.contains_key(name)).collect();
    Ok(OpenSource { rows: raw.select(selected)?, cell_names: names.clone(), absent })
}

/// The source's own columns, for SQL of the configuration.
fn own_columns<'a>(
    source: &Source,
    found: &BTreeMap<&'static str, &String>,
    names: &'a [String],
) -> Result<Vec<&'a String>, EngineError> {
    let is_canonical = |name: &String| contract::columns(source.table).iter().any(|column| column.name == name);
    let is_taken = |name: &String| found.values().any(|used| *used == name) || is_canonical(name);
    let own: Vec<&String> = names.iter().filter(|name| !is_taken(name)).collect();
    let reserved = if source.table == Table::Touchpoints { &RESERVED[..] } else { &[SOURCE_ROW] };
    match own.iter().find(|name| reserved.contains(&name.as_str())) {
        None => Ok(own),
        Some(name) => Err(source.fault(format!(
            "column \"{name}\" has a name that the program needs; leave it out with sql = \"SELECT * EXCLUDE ({name}) FROM raw\""
        ))),
    }
}

/// A cell of the source row as text; null where it has none.
fn cell_text(name: &str, data_type: &DataType) -> Expr {
    if data_type == &DataType::FixedSizeBinary(16) {
        uuid_text(verbatim(name))
    } else if matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) {
        time_text(verbatim(name))
    } else if can_cast_types(data_type, &DataType::Utf8) {
        try_cast(verbatim(name), DataType::Utf8)
    } else {
        lit(ScalarValue::Utf8(None))
    }
}

/// Canonical column → source column, for those that the source has.
fn find_columns<'a>(source: &Source, names: &'a [String]) -> Result<BTreeMap<&'static str, &'a String>, EngineError> {
    let named = |wanted: &str| {
        let exact = names.iter().find(|name| name.as_str() == wanted);
        exact.or_else(|| names.iter().find(|name| name.eq_ignore_ascii_case(wanted)))
    };
    // A word that is mapped to one column says nothing in another, as channels that stand under "Source" are no sources.
    let is_anothers = |column: &contract::Column, name: &String| {
        let is_word = !column.required && matches!(column.kind, ColumnKind::Text | ColumnKind::Flag);
        let is_mapped = || source.columns.values().any(|mapped| named(mapped) == Some(name));
        is_word && !source.columns.contains_key(column.name) && is_mapped()
    };
    let mut found = BTreeMap::new();
    for column in contract::columns(source.table) {
        let wanted = source.columns.get(column.name).map_or(column.name, String::as_str);
        let name = named(wanted).filter(|name| !is_anothers(column, name));
        if let Some(name) = name.filter(|name| *name != wanted)
            && let Some(other) = names.iter().find(|other| *other != name && other.eq_ignore_ascii_case(wanted))
        {
            return Err(two_columns(source, column.name, name, other));
        }
        match name {
            Some(name) => {
                found.insert(column.name, name);
            }
            None if column.required || source.columns.contains_key(column.name) => {
                return Err(missing_column(source, column.name, wanted, names));
            }
            None => {}
        }
    }
    Ok(found)
}

/// A typed column as the stage files read it: text types become plain text, and a blank is null, as in text files.
fn typed_value(name: &str, data_type: &DataType, kind: ColumnKind, may_be_blank: bool) -> Expr {
    use DataType::{Binary, BinaryView, FixedSizeBinary, LargeBinary, Null, UInt64, Utf8, Utf8View};
    let column = verbatim(name);
    match (kind, data_type) {
        _ if is_text(data_type) && may_be_blank => given(column),
        // Older writers of Parquet do not say that bytes are text.
        (_, Binary | BinaryView | LargeBinary) if may_be_blank => given(cast(column, Utf8View)),
        (_, Binary | BinaryView | LargeBinary) => cast(column, Utf8View),
        (_, FixedSizeBinary(16)) => uuid_text(column),
        (ColumnKind::Id(_), _) if has_point(data_type) => number_text(column),
        // Hashes may be larger than the integers that identifiers are held as.
        (ColumnKind::Id(_), UInt64) => cast(column, Utf8View),
        (ColumnKind::Text, Utf8 | Utf8View | Null) => column,
        (ColumnKind::Text, _) => cast(column, Utf8),
        _ => column,
    }
}
