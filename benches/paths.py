#!/usr/bin/env python3
"""`closedloop paths` against ChannelAttribution on the same generated paths; prints a Markdown table.

    paths.py [--paths 100000] [--orders 1,2,3] [--pairs 3] [--threads N] [--answers 6] [--binary FILE]
        [--rival-python PYTHON] [--json FILE]

Both read the same file and fit one Markov chain, each as a whole process. The rival simulates journeys; ours is exact.
Before any timing, the rival answers several times for the rows in other orders, which should change nothing: ours must lie
within what its answers scatter, or the exit code is 1. Then it answers once with a hundred times its simulations, and
ours must be nearer to that. The rival's packages come into an environment of their own under --work, unless
--rival-python names one.

Paths are journeys over twelve channels that remember two touches: how a journey goes on and whether it converts depends
on the last two. Rows are distinct journeys, not aggregated further, with their conversions, value and nulls.
"""

import csv
import datetime
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from harness import BENCHES, Cost, arguments, build, machine, measure, output, say

PACKAGES = ["ChannelAttribution==2.2.5", "cython", "matplotlib", "pandas==3.1.1", "numpy==2.4.6"]
CHANNELS = [
    "paid_search", "email", "paid_social", "organic_search", "display", "webinar", "event", "content_syndication",
    "direct", "outbound", "partner", "referral",
]
LONGEST = 30
# How many standard deviations of one of the rival's answers ours may be away from their mean.
WIDTH = 4.0
# The rival begins with so many simulated journeys: what one of them weighs, and a hundred times as many.
SIMULATED = 100_000
MANY = 100 * SIMULATED


def generate(python, path, rows, seed):
    """Runs `write` where numpy is."""
    if not path.exists():
        say(f"generating {path.name}")
        subprocess.run([str(word) for word in [python, __file__, "--write", path, rows, seed]], check=True)


def write(path, rows, seed):
    """The file of paths. All journeys walk at once, a touch at a time."""
    import numpy as np

    random = np.random.Generator(np.random.Philox(seed))
    n = len(CHANNELS)
    weights = random.gamma(0.6, size=(n + 1, n + 1, n))  # by the touch before last, and the last; n is before the first
    chances = np.cumsum(weights / weights.sum(axis=2, keepdims=True), axis=2)
    stop = random.uniform(0.1, 0.4, size=(n, n + 1))
    appeal = random.uniform(0.02, 0.25, size=(n, n + 1))
    touches = np.full((rows, LONGEST), -1, np.int8)
    before, last = np.full(rows, n), np.full(rows, n)
    walking = np.arange(rows)
    for step in range(LONGEST):
        draws = random.uniform(size=(len(walking), 1))
        following = np.minimum((draws > chances[before[walking], last[walking]]).sum(axis=1), n - 1)
        touches[walking, step] = following
        before[walking], last[walking] = last[walking], following
        walking = walking[random.uniform(size=len(walking)) > stop[last[walking], before[walking]]]
    journeys = random.geometric(0.15, size=rows)
    conversions = random.binomial(journeys, appeal[last, before])
    value = np.where(conversions > 0, np.round(conversions * random.lognormal(3, 1, size=rows), 2), 0.0)
    names = np.array(CHANNELS)
    with open(path.with_suffix(".part"), "w") as file:
        file.write("path;total_conversions;total_conversion_value;total_null\n")
        for row in range(rows):
            walked = touches[row]
            text = " > ".join(names[walked[walked >= 0]])
            file.write(f"{text};{conversions[row]};{value[row]:.2f};{journeys[row] - conversions[row]}\n")
    path.with_suffix(".part").rename(path)


def rival_python(work):
    """An interpreter with the rival, in an environment made once."""
    python = work / "venv-channelattribution/bin/python"
    if not python.exists():
        say("making the rival's environment")
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


class Sides:
    """Both programs over one file."""

    def __init__(self, options, file):
        self.options, self.file = options, file

    def ours(self, order):
        command = [self.options.binary, "paths", self.file, "--models", "markov", "--order", order, "--format", "csv"]
        return command, {"RAYON_NUM_THREADS": str(self.options.threads)}

    def theirs(self, order, *more):
        """The command, and the file of its answer."""
        out = self.options.work / "channelattribution.csv"
        job = BENCHES / "rivals/channelattribution_job.py"
        command = [self.options.rival_python, job, self.file, out, "--order", order, "--threads", self.options.threads]
        return [*command, *more], out

    def our_answer(self, order):
        rows = csv.DictReader(output(self.ours(order)[0]).splitlines())
        measures = ["removal_effect_conversions", "removal_effect_value", "conversions", "value"]
        return {row["channel"]: [float(row[measure]) for measure in measures] for row in rows}

    def their_answer(self, order, *more):
        command, out = self.theirs(order, *more)
        measure(command)
        measures = [
            "removal_effects_conversion", "removal_effects_conversion_value", "total_conversions", "total_conversion_value",
        ]
        with out.open() as file:
            return {row["channel_name"]: [float(row[measure]) for measure in measures] for row in csv.DictReader(file)}


