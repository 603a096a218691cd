//! Pooling: states seen too seldom to tell apart become one state.

/// A map from codes to states, in which all rare codes share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    states: Vec<u32>,
    kept: Vec<u32>,
    pooled: usize,
}

impl Pool {
    /// Keeps the codes that at least `floor` touches have; the others share the state after the last kept, if there are
    /// any. `touches[code]` is the number of touches of a code.
    pub fn new(touches: &[u64], floor: u64) -> Self {
        let kept: Vec<u32> = (0..).zip(touches).filter(|(_, count)| **count >= floor).map(|(code, _)| code).collect();
        let rest = (0..).nth(kept.len()).unwrap_or(u32::MAX);
        let mut states = vec![rest; touches.len()];
        for (state, &code) in (0..).zip(&kept) {
            states[code as usize] = state;
        }
        Self { states, pooled: touches.len() - kept.len(), kept }
    }

    /// The state of a code.
    pub fn state(&self, code: u32) -> u32 {
        self.states[code as usize]
    }

    /// The code that a state stands for; `None` for the state that pools the rest.
    pub fn code(&self, state: u32) -> Option<u32> {
        self.kept.get(state as usize).copied()
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.kept.len() + usize::from(self.pooled > 0)
    }

    /// The number of codes that share a state.
    pub fn pooled(&self) -> usize {
        self.pooled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_codes_share_the_last_state() {
        let pool = Pool::new(&[50, 3, 20, 0], 20);
        assert_eq!([0, 1, 2, 3].map(|code| pool.state(code)), [0, 2, 1, 2]);
        assert_eq!([0, 1, 2].map(|state| pool.code(state)), [Some(0), Some(2), None]);
        assert_eq!((pool.states(), pool.pooled()), (3, 2));
        assert_eq!(Pool::new(&[5, 6], 5).states(), 2);
    }
}
