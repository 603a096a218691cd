//! Randomness: one independent ChaCha stream for each part of the world, and the few kinds of draw it needs.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{LogNormal, Poisson};

/// The generator all draws come from.
pub type Rng = ChaCha8Rng;

/// The parts of the world that draw independently of each other.
///
/// An account's data depend on the seed and its own number only, so a larger world begins with the smaller one.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// The campaigns: their effects and budgets.
    Market,
    /// The forecast of what an opportunity is worth.
    Outlook,
    /// The spend rows.
    Spend,
    /// What happens to the account of this number.
    Account(usize),
    /// What is badly recorded about the account of this number.
    Mess(usize),
}

impl Stream {
    /// The generator of this stream under `seed`.
    pub fn open(self, seed: u64) -> Rng {
        let mut rng = Rng::seed_from_u64(seed);
        rng.set_stream(match self {
            Self::Market => 0,
            Self::Outlook => 1,
            Self::Spend => 2,
            Self::Account(index) => 1000 + 2 * index as u64,
            Self::Mess(index) => 1001 + 2 * index as u64,
        });
        rng
    }
}

/// Whether something of probability `p` happens; values outside 0 to 1 mean never or always.
pub fn chance(rng: &mut Rng, p: f64) -> bool {
    rng.random_bool(p.clamp(0.0, 1.0))
}

/// How often something happens that happens `mean` times on average.
pub fn count(rng: &mut Rng, mean: f64) -> i64 {
    // A mean of zero or less has no Poisson distribution: it never happens.
    Poisson::new(mean).map_or(0, |poisson| whole(rng.sample(poisson)))
}

/// A skewed factor around 1: half the draws are below, and `sigma` says how far they stray.
#[expect(clippy::expect_used, reason = "sigma is a finite constant at every call, the only thing LogNormal refuses")]
pub fn factor(rng: &mut Rng, sigma: f64) -> f64 {
    rng.sample(LogNormal::new(0.0, sigma).expect("sigma is finite"))
}

/// The nearest whole number.
#[expect(clippy::cast_possible_truncation, reason = "draws lie far inside the range of i64, and the cast saturates")]
pub fn whole(value: f64) -> i64 {
    value.round() as i64
}
