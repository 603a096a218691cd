//! The order of the chain by cross-validation: how many past touches tell the next step best.

use crate::number::number;
use crate::statistics::Transitions;

/// The order, up to the one counted, at which journeys of one fold are predicted best from the other folds: the least
/// mean negative log-likelihood of the next step (a touch, conversion or null). Ties go to the lower order.
///
/// A step is predicted as (count + ½) / (count of the run + ½ for each possible step): Krichevsky and Trofimov 1981, so
/// that runs seen seldom tell little.
pub fn cross_validated_order(folds: &[Transitions]) -> usize {
    let Some((first, others)) = folds.split_first() else { return 1 };
    let all = first.with(others);
    let losses = (1..=all.order()).map(|order| (order, held_out_loss(folds, &all, order)));
    losses.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(order, _)| order)
}

/// The sum over folds of the negative log-likelihood of a fold under the others, which are `all` without it.
fn held_out_loss(folds: &[Transitions], all: &Transitions, order: usize) -> f64 {
    let choices = number(all.radix() + 1);
    let all = steps(all, order);
    let mut loss = 0.0;
    for fold in folds {
        let fold = steps(fold, order);
        // All steps of a fold are among all, and both ascend.
        let mut rest = all.as_slice();
        for run in fold.chunk_by(|a, b| a.run == b.run) {
            let mut of_run;
            (of_run, rest) = take_run(rest, run[0].run);
            let count = |steps: &[Step]| steps.iter().map(|step| step.count).sum::<u64>();
            let others = number(count(of_run) - count(run)) + 0.5 * choices;
            for step in run {
                of_run = &of_run[of_run.partition_point(|other| other.next < step.next)..];
                let seen = number(of_run[0].count - step.count) + 0.5;
                loss += number(step.count) * (others / seen).ln();
            }
        }
    }
    loss
}

/// The steps from `run`, and those from later runs.
fn take_run(steps: &[Step], run: u64) -> (&[Step], &[Step]) {
    let steps = &steps[steps.partition_point(|step| step.run < run)..];
    steps.split_at(steps.partition_point(|step| step.run == run))
}

/// How often `next` followed `run`.
struct Step {
    run: u64,
    /// 0 for null, 1 for conversion, else a touch.
    next: u64,
    count: u64,
}

/// All steps of a fold by ascending run.
fn steps(fold: &Transitions, order: usize) -> Vec<Step> {
    let touches = fold.edges(order).into_iter().map(|edge| Step {
        run: edge.from,
        next: edge.to % fold.radix() + 1,
        count: edge.count,
    });
    let ends = fold.ends(order).into_iter().flat_map(|(run, outcome)| {
        [(0, outcome.nulls), (1, outcome.conversions)].map(|(next, count)| Step { run, next, count })
    });
    let mut steps: Vec<Step> = touches.chain(ends).filter(|step| step.count > 0).collect();
    steps.sort_by_key(|step| (step.run, step.next));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{CountedJourney, JourneyStatistics, Outcome, Shape};

    /// One channel, one journey a fold: `a` converts in one and does not in the other. A step is one of three. That `a`
    /// comes first is predicted as (1 + ½) / (1 + 3/2) = 3/5, the end that the other fold does not have as ½ / (5/2) = 1/5.
    #[test]
    fn the_loss_of_two_folds_by_hand() {
        let folds = [Outcome::converted(1), Outcome::NULL].map(|outcome| {
            let shape = Shape { states: 1, order: 1, folds: false, sets: false };
            let mut statistics = JourneyStatistics::new(shape).unwrap();
            statistics.add(CountedJourney { path: &[0], outcome, key: 0 });
            statistics.transitions()
        });
        let all = folds[0].with(&folds[1..]);
        let want = 2.0 * (25.0_f64 / 3.0).ln();
        assert!((held_out_loss(&folds, &all, 1) - want).abs() < 1e-12);
        assert_eq!(cross_validated_order(&[]), 1);
    }
}
