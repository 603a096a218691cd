//! The files under `sql/mart/`, with a plan's values in place of their parameters.

use crate::config::{Intervals, Plan};
use crate::engine::EngineError;
use crate::engine::session;
use arrow::datatypes::DataType;
use closedloop_core::model::ModelSpec;
use datafusion::common::ParamValues;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;

/// Plans a mart file.
///
/// # Errors
/// SQL of ours that does not plan.
pub(super) async fn frame(ctx: &SessionContext, plan: &Plan, sql: &str) -> Result<DataFrame, EngineError> {
    let frame = session::read_only(ctx, sql).await?;
    let params: Vec<(String, ScalarValue)> = parameters(plan)
        .into_iter()
        .filter(|(name, _)| sql.contains(&format!("${name}")))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(if params.is_empty() { frame } else { frame.with_param_values(ParamValues::from(params))? })
}

fn parameters(plan: &Plan) -> Vec<(&'static str, ScalarValue)> {
    let unit = 10_f64.powi(i32::from(plan.finance.minor_digits));
    let incremental = plan.models.iter().filter(|model| matches!(model, ModelSpec::Incremental { .. }));
    let incremental: Vec<ScalarValue> = incremental.map(|model| ScalarValue::from(model.id())).collect();
    let incremental = ScalarValue::List(ScalarValue::new_list_nullable(&incremental, &DataType::Utf8));
    vec![
        ("incremental_models", incremental),
        ("as_of_day", ScalarValue::Date32(plan.as_of_day())),
        ("margin_ppm", ScalarValue::from(plan.finance.margin_ppm)),
        ("unit", ScalarValue::from(unit)),
        ("has_intervals", ScalarValue::from(plan.intervals != Intervals::Off)),
        ("hurdle", ScalarValue::from(plan.finance.hurdle)),
    ]
}
