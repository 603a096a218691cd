//! Parts: what accounts gave each line and quarter, account by account.

use super::super::totals::CreditKey;
use crate::config::file::DealKind;

/// What sums of new deals are held to, so that none wraps.
const MOST_NEW: u64 = u64::MAX >> 1;

/// Adds shares of new deals, each at most [`MOST_NEW`], and holds the sums to it.
#[inline]
pub(super) fn add_news(sums: &mut [u64], shares: &[u64]) {
    let mut all = 0;
    for (sum, share) in sums.iter_mut().zip(shares) {
        *sum = sum.wrapping_add(*share);
        all |= *sum;
    }
    if all > MOST_NEW {
        sums.iter_mut().for_each(|sum| *sum = MOST_NEW.min(*sum));
    }
}

/// What accounts gave every key of the totals.
#[derive(Debug, Default, Clone)]
pub struct AccountParts {
    models: usize,
    /// The account of each part, by dense number; ascending.
    pub(super) accounts: Vec<u32>,
    pub(super) keys: Vec<CreditKey>,
    /// The dense channel code of each part's line.
    pub(super) channels: Vec<u32>,
    /// `part · models + model`, minor units.
    pub(super) amounts: Vec<i64>,
    /// `part · models + model`, shares of deals of kind `new` in units of 2⁻⁴⁸. Those of an account would exceed 63 bits
    /// beyond 32,767 new deals; there they saturate.
    pub(super) news: Vec<u64>,
}

impl AccountParts {
    pub(super) fn new(models: usize) -> Self {
        Self { models, ..Self::default() }
    }

    pub(super) fn models(&self) -> usize {
        self.models
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds a part of zero and returns its position.
    pub(super) fn push(&mut self, key: CreditKey, channel: u32) -> usize {
        self.keys.push(key);
        self.channels.push(channel);
        self.amounts.resize(self.keys.len() * self.models, 0);
        self.news.resize(self.keys.len() * self.models, 0);
        self.keys.len() - 1
    }

    /// Adds what a touch got under every model to a part. Within 18 digits no sum of money wraps.
    #[inline]
    pub(super) fn add(&mut self, part: usize, amounts: &[i64], shares: &[u64]) {
        let cells = part * self.models..(part + 1) * self.models;
        for (sum, amount) in self.amounts[cells.clone()].iter_mut().zip(amounts) {
            *sum = sum.wrapping_add(*amount);
        }
        if self.keys[part].kind == DealKind::New {
            add_news(&mut self.news[cells], shares);
        }
    }

    /// Says whose the parts from `from` on are.
    pub(super) fn belong_to(&mut self, from: usize, account: u32) {
        debug_assert_eq!(self.accounts.len(), from, "accounts end one after the other");
        self.accounts.resize(self.keys.len(), account);
    }

    pub(super) fn clear(&mut self) {
        self.accounts.clear();
        self.keys.clear();
        self.channels.clear();
        self.amounts.clear();
        self.news.clear();
    }

    /// Adds the parts of later accounts.
    pub(in crate::pipeline) fn extend(&mut self, later: &Self) {
        self.models = later.models;
        self.accounts.extend(&later.accounts);
        self.keys.extend(&later.keys);
        self.channels.extend(&later.channels);
        self.amounts.extend(&later.amounts);
        self.news.extend(&later.news);
    }
}
