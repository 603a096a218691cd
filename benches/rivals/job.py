"""The benchmark's job, as far as the rivals share it: arguments, and the SQL that all SQL engines understand.

A touch counts for a won deal when it is of the same account and at most 90 days before the close, both ends included;
the order is (ts, touch_id). `decay` halves every 7 days; `ushape` is 40/20/40; `wshape` shares 90 % equally among the
distinct touches that are first, last, or last at or before the opportunity's creation, and 10 % among the others.

What each rival writes: `OUT`, a row for every campaign and quarter of close, with money under six models, deals,
spend and roi; and, if asked, `--credits`, a row for every deal and touch.
"""

import argparse

MODELS = ["first", "last", "linear", "decay", "ushape", "wshape"]
TABLES = ["campaigns", "spend", "touchpoints", "opportunities"]
HALF_LIFE = 7 * 86_400_000_000

# One row per won deal and touch in its window.
PATHS = """
SELECT
    deal.opportunity_id, touch.touch_id, touch.ts, touch.campaign_id, deal.amount, deal.quarter,
    touch.ts <= deal.created_at AS is_early,
    {weight} AS weight
FROM touchpoints AS touch
JOIN (
    SELECT
        opportunity_id, account_id, created_at, closed_at, closed_at - INTERVAL '90' DAY AS opens_at, amount,
        CAST(date_trunc('quarter', closed_at) AS DATE) AS quarter
    FROM opportunities WHERE is_won
) AS deal ON touch.account_id = deal.account_id
WHERE touch.ts BETWEEN deal.opens_at AND deal.closed_at
"""

# `created` counts the touches up to the opportunity's creation, so that the touch at that position holds the anchor.
COUNTED = """
SELECT
    *,
    row_number() OVER (PARTITION BY opportunity_id ORDER BY ts, touch_id) AS position,
    count(*) OVER (PARTITION BY opportunity_id) AS touches,
    sum(weight) OVER (PARTITION BY opportunity_id) AS weights,
    sum(CASE WHEN is_early THEN 1 ELSE 0 END) OVER (PARTITION BY opportunity_id) AS created
FROM paths
"""

# `keys` counts the distinct touches that hold any anchor.
CREDITS = """
SELECT
    opportunity_id, touch_id, campaign_id, quarter, amount,
    CASE WHEN position = 1 THEN 1e0 ELSE 0e0 END AS first,
    CASE WHEN position = touches THEN 1e0 ELSE 0e0 END AS last,
    1e0 / touches AS linear,
    weight / weights AS decay,
    CASE WHEN touches <= 2 THEN 1e0 / touches WHEN at_an_end THEN 4e-1 ELSE 2e-1 / (touches - 2) END AS ushape,
    CASE
        WHEN touches = keys THEN 1e0 / keys
        WHEN at_an_end OR position = created THEN 9e-1 / keys
        ELSE 1e-1 / (touches - keys)
    END AS wshape
FROM (
    SELECT
        *,
        CASE WHEN touches = 1 THEN 1 WHEN created > 1 AND created < touches THEN 3 ELSE 2 END AS keys,
        position = 1 OR position = touches AS at_an_end
    FROM counted
) AS anchored
"""

# Revenue and spend, one below the other, are summed again: a full join, where an absent side counts as nothing.
RETURNS = """
SELECT campaign_id, channel, name, quarter, {revenues}, deals, spend, {returns}
FROM (
    SELECT campaign_id, quarter, {sums}, CAST(sum(deals) AS BIGINT) AS deals, sum(spend) AS spend
    FROM (
        SELECT campaign_id, quarter, {earned}, {deals} AS deals, 0e0 AS spend
        FROM credits GROUP BY campaign_id, quarter
        UNION ALL
        SELECT campaign_id, CAST(date_trunc('quarter', date) AS DATE) AS quarter, {nothing}, 0 AS deals, sum(amount) AS spend
        FROM spend GROUP BY campaign_id, CAST(date_trunc('quarter', date) AS DATE)
    ) AS sides
    GROUP BY campaign_id, quarter
) AS cells
JOIN campaigns USING (campaign_id)
ORDER BY campaign_id, quarter
"""


def each_model(template):
    return ", ".join(template.format(model) for model in MODELS)


def credits(weight, counted=COUNTED):
    """A query for a row per deal and touch; `weight` is the engine's SQL for the weight that decays."""
    return f"WITH paths AS ({PATHS.format(weight=weight)}), counted AS ({counted}) {CREDITS}"


def returns(credits, deals="count(DISTINCT opportunity_id)"):
    """A query for the money of every campaign and quarter from the query for credits."""
    text = RETURNS.format(
        earned=each_model("sum({0} * amount) AS rev_{0}"),
        nothing=each_model("0e0 AS rev_{0}"),
        sums=each_model("sum(rev_{0}) AS rev_{0}"),
        revenues=each_model("rev_{0}"),
        returns=each_model("(rev_{0} - spend) / nullif(spend, 0e0) AS roi_{0}"),
        deals=deals,
    )
    return f"WITH credits AS ({credits}) {text}"


def arguments(description):
    """A parser of what every rival takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("data", help="a folder that generate.py made")
    parser.add_argument("out", help="Parquet file for the money by campaign and quarter")
    parser.add_argument("--credits", help="Parquet file for a row of every deal and touch")
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet", help="of the files in DATA")
    parser.add_argument("--threads", type=int, default=2)
    return parser
