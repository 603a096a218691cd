//! Which drafts become specs, and what is said of the others.

use super::*;
use crate::model::FittedOn;

fn parse(body: &str) -> Result<Vec<ModelSpec>, SpecError> {
    parse_models(&format!("[[model]]\n{body}"))
}

#[test]
fn ids_follow_the_pattern() {
    for id in ["w_shaped", "marketo.u_shaped", "a1.2b"] {
        assert_eq!(check_id(id), Ok(()), "{id}");
    }
    for id in ["", "W", "1st", "a.b.c", "a.", ".a", "a-b", "_a"] {
        assert!(check_id(id).is_err(), "{id}");
    }
}

#[test]
fn weights_must_sum_to_one() {
    let error = parse("id = 'x'\nkind = 'anchored'\nanchors = { first = 0.5 }").unwrap_err();
    assert_eq!(error, SpecError::Sum { id: "x".into(), sum: 0.5 });
    let error = parse("id = 'x'\nkind = 'anchored'\nanchors = { lead_creation = 1.5 }").unwrap_err().to_string();
    assert!(error.contains("anchors.lead_creation"), "{error}");
}

#[test]
fn stray_absent_and_unknown_keys_are_named() {
    let stray = parse("id = 'x'\nkind = 'linear'\nhalf_life_days = 3.0").unwrap_err();
    assert_eq!(stray, SpecError::Stray { id: "x".into(), key: "half_life_days" });
    let absent = parse("id = 'x'\nkind = 'time_decay'").unwrap_err();
    assert_eq!(absent, SpecError::Absent { id: "x".into(), key: "half_life_days" });
    let unknown = parse("id = 'x'\nkind = 'linear'\nhalflife = 3.0").unwrap_err().to_string();
    assert!(unknown.contains("halflife"), "{unknown}");
}

#[test]
fn an_id_is_used_once() {
    let twice = parse("id = 'x'\nkind = 'linear'\n[[model]]\nid = 'x'\nkind = 'linear'").unwrap_err();
    assert_eq!(twice, SpecError::Twice("x".into()));
}

#[test]
fn a_markov_spec_has_an_order_and_a_state_level() {
    let spec = parse("id = 'x'\nkind = 'markov'\norder = 3\nstate = 'campaign'").unwrap().remove(0);
    let on = FittedOn { state: StateLevel::Campaign, order: 3, folds: false, sets: false };
    assert_eq!(spec.fitted_on(), Some(on));
    let auto = parse("id = 'x'\nkind = 'markov'\norder = 'auto'").unwrap().remove(0);
    let on = FittedOn { state: StateLevel::Channel, order: 4, folds: true, sets: false };
    assert_eq!(auto.fitted_on(), Some(on));
    for order in ["0", "5", "1.5", "'most'", "-1", "300"] {
        assert!(parse(&format!("id = 'x'\nkind = 'markov'\norder = {order}")).is_err(), "{order}");
    }
    assert!(parse("id = 'x'\nkind = 'markov'\nstate = 'page'").is_err());
    let stray = parse("id = 'x'\nkind = 'shapley'\norder = 2").unwrap_err();
    assert_eq!(stray, SpecError::Stray { id: "x".into(), key: "order" });
}

#[test]
fn an_incremental_spec_has_settings_that_make_sense() {
    let bare = parse("id = 'x'\nkind = 'incremental'").unwrap().remove(0);
    assert_eq!(bare.incremental_settings(), Some(&IncrementalSettings::default()));
    assert!(bare.is_fitted() && bare.fitted_on().is_none());
    let own = parse("id = 'x'\nkind = 'incremental_total'\nsettings = { period_days = 14 }").unwrap().remove(0);
    assert_eq!(own.incremental_settings().map(|settings| settings.period_days), Some(14));
    let wrong = parse("id = 'x'\nkind = 'incremental'\nsettings = { ridges = [] }").unwrap_err().to_string();
    assert!(wrong.contains("model \"x\"") && wrong.contains("ridges"), "{wrong}");
    let stray = parse("id = 'x'\nkind = 'markov'\nsettings = { period_days = 14 }").unwrap_err();
    assert_eq!(stray, SpecError::Stray { id: "x".into(), key: "settings" });
}

#[test]
fn the_normal_form_of_a_chain_fills_in_its_defaults() {
    let bare = parse("id = 'x'\nkind = 'markov'").unwrap();
    let full = parse("id = 'x'\nkind = 'markov'\norder = 1\nstate = 'channel'").unwrap();
    assert_eq!(bare, full);
    let auto = parse("id = 'x'\nkind = 'markov'\norder = 'auto'").unwrap();
    let printed = |specs: &[ModelSpec]| toml::to_string(&specs[0]).unwrap();
    assert!(printed(&full).contains("order = 1\nstate = \"channel\""), "{}", printed(&full));
    assert!(printed(&auto).contains("order = \"auto\""), "{}", printed(&auto));
}

#[test]
fn bounds_are_told_apart_from_what_is_beyond() {
    let anchored = |anchors: &str, middle: f64| {
        parse(&format!("id = 'x'\nkind = 'anchored'\nanchors = {anchors}\nmiddle = {middle:?}"))
    };
    assert!(
        matches!(anchored("{ first = 0.0, closing = 1.0 }", 0.0), Err(SpecError::OutOfRange { key, .. }) if key == "anchors.first")
    );
    assert!(
        matches!(anchored("{ first = 1.1 }", 0.0), Err(SpecError::OutOfRange { key, .. }) if key == "anchors.first")
    );
    assert!(matches!(anchored("{ first = 0.1 }", 1.1), Err(SpecError::OutOfRange { key, .. }) if key == "middle"));
    assert!(anchored("{ first = 1.0 }", 0.0).is_ok());
    let decay = |days: f64| parse(&format!("id = 'x'\nkind = 'time_decay'\nhalf_life_days = {days:?}"));
    assert!(decay(0.25).is_ok());
    assert!(matches!(decay(0.0), Err(SpecError::OutOfRange { .. })));
}

#[test]
fn direct_channels_are_a_set() {
    let spec =
        |channels: &str| parse(&format!("id = 'x'\nkind = 'last_non_direct'\ndirect_channels = {channels}")).unwrap();
    assert_eq!(spec("['b', 'a', 'b']"), spec("['a', 'b']"));
}

#[test]
fn only_what_learns_is_fitted_and_only_some_rules_see_the_shape_alone() {
    use crate::model::{Evidence, house_models};
    for (id, shape_only) in [("linear", true), ("u_shaped", true), ("time_decay", false)] {
        let spec = house_models().iter().find(|spec| spec.id() == id).unwrap();
        assert!(!spec.is_fitted(), "{id}");
        assert_eq!(spec.build(&[], Evidence::default()).unwrap().sees_shape_only(), shape_only, "{id}");
    }
}
