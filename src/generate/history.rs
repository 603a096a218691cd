//! The life of an account: opportunities opened, won and lost, contracts renewed and expanded, money given back.

use rand::RngExt;

use super::account::Account;
use super::calendar::{self, Day, LAST_DAY, Moment, QuarterEnds, WEEKS};
use super::draw::{self, Rng};
use super::exposure::{Touch, uncampaigned};
use super::influence::{Influence, Spell};
use super::money::Cents;
use super::outlook::Outlook;
use super::segment::{Band, Terms};
use super::truth::Truth;

/// An expansion takes this part of the sales cycle of a first deal.
pub const EXPANSION_HASTE: f64 = 0.5;
/// An expansion adds on average this part of the contract: the middle of [`EXPANSION_SHARE`].
pub const EXPANSION_MEAN: f64 = 0.35;
/// The least and the most an expansion adds.
const EXPANSION_SHARE: std::ops::Range<f64> = 0.1..0.6;

/// Log-hazard per week and log-odds of winning of new business that no campaign touches.
const NEW_BUSINESS: (f64, f64) = (-5.75, -1.58);
/// The same of expansions.
const EXPANSION: (f64, f64) = (-5.3, -0.9);

/// The share of contracts renewed.
const RENEWED: f64 = 0.915;
/// The share of renewals at a lower amount.
const SHRUNK: f64 = 0.15;
/// The share of the others at a higher one.
const RAISED: f64 = 0.35;

/// Nothing is sold for less.
const LEAST: Cents = Cents::dollars(100);

/// What an opportunity is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A first contract.
    New,
    /// More of it.
    Expansion,
    /// Another year of it.
    Renewal,
}

impl Kind {
    /// The name in the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Expansion => "expansion",
            Self::Renewal => "renewal",
        }
    }
}

/// How an opportunity stands on the last day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Still open, this far along from 0 to 1.
    Open(f64),
    /// Won on a day.
    Won(Day),
    /// Lost on a day.
    Lost(Day),
}

/// A booking.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The day it was booked.
    pub closed: Day,
    /// The amount, negative for a credit.
    pub amount: Cents,
    /// The place of the line it gives back, among its opportunity's.
    pub reverses: Option<usize>,
}

/// An opportunity with its bookings.
#[derive(Debug)]
pub struct Opportunity {
    /// What it is about.
    pub kind: Kind,
    /// When it was created.
    pub created: Moment,
    /// How it stands.
    pub standing: Standing,
    /// Its amount.
    pub amount: Cents,
    /// Its size class.
    pub band: Band,
    /// Its bookings, first those of the win.
    pub lines: Vec<Line>,
    /// The first and the last day of the subscription that it won.
    pub term: Option<(Day, Day)>,
}

/// What stands still while accounts live.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The fiscal quarters.
    pub quarters: &'a QuarterEnds,
    /// What opportunities are worth.
    pub outlook: &'a Outlook,
}

/// An account's life, as far as it is told.
#[derive(Debug)]
pub struct History<'a> {
    setting: &'a Setting<'a>,
    account: &'a Account,
    influence: &'a Influence,
    /// Its opportunities in order of creation, but for expansions that overlap a renewal.
    pub opportunities: Vec<Opportunity>,
    /// What sales people did along the way.
    pub meetings: Vec<Touch<'static>>,
    /// The days of its first win and of the end of its contract or of the history.
    pub customer: Option<(Day, Day)>,
}

/// A running contract.
struct Contract {
    band: Band,
    amount: Cents,
    /// The day it ends unless renewed.
    ends: Day,
}

impl<'a> History<'a> {
    /// Lives the life of `account` under `influence`, and adds what campaigns caused to `truth`.
    pub fn live(
        rng: &mut Rng,
        setting: &'a Setting<'a>,
        account: &'a Account,
        influence: &'a Influence,
        truth: &mut Truth,
    ) -> Self {
        let mut history =
            Self { setting, account, influence, opportunities: Vec::new(), meetings: Vec::new(), customer: None };
        if let Some((won, contract)) = history.court(rng, truth) {
            let left = history.serve(rng, truth, won, contract);
            history.customer = Some((won, left.min(LAST_DAY)));
        }
        history
    }

