//! Roll-up: from credit totals to the marts, nearly all of them told by the SQL files under `sql/mart/`.

use super::agreement::agreement;
use super::batches::{self, Grain};
use super::credit_outcome::CreditOutcome;
use super::error::RunError;
use super::mart_rows::MartRows;
use super::plan_sql::frame;
use super::prepare::{Prepared, Workers};
use super::sensitivity::Sensitivity;
use crate::config::Plan;
use crate::engine::EngineError;
use crate::engine::session;
use arrow::array::RecordBatch;
use datafusion::prelude::DataFrame;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::iter::repeat;

/// The marts that SQL makes of whole tables.
const MARTS: [(&str, &str); 9] = [
    ("dim_account", include_str!("../../sql/mart/dim_account.sql")),
    ("dim_campaign", include_str!("../../sql/mart/dim_campaign.sql")),
    ("dim_channel", include_str!("../../sql/mart/dim_channel.sql")),
    ("dim_fiscal_quarter", include_str!("../../sql/mart/dim_fiscal_quarter.sql")),
    ("campaign_spend", include_str!("../../sql/mart/campaign_spend.sql")),
    ("model_sensitivity", include_str!("../../sql/mart/model_sensitivity.sql")),
    ("reconciliation", include_str!("../../sql/mart/reconciliation.sql")),
    ("basis_bridge", include_str!("../../sql/mart/basis_bridge.sql")),
    (OF_LIFETIME, include_str!("../../sql/mart/campaign_clv.sql")),
];

/// The mart that is no roll-up of the ledger: it shares customers' values, of which there are none without touches.
const OF_LIFETIME: &str = "campaign_clv";

/// Those whose rows are lines.
const LINE_MARTS: [(&str, &str); 2] = [
    ("campaign_roi", include_str!("../../sql/mart/campaign_roi.sql")),
    ("channel_roi", include_str!("../../sql/mart/channel_roi.sql")),
];

/// Those that tell the same of campaigns and of channels: their files read [`LEVEL_LINES`], once of each.
const LEVEL_MARTS: [(&str, &str); 2] = [
    ("model_decision", include_str!("../../sql/mart/model_decision.sql")),
    ("model_comparison", include_str!("../../sql/mart/model_comparison.sql")),
];

const LEVEL_LINES: &str = "level_lines";

/// ROI at each grain, by the name under which mart files read it.
const ROI: [(Grain, &str); 2] = [(Grain::Campaign, "campaign_lines"), (Grain::Channel, "channel_lines")];

/// The wanted marts that SQL tells, and `dim_model`, `model_agreement`, `input_reconciliation` and `set_aside`.
///
/// # Errors
/// SQL of ours that does not run.
pub(super) fn roll_up(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &CreditOutcome,
    wanted: &BTreeSet<&'static str>,
) -> Result<Vec<(&'static str, MartRows)>, RunError> {
    let frames = mart_frames(plan, workers, prepared, outcome, |name| wanted.contains(name));
    let told = workers.runtime.block_on(frames)?.into_iter().map(|MartFrames { mart, frames }| {
        (mart, MartRows::Told(frames.into_iter().map(|(_, frame)| frame).collect()))
    });
    let mut marts: Vec<(&str, MartRows)> = told.collect();
    if wanted.contains("dim_model") {
        marts.push(("dim_model", batches::dim_model(&plan.models, plan.default_model)?.into()));
    }
    if wanted.contains("model_agreement") {
        let agreement = || agreement(&outcome.places, &prepared.lines, plan.models.len());
        let agreement = workers.pool.install(agreement);
        marts.push(("model_agreement", prepared.names(plan).model_agreement(&agreement)?.into()));
    }
    if wanted.contains("input_reconciliation") {
        marts.push(("input_reconciliation", batches::input_reconciliation(&prepared.loaded.counts)?.into()));
    }
    if wanted.contains("set_aside") {
        marts.push(("set_aside", batches::set_aside(&prepared.loaded.set_aside)?.into()));
    }
    Ok(marts)
}

