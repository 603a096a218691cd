#!/usr/bin/env python3
"""closedloop against its rivals on the same data and the same jobs; prints Markdown tables.

    compare.py [--touches 1000000] [--ids int|str] [--format parquet|csv] [--data DIR]
        [--rivals duckdb,polars,datafusion,chdb] [--jobs money,credits,marts,house,fitted] [--pairs 5] [--threads N] [--memory-limit 700MB]
        [--binary FILE] [--python PYTHON] [--json FILE] [--out FILE]

Builds closedloop, generates the data, checks once that all give the same answer, then runs all in turn, round by
round, and tells medians: of each one's wall seconds, CPU seconds and peak memory, and of the rounds' ratios, the whole
process each time. Start-up is measured beside it. Needs nothing but Python and cargo: the rivals come into a virtual
environment under --work, unless --python names an interpreter that has the packages of requirements.txt.

With --memory-limit, closedloop under that limit also meets DuckDB with `memory_limit=1GB` in the money job; it must write
the same marts as without the limit and stay within 1 GiB resident, or the exit code is 1.

Where a rival does the same work, ours runs with `--intervals off`; all our marts come with them.
"""

import datetime
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from harness import (
    BENCHES, CONFIG, PROJECT, arguments, config_with, environment, generate, machine, measure, output, prepare, publish,
    run_command, say, written_as_csv,
)
from tables import comparison

RIVALS = ["duckdb", "polars", "datafusion", "chdb"]
BOUND_MIB = 1024
BOUND_OF_DUCKDB = "1GB"
START_UPS = 20


class Job(NamedTuple):
    """What is asked of each side."""

    title: str
    # Ours; None are all.
    marts: str | None
    # Whether the rivals write a row for every deal and touch.
    credits: bool
    # The models or groups that we run instead of the job's six.
    models: tuple = ()
    # Whether we also tell how sure the numbers are, which no rival does.
    intervals: bool = True


JOBS = {
    "money": Job("six models: money and roi by campaign and quarter", "campaign_roi", False, intervals=False),
    "credits": Job("the same with a row for every deal and touch", "campaign_roi,touch_credits", True, intervals=False),
    "marts": Job("all our marts of the six models, against money and credits", None, True),
    "house": Job("our default run, every mart of thirteen models, against six models' money alone", None, False, ("rules",)),
    "fitted": Job("the same with all data-driven models added", None, False, ("rules", "fitted")),
}


class Contest:
    """All sides over one set of data."""

    def __init__(self, options):
        self.options = options
        self.work = options.work
        text = ["--ids", "str"] if options.ids == "str" else []
        self.data = options.data or generate(options, "--touches", options.touches, *text)
        self.files = self.data if options.format == "parquet" else written_as_csv(options, self.data)
        self.out = self.work / "out"

    def ours(self, job, limit=None):
        config = config_with(self.options, job.models, "linear") if job.models else CONFIG
        command = run_command(self.options, config, job.marts, limit, None if job.intervals else "off")
        return lambda: measure(command, environment(self.files, self.out))

    def theirs(self, rival, credits, memory=None):
        command = [self.options.python, BENCHES / f"rivals/{rival}_job.py", self.files, self.answer(rival)]
        command += ["--format", self.options.format, "--threads", self.options.threads]
        command += ["--credits", self.credits(rival)] if credits else []
        command += ["--memory", memory] if memory else []
        return lambda: measure(command)

    def answer(self, rival):
        return self.work / f"{rival}.parquet"

    def credits(self, rival):
        return self.work / f"{rival}-credits.parquet"

    def rounds(self, title, sides):
        """Every side's costs, round by round; who goes first changes, so that a drift of the machine favours nobody."""
        costs = {name: [] for name in sides}
        names = list(sides)
        for number in range(self.options.pairs):
            say(f"{title}: round {number + 1} of {self.options.pairs}")
            for name in names[number % len(names):] + names[: number % len(names)]:
                costs[name].append(sides[name]())
        return {"title": title, "costs": costs}

    def job(self, name):
        job = JOBS[name]
        sides = {"closedloop": self.ours(job)}
        sides |= {rival: self.theirs(rival, job.credits) for rival in self.options.rivals}
        return {"job": name, **self.rounds(job.title, sides)}

    def bounded(self):
        """Ours under its limit against DuckDB under its own."""
        limit = self.options.memory_limit
        title = f"six models within 1 GiB: our limit {limit}, DuckDB's {BOUND_OF_DUCKDB}"
        sides = {
            "closedloop": self.ours(JOBS["money"], limit),
            "duckdb": self.theirs("duckdb", False, BOUND_OF_DUCKDB),
        }
        return {"job": "bounded", **self.rounds(title, sides)}

    def check(self):
        """All answers are the same, ours to the cent."""
        say("checking that all agree")
        python, threads = self.options.python, ["--threads", self.options.threads]
        self.ours(JOBS["marts"])()
        check([python, BENCHES / "agree.py", self.data, self.out, *threads])
        self.theirs("duckdb", True)()
        for rival in self.options.rivals:
            if rival == "duckdb":
                continue
            self.theirs(rival, True)()
            answers = [self.answer("duckdb"), self.answer(rival), "--credits", self.credits("duckdb"), self.credits(rival)]
            say(f"duckdb and {rival}:")
            check([python, BENCHES / "rivals_agree.py", *answers, *threads])

    def check_bounded(self):
        """The marts are the same bytes within the limit, and the process stays within 1 GiB; says so."""
        say("checking that the limit changes nothing")
        self.ours(JOBS["money"])()
        without = digest(self.out)
        cost = self.ours(JOBS["money"], self.options.memory_limit)()
        same = digest(self.out) == without
        within = cost.peak <= BOUND_MIB
        say(f"{'agrees ' if same else 'DIFFERS'}  the marts under the limit, byte by byte")
        say(f"{'agrees ' if within else 'DIFFERS'}  the run under the limit took {cost.peak:,.0f} MiB of {BOUND_MIB:,}")
        return same and within


