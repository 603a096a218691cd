//! The data-driven house models, from `fitted.toml` beside this file.

use super::spec::{ModelSpec, parse_models};
use std::sync::LazyLock;

/// All data-driven house models, in the order in which reports show them.
#[expect(clippy::expect_used, reason = "fitted.toml is part of the source, and a test reads it")]
pub fn fitted_models() -> &'static [ModelSpec] {
    static MODELS: LazyLock<Vec<ModelSpec>> =
        LazyLock::new(|| parse_models(include_str!("fitted.toml")).expect("fitted.toml holds valid specs"));
    &MODELS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{house_models, vendor_models};

    #[test]
    fn their_ids_are_nobody_elses() {
        let ids: Vec<&str> = fitted_models().iter().map(ModelSpec::id).collect();
        let expected =
            ["markov", "markov_auto", "shapley", "ordered_shapley", "rate_shapley", "incremental", "incremental_total"];
        assert_eq!(ids, expected);
        let others = house_models().iter().chain(vendor_models());
        assert!(others.map(ModelSpec::id).all(|other| !ids.contains(&other)));
    }
}
