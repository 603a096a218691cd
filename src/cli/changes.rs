//! `closedloop changes`: what two finished runs say differently, and which deals that comes from.

mod table;

use super::code_once_said;
use super::flags::all_cores;
use super::money::counted;
use super::quarter::check_known;
use super::rows::{Format, print};
use super::table::print_notes;
use crate::engine::columns::texts;
use crate::engine::session;
use crate::mart::manifest::Manifest;
use crate::mart::reading;
use crate::pipeline::runtime;
use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use clap::{Args, ValueEnum};
use closedloop_core::model::column_stem;
use datafusion::common::TableReference;
use datafusion::prelude::{Expr, SessionContext, ident};
use datafusion::scalar::ScalarValue;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `changes`.
#[derive(Debug, Args)]
#[command(
    after_help = "Money stands in the quarter in which the deal closed. Of each deal one cause is told, the first of these: added, \
                  gone, moved (to another quarter), restated (another amount), reclassified (another kind), credited anew (other \
                  touches, other channels of campaigns, or other rules of credit). What was before and the causes add up to what is after, for every line and \
                  quarter, to the cent. Accounts, names and margins are not compared.\n\n\
                  The exit code is 1 where anything differs, so that a signed quarter can be guarded:\n\n  \
                  closedloop changes signed out --quarter FY26Q1,FY26Q2"
)]
pub(super) struct ChangesArgs {
    /// Output folder of the run before
    before: PathBuf,
    /// Output folder of the run after
    after: PathBuf,
    /// Model whose credit is compared [default: the default model of the run before]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Only these fiscal quarters, separated by commas [default: all]
    #[arg(long = "quarter", value_name = "QUARTERS", value_delimiter = ',')]
    quarters: Vec<String>,
    /// Only one of the lists [default: all as tables, lines as CSV and JSON]
    #[arg(long, value_enum)]
    list: Option<List>,
    /// How many lines and deals the tables show, those that differ most; CSV and JSON have all
    #[arg(long, value_name = "N", default_value_t = 10)]
    rows: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum List {
    /// Booked revenue and spend by quarter
    Quarters,
    /// Credit and spend by campaign, channel or residual, and quarter
    Lines,
    /// The deals behind
    Deals,
}

/// The marts without which it cannot be told what changed.
const NEEDED: [&str; 5] = ["journeys", "touch_credits", "campaign_spend", "dim_campaign", "dim_fiscal_quarter"];

/// What differs between two runs.
struct Changes {
    title: String,
    quarters: RecordBatch,
    lines: RecordBatch,
    deals: RecordBatch,
    /// How the runs themselves differ.
    notes: Vec<String>,
}

impl ChangesArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let runtime = runtime(all_cores())?;
        let read = async || reading::steady(&self.after, async || self.read().await).await;
        let changes = runtime.block_on(reading::steady(&self.before, read))?;
        let code = if changes.is_none() { ExitCode::SUCCESS } else { ExitCode::from(1) };
        let said = self.print(&mut anstream::stdout(), &changes);
        Ok(code_once_said(said, "the runs are compared", code))
    }

    fn print(&self, out: &mut impl Write, changes: &Changes) -> anyhow::Result<()> {
        match self.format {
            Format::Table => {
                table::print(out, changes, self.list, self.rows)?;
                Ok(print_notes(out, &changes.notes)?)
            }
            format => {
                let list = self.list.unwrap_or(List::Lines);
                if let Some(elsewhere) = changes.elsewhere(list) {
                    writeln!(anstream::stderr(), "note: {elsewhere}")?;
                }
                print(out, changes.list(list), format)
            }
        }
    }

    async fn read(&self) -> anyhow::Result<Changes> {
        let ctx = SessionContext::new();
        let before = reading::register_in(&ctx, "before", &self.before).await?;
        let after = reading::register_in(&ctx, "after", &self.after).await?;
        let model = self.model.as_ref().unwrap_or(&before.default_model);
        self.check_comparable(&before, &after, model)?;
        register_under(&ctx, "before", model).await?;
        register_under(&ctx, "after", model).await?;
        session::register_view(&ctx, "fiscal_quarters", include_str!("../../sql/changes/fiscal_quarters.sql")).await?;
        session::register_view(&ctx, "causes", include_str!("../../sql/changes/causes.sql")).await?;
        session::register_view(&ctx, "posted", include_str!("../../sql/changes/posted.sql")).await?;
        session::register_view(&ctx, "spent", include_str!("../../sql/changes/spent.sql")).await?;
        let values = [("quarters", self.chosen_quarters(&ctx).await?)];
        let frames = [
            session::read_with(&ctx, include_str!("../../sql/changes/quarters.sql"), &values).await?,
            session::read_with(&ctx, include_str!("../../sql/changes/lines.sql"), &values).await?,
            session::read_with(&ctx, include_str!("../../sql/changes/deals.sql"), &values).await?,
        ];
        let [quarters, lines, deals] = session::collect_each(&ctx, frames).await?;
        let (from, to) = (self.before.display(), self.after.display());
        let title = format!("{from} → {to}, {}, under {model}", after.currency);
        Ok(Changes { title, quarters, lines, deals, notes: differences(&before, &after, model) })
    }

    /// The quarters as a value for SQL, where null means all.
    async fn chosen_quarters(&self, ctx: &SessionContext) -> anyhow::Result<ScalarValue> {
        if self.quarters.is_empty() {
            return Ok(ScalarValue::new_null_list(DataType::Utf8, true, 1));
        }
        let known = session::read_only(ctx, include_str!("../../sql/changes/known_quarters.sql")).await?;
        let known = texts(session::collect(known).await?.column(0))?;
        let chosen = || self.quarters.iter().map(|quarter| quarter.trim());
        for quarter in chosen() {
            check_known(quarter, &known)?;
        }
        Ok(session::texts(chosen()))
    }

    /// Refuses runs that have nothing to be compared by.
    fn check_comparable(&self, before: &Manifest, after: &Manifest, model: &str) -> anyhow::Result<()> {
        for (folder, run) in [(&self.before, before), (&self.after, after)] {
            let has = |name: &&&str| run.marts.iter().any(|mart| mart.name == **name);
            if let Some(name) = NEEDED.iter().find(|name| !has(name)) {
                anyhow::bail!("{} has no {name}; run again with this mart", folder.display());
            }
        }
        if before.currency != after.currency {
            let (before, after) = (&before.currency, &after.currency);
            anyhow::bail!("money was {before} and is {after}; compare runs of one currency");
        }
        let has = |run: &Manifest| run.models.iter().any(|known| known.id == model);
        if !has(before) || !has(after) {
            let lacking = if has(after) { &self.before } else { &self.after };
            let ids = |run: &Manifest| run.models.iter().map(|model| model.id.clone()).collect::<BTreeSet<_>>();
            let common: Vec<String> = ids(before).intersection(&ids(after)).cloned().collect();
            let remedy = match &common[..] {
                [] => "the runs have no model in common".to_owned(),
                common => format!("give --model one that both have: {}", common.join(", ")),
            };
            anyhow::bail!("{} has no model \"{model}\"; {remedy}", lacking.display());
        }
        Ok(())
    }
}

