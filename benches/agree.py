#!/usr/bin/env python3
"""Whether a run of fixtures/configs/bench.toml, with all marts, agrees with DuckDB's answer to the same job.

    agree.py DATA OUT [--sample 20000] [--threads N]

Shares must equal DuckDB's credits to 1e-9. Money by campaign and quarter may differ by a cent for every credit in it,
for DuckDB sums floats. And for a sample of deals money must be exactly what a plain SQL of the largest remainder gives
for our shares. Prints a line per check; the exit code is 1 when one of them fails.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).parent / "rivals"))
import duckdb_job

OURS = {
    "first": "first_touch",
    "last": "last_touch",
    "linear": "linear",
    "decay": "bench.decay",
    "ushape": "position_based",
    "wshape": "bench.w_shaped",
}
WHOLE = 1 << 48

# One row per deal, touch and model; both sides under DuckDB's names of the models.
VIEWS = """
CREATE VIEW ours AS
    SELECT CAST(deal_id AS BIGINT) AS opportunity_id, CAST(touch_id AS BIGINT) AS touch_id, position, {ours}
    FROM read_parquet('{out}/touch_credits/*.parquet');
CREATE VIEW journeys AS
    SELECT * REPLACE (CAST(deal_id AS BIGINT) AS opportunity_id) FROM read_parquet('{out}/journeys/*.parquet');
CREATE VIEW returns AS
    SELECT r.*, CAST(r.campaign_id AS BIGINT) AS campaign, q.start_date AS quarter
    FROM read_parquet('{out}/campaign_roi/*.parquet') AS r
    JOIN read_parquet('{out}/dim_fiscal_quarter/*.parquet') AS q USING (fiscal_quarter)
    WHERE basis = 'close_date' AND line = 'campaign';
CREATE VIEW won AS
    SELECT opportunity_id, CAST(round(amount * 100) AS HUGEINT) AS cents
    FROM read_parquet('{data}/opportunities/*.parquet') WHERE is_won;
CREATE VIEW theirs AS FROM read_parquet('{scratch}/credits.parquet');
CREATE TABLE touched AS SELECT DISTINCT opportunity_id FROM theirs;
CREATE VIEW their_returns AS FROM read_parquet('{scratch}/returns.parquet');
"""

ROWS = """
SELECT count(*) FILTER (o.touch_id IS NULL) AS missing, count(*) FILTER (t.touch_id IS NULL) AS surplus, count(*) AS rows
FROM ours AS o FULL JOIN theirs AS t USING (opportunity_id, touch_id)
"""

SHARES = """
SELECT {worst} FROM ours AS o JOIN theirs AS t USING (opportunity_id, touch_id)
"""

# A cent for every credit that the model gives in the cell.
MONEY = """
WITH counted AS (
    SELECT campaign_id, quarter, count(*) FILTER ({model} > 0) AS credits FROM theirs GROUP BY ALL
)
SELECT
    count(*) AS cells,
    count(*) FILTER (o.campaign IS NULL OR t.campaign_id IS NULL) AS unmatched,
    count(*) FILTER (abs(o.amount - t.rev_{model}) > 0.01 * coalesce(credits, 0) + 1e-6) AS money,
    count(*) FILTER (o.touched_deals IS DISTINCT FROM t.deals) AS deals,
    count(*) FILTER (abs(o.spend - t.spend) > 1e-6) AS spend,
    count(*) FILTER (
        (o.roi IS NULL) <> (t.roi_{model} IS NULL)
        OR abs(o.roi - t.roi_{model}) > (0.01 * coalesce(credits, 0) + 1e-6) / t.spend + 1e-9 * (1 + abs(o.roi))
    ) AS roi,
    max(abs(o.amount - t.rev_{model})) AS largest
