#!/usr/bin/env python3
"""Whether a rival's answer agrees with another's: the money of every campaign and quarter, and every credit.

    rivals_agree.py RETURNS.parquet OTHER.parquet [--credits CREDITS.parquet OTHER_CREDITS.parquet] [--threads N]

Keys, names and numbers of deals must be equal, and every other number to 1e-9 of its size, for they sum floats in
different orders. Prints a line per check; the exit code is 1 when one of them fails.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import job

CELLS = ["spend", *(f"{kind}_{model}" for model in job.MODELS for kind in ["rev", "roi"])]

RETURNS = """
WITH a AS ({a}), b AS ({b})
SELECT
    count(*) AS rows,
    count(*) FILTER (a.campaign_id IS NULL OR b.campaign_id IS NULL) AS unmatched,
    count(*) FILTER (a.channel <> b.channel OR a.name <> b.name OR a.deals <> b.deals) AS named_otherwise,
    {differences}
FROM a FULL JOIN b USING (campaign_id, quarter)
"""

# Some write text as bytes and dates as instants.
READ = """
SELECT * REPLACE (CAST(quarter AS DATE) AS quarter, CAST(channel AS TEXT) AS channel, CAST(name AS TEXT) AS name)
FROM read_parquet('{}', binary_as_string = true)
"""

CREDITS = """
SELECT
    count(*) AS rows,
    count(*) FILTER (a.touch_id IS NULL OR b.touch_id IS NULL) AS unmatched,
    count(*) FILTER (a.campaign_id <> b.campaign_id OR a.amount <> b.amount) AS named_otherwise,
    {differences}
FROM read_parquet('{a}') AS a FULL JOIN read_parquet('{b}') AS b USING (opportunity_id, touch_id)
"""

# Two nulls are equal; one alone differs infinitely.
DIFFERENCE = """
max(CASE
    WHEN a.{0} IS NULL AND b.{0} IS NULL THEN 0
    WHEN a.{0} IS NULL OR b.{0} IS NULL THEN 'infinity'::DOUBLE
    ELSE abs(a.{0} - b.{0}) / greatest(1, abs(a.{0}))
END) AS {0}
"""


def differences(columns):
    return ", ".join(DIFFERENCE.format(column) for column in columns)


def check(db, what, sql):
    result = db.execute(sql)
    found = dict(zip([column[0] for column in result.description], result.fetchone()))
    rows, unmatched, named_otherwise = (found.pop(key) for key in ["rows", "unmatched", "named_otherwise"])
    worst = max(found, key=found.get)
    holds = rows > 0 and unmatched == named_otherwise == 0 and found[worst] <= 1e-9
    print(
        f"{'agrees ' if holds else 'DIFFERS'}  {rows:,} {what}: {unmatched} unmatched, {named_otherwise} named otherwise, "
        f"numbers differ by at most {found[worst]:.1e} ({worst})"
    )
    return holds


def agree(options):
    db = duckdb.connect(config={"threads": options.threads, "temp_directory": tempfile.gettempdir()})
    a, b = (READ.format(path) for path in [options.returns, options.other])
    holds = check(db, "campaign quarters", RETURNS.format(a=a, b=b, differences=differences(CELLS)))
    if options.credits:
        a, b = options.credits
        holds &= check(db, "credits", CREDITS.format(a=a, b=b, differences=differences(job.MODELS)))
    return holds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("returns")
    parser.add_argument("other")
    parser.add_argument("--credits", nargs=2)
    parser.add_argument("--threads", type=int, default=2)
    sys.exit(not agree(parser.parse_args()))
