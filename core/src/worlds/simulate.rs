//! The simulation, day by day. Every account has its own stream of random numbers, drawn in the same order whatever
//! happens, so that worlds with and without a channel differ by the channel alone.

use super::scenario::{CHANNELS, Lag, Scenario};
use crate::incremental::{IncrementalError, SALES, Subject, Subjects};
use crate::journey::DAY_MICROS;
use crate::number;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Days that a world is observed.
pub(super) const DAYS: usize = 540;
/// Days lived before, so that exposures and intent are in their stride.
const WARM_UP: usize = 120;
const INTENT_STARTS: f64 = 1.0 / 250.0;
const INTENT_ENDS: f64 = 1.0 / 50.0;
const VISITS: [f64; 2] = [0.01, 0.16];
/// How much each step of segment raises the rate of conversion.
const SEGMENT_RATE: f64 = 1.5;
/// Days that a visit or a sales touch draws other touches.
const AFTER_VISIT: usize = 7;
const AFTER_SALES: usize = 30;
const SALES_HALF_LIFE: f64 = 20.0;

/// A world as an analyst would see it.
#[derive(Debug, Clone)]
pub struct World {
    /// The rules it follows.
    pub scenario: &'static Scenario,
    /// The channels' names by code.
    pub channels: Vec<String>,
    /// Its accounts; covariates are segment and size.
    pub subjects: Subjects,
}

/// One account's life: what touched it when, and how saturated each channel's effect was on each observed day.
pub(super) struct Life {
    pub segment: u32,
    pub size: u32,
    /// Time in microseconds and channel, ascending.
    pub touches: Vec<(i64, u32)>,
    /// Per observed day: the organic rate, sales included.
    pub organic: Vec<f64>,
    /// Per observed day: saturation of the credited channels.
    pub saturation: Vec<[f64; 4]>,
    /// Per observed day: the draw that decides on a conversion.
    pub draw: Vec<f64>,
}

impl World {
    /// A world of `accounts` accounts under the scenario's rules. An account leaves with its first win.
    ///
    /// # Errors
    /// None in practice: the simulation yields ordered dates.
    pub fn simulate(scenario: &'static Scenario, accounts: u32, seed: u64) -> Result<Self, IncrementalError> {
        let mut subjects = Subjects::new(2);
        for account in 0..accounts {
            let life = live(scenario, seed, account);
            let converted_on = (0..DAYS).find(|&day| life.draw[day] < chance(life.rate(scenario, day, [true; 4])));
            let until = instant(converted_on.map_or(DAYS, |day| day + 1));
            let touches: Vec<&(i64, u32)> = life.touches.iter().filter(|(at, _)| *at <= until).collect();
            subjects.push(Subject {
                key: ChaCha8Rng::seed_from_u64(u64::from(account)).next_u64(),
                from: 0,
                until,
                conversions: converted_on.map(|_| until).as_slice(),
                covariates: &[life.segment, life.size],
                touched_at: &touches.iter().map(|touch| touch.0).collect::<Vec<i64>>(),
                channels: &touches.iter().map(|touch| touch.1).collect::<Vec<u32>>(),
            })?;
        }
        Ok(Self { scenario, channels: CHANNELS.map(str::to_owned).to_vec(), subjects })
    }
}

impl Life {
    /// The rate of conversion on a day with these credited channels on.
    pub(super) fn rate(&self, scenario: &Scenario, day: usize, on: [bool; 4]) -> f64 {
        let saturation = |channel: usize| if on[channel] { self.saturation[day][channel] } else { 0.0 };
        let own: f64 = (0..4).map(|channel| scenario.channels[channel].effect * saturation(channel)).sum();
        self.organic[day] * (1.0 + own + scenario.synergy * saturation(1) * saturation(2))
    }
}

/// The chance of a conversion within a day at this daily rate.
pub(super) fn chance(rate: f64) -> f64 {
    -(-rate).exp_m1()
}

