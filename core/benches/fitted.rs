//! How long journeys take to count and fitted models to fit: a million paths of 12 channels or 500 campaigns.

use closedloop_core::model::{ChainOrder, Markov, RateShapley};
use closedloop_core::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape};
use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::sync::LazyLock;

fn main() {
    divan::main();
}

const CHANNELS: u32 = 12;
const CAMPAIGNS: u32 = 500;

type Journeys = Vec<(Vec<u32>, Outcome)>;

/// A million journeys of five touches on average, a few states more frequent than the rest.
fn journeys(states: u32) -> Journeys {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut state = || random.random_range(0..states).min(random.random_range(0..states));
    let mut journey = |key: u64| {
        let path = (0..1 + key * 7 % 9).map(|_| state()).collect();
        (path, if key.is_multiple_of(5) { Outcome::converted(1_000) } else { Outcome::NULL })
    };
    (0..1_000_000).map(&mut journey).collect()
}

static BY_CHANNEL: LazyLock<Journeys> = LazyLock::new(|| journeys(CHANNELS));
static BY_CAMPAIGN: LazyLock<Journeys> = LazyLock::new(|| journeys(CAMPAIGNS));

#[expect(clippy::expect_used, reason = "the shapes below exist")]
fn counted(journeys: &Journeys, shape: Shape) -> JourneyStatistics {
    let mut statistics = JourneyStatistics::new(shape).expect("a shape that exists");
    for (key, (path, outcome)) in (0..).zip(journeys) {
        statistics.add(CountedJourney { path, outcome: *outcome, key });
    }
    statistics
}

fn shape(states: u32, order: usize) -> Shape {
    Shape { states, order, folds: false, sets: false }
}

#[divan::bench(args = [1, 2, 3, 4])]
fn count_channels(bencher: Bencher<'_, '_>, order: usize) {
    let touches: usize = BY_CHANNEL.iter().map(|(path, _)| path.len()).sum();
    bencher.counter(ItemsCount::new(touches)).bench(|| counted(&BY_CHANNEL, shape(CHANNELS, order)));
}

#[divan::bench]
fn count_channels_with_sets(bencher: Bencher<'_, '_>) {
    bencher.bench(|| counted(&BY_CHANNEL, Shape { sets: true, ..shape(CHANNELS, 1) }));
}

#[divan::bench(args = [1, 2])]
fn count_campaigns(bencher: Bencher<'_, '_>, order: usize) {
    LazyLock::force(&BY_CAMPAIGN);
    bencher.bench(|| counted(&BY_CAMPAIGN, shape(CAMPAIGNS, order)));
}

#[divan::bench(args = [1, 2, 3, 4])]
fn markov_channels(bencher: Bencher<'_, '_>, order: u8) {
    let statistics = counted(&BY_CHANNEL, shape(CHANNELS, usize::from(order)));
    bencher.bench(|| Markov::fit(&statistics, ChainOrder::Fixed(order)));
}

#[divan::bench]
fn markov_auto(bencher: Bencher<'_, '_>) {
    let statistics = counted(&BY_CHANNEL, Shape { folds: true, ..shape(CHANNELS, 4) });
    bencher.bench(|| Markov::fit(&statistics, ChainOrder::Auto));
}

#[divan::bench]
fn markov_campaigns(bencher: Bencher<'_, '_>) {
    let statistics = counted(&BY_CAMPAIGN, shape(CAMPAIGNS, 1));
    bencher.bench(|| Markov::fit(&statistics, ChainOrder::Fixed(1)));
}

#[divan::bench]
fn rate_shapley(bencher: Bencher<'_, '_>) {
    let statistics = counted(&BY_CHANNEL, Shape { sets: true, ..shape(CHANNELS, 1) });
    bencher.bench(|| RateShapley::fit(&statistics, &[]));
}
