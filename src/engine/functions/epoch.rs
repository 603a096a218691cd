//! `to_timestamp(x)`, its sisters and `from_unixtime(x)`: the engine's own, but that a number, which counts from 1970 in UTC, gives
//! an instant; theirs has no zone and would be read as local.

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::functions::datetime;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::sync::Arc;

pub(super) fn functions() -> impl Iterator<Item = ScalarUDF> {
    let is_own =
        |function: &Arc<ScalarUDF>| function.name().starts_with("to_timestamp") || function.name() == "from_unixtime";
    datetime::functions().into_iter().filter(is_own).map(|function| ScalarUDF::from(InstantsOfNumbers { function }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct InstantsOfNumbers {
    function: Arc<ScalarUDF>,
}

impl ScalarUDFImpl for InstantsOfNumbers {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.function.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let is_number = args.arg_fields.first().is_some_and(|field| field.data_type().is_numeric());
        let field = self.function.return_field_from_args(args)?;
        Ok(match field.data_type() {
            DataType::Timestamp(unit, None) if is_number => {
                let instant = DataType::Timestamp(*unit, Some("UTC".into()));
                Arc::new(Field::new(field.name(), instant, field.is_nullable()))
            }
            _ => field,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let field = Arc::clone(&args.return_field);
        self.function.invoke_with_args(args)?.cast_to(field.data_type(), None)
    }
}
