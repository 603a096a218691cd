#!/usr/bin/env python3
"""A Markov model from touches: closedloop against DuckDB, which makes paths, and ChannelAttribution, which fits them.

    markov.py [--touches 1000000] [--data DIR] [--level channel|campaign] [--pairs 3] [--threads N]
        [--binary FILE] [--python PYTHON] [--rival-python PYTHON] [--json FILE]

Both sides read the same Parquet and end with removal effects and what each channel, or campaign, is credited with. Theirs is
two processes and a CSV file between them; ours is a run with all its checks, which also credits every deal to the cent.
The journeys are not quite the same: ours also counts what accounts that never had an opportunity were touched by.
"""

import datetime
import os
import statistics
from pathlib import Path

from harness import BENCHES, Cost, arguments, config_with, environment, generate, machine, measure, prepare, publish, run_command, say
from paths import rival_python

MODELS = {"channel": "markov", "campaign": "bench.markov_campaign"}


class Sides:
    """Both ways from touches to a fitted model."""

    def __init__(self, options):
        self.options = options
        self.data = options.data or generate(options, "--touches", options.touches)
        self.paths = options.work / f"paths-of-touches-{options.level}.csv"

    def ours(self):
        config = config_with(self.options, [MODELS[self.options.level]])
        command = run_command(self.options, config, "removal_effects", None, "off")
        return measure(command, environment(self.data, self.options.work / "out"))

    def theirs(self):
        """What making the paths takes, and what fitting them takes."""
        threads = ["--threads", self.options.threads]
        make = [self.options.python, BENCHES / "rivals/duckdb_paths_job.py", self.data, self.paths]
        fit = [self.options.rival_python, BENCHES / "rivals/channelattribution_job.py", self.paths]
        made = measure([*make, "--level", self.options.level, *threads])
        return made, measure([*fit, self.options.work / "channelattribution.csv", *threads])


def compare(options):
    prepare(options)
    options.rival_python = options.rival_python or rival_python(options.work)
    sides = Sides(options)
    costs = {"closedloop": [], "duckdb": [], "channelattribution": []}
    for pair in range(options.pairs):
        say(f"pair {pair + 1} of {options.pairs}")
        costs["closedloop"].append(sides.ours())
        made, fitted = sides.theirs()
        costs["duckdb"].append(made)
        costs["channelattribution"].append(fitted)
    return {
        "date": str(datetime.date.today()), "machine": machine(), "threads": options.threads, "data": sides.data.name,
        "level": options.level, "pairs": options.pairs, "load": os.getloadavg()[0], "costs": costs,
    }


def table(found):
    machine, costs = found["machine"], found["costs"]
    lines = [
        f"{found['date']}: Markov model by {found['level']} from the touches of {found['data']}, {found['threads']} threads, "
        f"{found['pairs']} pairs, medians, whole processes, on {machine['cores']} cores ({machine['processor']}); load average "
        f"{found['load']:.1f}.",
        "",
        "| | wall s | CPU s | peak MiB |",
        "|---|--:|--:|--:|",
    ]
    for side, measured in costs.items():
        medians = Cost(*map(statistics.median, zip(*measured)))
        lines.append(f"| {side} | {medians.wall:,.2f} | {medians.cpu:,.2f} | {medians.peak:,.0f} |")
    pairs = zip(costs["closedloop"], costs["duckdb"], costs["channelattribution"])
    ratio = statistics.median(mine.wall / (made.wall + fitted.wall) for mine, made, fitted in pairs)
    lines += ["", f"Ours takes {ratio:.2f} of their wall seconds (median of pairs)."]
    return "\n".join(lines)


def parse():
    parser = arguments(__doc__)
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder that generate.py made [default: make one]")
    parser.add_argument("--level", choices=list(MODELS), default="channel", help="what the chain's states are")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--rival-python", type=Path, help="an interpreter with the rival [default: make one]")
    parser.add_argument("--out", type=Path, help="also append the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    options = parse()
    found = compare(options)
    publish(options, table(found), found)
