//! Spread: what each account gave every line, for the intervals of sums over accounts.
//!
//! An account's deals and touches share its fate, so the unit of chance is the account: all that it gave a line in a
//! quarter is one part, and the variance of the line's money is the sum of its squared parts
//! (`closedloop_core::uncertainty`). An account's parts of several quarters, or of several campaigns of a channel, go
//! together, so no variance is a sum of others: campaigns and channels have their own squares, each by quarter of close,
//! by quarter of touch and over all quarters.
//!
//! Parts are gathered while an account is credited. When it ends they are squared (`squares.rs`) or kept for the
//! bootstrap (`bootstrap.rs`). All of it is integers, so that neither threads nor the order of accounts change anything.

mod bootstrap;
mod interval;
mod kept;
mod parts;
mod refit;
mod squares;

pub(super) use interval::{IntervalRow, ModelInterval};
pub use kept::KeptJourneys;
pub use parts::AccountParts;
pub use squares::Squares;

use super::credit::Crediting;
use super::line_kind::LineKind;
use super::place_sums::PlaceSums;
use super::prepare::Prepared;
use super::totals::CreditKey;
use crate::config::Intervals;
use crate::engine::EngineError;
use crate::engine::columns::column;
use crate::engine::dense::narrow;
use crate::engine::ids::IdColumn;
use crate::scatter::lines::Lines;
use crate::scatter::subjects::account_key;
use bootstrap::Weights;
use std::borrow::Cow;

/// A campaign with its channel, or a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A line, by its code.
    Campaign(u32),
    /// A channel, by its dense code.
    Channel(u32),
}

impl Level {
    /// Its campaign, unless it is a channel or has none, and its channel.
    pub(super) fn names(self, lines: &Lines) -> (Option<&str>, &str) {
        match self {
            Self::Campaign(code) => (lines.line(code).campaign.as_deref(), &lines.line(code).channel),
            Self::Channel(code) => (None, &lines.channels()[code as usize]),
        }
    }

    /// What kind of line it is.
    pub(super) fn kind(self, lines: &Lines) -> LineKind {
        match self {
            Self::Campaign(code) if lines.line(code).campaign.is_some() => LineKind::Campaign,
            Self::Campaign(_) => LineKind::NoCampaign,
            Self::Channel(_) => LineKind::Channel,
        }
    }
}

/// Over which deals and touches a number is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Deals that closed in the quarter at this position.
    Close(u32),
    /// Touches of the quarter at this position.
    Touch(u32),
    /// All of them.
    All,
}

/// Where a number stands that gets an interval.
pub type Place = (Level, Period);

/// Every place that a row of the totals adds to.
pub(super) fn places(key: CreditKey, channel: u32) -> [Place; 6] {
    let (line, channel) = (Level::Campaign(key.line), Level::Channel(channel));
    let [close, touch, all] = periods(key);
    [(line, close), (channel, close), (line, touch), (channel, touch), (line, all), (channel, all)]
}

/// Every period that a row of the totals adds to.
pub(super) fn periods(key: CreditKey) -> [Period; 3] {
    [Period::Close(key.close_quarter), Period::Touch(key.touch_quarter), Period::All]
}

/// What the bootstrap rests on, of all accounts.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) parts: AccountParts,
    pub(super) journeys: KeptJourneys,
}

/// The intervals of every place, sorted, and what a reader should know about them.
///
/// # Errors
/// A deals table of other columns than its stage file gives.
pub(super) fn intervals(
    crediting: &Crediting<'_>,
    prepared: &Prepared,
    squares: Option<&Squares>,
    places: &PlaceSums,
    kept: &Kept,
) -> Result<(Vec<IntervalRow>, Vec<String>), EngineError> {
    Ok(match crediting.wants.intervals {
        Intervals::Off => Default::default(),
        Intervals::Fast => {
            (squares.map(|squares| interval::closed_form(squares, places)).unwrap_or_default(), Vec::new())
        }
        Intervals::Bootstrap(replicates) => {
            let weights = Weights::draw(&account_keys(prepared)?, replicates);
            bootstrapped(crediting, kept, &weights)
        }
    })
}

