//! Cause and effect: how touches hasten opportunities, and what would happen without one campaign.
//!
//! Each week in which an account may open an opportunity it does so with a hazard of
//! `exp(base + intent + pull)`, where the pull is the sum of the effects of the campaigns' answered touches of the last
//! twelve weeks, up to a ceiling. Half of the pull also goes into the odds of winning. Nothing else that touches do
//! matters, so the share of a campaign can be computed rather than estimated: the expected wins of the same weeks with
//! the campaign's touches taken out.

use std::ops::Range;

use super::account::Account;
use super::calendar::{self, WEEKS};
use super::draw::{self, Rng};
use super::exposure::Touch;
use super::market::Campaign;
use super::money::Cents;

/// Weeks during which a touch is remembered.
const MEMORY: usize = 12;
/// The strongest pull marketing can have.
const CEILING: f64 = 2.0;
/// The log-hazard of being in the market.
const INTENT: f64 = 1.7;
/// The part of the pull that goes into the odds of winning.
const WARMTH: f64 = 0.5;

/// A stretch of weeks in which an account may open one opportunity.
#[derive(Clone, Debug)]
pub struct Spell {
    /// The weeks.
    pub weeks: Range<usize>,
    /// The log-hazard per week of an account out of the market that no campaign touches.
    pub hazard: f64,
    /// The log-odds that such an opportunity is won.
    pub odds: f64,
}

/// What a won opportunity is worth that was opened in some week.
#[derive(Clone, Copy, Debug)]
pub struct Prize {
    /// The chance that it closes within the history.
    pub closes: f64,
    /// Its expected amount.
    pub amount: Cents,
}

/// The expected wins of a spell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// How many.
    pub deals: f64,
    /// What they are worth.
    pub amount: Cents,
}

/// What moves an account, week by week.
#[derive(Debug)]
pub struct Influence {
    /// Whether it is in the market.
    in_market: Vec<bool>,
    /// The campaigns that have an effect on it.
    campaigns: Vec<Memory>,
    /// The sum of their effects.
    total: Vec<f64>,
}

/// What an account remembers of one campaign.
#[derive(Debug)]
struct Memory {
    /// Its number.
    campaign: usize,
    /// The log-hazard each touch adds.
    effect: f64,
    /// The touches remembered in each week.
    touches: Vec<f64>,
}

