//! What a won opportunity is worth, by the week it opens: the expectation behind the true effects.
//!
//! Late opportunities may close only after the history ends, and then count for nothing. Closing days follow the
//! calendar, so the expectation is taken over many draws of the very terms that the histories use.

use super::calendar::{self, LAST_DAY, QuarterEnds, WEEKS};
use super::draw::Rng;
use super::history;
use super::influence::Prize;
use super::money::Cents;
use super::segment::{Band, Segment, Terms};

/// How many opportunities are drawn for each week.
const DRAWS: u32 = 400;

/// The expected worth of won opportunities, by week.
#[derive(Debug)]
pub struct Outlook {
    new_business: Vec<Vec<Prize>>,
    expansions: Vec<Vec<f64>>,
}

impl Outlook {
    /// Draws the outlook.
    pub fn draw(rng: &mut Rng, quarters: &QuarterEnds) -> Self {
        let mut new_business = |segment, week| {
            let created = calendar::first_day_of(week) + 3;
            let terms = (0..DRAWS).map(|_| Terms::new_business(rng, quarters, segment, created));
            let closing: Vec<Cents> =
                terms.filter(|terms| terms.closes <= LAST_DAY).map(|terms| terms.amount).collect();
            let count = i64::try_from(closing.len()).unwrap_or(i64::MAX);
            let amount: Cents = closing.iter().copied().sum();
            Prize { closes: share(closing.len()), amount: Cents(amount.0 / count.max(1)) }
        };
        let new_business =
            Segment::ALL.map(|segment| (0..WEEKS).map(|week| new_business(segment, week)).collect()).into();
        let mut expansion = |band: Band, week| {
            let created = calendar::first_day_of(week) + 3;
            let closes = (0..DRAWS).map(|_| band.close(rng, quarters, created, history::EXPANSION_HASTE));
            share(closes.filter(|&day| day <= LAST_DAY).count())
        };
        let expansions = Band::ALL.map(|band| (0..WEEKS).map(|week| expansion(band, week)).collect()).into();
        Self { new_business, expansions }
    }

    /// The worth of new business opened in `week` by an account of `segment`.
    pub fn new_business(&self, segment: Segment, week: usize) -> Prize {
        self.new_business[segment as usize][week]
    }

    /// The worth of an expansion opened in `week` on a `contract` of `band`.
    pub fn expansion(&self, band: Band, contract: Cents, week: usize) -> Prize {
        Prize { closes: self.expansions[band as usize][week], amount: contract.times(history::EXPANSION_MEAN) }
    }
}

/// `count` of all draws.
#[expect(clippy::cast_precision_loss, reason = "a few hundred draws")]
fn share(count: usize) -> f64 {
    count as f64 / f64::from(DRAWS)
}
