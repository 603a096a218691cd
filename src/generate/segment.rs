//! How big customers are and what they buy: segments of accounts, bands of deals.

use std::ops::RangeInclusive;

use rand::RngExt;
use rand::seq::IndexedRandom;

use super::calendar::{Day, QuarterEnds};
use super::draw::{self, Rng, whole};
use super::money::Cents;

/// The size class of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Small business.
    Smb,
    /// Mid-market.
    MidMarket,
    /// Enterprise.
    Enterprise,
}

/// What is typical of a segment.
#[derive(Debug)]
pub struct SegmentFacts {
    /// The name in the tables.
    pub name: &'static str,
    /// Accounts in a hundred.
    pub weight: u32,
    /// How many people work there.
    pub employees: RangeInclusive<i64>,
    /// How many of them the CRM knows.
    pub contacts: RangeInclusive<usize>,
    /// How much marketing reaches them, relative to the programs' table.
    pub appetite: f64,
    /// The usual deal.
    pub band: Band,
    /// The deal a careful customer starts with.
    pub pilot: Band,
    /// Weeks after a lost opportunity's creation before a new one can start.
    pub recycle: usize,
}

/// What is typical of each segment, in the order of [`Segment::ALL`].
static SEGMENTS: [SegmentFacts; 3] = [
    SegmentFacts {
        name: "smb",
        weight: 58,
        employees: 5..=199,
        contacts: 1..=4,
        appetite: 0.75,
        band: Band::Small,
        pilot: Band::Small,
        recycle: 20,
    },
    SegmentFacts {
        name: "mid_market",
        weight: 33,
        employees: 200..=1999,
        contacts: 6..=9,
        appetite: 1.2,
        band: Band::Medium,
        pilot: Band::Small,
        recycle: 32,
    },
    SegmentFacts {
        name: "enterprise",
        weight: 9,
        employees: 2000..=60_000,
        contacts: 10..=14,
        appetite: 2.0,
        band: Band::Large,
        pilot: Band::Medium,
        recycle: 52,
    },
];

impl Segment {
    /// All segments, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Smb, Self::MidMarket, Self::Enterprise];

    /// A random account's segment.
    pub fn draw(rng: &mut Rng) -> Self {
        // Fails only for an empty list or weights that sum to zero; the fallback is never taken.
        Self::ALL.choose_weighted(rng, |segment| segment.facts().weight).copied().unwrap_or(Self::Smb)
    }

    /// What is typical of this segment.
    pub fn facts(self) -> &'static SegmentFacts {
        &SEGMENTS[self as usize]
    }
}

/// The size class of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Under 20,000.
    Small,
    /// 20,000 to 300,000.
    Medium,
    /// Over 300,000.
    Large,
}

/// What is typical of a band.
#[derive(Debug)]
pub struct BandFacts {
    /// The median yearly amount.
    pub median: Cents,
    /// How far amounts stray from it (the sigma of a lognormal).
    pub spread: f64,
    /// The band's limits, which amounts are held to.
    pub limits: (Cents, Cents),
    /// The median sales cycle in days, from the opportunity's creation to its close.
    pub cycle: f64,
    /// How many people decide.
    pub buying_group: RangeInclusive<usize>,
    /// Sales meetings in an opportunity, on average.
    pub meetings: f64,
}

/// What an opportunity is about, decided when it is created.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Its size class.
    pub band: Band,
    /// Its yearly amount.
    pub amount: Cents,
    /// The day it closes, won or lost.
    pub closes: Day,
}

/// What is typical of each band, in the order of [`Band::ALL`].
static BANDS: [BandFacts; 3] = [
    BandFacts {
        median: Cents::dollars(8_500),
        spread: 0.5,
        limits: (Cents::dollars(900), Cents::dollars(19_990)),
        cycle: 30.0,
        buying_group: 1..=3,
        meetings: 1.0,
    },
    BandFacts {
        median: Cents::dollars(70_000),
        spread: 0.55,
        limits: (Cents::dollars(20_000), Cents::dollars(300_000)),
        cycle: 90.0,
        buying_group: 3..=6,
        meetings: 2.5,
    },
    BandFacts {
        median: Cents::dollars(430_000),
        spread: 0.3,
        limits: (Cents::dollars(300_010), Cents::dollars(2_500_000)),
        cycle: 200.0,
        buying_group: 6..=10,
        meetings: 5.0,
    },
];

impl Band {
    /// All bands, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// What is typical of this band.
    pub fn facts(self) -> &'static BandFacts {
        &BANDS[self as usize]
    }

    /// The day an opportunity of this band closes that was created on `created`; `haste` shortens the usual cycle.
    pub fn close(self, rng: &mut Rng, quarters: &QuarterEnds, created: Day, haste: f64) -> Day {
        let cycle = whole(self.facts().cycle * haste * draw::factor(rng, 0.45)).max(3);
        quarters.bend(rng, created + cycle, cycle).max(created + 1)
    }
}

impl Terms {
    /// The terms of a first deal with an account of `segment`: usually of its band, sometimes a smaller pilot.
    pub fn new_business(rng: &mut Rng, quarters: &QuarterEnds, segment: Segment, created: Day) -> Self {
        let pilot = rng.random_ratio(1, 10);
        let band = if pilot { segment.facts().pilot } else { segment.facts().band };
        let BandFacts { median, spread, limits: (least, most), .. } = *band.facts();
        let amount = median.times(draw::factor(rng, spread)).clamp(least, most).price();
        Self { band, amount, closes: band.close(rng, quarters, created, 1.0) }
    }
}
