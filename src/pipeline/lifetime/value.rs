//! The lifetime value of every customer: what was earned, what is contracted, what is expected.

use super::customers::{Booking, Customers};
use crate::config::file::FamilyChoice;
use crate::config::plan::Lifetime;
use crate::pipeline::RunError;
use closedloop_core::lifetime::{
    Calibration, Contract, Expectation, Family, Grain, Histories, Holdout, Horizon, Method, Past, Period, Segment,
    Term, Valuation, hold_out, holdout_days,
};
use datafusion::prelude::SessionContext;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A segment with its customers, and how its model did in the past.
#[derive(Debug)]
pub(super) struct ValuedSegment {
    pub(super) name: String,
    /// Positions in the histories.
    pub(super) positions: Vec<usize>,
    pub(super) valuation: Valuation,
    pub(super) calibration: Option<Calibration>,
}

/// All customers valued, in the order of the histories.
#[derive(Debug)]
pub(super) struct Valued {
    /// Last day observed.
    pub(super) until: i32,
    /// Last day of what the holdout's models saw.
    pub(super) cut: i32,
    pub(super) horizon: Horizon,
    pub(super) histories: Histories,
    pub(super) contracts: Vec<Option<Contract>>,
    pub(super) segments: Vec<ValuedSegment>,
    /// Segment and place in it, by position.
    pub(super) place: Vec<(u32, u32)>,
    /// What was earned, by position.
    pub(super) money: Vec<CustomerMoney>,
    /// Customers and the days on which they bought something that they kept, in order.
    bought: Vec<(u32, i32)>,
}

/// What is known of the customers' purchases: all of it, and split where the holdout begins.
#[derive(Debug)]
pub(super) struct Observed {
    until: i32,
    histories: Histories,
    bought: Vec<(u32, i32)>,
    cut: i32,
    past: Histories,
    since: Holdout,
}

impl Observed {
    /// The purchases as seen at the end of day `until`.
    ///
    /// # Errors
    /// Money beyond 64 bits.
    pub(super) async fn read(
        ctx: &SessionContext,
        customers: &Customers,
        rules: &Lifetime,
        until: i32,
    ) -> Result<Self, RunError> {
        let (purchases, grain) = (customers.purchases(i32::MAX)?, grain(rules));
        let histories = purchases.histories(ctx, grain, until).await?;
        let bought = purchases.bought(ctx, until).await?;
        let days = histories.first_period.iter().min().map_or(0, |first| until.saturating_sub(*first));
        let cut = until.saturating_sub(holdout_days(days));
        // What was given back after the cut was not known then.
        let past = customers.purchases(cut)?.histories(ctx, grain, cut).await?;
        let since = purchases.holdout(ctx, grain, cut, until, &past).await?;
        Ok(Self { until, histories, bought, cut, past, since })
    }
}

/// Purchases of one day are one, whatever the unit of time.
fn grain(rules: &Lifetime) -> Grain {
    Grain { merge: Period::Day, unit: rules.unit }
}

/// A customer's money, in minor units.
#[derive(Debug, Clone, Default)]
pub(super) struct CustomerMoney {
    /// Booked so far.
    pub(super) revenue: i64,
    /// Margin earned so far.
    pub(super) margin: i64,
    /// The same, each month discounted to the acquisition.
    pub(super) margin_discounted: i64,
    /// Margin booked but not earned yet.
    pub(super) contracted: i64,
    /// Where the customer's bookings are.
    pub(super) bookings: std::ops::Range<usize>,
}

impl Valued {
    /// Values the customers.
    pub(super) fn of(customers: &Customers, rules: &Lifetime, observed: Observed) -> Self {
        let Observed { until, histories, bought, cut, past, since } = observed;
        let grain = grain(rules);
        let horizon = Horizon::of_months(rules.horizon_months, rules.unit, rules.discount);
        let family = match rules.family {
            FamilyChoice::Auto => None,
            FamilyChoice::Contractual => Some(Family::Contractual),
            FamilyChoice::NonContractual => Some(Family::NonContractual),
            FamilyChoice::Historic => Some(Family::Historic),
        };
        let method = Method { grain, horizon, family, models: rules.models.clone() };
        let contracts = contracts(&customers.terms(i32::MAX), &histories.customer, until);
        let past_contracts = contracts_at(customers, &past, cut);
        let mut segments = Vec::new();
        let mut past_by_segment = by_segment(customers, &past);
        let by_segment = by_segment(customers, &histories);
        let alone: Vec<Segment> =
            (by_segment.values()).map(|positions| Segment::new(&histories, &contracts, positions, until)).collect();
        let valuations = Valuation::of_all(&alone, &method);
        for ((name, positions), valuation) in by_segment.into_iter().zip(valuations) {
            // Who took all back since was a customer then.
            let then = past_by_segment.remove(&name).unwrap_or_default();
            let now: Vec<Option<Contract>> = (then.iter())
                .map(|&at| contracts[histories.customer.binary_search(&past.customer[at]).ok()?])
                .collect();
            let segment = Segment::new(&past, &past_contracts, &then, cut);
            let since = Holdout {
                purchases: then.iter().map(|&at| since.purchases[at]).collect(),
                amount: then.iter().map(|&at| since.amount[at]).collect(),
            };
            let past = Past { segment: &segment, since: &since, contracts: &now, end: until };
            let calibration =
                if then.is_empty() || cut >= until { None } else { hold_out(&past, valuation.family, &method) };
            segments.push(ValuedSegment { name, positions, valuation, calibration });
        }
        let mut place = vec![(0, 0); histories.customer.len()];
        for (segment, valued) in (0..).zip(&segments) {
            for (within, &position) in (0..).zip(&valued.positions) {
                place[position] = (segment, within);
            }
        }
        let money = money(customers, &histories, until, horizon.discount);
        Self { until, cut, horizon, histories, contracts, segments, place, money, bought }
    }

