//! One deal split among its touches: every model's shares, and the money of each posting.

use closedloop_core::ledger::{Allotter, Bucket};

/// Shares and money of one deal, touch by touch: `part · models + model`. The parts are the touches, and last what a
/// model leaves to a residual.
pub(in crate::pipeline) struct Split {
    models: usize,
    shares: Vec<u64>,
    /// What the latest posting gave.
    posted: Vec<i64>,
    /// What had been given before it, once there was a posting before it.
    given_before: Vec<i64>,
    postings: usize,
    /// Per model where it leaves something.
    buckets: Vec<Option<Bucket>>,
}

impl Split {
    pub(super) fn new(models: usize) -> Self {
        let (shares, posted, given_before) = (Vec::new(), Vec::new(), Vec::new());
        Self { models, shares, posted, given_before, postings: 0, buckets: vec![None; models] }
    }

    /// Makes room for the shares of so many touches.
    pub(super) fn resize(&mut self, touches: usize) {
        self.shares.resize((touches + 1) * self.models, 0);
    }

    /// The shares of all models, and where each leaves something.
    pub(super) fn shares(&self) -> (&[u64], &[Option<Bucket>]) {
        (&self.shares, &self.buckets)
    }

    /// Takes the shares of all models from a split of as many touches.
    pub(super) fn copy(&mut self, shares: &[u64], buckets: &[Option<Bucket>]) {
        self.shares.copy_from_slice(shares);
        self.buckets.copy_from_slice(buckets);
    }

    /// Gives a model its shares, the residual's last.
    pub(super) fn set_shares(&mut self, model: usize, shares: &[u64], bucket: Option<Bucket>) {
        let of_model = self.shares[model..].iter_mut().step_by(self.models);
        of_model.zip(shares).for_each(|(share, &given)| *share = given);
        self.buckets[model] = bucket;
    }

    /// Gives a model the shares of another.
    pub(super) fn copy_shares(&mut self, from: usize, to: usize) {
        self.shares.chunks_exact_mut(self.models).for_each(|shares| shares[to] = shares[from]);
        self.buckets[to] = self.buckets[from];
    }

    /// Nothing is posted yet.
    pub(super) fn start_books(&mut self) {
        self.postings = 0;
    }

    /// Allots the balance under every model's shares and posts what it adds to what was given before.
    pub(super) fn allot(&mut self, allotter: &mut Allotter, balance: i64) {
        if self.postings == 1 {
            self.given_before.clone_from(&self.posted);
        }
        self.posted.resize(self.shares.len(), 0);
        allotter.amounts(balance, self.models, &self.shares, &mut self.posted);
        if self.postings > 0 {
            for (posted, before) in self.posted.iter_mut().zip(&mut self.given_before) {
                let given = *posted;
                *posted = given - *before;
                *before = given;
            }
        }
        self.postings += 1;
    }

    /// What the posting gives to all parts, per model. A sum that wraps is not what was booked, so it needs no wider integer.
    pub(super) fn sum(&self, sums: &mut Vec<i64>) {
        sums.clear();
        sums.resize(self.models, 0);
        for amounts in self.posted.chunks_exact(self.models) {
            sums.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum = sum.wrapping_add(*amount));
        }
    }

    /// What the posting gives to a touch, and its shares, under every model.
    #[inline]
    pub(super) fn of_touch(&self, touch: usize) -> (&[i64], &[u64]) {
        let cells = touch * self.models..(touch + 1) * self.models;
        (&self.posted[cells.clone()], &self.shares[cells])
    }

    /// What each model leaves: the bucket, if it leaves anything, its share and the money of the posting.
    pub(super) fn left(&self) -> impl Iterator<Item = (Option<Bucket>, u64, i64)> {
        let of_residual = self.shares.len() - self.models;
        let left = self.shares[of_residual..].iter().zip(&self.posted[of_residual..]).zip(&self.buckets);
        left.map(|((&share, &amount), bucket)| (bucket.filter(|_| share > 0), share, amount))
    }

    /// The shares of so many touches under a model.
    pub(in crate::pipeline) fn shares_of(&self, model: usize, touches: usize) -> impl Iterator<Item = u64> {
        (0..touches).map(move |touch| self.shares[touch * self.models + model])
    }

    /// What the posting gives to each of so many touches under a model.
    pub(in crate::pipeline) fn posted(&self, model: usize, touches: usize) -> impl Iterator<Item = i64> {
        (0..touches).map(move |touch| self.posted[touch * self.models + model])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use closedloop_core::ledger::WHOLE;

    /// A deal of 10.01 under two models with one set of shares, of which 6.00 is given back, then all.
    ///
    /// By hand: of three equal parts the residual's is a unit of share larger, and of the touches the first has the odd cent.
    /// 10.01 is 3.34, 3.33 and 3.34; 4.01 is 1.34, 1.33 and 1.34.
    #[test]
    fn postings_give_what_the_balance_adds() {
        let third = WHOLE / 3;
        let (mut split, mut allotter) = (Split::new(2), Allotter::default());
        split.resize(2);
        split.set_shares(0, &[third, third, WHOLE - 2 * third], Some(Bucket::Baseline));
        split.copy_shares(0, 1);
        split.start_books();
        let mut sums = Vec::new();
        for (balance, by_touch, left, whole) in
            [(1_001, [334, 333], 334, 1_001), (401, [-200, -200], -200, -600), (0, [-134, -133], -134, -401)]
        {
            split.allot(&mut allotter, balance);
            split.sum(&mut sums);
            assert_eq!(sums, [whole, whole]);
            for model in [0, 1] {
                assert!(split.posted(model, 2).eq(by_touch));
                assert_eq!(split.left().nth(model), Some((Some(Bucket::Baseline), WHOLE - 2 * third, left)));
            }
            assert_eq!(split.of_touch(1), (&[by_touch[1]; 2][..], &[third; 2][..]));
        }
    }
}
