//! Everything that is tested from outside: one binary, one module a subject.

mod bad_input;
mod cli;
mod differential;
mod hand;
mod laws;
mod readers;
mod real_data;
mod support;
