//! `closedloop query`: SQL over a configuration's inputs and canonical tables, or over a finished run's marts. Reads only.

mod print;
mod prompt;
mod statements;

use super::plan_args::open_plan;
use crate::engine::memory::Budget;
use crate::engine::{load, session};
use crate::mart::{manifest, reading};
use arrow::array::RecordBatch;
use clap::Args;
use datafusion::prelude::SessionContext;
use print::{Format, print};
use statements::{Statements, answers};
use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;
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
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let is_talk = self.sql.is_none() && stdin().is_terminal() && stdout().is_terminal();
        if is_talk {
            let ctx = runtime.block_on(self.open())?;
            prompt::run(&runtime, &ctx, self.format, |asked| runtime.block_on(self.answers(Some(&ctx), asked)))?;
            return Ok(ExitCode::SUCCESS);
        }
        let text = match &self.sql {
            Some(sql) => sql.clone(),
            None => std::io::read_to_string(stdin())
                .map_err(|error| anyhow::anyhow!("standard input: {error}; give SQL as UTF-8 text"))?,
        };
        let statements = Statements::of(&text).all();
        if statements.is_empty() {
            anyhow::bail!("there is no SQL; give one SELECT, as an argument or on standard input");
        }
        for rows in runtime.block_on(self.answers(None, &statements))? {
            print(&mut anstream::stdout(), &rows, self.format)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The answers to statements, of marts always those that stand there now; a configuration's session may be at hand.
    async fn answers(&self, session: Option<&SessionContext>, asked: &[String]) -> anyhow::Result<Vec<RecordBatch>> {
        match session {
            _ if self.place.is_dir() => reading::ask(&self.place, async |_, ctx| answers(&ctx, asked).await).await,
            Some(ctx) => answers(ctx, asked).await,
            None => answers(&self.session().await?, asked).await,
        }
    }

    async fn open(&self) -> anyhow::Result<SessionContext> {
        if self.place.is_dir() { Ok(reading::open(&self.place).await?.1) } else { self.session().await }
    }

    /// The session of a configuration, with the marts of its last run.
    async fn session(&self) -> anyhow::Result<SessionContext> {
        let plan = open_plan(&self.place)?;
        let ctx =
            session::open(&plan, std::thread::available_parallelism().map_or(1, usize::from), &Budget::unlimited())?;
        load::load(&ctx, &plan, None).await?.check_touch_quotes().await?;
        if plan.output.join(manifest::MANIFEST).is_file() {
            reading::register(&ctx, &plan.output).await?;
        }
        Ok(ctx)
    }
}
