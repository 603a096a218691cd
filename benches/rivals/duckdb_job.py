#!/usr/bin/env python3
"""The benchmark's job in DuckDB, with window functions.

    duckdb_job.py DATA OUT.parquet [--credits CREDITS.parquet] [--format csv] [--threads N] [--memory 1GB]
"""

import tempfile

import duckdb
import job

WEIGHT = f"pow(2e0, (epoch_us(touch.ts) - epoch_us(deal.closed_at)) / {job.HALF_LIFE}e0)"


def run(options):
    db = duckdb.connect(config={"threads": options.threads, "temp_directory": tempfile.gettempdir()})
    db.execute("SET preserve_insertion_order = false")
    if options.memory:
        db.execute(f"SET memory_limit = '{options.memory}'")
    for table in job.TABLES:
        db.execute(f"CREATE VIEW {table} AS FROM {files(options, table)}")
    credits = job.credits(WEIGHT)
    if options.credits:
        db.execute(f"COPY ({credits}) TO '{options.credits}' (FORMAT parquet, COMPRESSION zstd)")
        credits = f"FROM read_parquet('{options.credits}')"
    db.execute(f"COPY ({job.returns(credits)}) TO '{options.out}' (FORMAT parquet, COMPRESSION zstd)")


def files(options, table):
    return f"read_{options.format}('{options.data}/{table}/*.{options.format}')"


def parse(arguments=None):
    parser = job.arguments(__doc__)
    parser.add_argument("--memory", help="DuckDB's memory_limit, as in 1GB")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(parse())