/// Registers what one side's deals and touches have under the model.
async fn register_under(ctx: &SessionContext, side: &str, model: &str) -> anyhow::Result<()> {
    let stem = column_stem(model);
    let columns = |names: &[&str]| names.iter().map(|name| ident(*name)).collect::<Vec<Expr>>();
    let mut credited = columns(&["deal_id", "close_quarter", "campaign_id", "channel"]);
    credited.push(ident(format!("{stem}_amount")).alias("amount"));
    let mut deals = columns(&["deal_id", "account_id", "kind", "close_quarter", "amount"]);
    deals.push(ident(format!("{stem}_residual")).alias("residual"));
    deals.push(ident(format!("{stem}_residual_amount")).alias("left"));
    for (mart, columns, name) in [("touch_credits", credited, "credited"), ("journeys", deals, "deals")] {
        let rows = ctx.table(TableReference::partial(side, mart)).await?.select(columns)?;
        ctx.register_table(TableReference::partial(side, name), rows.into_view())?;
    }
    Ok(())
}

/// How two runs differ in what they read and were told.
fn differences(before: &Manifest, after: &Manifest, model: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if before.as_of != after.as_of {
        notes.push(format!("what is known ended on {} before and ends on {} after", before.as_of, after.as_of));
    }
    if before.config_hash != after.config_hash {
        notes.push("the configuration is another".to_owned());
    }
    if before.default_model != after.default_model {
        let (was, is) = (&before.default_model, &after.default_model);
        notes.push(format!("the default model was {was} and is {is}; see --model"));
    }
    let ids = |run: &Manifest| run.models.iter().map(|model| model.id.clone()).collect::<Vec<_>>();
    if ids(before) != ids(after) {
        notes.push("the models that run are others".to_owned());
    }
    let spec = |run: &Manifest| run.models.iter().find(|known| known.id == model).map(|known| known.spec_hash.clone());
    if spec(before) != spec(after) {
        notes.push(format!("{model} is defined otherwise"));
    }
    if before.version != after.version {
        notes.push(format!("version {} before and {} after", before.version, after.version));
    }
    let tables: BTreeSet<&str> = before.inputs.iter().chain(&after.inputs).map(|file| file.table.as_str()).collect();
    let contents = |run: &Manifest, table: &str| -> BTreeSet<String> {
        run.inputs.iter().filter(|file| file.table == table).map(|file| file.blake3.clone()).collect()
    };
    let other: Vec<&str> =
        tables.into_iter().filter(|table| contents(before, table) != contents(after, table)).collect();
    if !other.is_empty() {
        notes.push(format!("other files of {}", other.join(", ")));
    }
    notes
}

impl Changes {
    fn list(&self, list: List) -> &RecordBatch {
        match list {
            List::Quarters => &self.quarters,
            List::Lines => &self.lines,
            List::Deals => &self.deals,
        }
    }

    /// Whether the runs say the same.
    fn is_none(&self) -> bool {
        List::value_variants().iter().all(|list| self.list(*list).num_rows() == 0)
    }

    /// Where else something differs, of a list in which nothing does: what deals take from a line others may give it.
    fn elsewhere(&self, list: List) -> Option<String> {
        if self.is_none() || self.list(list).num_rows() > 0 {
            return None;
        }
        let others = List::value_variants().iter().map(|other| (self.list(*other).num_rows() as u64, other.one()));
        let differ: Vec<String> = others.filter(|(rows, _)| *rows > 0).map(|(rows, one)| counted(rows, one)).collect();
        Some(format!("no {} differs; see --list for what does: {}", list.one(), differ.join(", ")))
    }
}

impl List {
    /// What one row of it is.
    fn one(self) -> &'static str {
        match self {
            Self::Quarters => "quarter",
            Self::Lines => "line",
            Self::Deals => "deal",
        }
    }
}
