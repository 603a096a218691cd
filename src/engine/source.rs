//! Sources: files become the view `source_<table>`, which has every canonical column, read or null, beside the
//! source's own columns and `source_row`, the row as text.

use super::EngineError;
use super::contract::{self, ColumnKind};
use super::footers::Footers;
use super::functions::{given, has_point, is_text, number_text, trimmed, uuid_text};
use super::words::words;
use crate::config::file::{Format, Table};
use crate::config::nearest;
use crate::config::plan::{Source, address};
use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Column;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, LogicalPlan, cast, lit, try_cast};
use datafusion::prelude::{CsvReadOptions, DataFrame, JsonReadOptions, ParquetReadOptions, SessionContext};
use datafusion::scalar::ScalarValue;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement::Query;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The name of the column that holds a source row as a list of texts, one per file column.
pub(crate) const SOURCE_ROW: &str = "source_row";

/// What is wrong with SQL that gives another answer in every run.
pub(super) const VOLATILE: &str = "is random, but the same inputs must give the same marts";

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

/// The rows of files as they are.
pub(super) struct FileRows {
    pub(super) rows: DataFrame,
    /// The columns of text that are known to have no blank.
    never_blank: BTreeSet<String>,
}

/// Opens the files of `source` and maps their columns to the contract's.
pub(super) async fn open(ctx: &SessionContext, source: &Source) -> Result<OpenSource, EngineError> {
    let raw = read_files(ctx, source).await?;
    let raw = match &source.sql {
        None => raw,
        Some(sql) => FileRows { rows: map_by_sql(ctx, source, raw.rows, sql).await?, never_blank: BTreeSet::new() },
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

/// Reads the files of `source`.
///
/// # Errors
/// Files that are empty or not of their format.
pub(super) async fn read_files(ctx: &SessionContext, source: &Source) -> Result<FileRows, EngineError> {
    let paths: Vec<String> = source.files.iter().map(|file| address(file)).collect();
    if let Some(file) = source.files.iter().find(|file| file.metadata().is_ok_and(|file| file.len() == 0)) {
        return Err(source.fault(format!("{} is empty; write it again, or leave it out", file.display())));
    }
    let compression = if source.gzip { FileCompressionType::GZIP } else { FileCompressionType::UNCOMPRESSED };
    let of_text = |rows| FileRows { rows, never_blank: BTreeSet::new() };
    let read = match source.format {
        Format::Csv => {
            let schema = Schema::new(
                csv_header(source)?
                    .into_iter()
                    .map(|name| Field::new(name, DataType::Utf8View, true))
                    .collect::<Vec<_>>(),
            );
            let options = CsvReadOptions::new()
                .schema(&schema)
                .delimiter(source.delimiter)
                .newlines_in_values(true)
                .file_extension("")
                .file_compression_type(compression);
            ctx.read_csv(paths, options).await.map(of_text)
        }
        Format::Parquet => read_parquet(ctx, source, paths).await,
        Format::Ndjson => {
            // A field may first appear, and a number first have a point, in any line.
            let options =
                JsonReadOptions { file_extension: "", schema_infer_max_records: usize::MAX, ..Default::default() };
            ctx.read_json(paths, options.file_compression_type(compression)).await.map(of_text)
        }
    };
    let read = read.map_err(|error| match source.check_files() {
        Err(fault) => fault,
        Ok(()) => source.fault(format!("cannot be read ({}); repair the file", words(&error))),
    })?;
    without_dictionaries(source, read)
}

/// Values of Parquet that are held as a dictionary of others than texts, as themselves.
fn without_dictionaries(source: &Source, FileRows { rows, never_blank }: FileRows) -> Result<FileRows, EngineError> {
    let held = |field: &Field| match field.data_type() {
        DataType::Dictionary(_, values) if !is_text(values) => Some(values.as_ref().clone()),
        _ => None,
    };
    let fields = rows.schema().fields();
    if let Some(field) = fields.iter().find(|field| held(field) == Some(DataType::Boolean)) {
        let name = field.name();
        return Err(source.fault(format!(
            "column \"{name}\" holds true and false as a dictionary, which Parquet has none for; write it without one"
        )));
    }
    if !fields.iter().any(|field| held(field).is_some()) {
        return Ok(FileRows { rows, never_blank });
    }
    let columns = fields.iter().map(|field| match held(field) {
        Some(values) => cast(verbatim(field.name()), values).alias(field.name()),
        None => verbatim(field.name()),
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(FileRows { rows: rows.select(columns)?, never_blank })
}

async fn read_parquet(ctx: &SessionContext, source: &Source, paths: Vec<String>) -> Result<FileRows, DataFusionError> {
    let options = ParquetReadOptions { file_extension: "", ..Default::default() };
    let frame = ctx.read_parquet(paths.clone(), options.clone()).await?;
    let footers = Footers::read(&source.files)?;
    let schema = footers.without_nulls(frame.schema().as_arrow());
    let rows = ctx.read_parquet(paths, options.schema(&schema)).await?;
    Ok(FileRows { rows, never_blank: footers.never_blank(&schema) })
}

/// The header that all files of a CSV source share.
fn csv_header(source: &Source) -> Result<Vec<String>, EngineError> {
    let mut shared: Option<(&Path, Vec<String>)> = None;
    for file in &source.files {
        let header = source.csv_reader(file)?.headers().map_err(|error| source.csv_fault(file, &error))?.clone();
        let header: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        if header.iter().all(String::is_empty) {
            return Err(source.fault(format!("{} has no header; write the column names into line 1", file.display())));
        }
        if let Some(name) = repeated(&header) {
            let message = format!("{} has two columns \"{name}\"; rename one", file.display());
            return Err(source.fault(message));
        }
        match &shared {
            None => shared = Some((file, header)),
            Some((first, expected)) if *expected != header => {
                let (file, first) = (file.display(), first.display());
                return Err(source.fault(format!("{file} has another header than {first}; give them the same columns")));
            }
            Some(_) => {}
        }
    }
    Ok(shared.map(|(_, header)| header).unwrap_or_default())
}

fn repeated(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(position, name)| names[..*position].contains(name)).map(|(_, name)| name)
}

/// Plans the configured SELECT with the files' rows as `raw`, and those of further files under their names.
async fn map_by_sql(
    ctx: &SessionContext,
    source: &Source,
    raw: DataFrame,
    sql: &str,
) -> Result<DataFrame, EngineError> {
    let fault = |message: String| EngineError::Sql { key: format!("tables.{}.sql", source.table.name()), message };
    let statements = DFParser::parse_sql(sql).map_err(|error| fault(words(&error)))?;
    let is_query = |statement: &Statement| matches!(statement, Statement::Statement(sql) if matches!(**sql, Query(_)));
    if statements.len() != 1 || !statements.iter().all(is_query) {
        return Err(fault("must be one SELECT over raw".to_owned()));
    }
    let mut tables = vec![("raw", with_plain_texts(source, raw)?)];
    for (name, joined) in &source.with {
        tables.push((name, with_plain_texts(joined, read_files(ctx, joined).await?.rows)?));
    }
    let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    for (name, rows) in tables {
        ctx.register_table(name, rows.into_view())?;
    }
    let mapped = super::session::read_only(ctx, sql).await.map_err(|error| fault(words(&error)));
    for name in names {
        ctx.deregister_table(name)?;
    }
    let mapped = mapped?;
    if is_volatile(mapped.logical_plan())? {
        return Err(fault(VOLATILE.to_owned()));
    }
    Ok(mapped)
}

/// Whether a plan gives other rows whenever it is run.
fn is_volatile(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found |= node.expressions().iter().any(Expr::is_volatile);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
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

/// A column by its name as it is written; `col` would fold its case.
pub(super) fn verbatim(name: impl Into<String>) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// A column of a text file: no blanks around texts, and all else as it is.
fn of_text_file(name: &str, data_type: &DataType) -> Expr {
    if is_text(data_type) { trimmed(verbatim(name)).alias(name) } else { verbatim(name) }
}

/// Gives every canonical column its source column, or typed nulls.
fn map_columns(source: &Source, raw: FileRows) -> Result<OpenSource, EngineError> {
    let FileRows { rows: raw, never_blank } = raw;
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
    let found = find_columns(source, &names)?;
    check_alternatives(source, &found, &names)?;

    let is_text_file = source.format != Format::Parquet && source.sql.is_none();
    let mut selected: Vec<Expr> = Vec::new();
    for column in contract::columns(source.table) {
        let expr = match found.get(column.name) {
            None => lit(ScalarValue::Utf8(None)),
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
    } else if can_cast_types(data_type, &DataType::Utf8) {
        try_cast(verbatim(name), DataType::Utf8)
    } else {
        lit(ScalarValue::Utf8(None))
    }
}

/// Canonical column → source column, for those that the source has.
fn find_columns<'a>(source: &Source, names: &'a [String]) -> Result<BTreeMap<&'static str, &'a String>, EngineError> {
    let mut found = BTreeMap::new();
    for column in contract::columns(source.table) {
        let wanted = source.columns.get(column.name).map_or(column.name, String::as_str);
        // What is mapped to another column is not this one too, unless it is said.
        let is_anothers = !source.columns.contains_key(column.name)
            && source.columns.values().any(|mapped| mapped.eq_ignore_ascii_case(wanted));
        let exact = names.iter().find(|name| name.as_str() == wanted);
        let name = exact.or_else(|| names.iter().find(|name| name.eq_ignore_ascii_case(wanted)));
        let name = name.filter(|_| !is_anothers);
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

fn missing_column(source: &Source, canonical: &str, wanted: &str, names: &[String]) -> EngineError {
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

/// What separates the fields of a header that is one column because something else was expected.
pub(super) fn other_delimiter(source: &Source, names: &[String]) -> Option<char> {
    let [only] = names else { return None };
    let delimiter = [';', '\t', '|', ','].into_iter().find(|delimiter| only.contains(*delimiter))?;
    (source.format == Format::Csv && source.sql.is_none()).then_some(delimiter)
}

fn wrong_delimiter(source: &Source, names: &[String]) -> Option<EngineError> {
    let (delimiter, table) = (String::from(other_delimiter(source, names)?), source.table.name());
    let header = format!("its header is one column, {:?}", names[0]);
    Some(source.fault(format!("{header}; add delimiter = {delimiter:?} under [tables.{table}]")))
}

/// How a source column becomes a canonical one.
fn map_it(source: &Source, canonical: &str, name: &str) -> String {
    let table = source.table.name();
    match source.sql {
        None => format!("map it with columns = {{ {canonical} = \"{name}\" }} under [tables.{table}]"),
        Some(_) => format!("select \"{name}\" AS {canonical} in tables.{table}.sql"),
    }
}

fn check_alternatives(
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
