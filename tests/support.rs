//! What the tests share: running the command, reading marts, finding data that is not part of the project.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Decimal128Type};
use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The command, without the environment's opinions on colour.
pub fn closedloop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_closedloop"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs a configuration, whose output folder may be `${CLOSEDLOOP_OUT}`, and returns what it printed.
pub fn run(config: &Path, out: &Path, flags: &[&str]) -> String {
    let mut command = closedloop();
    command.arg("run").arg(config).arg("--out").arg(out).args(flags).env("CLOSEDLOOP_OUT", out);
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

/// A file or folder of the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder that the environment names, or `None` with a word about the skipped test.
pub fn outside_data(variable: &str, test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED {test}: {variable} does not name a folder");
    }
    folder
}

/// A folder of its own with copies of the files of another.
pub fn copy_of(folder: &Path, without: &[&str]) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_file() && !without.contains(&name.as_str()) {
            std::fs::write(copy.path().join(name), std::fs::read(&path).unwrap()).unwrap();
        }
    }
    copy
}

/// All rows of a mart.
pub fn read_mart(out: &Path, mart: &str) -> RecordBatch {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(out.join(mart)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let parts: Vec<RecordBatch> = files.iter().map(|file| read_parquet(file)).collect();
    concat_batches(&parts[0].schema(), &parts).unwrap()
}

/// All rows of a Parquet file.
pub fn read_parquet(file: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// A column as text; null is `None`.
pub fn texts(rows: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column =
        cast(rows.column_by_name(column).unwrap_or_else(|| panic!("no column {column}")), &DataType::Utf8).unwrap();
    column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// A column of money in minor units; null is 0.
pub fn money(rows: &RecordBatch, column: &str) -> Vec<i128> {
    let column = rows.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
    let column = column.as_primitive::<Decimal128Type>();
    (0..column.len()).map(|i| if column.is_null(i) { 0 } else { column.value(i) }).collect()
}

/// A column of numbers; null is NaN.
pub fn numbers(rows: &RecordBatch, column: &str) -> Vec<f64> {
    use arrow::datatypes::Float64Type;
    let column =
        cast(rows.column_by_name(column).unwrap_or_else(|| panic!("no column {column}")), &DataType::Float64).unwrap();
    let column = column.as_primitive::<Float64Type>();
    (0..column.len()).map(|i| if column.is_null(i) { f64::NAN } else { column.value(i) }).collect()
}

/// A Python that can read Parquet, or `None` with a word about the skipped test.
pub fn python(test: &str) -> Option<PathBuf> {
    let can_read = |python: &PathBuf| {
        let imports = std::process::Command::new(python).args(["-c", "import duckdb, numpy, polars, pyarrow"]).output();
        imports.is_ok_and(|output| output.status.success())
    };
    let python = std::env::var_os("CLOSEDLOOP_PYTHON").map(PathBuf::from).filter(can_read);
    if python.is_none() {
        eprintln!("SKIPPED {test}: CLOSEDLOOP_PYTHON does not name a Python with duckdb, numpy, polars and pyarrow");
    }
    python
}

/// Every file of a run's output but the manifest, by its path within.
pub fn mart_files(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let marts = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    marts.flat_map(|mart| files_of(out, mart.file_name().to_str().unwrap())).collect()
}

/// Every file of a mart, by its path within the output.
pub fn files_of(out: &Path, mart: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(out.join(mart)).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.strip_prefix(out).unwrap().to_owned(), std::fs::read(&file).unwrap())).collect()
}
