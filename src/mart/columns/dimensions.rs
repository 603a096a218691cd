//! The dimensions: campaigns, channels, accounts, quarters, models.

use super::{Definition, FISCAL_QUARTER, MODEL, fact, key, sum};
use crate::mart::catalogue::MartType::{Date, Flag, Integer, Money};

pub(super) const DIM_CAMPAIGN: Definition = Definition {
    name: "dim_campaign",
    grain: "campaign",
    columns: &[&[
        key("campaign_id", "Campaign."),
        key("name", "Name."),
        key("channel", "Channel; null for campaigns that the campaigns table does not have."),
        key("subchannel", "Finer channel."),
        key("content", "What was shown."),
        key("parent_campaign_id", "Campaign it belongs to."),
        fact("start_date", Date, "First day."),
        fact("end_date", Date, "Last day."),
        sum("budget", Money, "Planned spend."),
        fact("is_known", Flag, "Whether the campaigns table has it; touches and spend may name others."),
    ]],
    per_model: &[],
};

pub(super) const DIM_CHANNEL: Definition = Definition {
    name: "dim_channel",
    grain: "channel",
    columns: &[&[key("channel", "Channel that campaigns, spend or touches of accounts that were looked at name.")]],
    per_model: &[],
};

pub(super) const DIM_ACCOUNT: Definition = Definition {
    name: "dim_account",
    grain: "account",
    columns: &[&[
        key("account_id", "Account."),
        key("name", "Name."),
        key("industry", "Industry."),
        key("region", "Region."),
        sum("employees", Integer, "Number of employees."),
        key("segment", "Segment."),
        key("tier", "Tier."),
        fact("is_target", Flag, "Whether it is a target account."),
        key("owner", "Who owns it."),
        fact("is_known", Flag, "Whether the accounts table has it; deals and transactions may name others."),
    ]],
    per_model: &[],
};

pub(super) const DIM_FISCAL_QUARTER: Definition = Definition {
    name: "dim_fiscal_quarter",
    grain: "fiscal quarter",
    columns: &[&[
        FISCAL_QUARTER,
        fact("fiscal_year", Integer, "Calendar year in which the fiscal year ends."),
        fact("quarter_of_year", Integer, "1 to 4."),
        fact("start_date", Date, "First day."),
        fact("end_date", Date, "Last day."),
    ]],
    per_model: &[],
};

pub(super) const DIM_MODEL: Definition = Definition {
    name: "dim_model",
    grain: "model",
    columns: &[&[
        MODEL,
        fact("position", Integer, "Order in reports, from 1."),
        key("description", "What it does, in one line."),
        fact("is_default", Flag, "Whether other models are compared with it."),
        key("spec", "Its normalised definition, as JSON."),
        key("spec_hash", "BLAKE3 of spec: the same hash means the same definition."),
    ]],
    per_model: &[],
};
