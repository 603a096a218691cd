//! What the customers that touches brought are worth: each customer's value, shared as the deal that acquired them is.
//!
//! Everything added up is an integer: the order of the deals changes nothing. Money is allotted by the ledger's rule per
//! customer and model; variances, slopes and curves are weighted by shares of 2⁻⁴⁸ and divided in the end.

use crate::engine::dense::narrow;
use closedloop_core::ledger::{Allotter, Bucket, WHOLE, fraction};
use closedloop_core::lifetime::PARAMETERS;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::ops::AddAssign;
use std::sync::Arc;

/// The customers and the deals that acquired them.
#[derive(Debug)]
pub struct Acquisitions {
    /// Position of the customer whose first deal this is, by row of the deals table; [`NO_CUSTOMER`] for others.
    pub(super) of_deal: Vec<u32>,
    /// Positions of the customers that no deal acquired.
    pub(super) without_deal: Vec<u32>,
    pub(super) customers: Vec<Acquired>,
    /// `customer · months + month`: undiscounted margin by the end of the month of age, minor units.
    pub(super) curves: Vec<i64>,
    pub(super) months: usize,
}

/// Stands for a deal that acquired nobody.
pub(super) const NO_CUSTOMER: u32 = u32::MAX;

/// What customers are worth, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Value {
    /// Margin earned so far.
    pub(super) realised: i64,
    /// Margin booked but not earned yet.
    pub(super) contracted: i64,
    /// Expected discounted margin.
    pub(super) predicted: i64,
}

impl Value {
    fn of_parts([realised, contracted, predicted]: [i64; 3]) -> Self {
        Self { realised, contracted, predicted }
    }

    fn parts(self) -> [i64; 3] {
        let Self { realised, contracted, predicted } = self;
        [realised, contracted, predicted]
    }

    pub(super) fn total(self) -> i128 {
        self.parts().into_iter().map(i128::from).sum()
    }
}

impl AddAssign for Value {
    fn add_assign(&mut self, other: Self) {
        self.realised += other.realised;
        self.contracted += other.contracted;
        self.predicted += other.predicted;
    }
}

/// A customer.
#[derive(Debug, Clone, Default)]
pub(super) struct Acquired {
    pub(super) value: Value,
    pub(super) segment: u32,
    pub(super) variance: i128,
    pub(super) gradient: [i64; PARAMETERS],
    /// Logarithm of the probability that nothing comes, in units of 2⁻³².
    pub(super) log_none: i64,
}

/// Who is credited with customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Earner {
    /// A line, by its code.
    Line(u32),
    /// A residual.
    Residual(Bucket),
    /// Customers without a deal.
    NoDeal,
}

/// An earner under a model (by position).
pub(super) type ModelEarner = (Earner, u32);

/// What one earner has of the customers of one segment under one model.
#[derive(Debug, Clone, Default)]
pub(super) struct Share {
    pub(super) customers: u128,
    pub(super) value: Value,
    pub(super) variance: i128,
    pub(super) gradient: [i128; PARAMETERS],
    pub(super) log_none: i128,
}

/// Shares by earner, model and segment, and the curves by earner and model.
#[derive(Debug, Default)]
pub struct AcquiredTotals {
    acquisitions: Option<Arc<Acquisitions>>,
    pub(super) shares: HashMap<(ModelEarner, u32), Share, FixedState>,
    pub(super) curves: HashMap<ModelEarner, Vec<i128>, FixedState>,
    earners: Vec<(Earner, u64)>,
    weights: Vec<u64>,
    /// By part of the value.
    amounts: [Vec<i64>; 3],
}

impl AcquiredTotals {
    /// Nothing yet; without acquisitions nothing ever.
    pub fn new(acquisitions: Option<Arc<Acquisitions>>) -> Self {
        Self { acquisitions, ..Self::default() }
    }

    /// Whether a deal acquired a customer.
    #[inline]
    pub fn is_acquisition(&self, deal: u32) -> bool {
        self.acquisitions.as_ref().is_some_and(|acquisitions| acquisitions.of_deal[deal as usize] != NO_CUSTOMER)
    }

