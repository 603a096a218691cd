//! What the models need of a customer's history: x, t_x, T, and the unique rows of these with their counts.

use rayon::prelude::*;

use super::error::LifetimeError;
use crate::parallel::sum_over;

/// One history per customer, column by column, in the order of the customers.
///
/// `x` repeat purchases, `t_x` the time of the last purchase and `t` the time observed, both counted from the first purchase, in
/// one unit of time; `mean_value` is the mean amount of the repeat purchases (0 without any), in any unit of money.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summaries {
    /// Repeat purchases.
    pub x: Vec<u32>,
    /// Time of the last purchase.
    pub t_x: Vec<f64>,
    /// Time observed.
    pub t: Vec<f64>,
    /// Mean amount of the repeat purchases.
    pub mean_value: Vec<f64>,
}

impl Summaries {
    /// Takes summaries made elsewhere.
    ///
    /// # Errors
    /// Columns of different lengths; times that are not finite or not 0 ≤ t_x ≤ T; t_x > 0 without a repeat purchase
    /// or t_x = 0 with one; more than 10⁵ repeat purchases; more than 10¹² units of time; a mean value that is negative or not
    /// finite.
    pub fn new(x: Vec<u32>, t_x: Vec<f64>, t: Vec<f64>, mean_value: Vec<f64>) -> Result<Self, LifetimeError> {
        let lengths = vec![x.len(), t_x.len(), t.len(), mean_value.len()];
        if lengths.iter().any(|&length| length != x.len()) {
            return Err(LifetimeError::ColumnLengths { table: "the summaries", lengths });
        }
        let summaries = Self { x, t_x, t, mean_value };
        for row in 0..summaries.len() {
            check_times(row, summaries.x[row], summaries.t_x[row], summaries.t[row])?;
            if !summaries.mean_value[row].is_finite() || summaries.mean_value[row] < 0.0 {
                return Err(LifetimeError::BadRow { row, reason: "the mean value is negative or not a number" });
            }
        }
        Ok(summaries)
    }

    /// The number of customers.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there is no customer.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// The unique histories, in ascending order of (x, T, t_x), whatever the order of the customers.
    pub fn rows(&self) -> Rows {
        // Times are not negative, so their bits are in their order.
        let mut keys: Vec<(u32, u64, u64, u32)> = (0u32..)
            .zip(self.x.iter().zip(&self.t).zip(&self.t_x))
            .map(|(customer, ((&x, &t), &t_x))| (x, t.to_bits(), t_x.to_bits(), customer))
            .collect();
        keys.par_sort_unstable();
        let mut rows = Rows { row_of_customer: vec![0; keys.len()], ..Rows::default() };
        let mut current = None;
        for (x, t, t_x, customer) in keys {
            if current != Some((x, t, t_x)) {
                current = Some((x, t, t_x));
                rows.x.push(x);
                rows.t.push(f64::from_bits(t));
                rows.t_x.push(f64::from_bits(t_x));
                rows.count.push(0.0);
            }
            let row = rows.len() - 1;
            rows.count[row] += 1.0;
            rows.row_of_customer[customer as usize] = row;
        }
        rows
    }
}

/// More repeat purchases than any customer makes; the models tabulate factorials up to the largest count.
const MOST_REPEATS: u32 = 100_000;

/// Longer than any customer is observed, in seconds too; sums over customers of longer ones need not be finite.
const LONGEST: f64 = 1e12;

/// Whether a history is possible.
fn check_times(row: usize, x: u32, t_x: f64, t: f64) -> Result<(), LifetimeError> {
    let reason = if !t_x.is_finite() || !t.is_finite() {
        "a time is not a finite number"
    } else if t_x < 0.0 || t_x > t {
        "the last purchase is not between the first and the end of observation"
    } else if x > MOST_REPEATS {
        "more than a hundred thousand repeat purchases"
    } else if t > LONGEST {
        "more than a million million units of time are observed"
    } else if (x == 0) != (t_x == 0.0) {
        "the last purchase is later than the first exactly when there are repeat purchases"
    } else {
        return Ok(());
    };
    Err(LifetimeError::BadRow { row, reason })
}

/// Unique histories with the number of customers that share each. The likelihood needs nothing else.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Repeat purchases.
    pub x: Vec<u32>,
    /// Time of the last purchase.
    pub t_x: Vec<f64>,
    /// Time observed.
    pub t: Vec<f64>,
    /// Customers with this history, a whole number.
    pub count: Vec<f64>,
    /// The row of each customer; empty in a sample of rows.
    pub row_of_customer: Vec<usize>,
}

impl Rows {
    /// The number of unique histories.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there is no history.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// The number of customers.
    pub fn customers(&self) -> f64 {
        self.count.iter().sum()
    }

    /// The largest number of repeat purchases.
    pub(crate) fn largest_x(&self) -> usize {
        self.x.iter().copied().max().unwrap_or(0) as usize
    }

    /// Sum of a column over customers.
    pub(crate) fn total(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.count.iter().enumerate().map(|(row, count)| count * value(row)).sum()
    }

    /// Every n-th row, so that about `size` remain.
    pub(crate) fn thinned(&self, size: usize) -> Self {
        let step = self.len().div_ceil(size).max(1);
        let every = |column: &[f64]| column.iter().copied().step_by(step).collect();
        Self {
            x: self.x.iter().copied().step_by(step).collect(),
            t_x: every(&self.t_x),
            t: every(&self.t),
            count: every(&self.count),
            row_of_customer: vec![],
        }
    }

    /// Refuses what no purchase model can be fitted to.
    pub(crate) fn check(&self, model: &'static str) -> Result<(), LifetimeError> {
        let customers = self.customers();
        if customers < 1.0 {
            Err(LifetimeError::NoCustomers)
        } else if customers < 2.0 {
            Err(LifetimeError::OneCustomer)
        } else if self.t.iter().all(|&t| t == 0.0) {
            Err(LifetimeError::ZeroLength { model })
        } else if self.x.iter().all(|&x| x == 0) {
            Err(LifetimeError::NoRepeats { model })
        } else {
            Ok(())
        }
    }

    /// Adds up `terms` (a log-likelihood and its gradient) over the rows times their counts, in parallel, in an order that
    /// does not depend on the threads.
    pub(crate) fn add_up<const N: usize>(&self, terms: impl Fn(usize) -> [f64; N] + Sync) -> [f64; N] {
        add_up(self.len(), |row| {
            let mut term = terms(row);
            term.iter_mut().for_each(|value| *value *= self.count[row]);
            term
        })
    }
}

/// Adds up `terms` over `0..rows` in parallel, in an order that does not depend on the threads.
pub(crate) fn add_up<const N: usize>(rows: usize, terms: impl Fn(usize) -> [f64; N] + Sync) -> [f64; N] {
    const PIECE: usize = 1024;
    let add = |mut sum: [f64; N], term: [f64; N]| {
        sum.iter_mut().zip(term).for_each(|(sum, value)| *sum += value);
        sum
    };
    let mut sum = [0.0; N];
    sum_over(rows, PIECE, |piece| piece.map(&terms).fold([0.0; N], add), |part| sum = add(sum, part));
    sum
}