class Agreement(NamedTuple):
    """How far our removal effects and totals are from the rival's; totals are shares of the whole here."""

    # The greatest distance from one of its answers.
    farthest: float
    # The greatest distance from their mean, in standard deviations of one of them.
    deviations: float
    # The greatest distance from its answer with many simulations.
    converged: float

    def holds(self):
        return self.deviations <= WIDTH and self.converged < self.farthest


def agreement(sides, order, answers):
    ours = sides.our_answer(order)
    theirs = [sides.their_answer(order, "--shuffle", seed) for seed in range(answers)]
    many = sides.their_answer(order, "--simulations", MANY)
    farthest = deviations = converged = 0.0
    for at in range(4):
        whole = 1.0 if at < 2 else sum(answer[at] for answer in ours.values())
        for channel, answer in ours.items():
            mine, found = answer[at] / whole, [rival[channel][at] / whole for rival in theirs]
            scatter = max(statistics.stdev(found), 1 / SIMULATED)
            farthest = max(farthest, *(abs(mine - share) for share in found))
            deviations = max(deviations, abs(mine - statistics.fmean(found)) / scatter)
            converged = max(converged, abs(mine - many[channel][at] / whole))
    return Agreement(farthest, deviations, converged)


def compare(options):
    file = options.work / f"paths-{options.paths}-{options.seed}.csv"
    generate(options.rival_python, file, options.paths, options.seed)
    sides = Sides(options, file)
    found = []
    for order in options.orders:
        say(f"order {order}: comparing answers")
        agrees = agreement(sides, order, options.answers)
        costs = {"closedloop": [], "channelattribution": []}
        for pair in range(options.pairs):
            say(f"order {order}: pair {pair + 1} of {options.pairs}")
            command, environment = sides.ours(order)
            costs["closedloop"].append(measure(command, environment))
            costs["channelattribution"].append(measure(sides.theirs(order)[0]))
        found.append({"order": order, "costs": costs, "agreement": agrees})
    return {
        "date": str(datetime.date.today()), "machine": machine(), "threads": options.threads, "paths": options.paths,
        "mib": file.stat().st_size / 2**20, "pairs": options.pairs, "load": os.getloadavg()[0], "orders": found,
    }


def table(found):
    machine = found["machine"]
    lines = [
        f"{found['date']}: {found['paths']:,} paths ({found['mib']:.0f} MiB of CSV), {found['threads']} threads, {found['pairs']} "
        f"pairs, medians, whole process, on {machine['cores']} cores ({machine['processor']}); load average {found['load']:.1f}.",
        "",
        "| order | wall s | CPU s | peak MiB | ChannelAttribution wall s | CPU s | peak MiB | times faster, wall | CPU | "
        "difference | in its standard deviations | with 100 × its simulations |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for order in found["orders"]:
        ours, theirs = (order["costs"][side] for side in ["closedloop", "channelattribution"])
        cells = [f"{statistics.median(column):,.2f}" for side in [ours, theirs] for column in zip(*side)]
        ratios = [
            statistics.median(getattr(rival, what) / getattr(mine, what) for mine, rival in zip(ours, theirs))
            for what in Cost._fields[:2]
        ]
        agrees = order["agreement"]
        cells += [f"{ratio:.0f}" for ratio in ratios]
        cells += [f"{agrees.farthest:.4f}", f"{agrees.deviations:.1f}", f"{agrees.converged:.4f}"]
        lines.append(f"| {order['order']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def parse():
    parser = arguments(__doc__)
    parser.add_argument("--paths", type=int, default=100_000)
    parser.add_argument("--orders", type=lambda text: [int(order) for order in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--answers", type=int, default=6, help="of the rival, to compare ours with")
    parser.add_argument("--rival-python", help="an interpreter with ChannelAttribution")
    return parser.parse_args()


def main():
    options = parse()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.rival_python = options.rival_python or rival_python(options.work)
    options.binary = options.binary.resolve() if options.binary else build()
    found = compare(options)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    within = all(order["agreement"].holds() for order in found["orders"])
    say("ours is within the rival's scatter" if within else "DIFFERS  ours is outside the rival's scatter")
    sys.exit(not within)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
