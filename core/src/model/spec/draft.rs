//! A spec as it is written, and the checks on its way to a [`ModelSpec`].

use super::{ChainOrder, MiddleRule, MiddleTouches, MissingRule, ModelSpec, OverlapRule, SpecError, StateLevel};
use crate::incremental::IncrementalSettings;
use crate::journey::Anchor;
use crate::statistics::HIGHEST_ORDER;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

impl TryFrom<SpecDraft> for ModelSpec {
    type Error = SpecError;

    fn try_from(draft: SpecDraft) -> Result<Self, SpecError> {
        check_id(&draft.id)?;
        draft.refuse_stray_keys()?;
        match draft.kind {
            ModelKind::Anchored => draft.into_anchored(),
            ModelKind::Linear => Ok(Self::Linear { id: draft.id, description: draft.description }),
            ModelKind::TimeDecay => draft.into_time_decay(),
            ModelKind::LastNonDirect => draft.into_last_non_direct(),
            ModelKind::Markov => draft.into_markov(),
            ModelKind::Shapley => Ok(Self::Shapley { id: draft.id, description: draft.description }),
            ModelKind::OrderedShapley => Ok(Self::OrderedShapley { id: draft.id, description: draft.description }),
            ModelKind::RateShapley => Ok(Self::RateShapley { id: draft.id, description: draft.description }),
            ModelKind::Incremental => {
                let settings = checked_settings(&draft.id, draft.settings)?;
                Ok(Self::Incremental { id: draft.id, description: draft.description, settings })
            }
            ModelKind::IncrementalTotal => {
                let settings = checked_settings(&draft.id, draft.settings)?;
                Ok(Self::IncrementalTotal { id: draft.id, description: draft.description, settings })
            }
        }
    }
}

impl SpecDraft {
    fn into_anchored(self) -> Result<ModelSpec, SpecError> {
        let anchors = required(&self.id, "anchors", self.anchors)?;
        let middle = self.middle.unwrap_or(0.0);
        for (anchor, &weight) in &anchors {
            let key = format!("anchors.{}", anchor.name());
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

    fn into_time_decay(self) -> Result<ModelSpec, SpecError> {
        let half_life_days = required(&self.id, "half_life_days", self.half_life_days)?;
        let range = "a positive number of days";
        check_range(&self.id, "half_life_days", half_life_days, range, half_life_days > 0.0)?;
        Ok(ModelSpec::TimeDecay { id: self.id, description: self.description, half_life_days })
    }

    fn into_last_non_direct(self) -> Result<ModelSpec, SpecError> {
        let mut direct_channels = required(&self.id, "direct_channels", self.direct_channels)?;
        direct_channels.sort();
        direct_channels.dedup();
        Ok(ModelSpec::LastNonDirect { id: self.id, description: self.description, direct_channels })
    }

    fn into_markov(self) -> Result<ModelSpec, SpecError> {
        let order = self.order.unwrap_or(ChainOrder::Fixed(1));
        if let ChainOrder::Fixed(number) = order {
            let is_possible = (1..=HIGHEST_ORDER).contains(&number.into());
            check_range(&self.id, "order", f64::from(number), "from 1 to 4, or \"auto\"", is_possible)?;
        }
        let state = self.state.unwrap_or_default();
        Ok(ModelSpec::Markov { id: self.id, description: self.description, order, state })
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

fn checked_settings(id: &str, settings: Option<IncrementalSettings>) -> Result<IncrementalSettings, SpecError> {
    let settings = settings.unwrap_or_default();
    settings.check().map_err(|error| SpecError::Settings { id: id.to_owned(), message: error.to_string() })?;
    Ok(settings)
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
mod tests;
