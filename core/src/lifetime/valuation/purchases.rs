//! Customers who leave without a word: the purchase model of the greatest likelihood, with Gamma-Gamma.

use super::{Expectation, Method, Segment, Trial, Valuation};
use crate::lifetime::error::LifetimeError;
use crate::lifetime::family::Family;
use crate::lifetime::fit::Fit;
use crate::lifetime::forecast::{Forecast, SpendFit};
use crate::lifetime::purchase::PurchaseModel;
use crate::lifetime::spend::{GAMMA_GAMMA, fit_spend, frequency_value_correlation};
use crate::lifetime::summary::{Rows, Summaries};
use rayon::prelude::*;

/// Values a segment.
pub(super) fn value(segment: &Segment, method: &Method) -> Valuation {
    let summaries = &segment.summaries;
    let rows = summaries.rows();
    let mut trials = trials(&method.models, &rows);
    let Some((model, fit)) = chosen(&trials) else {
        let reason = trials.iter().find_map(|trial| trial.outcome.as_ref().err()).cloned();
        return Valuation::historic(reason.unwrap_or_else(|| "no purchase model was asked for".to_owned()), trials);
    };
    let spend = fit_spend(summaries);
    let spend_fit = SpendFit::or(&spend, segment.mean_purchase);
    let forecast = Forecast::new(model, &fit, spend_fit, summaries, &rows, &method.horizon);
    let expected = forecast.map(|forecast| (expectations(&forecast, summaries), forecast.covariance().to_vec()));
    let (expectations, covariance) = match expected {
        Ok(expected) => expected,
        Err(error) => return Valuation::historic(error.to_string(), trials),
    };
    for trial in &mut trials {
        trial.is_chosen = trial.model == model.id();
    }
    let correlation = spend.is_ok().then(|| frequency_value_correlation(summaries)).flatten();
    trials.push(Trial {
        model: GAMMA_GAMMA,
        is_chosen: spend.is_ok(),
        outcome: spend.map_err(|error: LifetimeError| error.to_string()),
    });
    Valuation {
        family: Family::NonContractual,
        reason: String::new(),
        trials,
        survival: Vec::new(),
        correlation,
        expectations,
        covariance,
    }
    .checked()
}

/// Every model tried on the rows.
fn trials(models: &[PurchaseModel], rows: &Rows) -> Vec<Trial> {
    let of = |model: &PurchaseModel| Trial {
        model: model.id(),
        outcome: model.fit(rows).map_err(|error| error.to_string()),
        is_chosen: false,
    };
    models.iter().map(of).collect()
}

/// The fit of the greatest likelihood; the first of equals.
fn chosen(trials: &[Trial]) -> Option<(PurchaseModel, Fit)> {
    let mut best: Option<&Fit> = None;
    for fit in trials.iter().filter_map(|trial| trial.outcome.as_ref().ok()) {
        if best.is_none_or(|best| fit.log_likelihood > best.log_likelihood) {
            best = Some(fit);
        }
    }
    let fit = best?;
    Some((PurchaseModel::from_id(fit.model)?, fit.clone()))
}

/// The best model of a segment alone, for a holdout.
pub(super) fn best(models: &[PurchaseModel], summaries: &Summaries) -> Option<(PurchaseModel, Fit)> {
    chosen(&trials(models, &summaries.rows()))
}

fn expectations(forecast: &Forecast<'_>, summaries: &Summaries) -> Vec<Expectation> {
    let predictions = forecast.predictions();
    let of = |customer: usize| Expectation {
        p_alive: predictions.p_alive[customer],
        purchases: predictions.purchases[customer],
        value: predictions.value[customer],
        predictive: forecast.clv(customer),
        clv: predictions.clv[customer],
        beyond: predictions.beyond.as_ref().map(|beyond| beyond[customer]),
        months: forecast.months(customer),
    };
    (0..summaries.len()).into_par_iter().map(of).collect()
}
