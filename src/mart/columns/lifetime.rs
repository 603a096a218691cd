//! Lifetime value.

use super::{CAMPAIGN_ID, CHANNEL, Definition, FISCAL_QUARTER, MODEL, fact, key, per_model, sum};
use crate::mart::catalogue::MartType::{Date, Double, Flag, Integer, Money};

pub(super) const CUSTOMER_CLV: Definition = Definition {
    name: "customer_clv",
    grain: "customer: an account with a purchase that was not taken back",
    columns: &[&[
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
        fact(
            "contract_ends_on",
            Date,
            "Last day under contract; null outside the contractual family, and for customers without a term.",
        ),
        sum(
            "renewals",
            Integer,
            "Renewals so far; null outside the contractual family, and for customers without a term.",
        ),
        fact(
            "is_lapsed",
            Flag,
            "Whether the contract ended without renewal; null outside the contractual family, and for customers without a term.",
        ),
        sum("revenue", Money, "Booked so far, credits taken off."),
        sum("margin", Money, "Historic value: margin earned by the as-of date, over a term evenly."),
        sum("margin_discounted", Money, "The same, discounted to the acquisition."),
        sum("margin_contracted", Money, "Margin booked but not yet earned: the rest of running terms."),
        fact(
            "p_alive",
            Double,
            "Probability to be alive: by bg_nbd and mbg_nbd to buy again at all, else not to have left; under contract 1, lapsed 0; null when not predicted.",
        ),
        sum("expected_purchases", Double, "Expected purchases or renewals over the horizon; null when not predicted."),
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
        sum(
            "predicted_beyond",
            Money,
            "Expected discounted margin after the horizon; in no other column. Null when hardly discounted.",
        ),
        sum(
            "clv",
            Money,
            "Lifetime value: margin + margin_contracted + predicted_margin. Overlaps with the revenue of the ROI marts: never add the two.",
        ),
        fact("clv_low", Money, "Lower end of the 95 % interval of clv; null when not predicted."),
        fact("clv_high", Money, "Upper end of the 95 % interval of clv; null when not predicted."),
        fact("has_deal", Flag, "Whether a deal acquired the customer; transactions may name others."),
    ]],
    per_model: &[],
};

pub(super) const CLV_COHORTS: Definition = Definition {
    name: "clv_cohorts",
    grain: "acquisition quarter × age in quarters",
    columns: &[&[
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
    ]],
    per_model: &[],
};

pub(super) const CLV_FIT: Definition = Definition {
    name: "clv_fit",
    grain: "segment × model × parameter; one row where a model could not be fitted",
    columns: &[&[
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
        fact("standard_error", Double, "Its standard error, from the Hessian; of kaplan_meier by Greenwood's formula."),
        fact("log_likelihood", Double, "Log-likelihood of the fit."),
        fact("customers", Integer, "Customers fitted; of kaplan_meier those at risk."),
        fact("correlation", Double, "gamma_gamma: correlation of frequency and value, which it takes to be 0."),
        key("problem", "Why the model could not be fitted."),
    ]],
    per_model: &[],
};

pub(super) const CLV_VALIDATION: Definition = Definition {
    name: "clv_validation",
    grain: "segment × decile of predicted purchases; null is all",
    columns: &[&[
        key("segment", "Segment that was fitted together."),
        key("model", "Model, fitted to what was known by fitted_until."),
        fact("fitted_until", Date, "Last day that the fit knew of."),
        fact("held_out_until", Date, "Last day of what was predicted."),
        fact("decile", Integer, "Decile by predicted purchases, 1 the lowest; null is all customers."),
        fact("customers", Integer, "Customers predicted; of contracts those whose renewal came due."),
        fact("predicted_purchases", Double, "Expected purchases or renewals."),
        fact("purchases_low", Double, "Lower end of their 95 % interval."),
        fact("purchases_high", Double, "Upper end of their 95 % interval."),
        fact("actual_purchases", Integer, "Purchases that came and were not taken back, or renewals."),
        fact("purchases_error", Double, "(predicted − actual) ÷ actual; null where none came."),
        fact("predicted_margin", Money, "Expected margin, undiscounted."),
        fact("margin_low", Money, "Lower end of its 95 % interval."),
        fact("margin_high", Money, "Upper end of its 95 % interval."),
        fact("actual_margin", Money, "Their margin."),
        fact(
            "margin_error",
            Double,
            "(predicted − actual) ÷ actual, before predicted is rounded; null where none came.",
        ),
    ]],
    per_model: &[],
};

pub(super) const CAMPAIGN_CLV: Definition = Definition {
    name: "campaign_clv",
    grain: "line × model",
    columns: &[&[
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
        per_model(
            "predicted_margin",
            Money,
            "Their expected discounted margin over the horizon; null where nothing is predicted of any customer.",
        ),
        per_model(
            "clv",
            Money,
            "Attributed lifetime value: the sum of these three, as far as they are known. Overlaps with the revenue of the ROI marts: never add the two.",
        ),
        fact(
            "clv_low",
            Money,
            "Lower end of the 95 % interval of clv, null likewise; intervals of lines do not add up.",
        ),
        fact("clv_high", Money, "Upper end of the 95 % interval of clv."),
        per_model(
            "acquisition_spend",
            Money,
            "What the line spent from the quarter in which the company's first credited touch or customer came to that of the last customer; null without spend and for residuals.",
        ),
        fact("clv_to_cac", Double, "CLV:CAC, clv ÷ acquisition_spend; null where there is no positive spend."),
        fact(
            "payback_month",
            Integer,
            "First month of the customers' age by which their undiscounted margin covers acquisition_spend.",
        ),
        key("payback", "within_horizon or not_within_horizon; null where there is no positive spend."),
    ]],
    per_model: &[],
};

/// What `closedloop clv` predicts of the customers of a file.
pub(in crate::mart) const PREDICTIONS: Definition = Definition {
    name: "predictions",
    grain: "customer",
    columns: &[&[
        key("customer_id", "Customer."),
        key("model", "Purchase model of the predictions."),
        fact("frequency", Integer, "x: repeat purchases."),
        fact("recency", Double, "t_x: time from the first purchase to the last, in the unit asked for."),
        fact("observed", Double, "T: time from the first purchase to the end of observation."),
        fact("monetary_value", Double, "Mean amount of the repeat purchases; 0 without any."),
        fact(
            "p_alive",
            Double,
            "Probability that the customer is alive: by bg_nbd and mbg_nbd to buy again at all, else not to have left.",
        ),
        sum("expected_purchases", Double, "Expected purchases over the horizon."),
        fact("purchases_low", Double, "Lower end of the 95 % interval of purchases."),
        fact("purchases_high", Double, "Upper end of the 95 % interval of purchases."),
        fact("expected_value", Double, "Expected amount of a coming purchase."),
        sum("clv", Double, "Discounted value of the purchases over the horizon; what was bought before is not in it."),
        fact("clv_low", Double, "Lower end of the 95 % interval of clv; the intervals of customers do not add up."),
        fact("clv_high", Double, "Upper end of the 95 % interval of clv."),
        sum("clv_beyond", Double, "Discounted value of purchases after the horizon; null when hardly discounted."),
    ]],
    per_model: &[],
};
