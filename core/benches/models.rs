//! What a model's credit, shares and money cost for one journey, by its length.
//!
//! `cargo bench -p closedloop-core`; a filter after `--` chooses, as in `-- credit::time_decay`. Every round goes through
//! the same journeys of one length, so that a time is that of `JOURNEYS` of them, and items per second are touches.

use closedloop_core::journey::{Anchors, DAY_MICROS, Journey, Milestones};
use closedloop_core::ledger::Allotter;
use closedloop_core::model::{AttributionModel, Evidence, ModelSpec, house_models};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

/// Enough different journeys that a branch cannot be learned by heart, few enough for a core's cache.
const JOURNEYS: usize = 64;
const CHANNELS: [&str; 4] = ["direct", "email", "event", "paid_search"];
const LOOKBACK_DAYS: i64 = 365;

/// A journey's columns.
struct Sample {
    touched_at: Vec<i64>,
    channels: Vec<u32>,
    anchors: Anchors,
}

impl Sample {
    /// Touches anywhere in the year before a conversion at 0, some with a tie; milestones likewise.
    fn draw(rng: &mut ChaCha8Rng, touches: usize) -> Self {
        let mut at = || -rng.random_range(0..LOOKBACK_DAYS * 24) * (DAY_MICROS / 24);
        let mut touched_at: Vec<i64> = (0..touches).map(|_| at()).collect();
        touched_at.sort_unstable();
        let milestones = Milestones { lead_created_at: Some(at()), opportunity_created_at: Some(at()), tolerance: 0 };
        let anchors = Anchors::locate(&touched_at, milestones);
        let channels = (0..touches).map(|_| rng.random_range(0..4)).collect();
        Self { touched_at, channels, anchors }
    }

    fn journey(&self) -> Journey<'_> {
        Journey { touched_at: &self.touched_at, channels: &self.channels, converted_at: 0, anchors: self.anchors }
    }
}

/// The same journeys every time.
fn samples(touches: usize) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..JOURNEYS).map(|_| Sample::draw(&mut rng, touches)).collect()
}

fn model_ids() -> impl Iterator<Item = &'static str> {
    house_models().iter().map(ModelSpec::id)
}

#[expect(clippy::expect_used, reason = "asked for with an id of the house, whose models by rule need no data")]
fn model(id: &str) -> Box<dyn AttributionModel> {
    let spec = house_models().iter().find(|spec| spec.id() == id).expect("a house model");
    spec.build(&CHANNELS.map(String::from), Evidence::default()).expect("a model by rule")
}

/// The money of a journey, minor units.
const AMOUNT: i64 = 1_234_567;

/// The credits of one model.
#[divan::bench(args = model_ids(), consts = [5, 50, 500])]
fn credit<const TOUCHES: usize>(bencher: Bencher<'_, '_>, id: &str) {
    let (samples, model) = (samples(TOUCHES), model(id));
    let mut credits = vec![0.0; TOUCHES];
    bencher.counter(ItemsCount::new(JOURNEYS * TOUCHES)).bench_local(|| {
        for sample in &samples {
            black_box(model.credit(sample.journey(), black_box(&mut credits)));
        }
    });
}

/// Where the anchors are.
#[divan::bench(args = [5, 50, 500])]
fn anchors(bencher: Bencher<'_, '_>, touches: usize) {
    let samples = samples(touches);
    let milestones = Milestones {
        lead_created_at: Some(-200 * DAY_MICROS),
        opportunity_created_at: Some(-60 * DAY_MICROS),
        tolerance: 0,
    };
    bencher.counter(ItemsCount::new(JOURNEYS * touches)).bench_local(|| {
        for sample in &samples {
            black_box(Anchors::locate(black_box(&sample.touched_at), milestones));
        }
    });
}

/// The credits of every sample under time decay, whose remainders all differ.
fn decayed(samples: &[Sample]) -> Vec<Vec<f64>> {
    let model = model("time_decay");
    let credit = |sample: &Sample| {
        let mut credits = vec![0.0; sample.touched_at.len()];
        model.credit(sample.journey(), &mut credits);
        credits
    };
    samples.iter().map(credit).collect()
}

/// Credits to shares that sum to the whole.
#[divan::bench(args = [5, 50, 500])]
#[expect(clippy::expect_used, reason = "the model's credits are positive")]
fn shares(bencher: Bencher<'_, '_>, touches: usize) {
    let credits = decayed(&samples(touches));
    let (mut allotter, mut shares) = (Allotter::default(), vec![0; touches]);
    bencher.counter(ItemsCount::new(JOURNEYS * touches)).bench_local(|| {
        for credits in &credits {
            let residual = allotter.shares(black_box(credits), 0.0, &mut shares);
            black_box(residual.expect("credits that can be divided"));
        }
    });
}

/// Shares to money that sums to the amount, one way of sharing and six side by side.
#[divan::bench(args = [5, 50, 500], consts = [1, 6])]
#[expect(clippy::expect_used, reason = "the model's credits are positive")]
fn amounts<const WAYS: usize>(bencher: Bencher<'_, '_>, touches: usize) {
    let mut allotter = Allotter::default();
    let divided: Vec<Vec<u64>> = decayed(&samples(touches))
        .iter()
        .map(|credits| {
            let mut shares = vec![0; touches];
            allotter.shares(credits, 0.0, &mut shares).expect("credits that can be divided");
            shares.into_iter().flat_map(|share| [share; WAYS]).collect()
        })
        .collect();
    let mut amounts = vec![0; touches * WAYS];
    bencher.counter(ItemsCount::new(JOURNEYS * touches * WAYS)).bench_local(|| {
        for shares in &divided {
            allotter.amounts(AMOUNT, WAYS, black_box(shares), &mut amounts);
            black_box(&mut amounts);
        }
    });
}
