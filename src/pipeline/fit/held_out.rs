//! Held out: the journeys of every fifth account are counted apart, so that a model fitted on the others can be judged by them.

use closedloop_core::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape, ShapeError, Visits, is_held_out};

/// The counts of one level.
#[derive(Debug, Clone)]
pub(super) struct LevelCounts {
    /// Whether some are held out.
    holds_out: bool,
    /// All journeys but those held out.
    pub(super) rest: JourneyStatistics,
    /// What became of the rest, counted once for every touch.
    pub(super) rest_by_touch: Outcome,
    /// The journeys held out.
    pub(super) held_out: JourneyStatistics,
    /// The same by the touches so far.
    pub(super) visits: Visits,
}

impl LevelCounts {
    /// Empty counts.
    ///
    /// # Errors
    /// As [`JourneyStatistics::new`].
    pub(super) fn new(shape: Shape, holds_out: bool) -> Result<Self, ShapeError> {
        let rest = JourneyStatistics::new(shape)?;
        let too_many = ShapeError::TooManyStates { states: shape.states, order: shape.order };
        let visits = Visits::new(shape.states, shape.order).ok_or(too_many)?;
        Ok(Self { holds_out, held_out: rest.clone(), rest, rest_by_touch: Outcome::default(), visits })
    }

    /// Counts one journey.
    pub(super) fn add(&mut self, journey: CountedJourney<'_>) {
        if self.holds_out && is_held_out(journey.key) {
            self.visits.add(journey.path, journey.outcome);
            self.held_out.add(journey);
        } else {
            let touches = u32::try_from(journey.path.len()).unwrap_or(u32::MAX);
            self.rest_by_touch += journey.outcome.times(touches);
            self.rest.add(journey);
        }
    }

    /// Adds other counts of the same level.
    pub(super) fn merge(&mut self, other: Self) {
        self.rest.merge(other.rest);
        self.rest_by_touch += other.rest_by_touch;
        self.held_out.merge(other.held_out);
        self.visits.merge(&other.visits);
    }

    /// The counts of all journeys.
    pub(super) fn all(&self) -> JourneyStatistics {
        let mut all = self.rest.clone();
        all.merge(self.held_out.clone());
        all
    }
}
