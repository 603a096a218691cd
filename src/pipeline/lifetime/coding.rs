//! Customers as dense codes, in the order of their identifiers.

use crate::engine::EngineError;
use crate::engine::ids::IdColumn;
use arrow::array::ArrayRef;
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
    let rows = 0..u32::try_from(ids.len()).unwrap_or(u32::MAX);
    Ok(match IdColumn::try_new(ids)? {
        IdColumn::Int(ids) => number(ids.len(), rows.filter_map(|row| Some((ids.get(row as usize)?, row))).collect()),
        IdColumn::Text(ids) => number(ids.len(), rows.filter_map(|row| Some((ids.get(row as usize)?, row))).collect()),
    })
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
        coded.codes[row as usize] = u32::try_from(coded.rows.len() - 1).unwrap_or(u32::MAX);
    }
    coded
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewArray;
    use std::sync::Arc;

    #[test]
    fn codes_follow_the_order_of_identifiers_not_of_rows() {
        let ids: ArrayRef = Arc::new(StringViewArray::from(vec!["b", "a", "c", "a"]));
        let coded = code(&ids).unwrap();
        assert_eq!((coded.codes, coded.rows), (vec![1, 0, 2, 0], vec![1, 0, 2]));
    }
}
