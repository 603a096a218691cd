//! `to_timestamp(x)`, its sisters and `from_unixtime(x)`: the engine's own, but that what they give is an instant. Theirs loses the
//! zone of columns of text, and takes a number, which counts from 1970 in UTC, for a local time.

use super::SharedCalendar;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::functions::datetime;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::sync::Arc;

pub(super) fn functions(calendar: &SharedCalendar) -> impl Iterator<Item = ScalarUDF> + use<> {
    let mut options = ConfigOptions::default();
    options.execution.time_zone = Some(calendar.zone_name().to_owned());
    let is_own =
        |function: &Arc<ScalarUDF>| function.name().starts_with("to_timestamp") || function.name() == "from_unixtime";
    datetime::functions().into_iter().filter(is_own).map(move |of_numbers| {
        let of_others = of_numbers.inner().with_updated_config(&options).map(Arc::new);
        ScalarUDF::from(InstantFunction { of_others: of_others.unwrap_or_else(|| Arc::clone(&of_numbers)), of_numbers })
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct InstantFunction {
    /// In UTC.
    of_numbers: Arc<ScalarUDF>,
    /// In the run's time zone, for texts and times without an offset.
    of_others: Arc<ScalarUDF>,
}

impl InstantFunction {
    fn of(&self, argument: Option<&FieldRef>) -> &ScalarUDF {
        let is_number = argument.is_some_and(|field| field.data_type().is_numeric());
        if is_number { &self.of_numbers } else { &self.of_others }
    }
}

impl ScalarUDFImpl for InstantFunction {
    fn name(&self) -> &str {
        self.of_numbers.name()
    }

    fn signature(&self) -> &Signature {
        self.of_numbers.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.of_numbers.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.of(args.arg_fields.first()).return_field_from_args(args)?;
        Ok(match field.data_type() {
            DataType::Timestamp(unit, _) => {
                let instant = DataType::Timestamp(*unit, Some("UTC".into()));
                Arc::new(Field::new(field.name(), instant, field.is_nullable()))
            }
            _ => field,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let field = Arc::clone(&args.return_field);
        self.of(args.arg_fields.first()).invoke_with_args(args)?.cast_to(field.data_type(), None)
    }
}
