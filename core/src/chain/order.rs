//! The order of the chain by cross-validation: how many past touches tell the next step best.

use crate::statistics::{Transitions, number};
use hashbrown::HashMap;

/// The order, up to the one counted, at which journeys of one fold are predicted best from the other folds: the least
/// mean negative log-likelihood of the next step (a touch, conversion or null). Ties go to the lower order.
///
/// A step is predicted as (count + ½) / (count of the run + ½ for each possible step): Krichevsky and Trofimov 1981, so
/// that runs seen seldom tell little.
pub fn cross_validated_order(folds: &[Transitions]) -> usize {
    let highest = folds.iter().map(Transitions::order).min().unwrap_or(1);
    let losses = (1..=highest).map(|order| (order, held_out_loss(folds, order)));
    losses.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(order, _)| order)
}

/// The sum over folds of the negative log-likelihood of a fold under the others.
fn held_out_loss(folds: &[Transitions], order: usize) -> f64 {
    let rows: Vec<Vec<Step>> = folds.iter().map(|fold| steps(fold, order)).collect();
    let choices = folds.first().map_or(0.0, |fold| number(fold.radix() + 1));
    let (mut of_run, mut of_step) = (HashMap::<u64, u64>::new(), HashMap::<(u64, u64), u64>::new());
    for step in rows.iter().flatten() {
        *of_run.entry(step.run).or_default() += step.count;
        *of_step.entry((step.run, step.next)).or_default() += step.count;
    }
    let mut loss = 0.0;
    for fold in &rows {
        for run in fold.chunk_by(|a, b| a.run == b.run) {
            let inside: u64 = run.iter().map(|step| step.count).sum();
            let others = number(of_run[&run[0].run] - inside) + 0.5 * choices;
            for step in run {
                let seen = number(of_step[&(step.run, step.next)] - step.count) + 0.5;
                loss += number(step.count) * (others / seen).ln();
            }
        }
    }
    loss
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
