//! What can go wrong while demo data is written: always a file, named.

use std::path::{Path, PathBuf};

/// Why no demo data could be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A world without accounts has nothing to show.
    #[error("cannot generate data for 0 accounts; ask for at least 1 (--accounts)")]
    NoAccounts,
    /// The output folder already holds something, which is never overwritten.
    #[error("{} is not empty; name a new or an empty folder (--out)", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else writes there.
    #[error("another program is writing to {}; wait for it, or name another folder (--out)", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be created or written.
    #[error("cannot write {}: {source}; check that the folder exists and its rights and space", path.display())]
    Io {
        /// The file or folder at fault.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A CSV table could not be written.
    #[error("cannot write {}: {source}; check its rights and space", path.display())]
    Csv {
        /// The file at fault.
        path: PathBuf,
        /// What the CSV writer said.
        source: csv::Error,
    },
    /// The Parquet table could not be written.
    #[error("cannot write {}: {source}; check its rights and space", path.display())]
    Parquet {
        /// The file at fault.
        path: PathBuf,
        /// What the Parquet writer said.
        source: parquet::errors::ParquetError,
    },
    /// The built-in table of marketing programs is malformed: a bug in this build.
    #[error("the built-in table programs.csv cannot be read; please report this as a bug")]
    Programs(#[source] csv::Error),
}

impl GenerateError {
    /// Wraps a system error about `path`, for use in `map_err`.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
