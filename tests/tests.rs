//! Everything that is tested from outside: one binary, one module a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bad_input;
mod changes;
mod cli;
mod comparing;
mod configuration;
mod dictionary;
mod differential;
mod explain;
mod fitted;
mod hand;
mod init;
mod intervals;
mod laws;
mod lifetime;
mod maven;
mod models;
mod notebook;
mod olist;
mod own_sql;
mod paths;
mod plan_shape;
mod prompt;
mod questions;
mod readers;
mod real_data;
mod support;
mod touch_ids;
mod validate_models;
