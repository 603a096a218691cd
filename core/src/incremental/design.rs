//! The rows of the regression, and how many of them are kept.
//!
//! Periods before an account's first touch are pooled exactly, per account and cell of the base. Of the later ones at most
//! [`PERIODS_PER_CONVERSION`] per conversion are expected to be kept, drawn evenly, each standing for 1/p of its kind: the
//! integral stays unbiased, and at sixty to one the sample adds about a sixtieth to the variance. Where conversions or
//! features are many, fewer are kept, so that the exposures fit into memory.

use super::clock::{Clock, season};
use super::expectation::Expectation;
use super::sample::Sample;
use super::subjects::{Subject, Subjects};
use super::walk::{Feature, Walker};
use crate::journey::days;
use crate::number::size;
use crate::parallel::pieces;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Kept periods after a touch per conversion, and the fewest of them.
const PERIODS_PER_CONVERSION: f64 = 60.0;
const FEWEST_PER_CONVERSION: f64 = 3.0;
/// Exposures held at most: 160 MB.
const EXPOSURES: f64 = 2e7;
/// Accounts per piece of work.
const ACCOUNTS_PER_PIECE: usize = 256;

/// A point of time without exposure, pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Idle {
    pub account: u32,
    pub cell: u32,
    pub days: f64,
    pub conversions: f64,
}

/// Rows, and the features seen at them. Rows are in order of account, then time.
#[derive(Debug, Default)]
pub(super) struct Design {
    /// The features: the columns of `exposures`.
    pub features: Vec<Feature>,
    /// The accounts' keys, ascending.
    pub keys: Vec<u64>,
    /// Per cell of the base, the base coefficients that are one in it, besides the intercept.
    pub cells: Vec<Vec<u32>>,
    /// The number of base coefficients, intercept included.
    pub base_count: usize,
    /// How many of all accounts one account stands for.
    pub represents: f64,
    /// Conversions of the accounts.
    pub conversion_count: u64,
    /// Per row: account, cell, when, days it stands for, conversions.
    pub account: Vec<u32>,
    pub cell: Vec<u32>,
    pub at: Vec<i64>,
    pub days: Vec<f64>,
    pub conversions: Vec<f64>,
    /// Row by row, one ln(1 + exposure) per feature.
    exposures: Vec<f64>,
    /// Everything without exposure.
    pub idle: Vec<Idle>,
}

/// What base cells are told apart by: covariates, whether a customer, season.
type CellKey = (Vec<u32>, bool, i64);

/// The rows of some accounts, whose cells have their own codes.
#[derive(Default)]
struct Piece {
    rows: Design,
    cell_codes: BTreeMap<CellKey, u32>,
}

impl Design {
    /// Walks every account of the sample.
    pub(super) fn build(
        subjects: &Subjects,
        sample: &Sample,
        features: Vec<Feature>,
        channel_count: usize,
        expectation: Option<&Expectation>,
        clock: &Clock,
    ) -> Self {
        let keep = keep_probability(subjects, sample, clock, features.len());
        let walker = Walker::new(&features, channel_count, expectation, clock, keep);
        let of_accounts = |range: std::ops::Range<usize>| {
            let mut piece = Piece::default();
            for &(position, weight) in &sample.accounts[range] {
                piece.add(&walker, subjects.get(position), weight);
            }
            piece
        };
        let of_account = |&(position, _): &(usize, f64)| subjects.get(position).conversions.len() as u64;
        let conversion_count = sample.accounts.iter().map(of_account).sum();
        let mut pieces: Vec<Piece> = pieces(sample.accounts.len(), ACCOUNTS_PER_PIECE).map(of_accounts).collect();
        let exposures = join_exposures(&mut pieces);
        let mut design = Self { represents: sample.represents, conversion_count, exposures, ..Self::default() };
        let mut cell_codes = BTreeMap::new();
        pieces.into_iter().for_each(|piece| design.add(piece, &mut cell_codes));
        design.encode_base(cell_codes);
        Self { features, ..design }
    }

