//! From a partition's scattered touches to each account's touches in order, repeats dropped.

use super::conversions::Conversions;
use super::lines::Lines;
use super::pieces::Pieces;
use super::touch::{NO_CONTACT, ScatteredTouch, Touch, TouchIds};
use super::types::TypeCodes;
use crate::engine::dense::narrow;
use std::ops::Range;

/// A partition's touches, account by account, each in order of `(at, id)`.
#[derive(Debug, Default)]
pub struct Grouped {
    touches: Vec<Touch>,
    /// Where each account's touches start and end; behind the end lie those that were dropped.
    bounds: Vec<Range<usize>>,
    /// When the first touch of each account happened, wanted or dropped or not; [`i64::MAX`] where it has none.
    earliest: Vec<i64>,
    /// The identifiers of the touches.
    pub ids: TouchIds,
    /// Touches dropped because their identifier was repeated within the account, with its dense number.
    pub repeated: Vec<(u32, Touch)>,
}

/// How touches are grouped: what tells repeats apart.
#[derive(Debug)]
pub struct Grouping<'a> {
    conversions: &'a Conversions,
    lines: &'a Lines,
    type_ranks: Vec<u16>,
}

impl<'a> Grouping<'a> {
    /// For touches whose types got these codes.
    pub fn new(conversions: &'a Conversions, lines: &'a Lines, types: &TypeCodes) -> Self {
        Self { conversions, lines, type_ranks: types.ranks() }
    }

    /// Groups the pieces of a partition by counting sort and orders each account's run. `accounts` are the partition's.
    pub fn group(&self, pieces: &Pieces, ids: TouchIds, accounts: Range<usize>, beyond: Beyond) -> Grouped {
        let conversions = self.conversions;
        let counted = match &conversions.subjects {
            Some(subjects) if beyond == Beyond::Dropped => {
                let windows = &subjects.converting[accounts.clone()];
                let is_in = |touch: &ScatteredTouch| {
                    let (start, end) = windows[usize::from(touch.slot)];
                    start <= touch.at && touch.at <= end
                };
                counting_sort(pieces, &ids, accounts.len(), is_in)
            }
            // Without subjects nothing else was scattered.
            _ => counting_sort(pieces, &ids, accounts.len(), |_| true),
        };
        let Counted { touches, bounds, earliest } = counted;
        let mut grouped = Grouped { touches, bounds, earliest, ids, ..Grouped::default() };
        let mut repeats = RepeatSearch::default();
        for account in 0..accounts.len() {
            let run = &mut grouped.touches[grouped.bounds[account].clone()];
            order(run, &grouped.ids);
            if repeats.found_in(run, &grouped.ids) {
                grouped.drop_repeats(account, accounts.start, self, beyond);
            }
        }
        grouped
    }
}

impl Grouped {
    /// How many touches there are, with those that were dropped.
    pub fn count(&self) -> usize {
        self.touches.len()
    }

    /// When the first touch of the `account`-th account happened, of all that wait in the partition.
    pub fn earliest(&self, account: usize) -> i64 {
        self.earliest[account]
    }

    /// The touches of the `account`-th account of the partition.
    pub fn of_account(&self, account: usize) -> &[Touch] {
        &self.touches[self.bounds[account].clone()]
    }

    /// Keeps, of touches with one identifier, the greatest in column order, so that input order does not matter. A touch
    /// outside every window is out of scope before it is a repeat; where it is kept, it yields to one inside.
    /// `account` is the account's position in the partition, whose first account is `start`.
    fn drop_repeats(&mut self, account: usize, start: usize, grouping: &Grouping<'_>, beyond: Beyond) {
        let conversions = grouping.conversions.of_account(start + account);
        let spanned = |touch: &Touch| conversions.iter().any(|conversion| conversion.spans(touch.at));
        let line = |touch: &Touch| grouping.lines.line(touch.line);
        let type_rank = |touch: &Touch| grouping.type_ranks.get(usize::from(touch.touch_type)).copied();
        let ids = &self.ids;
        let bounds = &mut self.bounds[account];
        let run = &mut self.touches[bounds.clone()];
        run.sort_unstable_by(|a, b| {
            // No contact is the least, as null is in other tables.
            let columns = |touch: &Touch| (touch.at, touch.contact.wrapping_add(1));
            ids.compare(a.id, b.id)
                .then_with(|| spanned(b).cmp(&spanned(a)))
                .then_with(|| columns(b).cmp(&columns(a)))
                .then_with(|| line(b).cmp(line(a)))
                .then_with(|| type_rank(b).cmp(&type_rank(a)))
                .then_with(|| (b.eligible, b.of_sales).cmp(&(a.eligible, a.of_sales)))
        });
        let mut kept: Vec<Touch> = Vec::with_capacity(run.len());
        for &touch in run.iter() {
            let is_spanned = spanned(&touch);
            match kept.last() {
                _ if !is_spanned && beyond == Beyond::Dropped => {}
                Some(last) if ids.compare(last.id, touch.id).is_eq() => {
                    if is_spanned {
                        self.repeated.push((narrow(start + account), touch));
                    }
                }
                _ => kept.push(touch),
            }
        }
        order(&mut kept, ids);
        bounds.end = bounds.start + kept.len();
        self.touches[bounds.clone()].copy_from_slice(&kept);
    }
}

