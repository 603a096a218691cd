//! Dense numbers of accounts with and without conversions.

use super::OtherAccounts;
use crate::engine::EngineError;
use crate::engine::columns::{column, value_at};
use crate::engine::dense::{KeyRange, narrow};
use crate::engine::ids::IdColumn;
use crate::scatter::keys::KeyIndex;
use crate::scatter::sorting::{HeadedText, sort_side_by_side};
use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{concat, take};
use rayon::prelude::*;

/// Accounts with and without conversions, numbered in the order of their identifiers.
#[derive(Debug)]
pub(in crate::scatter) struct Numbering {
    /// The identifier of each dense account.
    ids: ArrayRef,
    /// Whether it has conversions.
    converts: Vec<bool>,
}

impl Numbering {
    /// Numbers the accounts of `deals`, of which `converting` are the first rows in order, and all others.
    pub(in crate::scatter) fn new(
        deals: &ArrayRef,
        converting: impl Iterator<Item = usize> + Clone,
        others: &OtherAccounts<'_>,
    ) -> Result<Self, EngineError> {
        // One after the other, so that accounts that stand first among the deals have conversions.
        let parts = [deals, column(others.opportunities, "account_id")?, column(others.accounts, "account_id")?];
        let all = concat(&parts.map(|part| part.as_ref()))?;
        let deals = narrow(deals.len());
        let column = IdColumn::try_new(&all)?;
        let others = (deals..narrow(all.len())).filter(|&row| !column.is_null(row as usize));
        let rows = converting.map(narrow).chain(others);
        let rows = match &column {
            IdColumn::Int(ids) => first_of_near(rows.clone(), ids.values())
                .unwrap_or_else(|| first_of_each(rows, |row| ids.values()[row as usize])),
            IdColumn::Text(ids) => first_of_each(rows, |row| value_at(*ids, row as usize).map(HeadedText::new)),
        };
        let converts = rows.iter().map(|&row| row < deals).collect();
        Ok(Self { ids: take(&all, &UInt32Array::from(rows), None)?, converts })
    }

    /// Where the conversions of each account start, from where those of each account with conversions do.
    pub(in crate::scatter) fn spread(&self, first_of_account: &[usize]) -> Vec<usize> {
        let mut starts = Vec::with_capacity(self.converts.len() + 1);
        let mut converting = 0;
        for &converts in &self.converts {
            starts.push(first_of_account[converting]);
            converting += usize::from(converts);
        }
        starts.push(first_of_account[converting]);
        starts
    }

    /// Identifier → dense number.
    pub(in crate::scatter) fn index(&self) -> Result<KeyIndex, EngineError> {
        KeyIndex::build(&self.ids, (0..self.ids.len()).zip(0..))
    }

    /// How much memory it takes, near enough.
    pub(super) fn bytes(&self) -> usize {
        self.ids.get_array_memory_size() + size_of_val(self.converts.as_slice())
    }

    /// How many accounts there are.
    pub(super) fn accounts(&self) -> usize {
        self.converts.len()
    }

    /// See [`super::Subjects::keys`].
    pub(super) fn keys(&self) -> Result<Vec<u64>, EngineError> {
        let ids = IdColumn::try_new(&self.ids)?;
        let key = |account| ids.with_text(account, account_key).unwrap_or_else(|| account_key(""));
        Ok((0..self.ids.len()).into_par_iter().map(key).collect())
    }
}

/// A hash of an account's identifier that no version of this program changes: what is drawn of an account depends on nothing else.
pub fn account_key(id: &str) -> u64 {
    let hash = blake3::hash(id.as_bytes());
    let (head, _) = hash.as_bytes().split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_le_bytes(*head)
}

/// The first row of each key, in order of the keys, where these lie close enough together to stand in an array.
fn first_of_near(rows: impl Iterator<Item = u32> + Clone, keys: &[i64]) -> Option<Vec<u32>> {
    let range = KeyRange::of(rows.clone().map(|row| keys[row as usize]))?;
    let mut first = vec![u32::MAX; range.len()];
    for row in rows {
        let least = &mut first[range.position(keys[row as usize])];
        *least = row.min(*least);
    }
    first.retain(|row| *row != u32::MAX);
    first.shrink_to_fit();
    Some(first)
}

/// The first row of each key, in order of the keys.
fn first_of_each<K: Ord + Copy + Send>(rows: impl Iterator<Item = u32>, key: impl Fn(u32) -> K) -> Vec<u32> {
    let mut keyed: Vec<(K, u32)> = rows.map(|row| (key(row), row)).collect();
    sort_side_by_side(&mut keyed, &|&keyed| keyed);
    keyed.dedup_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, row)| row).collect()
}
