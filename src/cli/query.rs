//! `closedloop query`: SQL over a configuration's inputs and canonical tables, or over a finished run's marts. Reads only.

mod prompt;
mod statements;

use super::flags::all_cores;
use super::rows::{Format, print};
use crate::config::{Overrides, Plan};
use crate::engine::memory::Budget;
use crate::engine::{load, session};
use crate::mart::{manifest, reading};
use crate::pipeline::{runtime, unchanged};
use arrow::array::RecordBatch;
use clap::Args;
use datafusion::prelude::SessionContext;
use statements::{Statements, answers};
use std::io::{IsTerminal, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `query`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  closedloop query out \"SELECT fiscal_quarter, sum(booked) FROM reconciliation WHERE model = 'linear' GROUP BY 1 ORDER BY 1\"
  closedloop query closedloop.toml \"SELECT channel, count(*) FROM touchpoints GROUP BY 1\"
  closedloop query out --format csv < question.sql
  closedloop query out")]
pub(super) struct QueryArgs {
    /// A configuration (inputs as source_<table>, canonical tables with money in minor units, as cents, and its marts if it
    /// ran), or an output folder (marts)
    place: PathBuf,
    /// SELECTs, with semicolons between them [default: read from standard input; on a terminal, a prompt]
    #[arg(allow_hyphen_values = true)]
    sql: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl QueryArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let is_talk = self.sql.is_none() && stdin().is_terminal() && stdout().is_terminal();
        let statements = if is_talk { Vec::new() } else { self.statements()? };
        let threads = all_cores();
        let runtime = runtime(threads)?;
        let plan = if self.place.is_dir() { None } else { Some(Plan::load(&self.place, Overrides::default())?) };
        let open = || runtime.block_on(Tables::open(&self.place, plan.as_ref(), threads));
        if is_talk {
            let tables = of_inputs(plan.as_ref(), open)?;
            let answers = |asked: &[String]| of_inputs(plan.as_ref(), || runtime.block_on(tables.answers(asked)));
            prompt::run(&runtime, &runtime.block_on(tables.session())?, self.format, answers)?;
            return Ok(ExitCode::SUCCESS);
        }
        let answers = || {
            let tables = open()?;
            runtime.block_on(tables.answers(&statements))
        };
        for rows in of_inputs(plan.as_ref(), answers)? {
            print(&mut anstream::stdout(), &rows, self.format)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What is asked, on the command line or on standard input.
    fn statements(&self) -> anyhow::Result<Vec<String>> {
        let text = match &self.sql {
            Some(sql) => sql.clone(),
            None => std::io::read_to_string(stdin())
                .map_err(|error| anyhow::anyhow!("standard input: {error}; give SQL as UTF-8 text"))?,
        };
        let statements = Statements::of(&text).all();
        if statements.is_empty() {
            anyhow::bail!("there is no SQL; give one SELECT, as an argument or on standard input");
        }
        Ok(statements)
    }
}

/// What comes of inputs, where there are some that may change meanwhile.
fn of_inputs<T>(plan: Option<&Plan>, read: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    match plan {
        Some(plan) => unchanged(plan, read),
        None => read(),
    }
}

/// The tables that can be asked: marts, or a configuration's tables with the marts of its last run.
struct Tables {
    marts: PathBuf,
    /// The session with the configuration's tables.
    of_config: Option<SessionContext>,
}

impl Tables {
    async fn open(place: &Path, plan: Option<&Plan>, threads: usize) -> anyhow::Result<Self> {
        let Some(plan) = plan else { return Ok(Self { marts: place.to_owned(), of_config: None }) };
        let ctx = session::open(plan, threads, &Budget::unlimited())?;
        load::load(&ctx, plan, None).await?.check_touch_quotes().await?;
        Ok(Self { marts: plan.output.clone(), of_config: Some(ctx) })
    }

    /// A session with the marts that stand there now.
    async fn session(&self) -> anyhow::Result<SessionContext> {
        let Some(ctx) = &self.of_config else { return Ok(reading::open(&self.marts).await?.1) };
        if self.marts.join(manifest::MANIFEST).is_file() {
            reading::register(ctx, &self.marts).await?;
        }
        Ok(ctx.clone())
    }

    async fn answers(&self, asked: &[String]) -> anyhow::Result<Vec<RecordBatch>> {
        reading::steady(&self.marts, async || answers(&self.session().await?, asked).await).await
    }
}
