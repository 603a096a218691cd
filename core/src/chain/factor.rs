//! Removal effects by one sparse LU of the chain.

use super::{Chain, Gain, Unsolved};
use faer::linalg::solvers::Solve as _;
use faer::sparse::linalg::solvers::Lu;
use faer::sparse::{SparseColMat, Triplet};
use faer::{Col, Mat};

impl Chain {
    /// By count and by value, from the factors of A = D·(I − Q), D the journeys that leave each state: the whole
    /// numbers counted. F = A⁻¹·D, and D cancels out of the chance to reach a set of states.
    pub(super) fn factor(&self) -> Result<[Gain; 2], Unsolved> {
        let states = self.states();
        let lu = self.matrix()?.sp_lu().map_err(|_| Unsolved)?;
        let gained = self.gained(&lu);
        let mut visits: Col<f64> = Col::zeros(states);
        visits[0] = 1.0;
        lu.solve_transpose_in_place(visits.as_mat_mut());
        let mut through = vec![[0.0; 2]; self.channels];
        for (channel, held) in self.states_by_channel() {
            through[channel] = through_set(&lu, &held, &visits, &gained);
        }
        let gain = |measure: usize| Gain {
            from_start: gained[(0, measure)],
            through: through.iter().map(|through| through[measure]).collect(),
        };
        Ok([gain(0), gain(1)])
    }

    /// The chance to convert from each state.
    pub(super) fn factored_chances(&self) -> Result<Vec<f64>, Unsolved> {
        let gained = self.gained(&self.matrix()?.sp_lu().map_err(|_| Unsolved)?);
        Ok((0..self.states()).map(|state| gained[(state, 0)]).collect())
    }

    /// What is gained from each state, by count and by value.
    fn gained(&self, lu: &Lu<usize, f64>) -> Mat<f64> {
        lu.solve(&Mat::from_fn(self.states(), 2, |state, measure| self.rewards(state)[measure]))
    }

    fn matrix(&self) -> Result<SparseColMat<usize, f64>, Unsolved> {
        let diagonal = self.leaving.iter().enumerate().map(|(state, &leaving)| Triplet::new(state, state, leaving));
        let off = (0..self.states()).flat_map(|state| {
            self.moves(state).iter().map(move |&(target, count)| Triplet::new(state, target, -count))
        });
        let triplets: Vec<_> = diagonal.chain(off).collect();
        SparseColMat::try_new_from_triplets(self.states(), self.states(), &triplets).map_err(|_| Unsolved)
    }

    /// The states whose last channel is each channel, for channels that have any.
    fn states_by_channel(&self) -> Vec<(usize, Vec<usize>)> {
        let mut held = vec![Vec::new(); self.channels];
        for (state, last) in self.last.iter().enumerate() {
            if let Some(channel) = last {
                held[*channel as usize].push(state);
            }
        }
        held.into_iter().enumerate().filter(|(_, states)| !states.is_empty()).collect()
    }
}

/// What passes through the states `held`: F_sS·F_SS⁻¹·f_S.
fn through_set(lu: &Lu<usize, f64>, held: &[usize], visits: &Col<f64>, gained: &Mat<f64>) -> [f64; 2] {
    let size = held.len();
    let mut columns: Mat<f64> = Mat::zeros(visits.nrows(), size);
    for (column, &state) in held.iter().enumerate() {
        columns[(state, column)] = 1.0;
    }
    lu.solve_in_place(columns.as_mut());
    let block = Mat::from_fn(size, size, |row, column| columns[(held[row], column)]);
    let weights = block.partial_piv_lu().solve(&Mat::from_fn(size, 2, |row, measure| gained[(held[row], measure)]));
    let sum = |measure| held.iter().enumerate().map(|(row, &state)| visits[state] * weights[(row, measure)]).sum();
    [sum(0), sum(1)]
}
