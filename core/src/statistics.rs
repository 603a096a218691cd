//! Journey statistics: what fitted models are fitted on, as integer counts of all journeys, converted or not.
//!
//! One accumulator per partition takes journeys in any order; merging accumulators adds integers, so neither the order
//! of journeys nor the number of partitions changes a count. A weight per journey (a bootstrap multiplicity) is one
//! more factor of its [`Outcome`].

mod outcome;
mod pool;
mod sets;
mod table;
mod transitions;
mod visits;

pub use outcome::Outcome;
pub(crate) use outcome::money;
pub use pool::Pool;
pub use sets::ChannelSets;
pub use transitions::{Edge, Transitions};
pub use visits::Visits;

use table::Table;

/// The highest order of a Markov chain (Anderl et al. 2016 compare orders one to four).
pub const HIGHEST_ORDER: usize = 4;

/// The folds of the journeys that cross-validation uses.
pub const FOLDS: usize = 5;

/// What is counted, and at which size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The number of states: codes of touches are below it.
    pub states: u32,
    /// The longest run of touches that a state of the chain remembers, from 1 to [`HIGHEST_ORDER`]. Counts of lower
    /// orders follow from those of the highest.
    pub order: usize,
    /// Whether transitions are counted per fold, for cross-validation.
    pub folds: bool,
    /// Whether the distinct channel sets are counted.
    pub sets: bool,
}

/// A shape that cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The order is not one of those that exist.
    #[error("the order of a Markov chain is {0}, but must be from 1 to {HIGHEST_ORDER}")]
    Order(usize),
    /// Runs of that many of that many states do not fit a machine word.
    #[error("{states} states at order {order} are too many to count; lower the order or pool rare states")]
    TooManyStates {
        /// The number of states.
        states: u32,
        /// The order.
        order: usize,
    },
}

/// A journey as statistics see it.
#[derive(Debug, Clone, Copy)]
pub struct CountedJourney<'a> {
    /// The state code of each touch, oldest first; all below [`Shape::states`].
    pub path: &'a [u32],
    /// What came of it, times its weight.
    pub outcome: Outcome,
    /// What decides its fold: a hash of the account's key, so that an account is never on both sides of a split.
    pub key: u64,
}

/// Integer counts of journeys. See the module.
#[derive(Debug, Clone)]
pub struct JourneyStatistics {
    shape: Shape,
    folds: Vec<Transitions>,
    sets: ChannelSets,
    total: Outcome,
}

impl JourneyStatistics {
    /// Empty counts.
    ///
    /// # Errors
    /// An order that does not exist, or more runs of states than 64 bits can number.
    pub fn new(shape: Shape) -> Result<Self, ShapeError> {
        if !(1..=HIGHEST_ORDER).contains(&shape.order) {
            return Err(ShapeError::Order(shape.order));
        }
        let transitions = Transitions::new(shape.states, shape.order)
            .ok_or(ShapeError::TooManyStates { states: shape.states, order: shape.order })?;
        Ok(Self {
            shape,
            folds: vec![transitions; if shape.folds { FOLDS } else { 1 }],
            sets: ChannelSets::new(shape.states),
            total: Outcome::default(),
        })
    }

    /// Counts one journey; one without touches is in no count.
    pub fn add(&mut self, journey: CountedJourney<'_>) {
        let CountedJourney { path, outcome, key } = journey;
        if path.is_empty() || outcome == Outcome::default() {
            return;
        }
        self.total += outcome;
        let fold = if self.shape.folds { fold_of(key) } else { 0 };
        self.folds[fold].add(path, outcome);
        if self.shape.sets {
            self.sets.add(path, outcome);
        }
    }

    /// Adds the counts of another accumulator of the same shape.
    pub fn merge(&mut self, other: Self) {
        debug_assert_eq!(self.shape, other.shape, "only counts of one shape add up");
        self.total += other.total;
        for (mine, theirs) in self.folds.iter_mut().zip(&other.folds) {
            mine.merge(theirs);
        }
        self.sets.merge(other.sets);
    }

    /// What is counted.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The outcomes of all journeys with a touch.
    pub fn total(&self) -> Outcome {
        self.total
    }

    /// The transitions of all journeys, at the highest order counted.
    pub fn transitions(&self) -> Transitions {
        self.folds[0].with(&self.folds[1..])
    }

    /// The transitions of each fold; one fold when they are not counted apart.
    pub fn folds(&self) -> &[Transitions] {
        &self.folds
    }

    /// Outcomes per distinct channel set; empty unless [`Shape::sets`].
    pub fn sets(&self) -> &ChannelSets {
        &self.sets
    }
}

/// Whether the journeys of the account with this key are held out when a model is validated: one account in [`FOLDS`].
pub fn is_held_out(key: u64) -> bool {
    fold_of(key) == 0
}

/// The fold of a key, by the finaliser of SplitMix64 (Steele, Lea and Flood 2014): keys that differ little spread evenly.
fn fold_of(key: u64) -> usize {
    let mixed = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let folds = FOLDS as u64;
    usize::try_from((mixed ^ (mixed >> 31)) % folds).unwrap_or(0)
}

#[cfg(test)]
mod tests;
