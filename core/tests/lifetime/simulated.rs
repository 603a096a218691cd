//! Simulated customers with known laws: BG/NBD or Pareto/NBD purchases, Gamma-Gamma spend.

use closedloop_core::lifetime::{PurchaseModel, Summaries};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, Exp, Gamma};

/// A month in weeks.
pub const MONTH: f64 = 365.25 / 84.0;
/// Months after the observation that are simulated.
pub const MONTHS: u32 = 12;
/// Discount rate per month of the worth of later purchases.
pub const DISCOUNT: f64 = 0.01;

/// When a simulated customer buys, until `end`; the first purchase is at 0.
fn purchase_times(model: PurchaseModel, end: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let (mut times, mut now) = (vec![], 0.0);
    let rate = Gamma::new(1.1, 1.0 / 9.0).unwrap().sample(random);
    let wait = Exp::new(rate).unwrap();
    let leave = Beta::new(0.9, 3.0).unwrap().sample(random);
    let death = Exp::new(Gamma::new(0.9, 1.0 / 25.0).unwrap().sample(random)).unwrap().sample(random);
    loop {
        now += wait.sample(random);
        let dead = model == PurchaseModel::ParetoNbd && now > death;
        if now > end || dead {
            return times;
        }
        times.push(now);
        if model == PurchaseModel::BgNbd && Exp::new(1.0).unwrap().sample(random) > -f64::ln(leave) {
            // An exponential exceeds −ln p with chance p.
            return times;
        }
    }
}

/// Customers observed for 30 to 41 weeks, and what they did in the twelve months after: purchases and discounted worth.
pub fn customers(model: PurchaseModel, customers: u32, seed: u64) -> (Summaries, Vec<(f64, f64)>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut x, mut t_x, mut t, mut value) = (vec![], vec![], vec![], vec![]);
    let mut realised = vec![];
    let length = f64::from(MONTHS) * MONTH;
    for customer in 0..customers {
        let observed = 30.0 + f64::from(customer % 12);
        let scale = Gamma::new(3.7, 1.0 / 15.4).unwrap().sample(&mut random);
        let spend = Gamma::new(6.2, 1.0 / scale).unwrap();
        let (mut repeats, mut last, mut money, mut later, mut worth) = (0u32, 0.0, 0.0, 0.0, 0.0);
        for at in purchase_times(model, observed + length, &mut random) {
            let amount = spend.sample(&mut random);
            if at <= observed {
                (repeats, last, money) = (repeats + 1, at, money + amount);
            } else {
                later += 1.0;
                worth += amount * (1.0 + DISCOUNT).powf(-((at - observed) / MONTH).ceil());
            }
        }
        x.push(repeats);
        t_x.push(last);
        t.push(observed);
        value.push(money / f64::from(repeats.max(1)));
        realised.push((later, worth));
    }
    (Summaries::new(x, t_x, t, value).unwrap(), realised)
}
