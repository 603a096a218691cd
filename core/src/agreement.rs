//! Agreement of two models: how alike they rank campaigns, and how much money lies between them.

use statrs::statistics::{Data, OrderStatistics as _, RankTieBreaker};

/// How many campaigns the head of a ranking has.
pub const TOP: usize = 10;

/// How alike the amounts are that two models give the same campaigns (or channels).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Kendall's τ_b (1945): the surplus of pairs ranked alike, ties allowed for; −1 to 1. `None` where a model gives
    /// all the same, or there are fewer than two.
    pub kendall: Option<f64>,
    /// Spearman's ρ (1904): the correlation of ranks, ties sharing their mean rank; −1 to 1. `None` likewise.
    pub spearman: Option<f64>,
    /// The money that changes place, in minor units: what some lose or others gain, whichever is more. The difference comes
    /// from a residual, or goes to one.
    pub money_moved: i128,
    /// That money as a share of the larger total of absolute amounts; 0 where there is none.
    pub share_moved: f64,
    /// The share of the first [`TOP`] of one model that the other also has first. Ties go to the earlier campaign. `None` where
    /// there are no more than those: all would be first under any model.
    pub top_overlap: Option<f64>,
}

impl Agreement {
    /// Compares what two models give; `a[i]` and `b[i]` are the amounts of the same campaign, in minor units.
    pub fn of(a: &[i64], b: &[i64]) -> Self {
        let gained = |from: &[i64], to: &[i64]| -> i128 {
            from.iter().zip(to).map(|(&from, &to)| (i128::from(to) - i128::from(from)).max(0)).sum()
        };
        let money_moved = gained(a, b).max(gained(b, a));
        let total = |amounts: &[i64]| amounts.iter().map(|&amount| i128::from(amount).abs()).sum::<i128>();
        let total = total(a).max(total(b));
        Self {
            kendall: kendalls::tau_b(a, b).ok().map(|(tau, _)| tau).filter(|tau| tau.is_finite()),
            spearman: correlation(&ranks(a), &ranks(b)),
            money_moved,
            share_moved: if total == 0 { 0.0 } else { float(money_moved) / float(total) },
            top_overlap: top_overlap(a, b),
        }
    }
}

/// Ranks from 1, ties sharing their mean rank.
fn ranks(amounts: &[i64]) -> Vec<f64> {
    let amounts: Vec<f64> = amounts.iter().map(|&amount| float(i128::from(amount))).collect();
    Data::new(amounts).ranks(RankTieBreaker::Average)
}

/// Pearson's correlation, or `None` where one side does not vary.
fn correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let centred = |x: &[f64]| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / float(x.len() as i128);
        x.iter().map(|x| x - mean).collect()
    };
    let (x, y) = (centred(x), centred(y));
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let correlation = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
    correlation.is_finite().then(|| correlation.clamp(-1.0, 1.0))
}

fn top_overlap(a: &[i64], b: &[i64]) -> Option<f64> {
    let is_contested = a.len() > TOP;
    let first = |amounts: &[i64]| -> Vec<usize> {
        let mut order: Vec<usize> = (0..amounts.len()).collect();
        order.sort_by_key(|&campaign| std::cmp::Reverse(amounts[campaign]));
        order.truncate(TOP);
        order
    };
    let (a, b) = (first(a), first(b));
    let both = a.iter().filter(|campaign| b.contains(campaign)).count();
    is_contested.then(|| float(both as i128) / float(TOP as i128))
}

