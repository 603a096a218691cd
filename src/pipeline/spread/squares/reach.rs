//! Reaches: for which periods squares count that are added once, and so to which rows a part goes.

use super::super::super::totals::CreditKey;
use super::super::{Level, Period};

/// A campaign or channel, and the periods for which the squares of a row count.
pub(super) type RowKey = (Level, Reach);

/// For which periods squares count that are added once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// The account has one part there, so that it gave the same by close, by touch and over all.
    OnePart { close: u32, touch: u32 },
    /// All deals of the account closed in this quarter, so that it gave the same by close and over all.
    OneQuarter { close: u32 },
    /// Nothing else.
    One(Period),
}

impl Reach {
    /// Those periods.
    pub(super) fn periods(self) -> impl Iterator<Item = Period> {
        let periods = match self {
            Self::OnePart { close, touch } => {
                [Some(Period::Close(close)), Some(Period::Touch(touch)), Some(Period::All)]
            }
            Self::OneQuarter { close } => [Some(Period::Close(close)), None, Some(Period::All)],
            Self::One(period) => [Some(period), None, None],
        };
        periods.into_iter().flatten()
    }
}

/// The rows of campaign and channel that a part goes to: where it is the account's only part; by close, for accounts that
/// closed in one quarter; by touch; by close, for accounts that closed in several; over all.
pub(super) type RowSet = [[u32; LEVELS]; 5];
pub(super) const LEVELS: usize = 2;
pub(super) const ONE_PART: usize = 0;
pub(super) const ONE_QUARTER: std::ops::Range<usize> = 1..3;
pub(super) const SEVERAL_QUARTERS: std::ops::Range<usize> = 2..5;
pub(super) const OVER_ALL: usize = 4;

/// The keys of the rows of a [`RowSet`], for parts of this key.
pub(super) fn keys_of(key: CreditKey, channel: u32) -> [[RowKey; LEVELS]; 5] {
    let CreditKey { close_quarter: close, touch_quarter: touch, line, .. } = key;
    let reaches = [
        Reach::OnePart { close, touch },
        Reach::OneQuarter { close },
        Reach::One(Period::Touch(touch)),
        Reach::One(Period::Close(close)),
        Reach::One(Period::All),
    ];
    reaches.map(|reach| [Level::Campaign(line), Level::Channel(channel)].map(|level| (level, reach)))
}
