//! Whether an identifier is one of a set, however large: each literal of a list would have to be planned.

use super::ArrayFunction;
use crate::engine::EngineError;
use crate::engine::ids::{IdColumn, IdValue};
use arrow::array::{ArrayRef, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, ScalarUDF};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Whether a column of identifiers holds one of these, which have its type; null is none of them. Functions are told apart by
/// their names, so that a plan may have one set only.
///
/// # Errors
/// Neither integers nor text: a bug.
pub(crate) fn among(id: Expr, ids: ArrayRef) -> Result<Expr, EngineError> {
    let positions = positions(&IdColumn::try_new(&ids)?);
    let function = ArrayFunction::new("is_among", 1, DataType::Boolean, move |args| {
        let column = |ids| IdColumn::try_new(ids).map_err(|error| DataFusionError::External(Box::new(error)));
        let (known, asked) = (column(&ids)?, column(&args[0])?);
        let is_known = |id| positions.find(hash(id), |&position| known.get(position) == Some(id)).is_some();
        let found = BooleanBuffer::collect_bool(asked.len(), |row| asked.get(row).is_some_and(is_known));
        Ok(Arc::new(BooleanArray::new(found, None)) as ArrayRef)
    });
    Ok(ScalarUDF::from(function).call(vec![id]))
}

/// Where each identifier stands first.
fn positions(ids: &IdColumn<'_>) -> HashTable<usize> {
    let mut positions = HashTable::with_capacity(ids.len());
    for (position, id) in (0..ids.len()).filter_map(|position| Some((position, ids.get(position)?))) {
        let entry =
            positions.entry(hash(id), |&known| ids.get(known) == Some(id), |&known| ids.get(known).map_or(0, hash));
        entry.or_insert(position);
    }
    positions
}

fn hash(id: IdValue<'_>) -> u64 {
    FixedState::default().hash_one(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, RecordBatch, StringViewArray};
    use datafusion::logical_expr::col;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn identifiers_are_found_whichever_type_holds_them() {
        let integers = |ids: &[Option<i64>]| Arc::new(Int64Array::from(ids.to_vec())) as ArrayRef;
        let texts = |ids: &[Option<i64>]| {
            Arc::new(ids.iter().map(|id| id.map(|id| id.to_string())).collect::<StringViewArray>()) as ArrayRef
        };
        for array in [&integers as &dyn Fn(&[Option<i64>]) -> ArrayRef, &texts] {
            let asked = array(&[Some(7), None, Some(-3), Some(70), Some(3)]);
            let rows = RecordBatch::try_from_iter_with_nullable([("id", asked, true)]).unwrap();
            let frame = SessionContext::new().read_batch(rows).unwrap();
            let found = among(col("id"), array(&[Some(-3), None, Some(7), Some(7)])).unwrap();
            let found = frame.select([found.alias("found")]).unwrap().collect().await.unwrap();
            let found = found[0].column(0).as_boolean();
            assert_eq!(found, &BooleanArray::from(vec![true, false, true, false, false]));
        }
    }
}
