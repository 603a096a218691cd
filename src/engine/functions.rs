//! The SQL functions that the stage and mart files and people's own SQL use: instants, dates, money and quarters in the
//! run's calendar.

mod among;
mod day;
mod epoch;
mod instant;
mod kind;
mod money;
mod period;
mod quarter;
mod read_amount;
mod read_flag;
mod read_time;
mod stage;
mod text;

use crate::config::{Calendar, Plan};
pub(crate) use among::among;
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::SessionContext;
pub(crate) use day::month;
pub(super) use instant::time_text;
use iso_currency::Currency;
pub(crate) use read_amount::WrittenAmount;
pub(crate) use read_flag::written_flag;
pub(crate) use read_time::in_iso;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
pub(super) use text::{given, has_point, is_text, number_text, trimmed, uuid_text};

/// Registers every function for a calendar and a currency's digits.
pub(super) fn register(ctx: &SessionContext, calendar: &Calendar, digits: u8) {
    let calendar = Arc::new(calendar.clone());
    let of_calendar =
        instant::functions(&calendar).into_iter().chain(day::functions(&calendar)).chain(quarter::functions(&calendar));
    let of_own = money::functions(digits).into_iter().chain(period::functions()).chain([
        read_time::function(),
        read_flag::function(),
        kind::function(),
    ]);
    for function in of_calendar.chain(of_own).map(ScalarUDF::from).chain(epoch::functions(&calendar)) {
        ctx.register_udf(function);
    }
}

/// Registers the functions that say what stages mean, and that read amounts in the run's currency.
pub(super) fn register_of_plan(ctx: &SessionContext, plan: &Plan) {
    let amounts = Currency::from_code(&plan.finance.currency).map(read_amount::function);
    for function in stage::functions(&plan.stages).into_iter().chain(amounts) {
        ctx.register_udf(ScalarUDF::from(function));
    }
}

type Body = dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync;

/// A function from arrays to an array of the same length. Within a session its name says all about it.
struct ArrayFunction {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    body: Box<Body>,
}

impl ArrayFunction {
    fn new(
        name: &'static str,
        arguments: usize,
        returns: DataType,
        body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let signature = Signature::any(arguments, Volatility::Immutable);
        Self { name, signature, returns, body: Box::new(body) }
    }
}

impl std::fmt::Debug for ArrayFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for ArrayFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ArrayFunction {}

impl Hash for ArrayFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for ArrayFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        Ok(ColumnarValue::Array((self.body)(&arrays)?))
    }
}

/// Shared by the functions that read the calendar.
type SharedCalendar = Arc<Calendar>;