def check(command):
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)


def digest(folder):
    """A hash of all marts; the manifest holds timings."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*/*")):
        total.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def start_up(options):
    """Seconds to say --help, and to run the demo company."""
    say("start-up")
    demo = [options.binary, "run", PROJECT / "fixtures/demo/closedloop.toml", "--quiet", "--out", options.work / "demo"]
    commands = {"closedloop --help": [options.binary, "--help"], "the demo company, all marts": demo}
    return [
        {"title": title, "costs": [measure(command) for _ in range(START_UPS)]} for title, command in commands.items()
    ]


def size(options, data):
    """How many touches there are, and of which type their account identifiers."""
    asked = "SELECT count(*), any_value(typeof(account_id)) FROM read_parquet('{}/touchpoints/*.parquet')".format(data)
    code = f'import duckdb; print(*duckdb.connect().execute("{asked}").fetchone())'
    touches, kind = output([options.python, "-c", code]).split()
    return int(touches), {"BIGINT": "integer", "VARCHAR": "text"}[kind]


def versions(options):
    found = {"closedloop": output([options.binary, "--version"]).split()[-1]}
    found["python"] = output([options.python, "--version"]).split()[-1]
    for rival in sorted({"duckdb", *options.rivals}, key=RIVALS.index):
        found[rival] = output([options.python, "-c", f"import {rival}; print({rival}.__version__)"])
    return found


def compare(options):
    prepare(options)
    contest = Contest(options)
    touches, ids = size(options, contest.data)
    contest.check()
    holds = contest.check_bounded() if options.memory_limit else True
    load_before = os.getloadavg()[0]
    jobs = [contest.job(name) for name in options.jobs]
    if options.memory_limit:
        jobs.append(contest.bounded())
        worst = max(cost.peak for cost in jobs[-1]["costs"]["closedloop"])
        say(f"{'agrees ' if worst <= BOUND_MIB else 'DIFFERS'}  six models under the limit took at most {worst:,.0f} MiB")
        holds &= worst <= BOUND_MIB
    found = {
        "date": str(datetime.date.today()),
        "machine": machine(),
        "versions": versions(options),
        "touches": touches,
        "ids": ids,
        "format": options.format,
        "threads": options.threads,
        "pairs": options.pairs,
        "jobs": jobs,
        "start_up": start_up(options),
        "load": [load_before, os.getloadavg()[0]],
    }
    return found, holds


def parse():
    parser = arguments(__doc__)
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--ids", choices=["int", "str"], default="int", help="what account identifiers are")
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet", help="of the files that all sides read")
    parser.add_argument("--data", type=Path, help="a folder that generate.py made [default: make one]")
    parser.add_argument("--rivals", type=lambda text: text.split(","), default=RIVALS, help="separated by commas")
    parser.add_argument("--jobs", type=lambda text: text.split(","), default=list(JOBS), help="separated by commas")
    parser.add_argument("--pairs", type=int, default=5, help="rounds in which all sides run")
    parser.add_argument("--memory-limit", help="ours, to stay within 1 GiB, as in 700MB")
    parser.add_argument("--out", type=Path, help="also append the tables to this file")
    options = parser.parse_args()
    for name, known in [("rivals", RIVALS), ("jobs", list(JOBS))]:
        unknown = [word for word in getattr(options, name) if word not in known]
        if unknown:
            parser.error(f"--{name}: {unknown[0]} is none of {', '.join(known)}")
    return options


if __name__ == "__main__":
    options = parse()
    found, holds = compare(options)
    text = comparison(found)
    publish(options, text, found)
    sys.exit(not holds)
