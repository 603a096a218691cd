//! What the engine says, without its jargon.

use crate::config::nearest;
use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// The root of an error, as a part of a sentence.
pub(crate) fn words(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "is nested too deeply".to_owned(),
        },
        DataFusionError::SchemaError(error, _) => schema_words(error),
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::CastError(text)
            | ArrowError::ComputeError(text)
            | ArrowError::ParseError(text)
            | ArrowError::JsonError(text)
            | ArrowError::InvalidArgumentError(text) => text.clone(),
            ArrowError::DivideByZero => "division by zero".to_owned(),
            other => other.to_string(),
        },
        DataFusionError::Plan(text) | DataFusionError::Execution(text) | DataFusionError::NotImplemented(text) => {
            text.clone()
        }
        // Errors of libraries tell at length where, and then what.
        DataFusionError::External(error) => {
            let text = error.to_string();
            text.rsplit("error: ").next().unwrap_or_default().to_owned()
        }
        other => other.strip_backtrace(),
    };
    let text = text.replace("datafusion.public.", "");
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}

fn schema_words(error: &SchemaError) -> String {
    let SchemaError::FieldNotFound { field, valid_fields } = error else { return error.to_string() };
    let known = valid_fields.iter().map(|column| column.name.as_str());
    let remedy = match nearest(&field.name, known.clone()) {
        Some(near) => format!("the nearest is \"{near}\""),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    format!("there is no column \"{}\" ({remedy})", field.name)
}