    /// The days on which the customer at a position bought something that was kept.
    pub(super) fn days_bought(&self, position: usize) -> impl Iterator<Item = i32> {
        let code = self.histories.customer[position];
        let from = self.bought.partition_point(|&(customer, _)| customer < code);
        self.bought[from..].iter().take_while(move |(customer, _)| *customer == code).map(|&(_, day)| day)
    }

    /// The segment of the customer at a position.
    pub(super) fn segment(&self, position: usize) -> &ValuedSegment {
        &self.segments[self.place[position].0 as usize]
    }

    /// What is expected of the customer at a position.
    pub(super) fn expectation(&self, position: usize) -> Option<&Expectation> {
        let (segment, within) = self.place[position];
        self.segments[segment as usize].valuation.expectations.get(within as usize)
    }

    /// Undiscounted margin of a customer by the end of each month of age, of the horizon: earned, contracted, expected.
    pub(super) fn curve(&self, customers: &Customers, position: usize) -> Vec<i64> {
        let acquired = self.histories.first_period[position];
        let bookings = &customers.bookings[self.money[position].bookings.clone()];
        let expectation = self.expectation(position);
        let age = |month: u32| acquired.saturating_add(days_of(month));
        let by = |month: u32| {
            let day = age(month);
            let earned: i64 = bookings.iter().map(|booking| booking.earned(day)).sum();
            let ahead = f64::from(day.saturating_sub(self.until)) / Period::Month.days();
            earned + expectation.map_or(0, |expectation| minor(up_to(&expectation.months, ahead)))
        };
        (1..=self.horizon.months).map(by).collect()
    }
}

/// The sum of the first so many months, the last one in part.
fn up_to(months: &[f64], ahead: f64) -> f64 {
    let mut left = ahead;
    let mut sum = 0.0;
    for month in months {
        if left <= 0.0 {
            break;
        }
        sum += month * left.min(1.0);
        left -= 1.0;
    }
    sum
}

/// Days of so many months, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "the months of ten thousand years are 3,652,500 days")]
fn days_of(months: u32) -> i32 {
    (f64::from(months) * Period::Month.days()) as i32
}

/// Minor units of a value that has been checked to be money.
#[expect(clippy::cast_possible_truncation, reason = "checked to be below 10¹⁶; the cast saturates")]
pub(super) fn minor(value: f64) -> i64 {
    value.round() as i64
}

fn by_segment(customers: &Customers, histories: &Histories) -> BTreeMap<String, Vec<usize>> {
    let mut segments: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (position, &code) in histories.customer.iter().enumerate() {
        let name = &customers.segments[code as usize];
        match segments.get_mut(name) {
            Some(positions) => positions.push(position),
            None => drop(segments.insert(name.clone(), vec![position])),
        }
    }
    segments
}

/// The contracts of some customers, made of terms in order of customer.
fn contracts(terms: &[(u32, i32, Term)], codes: &[u32], until: i32) -> Vec<Option<Contract>> {
    let of = |&code: &u32| {
        let from = terms.partition_point(|term| term.0 < code);
        let of_customer = terms[from..].iter().take_while(|term| term.0 == code);
        Contract::of(&mut of_customer.map(|term| term.2).collect::<Vec<Term>>(), until)
    };
    codes.par_iter().map(of).collect()
}

/// The contracts in force at the cut. Renewals booked ahead are left out: of the contracts that end after the cut, those without one
/// would be no fair sample.
fn contracts_at(customers: &Customers, past: &Histories, cut: i32) -> Vec<Option<Contract>> {
    let mut terms = customers.terms(cut);
    terms.retain(|(_, booked, term)| *booked <= cut && term.first <= cut);
    contracts(&terms, &past.customer, cut)
}

fn money(customers: &Customers, histories: &Histories, until: i32, discount: f64) -> Vec<CustomerMoney> {
    let of = |(position, &code): (usize, &u32)| {
        let from = customers.bookings.partition_point(|booking| booking.customer < code);
        let to = customers.bookings.partition_point(|booking| booking.customer <= code);
        let mut money = CustomerMoney { bookings: from..to, ..CustomerMoney::default() };
        let acquired = histories.first_period[position];
        for booking in &customers.bookings[from..to] {
            let earned = booking.earned(until);
            money.revenue += booking.revenue;
            money.margin += earned;
            money.contracted += booking.margin - earned;
            money.margin_discounted += discounted(booking, acquired, until, discount);
        }
        money
    };
    histories.customer.par_iter().enumerate().map(|(position, code)| of((position, code))).collect()
}

/// What a booking has earned by `until`, month by month discounted to the acquisition; each month is rounded.
fn discounted(booking: &Booking, acquired: i32, until: i32, discount: f64) -> i64 {
    let factor = |day: i32| {
        let months = f64::from(day.saturating_sub(acquired).max(0)) / Period::Month.days();
        (-discount.ln_1p() * months).exp()
    };
    let Some((first, last)) = booking.term else { return minor(amount(booking.earned(until)) * factor(booking.day)) };
    let (mut sum, mut before, mut month) = (0, 0, 1);
    loop {
        let day = first.saturating_add(days_of(month)).saturating_sub(1).min(last).min(until);
        let earned = booking.earned(day);
        sum += minor(amount(earned - before) * factor(day));
        if day >= last || day >= until {
            return sum;
        }
        (before, month) = (earned, month + 1);
    }
}

#[expect(clippy::cast_precision_loss, reason = "beyond 15 digits a discounted amount is told to 15 digits")]
pub(super) fn amount(minor: i64) -> f64 {
    minor as f64
}
