//! What each customer will do: chance to be alive, purchases, discounted value, and intervals for one or many.
//!
//! Expected purchases of a living customer depend on (x, T) only, and the chance to be alive on (x, t_x, T); both are worked out
//! once per unique history and handed to the customers that share it. Intervals follow [`super::interval`].

use rayon::prelude::*;

use super::error::LifetimeError;
use super::fit::Fit;
use super::histories::Period;
use super::interval::{Estimate, PARAMETERS, Predictive};
use super::numeric::integrate;
use super::purchase::{PurchaseModel, Purchases};
use super::spend::Spend;
use super::summary::{Rows, Summaries};

/// How far ahead, and how a coming month is discounted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Horizon {
    /// Months ahead, 1 to 1,200.
    pub months: u32,
    /// Length of a month in the summaries' unit of time: 1 for months, 365.25/84 for weeks, 365.25/12 for days.
    pub month: f64,
    /// Discount rate per month, 0 or more. Purchases of the t-th month are divided by (1 + rate)^t.
    pub discount: f64,
}

impl Horizon {
    /// So many months ahead, in summaries that count in `unit`, discounted by a rate per year.
    pub fn of_months(months: u32, unit: Period, yearly_discount: f64) -> Self {
        let discount = (yearly_discount.ln_1p() / 12.0).exp_m1();
        Self { months, month: Period::Month.days() / unit.days(), discount }
    }

    fn check(&self) -> Result<(), LifetimeError> {
        let bad = |what, value, range| Err(LifetimeError::BadHorizon { what, value, range });
        if !(1..=1_200).contains(&self.months) {
            bad("the horizon in months", f64::from(self.months), "1 to 1,200")
        } else if !(self.month.is_finite() && self.month > 0.0) {
            bad("the length of a month", self.month, "a positive number")
        } else if !(0.0..=1.0).contains(&self.discount) {
            bad("the discount rate per month", self.discount, "0 to 1")
        } else {
            Ok(())
        }
    }

    /// The horizon in the unit of time.
    fn length(&self) -> f64 {
        f64::from(self.months) * self.month
    }

    /// Months beyond the horizon that matter, or `None` where discounting is too weak for the rest to be finite.
    pub(crate) fn months_beyond(&self) -> Option<f64> {
        const NEGLIGIBLE: f64 = 30.0;
        const LEAST_DISCOUNT: f64 = 1e-4;
        (self.discount >= LEAST_DISCOUNT).then(|| NEGLIGIBLE / self.discount.ln_1p())
    }

    /// The longest time a model is asked for.
    fn longest(&self) -> f64 {
        (f64::from(self.months) + 2.0 + self.months_beyond().unwrap_or(0.0)) * self.month
    }

    /// Σ over the months of (E\[X(t)\] − E\[X(t−1)\])/(1+d)^t, as in lifetimes' `customer_lifetime_value`.
    fn discounted(&self, purchases: impl Fn(f64) -> f64) -> f64 {
        let (mut before, mut weight, mut sum) = (0.0, 1.0, 0.0);
        for month in 1..=self.months {
            let now = purchases(f64::from(month) * self.month);
            weight /= 1.0 + self.discount;
            sum += (now - before) * weight;
            before = now;
        }
        sum
    }

    /// The same sum over all months after the horizon, of a customer observed for `t`.
    ///
    /// There are thousands of such months and the terms are smooth, so the sum is the integral of the terms from half a
    /// month past the horizon, with the first Euler–Maclaurin correction, in logarithmic time.
    fn beyond(&self, t: f64, purchases: impl Fn(f64) -> f64) -> Option<f64> {
        let ahead = self.months_beyond()?;
        let decay = self.discount.ln_1p();
        let term = |month: f64| {
            let increment = purchases(month * self.month) - purchases((month - 1.0) * self.month);
            increment * (-decay * month).exp()
        };
        let last = f64::from(self.months);
        let scale = t / self.month + last + 0.5;
        let mut sum = (term(last + 1.0) - term(last)) / 24.0;
        integrate((ahead / scale).ln_1p(), 24.0, |u, weight| {
            sum += weight * scale * u.exp() * term(last + 0.5 + scale * u.exp_m1());
        });
        Some(sum.max(0.0))
    }
}

