#!/usr/bin/env python3
"""The benchmark's job in Polars: lazy frames, the streaming engine, window expressions.

    polars_job.py DATA OUT.parquet [--credits CREDITS.parquet] [--format csv] [--threads N]
"""

import os

import job

CELL = ["campaign_id", "quarter"]


def paths(pl, scan):
    """One row per won deal and touch in its window."""
    touch_at, closed_at = pl.col("ts"), pl.col("closed_at")
    won = (
        scan("opportunities")
        .filter("is_won")
        .select(
            "opportunity_id", "account_id", "created_at", "closed_at", "amount",
            opens_at=closed_at - pl.duration(days=90), quarter=closed_at.dt.truncate("1q").cast(pl.Date),
        )
    )
    return (
        scan("touchpoints")
        .select("touch_id", "account_id", "ts", "campaign_id")
        .join(won, on="account_id")
        .filter(touch_at.is_between("opens_at", closed_at))
        .select(
            "opportunity_id", "touch_id", "ts", "campaign_id", "amount", "quarter",
            is_early=touch_at <= pl.col("created_at"),
            weight=((touch_at - closed_at).dt.total_microseconds() * (0.6931471805599453 / job.HALF_LIFE)).exp(),
        )
    )


def counted(pl, paths):
    """Each touch's position, counted from 0, and what is counted over its deal."""
    return paths.sort("opportunity_id", "ts", "touch_id").with_columns(
        position=pl.int_range(pl.len()).over("opportunity_id"),
        touches=pl.len().over("opportunity_id").cast(pl.Int64),
        weights=pl.sum("weight").over("opportunity_id"),
        created=pl.sum("is_early").over("opportunity_id").cast(pl.Int64),
    )


def credits(pl, counted):
    touches, position, created = pl.col("touches"), pl.col("position"), pl.col("created")
    is_first, is_last = position == 0, position == touches - 1
    has_third = (created > 1) & (created < touches)
    keys = pl.when(touches == 1).then(1).when(has_third).then(3).otherwise(2)
    return counted.select(
        "opportunity_id", "touch_id", "campaign_id", "quarter", "amount",
        first=is_first.cast(pl.Float64),
        last=is_last.cast(pl.Float64),
        linear=1 / touches,
        decay=pl.col("weight") / pl.col("weights"),
        ushape=pl.when(touches <= 2).then(1 / touches).when(is_first | is_last).then(0.4).otherwise(0.2 / (touches - 2)),
        wshape=pl.when(touches == keys).then(1 / keys)
        .when(is_first | is_last | (position == created - 1)).then(0.9 / keys)
        .otherwise(0.1 / (touches - keys)),
    )


def returns(pl, scan, credits):
    spend = pl.col("spend")
    earned = credits.group_by(CELL).agg(
        *((pl.col(model) * pl.col("amount")).sum().alias(f"rev_{model}") for model in job.MODELS),
        deals=pl.n_unique("opportunity_id").cast(pl.Int64),
    )
    spent = (
        scan("spend")
        .group_by("campaign_id", pl.col("date").dt.truncate("1q").alias("quarter"))
        .agg(spend=pl.sum("amount"))
    )
    roi = ((pl.col(f"rev_{model}") - spend) / pl.when(spend != 0).then(spend) for model in job.MODELS)
    return (
        earned.join(spent, on=CELL, how="full", coalesce=True)
        .fill_null(0)
        .join(scan("campaigns").select("campaign_id", "channel", "name"), on="campaign_id")
        .select(
            "campaign_id", "channel", "name", "quarter", *(f"rev_{model}" for model in job.MODELS), "deals", "spend",
            **{f"roi_{model}": value for model, value in zip(job.MODELS, roi)},
        )
        .sort(CELL)
    )


def run(options):
    # Read once, when the package is imported.
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)
    import polars as pl

    def scan(table):
        files = f"{options.data}/{table}/*.{options.format}"
        return pl.scan_parquet(files) if options.format == "parquet" else pl.scan_csv(files, try_parse_dates=True)

    rows = credits(pl, counted(pl, paths(pl, scan)))
    if options.credits:
        rows.sink_parquet(options.credits, compression="zstd", engine="streaming")
        rows = pl.scan_parquet(options.credits)
    returns(pl, scan, rows).sink_parquet(options.out, compression="zstd", engine="streaming")


if __name__ == "__main__":
    run(job.arguments(__doc__).parse_args())
