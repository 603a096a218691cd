//! Keys are unique: of rows with the same key one is kept.
//!
//! Between conflicting rows those columns decide that the table's stage has, in their order there: the row recorded last is kept,
//! which says what was known then, and of rows recorded at one time or never the greatest. Identifiers held as text
//! compare by length first. Touches do not come here: between theirs decides, where journeys are grouped, what a journey knows of
//! a touch: time, contact, line, type, and whether it can earn credit.

use super::EngineError;
use super::dense::KeyRange;
use super::functions::is_text;
use super::ids::{IdColumn, IdValue};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::kernels::length::length;
use arrow::compute::take_record_batch;
use arrow::row::{RowConverter, Rows, SortField};
use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;

/// Which rows to keep so that their `keys`, in pieces, are unique: of equal rows one, of conflicting ones the greatest in
/// column order, so that the order of the input does not matter. Returned with the rows; `None` when all keys differ, and only
/// else are the `rows` asked for.
pub(super) fn keep_one(
    keys: &[ArrayRef],
    is_id: impl Fn(&str) -> bool,
    rows: impl FnOnce() -> Result<RecordBatch, EngineError>,
) -> Result<Option<(RecordBatch, BooleanArray)>, EngineError> {
    let keys: Vec<IdColumn<'_>> = keys.iter().map(IdColumn::try_new).collect::<Result<_, _>>()?;
    let repeated = repeated_positions(&keys);
    if repeated.is_empty() {
        return Ok(None);
    }
    let rows = rows()?;
    let compared: UInt64Array = repeated.iter().flatten().map(|&position| position as u64).collect();
    let order = in_order(&take_record_batch(&rows, &compared)?, is_id)?;
    let mut keep = vec![true; rows.num_rows()];
    let mut places = 0..;
    for positions in repeated {
        let placed = positions.iter().copied().zip(&mut places);
        let greatest = placed.max_by_key(|&(_, place)| order.row(place)).map(|(position, _)| position);
        for position in positions {
            keep[position] = Some(position) == greatest;
        }
    }
    Ok(Some((rows, BooleanArray::from(keep))))
}

/// Rows as they compare, column by column: identifiers held as text by length first, as [`compare_texts`](super::ids::compare_texts).
fn in_order(rows: &RecordBatch, is_id: impl Fn(&str) -> bool) -> Result<Rows, EngineError> {
    let mut compared = Vec::with_capacity(rows.num_columns());
    for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        if is_id(field.name()) && is_text(column.data_type()) {
            compared.push(length(column)?);
        }
        compared.push(Arc::clone(column));
    }
    let fields = compared.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?.convert_columns(&compared)?)
}

/// Groups of two and more positions that hold the same key; null keys are nobody's.
fn repeated_positions(keys: &[IdColumn<'_>]) -> Vec<Vec<usize>> {
    let integers: Option<Vec<_>> = keys.iter().map(IdColumn::integers).collect();
    if integers.is_some_and(|pieces| all_differ_nearby(pieces.iter().flat_map(|piece| piece.iter().flatten()))) {
        return Vec::new();
    }
    repeats(keys.iter().flat_map(|piece| (0..piece.len()).map(|position| piece.get(position))))
}

/// Whether integers are all different, told without sorting where they lie close together.
fn all_differ_nearby(keys: impl Iterator<Item = i64> + Clone) -> bool {
    let Some(range) = KeyRange::of(keys.clone()) else { return false };
    let mut seen = vec![false; range.len()];
    keys.map(|key| range.position(key)).all(|position| !std::mem::replace(&mut seen[position], true))
}

fn repeats<'a>(keys: impl Iterator<Item = Option<IdValue<'a>>> + Clone) -> Vec<Vec<usize>> {
    // Sorted hashes need a third of a set's memory, and differ where keys differ, nearly always.
    let hasher = FixedState::default();
    let mut hashes: Vec<u64> = keys.clone().flatten().map(|key| hasher.hash_one(key)).collect();
    hashes.sort_unstable();
    let repeated = hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let repeated: HashSet<u64, FixedState> = repeated.collect();
    if repeated.is_empty() {
        return Vec::new();
    }
    let mut groups: HashMap<IdValue<'_>, Vec<usize>, FixedState> = HashMap::default();
    for (position, key) in keys.enumerate().filter_map(|(position, key)| Some((position, key?))) {
        if repeated.contains(&hasher.hash_one(key)) {
            groups.entry(key).or_default().push(position);
        }
    }
    groups.into_values().filter(|positions| positions.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};

    /// Of a key that is there three times the row of 10 stays, beside no text and 9; as integers or as text.
    #[test]
    fn of_conflicting_rows_the_greatest_number_stays_whichever_type_holds_it() {
        let keys: ArrayRef = Arc::new(Int64Array::from(vec![1, 1, 2, 1]));
        let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some(9), None, Some(3), Some(10)]));
        let texts: ArrayRef = Arc::new(StringViewArray::from(vec![Some("9"), None, Some("3"), Some("10")]));
        for column in [integers, texts] {
            let rows = RecordBatch::try_from_iter_with_nullable([("account_id", column, true)]).unwrap();
            let (_, kept) =
                keep_one(std::slice::from_ref(&keys), |name| name == "account_id", || Ok(rows)).unwrap().unwrap();
            assert_eq!(kept, BooleanArray::from(vec![false, false, true, true]));
        }
    }
}
