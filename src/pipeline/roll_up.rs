//! Roll-up: from credit totals to the marts, nearly all of them in the SQL files under `sql/mart/`.

use super::agreement::agreement;
use super::batches::{self, Grain};
use super::error::RunError;
use super::mart_sql::frame;
use super::outcome::Outcome;
use super::prepare::{Prepared, Workers};
use super::sensitivity;
use crate::config::Plan;
use crate::engine::EngineError;
use crate::engine::session::{self, Query};
use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// The marts that SQL makes. Those of a wave read no other of it.
const WAVES: [&[(&str, &str)]; 2] = [
    &[
        ("campaign_roi", include_str!("../../sql/mart/campaign_roi.sql")),
        ("channel_roi", include_str!("../../sql/mart/channel_roi.sql")),
        ("dim_account", include_str!("../../sql/mart/dim_account.sql")),
        ("dim_campaign", include_str!("../../sql/mart/dim_campaign.sql")),
        ("dim_channel", include_str!("../../sql/mart/dim_channel.sql")),
        ("dim_fiscal_quarter", include_str!("../../sql/mart/dim_fiscal_quarter.sql")),
        ("campaign_spend", include_str!("../../sql/mart/campaign_spend.sql")),
        ("model_sensitivity", include_str!("../../sql/mart/model_sensitivity.sql")),
        ("reconciliation", include_str!("../../sql/mart/reconciliation.sql")),
        ("basis_bridge", include_str!("../../sql/mart/basis_bridge.sql")),
        ("campaign_clv", include_str!("../../sql/mart/campaign_clv.sql")),
    ],
    &[
        ("model_decision", include_str!("../../sql/mart/model_decision.sql")),
        ("model_comparison", include_str!("../../sql/mart/model_comparison.sql")),
    ],
];

/// What those of the second wave read.
const READ_BY_OTHERS: [&str; 2] = ["campaign_roi", "channel_roi"];

/// The rows of the wanted marts that SQL makes, and of `dim_model`, `model_agreement` and `set_aside`.
///
/// # Errors
/// SQL of ours that does not run.
pub(super) fn roll_up_rows(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &Outcome,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, RecordBatch)>, RunError> {
    let mut rows = workers.runtime.block_on(roll_up(plan, workers, prepared, outcome, wanted))?;
    if wanted.contains("dim_model") {
        rows.push(("dim_model", batches::dim_model(&plan.models, plan.default_model)?));
    }
    if wanted.contains("model_agreement") {
        let agreement = agreement(&outcome.places, &prepared.lines, plan.models.len());
        rows.push(("model_agreement", prepared.names(plan).model_agreement(&agreement)?));
    }
    if wanted.contains("set_aside") {
        rows.push(("set_aside", batches::set_aside(&prepared.loaded.set_aside)?));
    }
    Ok(rows)
}

/// The rows of the wanted marts that SQL makes.
///
/// # Errors
/// SQL of ours that does not run.
async fn roll_up(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &Outcome,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, RecordBatch)>, EngineError> {
    let (ctx, mut marts) = (&prepared.ctx, Vec::new());
    if WAVES.into_iter().flatten().all(|(name, _)| !wanted.contains(name)) {
        return Ok(marts);
    }
    let [_, others] = WAVES;
    let is_read = others.iter().any(|(other, _)| wanted.contains(other));
    let is_needed = |name: &str| wanted.contains(name) || is_read && READ_BY_OTHERS.contains(&name);
    let needed: Vec<&str> =
        WAVES.into_iter().flatten().filter(|(name, _)| is_needed(name)).map(|(_, sql)| *sql).collect();
    register_inputs(plan, workers, prepared, outcome, &needed).await?;
    for wave in WAVES {
        let mut frames = Vec::new();
        for &(name, sql) in wave.iter().filter(|(name, _)| is_needed(name)) {
            frames.push((name, frame(ctx, plan, sql).await?));
        }
        for (name, rows) in session::collect_side_by_side(ctx, frames).await? {
            session::register_rows(ctx, name, rows.clone())?;
            if wanted.contains(name) {
                marts.push((name, rows));
            }
        }
    }
    Ok(marts)
}

