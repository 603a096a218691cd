//! Customers as dense codes, in the order of their identifiers.

use crate::engine::EngineError;
use crate::engine::columns::value_at;
use crate::engine::dense::{KeyRange, narrow};
use crate::engine::ids::IdColumn;
use arrow::array::{Array, ArrayRef};
use rayon::prelude::*;

/// A column of identifiers as codes.
pub(super) struct Coded {
    /// The code of every row.
    pub(super) codes: Vec<u32>,
    /// One row for each code.
    pub(super) rows: Vec<u32>,
}

/// Codes identifiers that are not null.
///
/// # Errors
/// A column that holds no identifiers.
pub(super) fn code(ids: &ArrayRef) -> Result<Coded, EngineError> {
    let rows = 0..narrow(ids.len());
    Ok(match IdColumn::try_new(ids)? {
        IdColumn::Int(ids) => number_close(ids.values()).unwrap_or_else(|| {
            number(ids.len(), rows.filter_map(|row| Some((value_at(ids, row as usize)?, row))).collect())
        }),
        IdColumn::Text(ids) => {
            number(ids.len(), rows.filter_map(|row| Some((value_at(ids, row as usize)?, row))).collect())
        }
    })
}

/// Numbers integers in their order without sorting, if they are close together.
fn number_close(keys: &[i64]) -> Option<Coded> {
    let range = KeyRange::of(keys.iter().copied())?;
    // Of each key that occurs one row, then its code.
    let mut places = vec![u32::MAX; range.len()];
    for (row, &key) in (0..).zip(keys) {
        places[range.position(key)] = row;
    }
    let mut rows = Vec::new();
    for place in places.iter_mut().filter(|place| **place != u32::MAX) {
        let row = std::mem::replace(place, narrow(rows.len()));
        rows.push(row);
    }
    Some(Coded { codes: keys.par_iter().map(|&key| places[range.position(key)]).collect(), rows })
}

/// Numbers the keys of `rows` rows in their order.
fn number<K: Ord + Send + Copy>(rows: usize, mut keyed: Vec<(K, u32)>) -> Coded {
    keyed.par_sort_unstable();
    let mut coded = Coded { codes: vec![0; rows], rows: Vec::new() };
    let mut last = None;
    for (key, row) in keyed {
        if last != Some(key) {
            last = Some(key);
            coded.rows.push(row);
        }
        coded.codes[row as usize] = narrow(coded.rows.len() - 1);
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use std::sync::Arc;

    #[test]
    fn codes_follow_the_order_of_identifiers_not_of_rows() {
        let ids: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "a", "c", "a"]));
        let coded = code(&ids).unwrap();
        assert_eq!((coded.codes, coded.rows), (vec![1, 0, 2, 0], vec![1, 0, 2]));
    }

    #[test]
    fn integers_are_coded_alike_however_far_apart_they_are() {
        for step in [1, 5, 1_000, i64::MAX / 4] {
            let ids = [3, -4, 2, -4, 3].map(|key: i64| key * step);
            let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
            let coded = code(&ids).unwrap();
            assert_eq!(coded.codes, [2, 0, 1, 0, 2], "{step}");
            assert!(coded.rows.iter().map(|&row| coded.codes[row as usize]).eq(0..3), "{step}");
        }
    }
}