impl Influence {
    /// The influence of `touches` on `account`.
    pub fn new(account: &Account, touches: &[Touch<'_>], campaigns: &[Campaign]) -> Self {
        let mut memories: Vec<Memory> = Vec::new();
        let mut total = vec![0.0; WEEKS];
        for touch in touches.iter().filter(|touch| touch.answered()) {
            let Some(campaign) = touch.campaign else { continue };
            let effect = campaigns[campaign].effect;
            if effect == 0.0 {
                continue;
            }
            let known = memories.iter().position(|memory| memory.campaign == campaign);
            let known = known.unwrap_or_else(|| {
                memories.push(Memory { campaign, effect, touches: vec![0.0; WEEKS] });
                memories.len() - 1
            });
            // From the next week on: an opportunity never depends on what comes after it in its own week.
            let first = (calendar::week_of(touch.at.day()) + 1).min(WEEKS);
            let weeks = first..(first + MEMORY).min(WEEKS);
            for (touches, total) in memories[known].touches[weeks.clone()].iter_mut().zip(&mut total[weeks]) {
                *touches += 1.0;
                *total += effect;
            }
        }
        let in_market = (0..WEEKS).map(|week| account.is_in_market(calendar::first_day_of(week))).collect();
        Self { in_market, campaigns: memories, total }
    }

    /// The campaigns that have an effect, each with its place here.
    pub fn campaigns(&self) -> impl Iterator<Item = (usize, usize)> {
        self.campaigns.iter().enumerate().map(|(place, memory)| (place, memory.campaign))
    }

    /// The pull of all campaigns in `week`, or of all but the one at `without`.
    fn pull(&self, week: usize, without: Option<usize>) -> f64 {
        let absent = without.map_or(0.0, |place| {
            let memory = &self.campaigns[place];
            memory.effect * memory.touches[week]
        });
        (self.total[week] - absent).min(CEILING)
    }

    /// The chance that an opportunity opens in `week` of `spell`, given that none has yet.
    fn opening(&self, spell: &Spell, week: usize, pull: f64) -> f64 {
        let intent = if self.in_market[week] { INTENT } else { 0.0 };
        -f64::exp_m1(-f64::exp(spell.hazard + intent + pull))
    }

    /// The week of `spell` in which an opportunity opens, if one does.
    pub fn open(&self, rng: &mut Rng, spell: &Spell) -> Option<usize> {
        spell.weeks.clone().find(|&week| draw::chance(rng, self.opening(spell, week, self.pull(week, None))))
    }

    /// Whether an opportunity that opened in `week` of `spell` will be won.
    pub fn wins(&self, rng: &mut Rng, spell: &Spell, week: usize) -> bool {
        draw::chance(rng, win_chance(spell, self.pull(week, None)))
    }

    /// The wins to be expected of `spell`, of all campaigns or of all but the one at `without`.
    pub fn expected(&self, spell: &Spell, without: Option<usize>, prize: impl Fn(usize) -> Prize) -> Expected {
        let mut expected = Expected::default();
        let mut still_closed = 1.0;
        for week in spell.weeks.clone() {
            let pull = self.pull(week, without);
            let opening = self.opening(spell, week, pull);
            let prize = prize(week);
            let deals = still_closed * opening * win_chance(spell, pull) * prize.closes;
            expected.deals += deals;
            expected.amount += prize.amount.times(deals);
            still_closed *= 1.0 - opening;
        }
        expected
    }
}

/// The chance that an opportunity opened under `pull` is won.
fn win_chance(spell: &Spell, pull: f64) -> f64 {
    1.0 / (1.0 + f64::exp(-(spell.odds + WARMTH * pull)))
}

#[cfg(test)]
mod tests {
    use super::super::draw::Stream;
    use super::*;

    /// A made-up account: in the market in the second half, touched by two campaigns.
    fn influence() -> Influence {
        let mut touches = vec![0.0; WEEKS];
        touches[10..40].fill(2.0);
        let memory = |campaign, effect| Memory { campaign, effect, touches: touches.clone() };
        let campaigns = vec![memory(3, 0.4), memory(5, 0.2)];
        let total = touches.iter().map(|touches| touches * 0.6).collect();
        Influence { in_market: (0..WEEKS).map(|week| week > WEEKS / 2).collect(), campaigns, total }
    }

    #[test]
    fn expectation_and_simulation_agree() {
        const LIVES: u32 = 40_000;
        let influence = influence();
        let spell = Spell { weeks: 0..WEEKS, hazard: -6.5, odds: -1.0 };
        let mut rng = Stream::Account(0).open(5);
        let mut wins = 0;
        for _ in 0..LIVES {
            let opened = influence.open(&mut rng, &spell);
            wins += u32::from(opened.is_some_and(|week| influence.wins(&mut rng, &spell, week)));
        }
        let prize = |_| Prize { closes: 1.0, amount: Cents::dollars(100) };
        let expected = influence.expected(&spell, None, prize);
        let simulated = f64::from(wins) / f64::from(LIVES);
        // Five standard errors.
        assert!(
            (simulated - expected.deals).abs() < 5.0 * (0.25 / f64::from(LIVES)).sqrt(),
            "{simulated} {expected:?}"
        );
        assert!((expected.amount.0 - Cents::dollars(100).times(expected.deals).0).abs() < 100);
    }

    #[test]
    fn a_stronger_campaign_causes_more() {
        let influence = influence();
        let spell = Spell { weeks: 0..WEEKS, hazard: -6.5, odds: -1.0 };
        let prize = |_| Prize { closes: 1.0, amount: Cents::dollars(100) };
        let deals = |without| influence.expected(&spell, without, prize).deals;
        assert!(deals(Some(0)) < deals(Some(1)) && deals(Some(1)) < deals(None));
    }
}
