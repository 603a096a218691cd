//! The columns of every mart, as data.

use super::catalogue::{Additivity, MartColumn, MartType};

/// A mart as written down: fixed columns, then columns repeated for every model.
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) grain: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) per_model: &'static [Column],
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
        MartColumn { name, kind: self.kind, description: self.description.to_owned(), additivity: self.additivity }
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

use MartType::{Date, Double, Flag, Instant, Integer, Money, Text};

const CAMPAIGN_ID: Column = key("campaign_id", "Campaign; null for what belongs to a channel alone or to a residual.");
const CHANNEL: Column = key(
    "channel",
    "Channel: the campaign's own, else the touch's or the spend line's, else \"unknown\"; null for residuals.",
);
const FISCAL_QUARTER: Column =
    key("fiscal_quarter", "Fiscal quarter, named after the calendar year in which the fiscal year ends, as in FY26Q3.");
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
    "Accounts whose deals the line touched; with fewer than about ten the intervals say little more than that. Null for residuals, and without intervals.",
);
const AMOUNT_SE: Column = fact("amount_se", Double, "Standard error of amount, clustered by account.");
const AMOUNT_LOW: Column = fact(
    "amount_low",
    Double,
    "Lower end of the 95 % interval of amount; null for residuals, and where no account gave anything.",
);
const AMOUNT_HIGH: Column = fact("amount_high", Double, "Upper end of the 95 % interval of amount.");
const ROI_SE: Column = fact("roi_se", Double, "Standard error of roi; spend is a decision, not chance.");
const ROI_LOW: Column = fact("roi_low", Double, "Lower end of the 95 % interval of roi; null without spend.");
const ROI_HIGH: Column = fact("roi_high", Double, "Upper end of the 95 % interval of roi.");
const COST_SE: Column =
    fact("cost_per_new_customer_se", Double, "Standard error of cost_per_new_customer, by the delta method.");
const COST_LOW: Column = fact(
    "cost_per_new_customer_low",
    Double,
    "Lower end of the 95 % interval of cost_per_new_customer; null without spend and where new_deals may be zero.",
);
const COST_HIGH: Column =
    fact("cost_per_new_customer_high", Double, "Upper end of the 95 % interval of cost_per_new_customer.");
const QUARTER_OR_ALL: Column = key("fiscal_quarter", "Fiscal quarter; null for all quarters together.");

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
const NEW_DEALS: Column = per_model("new_deals", Double, "Fractional new-business deals.");
const TOUCHED_DEALS: Column = fact(
    "touched_deals",
    Integer,
    "Deals with at least one credited touch of the line, credit deals included; a deal counts for every line that touched it.",
);
const TOUCHES: Column = fact("touches", Integer, "Credited touches, once per deal they serve.");
const SPEND: Column = per_model("spend", Money, "What was spent in the quarter; the same under every model and basis.");
const MARGIN: Column = per_model("margin", Money, "amount times the configured margin, rounded half away from zero.");
const ATTRIBUTED_PROFIT: Column = per_model("attributed_profit", Money, "margin − spend; null for residuals.");
const ROAS: Column = fact("roas", Double, "amount ÷ spend; null where spend is zero.");
const ROI: Column = fact("roi", Double, "(amount − spend) ÷ spend; null where spend is zero.");
const MARGIN_ROI: Column = fact("margin_roi", Double, "(margin − spend) ÷ spend; null where spend is zero.");
const ROMI: Column = fact(
    "romi",
    Double,
    "(margin − spend) ÷ spend of incremental money: filled under models of kind incremental only; null where spend is zero.",
);
const COST_PER_NEW_CUSTOMER: Column = fact(
    "cost_per_new_customer",
    Double,
    "spend ÷ new_deals, in the currency's major unit; null where new_deals is zero.",
);

