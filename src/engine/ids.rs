//! Identifiers are integers or text, the same in every table that has them.

use super::EngineError;
use super::columns::value_at;
use super::contract::{self, ColumnKind, IdDomain};
use super::source::{OpenSource, verbatim};
use crate::config::file::Table;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringViewArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, cast};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A column of identifiers.
#[derive(Debug)]
pub enum IdColumn<'a> {
    /// Integers.
    Int(&'a Int64Array),
    /// Text.
    Text(&'a StringViewArray),
}

/// One identifier of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdValue<'a> {
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'a str),
}

impl<'a> IdColumn<'a> {
    /// Reads an array of one of the two types.
    ///
    /// # Errors
    /// An array of another type: the sources were not unified.
    pub fn try_new(array: &'a ArrayRef) -> Result<Self, EngineError> {
        match array.data_type() {
            DataType::Int64 => Ok(Self::Int(array.as_primitive::<Int64Type>())),
            DataType::Utf8View => Ok(Self::Text(array.as_string_view())),
            other => Err(DataFusionError::Internal(format!("identifiers of type {other}")).into()),
        }
    }

    /// The number of rows.
    #[expect(clippy::len_without_is_empty, reason = "a view of a batch, never asked")]
    pub fn len(&self) -> usize {
        match self {
            Self::Int(ids) => ids.len(),
            Self::Text(ids) => ids.len(),
        }
    }

    /// The identifiers, where they are integers.
    pub fn integers(&self) -> Option<&'a Int64Array> {
        match self {
            Self::Int(ids) => Some(ids),
            Self::Text(_) => None,
        }
    }

    /// Where there are none, if anywhere.
    pub fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::Int(ids) => ids.nulls(),
            Self::Text(ids) => ids.nulls(),
        }
    }

    /// Whether there is no identifier at `position`.
    pub fn is_null(&self, position: usize) -> bool {
        match self {
            Self::Int(ids) => ids.is_null(position),
            Self::Text(ids) => ids.is_null(position),
        }
    }

    /// The identifier at `position`.
    #[inline]
    pub fn get(&self, position: usize) -> Option<IdValue<'a>> {
        match self {
            Self::Int(ids) => value_at(*ids, position).map(IdValue::Int),
            Self::Text(ids) => value_at(*ids, position).map(IdValue::Text),
        }
    }

    /// The order of the identifiers at two positions, as in [`compare_texts`] where they are text; nobody comes first.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Int(ids) => value_at(*ids, a).cmp(&value_at(*ids, b)),
            Self::Text(ids) => match (value_at(*ids, a), value_at(*ids, b)) {
                (Some(a), Some(b)) => compare_texts(a, b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
        }
    }

    /// The identifier at `position` as text.
    pub fn text(&self, position: usize) -> Option<String> {
        self.with_text(position, str::to_owned)
    }

    /// What `with` makes of the identifier at `position` as text.
    pub fn with_text<R>(&self, position: usize, with: impl FnOnce(&str) -> R) -> Option<R> {
        match self {
            Self::Int(ids) => value_at(*ids, position).map(|id| with(itoa::Buffer::new().format(id))),
            Self::Text(ids) => value_at(*ids, position).map(with),
        }
    }
}

/// The order of two identifiers held as text: the shorter first, so that whole numbers from 0 stand in their order as whichever
/// type they are held.
pub fn compare_texts(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Casts the identifiers of all sources so that each domain has one type: integers where every table has integers,
/// text otherwise.
pub(super) fn unify(sources: &mut BTreeMap<Table, OpenSource>) -> Result<(), EngineError> {
    let mut textual: BTreeSet<IdDomain> = BTreeSet::new();
    for (table, source) in sources.iter() {
        for (name, domain) in id_columns(*table) {
            let field = source.rows.schema().field_with_unqualified_name(name)?;
            let given = field.data_type();
            // A column the source does not have is a null text.
            if !given.is_integer() && !source.absent.contains(&name) {
                textual.insert(domain);
            }
        }
    }
    for (table, source) in sources.iter_mut() {
        let ids: BTreeMap<&str, IdDomain> = id_columns(*table).collect();
        let selected: Vec<Expr> = source
            .rows
            .schema()
            .fields()
            .iter()
            .map(|field| {
                let column = verbatim(field.name());
                match ids.get(field.name().as_str()) {
                    None => column,
                    Some(domain) => {
                        let wanted = if textual.contains(domain) { DataType::Utf8View } else { DataType::Int64 };
                        if field.data_type() == &wanted { column } else { cast(column, wanted).alias(field.name()) }
                    }
                }
            })
            .collect();
        source.rows = source.rows.clone().select(selected)?;
    }
    Ok(())
}

pub(super) fn id_columns(table: Table) -> impl Iterator<Item = (&'static str, IdDomain)> {
    contract::columns(table).iter().filter_map(|column| match column.kind {
        ColumnKind::Id(domain) => Some((column.name, domain)),
        _ => None,
    })
}