/// What tells a mart.
struct MartFrames {
    mart: &'static str,
    /// One, or of a mart of levels one a level, with the name of its lines.
    frames: Vec<(Option<&'static str>, DataFrame)>,
}

/// Registers what the wanted marts start from and plans them, those with the most rows first; those of levels for campaigns,
/// then for channels.
async fn mart_frames(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &CreditOutcome,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<Vec<MartFrames>, EngineError> {
    let wanted = |marts: &[(&'static str, &'static str)]| -> Vec<_> {
        marts.iter().copied().filter(|(name, _)| is_wanted(name)).collect()
    };
    let (marts, line_marts, level_marts) = (wanted(&MARTS), wanted(&LINE_MARTS), wanted(&LEVEL_MARTS));
    let files: Vec<&str> = marts.iter().chain(&line_marts).chain(&level_marts).map(|(_, sql)| *sql).collect();
    let mut told = Vec::new();
    if files.is_empty() {
        return Ok(told);
    }
    register_inputs(plan, workers, prepared, outcome, &files).await?;
    // Lines stand in order: in one partition they stay so, several would be merged again.
    let (ctx, in_order) = (&prepared.ctx, &session::unpartitioned(&prepared.ctx));
    for (mart, sql) in line_marts {
        told.push(MartFrames { mart, frames: vec![(None, frame(in_order, plan, sql).await?)] });
    }
    for (mart, sql) in level_marts {
        let mut frames = Vec::new();
        for (_, lines) in ROI {
            ctx.register_table(LEVEL_LINES, ctx.table(lines).await?.into_view())?;
            frames.push((Some(lines), frame(in_order, plan, sql).await?));
            ctx.deregister_table(LEVEL_LINES)?;
        }
        told.push(MartFrames { mart, frames });
    }
    let sorting = &session::for_sorts(ctx);
    for (mart, sql) in marts {
        told.push(MartFrames { mart, frames: vec![(None, frame(sorting, plan, sql).await?)] });
    }
    Ok(told)
}

/// Makes the rows of a table.
type MakeRows<'a> = dyn Fn() -> Result<RecordBatch, EngineError> + Sync + 'a;

/// Registers what the mart files `readers` start from, beside the canonical tables that the session holds.
async fn register_inputs(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
    outcome: &CreditOutcome,
    readers: &[&str],
) -> Result<(), EngineError> {
    let (ctx, names, totals) = (&prepared.ctx, prepared.names(plan), &outcome.totals);
    let is_read = |table: &str| readers.iter().any(|sql| sql.contains(table));
    let of_grid = || outcome.sensitivity.as_ref().map(Sensitivity::rows).unwrap_or_default();
    let spend = prepared.spent.by_line(&prepared.lines, &outcome.places);
    let inputs: [(&str, &MakeRows<'_>); 7] = [
        ("dim_model", &|| batches::dim_model(&plan.models, plan.default_model)),
        ("credit_totals", &|| names.credit_totals(totals)),
        ("residual_totals", &|| names.residual_totals(totals)),
        ("booked_totals", &|| names.booked_totals(totals)),
        ("line_channels", &|| batches::line_channels(&prepared.lines)),
        ("spend_by_quarter", &|| batches::spend_by_quarter(&spend)),
        ("sensitivity_totals", &|| names.sensitivity_totals(&of_grid())),
    ];
    let inputs =
        || inputs.into_par_iter().filter(|(table, _)| is_read(table)).map(|(table, rows)| Ok((table, rows()?)));
    for (table, rows) in workers.pool.install(|| inputs().collect::<Result<Vec<_>, EngineError>>())? {
        session::register_rows(ctx, table, rows)?;
    }
    let sums = || {
        let wanted = ROI.into_par_iter().filter(|(_, view)| is_read(view) || is_read(LEVEL_LINES));
        wanted.map(|(grain, view)| Ok((view, names.line_sums(grain, outcome, &spend, plan)?)))
    };
    for (view, sums) in workers.pool.install(|| sums().collect::<Result<Vec<_>, EngineError>>())? {
        session::register_sorted(ctx, "line_sums", sums, &MART_ORDER)?;
        let roi = frame(ctx, plan, include_str!("../../sql/mart/roi.sql")).await?;
        ctx.register_table(view, roi.into_view())?;
        ctx.deregister_table("line_sums")?;
    }
    Ok(())
}

/// The order of the ROI marts, in which `line_sums` stand.
const MART_ORDER: [&str; 7] = ["basis", "model", "quarter", "line", "campaign_id", "channel", "residual"];

/// The physical plan of every mart that SQL makes of the ledger, of a run without touches; of marts of levels two, for
/// campaigns and for channels.
///
/// # Errors
/// SQL of ours that does not run.
pub(super) async fn physical_plans(
    plan: &Plan,
    workers: &Workers,
    prepared: &Prepared,
) -> Result<Vec<(String, String)>, EngineError> {
    let nothing = CreditOutcome::of_nothing(plan.models.len());
    let mut plans = Vec::new();
    let told = mart_frames(plan, workers, prepared, &nothing, |name| name != OF_LIFETIME).await?;
    for (mart, (level, frame)) in told.into_iter().flat_map(|MartFrames { mart, frames }| repeat(mart).zip(frames)) {
        let title = level.map_or_else(|| mart.to_owned(), |lines| format!("{mart}, {lines}"));
        plans.push((title, session::physical_plan(frame).await?));
    }
    Ok(plans)
}