/// What `closedloop clv` predicts of the customers of a file.
pub(super) const PREDICTIONS: Definition = Definition {
    name: "predictions",
    grain: "customer",
    columns: &[
        key("customer_id", "Customer."),
        key("model", "Purchase model of the predictions."),
        fact("frequency", Integer, "x: repeat purchases."),
        fact("recency", Double, "t_x: time from the first purchase to the last, in the unit asked for."),
        fact("observed", Double, "T: time from the first purchase to the end of observation."),
        fact("monetary_value", Double, "Mean amount of the repeat purchases; 0 without any."),
        fact("p_alive", Double, "Probability that the customer will buy again at all."),
        sum("expected_purchases", Double, "Expected purchases over the horizon."),
        fact("purchases_low", Double, "Lower end of the 95 % interval of purchases."),
        fact("purchases_high", Double, "Upper end of the 95 % interval of purchases."),
        fact("expected_value", Double, "Expected amount of a coming purchase."),
        sum("clv", Double, "Discounted value of the purchases over the horizon; what was bought before is not in it."),
        fact("clv_low", Double, "Lower end of the 95 % interval of clv; the intervals of customers do not add up."),
        fact("clv_high", Double, "Upper end of the 95 % interval of clv."),
        sum("clv_beyond", Double, "Discounted value of purchases after the horizon; null when hardly discounted."),
    ],
    per_model: &[],
};

