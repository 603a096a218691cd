//! The column catalogue: every mart and column, described once. Arrow field metadata, the Parquet files' `closedloop`
//! key and the documentation all come from here; the columns themselves are in `columns.rs`.

use super::columns;
use super::error::MartError;
use crate::config::remedy;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use closedloop_core::model::{ModelSpec, ShareVariety};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// Version of the marts' shape; changes when a column changes its name, type or meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// What a mart column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MartType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// Money in the run's currency, exact.
    Money,
    /// A date.
    Date,
    /// A point in time, UTC.
    Instant,
    /// True or false.
    Flag,
}

/// Over what a column may be summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Additivity {
    /// Over everything.
    Additive,
    /// Within one model and one basis.
    WithinModelAndBasis,
    /// Not at all.
    Never,
}

/// One column of a mart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MartColumn {
    /// Its name; `<model>` in a template stands for a model's id with `.` as `__`.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: MartType,
    /// What it means.
    pub description: String,
    /// Over what it may be summed.
    pub additivity: Additivity,
    /// How much the shares differ under the model that it is of.
    #[serde(skip)]
    pub variety: ShareVariety,
}

/// One output table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mart {
    /// Its name, and its folder's.
    pub name: &'static str,
    /// What a row is.
    pub grain: &'static str,
    /// Its columns in order.
    pub columns: Vec<MartColumn>,
}

/// Every mart, in the order in which they are written. Columns per model are expanded for `models`.
pub fn marts(models: &[ModelSpec]) -> Vec<Mart> {
    let stems: Vec<(String, ShareVariety)> =
        models.iter().map(|model| (model.column_stem(), model.share_variety())).collect();
    expand(&stems)
}

/// Every mart with `<model>` left in the names of columns per model.
pub fn templates() -> Vec<Mart> {
    expand(&[("<model>".to_owned(), ShareVariety::Few)])
}

fn expand(stems: &[(String, ShareVariety)]) -> Vec<Mart> {
    columns::MARTS
        .iter()
        .map(|definition| {
            let fixed = definition.fixed_columns();
            let per_model = stems.iter().flat_map(|(stem, variety)| {
                let named = move |column: &columns::Column| column.named(format!("{stem}_{}", column.name));
                let columns = definition.per_model.iter().map(named);
                columns.map(|column| MartColumn { variety: *variety, ..column })
            });
            Mart { name: definition.name, grain: definition.grain, columns: fixed.chain(per_model).collect() }
        })
        .collect()
}

/// The table of predictions that `closedloop clv` writes; no mart of a run.
pub fn predictions() -> Mart {
    let definition = columns::PREDICTIONS;
    Mart { name: definition.name, grain: definition.grain, columns: definition.fixed_columns().collect() }
}

/// The names of all marts.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    columns::MARTS.iter().map(|mart| mart.name)
}

/// The mart of a name.
///
/// # Errors
/// A name that no mart has, with the nearest.
pub fn find(name: &str) -> Result<&'static str, MartError> {
    names().find(|known| *known == name).ok_or_else(|| {
        let all = format!("the marts are {}", names().collect::<Vec<_>>().join(", "));
        let remedy = remedy(name, names(), &all);
        MartError::Unknown { name: name.to_owned(), remedy }
    })
}

impl MartType {
    /// The type's name in the data dictionary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::Money => "money",
            Self::Date => "date",
            Self::Instant => "instant",
            Self::Flag => "flag",
        }
    }

    /// The Arrow type; money has `minor_digits` digits after the point.
    pub fn data_type(self, minor_digits: u8) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Money => DataType::Decimal128(18, minor_digits.cast_signed()),
            Self::Date => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Flag => DataType::Boolean,
        }
    }
}

impl Additivity {
    /// Its name in the data dictionary and in the columns' metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive => "additive",
            Self::WithinModelAndBasis => "within model and basis",
            Self::Never => "never",
        }
    }
}

impl Mart {
    /// The Arrow schema, with each column's description and additivity as field metadata.
    pub fn schema(&self, minor_digits: u8) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|column| {
                let metadata = HashMap::from([
                    ("description".to_owned(), column.description.clone()),
                    ("additivity".to_owned(), column.additivity.name().to_owned()),
                ]);
                Field::new(&column.name, column.kind.data_type(minor_digits), true).with_metadata(metadata)
            })
            .collect();
        Arc::new(Schema::new(fields))
    }
}
