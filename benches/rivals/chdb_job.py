#!/usr/bin/env python3
"""The benchmark's job in ClickHouse's SQL, embedded as chDB: a sorted array per deal, or window functions.

    chdb_job.py DATA OUT.parquet [--credits CREDITS.parquet] [--format csv] [--threads N] [--form arrays|windows]

Windows are a tenth faster at a million touches, arrays when credits are written.
"""

from pathlib import Path

import chdb
import job

# In CSV files it finds whole seconds.
MICROS = "toUnixTimestamp64Micro(toDateTime64({}, 6))"
WEIGHT = f"exp2(({MICROS.format('touch.ts')} - {MICROS.format('deal.closed_at')}) / {job.HALF_LIFE}e0)"

# Each deal's touches are gathered and sorted as an array, then unrolled with their positions.
ARRAYS = """
SELECT
    opportunity_id, amount, quarter, touches, weights, created,
    touch.2 AS touch_id, touch.3 AS campaign_id, touch.4 AS weight, position
FROM (
    SELECT
        opportunity_id, any(amount) AS amount, any(quarter) AS quarter, count() AS touches, sum(weight) AS weights,
        countIf(is_early) AS created, arraySort(groupArray((ts, touch_id, campaign_id, weight))) AS path
    FROM paths GROUP BY opportunity_id
)
ARRAY JOIN path AS touch, arrayEnumerate(path) AS position
"""
FORMS = {"arrays": ARRAYS, "windows": job.COUNTED}


def run(options):
    db = chdb.connect(":memory:")
    db.query(f"SET max_threads = {options.threads}, max_insert_threads = {options.threads}")
    # The columns that the job reads hold no nulls, once the deals that are not won are left out.
    db.query("SET schema_inference_make_columns_nullable = 0, engine_file_truncate_on_insert = 1")
    for table in job.TABLES:
        db.query(f"CREATE VIEW {table} AS SELECT * FROM {given(options, table)}")
    credits = job.credits(WEIGHT, FORMS[options.form])
    if options.credits:
        db.query(f"INSERT INTO FUNCTION {parquet(options.credits)} {credits}")
        credits = f"SELECT * FROM {parquet(options.credits)}"
    db.query(f"INSERT INTO FUNCTION {parquet(options.out)} {job.returns(credits)}")


def given(options, table):
    files = f"{options.data}/{table}/*.{options.format}"
    return parquet(files) if options.format == "parquet" else f"file('{Path(files).resolve()}', CSVWithNames)"


def parquet(path):
    return f"file('{Path(path).resolve()}', Parquet)"


if __name__ == "__main__":
    parser = job.arguments(__doc__)
    parser.add_argument("--form", choices=FORMS, default="arrays")
    run(parser.parse_args())
