//! Everything that is tested from outside: one binary, one module a subject.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bad_input;
mod cli;
mod dictionary;
mod differential;
mod explain;
mod fitted;
mod hand;
mod init;
mod laws;
mod maven;
mod models;
mod notebook;
mod olist;
mod own_sql;
mod questions;
mod readers;
mod real_data;
mod support;
