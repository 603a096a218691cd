#!/usr/bin/env python3
"""Reads the marts of a run with DuckDB or Polars: types as documented, rows as counted, sums as promised.

    read_marts.py OUT duckdb|polars

The documentation is what every file says of itself under the key `closedloop`; the promises are SQL, the same for both
readers. Prints what does not hold; the exit code is then 1.
"""

import json
import sys
from pathlib import Path

OUT, READER = Path(sys.argv[1]), sys.argv[2]
MANIFEST = json.loads((OUT / "manifest.json").read_text())
DIGITS = MANIFEST["minor_digits"]
# The documented types in the words of each reader.
TYPES = {
    "duckdb": {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "double": "DOUBLE",
        "money": f"DECIMAL(18,{DIGITS})",
        "date": "DATE",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "flag": "BOOLEAN",
    },
    "polars": {
        "text": "String",
        "integer": "Int64",
        "double": "Float64",
        "money": f"Decimal(precision=18, scale={DIGITS})",
        "date": "Date",
        "instant": "Datetime(time_unit='us', time_zone='UTC')",
        "flag": "Boolean",
    },
}[READER]


class DuckDb:
    def __init__(self):
        import duckdb

        self.db = duckdb.connect()

    def open(self, mart, files):
        self.db.execute(f"CREATE VIEW {mart} AS FROM read_parquet({files})")

    def description(self, file):
        [row] = self.db.execute(f"SELECT value FROM parquet_kv_metadata('{file}') WHERE key = 'closedloop'").fetchall()
        return row[0].decode()

    def types(self, mart):
        return [(name, kind) for name, kind, *_ in self.db.execute(f"DESCRIBE {mart}").fetchall()]

    def rows(self, sql):
        return self.db.execute(sql).fetchall()


class Polars:
    def __init__(self):
        import polars

        self.polars = polars
        self.db = polars.SQLContext()

    def open(self, mart, files):
        self.db.register(mart, self.polars.scan_parquet(files))

    def description(self, file):
        return self.polars.read_parquet_metadata(file)["closedloop"]

    def types(self, mart):
        schema = self.db.execute(f"SELECT * FROM {mart}").collect_schema()
        return [(name, str(kind)) for name, kind in schema.items()]

    def rows(self, sql):
        return self.db.execute(sql, eager=True).rows()


def sums(reader, *queries):
    """Adds up what the queries give: key columns first, the sum last. Sums of zero are as good as absent."""
    total = {}
    for query in queries:
        for *key, amount in reader.rows(query):
            total[tuple(key)] = total.get(tuple(key), 0) + (amount or 0)
    return {key: amount for key, amount in total.items() if amount != 0}


