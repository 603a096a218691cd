//! The models that come with closedloop, each list from a file beside this one.

use super::spec::{ModelSpec, parse_models};
use std::sync::LazyLock;

/// The house models, the definitions that a first run uses, in the order in which reports show them.
pub fn house_models() -> &'static [ModelSpec] {
    static MODELS: LazyLock<Vec<ModelSpec>> = LazyLock::new(|| read(include_str!("house.toml")));
    &MODELS
}

/// The data-driven house models, in the order in which reports show them.
pub fn fitted_models() -> &'static [ModelSpec] {
    static MODELS: LazyLock<Vec<ModelSpec>> = LazyLock::new(|| read(include_str!("fitted.toml")));
    &MODELS
}

/// The vendor presets, what other systems compute under a name, by vendor. Their ids are `vendor.name`; a run uses those that it
/// names.
pub fn vendor_models() -> &'static [ModelSpec] {
    static MODELS: LazyLock<Vec<ModelSpec>> = LazyLock::new(|| read(include_str!("vendor.toml")));
    &MODELS
}

#[expect(clippy::expect_used, reason = "the files are part of the source, and tests read them")]
fn read(models: &str) -> Vec<ModelSpec> {
    parse_models(models).expect("a list of models that come with closedloop holds valid specs")
}

#[cfg(test)]
mod tests {
    //! Expected values of presets are the vendors' published ones (attribution.md §2 and §7.1), none is computed here.

    use super::*;
    use crate::journey::{Anchors, DAY_MICROS, Journey};
    use crate::ledger::Allotter;
    use crate::model::Evidence;
    use crate::model::anchored::tests::assert_credits;

    /// Minor units per touch under a preset, for touches `ages` days before the conversion.
    fn cents(id: &str, ages: &[i64], amount: i64) -> Vec<i64> {
        let spec = vendor_models().iter().find(|spec| spec.id() == id).unwrap();
        let touched_at: Vec<i64> = ages.iter().map(|days| -days * DAY_MICROS).collect();
        let channels = vec![0; ages.len()];
        let journey =
            Journey { touched_at: &touched_at, channels: &channels, converted_at: 0, anchors: Anchors::default() };
        let mut credits = vec![0.0; ages.len()];
        spec.build(&[], Evidence::default()).unwrap().credit(journey, &mut credits);
        let (mut allotter, mut shares, mut amounts) = (Allotter::default(), vec![0; ages.len()], vec![0; ages.len()]);
        assert_eq!(allotter.shares(&credits, 0.0, &mut shares), Ok(0));
        allotter.amounts(amount, 1, &shares, &mut amounts);
        amounts
    }

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

    #[test]
    fn ids_of_fitted_models_are_nobody_elses() {
        let ids: Vec<&str> = fitted_models().iter().map(ModelSpec::id).collect();
        let expected =
            ["markov", "markov_auto", "shapley", "ordered_shapley", "rate_shapley", "incremental", "incremental_total"];
        assert_eq!(ids, expected);
        let others = house_models().iter().chain(vendor_models());
        assert!(others.map(ModelSpec::id).all(|other| !ids.contains(&other)));
    }

    #[test]
    fn every_preset_belongs_to_a_vendor_and_the_house_has_none() {
        for spec in vendor_models() {
            let (vendor, _) = spec.id().split_once('.').expect("a preset's id names its vendor");
            let vendors = ["marketo", "hubspot", "adobe", "amplitude", "mixpanel", "google", "salesforce", "dreamdata"];
            assert!(vendors.contains(&vendor), "{vendor}");
            assert!(!spec.description().is_empty(), "{}", spec.id());
        }
        assert!(house_models().iter().all(|spec| !spec.id().contains('.')));
    }

