//! One deal split among its touches: every model's shares, and the money of each posting.

use closedloop_core::ledger::{Allotter, Bucket};

/// Shares and money of one deal: `model · touches + touch`.
pub(in crate::pipeline) struct Split {
    /// Per model the first that credits alike, often itself: what that one has is copied.
    first_alike: Vec<usize>,
    pub(super) shares: Vec<u64>,
    pub(super) amounts: Vec<i64>,
    pub(super) previous: Vec<i64>,
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
            amounts: Vec::new(),
            previous: Vec::new(),
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

    /// Nothing is allotted yet.
    pub(super) fn start_books(&mut self) {
        self.amounts.clear();
        self.amounts.resize(self.shares.len(), 0);
        self.previous.clear();
        self.previous.resize(self.shares.len(), 0);
    }

    /// Allots the balance under every model's shares; the allotment before becomes the previous one.
    pub(super) fn allot(&mut self, allotter: &mut Allotter, balance: i64) {
        std::mem::swap(&mut self.amounts, &mut self.previous);
        let touches = self.shares.len() / self.residuals.len();
        for model in 0..self.residuals.len() {
            if let Some(from) = self.alike(model) {
                self.amounts.copy_within(from * touches..(from + 1) * touches, model * touches);
                self.residuals[model] = self.residuals[from];
                continue;
            }
            let (cells, residual) = (model * touches..(model + 1) * touches, &mut self.residuals[model]);
            residual.previous = residual.amount;
            residual.amount =
                allotter.amounts(balance, &self.shares[cells.clone()], residual.share, &mut self.amounts[cells]);
        }
    }

    /// Lays out what this posting gives touch by touch, to be read by [`Split::of_touch`]; returns what a model gives to all.
    /// A sum that wraps is not what was booked, so it needs no wider integer.
    pub(super) fn lay_out(&mut self, model: usize, touches: usize) -> i64 {
        let (models, cells) = (self.residuals.len(), model * touches..(model + 1) * touches);
        self.posted_of_touch.resize(self.amounts.len(), 0);
        self.shares_of_touch.resize(self.shares.len(), 0);
        let given = self.amounts[cells.clone()].iter().zip(&self.previous[cells.clone()]).zip(&self.shares[cells]);
        let into = self.posted_of_touch.iter_mut().zip(&mut self.shares_of_touch).skip(model).step_by(models);
        let mut sum = 0_i64;
        for ((posted, share), ((after, before), given)) in into.zip(given) {
            *posted = after.wrapping_sub(*before);
            *share = *given;
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

    /// What a posting gives to each of the touches under a model: the balance after, less the balance before.
    pub(in crate::pipeline) fn posted(&self, model: usize, touches: usize) -> impl Iterator<Item = i64> + '_ {
        let cells = model * touches..(model + 1) * touches;
        self.amounts[cells.clone()].iter().zip(&self.previous[cells]).map(|(after, before)| after - before)
    }
}