/// What becomes of touches outside the windows of conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// They are dropped: credit is given for conversions only.
    Dropped,
    /// They stay, for journeys that did not convert.
    Kept,
}

/// The touches by account, and where those of each account stand.
struct Counted {
    touches: Vec<Touch>,
    bounds: Vec<Range<usize>>,
    earliest: Vec<i64>,
}

/// The touches wanted by account, and where those of each of the `accounts` accounts stand.
fn counting_sort(
    pieces: &Pieces,
    ids: &TouchIds,
    accounts: usize,
    is_wanted: impl Fn(&ScatteredTouch) -> bool,
) -> Counted {
    let mut starts = vec![0; accounts + 1];
    let mut earliest = vec![i64::MAX; accounts];
    for touch in pieces.iter().flat_map(|(_, piece)| piece.touches()) {
        let slot = usize::from(touch.slot);
        earliest[slot] = earliest[slot].min(touch.at);
        starts[slot + 1] += usize::from(is_wanted(&touch));
    }
    for account in 0..accounts {
        starts[account + 1] += starts[account];
    }
    let blank = Touch { at: 0, id: 0, line: 0, contact: 0, eligible: false, of_sales: false, touch_type: 0 };
    let mut touches = vec![blank; starts[accounts]];
    let mut next = starts.clone();
    for (number, piece) in pieces.iter() {
        let (tag, mut contacts) = (ids.tag(number), piece.contacts());
        for touch in piece.touches() {
            let contact = contacts.next().unwrap_or(NO_CONTACT);
            if is_wanted(&touch) {
                let slot = &mut next[usize::from(touch.slot)];
                touches[*slot] = touch.gather(tag, contact);
                *slot += 1;
            }
        }
    }
    Counted { touches, bounds: starts.windows(2).map(|bounds| bounds[0]..bounds[1]).collect(), earliest }
}

fn order(run: &mut [Touch], ids: &TouchIds) {
    match ids {
        TouchIds::Int => run.sort_unstable_by_key(|touch| (touch.at, touch.id.cast_signed())),
        TouchIds::Text(_) => run.sort_unstable_by(|a, b| a.at.cmp(&b.at).then_with(|| ids.compare(a.id, b.id))),
    }
}

/// Looks for touches of a run that share an identifier.
#[derive(Default)]
struct RepeatSearch {
    sorted: Vec<u64>,
}

/// Runs up to this length are searched with a bitmap of hashes first, which nearly always says that all differ.
const BITMAP_RUN: usize = 64;

impl RepeatSearch {
    fn found_in(&mut self, run: &[Touch], ids: &TouchIds) -> bool {
        if run.len() < 2 || (run.len() <= BITMAP_RUN && all_bits_differ(run.iter().map(|touch| ids.hash(touch.id)))) {
            return false;
        }
        self.sorted.clear();
        self.sorted.extend(run.iter().map(|touch| touch.id));
        self.sorted.sort_unstable_by(|&a, &b| ids.compare(a, b));
        self.sorted.windows(2).any(|pair| ids.compare(pair[0], pair[1]).is_eq())
    }
}

/// Whether hashes show that no two of what was hashed are the same, by their eleven highest bits.
fn all_bits_differ(mut hashes: impl Iterator<Item = u64>) -> bool {
    let mut bitmap = [0_u64; 32];
    hashes.all(|hash| {
        let hash = hash >> 53;
        let (word, bit) = (&mut bitmap[usize::try_from(hash >> 6).unwrap_or_default()], 1 << (hash & 63));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    })
}
