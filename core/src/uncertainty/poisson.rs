//! Poisson bootstrap weights: how often an account is drawn in a replicate, without any state.

use crate::account_stream::{Purpose, account_stream};
use rand_chacha::rand_core::Rng;

/// 2⁶⁴·P(X ≤ k) for X ~ Poisson(1), rounded down: a uniform 64-bit number below entry k, and not below k − 1, means k.
/// The chance of more than 20 is below 2⁻⁶⁴.
const CUMULATIVE: [u64; 21] = cumulative();

#[expect(clippy::cast_possible_truncation, reason = "bounded on the line")]
const fn cumulative() -> [u64; 21] {
    // e⁻¹·2¹²⁴ in fixed point, so that every step of p_k = p_(k−1)/k is an integer.
    const INVERSE_E: u128 = 0x05E2_D58D_8B3B_CDF1_ABAD_EC78_2905_4F90;
    let mut table = [0; 21];
    let (mut term, mut sum) = (INVERSE_E, 0_u128);
    let mut k = 0;
    while k < table.len() {
        if k > 0 {
            term /= k as u128;
        }
        sum += term;
        // What is cut off keeps the sum below 2¹²⁴.
        table[k] = (sum >> 60) as u64;
        k += 1;
    }
    table
}

/// The weight of the account with this key in bootstrap replicate `replicate`: Poisson(1), a pure function of its
/// arguments. `account` is any stable hash of the account's id.
pub fn poisson_weight(seed: u64, account: u64, replicate: u64) -> u32 {
    let mut rng = account_stream(seed, account, Purpose::Bootstrap);
    // The counter of the generator is the replicate.
    rng.set_word_pos(2 * u128::from(replicate));
    weight(rng.next_u64())
}

/// Writes the weights of replicates 0, 1, … of one account: the numbers of [`poisson_weight`], eight for one block of
/// the cipher.
pub fn poisson_weights(seed: u64, account: u64, weights: &mut [u32]) {
    let mut rng = account_stream(seed, account, Purpose::Bootstrap);
    weights.iter_mut().for_each(|into| *into = weight(rng.next_u64()));
}

fn weight(uniform: u64) -> u32 {
    (0..).zip(CUMULATIVE).find(|&(_, bound)| uniform < bound).map_or(20, |(k, _)| k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_distribution() {
        let two64 = 2.0_f64.powi(64);
        let e = (-1.0_f64).exp();
        for (k, p) in [(0, e), (1, 2.0 * e), (2, 2.5 * e), (3, e * (2.5 + 1.0 / 6.0))] {
            assert!((CUMULATIVE[k] as f64 / two64 - p).abs() < 1e-15, "{k}");
        }
    }

    #[test]
    fn mean_and_variance_are_one() {
        let n = 200_000_u32;
        let (mut sum, mut squares) = (0.0, 0.0);
        for account in 0..u64::from(n) / 10 {
            for replicate in 0..10 {
                let weight = f64::from(poisson_weight(7, account, replicate));
                sum += weight;
                squares += weight * weight;
            }
        }
        let mean = sum / f64::from(n);
        let variance = squares / f64::from(n) - mean * mean;
        // Five standard errors: of the mean 1/√n, of the variance √3/√n (fourth central moment 4).
        assert!((mean - 1.0).abs() < 0.0112, "{mean}");
        assert!((variance - 1.0).abs() < 0.0194, "{variance}");
    }

    #[test]
    fn one_by_one_and_in_bulk_are_the_same_and_streams_differ() {
        let mut weights = [0; 64];
        poisson_weights(1, 99, &mut weights);
        for (replicate, &weight) in (0..).zip(&weights) {
            assert_eq!(weight, poisson_weight(1, 99, replicate));
        }
        let mut other = [0; 64];
        poisson_weights(2, 99, &mut other);
        assert_ne!(weights, other);
        poisson_weights(1, 98, &mut other);
        assert_ne!(weights, other);
    }
}
