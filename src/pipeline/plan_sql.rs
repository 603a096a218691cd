//! Files under `sql/` with a plan's values in place of their parameters.

use crate::config::{Intervals, Plan};
use crate::engine::EngineError;
use crate::engine::session;
use closedloop_core::model::ModelSpec;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;

/// Plans such a file.
///
/// # Errors
/// SQL of ours that does not plan.
pub(super) async fn frame(ctx: &SessionContext, plan: &Plan, sql: &str) -> Result<DataFrame, EngineError> {
    Ok(session::read_with(ctx, sql, &parameters(plan)).await?)
}

fn parameters(plan: &Plan) -> [(&'static str, ScalarValue); 6] {
    let incremental = plan.models.iter().filter(|model| matches!(model, ModelSpec::Incremental { .. }));
    [
        ("incremental_models", session::texts(incremental.map(ModelSpec::id))),
        ("as_of_day", ScalarValue::Date32(plan.as_of_day())),
        ("margin_ppm", ScalarValue::from(plan.finance.margin_ppm)),
        ("unit", ScalarValue::from(plan.finance.unit())),
        ("has_intervals", ScalarValue::from(plan.intervals != Intervals::Off)),
        ("hurdle", ScalarValue::from(plan.finance.hurdle)),
    ]
}
