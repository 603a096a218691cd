//! Everything that is tested from outside: one binary, one module a subject.
#![expect(missing_docs, reason = "tests say what they test in their names")]

mod bad_input;
mod cli;
mod differential;
mod hand;
mod laws;
mod readers;
mod real_data;
mod support;
