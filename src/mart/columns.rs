//! The columns of every mart, as data.

mod books;
mod comparison;
mod dimensions;
mod journeys;
mod learned;
mod lifetime;
mod roi;

use super::catalogue::MartType::{Double, Integer, Text};
use super::catalogue::{Additivity, MartColumn, MartType};
use closedloop_core::model::ShareVariety;

pub(super) use lifetime::PREDICTIONS;

/// A mart as written down: fixed columns, then columns repeated for every model.
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) grain: &'static str,
    /// In groups, so that marts can share some.
    columns: &'static [&'static [Column]],
    pub(super) per_model: &'static [Column],
}

impl Definition {
    /// The columns that do not depend on the models.
    pub(super) fn fixed_columns(&self) -> impl Iterator<Item = MartColumn> {
        self.columns.iter().copied().flatten().map(|column| column.named(column.name.to_owned()))
    }
}

/// A column as written down.
pub(super) struct Column {
    pub(super) name: &'static str,
    kind: MartType,
    additivity: Additivity,
    description: &'static str,
}

impl Column {
    pub(super) fn named(&self, name: String) -> MartColumn {
        let Self { kind, additivity, description, .. } = *self;
        MartColumn { name, kind, description: description.to_owned(), additivity, variety: ShareVariety::Few }
    }
}

const fn key(name: &'static str, description: &'static str) -> Column {
    Column { name, kind: Text, additivity: Additivity::Never, description }
}

const fn fact(name: &'static str, kind: MartType, description: &'static str) -> Column {
    Column { name, kind, additivity: Additivity::Never, description }
}

const fn sum(name: &'static str, kind: MartType, description: &'static str) -> Column {
    Column { name, kind, additivity: Additivity::Additive, description }
}

const fn per_model(name: &'static str, kind: MartType, description: &'static str) -> Column {
    Column { name, kind, additivity: Additivity::WithinModelAndBasis, description }
}

const CAMPAIGN_ID: Column = key("campaign_id", "Campaign; null for what belongs to a channel alone or to a residual.");
const CHANNEL: Column = key(
    "channel",
    "Channel: for campaigns of the campaigns table the one given there, else the touch's or the spend line's; \"unknown\" where it is blank; null for residuals.",
);
const FISCAL_QUARTER: Column = key(
    "fiscal_quarter",
    "Fiscal quarter, named after the calendar year in which the fiscal year ends, as in FY26Q3, outside 2000 to 2099 as in FY1999Q4; in order by start_date of dim_fiscal_quarter.",
);
const MODEL: Column = key("model", "Attribution model.");
const BASIS: Column = key(
    "basis",
    "close_date: revenue in the quarter the deal closed; touch_date: in the quarter of the touch (residuals stay at close).",
);
const KIND: Column = key("kind", "Kind of the deal: new, expansion, renewal or credit.");
const RESIDUAL: Column = key(
    "residual",
    "Bucket of money that went to no touch: no_touch, outside_lookback, suppressed, missing_anchor, baseline, kind_not_attributed or unmatched_credit.",
);
const ACCOUNTS: Column = fact(
    "accounts",
    Integer,
    "Accounts whose deals the line touched; with fewer than about ten the intervals say little more than that. 0 where there is none; null for residuals, and without intervals.",
);
const AMOUNT_SE: Column = fact("amount_se", Double, "Standard error of amount, clustered by account.");
const AMOUNT_LOW: Column = fact(
    "amount_low",
    Double,
    "Lower end of the 95 % interval of amount; null for residuals, and where no account gave anything.",
);
const AMOUNT_HIGH: Column = fact("amount_high", Double, "Upper end of the 95 % interval of amount.");
const ROI_SE: Column = fact("roi_se", Double, "Standard error of roi; spend is a decision, not chance.");
const ROI_LOW: Column = fact("roi_low", Double, "Lower end of the 95 % interval of roi; null without positive spend.");
const ROI_HIGH: Column = fact("roi_high", Double, "Upper end of the 95 % interval of roi.");
const ROI: Column = fact("roi", Double, "(amount − spend) ÷ spend; null without positive spend.");

/// Every mart, in the order in which they are written.
pub(super) const MARTS: &[Definition] = &[
    dimensions::DIM_CAMPAIGN,
    dimensions::DIM_CHANNEL,
    dimensions::DIM_ACCOUNT,
    dimensions::DIM_FISCAL_QUARTER,
    dimensions::DIM_MODEL,
    journeys::TOUCH_CREDITS,
    journeys::JOURNEYS,
    roi::CAMPAIGN_SPEND,
    roi::CAMPAIGN_ROI,
    roi::CHANNEL_ROI,
    comparison::MODEL_COMPARISON,
    comparison::MODEL_DECISION,
    comparison::MODEL_AGREEMENT,
    comparison::MODEL_SENSITIVITY,
    books::RECONCILIATION,
    books::BASIS_BRIDGE,
    learned::PATH_SUMMARY,
    learned::TRANSITION_MATRIX,
    learned::REMOVAL_EFFECTS,
    learned::RATE_VALUES,
    learned::CHANNEL_EFFECTS,
    learned::CALIBRATION,
    learned::MODEL_VALIDATION,
    lifetime::CUSTOMER_CLV,
    lifetime::CLV_COHORTS,
    lifetime::CLV_FIT,
    lifetime::CLV_VALIDATION,
    lifetime::CAMPAIGN_CLV,
    books::INPUT_RECONCILIATION,
    books::SET_ASIDE,
];
