//! The truth the simulation knows and real data never tell: what each campaign really caused.

use super::exposure::Touch;
use super::influence::{Influence, Prize, Spell};
use super::money::Cents;

/// What one campaign caused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caused {
    /// Its answered touches.
    pub touches: u64,
    /// Deals won within the history that would not have been won without it, in expectation.
    pub deals: f64,
    /// What those are worth.
    pub amount: Cents,
}

/// What each campaign caused, by number.
///
/// Counted spell by spell, each as the account came to live it: how many wins fewer the same weeks would have brought
/// without the campaign's touches. What follows from a win, such as its renewals, is left out, and refunds are not
/// deducted. Campaigns work together, so what each of them caused need not add up to what all of them did.
#[derive(Debug)]
pub struct Truth(pub Vec<Caused>);

impl Truth {
    /// The truth about so many campaigns before anything happens.
    pub fn new(campaigns: usize) -> Self {
        Self(vec![Caused::default(); campaigns])
    }

    /// Counts the answered touches among `touches`.
    pub fn count(&mut self, touches: &[Touch<'_>]) {
        for touch in touches.iter().filter(|touch| touch.answered()) {
            if let Some(campaign) = touch.campaign {
                self.0[campaign].touches += 1;
            }
        }
    }

    /// Adds what each campaign caused in `spell`.
    pub fn add(&mut self, influence: &Influence, spell: &Spell, prize: impl Fn(usize) -> Prize) {
        let with = influence.expected(spell, None, &prize);
        for (place, campaign) in influence.campaigns() {
            let without = influence.expected(spell, Some(place), &prize);
            self.0[campaign].deals += with.deals - without.deals;
            self.0[campaign].amount += with.amount - without.amount;
        }
    }
}
