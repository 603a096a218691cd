//! Reading marts back: a session with every mart of an output folder as a table.

use super::error::MartError;
use super::manifest::Manifest;
use crate::config::plan::address;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use std::path::Path;

/// Opens an output folder.
///
/// # Errors
/// A folder without manifest, of another schema version, or with marts that cannot be read.
pub async fn open(folder: &Path) -> Result<(Manifest, SessionContext), MartError> {
    let ctx = SessionContext::new();
    let manifest = register(&ctx, folder).await?;
    Ok((manifest, ctx))
}

/// Adds the marts of an output folder to a session.
///
/// # Errors
/// As [`open`].
pub async fn register(ctx: &SessionContext, folder: &Path) -> Result<Manifest, MartError> {
    let manifest = Manifest::read(folder)?;
    for mart in &manifest.marts {
        let path = folder.join(&mart.name);
        let opened = ctx.register_parquet(&mart.name, address(&path), ParquetReadOptions::default()).await;
        opened.map_err(|error| MartError::Unreadable {
            path,
            message: format!("cannot be read ({}); run again", error.strip_backtrace()),
        })?;
    }
    Ok(manifest)
}
