//! closedloop: multi-touch attribution and ROI that reconciles to booked revenue, to the cent.
//!
//! ```text
//! cli → pipeline → { engine, scatter, mart } → core
//! ```

pub mod config;
pub mod engine;
