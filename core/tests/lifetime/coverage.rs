//! How often the 95 % interval of a simulated cohort's total holds what came to pass.

use closedloop_core::lifetime::{Estimate, Forecast, Horizon, PurchaseModel, SpendFit, fit_spend};
use rayon::prelude::*;

use crate::simulated::{self, DISCOUNT, MONTH, MONTHS};

/// One world: fits 1,200 customers and says whether their later purchases and worth are inside.
fn world(model: PurchaseModel, seed: u64) -> Option<[bool; 4]> {
    let (summaries, realised) = simulated::customers(model, 1_200, seed);
    let rows = summaries.rows();
    let (fit, spend) = (model.fit(&rows).ok()?, fit_spend(&summaries).ok()?);
    let horizon = Horizon { months: MONTHS, month: MONTH, discount: DISCOUNT };
    let forecast = Forecast::new(model, &fit, SpendFit::Fitted(&spend), &summaries, &rows, &horizon).unwrap();
    let inside = |customers: &[usize]| {
        let total = forecast.total(customers);
        let purchases: f64 = customers.iter().map(|&customer| realised[customer].0).sum();
        let worth: f64 = customers.iter().map(|&customer| realised[customer].1).sum();
        let holds = |estimate: Estimate, value: f64| (estimate.low..=estimate.high).contains(&value);
        [holds(total.purchases, purchases), holds(total.clv, worth)]
    };
    let everybody: Vec<usize> = (0..summaries.len()).collect();
    let cohort: Vec<usize> = everybody.iter().copied().filter(|customer| customer % 12 == 3).collect();
    let ([a, b], [c, d]) = (inside(&everybody), inside(&cohort));
    Some([a, b, c, d])
}

/// Shares inside over many worlds, for all customers and for a cohort of 100: purchases, value.
fn coverage(model: PurchaseModel, worlds: u64) -> [f64; 4] {
    let inside: Vec<Option<[bool; 4]>> = (0..worlds).into_par_iter().map(|seed| world(model, seed)).collect();
    let fitted: Vec<[bool; 4]> = inside.into_iter().flatten().collect();
    assert!(fitted.len() as u64 * 100 >= worlds * 98, "{} of {worlds} worlds could be fitted", fitted.len());
    let count = u32::try_from(fitted.len()).unwrap();
    let share =
        |i: usize| f64::from(u32::try_from(fitted.iter().filter(|of| of[i]).count()).unwrap()) / f64::from(count);
    [share(0), share(1), share(2), share(3)]
}

#[test]
fn intervals_of_bg_nbd_cover_what_comes() {
    let shares = coverage(PurchaseModel::BgNbd, 500);
    eprintln!("BG/NBD: {shares:?}");
    assert!(shares.iter().all(|share| (0.92..=0.98).contains(share)), "{shares:?}");
}

#[test]
fn intervals_of_pareto_nbd_cover_what_comes() {
    let shares = coverage(PurchaseModel::ParetoNbd, 500);
    eprintln!("Pareto/NBD: {shares:?}");
    assert!(shares.iter().all(|share| (0.92..=0.98).contains(share)), "{shares:?}");
}
