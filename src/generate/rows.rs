//! The rows of the CSV tables, field by field in the order and under the names of the input contract.
//!
//! Where mess may strike (see `mess.rs`), a field is text.

use serde::{Serialize, Serializer};

use super::calendar::Moment;
use super::money::Cents;

/// A row of `accounts.csv`.
#[derive(Debug, Serialize)]
pub struct AccountRow<'a> {
    pub(super) account_id: String,
    pub(super) name: &'a str,
    pub(super) industry: &'a str,
    pub(super) region: &'a str,
    pub(super) employees: i64,
    pub(super) segment: &'a str,
    pub(super) tier: &'a str,
    pub(super) is_target: bool,
    pub(super) owner: &'a str,
}

/// A row of `contacts.csv`.
#[derive(Debug, Serialize)]
pub struct ContactRow<'a> {
    pub(super) contact_id: String,
    pub(super) account_id: Option<String>,
    #[serde(serialize_with = "moment")]
    pub(super) created_at: Moment,
    pub(super) role: &'a str,
}

/// A row of `contact_roles.csv`.
#[derive(Debug, Serialize)]
pub struct ContactRoleRow {
    pub(super) opportunity_id: String,
    pub(super) contact_id: String,
    pub(super) is_primary: bool,
}

/// A row of `campaigns.csv`.
#[derive(Debug, Serialize)]
pub struct CampaignRow<'a> {
    pub(super) campaign_id: &'a str,
    pub(super) name: &'a str,
    pub(super) channel: &'a str,
    pub(super) subchannel: &'a str,
    pub(super) start_date: String,
    pub(super) end_date: String,
    pub(super) budget: Cents,
    pub(super) currency: &'a str,
}

/// A row of `opportunities.csv`.
#[derive(Clone, Debug, Serialize)]
pub struct OpportunityRow {
    pub(super) opportunity_id: String,
    pub(super) account_id: String,
    pub(super) created_at: String,
    pub(super) stage: &'static str,
    pub(super) is_won: bool,
    pub(super) is_closed: bool,
    pub(super) closed_at: Option<String>,
    pub(super) amount: Cents,
    pub(super) currency: &'static str,
    pub(super) r#type: &'static str,
    pub(super) probability: f64,
}

/// A row of `deals.csv`.
#[derive(Clone, Debug, Serialize)]
pub struct DealRow {
    pub(super) deal_id: String,
    pub(super) opportunity_id: String,
    pub(super) closed_at: String,
    pub(super) amount: String,
    pub(super) currency: &'static str,
    pub(super) kind: &'static str,
    pub(super) reverses_deal_id: Option<String>,
    pub(super) starts_at: Option<String>,
    pub(super) ends_at: Option<String>,
}

/// A row of `spend.csv`: of a campaign or of a whole channel, on a day or over a range of days.
#[derive(Clone, Debug, Serialize)]
pub struct SpendRow<'a> {
    pub(super) campaign_id: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
    pub(super) date: Option<String>,
    pub(super) start_date: Option<String>,
    pub(super) end_date: Option<String>,
    pub(super) amount: String,
    pub(super) currency: &'static str,
    pub(super) category: &'static str,
    pub(super) source: &'static str,
}

/// A row of `true_effects.csv`.
#[derive(Debug, Serialize)]
pub struct TrueEffectRow<'a> {
    pub(super) campaign_id: &'a str,
    pub(super) channel: &'a str,
    pub(super) true_effect: String,
    pub(super) touches: u64,
    pub(super) incremental_deals: String,
    pub(super) incremental_amount: Cents,
}

/// Writes a moment as a timestamp in UTC.
fn moment<S: Serializer>(moment: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}
