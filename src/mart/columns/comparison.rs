//! How the models compare.

use super::{
    ACCOUNTS, AMOUNT_HIGH, AMOUNT_LOW, AMOUNT_SE, BASIS, CHANNEL, Column, Definition, FISCAL_QUARTER, MODEL, ROI,
    ROI_HIGH, ROI_LOW, ROI_SE, fact, key,
};
use crate::mart::catalogue::MartType::{Double, Flag, Integer, Money};

const CAMPAIGN_OF_LEVEL: Column = key(
    "campaign_id",
    "Campaign; null at level channel. What a channel has without a campaign stands at level channel alone, so that campaigns may sum to less.",
);
const QUARTER_OR_ALL: Column = key("fiscal_quarter", "Fiscal quarter; null for all quarters together.");

const CAN_CREDIT: Column = fact(
    "can_credit",
    Flag,
    "Whether the model can credit the line at all: a model that attributes nothing in the whole run cannot, as lead_creation where no lead creation is known, nor can incremental a channel that it controls for or that nobody touched. What it then gives, nothing, is no reason for a decision.",
);

pub(super) const MODEL_COMPARISON: Definition = Definition {
    name: "model_comparison",
    grain: "campaign or channel × fiscal quarter × basis × model",
    columns: &[&[
        key("level", "campaign or channel."),
        CAMPAIGN_OF_LEVEL,
        CHANNEL,
        FISCAL_QUARTER,
        BASIS,
        MODEL,
        fact("amount", Money, "Money attributed under the model; channels have what campaigns have once more."),
        fact("delta", Money, "amount less the amount under the default model."),
        fact("spend", Money, "What was spent in the quarter; the same under every model and basis."),
        ROI,
        fact("rank", Integer, "Rank by amount within level, quarter, basis and model, from 1."),
        CAN_CREDIT,
        key(
            "decision",
            "fund, cut or depends: roi reaches the hurdle under all, none or some of the models that can credit the line; null without one, and without positive spend.",
        ),
    ]],
    per_model: &[],
};

pub(super) const MODEL_DECISION: Definition = Definition {
    name: "model_decision",
    grain: "campaign or channel × fiscal quarter or all × basis × model",
    columns: &[&[
        key("level", "campaign or channel."),
        CAMPAIGN_OF_LEVEL,
        CHANNEL,
        QUARTER_OR_ALL,
        BASIS,
        MODEL,
        fact("amount", Money, "Money attributed under the model."),
        AMOUNT_SE,
        AMOUNT_LOW,
        AMOUNT_HIGH,
        ACCOUNTS,
        fact("spend", Money, "What was spent."),
        ROI,
        ROI_SE,
        ROI_LOW,
        ROI_HIGH,
        CAN_CREDIT,
        key(
            "verdict",
            "fund or cut: the 95 % interval of roi lies above or below the hurdle; too_close: the hurdle lies inside. What gives nothing has no interval, and the verdict of its roi of −1: under every draw of the accounts it gives nothing, be it that none of its touches was eligible. Null without positive spend, where the model cannot credit the line, and in runs without intervals.",
        ),
    ]],
    per_model: &[],
};

pub(super) const MODEL_AGREEMENT: Definition = Definition {
    name: "model_agreement",
    grain: "campaigns or channels × fiscal quarter or all × basis × pair of models",
    columns: &[&[
        key("level", "Whether campaigns or channels are compared: campaign or channel."),
        QUARTER_OR_ALL,
        BASIS,
        key("model", "One model."),
        key("other_model", "The other; each pair stands once, the earlier model of dim_model first."),
        fact("compared", Integer, "Campaigns or channels that either model gives money."),
        fact("kendall", Double, "Kendall's τ_b of the two rankings, −1 to 1; null where a model gives all the same."),
        fact("spearman", Double, "Spearman's ρ of the two rankings, −1 to 1; null likewise."),
        fact(
            "money_moved",
            Money,
            "Money that changes place from one model to the other: what some lose or others gain, whichever is more; the difference goes to residuals or comes from them.",
        ),
        fact(
            "share_moved",
            Double,
            "That money as a share of the larger of what the two models gave, money given back counted as positive.",
        ),
        fact(
            "top_overlap",
            Double,
            "Share of the first ten of one that are among the first ten of the other; null where no more than ten are compared.",
        ),
    ]],
    per_model: &[],
};

pub(super) const MODEL_SENSITIVITY: Definition = Definition {
    name: "model_sensitivity",
    grain: "campaign or channel with a touch × fiscal quarter × model that learns nothing from the data × lookback × half-life",
    columns: &[&[
        key("level", "campaign or channel."),
        CAMPAIGN_OF_LEVEL,
        CHANNEL,
        key("fiscal_quarter", "Fiscal quarter in which the deals closed."),
        MODEL,
        fact(
            "lookback_days",
            Double,
            "Days of the window: the configured ones and three, two and one quarter of them.",
        ),
        fact(
            "half_life_days",
            Double,
            "Half-life: the model's own, half and twice as much; null for models without one.",
        ),
        fact("is_configured", Flag, "Whether lookback and half-life are those of the run."),
        fact("amount", Money, "Money attributed, by close date."),
        fact("delta", Money, "amount less that of the run."),
    ]],
    per_model: &[],
};
