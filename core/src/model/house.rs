//! The house models: the definitions that a first run uses, from `house.toml` beside this file.

use super::spec::{ModelSpec, parse_models};
use std::sync::LazyLock;

/// All house models, in the order in which reports show them.
#[expect(clippy::expect_used, reason = "house.toml is part of the source, and a test reads it")]
pub fn house_models() -> &'static [ModelSpec] {
    static MODELS: LazyLock<Vec<ModelSpec>> =
        LazyLock::new(|| parse_models(include_str!("house.toml")).expect("house.toml holds valid specs"));
    &MODELS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_has_thirteen_models() {
        let ids: Vec<&str> = house_models().iter().map(ModelSpec::id).collect();
        assert_eq!(
            ids,
            [
                "first_touch",
                "last_touch",
                "last_non_direct",
                "lead_creation",
                "opportunity_creation",
                "linear",
                "time_decay",
                "position_based",
                "u_shaped",
                "w_shaped",
                "full_path",
                "j_shaped",
                "inverse_j",
            ]
        );
    }
}
