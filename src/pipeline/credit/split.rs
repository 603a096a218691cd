//! One deal split among its touches: every model's shares, and the money of each posting.

use closedloop_core::ledger::{Allotter, Bucket};

/// Shares and money of one deal: `model · touches + touch`.
pub(in crate::pipeline) struct Split {
    /// Per model the first that credits alike, often itself: what that one has is copied.
    first_alike: Vec<usize>,
    pub(super) shares: Vec<u64>,
    /// What the latest posting gave.
    posted: Vec<i64>,
    /// What had been given before it, once there was a posting before it.
    given_before: Vec<i64>,
    postings: usize,
    pub(super) residuals: Vec<ModelResidual>,
    /// What a posting gives, and the shares, touch by touch: `touch · models + model`.
    posted_of_touch: Vec<i64>,
    shares_of_touch: Vec<u64>,
}

/// What one model left of one deal.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::pipeline) struct ModelResidual {
    pub(super) bucket: Option<Bucket>,
    pub(super) share: u64,
    pub(super) amount: i64,
    pub(super) previous: i64,
}

impl ModelResidual {
    /// The money of this posting: what the balance after leaves, less what the balance before left.
    pub(super) fn posted(&self) -> i64 {
        self.amount - self.previous
    }
}

impl Split {
    pub(super) fn new(first_alike: Vec<usize>) -> Self {
        Self {
            first_alike,
            shares: Vec::new(),
            posted: Vec::new(),
            given_before: Vec::new(),
            postings: 0,
            residuals: Vec::new(),
            posted_of_touch: Vec::new(),
            shares_of_touch: Vec::new(),
        }
    }

    /// The model before this one that credits alike.
    pub(super) fn alike(&self, model: usize) -> Option<usize> {
        Some(self.first_alike[model]).filter(|first| *first != model)
    }

    /// Gives a model the shares of another.
    pub(super) fn copy_shares(&mut self, from: usize, to: usize, touches: usize) {
        self.shares.copy_within(from * touches..(from + 1) * touches, to * touches);
        self.residuals[to] = self.residuals[from];
    }

    pub(super) fn resize(&mut self, touches: usize, models: usize) {
        self.shares.resize(touches * models, 0);
        self.residuals.resize(models, ModelResidual::default());
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
        let touches = self.shares.len() / self.residuals.len();
        for model in 0..self.residuals.len() {
            if let Some(from) = self.alike(model) {
                self.posted.copy_within(from * touches..(from + 1) * touches, model * touches);
                self.residuals[model] = self.residuals[from];
                continue;
            }
            let (cells, residual) = (model * touches..(model + 1) * touches, &mut self.residuals[model]);
            residual.previous = residual.amount;
            residual.amount =
                allotter.amounts(balance, &self.shares[cells.clone()], residual.share, &mut self.posted[cells]);
        }
        if self.postings > 0 {
            for (posted, before) in self.posted.iter_mut().zip(&mut self.given_before) {
                let given = *posted;
                *posted = given - *before;
                *before = given;
            }
        }
        self.postings += 1;
    }

    /// Lays out what this posting gives touch by touch, to be read by [`Split::of_touch`]; returns what a model gives to all.
    /// A sum that wraps is not what was booked, so it needs no wider integer.
    pub(super) fn lay_out(&mut self, model: usize, touches: usize) -> i64 {
        let (models, cells) = (self.residuals.len(), model * touches..(model + 1) * touches);
        self.posted_of_touch.resize(self.posted.len(), 0);
        self.shares_of_touch.resize(self.shares.len(), 0);
        let given = self.posted[cells.clone()].iter().zip(&self.shares[cells]);
        let into = self.posted_of_touch.iter_mut().zip(&mut self.shares_of_touch).skip(model).step_by(models);
        let mut sum = 0_i64;
        for ((posted, share), (of_model, share_of_model)) in into.zip(given) {
            *posted = *of_model;
            *share = *share_of_model;
            sum = sum.wrapping_add(*posted);
        }
        sum
    }

    /// What the posting laid out gives to a touch, and its shares, under every model.
    pub(super) fn of_touch(&self, touch: usize) -> (&[i64], &[u64]) {
        let models = self.residuals.len();
        let cells = touch * models..(touch + 1) * models;
        (&self.posted_of_touch[cells.clone()], &self.shares_of_touch[cells])
    }

    /// The shares of the touches under a model.
    pub(in crate::pipeline) fn shares_of(&self, model: usize, touches: usize) -> &[u64] {
        &self.shares[model * touches..(model + 1) * touches]
    }

    /// What the posting gives to each of the touches under a model.
    pub(in crate::pipeline) fn posted(&self, model: usize, touches: usize) -> &[i64] {
        &self.posted[model * touches..(model + 1) * touches]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use closedloop_core::ledger::WHOLE;

    /// A deal of 10.01 under two models with one set of shares, of which 6.00 is given back, then all.
    fn posted(first_alike: Vec<usize>) -> Vec<[(Vec<i64>, i64, i64); 2]> {
        let third = WHOLE / 3;
        let (mut split, mut allotter) = (Split::new(first_alike), Allotter::default());
        split.resize(2, 2);
        split.shares.copy_from_slice(&[third, third, 0, 0]);
        split.residuals[0] =
            ModelResidual { bucket: Some(Bucket::Baseline), share: WHOLE - 2 * third, ..ModelResidual::default() };
        split.copy_shares(0, 1, 2);
        split.start_books();
        let mut post = |balance| {
            split.allot(&mut allotter, balance);
            [0, 1].map(|model| {
                let given = split.posted(model, 2).to_vec();
                (given, split.residuals[model].posted(), split.lay_out(model, 2))
            })
        };
        vec![post(1_001), post(401), post(0)]
    }

    /// By hand: of three equal parts the residual's is a unit of share larger, and of the touches the first has the odd cent.
    /// 10.01 is 3.34, 3.33 and 3.34; 4.01 is 1.34, 1.33 and 1.34.
    #[test]
    fn what_is_copied_is_what_would_be_allotted() {
        let by_hand = [(vec![334, 333], 334, 667), (vec![-200, -200], -200, -400), (vec![-134, -133], -134, -267)];
        for first_alike in [vec![0, 0], vec![0, 1]] {
            for (models, by_hand) in posted(first_alike).iter().zip(&by_hand) {
                assert_eq!(models, &[by_hand.clone(), by_hand.clone()]);
            }
        }
        assert_eq!(Split::new(vec![0, 0]).alike(1), Some(0));
        assert_eq!(Split::new(vec![0, 1]).alike(1), None);
    }
}
