//! A history, and models at parameters that are not in doubt.

use closedloop_core::lifetime::{Fit, Parameter, PurchaseModel, Rows, Summaries};

/// One customer's history as rows.
pub fn history(x: u32, t_x: f64, t: f64) -> Rows {
    Summaries::new(vec![x], vec![t_x], vec![t], vec![0.0]).unwrap().rows()
}

/// A purchase model at its parameters.
pub fn purchases(model: PurchaseModel, parameters: &[f64]) -> Fit {
    certain(model.id(), model.parameters(), parameters)
}

/// Gamma-Gamma at its parameters.
pub fn spend(parameters: &[f64]) -> Fit {
    certain("gamma_gamma", &["p", "q", "v"], parameters)
}

fn certain(model: &'static str, names: &[&'static str], parameters: &[f64]) -> Fit {
    let parameter = |(&name, &estimate): (&&'static str, &f64)| Parameter { name, estimate, standard_error: 0.0 };
    Fit {
        model,
        parameters: names.iter().zip(parameters).map(parameter).collect(),
        log_likelihood: 0.0,
        customers: 0,
        gradient: 0.0,
        evaluations: 0,
        log_covariance: vec![0.0; parameters.len() * parameters.len()],
    }
}