#[expect(clippy::cast_precision_loss, reason = "numbers to compare, not to add")]
fn float(amount: i128) -> f64 {
    amount as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64) -> bool {
        got.is_some_and(|got| (got - want).abs() < 1e-12)
    }

    #[test]
    fn very_many_ties_are_no_obstacle() {
        // Nearly all campaigns earned nothing under either model; of the two that did, the order is the same, or turned.
        let mut amounts = vec![0; 300_000];
        amounts.extend([10, 20]);
        assert!(close(Agreement::of(&amounts, &amounts).kendall, 1.0));
        let mut turned = vec![0; 300_000];
        turned.extend([20, 10]);
        // Of the 600,001 pairs that are tied in neither, one is turned: τ = (600,000 − 1) / 600,001.
        assert!(close(Agreement::of(&amounts, &turned).kendall, 599_999.0 / 600_001.0));
    }

    #[test]
    fn one_swap_among_four_by_hand() {
        // Ranks 4 3 2 1 against 4 3 1 2: of six pairs five agree and one does not, so τ = 4/6; Σd² = 2, so
        // ρ = 1 − 6·2/(4·15) = 0.8. The differences are 0, 10, 15, 25: 25 change place, of 100.
        let agreement = Agreement::of(&[40, 30, 20, 10], &[40, 20, 5, 35]);
        // Ranks of the second: 40 > 35 > 20 > 5.
        assert!(close(agreement.kendall, 2.0 / 6.0), "{agreement:?}");
        assert!(close(agreement.spearman, 0.4), "{agreement:?}");
        assert_eq!(agreement.money_moved, 25);
        let swapped = Agreement::of(&[40, 30, 20, 10], &[40, 30, 10, 20]);
        assert!(close(swapped.kendall, 4.0 / 6.0) && close(swapped.spearman, 0.8), "{swapped:?}");
        assert_eq!((swapped.money_moved, swapped.share_moved), (10, 0.1));
    }

    /// scipy's documented example of `kendalltau`: x 12 2 1 12 2, y 1 4 7 1 0 gives −0.471404520791.
    #[test]
    fn ties_are_allowed_for() {
        let agreement = Agreement::of(&[12, 2, 1, 12, 2], &[1, 4, 7, 1, 0]);
        assert!((agreement.kendall.unwrap() + 0.471_404_520_791_031_7).abs() < 1e-12, "{agreement:?}");
    }

    #[test]
    fn the_same_reversed_and_constant() {
        let up: Vec<i64> = (1..=20).collect();
        let down: Vec<i64> = up.iter().rev().copied().collect();
        let same = Agreement::of(&up, &up);
        assert!(close(same.kendall, 1.0) && close(same.spearman, 1.0) && same.money_moved == 0);
        assert_eq!(same.top_overlap, Some(1.0));
        let reversed = Agreement::of(&up, &down);
        assert!(close(reversed.kendall, -1.0) && close(reversed.spearman, -1.0));
        assert_eq!(reversed.top_overlap, Some(0.0));
        let constant = Agreement::of(&[5, 5, 5], &[1, 2, 3]);
        assert_eq!((constant.kendall, constant.spearman), (None, None));
        let nothing = Agreement::of(&[], &[]);
        assert_eq!((nothing.kendall, nothing.spearman, nothing.top_overlap), (None, None, None));
        let alone = Agreement::of(&[7], &[9]);
        assert_eq!((alone.kendall, alone.money_moved, alone.top_overlap), (None, 2, None));
    }

    /// Of 100 the other model leaves 70 to a residual: 50 and 20 are lost, and nobody gains.
    #[test]
    fn money_that_goes_to_a_residual_moves() {
        let agreement = Agreement::of(&[80, 20], &[30, 0]);
        assert_eq!((agreement.money_moved, agreement.share_moved), (70, 0.7));
        let back = Agreement::of(&[30, 0], &[80, 20]);
        assert_eq!((back.money_moved, back.share_moved), (70, 0.7));
        assert_eq!(Agreement::of(&[80, 20], &[30, 30]).money_moved, 50);
    }

    /// 60 and 40, of which ten each are lost: a tenth, whatever the signs. One unit of one is all. Ten are all first.
    #[test]
    fn edges_of_money_and_of_the_head() {
        let credits = Agreement::of(&[-60, 40], &[-50, 30]);
        assert_eq!((credits.money_moved, credits.share_moved), (10, 0.1));
        assert_eq!(Agreement::of(&[1, 0], &[0, 0]).share_moved, 1.0);
        assert_eq!(Agreement::of(&[0, 0], &[0, 0]).share_moved, 0.0);
        let ten: Vec<i64> = (1..=10).collect();
        assert_eq!(Agreement::of(&ten, &ten).top_overlap, None);
    }
}
