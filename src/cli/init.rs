//! `closedloop init`: a configuration for a folder of exports.

use super::code_once_said;
use super::table::{BOLD, sentence};
use crate::init::{Initialised, init};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exits with 1 when a table is missing without which nothing runs.\n\nExample: closedloop init exports && closedloop run exports/closedloop.toml"
)]
pub(super) struct InitArgs {
    /// Folder of CSV, TSV, Parquet or NDJSON files: Salesforce, HubSpot or plain exports
    dir: PathBuf,
    /// The configuration to write; never overwritten [default: closedloop.toml in DIR]
    #[arg(long, value_name = "CONFIG")]
    out: Option<PathBuf>,
}

impl InitArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let initialised = init(&self.dir, self.out.as_deref())?;
        let said = print(&mut anstream::stdout(), &initialised);
        let code = if initialised.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        Ok(code_once_said(said, &format!("{} is written", initialised.config.display()), code))
    }
}

fn print(out: &mut impl Write, initialised: &Initialised) -> std::io::Result<()> {
    let names = initialised.used.iter().map(|(path, ..)| path).chain(initialised.unused.iter().map(|(path, _)| path));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    writeln!(out, "{BOLD}tables{BOLD:#}")?;
    for (path, table, what) in &initialised.used {
        writeln!(out, "{}", format!("  {path:<width$}  {:<14}  {what}", table.name()).trim_end())?;
    }
    if !initialised.unused.is_empty() {
        writeln!(out, "\n{BOLD}not used{BOLD:#}")?;
        for (path, why) in &initialised.unused {
            writeln!(out, "{}", sentence(&format!("  {path:<width$}  {why}"), width + 4))?;
        }
    }
    let config = initialised.config.display().to_string();
    if !initialised.undecided.is_empty() {
        writeln!(out, "\n{BOLD}could not decide; these lines hold a guess{BOLD:#}")?;
        for (line, message) in &initialised.undecided {
            writeln!(out, "{}", sentence(&format!("  line {line:<4} {message}"), 12))?;
        }
    }
    writeln!(out, "\nwrote {config}")?;
    let argument = argument(&config);
    match initialised.missing.first() {
        None => writeln!(out, "next: closedloop run {argument}"),
        Some(table) => writeln!(out, "next: name the file of {} in it, then closedloop run {argument}", table.name()),
    }
}

/// A path as a shell takes it.
fn argument(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/\\._-+:=@%,".contains(c);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_blanks_are_quoted() {
        assert_eq!(argument("exports/closedloop.toml"), "exports/closedloop.toml");
        assert_eq!(argument("my exports 2024/closedloop.toml"), "'my exports 2024/closedloop.toml'");
        assert_eq!(argument("Eva's $/c.toml"), "'Eva'\\''s $/c.toml'");
    }
}