/// What all customers of one history will do.
#[derive(Debug, Clone, Copy)]
struct RowForecast {
    p_alive: f64,
    /// Purchases over the horizon; its gradient uses the first four entries.
    purchases: Predictive,
    /// E\[N(N−1)\] over the horizon.
    pairs: f64,
    /// Discounted purchases over the horizon, with derivatives by the log-parameters, and after it.
    discounted: f64,
    discounted_slopes: [f64; 4],
    beyond: Option<f64>,
}

/// One column per prediction, in the order of the customers. Money is in the unit of the summaries' mean values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Predictions {
    /// The probability to be alive.
    pub p_alive: Vec<f64>,
    /// Expected purchases over the horizon, with the 95 % interval in whole purchases.
    pub purchases: Vec<Estimate>,
    /// Expected value of a coming purchase.
    pub value: Vec<f64>,
    /// Discounted value of the purchases over the horizon, with the 95 % interval.
    pub clv: Vec<Estimate>,
    /// Discounted value of the purchases after the horizon; `None` when the monthly discount rate is below 0.0001, or
    /// so low that bg_bb cannot count the periods that matter.
    pub beyond: Option<Vec<f64>>,
}

/// A group's total.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Total {
    /// Purchases over the horizon.
    pub purchases: Estimate,
    /// Discounted value over the horizon.
    pub clv: Estimate,
}

/// Forecasts for all customers of the summaries.
pub struct Forecast<'a> {
    summaries: &'a Summaries,
    rows: &'a Rows,
    model: Box<dyn Purchases>,
    horizon: Horizon,
    forecasts: Vec<RowForecast>,
    spend: Spend,
    covariance: Vec<f64>,
}

/// A fitted spend, or a fixed value of every purchase.
#[derive(Debug, Clone, Copy)]
pub enum SpendFit<'a> {
    /// A fit of [`super::fit_spend`].
    Fitted(&'a Fit),
    /// Every purchase is worth this.
    Fixed(f64),
}

impl<'a> SpendFit<'a> {
    /// The fit where there is one, else the mean value of a purchase.
    pub fn or(fit: &'a Result<Fit, LifetimeError>, mean: f64) -> Self {
        fit.as_ref().map_or(Self::Fixed(mean), Self::Fitted)
    }
}

impl<'a> Forecast<'a> {
    /// Forecasts from fits. The intervals hold the uncertainty of both.
    ///
    /// `rows` are those of the `summaries` ([`Summaries::rows`]), which need not be those the models were fitted on.
    ///
    /// # Errors
    /// A fit of another model, a horizon out of range, rows that are not of the summaries.
    pub fn new(
        model: PurchaseModel,
        fit: &Fit,
        spend: SpendFit<'_>,
        summaries: &'a Summaries,
        rows: &'a Rows,
        horizon: &Horizon,
    ) -> Result<Self, LifetimeError> {
        if fit.model != model.id() {
            return Err(LifetimeError::WrongModel { needed: model.id(), given: fit.model });
        }
        horizon.check()?;
        if rows.row_of_customer.len() != summaries.len() {
            let lengths = vec![summaries.len(), rows.row_of_customer.len()];
            return Err(LifetimeError::ColumnLengths { table: "the summaries and their rows", lengths });
        }
        let mut covariance = vec![0.0; PARAMETERS * PARAMETERS];
        let mut place = |block: &[f64], size: usize, at: usize| {
            for (i, value) in block.iter().enumerate() {
                covariance[(at + i / size) * PARAMETERS + at + i % size] = *value;
            }
        };
        place(&fit.log_covariance, 4, 0);
        let spend = match spend {
            SpendFit::Fitted(fit) => {
                place(&fit.log_covariance, 3, 4);
                Spend::fitted(fit)?
            }
            SpendFit::Fixed(value) => Spend::Fixed { value },
        };
        let parameters = fit.estimates();
        let at = |parameters: &[f64], longest: f64| model.at(parameters, rows, longest);
        // Where the months beyond the horizon are too many for a model, what they bring is not told.
        let (centre, tells_beyond) = match at(&parameters, horizon.longest()) {
            Err(LifetimeError::BadHorizon { .. }) => (at(&parameters, horizon.length())?, false),
            centre => (centre?, true),
        };
        let mut shifted = vec![];
        for i in 0..parameters.len() {
            for sign in [1.0, -1.0] {
                let mut parameters = parameters.clone();
                parameters[i] *= f64::exp(sign * LOG_STEP);
                shifted.push(at(&parameters, horizon.length())?);
            }
        }
        let forecasts = forecast_rows(&*centre, &shifted, rows, horizon, tells_beyond);
        Ok(Self { summaries, rows, model: centre, horizon: *horizon, forecasts, spend, covariance })
    }

