//! Model specs: what a model is, as data that can be read, compared and hashed.

mod draft;
mod error;

pub use draft::{SpecDraft, parse_models};
pub use error::SpecError;

use crate::incremental::IncrementalSettings;
use crate::journey::Anchor;
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
    /// This many, from 1 to [`HIGHEST_ORDER`](crate::statistics::HIGHEST_ORDER).
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

    /// Its id as part of a column name.
    pub fn column_stem(&self) -> String {
        column_stem(self.id())
    }
}

/// The id of a model as part of a column name: `.` becomes `__`.
pub fn column_stem(id: &str) -> String {
    id.replace('.', "__")
}