/// Makes the rows of a table.
type MakeRows<'a> = dyn Fn() -> Result<RecordBatch, EngineError> + Sync + 'a;

/// Registers what the mart files `readers` start from, beside the canonical tables that the session holds.
async fn register_inputs(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &Outcome,
    readers: &[&str],
) -> Result<(), EngineError> {
    let (ctx, names, totals) = (&prepared.ctx, prepared.names(plan), &outcome.totals);
    let is_read = |table: &str| readers.iter().any(|sql| sql.contains(table));
    let of_windows = || sensitivity::rows(&outcome.windows, &outcome.of_windows);
    let inputs: [(&str, &MakeRows<'_>); 6] = [
        ("dim_model", &|| batches::dim_model(&plan.models, plan.default_model)),
        ("credit_totals", &|| names.credit_totals(totals)),
        ("residual_totals", &|| names.residual_totals(totals)),
        ("booked_totals", &|| names.booked_totals(totals)),
        ("interval_totals", &|| names.interval_totals(&outcome.intervals)),
        ("sensitivity_totals", &|| names.sensitivity_totals(&of_windows())),
    ];
    let spend = Query::start(frame(ctx, plan, include_str!("../../sql/mart/spend_by_quarter.sql")).await?);
    let inputs =
        || inputs.into_par_iter().filter(|(table, _)| is_read(table)).map(|(table, rows)| Ok((table, rows()?)));
    for (table, rows) in workers.pool.install(|| inputs().collect::<Result<Vec<_>, EngineError>>())? {
        session::register_rows(ctx, table, rows)?;
    }
    let spend = spend.rows().await?;
    session::register_rows(ctx, "spend_by_quarter", spend.clone())?;
    let grains = [(Grain::Campaign, "campaign_lines"), (Grain::Channel, "channel_lines")];
    let sums = || {
        let grains = grains.into_par_iter().filter(|(_, view)| is_read(view));
        grains.map(|(grain, view)| Ok((view, names.line_sums(grain, outcome, &spend)?)))
    };
    for (view, sums) in workers.pool.install(|| sums().collect::<Result<Vec<_>, EngineError>>())? {
        session::register_sorted(ctx, "line_sums", vec![sums], &MART_ORDER)?;
        let roi = frame(ctx, plan, include_str!("../../sql/mart/roi.sql")).await?;
        ctx.register_table(view, roi.into_view())?;
        ctx.deregister_table("line_sums")?;
    }
    Ok(())
}

/// The order of the ROI marts, in which `line_sums` stand.
const MART_ORDER: [&str; 7] = ["basis", "model", "quarter", "line", "campaign_id", "channel", "residual"];

/// The mart that is no roll-up of the ledger: it shares customers' values, of which there are none without touches.
const OF_LIFETIME: &str = "campaign_clv";

/// The physical plan of every mart that SQL makes of the ledger, of a run without touches.
///
/// # Errors
/// SQL of ours that does not run.
pub(super) async fn physical_plans(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
) -> Result<Vec<(&'static str, String)>, EngineError> {
    let ctx = &prepared.ctx;
    let all: Vec<&str> = WAVES.into_iter().flatten().map(|(_, sql)| *sql).collect();
    let nothing = Outcome::of_nothing(plan.models.len());
    register_inputs(plan, workers, prepared, &nothing, &all).await?;
    let mut plans = Vec::new();
    for &(name, sql) in WAVES.into_iter().flatten().filter(|(name, _)| *name != OF_LIFETIME) {
        plans.push((name, session::physical_plan(frame(ctx, plan, sql).await?).await?));
        register(ctx, plan, name, sql).await?;
    }
    Ok(plans)
}

/// Runs a mart file and registers its rows under its name.
async fn register(ctx: &SessionContext, plan: &Plan, name: &str, sql: &str) -> Result<RecordBatch, EngineError> {
    let rows = session::collect(frame(ctx, plan, sql).await?).await?;
    session::register_rows(ctx, name, rows.clone())?;
    Ok(rows)
}
