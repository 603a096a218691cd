//! Deals with a term as a contract: how often it was renewed, whether it lapsed, what a term of it earns.

use crate::statistics::money;

/// A deal with a term, both days included, days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    /// First day.
    pub first: i32,
    /// Last day.
    pub last: i32,
    /// What it earns over the term, in minor units.
    pub amount: i64,
}

/// Renewals are signed a little early or late: a term that starts up to so many days before the end of the one before
/// renews it, and a contract has lapsed when nothing follows within so many days.
pub const GRACE_DAYS: i32 = 31;

/// One customer's contract.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contract {
    /// Renewals so far, those booked ahead included.
    pub renewals: u32,
    /// Renewals so far whose loss would have been seen by now: what a fit may count. A renewal is known when it is booked, a
    /// loss only [`GRACE_DAYS`] after the end, so that to count what was booked ahead would count the faithful alone.
    pub settled: u32,
    /// Last day under contract.
    pub last: i32,
    /// Length of the latest term, in days.
    pub days: i32,
    /// What the latest term earns with what was added to it, as booked, in minor units.
    pub value: f64,
    /// Whether the contract ended without renewal, seen at the end of the observation.
    pub lapsed: bool,
}

impl Contract {
    /// The contract that some terms make up, seen at the end of day `until`; `None` without a term.
    ///
    /// A term that starts within the one before, by more than [`GRACE_DAYS`] before its end, adds to it: an expansion.
    pub fn of(terms: &mut [Term], until: i32) -> Option<Self> {
        terms.sort_unstable();
        let (&Term { first, last, amount }, later) = terms.split_first()?;
        let mut start = first;
        let (days, value) = (length(first, last), money(amount.into()));
        let mut contract = Self { renewals: 0, settled: 0, last, days, value, lapsed: false };
        let is_over = |last: i32| last.saturating_add(GRACE_DAYS) < until;
        for term in later {
            if term.first > start && term.first >= contract.last.saturating_sub(GRACE_DAYS) {
                contract.renewals += 1;
                contract.settled += u32::from(is_over(contract.last));
                (start, contract.days, contract.value) =
                    (term.first, length(term.first, term.last), money(term.amount.into()));
            } else {
                contract.value += money(term.amount.into());
            }
            contract.last = contract.last.max(term.last);
        }
        contract.lapsed = is_over(contract.last);
        Some(contract)
    }
}

fn length(first: i32, last: i32) -> i32 {
    last.saturating_sub(first).saturating_add(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(first: i32, last: i32, amount: i64) -> Term {
        Term { first, last, amount }
    }

    #[test]
    fn a_term_that_follows_renews_and_one_within_adds_its_amount() {
        // Two years, the second signed 20 days early, with half a year of 50 added in the second.
        let mut terms = [term(0, 364, 100), term(345, 729, 120), term(547, 729, 50)];
        let contract = Contract::of(&mut terms, 700).unwrap();
        assert_eq!((contract.renewals, contract.last, contract.days, contract.lapsed), (1, 729, 385, false));
        assert!((contract.value - 170.0).abs() < 1e-9);
    }

    #[test]
    fn a_renewal_is_settled_once_its_loss_would_have_been_seen() {
        let mut terms = [term(0, 364, 100), term(365, 729, 100), term(730, 1_094, 100)];
        let mut settled = |until| Contract::of(&mut terms, until).unwrap().settled;
        assert_eq!([300, 395, 396, 760, 761, 2_000].map(&mut settled), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_contract_lapses_when_nothing_follows_within_a_month() {
        let lapsed = |until| Contract::of(&mut [term(0, 364, 100)], until).unwrap().lapsed;
        assert_eq!((lapsed(365), lapsed(395), lapsed(396)), (false, false, true));
        assert_eq!(Contract::of(&mut [], 0), None);
    }
}
