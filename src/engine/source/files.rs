//! The rows of files as they are, of any format.

use super::csv_rows::csv_rows;
use super::shared_schema::{FileSchema, SharedSchema};
use super::verbatim;
use crate::config::file::Format;
use crate::config::plan::{Source, address};
use crate::engine::EngineError;
use crate::engine::footers::Footers;
use crate::engine::functions::is_text;
use crate::engine::words::words;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, cast};
use datafusion::prelude::{CsvReadOptions, DataFrame, JsonReadOptions, ParquetReadOptions, SessionContext};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The rows of files as they are.
pub(in crate::engine) struct FileRows {
    pub(in crate::engine) rows: DataFrame,
    /// The columns of text that are known to have no blank.
    pub(super) never_blank: BTreeSet<String>,
    /// Columns that some file lacks, with the first such file.
    pub(super) lacking: BTreeMap<String, PathBuf>,
    /// Why a table's own column cannot be read from these files, by its name in small letters.
    pub(super) faults: BTreeMap<String, String>,
}

impl FileRows {
    /// Rows of which nothing else is known.
    pub(super) fn of(rows: DataFrame) -> Self {
        Self { rows, never_blank: BTreeSet::new(), lacking: BTreeMap::new(), faults: BTreeMap::new() }
    }
}

/// Reads the files of `source`.
///
/// # Errors
/// Files that are empty or not of their format.
pub(in crate::engine) async fn read_files(ctx: &SessionContext, source: &Source) -> Result<FileRows, EngineError> {
    let paths: Vec<String> = source.files.iter().map(|file| address(file)).collect();
    if let Some(file) = source.files.iter().find(|file| file.metadata().is_ok_and(|file| file.len() == 0)) {
        return Err(source.fault(format!("{} is empty; write it again, or leave it out", file.display())));
    }
    let unreadable = |error: DataFusionError| match source.check_files() {
        Err(fault) => fault,
        Ok(()) => source.fault(format!("cannot be read ({}); repair the file", words(&error))),
    };
    let compression = if source.is_packed() { FileCompressionType::GZIP } else { FileCompressionType::UNCOMPRESSED };
    match source.format {
        Format::Csv => {
            let schema = Schema::new(
                csv_header(source)?
                    .into_iter()
                    .map(|name| Field::new(name, DataType::Utf8View, true))
                    .collect::<Vec<_>>(),
            );
            // What cannot be read is told by whoever reads it.
            if !source.files.iter().all(|file| source.layout.is_text(file).unwrap_or(true)) {
                let rows = csv_rows(&source.files, source.layout, &Arc::new(schema))?;
                return Ok(FileRows::of(ctx.read_table(Arc::new(rows))?));
            }
            let options = CsvReadOptions::new()
                .schema(&schema)
                .delimiter(source.layout.delimiter)
                .newlines_in_values(true)
                .file_extension("")
                .file_compression_type(compression);
            Ok(FileRows::of(ctx.read_csv(paths, options).await.map_err(unreadable)?))
        }
        Format::Parquet => read_parquet(ctx, source, &paths, unreadable).await,
        Format::Ndjson => {
            // A field may first appear, and a number first have a point, in any line.
            let options =
                JsonReadOptions { file_extension: "", schema_infer_max_records: usize::MAX, ..Default::default() };
            let options = options.file_compression_type(compression);
            let mut schemas = Vec::new();
            for (file, path) in source.files.iter().zip(&paths) {
                let schema =
                    Arc::clone(ctx.read_json(path, options.clone()).await.map_err(unreadable)?.schema().inner());
                let (empty, beyond_floats) = Default::default();
                schemas.push(FileSchema { file: file.clone(), schema, empty, beyond_floats });
            }
            let has_rows = |file: &FileSchema| !file.schema.fields().is_empty();
            if schemas.iter().any(has_rows) {
                schemas.retain(has_rows);
            }
            let SharedSchema { schema, lacking, faults } = SharedSchema::of(&schemas);
            let rows = ctx.read_json(paths, options.schema(&schema)).await.map_err(unreadable)?;
            Ok(FileRows { lacking, faults, ..FileRows::of(rows) })
        }
    }
}

async fn read_parquet(
    ctx: &SessionContext,
    source: &Source,
    paths: &[String],
    unreadable: impl Fn(DataFusionError) -> EngineError,
) -> Result<FileRows, EngineError> {
    let options = ParquetReadOptions { file_extension: "", ..Default::default() };
    // Footers come first: the engine panics at one that says that it is longer than its file.
    let footers = Footers::read(&source.files).map_err(|error| unreadable(error.into()))?;
    let files = footers.with_rows();
    let paths: Vec<String> = files.iter().map(|&number| paths[number].clone()).collect();
    let differing = if footers.have_one_schema(&files) { 1 } else { files.len() };
    let mut schemas = Vec::new();
    for (&number, path) in files.iter().zip(&paths).take(differing) {
        let frame = ctx.read_parquet(path, options.clone()).await.map_err(&unreadable)?;
        schemas.push(footers.of_file(number, &source.files[number], frame.schema().inner()));
    }
    let SharedSchema { schema, lacking, faults } = SharedSchema::of(&schemas);
    let schema = footers.without_nulls(&schema);
    let rows = ctx.read_parquet(paths, options.schema(&schema)).await.map_err(unreadable)?;
    without_dictionaries(source, FileRows { rows, never_blank: footers.never_blank(&schema), lacking, faults })
}

/// Values of Parquet that are held as a dictionary of others than texts, as themselves.
fn without_dictionaries(source: &Source, read: FileRows) -> Result<FileRows, EngineError> {
    let held = |field: &Field| match field.data_type() {
        DataType::Dictionary(_, values) if !is_text(values) => Some(values.as_ref().clone()),
        _ => None,
    };
    let fields = read.rows.schema().fields();
    if let Some(field) = fields.iter().find(|field| held(field) == Some(DataType::Boolean)) {
        let name = field.name();
        return Err(source.fault(format!(
            "column \"{name}\" holds true and false as a dictionary, which Parquet has none for; write it without one"
        )));
    }
    if !fields.iter().any(|field| held(field).is_some()) {
        return Ok(read);
    }
    let columns = fields.iter().map(|field| match held(field) {
        Some(values) => cast(verbatim(field.name()), values).alias(field.name()),
        None => verbatim(field.name()),
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(FileRows { rows: read.rows.select(columns)?, ..read })
}

/// The header that all files of a CSV source share.
fn csv_header(source: &Source) -> Result<Vec<String>, EngineError> {
    let mut shared: Option<(&Path, Vec<String>)> = None;
    for file in &source.files {
        let header = source.csv_reader(file)?.headers().map_err(|error| source.csv_fault(file, &error))?.clone();
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        if header.iter().all(String::is_empty) {
            return Err(source.fault(format!(
                "{} has no header; write the column names into line {}",
                file.display(),
                source.layout.title_lines + 1
            )));
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
