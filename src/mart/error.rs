//! What can go wrong with the output folder.

use std::path::{Path, PathBuf};

/// Why marts cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum MartError {
    /// The file system refuses.
    #[error("cannot write {path}: {source}; check that the folder exists and its rights and space")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The output folder holds something else.
    #[error("{path} is not an earlier run's output; choose another --out, or replace it with --overwrite")]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A file stands where a folder is needed.
    #[error("{path} is a file, not a folder; choose another --out")]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A place that is called by what it is, and not by a name.
    #[error("{path} cannot be replaced as a whole; give --out the name of a folder")]
    Nameless {
        /// The place.
        path: PathBuf,
    },
    /// A folder that another file system hangs on, which cannot be exchanged for another.
    #[error("{path} is a mount point, which cannot be replaced as a whole; give --out a folder within it")]
    MountPoint {
        /// The folder.
        path: PathBuf,
    },
    /// What an earlier run could not remove either.
    #[error("{path}, which an earlier run left, cannot be removed: {source}; remove it as its owner")]
    LeftBehind {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A link that leads nowhere.
    #[error("{path} is a link to a folder that is not there; create that folder, or choose another --out")]
    LinkToNothing {
        /// The link.
        path: PathBuf,
    },
    /// A folder in the way that holds more than a table of ours.
    #[error("{path} holds files that closedloop did not write, so it is not replaced; choose another --out")]
    NotATable {
        /// The folder.
        path: PathBuf,
    },
    /// Another run is at work.
    #[error("another run is writing to {path}; wait for it, or choose another --out")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A mart that does not exist.
    #[error("there is no mart \"{name}\"; {remedy}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest, or all.
        remedy: String,
    },
    /// The folder holds no marts, or some that this version cannot read.
    #[error("{path}: {message}")]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// Parquet encoding failed where it must not.
    #[error("cannot encode {mart}: {source}; please report this bug")]
    Encode {
        /// The mart.
        mart: String,
        /// Why.
        source: parquet::errors::ParquetError,
    },
    /// Rows do not have the mart's columns: a bug.
    #[error("mart {mart}: {message}; please report this bug")]
    Shape {
        /// The mart.
        mart: String,
        /// What does not fit.
        message: String,
    },
}

impl MartError {
    /// A file-system error at `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Write { path: path.to_owned(), source }
    }
}