/// Simulates one account.
pub(super) fn live(scenario: &Scenario, seed: u64, account: u32) -> Life {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(account));
    let mut draw = || rng.random::<f64>();
    let segment = [0, 1, 2][usize::from(draw() > 0.5) + usize::from(draw() > 0.7)];
    let size = u32::from(draw() > 0.6);
    let level = f64::from(segment);
    let firmness = SEGMENT_RATE.powf(level) * if size == 1 { 1.3 } else { 1.0 };
    let mut life =
        Life { segment, size, touches: Vec::new(), organic: Vec::new(), saturation: Vec::new(), draw: Vec::new() };
    let mut in_market = draw() < INTENT_STARTS / (INTENT_STARTS + INTENT_ENDS);
    let (mut since_visit, mut since_sales) = (usize::MAX, usize::MAX);
    let (mut slow, mut fast, mut sales) = ([0.0_f64; 4], [0.0_f64; 4], 0.0_f64);
    for day in 0..WARM_UP + DAYS {
        let today = instant(day) - instant(WARM_UP);
        let mut touch = |at: f64, channel: u32| life.touches.push((today + fraction_of_day(at), channel));
        let moves = draw();
        in_market = if in_market { moves >= INTENT_ENDS } else { moves < INTENT_STARTS };
        let (visits, visit_at) = (draw() < VISITS[usize::from(in_market)], draw());
        since_visit = if visits { 0 } else { since_visit.saturating_add(1) };
        if visits && scenario.visits_recorded {
            touch(visit_at / 2.0, 0);
        }
        let (calls, call_at) = (draw() < scenario.sales.rate, draw());
        since_sales = if calls { 0 } else { since_sales.saturating_add(1) };
        sales *= (-1.0 / SALES_HALF_LIFE).exp2();
        if calls {
            sales += 1.0;
            touch(call_at / 2.0, SALES);
        }
        let mut saturation = [0.0; 4];
        for (channel, code) in (1..).take(4).enumerate() {
            let rules = scenario.channels[channel];
            let mut rate = rules.rate * rules.segment.powf(level) * if in_market { rules.in_market } else { 1.0 };
            rate += if since_visit < AFTER_VISIT { rules.after_visit } else { 0.0 };
            rate += if since_sales < AFTER_SALES { rules.after_sales } else { 0.0 };
            let (slower, faster, scale) = match rules.lag {
                Lag::Decay(half_life) => (half_life, 0.0, 1.0),
                Lag::Hump(rise, fall) => (fall, rise, hump_scale(rise, fall)),
            };
            slow[channel] *= (-1.0 / slower).exp2();
            fast[channel] *= if faster > 0.0 { (-1.0 / faster).exp2() } else { 0.0 };
            let (happens, at) = (draw() < rate, draw());
            if happens {
                slow[channel] += 1.0;
                fast[channel] += if faster > 0.0 { 1.0 } else { 0.0 };
                touch(0.5 + at / 2.0, code);
            }
            saturation[channel] = -(-(slow[channel] - fast[channel]).max(0.0) * scale).exp_m1();
        }
        let decides = draw();
        if day >= WARM_UP {
            let season = 1.0 + 0.2 * (std::f64::consts::TAU * (number::size(day - WARM_UP) / 365.0)).sin();
            let intent = if in_market { scenario.intent } else { 1.0 };
            let by_sales = 1.0 + scenario.sales.effect * -(-sales).exp_m1();
            life.organic.push(scenario.base_rate * firmness * season * intent * by_sales);
            life.saturation.push(saturation);
            life.draw.push(decides);
        }
    }
    life.touches.sort_unstable();
    life
}

/// One over the peak of 2^(−t/fall) − 2^(−t/rise).
fn hump_scale(rise: f64, fall: f64) -> f64 {
    let peak = (fall / rise).log2() / (1.0 / rise - 1.0 / fall);
    1.0 / ((-peak / fall).exp2() - (-peak / rise).exp2())
}

/// The first instant of a day of the world.
fn instant(day: usize) -> i64 {
    i64::try_from(day).unwrap_or(i64::MAX / DAY_MICROS) * DAY_MICROS
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a time of day")]
fn fraction_of_day(fraction: f64) -> i64 {
    (fraction * DAY_MICROS as f64) as i64
}
