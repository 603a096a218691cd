//! Marketing as an account meets it: the touches that come about whatever the account does.
//!
//! They are all drawn before the account's history, so that "the same world without this campaign" is well defined:
//! the same touches less the campaign's own.

use rand::RngExt;
use rand::seq::index;

use super::account::Account;
use super::calendar::{self, Day, LAST_DAY, Moment};
use super::draw::{self, Rng};
use super::market::{Cadence, Campaign};

/// A touchpoint.
#[derive(Clone, Debug)]
pub struct Touch<'a> {
    /// When it happened, or when its upload says it happened.
    pub at: Moment,
    /// When the row was recorded, if later.
    pub recorded: Option<Moment>,
    /// The number of the campaign, if one is behind it.
    pub campaign: Option<usize>,
    /// The channel, where the row names it.
    pub channel: Option<&'a str>,
    /// What happened.
    pub touch_type: &'a str,
    /// Who is behind it.
    pub source: &'a str,
    /// Whether the person answered, where the source can tell.
    pub responded: Option<bool>,
    /// The account's person it touched, where known.
    pub person: Option<usize>,
    /// Whether the row names the account; otherwise it follows from the person.
    pub names_account: bool,
}

impl Touch<'_> {
    /// Whether somebody did something: what effects, and eligibility, depend on.
    pub fn answered(&self) -> bool {
        self.responded != Some(false)
    }
}

/// A visit or call behind which there is no campaign.
pub fn uncampaigned<'a>(at: Moment, channel: &'a str, touch_type: &'a str, source: &'a str) -> Touch<'a> {
    Touch {
        at,
        recorded: None,
        campaign: None,
        channel: Some(channel),
        touch_type,
        source,
        responded: None,
        person: None,
        names_account: true,
    }
}

/// All touches of `account` by `campaigns`, and its visits of its own accord; in no order.
pub fn exposures<'a>(rng: &mut Rng, account: &Account, campaigns: &'a [Campaign]) -> Vec<Touch<'a>> {
    let mut touches = visits(rng, account);
    for (number, campaign) in campaigns.iter().enumerate() {
        let program = &campaign.program;
        if !draw::chance(rng, program.reach * appetite(account, campaign)) {
            continue;
        }
        let days = days(rng, account, campaign);
        if program.cadence == Cadence::Upload {
            // Each participant is on the list once.
            let people = index::sample(rng, account.contacts, days.len().min(account.contacts));
            for (person, day) in people.into_iter().zip(days) {
                touches.push(Touch { person: Some(person), ..touch(rng, account, (number, campaign), day) });
            }
        } else {
            for day in days {
                touches.push(touch(rng, account, (number, campaign), day));
            }
        }
    }
    touches.retain(|touch| touch.at.day() >= account.entry && touch.at <= Moment::LAST);
    touches
}

/// How much more, or less, than usual a campaign reaches an account.
fn appetite(account: &Account, campaign: &Campaign) -> f64 {
    match campaign.program.source.as_str() {
        "sales" if account.sales_led => 1.0,
        "sales" => 0.15,
        _ => account.engagement,
    }
}

/// The days on which `account` meets `campaign`.
fn days(rng: &mut Rng, account: &Account, campaign: &Campaign) -> Vec<Day> {
    let program = &campaign.program;
    let often = 1 + draw::count(rng, program.touches - 1.0);
    let mut days = Vec::new();
    for _ in 0..often {
        let day = if draw::chance(rng, program.intent) {
            account.intent_day(rng, campaign.first..campaign.last + 1)
        } else {
            Some(campaign.day(rng))
        };
        let Some(day) = day else { continue };
        match program.cadence {
            Cadence::Drip => days.push(day),
            Cadence::Send => days.push(mailing(day)),
            Cadence::Live => days.push(campaign.first),
            Cadence::Upload => days.push(campaign.uploaded()),
            Cadence::Sequence => {
                let mut attempt = day;
                for _ in 0..rng.random_range(3..=6) {
                    days.push(calendar::workday(attempt));
                    attempt += rng.random_range(2..=6);
                }
            }
            Cadence::Customer | Cadence::Untracked => {}
        }
    }
    days
}

/// The last mailing day up to `day`: every second Tuesday.
const fn mailing(day: Day) -> Day {
    day - (day + 1).rem_euclid(14)
}

/// A touch of `account` by a campaign on `day`.
fn touch<'a>(rng: &mut Rng, account: &Account, (number, campaign): (usize, &'a Campaign), day: Day) -> Touch<'a> {
    let program = &campaign.program;
    let responded = program.response.map(|share| draw::chance(rng, share));
    let person = draw::chance(rng, program.known).then(|| account.person(rng));
    let at = match program.cadence {
        Cadence::Upload => Moment::new(day, 0),
        // A webinar begins at four; a mailing goes out at three, and those who click do it when they read it.
        Cadence::Live => Moment::new(day, 16 * 3600 + rng.random_range(0..1200)),
        Cadence::Send | Cadence::Customer if responded == Some(false) => Moment::new(day, 15 * 3600),
        Cadence::Send | Cadence::Customer => Moment::new(day, 15 * 3600 + rng.random_range(60..86_400)),
        Cadence::Drip | Cadence::Sequence | Cadence::Untracked => Moment::working_hours(rng, day),
    };
    let recorded = (program.cadence == Cadence::Upload).then(|| at.plus(9 * 3600 + 60 * (day % 50)));
    Touch {
        at,
        recorded,
        campaign: Some(number),
        channel: campaign.names_channel().then_some(program.channel.as_str()),
        touch_type: campaign.touch_type(responded),
        source: &program.source,
        responded,
        person,
        names_account: person.is_none() || !matches!(program.cadence, Cadence::Send | Cadence::Customer),
    }
}

/// Visits to the website that no campaign is behind, mostly while the account is in the market.
fn visits<'a>(rng: &mut Rng, account: &Account) -> Vec<Touch<'a>> {
    const OFTEN: f64 = 3.0;
    let mut touches = Vec::new();
    for _ in 0..draw::count(rng, OFTEN * account.engagement) {
        let anywhere = rng.random_range(0..=LAST_DAY);
        let day = if rng.random_ratio(3, 5) { account.intent_day(rng, 0..LAST_DAY + 1) } else { Some(anywhere) };
        let channel = if rng.random_ratio(2, 3) { "direct" } else { "organic_search" };
        if let Some(day) = day {
            touches.push(uncampaigned(Moment::working_hours(rng, day), channel, "visit", "marketing"));
        }
    }
    touches
}

/// The mailings to a customer between `since` and `until`.
pub fn customer_mailings<'a>(
    rng: &mut Rng,
    account: &Account,
    campaigns: &'a [Campaign],
    since: Day,
    until: Day,
) -> Vec<Touch<'a>> {
    let mut touches = Vec::new();
    for (number, campaign) in campaigns.iter().enumerate() {
        if campaign.program.cadence != Cadence::Customer || !draw::chance(rng, campaign.program.reach) {
            continue;
        }
        for _ in 0..draw::count(rng, campaign.program.touches) {
            let day = mailing(campaign.day(rng));
            if (since + 1..=until).contains(&day) {
                touches.push(touch(rng, account, (number, campaign), day));
            }
        }
    }
    touches
}
