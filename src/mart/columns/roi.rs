//! Spend, money and return by campaign and channel.

use super::{
    ACCOUNTS, AMOUNT_HIGH, AMOUNT_LOW, AMOUNT_SE, BASIS, CAMPAIGN_ID, CHANNEL, Column, Definition, FISCAL_QUARTER,
    MODEL, RESIDUAL, ROI, ROI_HIGH, ROI_LOW, ROI_SE, fact, key, per_model, sum,
};
use crate::mart::catalogue::MartType::{Double, Integer, Money};

const COST_SE: Column = fact(
    "cost_per_new_customer_se",
    Double,
    "Standard error of cost_per_new_customer, by the delta method; null without positive spend and where new_deals may be zero.",
);
const COST_LOW: Column = fact(
    "cost_per_new_customer_low",
    Double,
    "Lower end of the 95 % interval of cost_per_new_customer; null without positive spend and where new_deals may be zero.",
);
const COST_HIGH: Column =
    fact("cost_per_new_customer_high", Double, "Upper end of the 95 % interval of cost_per_new_customer.");
const AMOUNT: Column = per_model(
    "amount",
    Money,
    "Money attributed to the line, or left in the residual; over all lines of a quarter, model and basis it sums to booked revenue.",
);
const NEW_AMOUNT: Column = per_model("new_amount", Money, "The part of amount from new business.");
const EXPANSION_AMOUNT: Column = per_model("expansion_amount", Money, "The part of amount from expansions.");
const RENEWAL_AMOUNT: Column = per_model("renewal_amount", Money, "The part of amount from renewals.");
const CREDIT_AMOUNT: Column =
    per_model("credit_amount", Money, "The part of amount given back by credit deals, usually negative.");
const ATTRIBUTED_DEALS: Column =
    per_model("attributed_deals", Double, "Fractional deals: the sum of shares of new, expansion and renewal deals.");
const NEW_DEALS: Column = per_model(
    "new_deals",
    Double,
    "Fractional new-business deals, which are booking lines: a customer who bought in two lines at once counts twice. campaign_clv counts customers.",
);
const TOUCHED_DEALS: Column = fact(
    "touched_deals",
    Integer,
    "Deals of the kinds that are attributed with an eligible touch of the line, their credit deals included: each counts once for every line, under touch_date in the quarter of the line's first touch. Of a residual, all deals with anything left to it.",
);
const TOUCHES: Column = fact(
    "touches",
    Integer,
    "Eligible touches in the journeys of deals of the kinds that are attributed, once per deal, for credit deals those of their originals, whether or not the model credits them.",
);
const SPEND: Column = per_model("spend", Money, "What was spent in the quarter; the same under every model and basis.");
const MARGIN: Column = fact(
    "margin",
    Money,
    "amount times the configured margin, rounded half away from zero; of several lines that of their summed amount, from which the sum of theirs differs by what was rounded.",
);
const ATTRIBUTED_PROFIT: Column =
    fact("attributed_profit", Money, "margin − spend, of several lines from their sums; null for residuals.");
const ROAS: Column = fact("roas", Double, "amount ÷ spend; null without positive spend.");
const MARGIN_ROI: Column = fact("margin_roi", Double, "(margin − spend) ÷ spend; null without positive spend.");
const ROMI: Column = fact(
    "romi",
    Double,
    "(margin − spend) ÷ spend of incremental money: filled under models of kind incremental only; null without positive spend.",
);
const COST_PER_NEW_CUSTOMER: Column = fact(
    "cost_per_new_customer",
    Double,
    "spend ÷ new_deals, in the currency's major unit; null for residuals and where new_deals is zero or spend negative, 0 where nothing was spent.",
);

/// What a line earned.
const EARNED: &[Column] =
    &[AMOUNT, NEW_AMOUNT, EXPANSION_AMOUNT, RENEWAL_AMOUNT, CREDIT_AMOUNT, ATTRIBUTED_DEALS, NEW_DEALS];

/// What it cost and what came of it.
const RETURN: &[Column] = &[
    SPEND,
    MARGIN,
    ATTRIBUTED_PROFIT,
    ROAS,
    ROI,
    MARGIN_ROI,
    ROMI,
    COST_PER_NEW_CUSTOMER,
    ACCOUNTS,
    AMOUNT_SE,
    AMOUNT_LOW,
    AMOUNT_HIGH,
    ROI_SE,
    ROI_LOW,
    ROI_HIGH,
    COST_SE,
    COST_LOW,
    COST_HIGH,
];

pub(super) const CAMPAIGN_SPEND: Definition = Definition {
    name: "campaign_spend",
    grain: "campaign (or channel-only line) × fiscal quarter",
    columns: &[&[
        CAMPAIGN_ID,
        CHANNEL,
        FISCAL_QUARTER,
        sum("spend", Money, "Spent in the quarter; spend over a range of dates is even per day."),
    ]],
    per_model: &[],
};

pub(super) const CAMPAIGN_ROI: Definition = Definition {
    name: "campaign_roi",
    grain: "line × fiscal quarter × model × basis",
    columns: &[
        &[
            key("line", "campaign, no_campaign (a channel alone) or residual."),
            CAMPAIGN_ID,
            CHANNEL,
            RESIDUAL,
            FISCAL_QUARTER,
            MODEL,
            BASIS,
        ],
        EARNED,
        &[TOUCHED_DEALS, TOUCHES],
        RETURN,
    ],
    per_model: &[],
};

pub(super) const CHANNEL_ROI: Definition = Definition {
    name: "channel_roi",
    grain: "line × fiscal quarter × model × basis",
    columns: &[
        &[key("line", "channel or residual."), CHANNEL, RESIDUAL, FISCAL_QUARTER, MODEL, BASIS],
        EARNED,
        &[TOUCHES],
        RETURN,
    ],
    per_model: &[],
};
