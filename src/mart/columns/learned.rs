//! What data-driven models learned.

use super::{CHANNEL, Definition, MODEL, fact, key, per_model, sum};
use crate::mart::catalogue::MartType::{Date, Double, Integer, Money};

pub(super) const PATH_SUMMARY: Definition = Definition {
    name: "path_summary",
    grain: "distinct path of channels",
    columns: &[&[
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
        sum("nulls", Integer, "Journeys on the path that did not convert: lost, or not converted by the as-of date."),
        fact("conversion_rate", Double, "conversions ÷ (conversions + nulls)."),
    ]],
    per_model: &[],
};

pub(super) const TRANSITION_MATRIX: Definition = Definition {
    name: "transition_matrix",
    grain: "Markov model × state × next state",
    columns: &[&[
        MODEL,
        key("from_state", "The last touches, as many as the model remembers; (start) before the first."),
        key(
            "to_state",
            "The touches after one more; (conversion) or (null) at the end. Steps from a state to itself are left out: they change no chance.",
        ),
        fact("transitions", Integer, "How many journeys' steps were such."),
        fact("probability", Double, "Their part of the steps out of from_state."),
    ]],
    per_model: &[],
};

pub(super) const REMOVAL_EFFECTS: Definition = Definition {
    name: "removal_effects",
    grain: "Markov model × state",
    columns: &[&[
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
    ]],
    per_model: &[],
};

pub(super) const RATE_VALUES: Definition = Definition {
    name: "rate_values",
    grain: "model of kind rate_shapley × channel",
    columns: &[&[
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
    ]],
    per_model: &[],
};

pub(super) const CHANNEL_EFFECTS: Definition = Definition {
    name: "channel_effects",
    grain: "incremental model × credited channel × lag",
    columns: &[&[
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
    ]],
    per_model: &[],
};

pub(super) const CALIBRATION: Definition = Definition {
    name: "calibration",
    grain: "incremental model × experiment",
    columns: &[&[
        MODEL,
        key("campaign_id", "Campaign that the experiment was on; null when it was on a channel."),
        CHANNEL,
        fact("start_date", Date, "First day of the experiment."),
        fact("end_date", Date, "Last day."),
        fact("lift", Double, "Conversions of the channel that the experiment says it caused."),
        fact("standard_error", Double, "Its standard error, in conversions."),
        fact("before", Double, "The lift that the model implies without any experiment."),
        fact("after", Double, "The lift that it implies with all of them."),
    ]],
    per_model: &[],
};

pub(super) const MODEL_VALIDATION: Definition = Definition {
    name: "model_validation",
    grain: "fitted model",
    columns: &[&[
        MODEL,
        key(
            "unit",
            "What the model predicts. touch: the chance that a journey converts, given its touches so far (markov). journey: the chance that a journey with its distinct channels converts (rate_shapley). account_28_days: the chance that an account converts in the next 28 days, given the credited touches so far (incremental; covariates, season and controls, which it adjusts for, are not in the prediction).",
        ),
        fact(
            "predictions",
            Integer,
            "Units of the accounts held out, one account in five by a hash of its id; of a model of rates, those of the accounts that it looks at. All that follows weighs each by the accounts that it stands for.",
        ),
        fact("conversions", Integer, "Of these, those that converted."),
        fact("expected_conversions", Double, "The sum of the predictions of the model fitted on the other accounts."),
        fact("expected_to_observed", Double, "expected_conversions ÷ the conversions that came: 1 is calibrated."),
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
    ]],
    per_model: &[],
};