    /// The predictions of every customer.
    pub fn predictions(&self) -> Predictions {
        let most = self.model.most(self.horizon.length());
        let whole = |estimate: Estimate| Estimate {
            low: estimate.low.floor().min(most),
            high: estimate.high.ceil().min(most),
            ..estimate
        };
        let intervals: Vec<Estimate> =
            (self.forecasts.par_iter()).map(|forecast| whole(forecast.purchases.estimate(&self.covariance))).collect();
        let row = |customer: usize| &self.forecasts[self.rows.row_of_customer[customer]];
        let customers = 0..self.summaries.len();
        let value: Vec<f64> = customers.clone().into_par_iter().map(|customer| self.value(customer)).collect();
        let beyond = self.forecasts.iter().all(|forecast| forecast.beyond.is_some()).then(|| {
            let of = |customer: usize| row(customer).beyond.unwrap_or(0.0) * value[customer];
            customers.clone().into_par_iter().map(of).collect()
        });
        Predictions {
            p_alive: customers.clone().into_par_iter().map(|customer| row(customer).p_alive).collect(),
            purchases: self.rows.row_of_customer.par_iter().map(|&row| intervals[row]).collect(),
            clv: customers.into_par_iter().map(|customer| self.clv(customer).estimate(&self.covariance)).collect(),
            value,
            beyond,
        }
    }

    /// The total of some customers, given by their positions; each position counts as often as it is given.
    /// Purchases are not rounded.
    pub fn total(&self, customers: &[usize]) -> Total {
        let (mut purchases, mut clv) = (Predictive::NOTHING, Predictive::NOTHING);
        for &customer in customers {
            purchases.add(&self.forecasts[self.rows.row_of_customer[customer]].purchases);
            clv.add(&self.clv(customer));
        }
        Total { purchases: purchases.estimate(&self.covariance), clv: clv.estimate(&self.covariance) }
    }

    /// Expected value of a coming purchase of a customer.
    fn value(&self, customer: usize) -> f64 {
        self.spend.expected(self.summaries.x[customer], self.summaries.mean_value[customer])
    }

    /// Covariance of the log-parameters of purchases and spend, as [`Predictive::estimate`] takes it.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }

    /// Expected undiscounted value of a customer's purchases in each month of the horizon.
    pub fn months(&self, customer: usize) -> Vec<f64> {
        let row = self.rows.row_of_customer[customer];
        let (x, t) = (self.rows.x[row], self.rows.t[row]);
        let scale = self.forecasts[row].p_alive * self.value(customer);
        let mut before = 0.0;
        let month = |month: u32| {
            let now = self.model.while_alive(x, t, f64::from(month) * self.horizon.month);
            scale * (now - std::mem::replace(&mut before, now))
        };
        (1..=self.horizon.months).map(month).collect()
    }

