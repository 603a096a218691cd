//! What each deal and each of its touches came to.

use super::{CAMPAIGN_ID, CHANNEL, Definition, KIND, RESIDUAL, fact, key, per_model, sum};
use crate::mart::catalogue::MartType::{Double, Flag, Instant, Integer, Money};

pub(super) const TOUCH_CREDITS: Definition = Definition {
    name: "touch_credits",
    grain: "deal × touch",
    columns: &[&[
        key("account_id", "Account."),
        key("deal_id", "Deal."),
        key("opportunity_id", "Opportunity of the deal."),
        KIND,
        fact("position", Integer, "Position of the touch in the journey, from 1."),
        key("touch_id", "Touch."),
        fact("touched_at", Instant, "When it happened."),
        CAMPAIGN_ID,
        CHANNEL,
        key("close_quarter", "Fiscal quarter in which the deal closed."),
        key("touch_quarter", "Fiscal quarter in which the touch happened."),
        fact("is_first", Flag, "Holds the anchor first."),
        fact("is_lead_creation", Flag, "Holds the anchor lead_creation."),
        fact("is_opportunity_creation", Flag, "Holds the anchor opportunity_creation."),
        fact("is_closing", Flag, "Holds the anchor closing."),
    ]],
    per_model: &[
        per_model("share", Double, "Share of the deal under the model, an exact multiple of 2⁻⁴⁸."),
        per_model("amount", Money, "Money under the model; with the deal's residual it sums to the deal."),
    ],
};

pub(super) const JOURNEYS: Definition = Definition {
    name: "journeys",
    grain: "deal",
    columns: &[&[
        key("account_id", "Account."),
        key("deal_id", "Deal."),
        key("opportunity_id", "Opportunity of the deal."),
        KIND,
        key("outcome", "won, or credit for money given back."),
        fact("closed_at", Instant, "When it was booked."),
        key("close_quarter", "Fiscal quarter in which it was booked."),
        sum("amount", Money, "Booked amount."),
        fact("touches", Integer, "Eligible touches in its window; a credit has its original's."),
        fact("first_touched_at", Instant, "First eligible touch."),
        fact("last_touched_at", Instant, "Last eligible touch."),
        fact("span_days", Double, "Days from the first eligible touch to the booking."),
        fact("has_lead_creation", Flag, "Whether a touch holds the anchor lead_creation."),
        fact("has_opportunity_creation", Flag, "Whether a touch holds the anchor opportunity_creation."),
        RESIDUAL,
    ]],
    per_model: &[
        key("residual", "Bucket of what the model left; null when it left nothing."),
        per_model("residual_amount", Money, "Money the model left; with touch_credits it sums to amount."),
    ],
};
