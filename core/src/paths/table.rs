//! The table of paths as it comes: one row a path, column by column.

/// What came of the journeys that took a path.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PathCounts {
    /// Conversions, at least 0; may be fractional.
    pub conversions: f64,
    /// Their value, in any unit.
    pub value: f64,
    /// Journeys that did not convert, at least 0.
    pub nulls: f64,
}

/// A row that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RowError {
    /// No touch.
    #[error("a path has no channel; remove the row or name at least one channel")]
    Empty,
    /// Not a number that can be counted.
    #[error("{measure} is {number}, but must be {range}")]
    Number {
        /// Which number of [`PathCounts`].
        measure: Measure,
        /// What was given.
        number: f64,
        /// What is allowed.
        range: &'static str,
    },
}

/// A number of [`PathCounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// See [`PathCounts::conversions`].
    Conversions,
    /// See [`PathCounts::value`].
    Value,
    /// See [`PathCounts::nulls`].
    Nulls,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Conversions => "the number of conversions",
            Self::Value => "the value",
            Self::Nulls => "the number of journeys that did not convert",
        })
    }
}

/// Paths with what came of each; a path may come several times. Four bytes a touch and 32 a path.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PathTable {
    /// The channel codes of all paths, one path after the other, oldest touch first.
    codes: Vec<u32>,
    /// Where each path ends in `codes`.
    ends: Vec<usize>,
    counts: Vec<PathCounts>,
}

impl PathTable {
    /// Adds a path: the channel code of each touch, oldest first.
    ///
    /// # Errors
    /// A row that makes no sense.
    pub fn push(&mut self, path: &[u32], counts: PathCounts) -> Result<(), RowError> {
        if path.is_empty() {
            return Err(RowError::Empty);
        }
        let PathCounts { conversions, value, nulls } = counts;
        for (measure, number, within, range) in [
            (Measure::Conversions, conversions, conversions >= 0.0, "a finite number of at least 0"),
            (Measure::Nulls, nulls, nulls >= 0.0, "a finite number of at least 0"),
            (Measure::Value, value, conversions != 0.0 || value == 0.0, "a finite number, and 0 without conversions"),
        ] {
            if !(within && number.is_finite()) {
                return Err(RowError::Number { measure, number, range });
            }
        }
        self.codes.extend_from_slice(path);
        self.ends.push(self.codes.len());
        self.counts.push(counts);
        Ok(())
    }

    /// Adds the rows of another table, whose channel code c is `codes[c]` here.
    ///
    /// # Panics
    /// A code of the other table that `codes` does not have.
    pub fn append(&mut self, other: &Self, codes: &[u32]) {
        let before = self.codes.len();
        self.codes.extend(other.codes.iter().map(|&code| codes[code as usize]));
        self.ends.extend(other.ends.iter().map(|end| before + end));
        self.counts.extend_from_slice(&other.counts);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The path of a row below [`len`](Self::len).
    pub fn path(&self, row: usize) -> &[u32] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.codes[start..self.ends[row]]
    }

    /// What came of each row's path.
    pub fn counts(&self) -> &[PathCounts] {
        &self.counts
    }

    /// The largest channel code.
    pub(super) fn largest_code(&self) -> Option<u32> {
        self.codes.iter().copied().max()
    }

    /// Replaces every channel code by `codes[code]`.
    pub(super) fn recode(&mut self, codes: &[u32]) {
        self.codes.iter_mut().for_each(|code| *code = codes[*code as usize]);
    }

    /// Forgets the journeys that did not convert.
    pub(super) fn forget_nulls(&mut self) {
        self.counts.iter_mut().for_each(|counts| counts.nulls = 0.0);
    }
}
