//! Distinct paths: what came of the journeys with exactly these channels in this order.

use closedloop_core::statistics::Outcome;
use hashbrown::HashMap;

/// Paths shown by name; the rest is one row.
pub(in crate::pipeline) const MOST_PATHS: usize = 10_000;
/// Paths of more touches than this are not told apart: hardly two are alike.
pub(in crate::pipeline) const LONGEST_PATH: usize = 20;

/// Outcomes by path.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Paths {
    /// Paths of channels with low codes, each as one number.
    packed: HashMap<u128, Outcome>,
    /// The others.
    listed: HashMap<Box<[u32]>, Outcome>,
    longer: u64,
    of_longer: Outcome,
}

/// A path, or the rest.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct PathRow {
    /// The channels in order; `None` for the rest.
    pub(in crate::pipeline) path: Option<Box<[u32]>>,
    /// How many distinct paths the row stands for; longer ones count each.
    pub(in crate::pipeline) paths: u64,
    /// What came of them.
    pub(in crate::pipeline) outcome: Outcome,
}

impl Paths {
    pub(super) fn add(&mut self, path: &[u32], outcome: Outcome) {
        if path.len() > LONGEST_PATH {
            self.longer += 1;
            self.of_longer += outcome;
        } else if let Some(number) = packed(path) {
            *self.packed.entry(number).or_default() += outcome;
        } else if let Some(known) = self.listed.get_mut(path) {
            *known += outcome;
        } else {
            self.listed.insert(path.into(), outcome);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.longer += other.longer;
        self.of_longer += other.of_longer;
        for (path, outcome) in other.packed {
            *self.packed.entry(path).or_default() += outcome;
        }
        for (path, outcome) in other.listed {
            *self.listed.entry(path).or_default() += outcome;
        }
    }

    /// The paths with the most journeys, then the rest as one row.
    pub(super) fn into_rows(self) -> Vec<PathRow> {
        let fewest = self.fewest_journeys();
        let (mut rows, mut rest) = (Vec::new(), (self.longer, self.of_longer));
        let mut tell = |outcome: Outcome, path: &dyn Fn() -> Box<[u32]>| {
            if outcome.journeys() < fewest {
                rest = (rest.0 + 1, rest.1 + outcome);
            } else {
                rows.push(PathRow { path: Some(path()), paths: 1, outcome });
            }
        };
        self.packed.iter().for_each(|(&number, &outcome)| tell(outcome, &|| unpacked(number)));
        self.listed.iter().for_each(|(path, &outcome)| tell(outcome, &|| path.clone()));
        rows.sort_unstable_by(|a, b| b.outcome.journeys().cmp(&a.outcome.journeys()).then_with(|| a.path.cmp(&b.path)));
        for row in rows.drain(rows.len().min(MOST_PATHS)..) {
            rest = (rest.0 + row.paths, rest.1 + row.outcome);
        }
        if rest.0 > 0 {
            rows.push(PathRow { path: None, paths: rest.0, outcome: rest.1 });
        }
        rows
    }

    /// How many journeys a path needs at least to be among the [`MOST_PATHS`]: hardly any of the others has so many, and
    /// those that do have not are not put in order.
    fn fewest_journeys(&self) -> u64 {
        let mut journeys: Vec<u64> = self.packed.values().chain(self.listed.values()).map(|o| o.journeys()).collect();
        if journeys.len() <= MOST_PATHS {
            return 0;
        }
        *journeys.select_nth_unstable_by(MOST_PATHS - 1, |a, b| b.cmp(a)).1
    }
}

/// Bits of a touch in a packed path: [`LONGEST_PATH`] of them fit 128.
const BITS: usize = 6;

/// A path as one number whose digits are the codes and one, the last touch the last; `None` where a code is too high.
fn packed(path: &[u32]) -> Option<u128> {
    let digits = path.iter().map(|&code| u128::from(code) + 1);
    digits.clone().all(|digit| digit < 1 << BITS).then(|| digits.fold(0, |number, digit| number << BITS | digit))
}

fn unpacked(number: u128) -> Box<[u32]> {
    let earlier = std::iter::successors(Some(number), |number| Some(number >> BITS));
    let mut path: Vec<u32> =
        earlier.take_while(|number| *number > 0).map(|number| (number & ((1 << BITS) - 1)) as u32 - 1).collect();
    path.reverse();
    path.into()
}

const _: () = assert!(LONGEST_PATH * BITS <= 128, "the longest path must fit");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_number() {
        for path in [vec![], vec![0], vec![0, 0, 62], vec![61; LONGEST_PATH]] {
            assert_eq!(packed(&path).map(unpacked).as_deref(), Some(path.as_slice()));
        }
        assert_eq!(packed(&[0, 63]), None);
    }

    #[test]
    fn the_most_frequent_come_first_and_nothing_is_lost() {
        let mut paths = Paths::default();
        for code in 0..u32::try_from(MOST_PATHS).unwrap() + 5 {
            paths.add(&[code], Outcome::NULL);
        }
        let mut others = Paths::default();
        others.add(&[7], Outcome::converted(100));
        others.add(&[1; LONGEST_PATH + 1], Outcome::converted(50));
        paths.merge(others);
        let rows = paths.into_rows();
        assert_eq!(rows.len(), MOST_PATHS + 1);
        assert_eq!(
            rows[0],
            PathRow { path: Some([7].into()), paths: 1, outcome: Outcome { conversions: 1, nulls: 1, value: 100 } }
        );
        let rest = &rows[MOST_PATHS];
        assert_eq!((rest.path.as_deref(), rest.paths), (None, 6));
        assert_eq!(rest.outcome, Outcome { conversions: 1, nulls: 5, value: 50 });
    }
}
