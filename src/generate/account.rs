//! An account: who it is, and the traits that drive its history.

use std::ops::Range;

use rand::RngExt;
use rand::seq::IndexedRandom;

use super::calendar::{Day, LAST_DAY};
use super::draw::{self, Rng};
use super::segment::Segment;

/// What company names are made of.
const FIRST_WORDS: [&str; 24] = [
    "Cedar", "Harbor", "Summit", "Granite", "Juniper", "Copper", "Prairie", "Redwood", "Silver", "Orchard", "Pioneer",
    "Quarry", "River", "Sterling", "Timber", "Union", "Valley", "Willow", "Anchor", "Beacon", "Canyon", "Meadow",
    "Falcon", "Maple",
];
/// The second half of company names.
const SECOND_WORDS: [&str; 20] = [
    "Data", "Freight", "Foods", "Health", "Systems", "Capital", "Energy", "Textiles", "Robotics", "Media", "Mutual",
    "Motors", "Labs", "Metals", "Networks", "Retail", "Software", "Studios", "Supply", "Works",
];
/// What they do.
const INDUSTRIES: [&str; 8] =
    ["software", "manufacturing", "financial_services", "healthcare", "retail", "logistics", "media", "energy"];
/// Where they are.
const REGIONS: [&str; 4] = ["north_america", "emea", "apac", "latam"];
/// The salespeople in charge of them.
const OWNERS: [&str; 10] = [
    "Ada Novak",
    "Ben Okafor",
    "Carla Reyes",
    "Dmitri Hale",
    "Elena Fischer",
    "Farid Aziz",
    "Grace Lindqvist",
    "Hugo Marchetti",
    "Ines Duarte",
    "Jonas Weber",
];

/// An account.
#[derive(Debug)]
pub struct Account {
    /// Its number, from 0.
    pub index: usize,
    /// Its company's name.
    pub name: String,
    /// Its size class.
    pub segment: Segment,
    /// Its industry.
    pub industry: &'static str,
    /// Its region.
    pub region: &'static str,
    /// How many people work there.
    pub employees: i64,
    /// How the sales team ranks it: A, B or C.
    pub tier: &'static str,
    /// Whether it is on the list of target accounts.
    pub is_target: bool,
    /// The salesperson in charge.
    pub owner: &'static str,
    /// The day it enters the CRM; nothing happens before.
    pub entry: Day,
    /// How many of its people the CRM knows.
    pub contacts: usize,
    /// Whether sales works it and marketing hardly reaches it.
    pub sales_led: bool,
    /// How much marketing reaches it, relative to others.
    pub engagement: f64,
    /// When it looks for a product like ours, for reasons of its own. It then both meets more marketing and buys more,
    /// which makes touches look more effective than they are.
    pub in_market: Vec<Range<Day>>,
}

impl Account {
    /// Draws account number `index`.
    pub fn draw(rng: &mut Rng, index: usize) -> Self {
        let segment = Segment::draw(rng);
        let facts = segment.facts();
        let entry = if rng.random_ratio(3, 5) { 0 } else { rng.random_range(0..LAST_DAY * 3 / 4) };
        let sales_led = rng.random_ratio(12, 25);
        let attention = if sales_led { 0.25 } else { 1.0 };
        let tier = pick(rng, &["A", "B", "B", "C", "C"]);
        Self {
            index,
            name: format!("{} {}", pick(rng, &FIRST_WORDS), pick(rng, &SECOND_WORDS)),
            segment,
            industry: pick(rng, &INDUSTRIES),
            region: pick(rng, &REGIONS),
            employees: rng.random_range(facts.employees.clone()),
            tier,
            is_target: tier == "A",
            owner: pick(rng, &OWNERS),
            entry,
            contacts: rng.random_range(facts.contacts.clone()),
            sales_led,
            engagement: facts.appetite * attention * draw::factor(rng, 0.5),
            in_market: in_market(rng, entry),
        }
    }

    /// Whether it is in the market on `day`.
    pub fn is_in_market(&self, day: Day) -> bool {
        self.in_market.iter().any(|window| window.contains(&day))
    }

    /// A random person of it; the first few are the most active.
    pub fn person(&self, rng: &mut Rng) -> usize {
        rng.random_range(0..self.contacts).min(rng.random_range(0..self.contacts))
    }

    /// A random day within `days` at which it is in the market, if there is one.
    pub fn intent_day(&self, rng: &mut Rng, days: Range<Day>) -> Option<Day> {
        let overlaps: Vec<_> = self
            .in_market
            .iter()
            .map(|window| window.start.max(days.start)..window.end.min(days.end))
            .filter(|overlap| !overlap.is_empty())
            .collect();
        overlaps.choose(rng).map(|overlap| rng.random_range(overlap.clone()))
    }
}

/// The spells in which an account looks for a product: about one in 21 months, some months long.
fn in_market(rng: &mut Rng, entry: Day) -> Vec<Range<Day>> {
    const GAP_DAYS: Day = 1000;
    let mut windows = Vec::new();
    let mut day = entry + rng.random_range(0..GAP_DAYS) - 60;
    while day <= LAST_DAY {
        let end = day + rng.random_range(60..150);
        windows.push(day.max(entry)..end);
        day = end + rng.random_range(90..GAP_DAYS);
    }
    windows
}

/// One of a fixed list.
fn pick(rng: &mut Rng, list: &[&'static str]) -> &'static str {
    list[rng.random_range(0..list.len())]
}
