//! The campaigns of the simulated company, cut from the table of its marketing programs (`programs.csv`).

use jiff::ToSpan;
use rand::RngExt;
use serde::Deserialize;

use super::calendar::{self, Day, END, LAST_DAY, START};
use super::draw::{self, Rng};
use super::error::GenerateError;
use super::money::Cents;

/// The table of programs, which documents its own columns.
const PROGRAMS: &str = include_str!("programs.csv");

/// How the touches of a campaign come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// One by one, whenever somebody comes by.
    Drip,
    /// With a mailing, every second week.
    Send,
    /// Mailings to customers, from their first win on. Their timing depends on deals, so their effect must be zero.
    Customer,
    /// While it is on air.
    Live,
    /// From a list of participants, uploaded days later: everybody at the same midnight.
    Upload,
    /// A salesperson trying several times in a few weeks.
    Sequence,
    /// Never: nobody can be seen watching.
    Untracked,
}

/// How the spend of a campaign is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// By day, as ad platforms report.
    Daily,
    /// By month, as invoices come.
    Monthly,
    /// By contract, over a range of days.
    Range,
}

/// A line of the table of programs.
#[derive(Clone, Debug, Deserialize)]
pub struct Program {
    /// The channel.
    pub channel: String,
    /// The subchannel.
    pub subchannel: String,
    /// The name its campaigns begin with.
    name: String,
    /// Months from one campaign to the next.
    every: i32,
    /// Days from the period's start to the campaign's.
    offset: Day,
    /// Days a campaign runs; to the period's end if absent.
    days: Option<Day>,
    /// How touches come about.
    pub cadence: Cadence,
    /// Who is behind them: `marketing`, `sales` or `partner`.
    pub source: String,
    /// Share of accounts a campaign reaches.
    pub reach: f64,
    /// Touches of a reached account.
    pub touches: f64,
    /// Share of touches answered.
    pub response: Option<f64>,
    /// Share of touches that happen because the account is in the market.
    pub intent: f64,
    /// Share of touches whose contact is known.
    pub known: f64,
    /// The touch type when not answered.
    pub missed: String,
    /// The touch type when answered.
    pub answered: String,
    /// Added log-hazard per answered touch, before each campaign's own luck.
    effect: f64,
    /// Dollars per account for a full campaign.
    cost: i64,
    /// How its spend is booked.
    pub billing: Billing,
}

/// A campaign, with the truth about it.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The program it belongs to.
    pub program: Program,
    /// Its first day.
    pub first: Day,
    /// Its last day within the history.
    pub last: Day,
    /// The log-hazard one answered touch adds.
    pub effect: f64,
    /// Its budget.
    pub budget: Cents,
}

/// All campaigns that start within the history, for a world of `accounts` accounts.
pub fn campaigns(rng: &mut Rng, accounts: u32) -> Result<Vec<Campaign>, GenerateError> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(PROGRAMS.as_bytes());
    let mut campaigns = Vec::new();
    for program in reader.deserialize() {
        let program: Program = program.map_err(GenerateError::Programs)?;
        let starts = START.series(program.every.months()).take_while(|start| *start <= END).map(calendar::day_of);
        for start in starts {
            // Drawn for every period, even one out of reach, so that campaigns do not depend on each other.
            let (luck, price) = (draw::factor(rng, 0.2), draw::factor(rng, 0.2));
            let next = calendar::day_of(calendar::date_of(start).saturating_add(program.every.months()));
            let first = start + program.offset;
            let end = program.days.map_or(next, |days| first + days);
            if first > LAST_DAY {
                continue;
            }
            let last = (end - 1).min(LAST_DAY);
            let full = Cents(Cents::dollars(program.cost).0 * i64::from(accounts));
            #[expect(clippy::cast_precision_loss, reason = "a campaign lasts some hundred days")]
            let elapsed = (last - first + 1) as f64 / (end - first) as f64;
            campaigns.push(Campaign {
                id: format!("C-{:04}", campaigns.len() + 1),
                name: program.title(first),
                effect: program.effect * luck,
                budget: full.times(elapsed * price),
                program: program.clone(),
                first,
                last,
            });
        }
    }
    Ok(campaigns)
}

impl Program {
    /// The name of the campaign that starts on `first`.
    fn title(&self, first: Day) -> String {
        let date = calendar::date_of(first);
        match self.every {
            ..12 => format!("{} {}", self.name, date.strftime("%Y-%m")),
            12..=24 => format!("{} {}", self.name, calendar::fiscal_year(first)),
            _ => self.name.clone(),
        }
    }
}

impl Campaign {
    /// The touch type of an answered or unanswered touch.
    pub fn touch_type(&self, responded: Option<bool>) -> &str {
        if responded == Some(false) { &self.program.missed } else { &self.program.answered }
    }

    /// The midnight at which the list of participants was uploaded, some days after the last day.
    pub fn uploaded(&self) -> Day {
        // Three to nine days late, the same for everybody: no two events take equally long.
        self.last + 3 + self.first % 7
    }

    /// Whether the touches of this campaign come out of web and ad tools, which name the channel on every row.
    pub fn names_channel(&self) -> bool {
        self.program.cadence == Cadence::Drip
    }

    /// A random day of this campaign.
    pub fn day(&self, rng: &mut Rng) -> Day {
        rng.random_range(self.first..=self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::Stream;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_is_that_of_a_real_company() {
        let campaigns = campaigns(&mut Stream::Market.open(1), 100).unwrap();
        let channels: BTreeSet<_> = campaigns.iter().map(|campaign| campaign.program.channel.clone()).collect();
        assert!((55..=70).contains(&campaigns.len()), "{}", campaigns.len());
        assert!(channels.len() >= 11, "{channels:?}");
        assert!(campaigns.iter().all(|campaign| campaign.first <= campaign.last && campaign.budget > Cents(0)));
        // Their touches follow deals, so an effect of theirs could not be told apart from its own consequences.
        assert!(campaigns.iter().filter(|it| it.program.cadence == Cadence::Customer).all(|it| it.effect == 0.0));
        // An upload must fall inside the history.
        assert!(
            campaigns.iter().filter(|it| it.program.cadence == Cadence::Upload).all(|it| it.uploaded() + 9 < LAST_DAY)
        );
    }
}
