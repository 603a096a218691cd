//! Model specs: what a model is, as data that can be read, compared and hashed.

use crate::incremental::IncrementalSettings;
use crate::journey::Anchor;
use crate::statistics::HIGHEST_ORDER;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a touch that holds several anchors earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlapRule {
    /// The sum of their weights.
    #[default]
    Sum,
    /// The total anchor weight is shared equally by the distinct touches that hold an anchor, that of missing anchors with it.
    EqualDistinct,
}

/// Where the middle weight goes when every touch holds an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MiddleRule {
    /// Evenly to the anchors that exist.
    #[default]
    Even,
    /// Nowhere: the anchors' weights are renormalised.
    Renormalise,
}

/// Which touches share the middle weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MiddleTouches {
    /// All that hold no credited anchor.
    #[default]
    All,
    /// Those of them between the first and the last that do.
    Between,
}

/// What happens to the weight of an anchor that the journey does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingRule {
    /// It is dropped, and what is there is renormalised.
    #[default]
    Renormalise,
    /// It goes to the residual `missing_anchor`; under [`OverlapRule::EqualDistinct`] only where no anchor is held.
    Residual,
}

/// How many past touches a Markov chain remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainOrder {
    /// As many as predict held-out journeys best.
    Auto,
    /// This many, from 1 to [`HIGHEST_ORDER`].
    #[serde(untagged)]
    Fixed(u8),
}

/// What a state of a Markov chain is: the level at which touches are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateLevel {
    /// The channel.
    #[default]
    Channel,
    /// The channel and the type of touch.
    ChannelType,
    /// The campaign.
    Campaign,
}

/// A validated model in its normal form: defaults filled in, so that equal models serialise equally.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of SpecDraft, where they are described")]
pub enum ModelSpec {
    /// See [`super::Anchored`].
    Anchored {
        id: String,
        description: String,
        anchors: BTreeMap<Anchor, f64>,
        middle: f64,
        middle_touches: MiddleTouches,
        overlap: OverlapRule,
        no_middle: MiddleRule,
        missing: MissingRule,
    },
    /// See [`super::Linear`].
    Linear { id: String, description: String },
    /// See [`super::TimeDecay`].
    TimeDecay { id: String, description: String, half_life_days: f64 },
    /// See [`super::LastNonDirect`].
    LastNonDirect { id: String, description: String, direct_channels: Vec<String> },
    /// See [`super::Markov`].
    Markov { id: String, description: String, order: ChainOrder, state: StateLevel },
    /// See [`super::Shapley`].
    Shapley { id: String, description: String },
    /// See [`super::Shapley`].
    OrderedShapley { id: String, description: String },
    /// See [`super::RateShapley`].
    RateShapley { id: String, description: String },
    /// See [`crate::incremental::Incremental`].
    Incremental { id: String, description: String, settings: IncrementalSettings },
    /// See [`crate::incremental::IncrementalTotal`].
    IncrementalTotal { id: String, description: String, settings: IncrementalSettings },
}

/// The kinds a spec can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Weights on anchors.
    Anchored,
    /// Equal credit.
    Linear,
    /// Exponential decay by age.
    TimeDecay,
    /// The last touch outside the direct channels.
    LastNonDirect,
    /// Removal effects of a Markov chain.
    Markov,
    /// Equal credit per distinct channel.
    Shapley,
    /// The same, shown by position.
    OrderedShapley,
    /// What a channel adds to the conversion rate.
    RateShapley,
    /// What the touches added to the rate of conversions, the rest a baseline.
    Incremental,
    /// The same without the baseline.
    IncrementalTotal,
}

/// A spec as somebody wrote it. Becomes a [`ModelSpec`] when it makes sense.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecDraft {
    /// Matches `[a-z][a-z0-9_]*(\.[a-z0-9_]+)?`.
    pub id: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// Which kind of model.
    pub kind: ModelKind,
    /// `anchored`: anchor → weight.
    pub anchors: Option<BTreeMap<Anchor, f64>>,
    /// `anchored`: the weight shared by touches without an anchor (default 0).
    pub middle: Option<f64>,
    /// `anchored`: see [`MiddleTouches`].
    pub middle_touches: Option<MiddleTouches>,
    /// `anchored`: see [`OverlapRule`].
    pub overlap: Option<OverlapRule>,
    /// `anchored`: see [`MiddleRule`].
    pub no_middle: Option<MiddleRule>,
    /// `anchored`: see [`MissingRule`].
    pub missing: Option<MissingRule>,
    /// `time_decay`: days in which a touch loses half its credit.
    pub half_life_days: Option<f64>,
    /// `last_non_direct`: names of the channels that do not count.
    pub direct_channels: Option<Vec<String>>,
    /// `markov`: the number of past touches that a state remembers, 1 to 4, or `"auto"` (default 1).
    pub order: Option<ChainOrder>,
    /// `markov`: see [`StateLevel`].
    pub state: Option<StateLevel>,
    /// `incremental` and `incremental_total`: see [`IncrementalSettings`].
    pub settings: Option<IncrementalSettings>,
}

