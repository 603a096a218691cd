//! The rows of the regression, and how many of them are kept.
//!
//! Periods without any exposure are the great majority; they are pooled exactly, per account and cell of the base. Of the
//! periods with exposure at most [`PERIODS_PER_CONVERSION`] per conversion are expected to be kept, drawn evenly, each standing for 1/p of
//! its kind: the integral stays unbiased, and at a hundred to one the sample adds about a hundredth to the variance.

use super::expectation::Expectation;
use super::subjects::{Subject, Subjects};
use super::walk::{Clock, Feature, Walker};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kept periods with exposure per conversion.
pub(super) const PERIODS_PER_CONVERSION: f64 = 100.0;

/// The length of a season: a quarter of the mean Gregorian year, counted from the epoch.
const SEASON_MICROS: i64 = 7_889_238_000_000;

/// A point of time without exposure, pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Idle {
    pub account: u32,
    pub cell: u32,
    pub days: f64,
    pub conversions: f64,
}

/// Rows and the features seen at them.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// The rows but for their exposures.
    pub frame: Arc<Frame>,
    /// The features: the columns of `exposures`.
    pub features: Vec<Feature>,
    /// Row by row, one ln(1 + exposure) per feature.
    pub exposures: Vec<f64>,
}

/// Rows in order of account, then time.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The accounts' keys, ascending.
    pub keys: Vec<u64>,
    /// Per cell of the base, the base coefficients that are one in it, besides the intercept.
    pub cells: Vec<Vec<u32>>,
    /// The number of base coefficients, intercept included.
    pub base_count: usize,
    /// Per row: account, cell, when, days it stands for, conversions.
    pub account: Vec<u32>,
    pub cell: Vec<u32>,
    pub at: Vec<i64>,
    pub days: Vec<f64>,
    pub conversions: Vec<f64>,
    /// Everything without exposure.
    pub idle: Vec<Idle>,
}

/// What base cells are told apart by: covariates, whether a customer, season.
type CellKey = (Vec<u32>, bool, i64);

impl Design {
    /// Walks every subject. At most `periods` periods with exposure are kept in expectation.
    pub(super) fn build(
        subjects: &Subjects,
        order: &[usize],
        features: Vec<Feature>,
        channel_count: usize,
        expectation: Option<&Expectation>,
        clock: &Clock,
        periods: f64,
    ) -> Self {
        let walker = Walker::new(&features, channel_count, expectation, clock);
        let keep = keep_probability(subjects, order, &walker, periods);
        let mut frame = Frame::default();
        let mut all_exposures = Vec::new();
        let mut cell_codes: BTreeMap<CellKey, u32> = BTreeMap::new();
        for &position in order {
            let subject = subjects.get(position);
            frame.add(&walker, subject, keep, &mut cell_codes, &mut all_exposures);
        }
        frame.encode_base(cell_codes);
        Self { frame: Arc::new(frame), features, exposures: all_exposures }
    }

    /// The same rows with some of the features only.
    pub(super) fn select(&self, columns: &[usize]) -> Self {
        let mut exposures = Vec::with_capacity(self.frame.rows() * columns.len());
        for row in self.exposures.chunks_exact(self.features.len().max(1)) {
            exposures.extend(columns.iter().map(|&column| row[column]));
        }
        let features = columns.iter().map(|&column| self.features[column]).collect();
        Self { frame: Arc::clone(&self.frame), features, exposures }
    }

    /// The number of coefficients: base, then features.
    pub(super) fn width(&self) -> usize {
        self.frame.base_count + self.features.len()
    }

    /// The exposures of a row.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.exposures[row * self.features.len()..(row + 1) * self.features.len()]
    }
}

impl Frame {
    fn add(
        &mut self,
        walker: &Walker<'_>,
        subject: Subject<'_>,
        keep: f64,
        cell_codes: &mut BTreeMap<CellKey, u32>,
        all_exposures: &mut Vec<f64>,
    ) {
        let account = code(self.keys.len());
        self.keys.push(subject.key);
        let mut idle: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        let mut key: CellKey = (subject.covariates.to_vec(), false, 0);
        let mut known: Option<u32> = None;
        walker.walk(subject, |point, exposures, any| {
            let is_conversion = point.days == 0.0;
            if any && !is_conversion && point.draw >= keep {
                return;
            }
            let season = point.at.div_euclid(SEASON_MICROS);
            if known.is_none() || (key.1, key.2) != (point.is_customer, season) {
                (key.1, key.2) = (point.is_customer, season);
                known = Some(match cell_codes.get(&key) {
                    Some(&cell) => cell,
                    None => {
                        let cell = code(cell_codes.len());
                        cell_codes.insert(key.clone(), cell);
                        cell
                    }
                });
            }
            let cell = known.unwrap_or_default();
            let conversions = if is_conversion { 1.0 } else { 0.0 };
            if any {
                self.account.push(account);
                self.cell.push(cell);
                self.at.push(point.at);
                self.days.push(point.days / keep);
                self.conversions.push(conversions);
                all_exposures.extend_from_slice(exposures);
            } else {
                let pooled = idle.entry(cell).or_default();
                pooled.0 += point.days;
                pooled.1 += conversions;
            }
        });
        self.idle.extend(idle.into_iter().map(|(cell, (days, conversions))| Idle { account, cell, days, conversions }));
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

    pub(super) fn rows(&self) -> usize {
        self.cell.len()
    }
}

/// The chance of a period with exposure to be kept: all of them, or `periods` out of them.
fn keep_probability(subjects: &Subjects, order: &[usize], walker: &Walker<'_>, periods: f64) -> f64 {
    let mut exposed = 0.0;
    for &position in order {
        walker.walk(subjects.get(position), |point, _, any| {
            exposed += if any && point.days > 0.0 { 1.0 } else { 0.0 };
        });
    }
    if exposed > periods { periods / exposed } else { 1.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "fewer than 2³² accounts, cells and coefficients")]
fn code(position: usize) -> u32 {
    position as u32
}