pub(super) const MARTS: &[Definition] = &[
    Definition {
        name: "dim_campaign",
        grain: "campaign",
        columns: &[
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
        ],
        per_model: &[],
    },
    Definition { name: "dim_channel", grain: "channel", columns: &[key("channel", "Channel.")], per_model: &[] },
    Definition {
        name: "dim_account",
        grain: "account",
        columns: &[
            key("account_id", "Account."),
            key("name", "Name."),
            key("industry", "Industry."),
            key("region", "Region."),
            sum("employees", Integer, "Number of employees."),
            key("segment", "Segment."),
            key("tier", "Tier."),
            fact("is_target", Flag, "Whether it is a target account."),
            key("owner", "Who owns it."),
            fact("is_known", Flag, "Whether the accounts table has it; deals may name others."),
        ],
        per_model: &[],
    },
    Definition {
        name: "dim_fiscal_quarter",
        grain: "fiscal quarter",
        columns: &[
            FISCAL_QUARTER,
            fact("fiscal_year", Integer, "Calendar year in which the fiscal year ends."),
            fact("quarter_of_year", Integer, "1 to 4."),
            fact("start_date", Date, "First day."),
            fact("end_date", Date, "Last day."),
        ],
        per_model: &[],
    },
    Definition {
        name: "dim_model",
        grain: "model",
        columns: &[
            MODEL,
            fact("position", Integer, "Order in reports, from 1."),
            key("description", "What it does, in one line."),
            fact("is_default", Flag, "Whether other models are compared with it."),
            key("spec", "Its normalised definition, as JSON."),
            key("spec_hash", "BLAKE3 of spec: the same hash means the same definition."),
        ],
        per_model: &[],
    },
    Definition {
        name: "touch_credits",
        grain: "deal × touch",
        columns: &[
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
        ],
        per_model: &[
            per_model("share", Double, "Share of the deal under the model, an exact multiple of 2⁻⁴⁸."),
            per_model("amount", Money, "Money under the model; with the deal's residual it sums to the deal."),
        ],
    },
    Definition {
        name: "journeys",
        grain: "deal",
        columns: &[
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
        ],
        per_model: &[
            key("residual", "Bucket of what the model left; null when it left nothing."),
            per_model("residual_amount", Money, "Money the model left; with touch_credits it sums to amount."),
        ],
    },
    Definition {
        name: "campaign_spend",
        grain: "campaign (or channel-only line) × fiscal quarter",
        columns: &[
            CAMPAIGN_ID,
            CHANNEL,
            FISCAL_QUARTER,
            sum("spend", Money, "Spent in the quarter; spend over a range of dates is even per day."),
        ],
        per_model: &[],
    },
    Definition {
        name: "campaign_roi",
        grain: "line × fiscal quarter × model × basis",
        columns: &[
            key("line", "campaign, no_campaign (a channel alone) or residual."),
            CAMPAIGN_ID,
            CHANNEL,
            RESIDUAL,
            FISCAL_QUARTER,
            MODEL,
            BASIS,
            AMOUNT,
            NEW_AMOUNT,
            EXPANSION_AMOUNT,
            RENEWAL_AMOUNT,
            CREDIT_AMOUNT,
            ATTRIBUTED_DEALS,
            NEW_DEALS,
            TOUCHED_DEALS,
            TOUCHES,
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
        ],
        per_model: &[],
    },
    Definition {
        name: "channel_roi",
        grain: "line × fiscal quarter × model × basis",
        columns: &[
            key("line", "channel or residual."),
            CHANNEL,
            RESIDUAL,
            FISCAL_QUARTER,
            MODEL,
            BASIS,
            AMOUNT,
            NEW_AMOUNT,
            EXPANSION_AMOUNT,
            RENEWAL_AMOUNT,
            CREDIT_AMOUNT,
            ATTRIBUTED_DEALS,
            NEW_DEALS,
            TOUCHES,
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
        ],
        per_model: &[],
    },
    Definition {
        name: "model_comparison",
        grain: "campaign or channel × fiscal quarter × basis × model",
        columns: &[
            key("level", "campaign or channel."),
            CAMPAIGN_ID,
            CHANNEL,
            FISCAL_QUARTER,
            BASIS,
            MODEL,
            per_model("amount", Money, "Money attributed under the model."),
            per_model("delta", Money, "amount less the amount under the default model."),
            per_model("spend", Money, "What was spent in the quarter; the same under every model and basis."),
            ROI,
            fact("rank", Integer, "Rank by amount within level, quarter, basis and model, from 1."),
            key(
                "decision",
                "fund, cut or depends: roi reaches the hurdle under all, none or some models; null without spend.",
            ),
        ],
        per_model: &[],
    },
    Definition {
        name: "model_decision",
        grain: "campaign or channel × fiscal quarter or all × basis × model",
        columns: &[
            key("level", "campaign or channel."),
            CAMPAIGN_ID,
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
            key(
                "verdict",
                "fund or cut: the 95 % interval of roi lies above or below the hurdle; too_close: the hurdle lies inside; null without spend or intervals.",
            ),
        ],
        per_model: &[],
    },
    Definition {
        name: "model_agreement",
        grain: "campaigns or channels × fiscal quarter or all × basis × pair of models",
        columns: &[
            key("level", "Whether campaigns or channels are compared: campaign or channel."),
            QUARTER_OR_ALL,
            BASIS,
            key("model", "One model."),
            key("other_model", "The other; each pair stands once, the earlier model of dim_model first."),
            fact("compared", Integer, "Campaigns or channels that either model gives money."),
            fact(
                "kendall",
                Double,
                "Kendall's τ_b of the two rankings, −1 to 1; null where a model gives all the same.",
            ),
            fact("spearman", Double, "Spearman's ρ of the two rankings, −1 to 1; null likewise."),
            fact("money_moved", Money, "Money that changes place from one model to the other."),
            fact("share_moved", Double, "That money as a share of the larger of the two totals."),
            fact(
                "top_overlap",
                Double,
                "Share of the first ten (of all, if fewer) of one that are among those of the other.",
            ),
        ],
        per_model: &[],
    },
    Definition {
        name: "model_sensitivity",
        grain: "campaign or channel × fiscal quarter × model × lookback × half-life",
        columns: &[
            key("level", "campaign or channel."),
            CAMPAIGN_ID,
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
        ],
        per_model: &[],
    },
    Definition {
        name: "reconciliation",
        grain: "close quarter × kind × model",
        columns: &[
            FISCAL_QUARTER,
            KIND,
            MODEL,
            fact("deals", Integer, "Deals booked."),
            per_model("booked", Money, "Booked revenue."),
            per_model("attributed", Money, "Money attributed to touches."),
            per_model("no_touch", Money, "Left: the account has no touch before the conversion."),
            per_model("outside_lookback", Money, "Left: all touches are older than the window."),
            per_model("suppressed", Money, "Left: touches in the window, none eligible."),
            per_model("missing_anchor", Money, "Left: the model credits an anchor that the journey does not have."),
            per_model("baseline", Money, "Left: expected without the recorded touches."),
            per_model("kind_not_attributed", Money, "Left: the kind is not attributed."),
            per_model("unmatched_credit", Money, "Left: a credit deal without its original."),
            per_model("difference", Money, "booked less all of these; always 0."),
        ],
        per_model: &[],
    },
    Definition {
        name: "basis_bridge",
        grain: "close quarter × touch quarter × model",
        columns: &[
            key("close_quarter", "Fiscal quarter in which the deals closed."),
            key("touch_quarter", "Fiscal quarter of the touches; null for residuals, which stay at close."),
            MODEL,
            per_model(
                "amount",
                Money,
                "Money; over touch quarters it sums to what closed, over close quarters to what touches earned.",
            ),
        ],
        per_model: &[],
    },
    Definition {
        name: "path_summary",
        grain: "distinct path of channels",
        columns: &[
            key(
                "path",
                "Channels of the eligible touches in order; null for the rest: beyond the 10,000 most frequent paths, and paths of more than 20 touches.",
            ),
            fact("touches", Integer, "Touches of the path; null for the rest."),
            sum(
                "paths",
                Integer,
                "Distinct paths that the row stands for; 1 but for the rest, where long paths count each.",
            ),
            sum("conversions", Integer, "Journeys on the path that converted."),
            sum("value", Money, "What they were worth, money given back taken off."),
            sum(
                "nulls",
                Integer,
                "Journeys on the path that did not convert: lost, or not converted by the as-of date.",
            ),
            fact("conversion_rate", Double, "conversions ÷ (conversions + nulls)."),
        ],
        per_model: &[],
    },
    Definition {
        name: "transition_matrix",
        grain: "Markov model × state × next state",
        columns: &[
            MODEL,
            key("from_state", "The last touches, as many as the model remembers; (start) before the first."),
            key(
                "to_state",
                "The touches after one more; (conversion) or (null) at the end. Steps from a state to itself are left out: they change no chance.",
            ),
            fact("transitions", Integer, "How many journeys' steps were such."),
            fact("probability", Double, "Their part of the steps out of from_state."),
        ],
        per_model: &[],
    },
    Definition {
        name: "removal_effects",
        grain: "Markov model × state",
        columns: &[
            MODEL,
            key("level", "What a state is: channel, channel_type or campaign."),
            key("state", "The state; campaigns with few touches share one."),
            fact("removal_effect_conversions", Double, "Part of all conversions lost if the state led nowhere."),
            fact("removal_effect_value", Double, "Part of all value lost if the state led nowhere."),
            per_model(
                "literature_conversions",
                Double,
                "All conversions in proportion to the removal effects, as the literature has it.",
            ),
            per_model(
                "literature_value",
                Double,
                "All value in proportion to the removal effects on value, in the major unit.",
            ),
            per_model(
                "attributed_deals",
                Double,
                "Fractional deals that journeys gave the state; null for channel_type. Differs from the literature's: a journey gives only to its own channels.",
            ),
            per_model("attributed_amount", Money, "Money that journeys gave the state; null for channel_type."),
        ],
        per_model: &[],
    },
    Definition {
        name: "rate_values",
        grain: "model of kind rate_shapley × channel",
        columns: &[
            MODEL,
            CHANNEL,
            fact("conversions", Integer, "Conversions of journeys with the channel."),
            fact(
                "negative_conversions",
                Integer,
                "Of these, those in whose journeys its value is negative, so that it earns nothing.",
            ),
            fact("mean_value", Double, "Its Shapley value in points of conversion rate, mean over those conversions."),
            fact("least_value", Double, "The least of these values."),
        ],
        per_model: &[],
    },
    Definition {
        name: "channel_effects",
        grain: "incremental model × credited channel × lag",
        columns: &[
            MODEL,
            CHANNEL,
            key("lag", "How a touch works: fading from the start, or rising first, to a peak 1.4 half-lives after it."),
            fact("half_life_days", Double, "Days in which a touch loses half its strength, in the end."),
            fact("weight", Double, "How likely the lag is among the channel's lags; they sum to one."),
            fact(
                "effect",
                Double,
                "By how much ln(1 + exposure) raises the rate of conversions, times the weight; the sum is the channel's.",
            ),
            fact(
                "share",
                Double,
                "Share of all conversions that the channel brought about at all its lags, without a window.",
            ),
            fact("share_low", Double, "Lower end of its 95 % interval, which holds what is not known of the fit."),
            fact("share_high", Double, "Upper end of its 95 % interval."),
            key(
                "link",
                "How effects combine: additive, the rate is that without touches × (1 + their sum); multiplicative, × e^sum.",
            ),
            key("evidence", "observational, or experiment_calibrated where an experiment pulled the estimate."),
            fact("fitted_accounts", Integer, "Accounts that the fit looked at: all, or as many as it takes."),
            fact("fitted_conversions", Integer, "Conversions of those accounts."),
        ],
        per_model: &[],
    },
    Definition {
        name: "calibration",
        grain: "incremental model × experiment",
        columns: &[
            MODEL,
            key("campaign_id", "Campaign that the experiment was on; null when it was on a channel."),
            CHANNEL,
            fact("start_date", Date, "First day of the experiment."),
            fact("end_date", Date, "Last day."),
            fact("lift", Double, "Conversions of the channel that the experiment says it caused."),
            fact("standard_error", Double, "Its standard error, in conversions."),
            fact("before", Double, "The lift that the model implies without any experiment."),
            fact("after", Double, "The lift that it implies with all of them."),
        ],
        per_model: &[],
    },
    Definition {
        name: "model_validation",
        grain: "fitted model",
        columns: &[
            MODEL,
            key(
                "unit",
                "What the model predicts. touch: the chance that a journey converts, given its touches so far (markov). journey: the chance that a journey with its distinct channels converts (rate_shapley). account_28_days: the chance that an account converts in the next 28 days, given the credited touches so far (incremental; covariates, season and controls, which it adjusts for, are not in the prediction).",
            ),
            fact("predictions", Integer, "Units of the accounts held out, one account in five by a hash of its id."),
            fact("conversions", Integer, "Of these, those that converted."),
            fact(
                "expected_conversions",
                Double,
                "The sum of the predictions of the model fitted on the other accounts.",
            ),
            fact("expected_to_observed", Double, "expected_conversions ÷ conversions: 1 is calibrated."),
            fact(
                "calibration_slope",
                Double,
                "Slope of outcomes on predictions: 1 is calibrated, below 1 the predictions lie too far apart.",
            ),
            fact(
                "auc",
                Double,
                "Chance that a unit that converted was predicted higher than one that did not; 0.5 is guessing.",
            ),
            fact("log_loss", Double, "Mean negative logarithm of the chance given to what happened; less is better."),
            fact("base_log_loss", Double, "The same if every unit were given base_rate."),
            fact("base_rate", Double, "Part of the units of the other accounts that converted."),
            key("reason", "Why there is no judgement; null where there is one."),
        ],
        per_model: &[],
    },
    Definition {
        name: "customer_clv",
        grain: "customer: an account with a purchase that was not taken back",
        columns: &[
            key("account_id", "Account."),
            key("segment", "Segment that was fitted together."),
            key("cohort", "Fiscal quarter of the acquisition, the first purchase."),
            fact("acquired_on", Date, "Day of the first purchase."),
            key("family", "contractual, non_contractual or historic: how the segment's future is told."),
            key("model", "Model of the predictions; null when there are none."),
            key("reason", "Why this family, and why no prediction where there is none."),
            sum("purchases", Integer, "Days with a purchase."),
            sum("frequency", Integer, "x: days with a purchase after the first."),
            fact("recency", Double, "t_x: time from the first purchase to the last, in the configured unit."),
            fact("observed", Double, "T: time from the first purchase to the as-of date, in the configured unit."),
            fact("monetary_value", Money, "Mean margin of the repeat purchases; 0 without any."),
            fact("contract_ends_on", Date, "Last day under contract; null outside the contractual family."),
            sum("renewals", Integer, "Renewals so far; null outside the contractual family."),
            fact("is_lapsed", Flag, "Whether the contract ended without renewal; null outside the contractual family."),
            sum("revenue", Money, "Booked so far, credits taken off."),
            sum("margin", Money, "Historic value: margin earned by the as-of date, over a term evenly."),
            sum("margin_discounted", Money, "The same, discounted to the acquisition."),
            sum("margin_contracted", Money, "Margin booked but not yet earned: the rest of running terms."),
            fact(
                "p_alive",
                Double,
                "Probability to buy again at all; under contract 1, lapsed 0; null when not predicted.",
            ),
            sum(
                "expected_purchases",
                Double,
                "Expected purchases or renewals over the horizon; null when not predicted.",
            ),
            fact("purchases_low", Double, "Lower end of their 95 % interval."),
            fact("purchases_high", Double, "Upper end of their 95 % interval."),
            fact("expected_value", Money, "Expected margin of a coming purchase or renewal."),
            sum(
                "predicted_margin",
                Money,
                "Expected margin over the horizon, discounted monthly; null when not predicted.",
            ),
            fact("predicted_low", Money, "Lower end of its 95 % interval; the intervals of customers do not add up."),
            fact("predicted_high", Money, "Upper end of its 95 % interval."),
            sum("predicted_beyond", Money, "Expected discounted margin after the horizon; in no other column."),
            sum(
                "clv",
                Money,
                "Lifetime value: margin + margin_contracted + predicted_margin. Overlaps with the revenue of the ROI marts: never add the two.",
            ),
            fact("clv_low", Money, "Lower end of the 95 % interval of clv; null when not predicted."),
            fact("clv_high", Money, "Upper end of the 95 % interval of clv; null when not predicted."),
            fact("has_deal", Flag, "Whether a deal acquired the customer; transactions may name others."),
        ],
        per_model: &[],
    },
    Definition {
        name: "clv_cohorts",
        grain: "acquisition quarter × age in quarters",
        columns: &[
            key("cohort", "Fiscal quarter of the acquisition."),
            fact("age", Integer, "Fiscal quarters since then, from 0."),
            FISCAL_QUARTER,
            fact("customers", Integer, "Customers of the cohort, the same at every age."),
            sum("buyers", Integer, "Customers of the cohort that bought in the quarter."),
            sum(
                "margin",
                Money,
                "Margin earned in the quarter, over a term evenly; what was booked earlier counts at age 0.",
            ),
            fact("cumulative_margin", Money, "Margin earned up to this age; sum it over cohorts of one age only."),
            fact("cumulative_margin_discounted", Money, "The same, every quarter discounted to the acquisition."),
            fact("margin_per_customer", Double, "cumulative_margin ÷ customers, in the currency's major unit."),
        ],
        per_model: &[],
    },
    Definition {
        name: "clv_fit",
        grain: "segment × model × parameter; one row where a model could not be fitted",
        columns: &[
            key("segment", "Segment that was fitted together."),
            key("family", "contractual, non_contractual or historic."),
            key("reason", "Why this family, and why no prediction where there is none."),
            key(
                "model",
                "bg_nbd, mbg_nbd, pareto_nbd, gamma_gamma, shifted_beta_geometric or its limit geometric; kaplan_meier is the observed survival beside it.",
            ),
            fact("is_chosen", Flag, "Whether the predictions are this model's."),
            key("parameter", "Parameter; survival_n of kaplan_meier is the share that survives n renewals."),
            fact("estimate", Double, "Maximum-likelihood estimate; v of gamma_gamma is in the currency's major unit."),
            fact(
                "standard_error",
                Double,
                "Its standard error, from the Hessian; of kaplan_meier by Greenwood's formula.",
            ),
            fact("log_likelihood", Double, "Log-likelihood of the fit."),
            fact("customers", Integer, "Customers fitted; of kaplan_meier those at risk."),
            fact("correlation", Double, "gamma_gamma: correlation of frequency and value, which it takes to be 0."),
            key("problem", "Why the model could not be fitted."),
        ],
        per_model: &[],
    },
    Definition {
        name: "clv_validation",
        grain: "segment × decile of predicted purchases; null is all",
        columns: &[
            key("segment", "Segment that was fitted together."),
            key("model", "Model, fitted to what was known by fitted_until."),
            fact("fitted_until", Date, "Last day that the fit knew of."),
            fact("held_out_until", Date, "Last day of what was predicted."),
            fact("decile", Integer, "Decile by predicted purchases, 1 the lowest; null is all customers."),
            fact("customers", Integer, "Customers predicted; of contracts those whose renewal came due."),
            fact("predicted_purchases", Double, "Expected purchases or renewals."),
            fact("purchases_low", Double, "Lower end of their 95 % interval."),
            fact("purchases_high", Double, "Upper end of their 95 % interval."),
            fact("actual_purchases", Integer, "Purchases or renewals that came."),
            fact("purchases_error", Double, "(predicted − actual) ÷ actual; null where none came."),
            fact("predicted_margin", Money, "Expected margin, undiscounted."),
            fact("margin_low", Money, "Lower end of its 95 % interval."),
            fact("margin_high", Money, "Upper end of its 95 % interval."),
            fact("actual_margin", Money, "Margin that came."),
            fact("margin_error", Double, "(predicted − actual) ÷ actual; null where none came."),
        ],
        per_model: &[],
    },
    Definition {
        name: "campaign_clv",
        grain: "line × model",
        columns: &[
            key("line", "campaign, no_campaign (a channel without campaign) or residual."),
            CAMPAIGN_ID,
            CHANNEL,
            key("residual", "Bucket of customers that no touch brought; no_deal: no deal acquired them."),
            MODEL,
            per_model(
                "acquired_customers",
                Double,
                "Fractional customers: the sum of the shares of their first deals; over all lines it is all customers.",
            ),
            per_model("margin", Money, "Realised so far: margin that the acquired customers have earned."),
            per_model("margin_contracted", Money, "Their margin booked but not yet earned."),
            per_model("predicted_margin", Money, "Their expected discounted margin over the horizon."),
            per_model(
                "clv",
                Money,
                "Attributed lifetime value: the sum of these three. Overlaps with the revenue of the ROI marts: never add the two.",
            ),
            fact("clv_low", Money, "Lower end of the 95 % interval of clv; intervals of lines do not add up."),
            fact("clv_high", Money, "Upper end of the 95 % interval of clv."),
            per_model(
                "acquisition_spend",
                Money,
                "What the line spent in the quarters in which customers were acquired; null without spend and for residuals.",
            ),
            fact("clv_to_cac", Double, "CLV:CAC, clv ÷ acquisition_spend; null where there is no positive spend."),
            fact(
                "payback_month",
                Integer,
                "First month of the customers' age by which their undiscounted margin covers acquisition_spend.",
            ),
            key("payback", "within_horizon or not_within_horizon; null where there is no positive spend."),
        ],
        per_model: &[],
    },
    Definition {
        name: "set_aside",
        grain: "rejected row",
        columns: &[
            key("table_name", "Input table."),
            key("reason", "Why the row was set aside."),
            key("key", "The row's key, where it has one."),
            sum("amount", Money, "Its amount, where it has a readable one."),
            key("file", "File it stands in (CSV)."),
            fact("line", Integer, "Line it starts on, from 1 (CSV)."),
            Column { name: "row", kind: Text, additivity: Additivity::Never, description: "The row as read, as JSON." },
        ],
        per_model: &[],
    },
];
