#!/usr/bin/env python3
"""The benchmark's job in DuckDB: six models, money and spend by campaign and quarter of close.

    duckdb_job.py DATA OUT.parquet [--credits CREDITS.parquet] [--threads N] [--memory 1GB]

A touch counts for a won deal when it is of the same account and at most 90 days before the close, both ends included;
the order is (ts, touch_id). `decay` halves every 7 days; `ushape` is 40/20/40; `wshape` shares 90 % equally among the
distinct touches that are first, last, or last at or before the opportunity's creation, and 10 % among the others.
"""

import argparse
import tempfile

import duckdb

MODELS = ["first", "last", "linear", "decay", "ushape", "wshape"]

# `created` counts the touches up to the opportunity's creation, so that the touch at that position holds the anchor;
# `keys` counts the distinct touches that hold any anchor.
CREDITS = """
WITH paths AS (
    SELECT
        deal.opportunity_id, touch.touch_id, touch.ts, touch.campaign_id, deal.amount,
        CAST(date_trunc('quarter', deal.closed_at) AS DATE) AS quarter,
        touch.ts <= deal.created_at AS is_early,
        pow(2e0, (epoch_us(touch.ts) - epoch_us(deal.closed_at)) / (7 * 86400e6)) AS weight
    FROM read_parquet('{data}/touchpoints/*.parquet') AS touch
    JOIN (FROM read_parquet('{data}/opportunities/*.parquet') WHERE is_won) AS deal
        ON touch.account_id = deal.account_id
        AND touch.ts BETWEEN deal.closed_at - INTERVAL 90 DAY AND deal.closed_at
),
counted AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY opportunity_id ORDER BY ts, touch_id) AS position,
        count(*) OVER path AS touches,
        sum(weight) OVER path AS weights,
        count(*) FILTER (is_early) OVER path AS created
    FROM paths
    WINDOW path AS (PARTITION BY opportunity_id)
),
anchored AS (
    SELECT
        *,
        CASE WHEN touches = 1 THEN 1 WHEN created > 1 AND created < touches THEN 3 ELSE 2 END AS keys,
        position = 1 OR position = touches AS at_an_end
    FROM counted
)
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
FROM anchored
"""

RETURNS = """
WITH credits AS ({credits}),
earned AS (
    SELECT campaign_id, quarter, {earned}, count(DISTINCT opportunity_id) AS deals
    FROM credits GROUP BY ALL
),
spent AS (
    SELECT campaign_id, CAST(date_trunc('quarter', date) AS DATE) AS quarter, sum(amount) AS spend
    FROM read_parquet('{data}/spend/*.parquet') GROUP BY ALL
),
both_sides AS (
    SELECT campaign_id, quarter, {revenues}, coalesce(deals, 0) AS deals, coalesce(spend, 0) AS spend
    FROM earned FULL JOIN spent USING (campaign_id, quarter)
)
SELECT campaign_id, channel, name, quarter, {names}, deals, spend, {returns}
FROM both_sides JOIN read_parquet('{data}/campaigns/*.parquet') USING (campaign_id)
ORDER BY campaign_id, quarter
"""


def each_model(template):
    return ", ".join(template.format(model) for model in MODELS)


def returns(data, credits):
    return RETURNS.format(
        data=data,
        credits=credits,
        earned=each_model("sum({0} * amount) AS rev_{0}"),
        revenues=each_model("coalesce(rev_{0}, 0) AS rev_{0}"),
        names=each_model("rev_{0}"),
        returns=each_model("(rev_{0} - spend) / nullif(spend, 0) AS roi_{0}"),
    )


def run(options):
    db = duckdb.connect(config={"threads": options.threads, "temp_directory": tempfile.gettempdir()})
    db.execute("SET preserve_insertion_order = false")
    if options.memory:
        db.execute(f"SET memory_limit = '{options.memory}'")
    credits = CREDITS.format(data=options.data)
    if options.credits:
        db.execute(f"COPY ({credits}) TO '{options.credits}' (FORMAT parquet, COMPRESSION zstd)")
        credits = f"FROM read_parquet('{options.credits}')"
    db.execute(f"COPY ({returns(options.data, credits)}) TO '{options.out}' (FORMAT parquet, COMPRESSION zstd)")


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--credits")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(parse())
