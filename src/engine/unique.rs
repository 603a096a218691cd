//! Keys are unique: of rows with the same key one is kept.

use super::EngineError;
use super::ids::{IdColumn, Places};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::row::{RowConverter, SortField};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hash::BuildHasher;

/// Which rows to keep so that `keys` are unique: of equal rows one, of conflicting ones the greatest in column order,
/// so that the order of the input does not matter. Returned with the rows; `None` when all keys differ, and only else are
/// the `rows` asked for.
pub(super) fn keep_one(
    keys: &ArrayRef,
    rows: impl FnOnce() -> Result<RecordBatch, EngineError>,
) -> Result<Option<(RecordBatch, BooleanArray)>, EngineError> {
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
    Ok(Some((rows, BooleanArray::from(keep))))
}

/// Groups of two and more positions that hold the same key; null keys are nobody's.
fn repeated_positions(keys: &IdColumn<'_>) -> Vec<Vec<usize>> {
    match keys {
        IdColumn::Int(keys) if all_differ_nearby(keys.iter()) => Vec::new(),
        IdColumn::Int(keys) => repeats(keys.len(), |position| keys.get(position)),
        IdColumn::Text(keys) => repeats(keys.len(), |position| keys.get(position)),
    }
}

/// Whether integers are all different, told without sorting where they lie close together.
fn all_differ_nearby(keys: impl Iterator<Item = i64> + Clone) -> bool {
    let Some(places) = Places::of(keys.clone()) else { return false };
    let mut seen = vec![false; places.len()];
    keys.map(|key| places.of_key(key)).all(|place| !std::mem::replace(&mut seen[place], true))
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