    #[test]
    fn a_u_is_three_different_models() {
        let (lead, opportunity) = (Some(2), Some(3));
        assert_credits("marketo.u_shaped", 5, lead, opportunity, &[0.5, 0.5, 0.0, 0.0, 0.0]);
        assert_credits("marketo.u_shaped", 5, Some(1), opportunity, &[1.0, 0.0, 0.0, 0.0, 0.0]);
        let third = 0.2 / 3.0;
        assert_credits("hubspot.u_shaped", 5, lead, opportunity, &[0.4, 0.4, third, third, third]);
        for id in ["adobe.u_shaped", "amplitude.u_shaped", "mixpanel.u_shaped", "google.position_based"]
            .into_iter()
            .chain(["salesforce.u_shaped", "dreamdata.u_shaped"])
        {
            assert_credits(id, 1, None, None, &[1.0]);
            assert_credits(id, 2, lead, opportunity, &[0.5, 0.5]);
            assert_credits(id, 4, lead, opportunity, &[0.4, 0.1, 0.1, 0.4]);
            assert_credits(id, 6, lead, opportunity, &[0.4, 0.05, 0.05, 0.05, 0.05, 0.4]);
        }
    }

    #[test]
    fn two_touches_tell_the_j_shapes_apart() {
        for (vendor, less, more) in [("adobe", 0.25, 0.75), ("mixpanel", 0.25, 0.75), ("amplitude", 0.3, 0.7)] {
            let (j, inverse) = (format!("{vendor}.j_shaped"), format!("{vendor}.inverse_j"));
            assert_credits(&j, 1, None, None, &[1.0]);
            assert_credits(&inverse, 1, None, None, &[1.0]);
            assert_credits(&j, 2, None, None, &[less, more]);
            assert_credits(&inverse, 2, None, None, &[more, less]);
            assert_credits(&j, 4, None, None, &[0.2, 0.1, 0.1, 0.6]);
            assert_credits(&inverse, 4, None, None, &[0.6, 0.1, 0.1, 0.2]);
        }
    }

    #[test]
    fn without_middle_touches_the_ten_per_cent_are_spread_evenly() {
        for vendor in ["marketo", "hubspot"] {
            let (w, full_path) = (format!("{vendor}.w_shaped"), format!("{vendor}.full_path"));
            assert_credits(&w, 3, Some(2), Some(3), &[1.0 / 3.0; 3]);
            assert_credits(&full_path, 4, Some(2), Some(3), &[0.25; 4]);
        }
    }

    #[test]
    fn marketos_w_ends_with_the_opportunity_and_hubspots_does_not() {
        let (lead, opportunity) = (Some(2), Some(4));
        assert_credits("marketo.w_shaped", 6, lead, opportunity, &[0.3, 0.3, 0.1, 0.3, 0.0, 0.0]);
        let third = 0.1 / 3.0;
        assert_credits("hubspot.w_shaped", 6, lead, opportunity, &[0.3, 0.3, third, 0.3, third, third]);
    }

    #[test]
    fn positions_on_one_touch_add_up() {
        for vendor in ["marketo", "hubspot"] {
            let (w, full_path) = (format!("{vendor}.w_shaped"), format!("{vendor}.full_path"));
            assert_credits(&w, 3, Some(1), Some(3), &[0.6, 0.1, 0.3]);
            assert_credits(&full_path, 5, Some(2), Some(3), &[0.225, 0.225, 0.225, 0.1, 0.225]);
            assert_credits(&full_path, 3, Some(1), Some(3), &[0.45, 0.1, 0.45]);
        }
    }

    #[test]
    fn a_half_life_of_seven_days() {
        for id in ["adobe.time_decay", "mixpanel.time_decay", "google.time_decay", "salesforce.time_decay"] {
            assert_eq!(cents(id, &[9, 6, 0, 0], 5_000), [692, 932, 1_688, 1_688], "{id}");
            let twelve_thousand = [17_519, 28_744, 57_488, 341_704, 754_545];
            assert_eq!(cents(id, &[38, 33, 26, 8, 0], 1_200_000), twelve_thousand, "{id}");
        }
    }

    #[test]
    fn marketos_own_single_touch_models() {
        assert_credits("marketo.first_touch", 3, Some(2), Some(3), &[1.0, 0.0, 0.0]);
        assert_credits("marketo.lead_creation", 3, Some(2), Some(3), &[0.0, 1.0, 0.0]);
    }
}
