#!/usr/bin/env python3
"""From touches to aggregated paths in DuckDB: the file that packages of Markov models read.

    duckdb_paths_job.py DATA OUT.csv [--level channel|campaign] [--threads N]

A journey is what touched an account within 90 days before one of its opportunities was won or lost, in the order of
(ts, touch_id). Journeys of one path are one row: how many were won, their money, and how many were lost.
"""

import argparse
import tempfile

import duckdb

STATES = {"channel": "touch.channel", "campaign": "CAST(touch.campaign_id AS VARCHAR)"}

PATHS = """
SELECT
    path, sum(won) AS total_conversions, sum(money) AS total_conversion_value, sum(1 - won) AS total_null
FROM (
    SELECT
        closed.opportunity_id, any_value(CAST(closed.is_won AS INTEGER)) AS won,
        any_value(CASE WHEN closed.is_won THEN closed.amount ELSE 0 END) AS money,
        string_agg({state}, ' > ' ORDER BY touch.ts, touch.touch_id) AS path
    FROM read_parquet('{data}/touchpoints/*.parquet') AS touch
    JOIN (
        SELECT *, closed_at - INTERVAL '90' DAY AS opens_at
        FROM read_parquet('{data}/opportunities/*.parquet') WHERE closed_at IS NOT NULL
    ) AS closed ON touch.account_id = closed.account_id AND touch.ts BETWEEN closed.opens_at AND closed.closed_at
    GROUP BY closed.opportunity_id
) AS journeys
GROUP BY path
"""


def run(options):
    db = duckdb.connect(config={"threads": options.threads, "temp_directory": tempfile.gettempdir()})
    db.execute("SET preserve_insertion_order = false")
    paths = PATHS.format(state=STATES[options.level], data=options.data)
    db.execute(f"COPY ({paths}) TO '{options.out}' (FORMAT csv, DELIMITER ';', HEADER)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--level", choices=list(STATES), default="channel")
    parser.add_argument("--threads", type=int, default=2)
    run(parser.parse_args())
