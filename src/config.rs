//! Configuration: from `closedloop.toml` as somebody wrote it to the [`Plan`] that everything below runs on.
//!
//! [`mod@file`] holds the shape of the file, [`plan`] its resolved, validated and printable form.

pub mod calendar;
mod error;
pub mod file;
mod intervals;
pub mod plan;

pub use calendar::Calendar;
pub use error::{ConfigError, nearest, remedy};
pub use intervals::Intervals;
pub use plan::{Overrides, Plan};