FROM (FROM returns WHERE model = '{ours}') AS o
FULL JOIN their_returns AS t ON o.campaign = t.campaign_id AND o.quarter = t.quarter
LEFT JOIN counted ON t.campaign_id = counted.campaign_id AND t.quarter = counted.quarter
"""

# Floors of cents × share; what is left goes, cent by cent, to the largest remainders, ties to the earlier touch.
EXACT = """
WITH sampled AS (FROM won ORDER BY hash(opportunity_id) LIMIT {sample}),
units AS (
    SELECT
        opportunity_id, position, cents, {model}_share * {whole} AS scaled, CAST(scaled AS HUGEINT) AS units,
        CAST({model}_amount * 100 AS HUGEINT) AS got
    FROM ours JOIN sampled USING (opportunity_id)
),
floors AS (
    SELECT
        *, cents * units // {whole} AS floor,
        row_number() OVER (PARTITION BY opportunity_id ORDER BY cents * units % {whole} DESC, position) AS rank,
        cents - sum(cents * units // {whole}) OVER deal AS left_over,
        sum(units) OVER deal AS whole
    FROM units
    WINDOW deal AS (PARTITION BY opportunity_id)
)
SELECT
    count(DISTINCT opportunity_id) AS deals,
    count(*) FILTER (units <> scaled OR whole <> {whole}) AS shares,
    count(*) FILTER (got <> floor + CASE WHEN rank <= left_over THEN 1 ELSE 0 END) AS money
FROM floors
"""

# Every won deal has one journey with its amount, and money is left exactly where DuckDB finds no touch.
BOOKS = """
SELECT
    count(*) AS deals,
    count(*) FILTER (CAST(j.amount * 100 AS HUGEINT) IS DISTINCT FROM won.cents) AS amounts,
    count(*) FILTER ((t.opportunity_id IS NULL) <> (j.residual IS NOT NULL)) AS residuals,
    count(*) FILTER (j.{ours}_residual_amount IS DISTINCT FROM CASE WHEN t.opportunity_id IS NULL THEN j.amount ELSE 0 END)
        AS residual_money
FROM won
FULL JOIN journeys AS j USING (opportunity_id)
LEFT JOIN touched AS t USING (opportunity_id)
"""


class Checks:
    def __init__(self, db):
        self.db = db
        self.failed = False

    def ask(self, sql):
        result = self.db.execute(sql)
        return dict(zip([column[0] for column in result.description], result.fetchone()))

    def say(self, holds, text):
        self.failed |= not holds
        print(f"{'agrees ' if holds else 'DIFFERS'}  {text}")


def column(model):
    return OURS[model].replace(".", "__")


def check(db, sample):
    checks = Checks(db)
    rows = checks.ask(ROWS)
    holds = rows["missing"] == rows["surplus"] == 0 and rows["rows"] > 0
    checks.say(holds, f"{rows['rows']:,} credits: {rows['missing']} missing, {rows['surplus']} too many")
    shares = checks.ask(SHARES.format(worst=", ".join(f"max(abs(o.{m}_share - t.{m})) AS {m}" for m in OURS)))
    for model, worst in shares.items():
        checks.say(worst is not None and worst <= 1e-9, f"{model}: shares differ by at most {worst}")
    for model in OURS:
        cells = checks.ask(MONEY.format(model=model, ours=OURS[model]))
        faults = {name: cells[name] for name in ["unmatched", "money", "deals", "spend", "roi"] if cells[name]}
        checks.say(
            cells["cells"] > 0 and not faults,
            f"{model}: {cells['cells']:,} campaign quarters, money differs by at most {cells['largest']:.4f} {faults or ''}",
        )
        exact = checks.ask(EXACT.format(model=model, sample=sample, whole=WHOLE))
        checks.say(
            exact["deals"] > 0 and exact["shares"] == exact["money"] == 0,
            f"{model}: {exact['deals']:,} deals to the cent: {exact['shares']} wrong shares, {exact['money']} wrong cents",
        )
        books = checks.ask(BOOKS.format(ours=column(model)))
        checks.say(
            books["deals"] > 0 and books["amounts"] == books["residuals"] == books["residual_money"] == 0,
            f"{model}: {books['deals']:,} deals booked: {books['amounts']} wrong amounts, {books['residuals']} wrong "
            f"residuals, {books['residual_money']} wrong residual amounts",
        )
    return not checks.failed


def agree(data, out, sample, threads):
    with tempfile.TemporaryDirectory() as scratch:
        duckdb_job.run(duckdb_job.parse([data, f"{scratch}/returns.parquet", "--credits", f"{scratch}/credits.parquet",
                                         "--threads", str(threads)]))
        db = duckdb.connect(config={"threads": threads, "temp_directory": scratch})
        ours = ", ".join(f"{column(m)}_share AS {m}_share, {column(m)}_amount AS {m}_amount" for m in OURS)
        db.execute(VIEWS.format(ours=ours, out=out, data=data, scratch=scratch))
        return check(db, sample)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("out")
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    sys.exit(not agree(options.data, options.out, options.sample, options.threads))
