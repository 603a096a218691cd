//! The interactive prompt: statement after statement, with history, completion of names, and a few commands.

use super::statements::{Statements, tables, unknown_table};
use crate::cli::complain;
use crate::cli::rows::{Format, print};
use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use rustyline::completion::Completer;
use rustyline::config::CompletionType;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use tokio::runtime::Runtime;

const WELCOME: &str = "End statements with a semicolon; \\d lists tables, \\d TABLE columns, \\q leaves.";

/// Answers until somebody leaves. A statement that cannot be answered ends nothing.
///
/// # Errors
/// A terminal that fails.
pub(super) fn run(
    runtime: &Runtime,
    ctx: &SessionContext,
    format: Format,
    answers: impl Fn(&[String]) -> anyhow::Result<Vec<RecordBatch>>,
) -> anyhow::Result<()> {
    let config = Config::builder().completion_type(CompletionType::List).build();
    let mut editor: Editor<Names, DefaultHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(Names::of(runtime, ctx)));
    let history = history_file();
    if let Some(path) = &history {
        // The first time there is none.
        drop(editor.load_history(path));
    }
    println!("{WELCOME}");
    loop {
        let text = match editor.readline("closedloop> ") {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if text.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(text.trim_end())?;
        if let Some(path) = &history {
            // A prompt without memory is still a prompt.
            drop(editor.append_history(path));
        }
        let done = match Command::of(&text) {
            Some(Command::Leave) => return Ok(()),
            Some(command) => command.obey(runtime, ctx),
            None => answers(&Statements::of(&text).all())
                .and_then(|answers| answers.iter().try_for_each(|rows| print(&mut anstream::stdout(), rows, format))),
        };
        if let Err(error) = done {
            complain(&error);
        }
    }
}

/// Where the history is kept: the user's state folder, or nowhere when there is none.
fn history_file() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("LOCALAPPDATA"))
        .or_else(|| std::env::home_dir().map(|home| home.join(".local").join("state")))?;
    let folder = state.join("closedloop");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("query_history"))
}

/// What is no SQL.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Leave,
    Tables,
    Columns(String),
    Unknown(String),
}

impl Command {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches(';').trim_end();
        if text.eq_ignore_ascii_case("exit") || text.eq_ignore_ascii_case("quit") {
            return Some(Self::Leave);
        }
        let mut words = text.strip_prefix('\\')?.split_whitespace();
        Some(match (words.next(), words.next()) {
            (Some("q"), None) => Self::Leave,
            (Some("d"), None) => Self::Tables,
            (Some("d"), Some(table)) => Self::Columns(table.to_owned()),
            _ => Self::Unknown(text.to_owned()),
        })
    }

    fn obey(self, runtime: &Runtime, ctx: &SessionContext) -> anyhow::Result<()> {
        let mut out = anstream::stdout();
        match self {
            Self::Leave => {}
            Self::Tables => tables(ctx).iter().try_for_each(|table| writeln!(out, "{table}"))?,
            Self::Columns(table) => {
                let Ok(found) = runtime.block_on(ctx.table(&table)) else {
                    anyhow::bail!(unknown_table(ctx, &table));
                };
                let fields = found.schema().fields();
                let width = fields.iter().map(|field| field.name().chars().count()).max().unwrap_or_default();
                for field in fields {
                    writeln!(out, "{:<width$}  {}", field.name(), field.data_type())?;
                }
            }
            Self::Unknown(command) => anyhow::bail!("there is no command {command}; {WELCOME}"),
        }
        Ok(())
    }
}

/// What the editor knows: when a text is complete, and the names of tables and columns.
struct Names {
    names: BTreeSet<String>,
}

impl Names {
    fn of(runtime: &Runtime, ctx: &SessionContext) -> Self {
        let mut names = BTreeSet::new();
        for table in tables(ctx) {
            if let Ok(found) = runtime.block_on(ctx.table(&table)) {
                names.extend(found.schema().fields().iter().map(|field| field.name().clone()));
            }
            names.insert(table);
        }
        Self { names }
    }
}

impl Validator for Names {
    fn validate(&self, ctx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = ctx.input();
        let is_complete = Command::of(text).is_some() || Statements::of(text).rest.trim().is_empty();
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let is_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
        let word = line[..pos].rsplit(|c| !is_of_a_name(c)).next().unwrap_or_default();
        let start = pos - word.len();
        if word.is_empty() {
            return Ok((start, Vec::new()));
        }
        Ok((start, self.names.iter().filter(|name| name.starts_with(word)).cloned().collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Helper for Names {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_sql() {
        assert_eq!(Command::of(" \\q "), Some(Command::Leave));
        assert_eq!(Command::of("EXIT;"), Some(Command::Leave));
        assert_eq!(Command::of("\\d"), Some(Command::Tables));
        assert_eq!(Command::of("\\d journeys;"), Some(Command::Columns("journeys".to_owned())));
        assert_eq!(Command::of("\\x"), Some(Command::Unknown("\\x".to_owned())));
        assert_eq!(Command::of("SELECT 1"), None);
    }

    #[test]
    fn names_are_completed_from_their_beginning() {
        let names = Names { names: ["journeys", "journey_length", "deals"].map(str::to_owned).into() };
        let history = DefaultHistory::new();
        let complete = |line: &str| names.complete(line, line.len(), &Context::new(&history)).unwrap();
        assert_eq!(complete("SELECT * FROM jou"), (14, vec!["journey_length".to_owned(), "journeys".to_owned()]));
        assert_eq!(complete("SELECT d."), (9, Vec::new()));
        assert_eq!(complete("SELECT d.d"), (9, vec!["deals".to_owned()]));
    }
}