    /// The exposures of a row.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.exposures[row * self.features.len()..(row + 1) * self.features.len()]
    }

    /// The exposures of all rows, row by row.
    pub(super) fn exposures(&self) -> &[f64] {
        &self.exposures
    }

    pub(super) fn rows(&self) -> usize {
        self.cell.len()
    }

    fn add(&mut self, piece: Piece, cell_codes: &mut BTreeMap<CellKey, u32>) {
        let mut codes = vec![0; piece.cell_codes.len()];
        for (key, local) in piece.cell_codes {
            let next = code(cell_codes.len());
            codes[local as usize] = *cell_codes.entry(key).or_insert(next);
        }
        let first = code(self.keys.len());
        let rows = piece.rows;
        self.keys.extend(rows.keys);
        self.account.extend(rows.account.iter().map(|account| account + first));
        self.cell.extend(rows.cell.iter().map(|&cell| codes[cell as usize]));
        self.at.extend(rows.at);
        self.days.extend(rows.days);
        self.conversions.extend(rows.conversions);
        let moved = |idle: &Idle| Idle { account: idle.account + first, cell: codes[idle.cell as usize], ..*idle };
        self.idle.extend(rows.idle.iter().map(moved));
    }

    /// Gives every level of every covariate, being a customer, and every season a coefficient.
    fn encode_base(&mut self, cell_codes: BTreeMap<CellKey, u32>) {
        let mut levels: BTreeMap<(usize, i64), u32> = BTreeMap::new();
        let width = cell_codes.keys().next().map_or(0, |key| key.0.len());
        let traits = |key: &CellKey| -> Vec<(usize, i64)> {
            let covariates = key.0.iter().enumerate().map(|(which, &level)| (which, i64::from(level)));
            covariates.chain([(width, i64::from(key.1)), (width + 1, key.2)]).collect()
        };
        for key in cell_codes.keys() {
            for level in traits(key) {
                levels.insert(level, 0);
            }
        }
        for (position, coefficient) in levels.values_mut().enumerate() {
            *coefficient = code(position + 1);
        }
        self.base_count = levels.len() + 1;
        self.cells = vec![Vec::new(); cell_codes.len()];
        for (key, cell) in cell_codes {
            self.cells[cell as usize] = traits(&key).iter().map(|level| levels[level]).collect();
        }
    }
}

impl Piece {
    fn add(&mut self, walker: &Walker<'_>, subject: Subject<'_>, weight: f64) {
        let Self { rows, cell_codes } = self;
        let account = code(rows.keys.len());
        rows.keys.push(subject.key);
        let mut idle: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let mut key: CellKey = (subject.covariates.to_vec(), false, 0);
        let mut known: Option<u32> = None;
        walker.walk(subject, |point, exposures| {
            let season = season(point.at);
            if known.is_none() || (key.1, key.2) != (point.is_customer, season) {
                (key.1, key.2) = (point.is_customer, season);
                let next = code(cell_codes.len());
                known = Some(match cell_codes.get(&key) {
                    Some(&cell) => cell,
                    None => *cell_codes.entry(key.clone()).or_insert(next),
                });
            }
            let cell = known.unwrap_or_default();
            let conversions = if point.days == 0.0 { 1.0 } else { 0.0 };
            if let Some(exposures) = exposures {
                rows.account.push(account);
                rows.cell.push(cell);
                rows.at.push(point.at);
                rows.days.push(weight * point.days);
                rows.conversions.push(conversions);
                rows.exposures.extend_from_slice(exposures);
            } else {
                let pooled = idle.entry(cell).or_default();
                pooled.0 += weight * point.days;
                pooled.1 += conversions;
            }
        });
        rows.idle.extend(idle.into_iter().map(|(cell, (days, conversions))| Idle { account, cell, days, conversions }));
    }
}

/// Takes the exposures of all pieces. They are most of what a design holds, so all threads put them together.
fn join_exposures(pieces: &mut [Piece]) -> Vec<f64> {
    let mut joined = vec![0.0; pieces.iter().map(|piece| piece.rows.exposures.len()).sum()];
    let (mut rest, mut parts) = (joined.as_mut_slice(), Vec::new());
    for exposures in pieces.iter_mut().map(|piece| std::mem::take(&mut piece.rows.exposures)) {
        let (part, others) = rest.split_at_mut(exposures.len());
        parts.push((part, exposures));
        rest = others;
    }
    parts.into_par_iter().for_each(|(part, exposures)| part.copy_from_slice(&exposures));
    joined
}