/// A hash of every account's identifier, by dense number.
fn account_keys(prepared: &Prepared) -> Result<Cow<'_, [u64]>, EngineError> {
    let Prepared { conversions, deals, .. } = prepared;
    if let Some(subjects) = &conversions.subjects {
        return Ok(Cow::Borrowed(subjects.keys()?));
    }
    let ids = IdColumn::try_new(column(deals, "account_id")?)?;
    let key = |account: usize| {
        let deal = conversions.of_account(account).first().map(|conversion| conversion.deal as usize);
        account_key(&deal.and_then(|deal| ids.text(deal)).unwrap_or_default())
    };
    Ok((0..conversions.accounts()).map(key).collect())
}

/// The intervals of the bootstrap. Data-driven models are fitted again in every replicate.
fn bootstrapped(crediting: &Crediting<'_>, kept: &Kept, weights: &Weights) -> (Vec<IntervalRow>, Vec<String>) {
    let mut rows = bootstrap::bootstrap(&kept.parts, weights);
    let mut remarks = Vec::new();
    if crediting.models.refits.is_empty() {
        return (rows, remarks);
    }
    let replay = refit::Replay::new(crediting, &kept.journeys, &rows);
    for group in &crediting.models.refits {
        let failed = replay.intervals(group, weights, &mut rows);
        let failed = group.models.iter().zip(failed).filter(|(_, failed)| *failed > 0);
        remarks.extend(failed.map(|(&model, failed)| {
            format!(
                "{} could not be fitted to the accounts of {failed} of {} replicates; there its fit to all accounts stands, and \
                 its intervals are too narrow",
                crediting.plan.models[model].id(),
                weights.replicates()
            )
        }));
    }
    (rows, remarks)
}

/// One thread's gathering of parts.
#[derive(Debug)]
pub(super) struct Spread {
    parts: AccountParts,
    /// Where the open account starts in `parts`.
    open: usize,
    /// One more than the position in `parts` of each row of the totals; 0 where the open account has none.
    part_of_row: Vec<u32>,
    /// The rows of the totals that the open account has parts of.
    rows: Vec<u32>,
    /// The closed form; none when the parts are kept for the bootstrap.
    squares: Option<Squares>,
}

impl Spread {
    /// Nothing yet; `None` when no intervals are wanted.
    pub(super) fn new(intervals: Intervals, models: usize) -> Option<Self> {
        let squares = match intervals {
            Intervals::Off => return None,
            Intervals::Fast => Some(Squares::new(models)),
            Intervals::Bootstrap(_) => None,
        };
        let (part_of_row, rows) = (Vec::new(), Vec::new());
        Some(Self { parts: AccountParts::new(models), open: 0, part_of_row, rows, squares })
    }

    /// The part of the open account for a key, whose row in this thread's totals is `row`.
    #[inline]
    pub(super) fn part(&mut self, row: usize, key: CreditKey, channel: u32) -> usize {
        if self.part_of_row.len() <= row {
            self.part_of_row.resize(row + 1, 0);
        }
        match self.part_of_row[row] {
            0 => {
                let part = self.parts.push(key, channel);
                if let Some(squares) = &mut self.squares {
                    squares.open_part(row, key, channel);
                }
                self.part_of_row[row] = narrow(part + 1);
                self.rows.push(narrow(row));
                part
            }
            next => next as usize - 1,
        }
    }

    /// Adds what a touch got under every model to a part: minor units, and units of 2⁻⁴⁸ of the deal.
    #[inline]
    pub(super) fn add(&mut self, part: usize, amounts: &[i64], shares: &[u64]) {
        self.parts.add(part, amounts, shares);
    }

    /// Ends the open account.
    pub(super) fn close(&mut self, account: usize) {
        for &row in &self.rows {
            self.part_of_row[row as usize] = 0;
        }
        match &mut self.squares {
            Some(squares) => {
                squares.close(&self.parts);
                self.parts.clear();
            }
            None => self.parts.belong_to(self.open, narrow(account)),
        }
        self.open = self.parts.len();
        self.rows.clear();
    }

    /// The parts kept for the bootstrap since they were last taken.
    pub(super) fn take_parts(&mut self) -> AccountParts {
        self.open = 0;
        let empty = AccountParts::new(self.parts.models());
        std::mem::replace(&mut self.parts, empty)
    }

    /// The closed form of this thread's accounts.
    pub(super) fn into_squares(self) -> Option<Squares> {
        self.squares
    }
}
