//! The Poisson bootstrap: accounts are drawn by independent Poisson(1) weights, seeded by their identifiers, and every
//! number is summed again under the weights of each replicate.
//!
//! What a rule gives an account does not depend on other accounts, so a replicate weighs the account's parts as they
//! are. A fitted model gives other parts in every replicate, those under its refit to the replicate's weights (`refit.rs`).

use super::interval::{IntervalRow, LEVEL, ModelInterval, SHARE_UNIT};
use super::parts::AccountParts;
use super::{Place, places};
use closedloop_core::uncertainty::{percentile_interval, poisson_weight, poisson_weights};
use rayon::prelude::*;

/// Makes the draws of this program its own.
const SEED: u64 = 0x636C_6F73_6564_6C70;

/// How often every account is drawn, converted or not.
#[derive(Debug)]
pub(super) struct Weights {
    replicates: usize,
    /// `account · replicates + replicate`.
    weights: Vec<u8>,
}

impl Weights {
    /// `keys` are hashes of the identifiers of all accounts, by dense number.
    pub(super) fn draw(keys: &[u64], replicates: usize) -> Self {
        let draw = |&key: &u64| drawn(key, replicates);
        Self { replicates, weights: keys.par_iter().map(draw).collect::<Vec<_>>().concat() }
    }

    pub(super) fn replicates(&self) -> usize {
        self.replicates
    }

    /// How often an account is drawn, by replicate.
    pub(super) fn of(&self, account: u32) -> &[u8] {
        &self.weights[account as usize * self.replicates..][..self.replicates]
    }
}

/// How often the account of this key is drawn in a replicate: the number that [`Weights`] has.
pub(super) fn weight_of_key(key: u64, replicate: usize) -> u32 {
    poisson_weight(SEED, key, replicate as u64)
}

fn drawn(seed: u64, replicates: usize) -> Vec<u8> {
    let mut drawn = vec![0; replicates];
    poisson_weights(SEED, seed, &mut drawn);
    // Poisson weights end at 20.
    drawn.into_iter().map(|weight| u8::try_from(weight).unwrap_or(u8::MAX)).collect()
}

/// The intervals of every place by what accounts gave and how often they are drawn, sorted.
pub(super) fn bootstrap(parts: &AccountParts, weights: &Weights) -> Vec<IntervalRow> {
    let of_part = |part: usize| places(parts.keys[part], parts.channels[part]).map(|place| (place, part));
    let mut placed: Vec<(Place, usize)> = (0..parts.len()).flat_map(of_part).collect();
    placed.par_sort_unstable();
    let runs: Vec<&[(Place, usize)]> = placed.chunk_by(|a, b| a.0 == b.0).collect();
    runs.into_par_iter().map(|run| interval_row(run, parts, weights)).collect()
}

/// The intervals of one place, from its parts in order of account.
fn interval_row(run: &[(Place, usize)], parts: &AccountParts, weights: &Weights) -> IntervalRow {
    let mut sums = Replicates::new(parts.models(), weights.replicates);
    let mut drawn = vec![0.0; weights.replicates];
    let mut accounts = 0;
    for of_account in run.chunk_by(|a, b| parts.accounts[a.1] == parts.accounts[b.1]) {
        let account = parts.accounts[of_account[0].1];
        drawn.iter_mut().zip(weights.of(account)).for_each(|(drawn, &weight)| *drawn = weight.into());
        accounts += 1;
        for model in 0..parts.models() {
            let cells = || of_account.iter().map(|(_, part)| part * parts.models() + model);
            let amount = cells().map(|cell| parts.amounts[cell]).sum();
            let new = cells().map(|cell| u128::from(parts.news[cell])).sum();
            sums.add(model, (amount, new), &drawn);
        }
    }
    IntervalRow { place: run[0].0, accounts, models: (0..parts.models()).map(|model| sums.interval(model)).collect() }
}

/// What each replicate sums to at one place. These are draws, not books: floats, added in order of account.
#[derive(Debug)]
struct Replicates {
    replicates: usize,
    /// `model · replicates + replicate`, minor units.
    amounts: Vec<f64>,
    /// The same of new deals, units of 2⁻⁴⁸.
    news: Vec<f64>,
    /// Per model, whether any account gave money, and any part of a new deal.
    given: Vec<(bool, bool)>,
}

impl Replicates {
    fn new(models: usize, replicates: usize) -> Self {
        let zeros = || vec![0.0; models * replicates];
        Self { replicates, amounts: zeros(), news: zeros(), given: vec![(false, false); models] }
    }

    /// Adds what an account gave under a model, money and new deals, as often as it is drawn.
    #[expect(clippy::cast_precision_loss, reason = "draws, not books")]
    fn add(&mut self, model: usize, (amount, new): (i64, u128), drawn: &[f64]) {
        let cells = model * self.replicates..(model + 1) * self.replicates;
        let weigh = |sums: &mut [f64], part: f64| {
            sums.iter_mut().zip(drawn).for_each(|(sum, drawn)| *sum += part * drawn);
        };
        if amount != 0 {
            self.given[model].0 = true;
            weigh(&mut self.amounts[cells.clone()], amount as f64);
        }
        if new != 0 {
            self.given[model].1 = true;
            weigh(&mut self.news[cells], new as f64 * SHARE_UNIT);
        }
    }

    fn interval(&self, model: usize) -> ModelInterval {
        let of = |sums: &[f64]| percentile_interval(&sums[model * self.replicates..][..self.replicates], LEVEL);
        let (has_money, has_new) = self.given[model];
        ModelInterval {
            amount: has_money.then(|| of(&self.amounts)).flatten(),
            new: has_new.then(|| of(&self.news)).flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Level, Period};
    use super::*;
    use crate::config::file::DealKind;
    use crate::pipeline::totals::CreditKey;

    /// 100 in one quarter and −100 in the next are nothing over both, as the closed form has it.
    #[test]
    fn an_account_that_nets_to_nothing_gives_nothing() {
        let mut parts = AccountParts::new(1);
        for (close_quarter, amount) in [(0, 100), (1, -100)] {
            let key = CreditKey { line: 0, close_quarter, touch_quarter: 0, kind: DealKind::New };
            let part = parts.push(key, 0);
            parts.add(part, &[amount], &[0]);
        }
        parts.belong_to(0, 0);
        let rows = bootstrap(&parts, &Weights::draw(&[7], 50));
        let amount = |period| {
            let row = rows.iter().find(|row| row.place == (Level::Campaign(0), period)).unwrap();
            assert_eq!(row.accounts, 1);
            row.models[0].amount
        };
        assert!(amount(Period::Close(0)).is_some() && amount(Period::Close(1)).is_some());
        assert_eq!((amount(Period::All), amount(Period::Touch(0))), (None, None));
    }
}