    /// Prospecting: one opportunity after another until one is won; the contract and its first day.
    fn court(&mut self, rng: &mut Rng, truth: &mut Truth) -> Option<(Day, Contract)> {
        let (hazard, odds) = NEW_BUSINESS;
        let segment = self.account.segment;
        let mut from = calendar::week_of(self.account.entry) + 1;
        loop {
            let spell = Spell { weeks: from..WEEKS, hazard, odds };
            truth.add(self.influence, &spell, |week| self.setting.outlook.new_business(segment, week));
            let week = self.influence.open(rng, &spell)?;
            let created = moment_in(rng, week);
            let terms = Terms::new_business(rng, self.setting.quarters, segment, created.day());
            let won = self.influence.wins(rng, &spell, week);
            if self.account.sales_led {
                self.cold_calls(rng, created);
            }
            match self.settle(rng, Kind::New, created, terms, won) {
                Standing::Lost(_) => from = week + segment.facts().recycle,
                Standing::Open(_) => return None,
                Standing::Won(day) => {
                    let contract = Contract { band: terms.band, amount: terms.amount, ends: day + 365 };
                    self.run_over(day, contract.ends);
                    return (!self.give_back(rng)).then_some((day, contract));
                }
            }
        }
    }

    /// The years as a customer: expansions and a renewal in each; the day the contract ended or will end.
    fn serve(&mut self, rng: &mut Rng, truth: &mut Truth, won: Day, mut contract: Contract) -> Day {
        let mut term = won;
        while term <= LAST_DAY {
            self.expand(rng, truth, term, &mut contract);
            let created = calendar::workday(contract.ends - rng.random_range(60..=120));
            if created > LAST_DAY {
                break;
            }
            let offer = contract.amount.times(renewal_factor(rng)).price().max(LEAST);
            let closes = calendar::workday(contract.ends - rng.random_range(-3..=20));
            let terms = Terms { band: contract.band, amount: offer, closes };
            let renewed = draw::chance(rng, RENEWED);
            let created = Moment::working_hours(rng, created);
            let standing = self.settle(rng, Kind::Renewal, created, terms, renewed);
            if matches!(standing, Standing::Won(_)) {
                self.run_over(contract.ends, contract.ends + 365);
            }
            if !matches!(standing, Standing::Won(_)) || self.give_back(rng) {
                break;
            }
            term = contract.ends;
            contract = Contract { amount: offer, ends: term + 365, ..contract };
        }
        contract.ends
    }

    /// The expansions of one contract year, which begin early enough to be done before it ends.
    fn expand(&mut self, rng: &mut Rng, truth: &mut Truth, term: Day, contract: &mut Contract) {
        let (hazard, odds) = EXPANSION;
        let Contract { band, amount, ends } = *contract;
        let mut from = calendar::week_of(term + 45);
        let until = calendar::week_of(ends - 120).min(WEEKS);
        while from < until {
            let spell = Spell { weeks: from..until, hazard, odds };
            truth.add(self.influence, &spell, |week| self.setting.outlook.expansion(band, amount, week));
            let Some(week) = self.influence.open(rng, &spell) else { return };
            let created = moment_in(rng, week);
            let closes = band.close(rng, self.setting.quarters, created.day(), EXPANSION_HASTE);
            let added = amount.times(rng.random_range(EXPANSION_SHARE));
            let won = self.influence.wins(rng, &spell, week);
            let terms = Terms { band, amount: added.price().max(LEAST), closes };
            let standing = self.settle(rng, Kind::Expansion, created, terms, won);
            if let Standing::Won(day) = standing {
                self.run_over(day, ends);
            }
            if matches!(standing, Standing::Won(_)) && !self.give_back(rng) {
                contract.amount += terms.amount;
            }
            from = calendar::week_of(closes) + 4;
        }
    }

    /// The latest win is a subscription from a day until the day before another.
    fn run_over(&mut self, from: Day, until: Day) {
        if let Some(opportunity) = self.opportunities.last_mut() {
            opportunity.term = (from < until).then_some((from, until - 1));
        }
    }

