//! Keys are unique: of rows with the same key one is kept.

use super::EngineError;
use super::ids::IdColumn;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hash::BuildHasher;

/// Which rows to keep so that `keys` are unique: of equal rows one, of conflicting ones the greatest in column order,
/// so that the order of the input does not matter. `None` when all keys differ; only else are the `rows` asked for.
pub(super) fn keep_one(
    keys: &ArrayRef,
    rows: impl FnOnce() -> Result<RecordBatch, EngineError>,
) -> Result<Option<BooleanArray>, EngineError> {
    let repeated = repeated_positions(&IdColumn::try_new(keys)?);
    if repeated.is_empty() {
        return Ok(None);
    }
    let rows = rows()?;
    let fields = rows.columns().iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let order = RowConverter::new(fields)?.convert_columns(rows.columns())?;
    let mut keep = vec![true; rows.num_rows()];
    for positions in repeated {
        let greatest = positions.iter().copied().max_by_key(|&position| order.row(position));
        for position in positions {
            keep[position] = Some(position) == greatest;
        }
    }
    Ok(Some(BooleanArray::from(keep)))
}

/// Groups of two and more positions that hold the same key; null keys are nobody's.
fn repeated_positions(keys: &IdColumn<'_>) -> Vec<Vec<usize>> {
    match keys {
        IdColumn::Int(keys) => repeats(keys.len(), |position| keys.get(position)),
        IdColumn::Text(keys) => repeats(keys.len(), |position| keys.get(position)),
    }
}

fn repeats<K: Eq + std::hash::Hash>(len: usize, key: impl Fn(usize) -> Option<K>) -> Vec<Vec<usize>> {
    // Sorted hashes need a third of a set's memory, and differ where keys differ, nearly always.
    let hasher = FixedState::default();
    let mut hashes: Vec<u64> = (0..len).filter_map(&key).map(|key| hasher.hash_one(key)).collect();
    hashes.sort_unstable();
    if hashes.windows(2).all(|pair| pair[0] != pair[1]) {
        return Vec::new();
    }
    let mut groups: HashMap<K, Vec<usize>, FixedState> = HashMap::with_hasher(FixedState::default());
    for (position, key) in (0..len).filter_map(|position| Some((position, key(position)?))) {
        groups.entry(key).or_default().push(position);
    }
    groups.into_values().filter(|positions| positions.len() > 1).collect()
}
