//! `[lifetime]`: how customers are valued.

use closedloop_core::lifetime::Period;
use serde::{Deserialize, Serialize};

/// `[lifetime]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifetimeConfig {
    /// Whether the marts about lifetime value are computed.
    pub enabled: bool,
    /// Unit of the times in `customer_clv` and `clv_fit`.
    pub unit: Period,
    /// Months ahead.
    pub horizon_months: i64,
    /// Discount rate a year.
    pub discount: f64,
    /// The column of accounts by which customers are fitted apart.
    pub segment_by: SegmentBy,
    /// The family of models, for every segment or chosen per segment.
    pub family: FamilyChoice,
    /// Purchase models to fit.
    pub models: Vec<String>,
}

impl Default for LifetimeConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            unit: Period::Month,
            horizon_months: 36,
            discount: 0.1,
            segment_by: SegmentBy::Segment,
            family: FamilyChoice::Auto,
            models: ["bg_nbd", "mbg_nbd", "pareto_nbd"].map(str::to_owned).to_vec(),
        }
    }
}

/// What tells segments of customers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentBy {
    /// `accounts.segment`.
    Segment,
    /// `accounts.industry`.
    Industry,
    /// `accounts.region`.
    Region,
    /// `accounts.tier`.
    Tier,
    /// Nothing: all customers are one segment.
    None,
}

/// Which family of lifetime models is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FamilyChoice {
    /// By what the segment's customers have.
    Auto,
    /// Renewals of terms.
    Contractual,
    /// Purchases without a term.
    NonContractual,
    /// What was earned, no prediction.
    Historic,
}