    /// Records an opportunity and what sales people did for it, and says how it stands on the last day.
    fn settle(&mut self, rng: &mut Rng, kind: Kind, created: Moment, terms: Terms, won: bool) -> Standing {
        let Terms { band, amount, closes } = terms;
        let closes = closes.max(created.day() + 1);
        #[expect(clippy::cast_precision_loss, reason = "days of one history")]
        let progress = (LAST_DAY - created.day()) as f64 / (closes - created.day()) as f64;
        let standing = match (closes <= LAST_DAY, won) {
            (false, _) => Standing::Open(progress),
            (true, true) => Standing::Won(closes),
            (true, false) => Standing::Lost(closes),
        };
        for _ in 0..draw::count(rng, band.facts().meetings) {
            let day =
                calendar::workday(rng.random_range(created.day() + 1..=closes.min(LAST_DAY).max(created.day() + 1)));
            let at = Moment::working_hours(rng, day);
            if (created..=Moment::LAST).contains(&at) {
                let person = Some(self.account.person(rng));
                self.meetings.push(Touch { person, ..uncampaigned(at, "sales", "meeting", "sales") });
            }
        }
        let lines = if let Standing::Won(day) = standing { booking(rng, kind, day, amount) } else { Vec::new() };
        self.opportunities.push(Opportunity { kind, created, standing, amount, band, lines, term: None });
        standing
    }

    /// The calls by which a salesperson opened an opportunity.
    fn cold_calls(&mut self, rng: &mut Rng, created: Moment) {
        for _ in 0..rng.random_range(1..=4) {
            let day = calendar::workday(created.day() - rng.random_range(1..=40));
            let at = Moment::working_hours(rng, day);
            if day >= self.account.entry && at < created {
                let person = Some(self.account.person(rng));
                self.meetings.push(Touch { person, ..uncampaigned(at, "outbound_sdr", "call", "sales") });
            }
        }
    }

    /// Now and then, gives back part or all of the latest win; whether all of it, which ends the contract.
    fn give_back(&mut self, rng: &mut Rng) -> bool {
        const IN_FULL: f64 = 0.015;
        const IN_PART: f64 = 0.04;
        let Some(Opportunity { lines, .. }) = self.opportunities.last_mut() else { return false };
        let Some(&Line { closed, amount, .. }) = lines.first() else { return false };
        let day = calendar::workday(closed + rng.random_range(14..120));
        if draw::chance(rng, IN_FULL) && day <= LAST_DAY {
            let credit =
                |(place, line): (usize, &Line)| Line { closed: day, amount: -line.amount, reverses: Some(place) };
            let credits: Vec<Line> = lines.iter().enumerate().map(credit).collect();
            lines.extend(credits);
            return true;
        }
        if draw::chance(rng, IN_PART) {
            let first = amount.times(rng.random_range(0.05..0.5));
            let second = amount.times(rng.random_range(0.05..0.4));
            let again = calendar::workday(day + rng.random_range(10..90));
            let twice = rng.random_ratio(1, 4);
            let parts = [(day, first, true), (again, second, twice)];
            let parts = parts.into_iter().filter(|&(day, _, happens)| happens && day <= LAST_DAY);
            lines.extend(parts.map(|(closed, amount, _)| Line { closed, amount: -amount, reverses: Some(0) }));
        }
        false
    }
}

/// A moment of a working day in `week`.
fn moment_in(rng: &mut Rng, week: usize) -> Moment {
    // Weeks of the history begin on a Wednesday, so the Friday before a weekend is in the same week.
    let day = calendar::first_day_of(week) + rng.random_range(0..7);
    Moment::working_hours(rng, calendar::workday(day))
}

/// What a renewal costs relative to the contract it renews.
fn renewal_factor(rng: &mut Rng) -> f64 {
    if draw::chance(rng, SHRUNK) {
        rng.random_range(0.5..0.95)
    } else if draw::chance(rng, RAISED) {
        1.05
    } else {
        1.0
    }
}

/// The lines a win is booked in: a quarter of first contracts book onboarding on a line of its own.
fn booking(rng: &mut Rng, kind: Kind, closed: Day, amount: Cents) -> Vec<Line> {
    let services = if kind == Kind::New && rng.random_ratio(1, 4) { amount.times(0.12).price() } else { Cents(0) };
    let lines = [amount - services, services].into_iter().filter(|amount| *amount > Cents(0));
    lines.map(|amount| Line { closed, amount, reverses: None }).collect()
}