/// The chance of a period after the first touch to be kept.
fn keep_probability(subjects: &Subjects, sample: &Sample, clock: &Clock, features: usize) -> f64 {
    let (mut periods, mut conversions) = (0.0, 0.0);
    for &(position, _) in &sample.accounts {
        let subject = subjects.get(position);
        conversions += size(subject.conversions.len());
        if let Some(&first) = subject.touched_at.first() {
            periods += (days(subject.until - first.max(subject.from).min(subject.until))
                / f64::from(clock.period_days))
            .ceil();
        }
    }
    let wanted = PERIODS_PER_CONVERSION * conversions;
    let affordable = EXPOSURES / size(features.max(1)) - conversions;
    let kept = wanted.min(affordable.max(FEWEST_PER_CONVERSION * conversions));
    if periods > kept { kept / periods } else { 1.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "fewer than 2³² accounts, cells and coefficients")]
fn code(position: usize) -> u32 {
    position as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incremental::clock::end_of_season;
    use crate::journey::DAY_MICROS as DAY;

    /// Four accounts without a touch: of two covariate groups, one over the end of a season, one that becomes a customer on its
    /// fifth day. What they have in common is one coefficient.
    #[test]
    fn cells_are_told_apart_by_covariate_season_and_being_a_customer() {
        let spring = end_of_season(0);
        let spans = [(0, 10 * DAY), (0, 10 * DAY), (spring - 5 * DAY, spring + 5 * DAY), (0, 10 * DAY)];
        let conversions: [&[i64]; 4] = [&[], &[], &[], &[5 * DAY]];
        let mut subjects = Subjects::new(1);
        for (key, ((from, until), conversions)) in (0..).zip(spans.into_iter().zip(conversions)) {
            let covariates = &[u32::from(key == 1)];
            let subject = Subject { key, from, until, conversions, covariates, touched_at: &[], channels: &[] };
            subjects.push(subject).unwrap();
        }
        let sample = Sample { accounts: (0..4).map(|position| (position, 1.0)).collect(), represents: 1.0 };
        let clock = Clock::new(1, 0, &subjects, &sample);
        let design = Design::build(&subjects, &sample, Vec::new(), 0, None, &clock);
        // The intercept, two covariates, two seasons, customers and others.
        assert_eq!((design.rows(), design.base_count), (0, 7));
        let of_account = |account: u32| -> Vec<(&Vec<u32>, f64, f64)> {
            let idle = design.idle.iter().filter(|idle| idle.account == account);
            let mut idle: Vec<_> =
                idle.map(|i| (&design.cells[i.cell as usize], i.days.round(), i.conversions)).collect();
            idle.sort_by(|a, b| b.2.total_cmp(&a.2));
            idle
        };
        let shared = |a: &[u32], b: &[u32]| a.iter().filter(|coefficient| b.contains(coefficient)).count();
        let [first, other, turning, winning] = [0, 1, 2, 3].map(of_account);
        assert_eq!((first.len(), first[0].1, first[0].0.len()), (1, 10.0, 3));
        assert_eq!((other.len(), other[0].1, shared(first[0].0, other[0].0)), (1, 10.0, 2));
        assert_eq!(turning.iter().map(|(_, days, _)| *days).collect::<Vec<_>>(), [5.0, 5.0]);
        let mut alike: Vec<usize> = turning.iter().map(|(cell, ..)| shared(first[0].0, cell)).collect();
        alike.sort_unstable();
        assert_eq!(alike, [2, 3]);
        let winning: Vec<_> = winning.iter().map(|&(cell, days, won)| (shared(first[0].0, cell), days, won)).collect();
        assert_eq!(winning, [(3, 5.0, 1.0), (2, 5.0, 0.0)]);
    }
}
