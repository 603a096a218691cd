#!/usr/bin/env python3
"""How our cost grows: with touches, journeys, accounts, models, campaigns and deals; prints Markdown tables.

    growth.py [--series touches,journeys,account,deal,models,campaigns,deals] [--huge] [--repeats 3] [--threads N]
        [--marts MARTS] [--data TOUCHES=DIR]... [--binary FILE] [--python PYTHON] [--json FILE] [--out FILE]

Every series varies one quantity and leaves the others alone; each of its points is generated, then run as often as
asked, all marts unless --marts names some that include touch_credits. `grows as` is the exponent between a point and
the one before: wall seconds grow as the quantity to that power, so 1 is proportional and 2 quadratic. The exponent of
the rows in all marts is told beside it: output that must be written is no fault of the engine. The worst cases are
named at the end. --huge adds the point of 10⁸ touches, which takes much time and memory; --data names ordinary data of
so many touches that is there already.
"""

import datetime
import json
import os
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple

from growth_tables import growth_report
from harness import (
    CONFIG, arguments, config_with, environment, generate, machine, measure, models, output, prepare, publish,
    run_command, say,
)

MILLION = 1_000_000


class Series(NamedTuple):
    """One quantity that varies."""

    title: str
    # What varies, as an axis is named.
    quantity: str
    values: list[int]
    # Arguments of generate.py for a value.
    shape: Callable[[int], list]
    # Whether the value is how many models run.
    models: bool = False


def ordinary(touches):
    return ["--touches", touches]


SERIES = {
    "touches": Series("touches of ordinary accounts", "touches", [10**5, 10**6, 10**7], ordinary),
    "journeys": Series(
        "length of the journeys, 10⁶ touches in all", "touches per journey", [5, 50, 500],
        lambda n: ["--touches", MILLION, "--accounts", MILLION // n, "--deals", 1, "--all-in-window"],
    ),
    "account": Series(
        "all touches in one account with twelve deals", "touches of the account", [10**4, 10**5, 10**6],
        lambda n: ["--touches", n, "--accounts", 1, "--deals", 12],
    ),
    "deal": Series(
        "all touches in the journey of one deal", "touches of the journey", [10**4, 10**5, 10**6],
        lambda n: ["--touches", n, "--accounts", 1, "--deals", 1, "--all-in-window"],
    ),
    "models": Series("models, 10⁶ touches", "models", [1, 2, 4, 8, 16, 24], lambda n: ordinary(MILLION), models=True),
    "campaigns": Series(
        "campaigns, 10⁶ touches, monthly spend", "campaigns", [10**2, 10**3, 10**4, 10**5],
        lambda n: ["--touches", MILLION, "--campaigns", n, "--spend-every", 30],
    ),
    "deals": Series(
        "deals per account, 100 accounts", "deals per account", [1, 10, 100, 1000],
        lambda n: ["--touches", 10**5, "--accounts", 100, "--deals", n],
    ),
}


def point(options, series, value):
    """One measured value of a series."""
    shape = series.shape(value)
    at_hand = options.data.get(value) if shape == ordinary(value) else None
    data = at_hand or generate(options, *shape)
    known = models(options.binary)
    config = config_with(options, known[:value]) if series.models else CONFIG
    out = options.work / "out"
    command, places = run_command(options, config, options.marts), environment(data, out)
    costs = []
    for number in range(options.repeats):
        say(f"{series.title}: {value:,}, run {number + 1} of {options.repeats}")
        costs.append(measure(command, places))
    manifest = json.loads((out / "manifest.json").read_text())
    rows = {mart["name"]: mart["rows"] for mart in manifest["marts"]}
    return {
        "value": value,
        "touches": manifest["tables"]["touchpoints"]["read"]["rows"],
        "credits": rows["touch_credits"],
        "rows": sum(rows.values()),
        "stages": manifest["timings"],
        "costs": costs,
        "wall": median(cost.wall for cost in costs),
        "cpu": median(cost.cpu for cost in costs),
        "peak": median(cost.peak for cost in costs),
    }


def grow(options):
    prepare(options)
    load_before = os.getloadavg()[0]
    found = []
    for name in options.series:
        series = SERIES[name]
        values = series.values + [10**8] if name == "touches" and options.huge else series.values
        points = [point(options, series, value) for value in values]
        found.append({"series": name, "title": series.title, "quantity": series.quantity, "points": points})
    return {
        "date": str(datetime.date.today()),
        "machine": machine(),
        "versions": {"closedloop": output([options.binary, "--version"]).split()[-1]},
        "threads": options.threads,
        "repeats": options.repeats,
        "marts": options.marts or "all",
        "series": found,
        "load": [load_before, os.getloadavg()[0]],
    }


def data_at_hand(text):
    touches, folder = text.split("=", 1)
    return int(touches), Path(folder).resolve()


def parse():
    parser = arguments(__doc__)
    parser.add_argument("--series", type=lambda text: text.split(","), default=list(SERIES), help="separated by commas")
    parser.add_argument("--huge", action="store_true", help="also 10⁸ touches")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=data_at_hand, action="append", default=[], metavar="TOUCHES=DIR")
    parser.add_argument("--marts", help="write only these, separated by commas")
    parser.add_argument("--out", type=Path, help="also append the tables to this file")
    options = parser.parse_args()
    options.data = dict(options.data)
    unknown = [word for word in options.series if word not in SERIES]
    if unknown:
        parser.error(f"--series: {unknown[0]} is none of {', '.join(SERIES)}")
    if options.marts and "touch_credits" not in options.marts.split(","):
        parser.error("--marts must name touch_credits: its rows are the credits that are counted")
    return options


if __name__ == "__main__":
    options = parse()
    found = grow(options)
    text = growth_report(found)
    publish(options, text, found)
