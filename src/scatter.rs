//! From a stream of touches to the touches of each conversion's account, in order.
//!
//! ```text
//! conversions ──► ConversionIndex ◄── one probe a touch ── touch batches
//!                                         │ survivors, 24 bytes each
//!                                         ▼
//!                       partitions: contiguous ranges of dense account numbers
//!                                         │ counting sort, tiny runs ordered, repeats dropped
//!                                         ▼
//!                                one account's touches in order
//! ```
//!
//! The number of partitions depends on the accounts alone, so that neither threads nor memory change a result.

pub mod collapse;
pub mod conversions;
pub mod group;
pub mod keys;
pub mod lines;
mod marked;
pub mod partition;
pub mod pieces;
pub mod quarters;
pub mod reader;
mod sorting;
mod spill;
pub mod subjects;
pub mod touch;
pub mod types;
