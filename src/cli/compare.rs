//! `closedloop compare`: the models of a finished run side by side, channels first.

mod comparison;
mod flips;
mod interval;
mod table;

use super::quarter::check_known;
use crate::engine::columns::texts;
use crate::engine::session;
use crate::mart::manifest::Manifest;
use crate::mart::reading;
use crate::pipeline::runtime;
use arrow::array::RecordBatch;
use clap::{Args, ValueEnum};
use comparison::Comparison;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "The last column is the call that the 95 % intervals of roi allow: depends where that of one model lies above the \
                  hurdle and that of another below, else what the default model's says: fund, cut, or too close where the \
                  hurdle lies inside. Of a run without intervals it is the decision by roi alone, as in model_comparison. Models \
                  that cannot credit a line are not asked about it.\n\n\
                  Example: closedloop compare out --quarter FY26Q3"
)]
pub(super) struct CompareArgs {
    /// Output folder of a run
    out: PathBuf,
    /// Only this fiscal quarter, as in FY26Q3 [default: all]
    #[arg(long, value_name = "QUARTER")]
    quarter: Option<String>,
    /// Which quarter revenue belongs to
    #[arg(long, value_enum, default_value_t = Basis::CloseDate)]
    basis: Basis,
    /// What the tables of all models show
    #[arg(long, value_enum, default_value_t = Measure::Money)]
    show: Measure,
    /// How many campaigns the table shows, by money under the default model; CSV and JSON have all
    #[arg(long, value_name = "N", default_value_t = 10)]
    campaigns: usize,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Basis {
    /// The quarter in which the deal closed
    CloseDate,
    /// The quarter of the touch
    TouchDate,
}

/// What the tables of all models show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Attributed money
    Money,
    /// Attributed money less that under the default model
    Delta,
    /// (money − spend) ÷ spend
    Roi,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// Comma-separated
    Csv,
    /// One JSON array
    Json,
}

impl CompareArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let runtime = runtime(1)?;
        let asked = reading::ask(&self.out, async |manifest, ctx| self.comparison(&manifest, &ctx).await);
        let comparison = runtime.block_on(asked)?;
        let mut out = anstream::stdout();
        match self.format {
            Format::Table => table::print(&mut out, &comparison, self.show, self.campaigns)?,
            Format::Csv => comparison.write_csv(&mut out)?,
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&comparison.lines)?)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn comparison(&self, manifest: &Manifest, ctx: &SessionContext) -> anyhow::Result<Comparison> {
        let has = |name: &str| manifest.marts.iter().any(|mart| mart.name == name);
        if !has("model_comparison") {
            anyhow::bail!("{} has no model_comparison; run again with this mart", self.out.display());
        }
        if let Some(quarter) = &self.quarter {
            check_quarter(ctx, quarter, has("reconciliation")).await?;
        }
        let basis = match self.basis {
            Basis::CloseDate => "close_date",
            Basis::TouchDate => "touch_date",
        };
        let values = [("quarter", ScalarValue::Utf8(self.quarter.clone())), ("basis", ScalarValue::from(basis))];
        let rows = answer(ctx, include_str!("../../sql/compare/model_amounts.sql"), &values).await?;
        let title = format!("{}, {basis}", self.quarter.as_deref().unwrap_or("all quarters"));
        let mut comparison = Comparison::new(manifest, &rows, title)?;
        if has("model_decision") {
            let rows = answer(ctx, include_str!("../../sql/compare/model_intervals.sql"), &values).await?;
            comparison.doubt(&rows)?;
        }
        if has("dim_campaign") {
            let rows = answer(ctx, include_str!("../../sql/compare/campaign_names.sql"), &[]).await?;
            comparison.name_campaigns(&rows)?;
        }
        // Residuals stay in the quarter of close, so that a quarter of touches has no coverage of its own.
        let has_coverage = self.quarter.is_none() || matches!(self.basis, Basis::CloseDate);
        if has("reconciliation") && has_coverage {
            let rows = answer(ctx, include_str!("../../sql/compare/coverage.sql"), &values).await?;
            comparison.cover(&rows)?;
        }
        Ok(comparison)
    }
}

async fn answer(ctx: &SessionContext, sql: &str, values: &[(&str, ScalarValue)]) -> anyhow::Result<RecordBatch> {
    Ok(session::collect(session::read_with(ctx, sql, values).await?).await?)
}

/// Refuses a quarter that the marts do not have. One in which nothing was attributed or spent is in the reconciliation alone.
async fn check_quarter(ctx: &SessionContext, quarter: &str, is_reconciled: bool) -> anyhow::Result<()> {
    let sql = match is_reconciled {
        true => include_str!("../../sql/compare/booked_quarters.sql"),
        false => include_str!("../../sql/compare/quarters.sql"),
    };
    let frame = session::read_only(ctx, sql).await?;
    let rows = session::collect(frame).await?;
    check_known(quarter, &texts(rows.column(0))?)
}
