//! Cooperative games of few players: Harsanyi dividends and Shapley values.
//!
//! A game is the worth of every coalition: `worth[mask]`, where bit i of `mask` says that player i takes part, so there
//! are 2ⁿ of them. (Shapley 1953, "A value for n-person games"; Harsanyi 1963.)

/// Turns worths into Harsanyi dividends, in place: d(S) = Σ over T ⊆ S of (−1)^(|S|−|T|)·v(T), what the players of S
/// are worth together beyond all smaller coalitions of theirs. A Möbius transform: n·2ⁿ⁻¹ subtractions.
pub fn dividends(worth: &mut [f64]) {
    for bit in players(worth) {
        for mask in 0..worth.len() {
            if mask & bit != 0 {
                worth[mask] -= worth[mask ^ bit];
            }
        }
    }
}

/// The Shapley value of each player, φᵢ = Σ over S ∋ i of d(S)/|S|, from the dividends d.
pub fn shapley_values(dividends: &[f64]) -> Vec<f64> {
    let value = |bit: usize| {
        let with = dividends.iter().enumerate().skip(1).filter(|(mask, _)| mask & bit != 0);
        with.map(|(mask, dividend)| dividend / f64::from(mask.count_ones())).sum()
    };
    players(dividends).map(value).collect()
}

/// The bit of each player of a game of 2ⁿ worths.
fn players(worth: &[f64]) -> impl Iterator<Item = usize> + use<> {
    (0..worth.len().max(1).ilog2()).map(|player| 1 << player)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, over all 2ⁿ coalitions: φᵢ = Σ over S without i of |S|!·(n−|S|−1)!/n!·(v(S ∪ i) − v(S)).
    pub(crate) fn brute_force(worth: &[f64]) -> Vec<f64> {
        let n = worth.len().ilog2();
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let mut values = vec![0.0; n as usize];
        for (player, value) in values.iter_mut().enumerate() {
            for mask in (0..worth.len()).filter(|mask| mask >> player & 1 == 0) {
                let size = mask.count_ones();
                let weight = factorial(size) * factorial(n - size - 1) / factorial(n);
                *value += weight * (worth[mask | 1 << player] - worth[mask]);
            }
        }
        values
    }

    fn values(mut worth: Vec<f64>) -> Vec<f64> {
        dividends(&mut worth);
        shapley_values(&worth)
    }

    fn assert_close(got: &[f64], want: &[f64], tolerance: f64) {
        assert_eq!(got.len(), want.len());
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() <= tolerance), "{got:?} != {want:?}");
    }

    /// The game of the DP6 README (attribution.md §7.2): O 7, F 6, D 4, OF 15, OD 7, FD 9, OFD 19.
    #[test]
    fn the_published_game_of_three() {
        let (o, f, d) = (1, 2, 4);
        let mut worth = vec![0.0; 8];
        for (mask, v) in [(o, 7.0), (f, 6.0), (d, 4.0), (o | f, 15.0), (o | d, 7.0), (f | d, 9.0), (7, 19.0)] {
            worth[mask] = v;
        }
        assert_close(&values(worth), &[7.0 + 2.0 / 3.0, 8.0 + 1.0 / 6.0, 3.0 + 1.0 / 6.0], 1e-12);
    }

    /// Volume games (attribution.md §7.2): the dividend of a set is what its journeys brought.
    #[test]
    fn volume_games_divide_evenly() {
        assert_close(&values(vec![0.0, 4.0, 0.0, 10.0]), &[7.0, 3.0], 1e-12);
        let mut abcd = vec![0.0; 16];
        abcd[15] = 10.0;
        assert_close(&values(abcd), &[2.5; 4], 1e-12);
    }

    proptest! {
        #[test]
        fn dividends_give_the_value_of_the_definition(worth in (0..7_u32).prop_flat_map(|players|
            prop::collection::vec(-10.0..10.0, 1 << players)))
        {
            let want = brute_force(&worth);
            let spread = worth[worth.len() - 1] - worth[0];
            let got = values(worth);
            assert_close(&got, &want, 1e-9);
            prop_assert!((got.iter().sum::<f64>() - spread).abs() < 1e-9, "efficiency");
        }
    }
}