    /// The customer of a deal goes to one residual under every model.
    #[cold]
    pub fn leave(&mut self, deal: u32, models: usize, bucket: Bucket) {
        let Some(acquisitions) = self.acquisitions.clone() else { return };
        let customer = acquisitions.of_deal[deal as usize];
        self.give(&acquisitions, customer, models, Earner::Residual(bucket));
    }

    /// The customer of a deal is shared as a model shares the deal: among `touches`, lines with their shares, and a residual.
    #[cold]
    pub fn share(
        &mut self,
        deal: u32,
        model: usize,
        touches: impl Iterator<Item = (u32, u64)>,
        residual: Option<(Bucket, u64)>,
        allotter: &mut Allotter,
    ) {
        let Some(acquisitions) = self.acquisitions.clone() else { return };
        let customer = acquisitions.of_deal[deal as usize];
        let mut earners = std::mem::take(&mut self.earners);
        earners.clear();
        for (line, share) in touches.filter(|(_, share)| *share > 0) {
            // A line touched more than once is one earner, at the place of its first touch: codes have no order.
            match earners.iter_mut().find(|(earner, _)| *earner == Earner::Line(line)) {
                Some((_, sum)) => *sum += share,
                None => earners.push((Earner::Line(line), share)),
            }
        }
        earners.extend(residual.map(|(bucket, share)| (Earner::Residual(bucket), share)));
        self.add(&acquisitions, customer, narrow(model), &earners, allotter);
        self.earners = earners;
    }

    /// Gives a customer whole to one earner under every model.
    pub(super) fn give(&mut self, acquisitions: &Acquisitions, customer: u32, models: usize, earner: Earner) {
        let mut allotter = Allotter::default();
        for model in 0..models {
            self.add(acquisitions, customer, narrow(model), &[(earner, WHOLE)], &mut allotter);
        }
    }

    fn add(
        &mut self,
        acquisitions: &Acquisitions,
        customer: u32,
        model: u32,
        earners: &[(Earner, u64)],
        allotter: &mut Allotter,
    ) {
        let acquired = &acquisitions.customers[customer as usize];
        self.weights.clear();
        self.weights.extend(earners.iter().map(|(_, share)| *share));
        for (amounts, part) in self.amounts.iter_mut().zip(acquired.value.parts()) {
            amounts.clear();
            amounts.resize(earners.len(), 0);
            allotter.amounts(part, 1, &self.weights, amounts);
        }
        let from = customer as usize * acquisitions.months;
        let curve = &acquisitions.curves[from..from + acquisitions.months];
        for (at, &(earner, weight)) in earners.iter().enumerate() {
            let share = self.shares.entry(((earner, model), acquired.segment)).or_default();
            share.customers += u128::from(weight);
            share.value += Value::of_parts(self.amounts.each_ref().map(|part| part[at]));
            share.variance += weighted_square(acquired.variance, weight);
            share.log_none += i128::from(acquired.log_none);
            for (sum, &slope) in share.gradient.iter_mut().zip(&acquired.gradient) {
                *sum += i128::from(slope) * i128::from(weight);
            }
            let months = self.curves.entry((earner, model)).or_insert_with(|| vec![0; acquisitions.months]);
            for (sum, &margin) in months.iter_mut().zip(curve) {
                *sum += i128::from(margin) * i128::from(weight);
            }
        }
    }

    /// Adds the totals of other deals.
    pub fn merge(&mut self, other: &Self) {
        for (earner, theirs) in &other.shares {
            let mine = self.shares.entry(*earner).or_default();
            mine.customers += theirs.customers;
            mine.value += theirs.value;
            mine.variance += theirs.variance;
            mine.log_none += theirs.log_none;
            mine.gradient.iter_mut().zip(theirs.gradient).for_each(|(sum, slope)| *sum += slope);
        }
        for (earner, theirs) in &other.curves {
            let mine = self.curves.entry(*earner).or_insert_with(|| vec![0; theirs.len()]);
            mine.iter_mut().zip(theirs).for_each(|(sum, margin)| *sum += margin);
        }
    }
}

/// A variance weighted by the square of a share, rounded: below 10³², so exact enough in a float.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "variances are below 10³²")]
fn weighted_square(variance: i128, weight: u64) -> i128 {
    let share = fraction(weight);
    (variance as f64 * share * share).round() as i128
}
