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
    pub(super) fn into_rows(mut self) -> Vec<PathRow> {
        let fewest = self.fewest_journeys();
        let mut rest = (self.longer, self.of_longer);
        let mut stays = |outcome: Outcome| {
            let stays = outcome.journeys() >= fewest;
            if !stays {
                rest = (rest.0 + 1, rest.1 + outcome);
            }
            stays
        };
        self.packed.retain(|_, outcome| stays(*outcome));
        self.listed.retain(|_, outcome| stays(*outcome));
        let packed = self.packed.into_iter().map(|(number, outcome)| (unpacked(number), outcome));
        let mut rows: Vec<PathRow> =
            packed.chain(self.listed).map(|(path, outcome)| PathRow { path: Some(path), paths: 1, outcome }).collect();
        rows.sort_unstable_by(|a, b| b.outcome.journeys().cmp(&a.outcome.journeys()).then_with(|| a.path.cmp(&b.path)));
        for row in rows.drain(rows.len().min(MOST_PATHS)..) {
            rest = (rest.0 + row.paths, rest.1 + row.outcome);
        }
        if rest.0 > 0 {
            rows.push(PathRow { path: None, paths: rest.0, outcome: rest.1 });
        }
        rows
    }

    /// How many journeys a path needs at least to be among the [`MOST_PATHS`]. Only the few paths with so many are put in
    /// order.
    fn fewest_journeys(&self) -> u64 {
        let all = self.packed.values().chain(self.listed.values());
        let mut journeys: Vec<u64> = all.map(|outcome| outcome.journeys()).collect();
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

    /// Of the paths of one code the last [`MOST_PATHS`] but one come twice, and so does a listed one; the others once.
    #[test]
    fn those_with_too_few_journeys_are_the_rest() {
        let most = u32::try_from(MOST_PATHS).unwrap();
        let mut paths = Paths::default();
        for code in 0..most + 5 {
            let times = if code < 6 { 1 } else { 2 };
            paths.add(&[code % 60, code / 60], Outcome::converted(1).times(times));
        }
        paths.add(&[1_000], Outcome::NULL.times(2));
        paths.add(&[1_001], Outcome::NULL);
        let rows = paths.into_rows();
        assert_eq!(rows.len(), MOST_PATHS + 1);
        assert!(rows[..MOST_PATHS].iter().all(|row| row.outcome.journeys() == 2));
        assert_eq!(rows[MOST_PATHS - 1].path.as_deref(), Some(&[1_000][..]));
        let rest = &rows[MOST_PATHS];
        assert_eq!((rest.paths, rest.outcome), (7, Outcome { conversions: 6, nulls: 1, value: 6 }));
    }
}
