//! What can go wrong between the files and the canonical tables.

use crate::config::file::Table;
use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use std::path::{Path, PathBuf};

/// A fault of the inputs, or of the engine itself.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A structural fault of a source: nothing can be read reliably.
    #[error("table {table} ({given}): {message}", table = .table.name())]
    Source {
        /// The table.
        table: Table,
        /// The path as given.
        given: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// SQL of the configuration that does not plan.
    #[error("{key}: {message}; correct the SQL in the configuration")]
    Sql {
        /// The configuration key.
        key: String,
        /// What the planner says.
        message: String,
    },
    /// A second currency.
    #[error("table {table} holds amounts in {found} beside {expected}; run one currency at a time, or convert them in [tables.{table}] sql", table = .table.name())]
    Currency {
        /// The table.
        table: Table,
        /// The other currency.
        found: String,
        /// The run's currency.
        expected: String,
    },
    /// Amounts too large for DECIMAL(18).
    #[error("table {table}: its amounts together exceed the 18 digits that the marts can hold; check for amounts in the wrong unit", table = .table.name())]
    TooLarge {
        /// The table.
        table: Table,
    },
    /// Texts of a column that no array holds.
    #[error(
        "column {column}: its texts, once in every row that names them, are longer than 2 GiB together; shorten such names, for instance in sql"
    )]
    TooLong {
        /// The column.
        column: String,
    },
    /// More touch types than can be told apart.
    #[error(
        "table touchpoints: touch_type has more than 65535 values, which collapse or a model tells apart; group them in [tables.touchpoints] sql"
    )]
    TooManyTouchTypes,
    /// Partitions over the memory limit cannot be written to disk, or read back.
    #[error(
        "{path} cannot hold what exceeds the memory limit ({source}); free disk space there, or raise --memory-limit"
    )]
    Spill {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The small tables and the marts, which are not spilled, exceed the memory limit.
    #[error("the memory limit is too small for the tables beside the touches ({0}); raise --memory-limit")]
    Memory(String),
    /// The engine failed where it must not.
    #[error("the engine failed: {0}")]
    DataFusion(DataFusionError),
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        Self::memory(&error).unwrap_or(Self::DataFusion(error))
    }
}

impl From<ArrowError> for EngineError {
    fn from(error: ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl EngineError {
    /// The error of a query that the memory limit stopped, or a file in which what exceeds it waits.
    pub(super) fn memory(error: &DataFusionError) -> Option<Self> {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(message) => {
                Some(Self::Memory(message.lines().next().unwrap_or_default().to_owned()))
            }
            DataFusionError::External(error) => match error.downcast_ref() {
                Some(Self::Spill { path, source }) => {
                    Some(Self::Spill { path: path.clone(), source: source.to_string().into() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A spill file that failed.
    pub(crate) fn spill<E: std::error::Error + Send + Sync + 'static>(path: &Path) -> impl Fn(E) -> Self + use<E> {
        let path = path.to_owned();
        move |source| Self::Spill { path: path.clone(), source: Box::new(source) }
    }
}