    /// A customer's discounted value over the horizon. Its variance is that of the undiscounted value, in proportion.
    pub fn clv(&self, customer: usize) -> Predictive {
        let forecast = &self.forecasts[self.rows.row_of_customer[customer]];
        let (x, mean_value) = (self.summaries.x[customer], self.summaries.mean_value[customer]);
        let value = self.value(customer);
        let count = forecast.purchases.mean;
        let square = self.spend.square(x, mean_value, count, forecast.pairs);
        let plain = count * value;
        let discounting = if count > 0.0 { forecast.discounted / count } else { 0.0 };
        let [a, b, c, d] = forecast.discounted_slopes.map(|slope| slope * value);
        let [p, q, v] = self.spend.slopes(x, mean_value).map(|slope| slope * forecast.discounted);
        Predictive {
            mean: forecast.discounted * value,
            variance: (square - plain * plain).max(0.0) * discounting * discounting,
            none: forecast.purchases.none,
            gradient: [a, b, c, d, p, q, v],
        }
    }
}

/// Step of the central differences by the log-parameters.
const LOG_STEP: f64 = 1e-4;

/// Forecasts every row; `shifted` holds the model with each parameter raised and lowered.
fn forecast_rows(
    model: &dyn Purchases,
    shifted: &[Box<dyn Purchases>],
    rows: &Rows,
    horizon: &Horizon,
    tells_beyond: bool,
) -> Vec<RowForecast> {
    let order: Vec<usize> = (0..rows.len()).collect();
    // Neighbouring rows with the same x and T share what a living customer will do.
    let groups: Vec<&[usize]> =
        order.chunk_by(|&a, &b| rows.x[a] == rows.x[b] && rows.t[a].to_bits() == rows.t[b].to_bits()).collect();
    let forecasts: Vec<Vec<RowForecast>> = groups
        .into_par_iter()
        .map(|group| forecast_group(model, shifted, rows, group, horizon, tells_beyond))
        .collect();
    forecasts.concat()
}

/// Forecasts the rows of one (x, T).
fn forecast_group(
    model: &dyn Purchases,
    shifted: &[Box<dyn Purchases>],
    rows: &Rows,
    group: &[usize],
    horizon: &Horizon,
    tells_beyond: bool,
) -> Vec<RowForecast> {
    let Some(&first) = group.first() else { return vec![] };
    let (x, t, length) = (rows.x[first], rows.t[first], horizon.length());
    let discounted = |model: &dyn Purchases| horizon.discounted(|time| model.while_alive(x, t, time));
    let moments = model.moments(x, t, length);
    let living = discounted(model);
    let beyond = tells_beyond.then(|| horizon.beyond(t, |time| model.while_alive(x, t, time))).flatten();
    let living_shifted: Vec<(f64, f64)> =
        shifted.iter().map(|model| (model.while_alive(x, t, length), discounted(&**model))).collect();
    let forecast = |&row: &usize| {
        let t_x = rows.t_x[row];
        let p_alive = model.p_alive(x, t_x, t);
        let (mut slopes, mut discounted_slopes) = ([0.0; 4], [0.0; 4]);
        for (i, pair) in shifted.chunks(2).enumerate() {
            let (up, down) = (pair[0].p_alive(x, t_x, t), pair[1].p_alive(x, t_x, t));
            let (above, below) = (living_shifted[2 * i], living_shifted[2 * i + 1]);
            slopes[i] = (up * above.0 - down * below.0) / (2.0 * LOG_STEP);
            discounted_slopes[i] = (up * above.1 - down * below.1) / (2.0 * LOG_STEP);
        }
        let (mean, pairs) = (p_alive * moments.mean, p_alive * moments.pairs);
        let mut gradient = [0.0; PARAMETERS];
        gradient[..4].copy_from_slice(&slopes);
        RowForecast {
            p_alive,
            purchases: Predictive {
                mean,
                variance: (pairs + mean - mean * mean).max(0.0),
                none: 1.0 - p_alive + p_alive * moments.none,
                gradient,
            },
            pairs,
            discounted: p_alive * living,
            discounted_slopes,
            beyond: beyond.map(|beyond| p_alive * beyond),
        }
    };
    group.iter().map(forecast).collect()
}
