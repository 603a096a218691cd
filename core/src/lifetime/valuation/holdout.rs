//! Holdout: models fitted to what was known earlier, beside what happened since.

use super::{Method, Segment, contracts, purchases};
use crate::lifetime::contract::{Contract, GRACE_DAYS};
use crate::lifetime::contractual::contract_covariance;
use crate::lifetime::family::Family;
use crate::lifetime::forecast::{Forecast, Horizon, SpendFit};
use crate::lifetime::histories::Holdout;
use crate::lifetime::interval::{Estimate, Predictive};
use crate::lifetime::spend::fit_spend;

/// Some customers: what was predicted of them, and what they did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// `None` for all of them; else the decile by predicted purchases, from 1, the lowest.
    pub decile: Option<u32>,
    /// How many.
    pub customers: u64,
    /// Predicted purchases or renewals.
    pub purchases: Estimate,
    /// Purchases or renewals that came.
    pub actual_purchases: u64,
    /// Predicted value, undiscounted, in minor units.
    pub value: Estimate,
    /// Value that came, in minor units.
    pub actual_value: i64,
}

/// How well a segment's model did.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The model.
    pub model: &'static str,
    /// All customers, then the deciles.
    pub groups: Vec<Group>,
}

/// What was known of a segment at the cut, and what came after it.
#[derive(Debug)]
pub struct Past<'a> {
    /// The customers as they were at the cut; `until` is the cut.
    pub segment: &'a Segment,
    /// Their purchases since.
    pub since: &'a Holdout,
    /// Their contracts at the end.
    pub contracts: &'a [Option<Contract>],
    /// The last day of the holdout.
    pub end: i32,
}

/// Fits a segment as it was at the cut, with the family that it has now; `None` where nothing could be fitted then.
pub fn hold_out(past: &Past<'_>, family: Family, method: &Method) -> Option<Calibration> {
    match family {
        Family::Historic => None,
        Family::NonContractual => of_purchases(past, method),
        Family::Contractual => of_contracts(past),
    }
}

fn of_purchases(past: &Past<'_>, method: &Method) -> Option<Calibration> {
    let summaries = &past.segment.summaries;
    let (model, fit) = purchases::best(&method.models, summaries)?;
    let spend = fit_spend(summaries);
    let days = f64::from(past.end.saturating_sub(past.segment.until));
    // One long month, not discounted.
    let horizon = Horizon { months: 1, month: days / method.grain.unit.days(), discount: 0.0 };
    let rows = summaries.rows();
    let forecast =
        Forecast::new(model, &fit, SpendFit::or(&spend, past.segment.mean_purchase), summaries, &rows, &horizon)
            .ok()?;
    let expected: Vec<f64> = forecast.predictions().purchases.iter().map(|estimate| estimate.mean).collect();
    let group = |decile: Option<u32>, customers: &[usize]| {
        let total = forecast.total(customers);
        Group {
            decile,
            customers: customers.len() as u64,
            purchases: total.purchases,
            actual_purchases: customers.iter().map(|&at| u64::from(past.since.purchases[at])).sum(),
            value: total.clv,
            actual_value: customers.iter().map(|&at| past.since.amount[at]).fold(0, i64::saturating_add),
        }
    };
    Some(Calibration { model: model.id(), groups: groups(&expected, group) })
}

/// The renewals that came due in the holdout, early enough to be seen lapsed at its end. Of contracts that had ended before the
/// cut, those renewed at once are gone, and the others no fair sample.
fn of_contracts(past: &Past<'_>) -> Option<Calibration> {
    let (model, fit) = contracts::fit(&past.segment.contracts)?;
    let covariance = contract_covariance(&fit);
    let seen = past.end.saturating_sub(GRACE_DAYS + 1);
    let due = |at: &usize| {
        past.segment.contracts[*at].is_some_and(|contract| (past.segment.until..=seen).contains(&contract.last))
    };
    let positions: Vec<usize> = (0..past.segment.contracts.len()).filter(due).collect();
    let before: Vec<Contract> = positions.iter().filter_map(|&at| past.segment.contracts[at]).collect();
    let predictive = |at: usize, value: f64| model.predictive(before[at].renewals, value, 1, 0.0);
    let renewed = |at: usize| past.contracts[positions[at]].filter(|now| now.renewals > before[at].renewals);
    let expected: Vec<f64> = (0..before.len()).map(|at| predictive(at, 1.0).mean).collect();
    let group = |decile: Option<u32>, customers: &[usize]| {
        let (mut purchases, mut value, mut most) = (Predictive::NOTHING, Predictive::NOTHING, [0.0; 2]);
        for &at in customers {
            purchases.add(&predictive(at, 1.0));
            value.add(&predictive(at, before[at].value));
            most = [most[0] + 1.0, most[1] + before[at].value];
        }
        // Nobody renews more than once.
        let capped = |estimate: Estimate, most: f64| Estimate { high: estimate.high.min(most), ..estimate };
        Group {
            decile,
            customers: customers.len() as u64,
            purchases: capped(purchases.estimate(&covariance), most[0]),
            actual_purchases: customers.iter().filter(|&&at| renewed(at).is_some()).count() as u64,
            value: capped(value.estimate(&covariance), most[1]),
            actual_value: customers.iter().filter_map(|&at| renewed(at)).map(|now| whole(now.value)).sum(),
        }
    };
    (!before.is_empty()).then(|| Calibration { model: fit.model, groups: groups(&expected, group) })
}

/// All customers, then ten groups of as good as equal size by what is expected of them; fewer customers have no deciles.
fn groups(expected: &[f64], group: impl Fn(Option<u32>, &[usize]) -> Group) -> Vec<Group> {
    let mut order: Vec<usize> = (0..expected.len()).collect();
    let mut groups = vec![group(None, &order)];
    if expected.len() >= 10 {
        order.sort_by(|&a, &b| expected[a].total_cmp(&expected[b]).then(a.cmp(&b)));
        for decile in 0..10 {
            let cut = |tenth: usize| order.len() * tenth / 10;
            let number = u32::try_from(decile + 1).ok();
            groups.push(group(number, &order[cut(decile)..cut(decile + 1)]));
        }
    }
    groups
}

/// The length of a holdout for an observation of so many days: a third of it, a year at most.
pub fn holdout_days(observed: i32) -> i32 {
    (observed / 3).min(365)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a contract's value is a sum of 64-bit amounts; the cast saturates"
)]
fn whole(value: f64) -> i64 {
    value.round() as i64
}