def laws(models):
    """Pairs of lists of queries whose sums are the same, each with its name."""
    stems = {model: model.replace(".", "__") for model in models}
    touches = [
        f"SELECT deal_id, '{model}' AS model, SUM({stem}_amount) FROM touch_credits GROUP BY deal_id"
        for model, stem in stems.items()
    ]
    residuals = [
        f"SELECT deal_id, '{model}' AS model, SUM({stem}_residual_amount) FROM journeys GROUP BY deal_id"
        for model, stem in stems.items()
    ]
    booked = [f"SELECT deal_id, '{model}' AS model, SUM(amount) FROM journeys GROUP BY deal_id" for model in models]
    yield "touch credits and residuals are the booked deal", touches + residuals, booked

    yield "lines are what closed in the quarter, by close date", [
        "SELECT fiscal_quarter, model, SUM(amount) FROM campaign_roi WHERE basis = 'close_date'"
        " GROUP BY fiscal_quarter, model"
    ], [
        f"SELECT close_quarter, '{model}' AS model, SUM(amount) FROM journeys GROUP BY close_quarter"
        for model in models
    ]
    yield "lines are all that was booked, by touch date", [
        "SELECT model, SUM(amount) FROM campaign_roi WHERE basis = 'touch_date' GROUP BY model"
    ], [f"SELECT '{model}' AS model, SUM(amount) FROM journeys" for model in models]

    columns = ["amount", "new_amount", "expansion_amount", "renewal_amount", "credit_amount", "touches", "spend"]
    by = "channel, residual, fiscal_quarter, model, basis"
    yield "channels are the sums of their campaigns", [
        f"SELECT '{column}' AS name, {by}, SUM({column}) FROM channel_roi GROUP BY {by}" for column in columns
    ], [f"SELECT '{column}' AS name, {by}, SUM({column}) FROM campaign_roi GROUP BY {by}" for column in columns]

    yield "spend is the same under every model and basis", [
        "SELECT model, basis, fiscal_quarter, campaign_id, channel, SUM(spend) FROM campaign_roi"
        " GROUP BY model, basis, fiscal_quarter, campaign_id, channel"
    ], [
        f"SELECT '{model}' AS model, '{basis}' AS basis, fiscal_quarter, campaign_id, channel, SUM(spend)"
        " FROM campaign_spend GROUP BY fiscal_quarter, campaign_id, channel"
        for model in models
        for basis in ["close_date", "touch_date"]
    ]

    roi = "SELECT fiscal_quarter, model, SUM(amount) FROM campaign_roi WHERE basis = '{}' GROUP BY fiscal_quarter, model"
    yield "the bridge ends at close dates", [
        "SELECT close_quarter, model, SUM(amount) FROM basis_bridge GROUP BY close_quarter, model"
    ], [roi.format("close_date")]
    # A residual has no touch, so it stays in the quarter of the close.
    yield "the bridge starts at touch dates", [
        "SELECT COALESCE(touch_quarter, close_quarter) AS fiscal_quarter, model, SUM(amount) FROM basis_bridge"
        " GROUP BY COALESCE(touch_quarter, close_quarter), model"
    ], [roi.format("touch_date")]

    yield "reconciliation has the credited money", [
        "SELECT fiscal_quarter, kind, model, SUM(attributed) FROM reconciliation GROUP BY fiscal_quarter, kind, model"
    ], [
        f"SELECT close_quarter, kind, '{model}' AS model, SUM({stem}_amount) FROM touch_credits"
        " GROUP BY close_quarter, kind"
        for model, stem in stems.items()
    ]
    buckets = [
        "no_touch", "outside_lookback", "suppressed", "missing_anchor", "baseline", "kind_not_attributed",
        "unmatched_credit",
    ]
    yield "reconciliation has every residual, and no difference", [
        f"SELECT fiscal_quarter, kind, model, '{name}' AS name, SUM({name}) FROM reconciliation"
        " GROUP BY fiscal_quarter, kind, model"
        for name in [*buckets, "booked", "difference"]
    ], [
        f"SELECT close_quarter, kind, '{model}' AS model, {stem}_residual, SUM({stem}_residual_amount) FROM journeys"
        f" GROUP BY close_quarter, kind, {stem}_residual"
        for model, stem in stems.items()
    ] + [
        f"SELECT close_quarter, kind, '{model}' AS model, 'booked' AS name, SUM(amount) FROM journeys"
        " GROUP BY close_quarter, kind"
        for model in models
    ]


def main():
    reader = {"duckdb": DuckDb, "polars": Polars}[READER]()
    faults = []
    folders = sorted(path.name for path in OUT.iterdir() if path.is_dir())
    written = sorted(mart["name"] for mart in MANIFEST["marts"])
    if folders != written:
        faults.append(f"the folders are {folders}, the manifest has {written}")
    for mart in MANIFEST["marts"]:
        name, files = mart["name"], [str(OUT / file) for file in mart["files"]]
        reader.open(name, files)
        documented = json.loads(reader.description(files[0]))["columns"]
        expected = [(column["name"], TYPES[column["type"]]) for column in documented]
        if reader.types(name) != expected:
            faults.append(f"{name}: documented {expected}, read {reader.types(name)}")
        [(rows,)] = reader.rows(f"SELECT COUNT(*) FROM {name}")
        if rows != mart["rows"]:
            faults.append(f"{name}: {rows} rows, the manifest says {mart['rows']}")
    models = [model["id"] for model in MANIFEST["models"]]
    count = 0
    for count, (law, left, right) in enumerate(laws(models), 1):
        ours, theirs = sums(reader, *left), sums(reader, *right)
        if not ours:
            faults.append(f"{law}: nothing to compare")
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            if ours.get(key, 0) != theirs.get(key, 0):
                faults.append(f"{law}: {key} has {ours.get(key, 0)}, not {theirs.get(key, 0)}")
                break
    print("\n".join(faults) if faults else f"{len(written)} marts, {count} laws, all hold")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
