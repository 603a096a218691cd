//! `[journeys]`: which touches belong to a deal.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which touches belong to an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// All touches of the account.
    #[default]
    Account,
    /// Those of the contacts with a role on the opportunity; of the account where there is no role.
    ContactRoles,
    /// Those of the primary contact; of the account where there is none.
    PrimaryContact,
}

/// Where the lookback window is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookbackFrom {
    /// The creation of the opportunity.
    #[default]
    OpportunityCreated,
    /// The conversion.
    Conversion,
}

/// Whether journeys start anew after an earlier win of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// The whole window counts.
    Never,
    /// Only touches after the latest earlier win count.
    AfterWin,
}

/// `[journeys]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JourneyConfig {
    /// Which touches belong to an opportunity.
    pub mapping: Mapping,
    /// Days of 24 hours before `lookback_from`.
    pub lookback_days: f64,
    /// Where the window is measured from.
    pub lookback_from: LookbackFrom,
    /// How much later than its milestone a touch may be logged, as in "1h" or "90 minutes".
    pub anchor_tolerance: String,
    /// SQL over the touchpoints: which of them can earn credit.
    pub eligible: String,
    /// Name → SQL over the touchpoints: touches that match one of these rules cannot earn credit.
    pub suppress: BTreeMap<String, String>,
    /// Which repeated touches of a person count once.
    pub collapse: Option<CollapseConfig>,
    /// Whether journeys start anew after a win, per kind.
    pub restart: RestartConfig,
}

/// `[journeys.collapse]`: touches of one person with one campaign and type count once a journey.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollapseConfig {
    /// When no more than this lies between one and the next, as in "30 minutes".
    pub gap: String,
    /// However far apart they are, for these touch types: an event counts whole.
    #[serde(default)]
    pub offline_types: Vec<String>,
}

impl Default for JourneyConfig {
    fn default() -> Self {
        Self {
            mapping: Mapping::Account,
            lookback_days: 365.0,
            lookback_from: LookbackFrom::OpportunityCreated,
            anchor_tolerance: "1h".to_owned(),
            eligible: "responded IS NOT FALSE AND (source IS NULL OR lower(source) IN ('marketing', 'partner'))"
                .to_owned(),
            suppress: BTreeMap::new(),
            collapse: None,
            restart: RestartConfig::default(),
        }
    }
}

/// `[journeys] restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestartConfig {
    /// For new business.
    pub new: Restart,
    /// For expansions.
    pub expansion: Restart,
    /// For renewals.
    pub renewal: Restart,
}

impl Default for RestartConfig {
    fn default() -> Self {
        Self { new: Restart::Never, expansion: Restart::AfterWin, renewal: Restart::AfterWin }
    }
}
