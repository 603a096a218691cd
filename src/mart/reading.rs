//! Reading marts back: a session with every mart of an output folder as a table.

use super::error::MartError;
use super::manifest::{MANIFEST, Manifest};
use super::writer::WrittenMart;
use crate::config::plan::address;
use crate::file_state::FileState;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use parquet::file::metadata::ParquetMetaDataReader;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// Opens an output folder.
///
/// # Errors
/// A folder without manifest, of another schema version, or with marts that are not as they were written.
pub async fn open(folder: &Path) -> Result<(Manifest, SessionContext), MartError> {
    let ctx = SessionContext::new();
    let manifest = register(&ctx, folder).await?;
    Ok((manifest, ctx))
}

/// Asks the marts of one run.
///
/// # Errors
/// As [`open`], and what the question comes to.
pub async fn ask<T, E: From<MartError>>(
    folder: &Path,
    question: impl AsyncFn(Manifest, SessionContext) -> Result<T, E>,
) -> Result<T, E> {
    let ask = async || {
        let (manifest, ctx) = open(folder).await?;
        question(manifest, ctx).await
    };
    steady(folder, ask).await
}

/// Reads marts, and again where another run is published meanwhile: some were read of the one and some of the other.
pub async fn steady<T>(folder: &Path, read: impl AsyncFn() -> T) -> T {
    let manifest = || FileState::of(&folder.join(MANIFEST)).ok();
    loop {
        let before = manifest();
        let told = read().await;
        if manifest() == before {
            return told;
        }
    }
}

/// Adds the marts of an output folder to a session, in the place of those that it may have.
///
/// # Errors
/// As [`open`].
pub async fn register(ctx: &SessionContext, folder: &Path) -> Result<Manifest, MartError> {
    register_as(ctx, folder, |mart| TableReference::bare(mart)).await
}

/// The same in a schema of their own, which is made: a mart is then `<schema>.<mart>`.
///
/// # Errors
/// As [`open`].
pub async fn register_in(ctx: &SessionContext, schema: &str, folder: &Path) -> Result<Manifest, MartError> {
    let catalogs = ctx.state().config_options().catalog.clone();
    if let Some(catalog) = ctx.catalog(&catalogs.default_catalog) {
        let made = catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()));
        made.map_err(unreadable(folder))?;
    }
    register_as(ctx, folder, |mart| TableReference::partial(schema, mart)).await
}

async fn register_as(
    ctx: &SessionContext,
    folder: &Path,
    name: impl Fn(&str) -> TableReference,
) -> Result<Manifest, MartError> {
    let manifest = Manifest::read(folder)?;
    for mart in &manifest.marts {
        check_whole(folder, mart)?;
        let (path, name) = (folder.join(&mart.name), name(&mart.name));
        let _earlier = ctx.deregister_table(name.clone());
        let opened = ctx.register_parquet(name, address(&path), ParquetReadOptions::default()).await;
        opened.map_err(unreadable(&path))?;
    }
    Ok(manifest)
}

/// Refuses a mart that is not as it was written: every tool would count what is left of it, and what is too much, without a word.
fn check_whole(folder: &Path, mart: &WrittenMart) -> Result<(), MartError> {
    let mut rows = 0;
    for name in &mart.files {
        let path = folder.join(name);
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => broken(&path, "is missing, though manifest.json lists it"),
            _ => broken(&path, &format!("cannot be read ({error})")),
        })?;
        let footer = ParquetMetaDataReader::new().parse_and_finish(&file);
        let footer = footer.map_err(|_| broken(&path, "is damaged: it does not end as a Parquet file"))?;
        rows += i128::from(footer.file_metadata().num_rows());
    }
    let path = folder.join(&mart.name);
    if rows != i128::from(mart.rows) {
        return Err(broken(&path, &format!("has {rows} rows, and manifest.json counts {}", mart.rows)));
    }
    let cannot_be_listed = |error| broken(&path, &format!("cannot be listed ({error})"));
    for entry in std::fs::read_dir(&path).map_err(cannot_be_listed)? {
        let name = entry.map_err(cannot_be_listed)?.file_name();
        let is_listed = mart.files.iter().any(|listed| Path::new(listed).file_name() == Some(&name));
        if Path::new(&name).extension().is_some_and(|extension| extension == "parquet") && !is_listed {
            return Err(broken(&path.join(name), "is no file of this run, and would be counted as one"));
        }
    }
    Ok(())
}

fn broken(path: &Path, what: &str) -> MartError {
    MartError::Unreadable { path: path.to_owned(), message: format!("{what}; copy the folder whole, or run again") }
}

fn unreadable(path: &Path) -> impl Fn(DataFusionError) -> MartError {
    |error| broken(path, &format!("cannot be read ({})", error.strip_backtrace()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn marts_of_another_run_are_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = |default_model: &str| {
            let manifest = serde_json::json!({
                "generator": "closedloop", "version": "0.1.0", "schema_version": crate::mart::catalogue::SCHEMA_VERSION,
                "as_of": "", "currency": "USD", "minor_digits": 2, "default_model": default_model, "hurdle": 0.0,
                "intervals": "off", "config_hash": "", "models": [], "inputs": [], "tables": {}, "remarks": [], "collapsed": 0,
                "booked": 0, "marts": [], "timings": {}
            });
            std::fs::write(folder.path().join(MANIFEST), manifest.to_string()).unwrap();
        };
        manifest("linear");
        let asked = Cell::new(0);
        let question = async |read: Manifest, _| {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                manifest("w_shaped");
            }
            Ok::<_, MartError>(read.default_model)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(ask(folder.path(), question)).unwrap(), "w_shaped");
        assert_eq!(asked.get(), 2);
    }
}
