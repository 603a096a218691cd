//! Everything that touches DataFusion: the session, its SQL functions, sources, and the canonical tables.
//!
//! ```text
//! files ──source──► source_<table> ──sql/stage──► stage_<table> ──load──► canonical rows + set aside
//! ```

pub mod columns;
pub(crate) mod conditions;
mod constant_columns;
pub mod contract;
mod csv_text;
pub mod dense;
pub(crate) mod diagnose;
mod error;
mod footers;
mod functions;
pub mod histories;
pub mod ids;
pub(crate) mod ipc_file;
mod line_breaks;
pub mod load;
mod local_reads;
pub mod memory;
mod parquet_scans;
pub mod purchases;
mod quotes;
pub mod session;
pub mod set_aside;
mod source;
mod store;
pub mod transactions;
mod unique;
pub(crate) mod words;

pub use error::EngineError;
pub(crate) use functions::{WrittenAmount, among, in_iso, month, written_flag};
pub(crate) use quotes::stray_quote;
