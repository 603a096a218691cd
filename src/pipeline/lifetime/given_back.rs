//! What is left of an account's deals: credits are taken off their originals, all else off the latest deals.

use closedloop_core::lifetime::Term;
use std::collections::BTreeSet;

/// A deal and what was given back of it.
#[derive(Debug)]
pub(super) struct ReducedDeal {
    /// Its row in the deals table.
    pub(super) deal: u32,
    /// The day it was booked.
    pub(super) day: i32,
    /// First and last day of the term.
    pub(super) term: Option<(i32, i32)>,
    /// Minor units, as booked.
    amount: i64,
    /// What was given back of it, in order of day.
    given_back: Vec<Step>,
}

/// The booking of a deal or a change of it, in minor units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) day: i32,
    pub(super) revenue: i64,
    /// What is left of the deal from then on; never negative.
    pub(super) left: i64,
}

/// Something given back, in minor units below zero; above, it was given after all.
#[derive(Debug)]
pub(super) struct GivenBack {
    pub(super) day: i32,
    pub(super) amount: i64,
    /// The position of the deal that it reverses.
    pub(super) of: Option<usize>,
}

impl ReducedDeal {
    /// A deal of which nothing was given back yet.
    pub(super) fn new(deal: u32, day: i32, amount: i64, term: Option<(i32, i32)>) -> Self {
        Self { deal, day, term, amount, given_back: Vec::new() }
    }

    /// The deal, then what was given back of it, in order of day.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        let booked = Step { day: self.day, revenue: self.amount, left: self.amount };
        std::iter::once(booked).chain(self.given_back.iter().copied())
    }

    /// What is left after all that was given back.
    pub(super) fn left(&self) -> i64 {
        self.given_back.last().map_or(self.amount, |step| step.left)
    }

    /// What is left by the end of a day, if the deal then stands: one taken back in full did not happen, one of nothing did.
    pub(super) fn standing(&self, seen: i32) -> Option<i64> {
        let Step { left, .. } = self.steps().take_while(|step| step.day <= seen).last()?;
        (left > 0 || self.amount == 0).then_some(left)
    }

    /// Its term by the end of a day, if it then stands; `margin` is what is left of so much revenue.
    pub(super) fn term(&self, seen: i32, margin: impl Fn(i64) -> i64) -> Option<Term> {
        let (first, last) = self.term?;
        Some(Term { first, last, amount: margin(self.standing(seen)?) })
    }

    /// Takes as much of an amount as there is, and returns the rest.
    fn take(&mut self, day: i32, amount: i64) -> i64 {
        let left = self.left();
        let taken = amount.max(-left);
        if taken != 0 {
            self.given_back.push(Step { day, revenue: taken, left: left + taken });
        }
        amount - taken
    }
}

/// Takes what was given back off the deals of an account, which are in order of day: what reverses a deal off that deal; what goes
/// beyond it, or reverses none, off the latest deals of its day or before. Returns what no deal could give, by day.
pub(super) fn settle(deals: &mut [ReducedDeal], mut given_back: Vec<GivenBack>) -> Vec<(i32, i64)> {
    for given in &mut given_back {
        // Nothing can be given back of what is not booked yet.
        given.day = given.day.max(given.of.map_or(i32::MIN, |deal| deals[deal].day));
    }
    given_back.sort_by_key(|given| (given.day, given.of.is_none()));
    let (mut with_money, mut booked) = (BTreeSet::new(), 0);
    let mut beyond = Vec::new();
    for GivenBack { day, amount, of } in given_back {
        while deals.get(booked).is_some_and(|deal| deal.day <= day) {
            with_money.insert(booked);
            booked += 1;
        }
        let mut rest = amount;
        if let Some(deal) = of {
            rest = deals[deal].take(day, rest);
            with_money.insert(deal);
        }
        while let (true, Some(&latest)) = (rest < 0, with_money.last()) {
            rest = deals[latest].take(day, rest);
            if rest < 0 {
                with_money.remove(&latest);
            }
        }
        if rest != 0 {
            beyond.push((day, rest));
        }
    }
    beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left from which day on.
    type Told = Vec<(i32, i64)>;

    fn settled(deals: &[(i32, i64)], given_back: &[(i32, i64, Option<usize>)]) -> (Vec<Told>, Told) {
        let mut deals: Vec<ReducedDeal> =
            (0..).zip(deals).map(|(row, &(day, amount))| ReducedDeal::new(row, day, amount, None)).collect();
        let given_back = given_back.iter().map(|&(day, amount, of)| GivenBack { day, amount, of });
        let beyond = settle(&mut deals, given_back.collect());
        let steps = |deal: &ReducedDeal| deal.steps().map(|step| (step.day, step.left)).collect();
        (deals.iter().map(steps).collect(), beyond)
    }

    #[test]
    fn what_reverses_nothing_is_taken_off_the_latest_deals_before_it() {
        let deals = [(1, 100), (5, 50), (9, 70)];
        let (steps, beyond) = settled(&deals, &[(6, -60, None), (9, -30, None)]);
        assert_eq!(steps, [vec![(1, 100), (6, 90)], vec![(5, 50), (6, 0)], vec![(9, 70), (9, 40)]]);
        assert_eq!(beyond, []);
    }

    #[test]
    fn what_goes_beyond_a_deal_is_taken_off_others_and_what_goes_beyond_all_is_told() {
        let (steps, beyond) = settled(&[(1, 100), (5, 50)], &[(6, -70, Some(1)), (7, -90, None)]);
        assert_eq!(steps, [vec![(1, 100), (6, 80), (7, 0)], vec![(5, 50), (6, 0)]]);
        assert_eq!(beyond, [(7, -10)]);
    }

    #[test]
    fn of_what_was_given_back_twice_the_reversal_counts_first() {
        // On one day: the deal takes its own credit, and the other goes to the deal before.
        let (steps, _) = settled(&[(1, 100), (5, 50)], &[(6, -20, None), (6, -50, Some(1))]);
        assert_eq!(steps, [vec![(1, 100), (6, 80)], vec![(5, 50), (6, 0)]]);
    }

    #[test]
    fn a_deal_is_what_was_known_on_a_day_and_one_of_nothing_stands() {
        let mut deals = [ReducedDeal::new(0, 3, 100, None), ReducedDeal::new(1, 4, 0, None)];
        let all = vec![GivenBack { day: 2, amount: -40, of: Some(0) }, GivenBack { day: 8, amount: -60, of: Some(1) }];
        assert_eq!(settle(&mut deals, all), []);
        assert_eq!([2, 3, 7, 8].map(|day| deals[0].standing(day)), [None, Some(60), Some(60), None]);
        assert_eq!([3, 8].map(|day| deals[1].standing(day)), [None, Some(0)]);
    }

    #[test]
    fn what_is_given_after_all_can_be_taken_again() {
        let (steps, beyond) =
            settled(&[(1, 100)], &[(2, -100, Some(0)), (3, 100, Some(0)), (4, -100, None), (5, 7, None)]);
        assert_eq!(steps, [vec![(1, 100), (2, 0), (3, 100), (4, 0)]]);
        assert_eq!(beyond, [(5, 7)]);
    }
}
