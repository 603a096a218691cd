//! Kept: the journeys that were credited, so that a replicate of the bootstrap can credit them under other models.

use super::super::totals::CreditKey;
use crate::config::file::DealKind;
use crate::engine::dense::narrow;
use crate::scatter::touch::Touch;
use closedloop_core::journey::Anchors;
use std::ops::Range;

/// Credited journeys, by account.
#[derive(Debug, Default, Clone)]
pub struct KeptJourneys {
    pub(super) journeys: Vec<KeptJourney>,
    pub(super) touches: Vec<Touch>,
    /// The quarter of each touch.
    quarters: Vec<u32>,
    pub(super) postings: Vec<Posting>,
}

/// A credited journey.
#[derive(Debug, Clone)]
pub(super) struct KeptJourney {
    pub(super) account: u32,
    pub(super) converted_at: i64,
    pub(super) anchors: Anchors,
    pub(super) touches: Range<usize>,
    pub(super) postings: Range<usize>,
}

/// A deal or a credit that is shared out over a journey's touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    close_quarter: u32,
    pub(super) kind: DealKind,
    /// Minor units.
    pub(super) amount: i64,
}

impl KeptJourneys {
    /// Adds a journey by its eligible touches and their quarters.
    pub(in crate::pipeline) fn push<'t>(
        &mut self,
        account: usize,
        converted_at: i64,
        anchors: Anchors,
        touches: impl Iterator<Item = &'t Touch>,
        quarters: &[u32],
    ) {
        let start = self.touches.len();
        self.touches.extend(touches);
        self.quarters.extend(quarters);
        let postings = self.postings.len()..self.postings.len();
        let account = narrow(account);
        let touches = start..self.touches.len();
        self.journeys.push(KeptJourney { account, converted_at, anchors, touches, postings });
    }

    /// Adds a deal or a credit to the last journey.
    pub(in crate::pipeline) fn post(&mut self, close_quarter: u32, kind: DealKind, amount: i64) {
        self.postings.push(Posting { close_quarter, kind, amount });
        if let Some(journey) = self.journeys.last_mut() {
            journey.postings.end = self.postings.len();
        }
    }

    /// Adds the journeys of later accounts.
    pub(in crate::pipeline) fn extend(&mut self, later: &Self) {
        let (touches, postings) = (self.touches.len(), self.postings.len());
        let moved = |range: &Range<usize>, by: usize| range.start + by..range.end + by;
        self.journeys.extend(later.journeys.iter().map(|journey| KeptJourney {
            touches: moved(&journey.touches, touches),
            postings: moved(&journey.postings, postings),
            ..journey.clone()
        }));
        self.touches.extend(&later.touches);
        self.quarters.extend(&later.quarters);
        self.postings.extend(&later.postings);
    }

    /// Where a posting credits each touch of its journey.
    pub(super) fn keys(&self, journey: &KeptJourney, posting: Posting) -> impl Iterator<Item = CreditKey> {
        let touches = &self.touches[journey.touches.clone()];
        touches.iter().zip(&self.quarters[journey.touches.clone()]).map(move |(touch, &touch_quarter)| CreditKey {
            close_quarter: posting.close_quarter,
            touch_quarter,
            line: touch.line,
            kind: posting.kind,
        })
    }
}
