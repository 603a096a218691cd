//! closedloop: multi-touch attribution and ROI that reconciles to booked revenue, to the cent.
//!
//! ```text
//! cli → pipeline → { engine, scatter, mart } → core
//! ```

pub mod cli;
pub mod config;
pub mod engine;
mod file_state;
pub mod generate;
pub mod init;
pub mod mart;
pub mod pipeline;
pub mod scatter;
