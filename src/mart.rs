//! The marts: what they hold ([`catalogue`]), how they are written ([`writer`], [`disk`]) and put in place ([`publication`]).

pub mod catalogue;
mod columns;
pub mod disk;
mod error;
pub mod manifest;
mod properties;
pub mod publication;
pub mod reading;
pub(crate) mod stage;
pub mod writer;

pub use error::MartError;
