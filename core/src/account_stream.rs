//! Random numbers of an account: they depend on a seed and the account's key, and on nothing that came before.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What the numbers of an account are drawn for; those of one purpose say nothing of another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// How often it counts in the replicates of the bootstrap.
    Bootstrap = 0,
    /// Samples, folds and periods of the incremental model.
    Incremental = 1,
}

/// The generator of an account: its key is the seed, the account's and the purpose.
pub(crate) fn account_stream(seed: u64, account: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&account.to_le_bytes());
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}