/// Why a spec makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// The id does not follow the pattern.
    #[error(
        "model id \"{0}\" must be lower-case letters, digits and _, with at most one dot, as in \"w_shaped\" or \"acme.w_shaped\""
    )]
    Id(String),
    /// A key that this kind of model does not have.
    #[error("model \"{id}\": {key} does not apply to this kind; remove it")]
    Stray {
        /// The model.
        id: String,
        /// The key.
        key: &'static str,
    },
    /// A key that this kind of model needs.
    #[error("model \"{id}\": {key} is required for this kind; add it")]
    Absent {
        /// The model.
        id: String,
        /// The key.
        key: &'static str,
    },
    /// A number outside its range.
    #[error("model \"{id}\": {key} is {value}, but must be {range}")]
    OutOfRange {
        /// The model.
        id: String,
        /// The key.
        key: String,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Weights do not add up to one.
    #[error("model \"{id}\": the anchors' weights and middle sum to {sum}, but must sum to 1")]
    Sum {
        /// The model.
        id: String,
        /// What they sum to.
        sum: f64,
    },
    /// Settings of an incremental model outside their ranges.
    #[error("model \"{id}\": {message}")]
    Settings {
        /// The model.
        id: String,
        /// What is wrong, and the remedy.
        message: String,
    },
    /// Two models share an id.
    #[error("model id \"{0}\" is defined twice; rename one")]
    Twice(String),
    /// The text is not TOML of the expected shape.
    #[error("{0}")]
    Syntax(String),
}

/// How much the shares under a model differ: what those who store many of them want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareVariety {
    /// Deals share alike again and again, by position or by which channels there are.
    Few,
    /// What was learned of channels is shared: alike within a deal, hardly twice the same beyond.
    OfDeals,
    /// Shares follow from ages: hardly two touches have the same.
    OfTouches,
}

impl ModelSpec {
    /// The model's name: in tables, columns and on the command line.
    pub fn id(&self) -> &str {
        match self {
            Self::Anchored { id, .. }
            | Self::Linear { id, .. }
            | Self::TimeDecay { id, .. }
            | Self::LastNonDirect { id, .. }
            | Self::Markov { id, .. }
            | Self::Shapley { id, .. }
            | Self::OrderedShapley { id, .. }
            | Self::RateShapley { id, .. }
            | Self::Incremental { id, .. }
            | Self::IncrementalTotal { id, .. } => id,
        }
    }

    /// One line for people; may be empty.
    pub fn description(&self) -> &str {
        match self {
            Self::Anchored { description, .. }
            | Self::Linear { description, .. }
            | Self::TimeDecay { description, .. }
            | Self::LastNonDirect { description, .. }
            | Self::Markov { description, .. }
            | Self::Shapley { description, .. }
            | Self::OrderedShapley { description, .. }
            | Self::RateShapley { description, .. }
            | Self::Incremental { description, .. }
            | Self::IncrementalTotal { description, .. } => description,
        }
    }

    /// How much the shares of its touches differ.
    pub fn share_variety(&self) -> ShareVariety {
        match self {
            Self::Anchored { .. }
            | Self::Linear { .. }
            | Self::LastNonDirect { .. }
            | Self::Shapley { .. }
            | Self::OrderedShapley { .. } => ShareVariety::Few,
            Self::Markov { .. } | Self::RateShapley { .. } => ShareVariety::OfDeals,
            Self::TimeDecay { .. } | Self::Incremental { .. } | Self::IncrementalTotal { .. } => {
                ShareVariety::OfTouches
            }
        }
    }

    /// The id as part of a column name: `.` becomes `__`.
    pub fn column_stem(&self) -> String {
        self.id().replace('.', "__")
    }
}

impl TryFrom<SpecDraft> for ModelSpec {
    type Error = SpecError;

    fn try_from(draft: SpecDraft) -> Result<Self, SpecError> {
        check_id(&draft.id)?;
        draft.refuse_stray_keys()?;
        let SpecDraft { id, description, .. } = draft.clone();
        match draft.kind {
            ModelKind::Linear => Ok(Self::Linear { id, description }),
            ModelKind::TimeDecay => {
                let half_life_days = required(&draft.id, "half_life_days", draft.half_life_days)?;
                let range = "a positive number of days";
                check_range(&draft.id, "half_life_days", half_life_days, range, half_life_days > 0.0)?;
                Ok(Self::TimeDecay { id, description, half_life_days })
            }
            ModelKind::LastNonDirect => {
                let mut direct_channels = required(&draft.id, "direct_channels", draft.direct_channels)?;
                direct_channels.sort();
                direct_channels.dedup();
                Ok(Self::LastNonDirect { id, description, direct_channels })
            }
            ModelKind::Anchored => draft.into_anchored(),
            ModelKind::Markov => {
                let order = draft.order.unwrap_or(ChainOrder::Fixed(1));
                if let ChainOrder::Fixed(number) = order {
                    let range = "from 1 to 4, or \"auto\"";
                    check_range(
                        &draft.id,
                        "order",
                        f64::from(number),
                        range,
                        (1..=HIGHEST_ORDER).contains(&number.into()),
                    )?;
                }
                Ok(Self::Markov { id, description, order, state: draft.state.unwrap_or_default() })
            }
            ModelKind::Shapley => Ok(Self::Shapley { id, description }),
            ModelKind::OrderedShapley => Ok(Self::OrderedShapley { id, description }),
            ModelKind::RateShapley => Ok(Self::RateShapley { id, description }),
            ModelKind::Incremental => Ok(Self::Incremental { id, description, settings: draft.checked_settings()? }),
            ModelKind::IncrementalTotal => {
                Ok(Self::IncrementalTotal { id, description, settings: draft.checked_settings()? })
            }
        }
    }
}

