//! From a partition's scattered touches to each account's touches in order, repeats dropped.

use super::collapse::CollapseRule;
use super::conversions::{Conversion, Conversions};
use super::lines::Lines;
use super::partition::Scattered;
use super::touch::{Touch, TouchIds};
use std::ops::Range;

/// A partition's touches, account by account, each in order of `(at, id)`.
#[derive(Debug, Default)]
pub struct Grouped {
    touches: Vec<Touch>,
    /// Where each account's touches start and end; behind the end lie those that were dropped.
    bounds: Vec<Range<usize>>,
    /// Touches dropped because their identifier was repeated within the account.
    pub repeated: Vec<Touch>,
    /// How many touches were collapsed into an earlier one.
    pub collapsed: u64,
}

impl Grouped {
    /// Groups a partition by counting sort and orders each account's run.
    pub fn group(
        scattered: &Scattered,
        partition: usize,
        conversions: &Conversions,
        lines: &Lines,
        collapse: Option<&CollapseRule>,
    ) -> Self {
        let accounts = scattered.accounts(partition);
        let mut grouped = counting_sort(scattered.pieces(partition), accounts.start, accounts.len());
        let mut scratch = Vec::new();
        for account in 0..accounts.len() {
            let run = &mut grouped.touches[grouped.bounds[account].clone()];
            order(run, &scattered.ids);
            if has_repeats(run, &scattered.ids, &mut scratch) {
                grouped.drop_repeats(account, conversions.of_account(accounts.start + account), &scattered.ids, lines);
            }
            if let Some(rule) = collapse {
                grouped.collapse(account, rule);
            }
        }
        grouped
    }

    /// The touches of the `account`-th account of the partition.
    pub fn of_account(&self, account: usize) -> &[Touch] {
        &self.touches[self.bounds[account].clone()]
    }

    /// Keeps, of touches with one identifier, the greatest in column order, so that input order does not matter. A touch
    /// outside every window is out of scope before it is a repeat.
    fn drop_repeats(&mut self, account: usize, conversions: &[Conversion], ids: &TouchIds, lines: &Lines) {
        let bounds = &mut self.bounds[account];
        let run = &mut self.touches[bounds.clone()];
        run.sort_unstable_by(|a, b| {
            // No contact is the least, as null is in other tables.
            let columns = |touch: &Touch| (touch.at, touch.contact.wrapping_add(1));
            ids.compare(a.id, b.id)
                .then_with(|| columns(b).cmp(&columns(a)))
                .then_with(|| lines.line(b.line).cmp(lines.line(a.line)))
                .then_with(|| b.eligible.cmp(&a.eligible))
        });
        let mut kept: Vec<Touch> = Vec::with_capacity(run.len());
        for &touch in run.iter().filter(|touch| conversions.iter().any(|conversion| conversion.spans(touch.at))) {
            match kept.last() {
                Some(last) if ids.compare(last.id, touch.id).is_eq() => self.repeated.push(touch),
                _ => kept.push(touch),
            }
        }
        order(&mut kept, ids);
        self.shorten(account, &kept);
    }

    fn collapse(&mut self, account: usize, rule: &CollapseRule) {
        let run = self.of_account(account);
        let keep = rule.keep(run);
        let kept: Vec<Touch> = run.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(touch, _)| *touch).collect();
        self.collapsed += (run.len() - kept.len()) as u64;
        self.shorten(account, &kept);
    }

    /// Gives an account fewer touches than it had.
    fn shorten(&mut self, account: usize, kept: &[Touch]) {
        let bounds = &mut self.bounds[account];
        bounds.end = bounds.start + kept.len();
        self.touches[bounds.clone()].copy_from_slice(kept);
    }
}

/// Places every touch behind those of earlier accounts; `first` is the partition's first account.
fn counting_sort(pieces: &[Vec<Touch>], first: usize, accounts: usize) -> Grouped {
    let mut starts = vec![0; accounts + 1];
    for touch in pieces.iter().flatten() {
        starts[touch.account as usize - first + 1] += 1;
    }
    for account in 0..accounts {
        starts[account + 1] += starts[account];
    }
    let blank = Touch { at: 0, id: 0, account: 0, line: 0, contact: 0, eligible: false, touch_type: 0 };
    let mut touches = vec![blank; starts[accounts]];
    let mut next = starts.clone();
    for &touch in pieces.iter().flatten() {
        let slot = &mut next[touch.account as usize - first];
        touches[*slot] = touch;
        *slot += 1;
    }
    let bounds = starts.windows(2).map(|bounds| bounds[0]..bounds[1]).collect();
    Grouped { touches, bounds, repeated: Vec::new(), collapsed: 0 }
}

fn order(run: &mut [Touch], ids: &TouchIds) {
    run.sort_unstable_by(|a, b| a.at.cmp(&b.at).then_with(|| ids.compare(a.id, b.id)));
}

/// Whether two touches of a run share an identifier.
fn has_repeats(run: &[Touch], ids: &TouchIds, scratch: &mut Vec<u64>) -> bool {
    if run.len() < 2 {
        return false;
    }
    scratch.clear();
    scratch.extend(run.iter().map(|touch| touch.id));
    scratch.sort_unstable_by(|&a, &b| ids.compare(a, b));
    scratch.windows(2).any(|pair| ids.compare(pair[0], pair[1]).is_eq())
}