impl SpecDraft {
    fn checked_settings(self) -> Result<IncrementalSettings, SpecError> {
        let settings = self.settings.unwrap_or_default();
        settings.check().map_err(|error| SpecError::Settings { id: self.id, message: error.to_string() })?;
        Ok(settings)
    }

    fn into_anchored(self) -> Result<ModelSpec, SpecError> {
        let anchors = required(&self.id, "anchors", self.anchors)?;
        let middle = self.middle.unwrap_or(0.0);
        for (anchor, &weight) in &anchors {
            let key = format!("anchors.{anchor:?}");
            check_range(&self.id, &key, weight, "more than 0 and at most 1", weight > 0.0 && weight <= 1.0)?;
        }
        check_range(&self.id, "middle", middle, "from 0 to 1", (0.0..=1.0).contains(&middle))?;
        let sum = anchors.values().sum::<f64>() + middle;
        if (sum - 1.0).abs() > 1e-9 {
            return Err(SpecError::Sum { id: self.id, sum });
        }
        Ok(ModelSpec::Anchored {
            id: self.id,
            description: self.description,
            anchors,
            middle,
            middle_touches: self.middle_touches.unwrap_or_default(),
            overlap: self.overlap.unwrap_or_default(),
            no_middle: self.no_middle.unwrap_or_default(),
            missing: self.missing.unwrap_or_default(),
        })
    }

    fn refuse_stray_keys(&self) -> Result<(), SpecError> {
        let keys = [
            ("anchors", self.anchors.is_some(), &[ModelKind::Anchored][..]),
            ("middle", self.middle.is_some(), &[ModelKind::Anchored]),
            ("middle_touches", self.middle_touches.is_some(), &[ModelKind::Anchored]),
            ("overlap", self.overlap.is_some(), &[ModelKind::Anchored]),
            ("no_middle", self.no_middle.is_some(), &[ModelKind::Anchored]),
            ("missing", self.missing.is_some(), &[ModelKind::Anchored]),
            ("half_life_days", self.half_life_days.is_some(), &[ModelKind::TimeDecay]),
            ("direct_channels", self.direct_channels.is_some(), &[ModelKind::LastNonDirect]),
            ("order", self.order.is_some(), &[ModelKind::Markov]),
            ("state", self.state.is_some(), &[ModelKind::Markov]),
            ("settings", self.settings.is_some(), &[ModelKind::Incremental, ModelKind::IncrementalTotal]),
        ];
        match keys.iter().find(|(_, given, kinds)| *given && !kinds.contains(&self.kind)) {
            Some(&(key, ..)) => Err(SpecError::Stray { id: self.id.clone(), key }),
            None => Ok(()),
        }
    }
}

fn required<T>(id: &str, key: &'static str, value: Option<T>) -> Result<T, SpecError> {
    value.ok_or_else(|| SpecError::Absent { id: id.to_owned(), key })
}

fn check_range(id: &str, key: &str, value: f64, range: &'static str, within: bool) -> Result<(), SpecError> {
    if within && value.is_finite() {
        Ok(())
    } else {
        Err(SpecError::OutOfRange { id: id.to_owned(), key: key.to_owned(), value, range })
    }
}

fn check_id(id: &str) -> Result<(), SpecError> {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let (head, tail) = id.split_once('.').unwrap_or((id, "_"));
    if word(head) && word(tail) && head.starts_with(|c: char| c.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err(SpecError::Id(id.to_owned()))
    }
}

/// Reads specs from TOML: a list of `[[model]]` tables.
///
/// # Errors
/// Text that is not of that shape, a spec that makes no sense, or an id used twice.
pub fn parse_models(text: &str) -> Result<Vec<ModelSpec>, SpecError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Models {
        model: Vec<SpecDraft>,
    }
    let drafts: Models = toml::from_str(text).map_err(|error| SpecError::Syntax(error.to_string()))?;
    let mut specs: Vec<ModelSpec> = Vec::with_capacity(drafts.model.len());
    for draft in drafts.model {
        let spec = ModelSpec::try_from(draft)?;
        if specs.iter().any(|known| known.column_stem() == spec.column_stem()) {
            return Err(SpecError::Twice(spec.id().to_owned()));
        }
        specs.push(spec);
    }
    Ok(specs)
}

#[cfg(test)]
mod tests {
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
}
