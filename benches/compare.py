#!/usr/bin/env python3
"""closedloop against DuckDB on the same data and the same job; prints a Markdown table.

    compare.py [--touches 1000000] [--ids int|str] [--pairs 5] [--python PYTHON] [--out FILE]

Builds closedloop, generates the data, checks once that both give the same answer, then runs the two in turn, pair by
pair, and tells medians: of the pairs' ratios, and of each side's wall seconds, CPU seconds and peak memory, the whole
process each time. Needs nothing but Python and cargo: DuckDB comes into a virtual environment under --work, unless
--python names an interpreter that has the packages of requirements.txt.
"""

import argparse
import datetime
import os
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

BENCHES = Path(__file__).resolve().parent
PROJECT = BENCHES.parent
CONFIG = PROJECT / "fixtures/configs/bench.toml"
# What is asked of each side: name, our marts (none: all of them), whether DuckDB writes touch credits.
JOBS = [
    ("money and roi by campaign, quarter and model", "campaign_roi", False),
    ("the same with a row for every deal and touch", "campaign_roi,touch_credits", True),
    ("all our marts, against DuckDB with touch credits", None, True),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def python_with_packages(work):
    """An interpreter with what the scripts need, in an environment made once."""
    python = work / "venv/bin/python"
    if not python.exists():
        say("making a virtual environment")
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", BENCHES / "requirements.txt"], check=True)
    return python


def build():
    """The binary as the README builds it."""
    say("building")
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=PROJECT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return PROJECT / target / "release/closedloop"


def generate(python, work, options):
    data = work / f"{options.touches}-{options.ids}-{options.seed}"
    if not (data / "complete").exists():
        say("generating")
        script = BENCHES / "generate.py"
        size = ["--touches", str(options.touches), "--ids", options.ids, "--seed", str(options.seed)]
        subprocess.run([python, script, data, *size], check=True, stdout=sys.stderr)
        (data / "complete").touch()
    return data


def measure(command, env):
    """Runs a command; wall seconds, CPU seconds and peak MiB of its process."""
    started = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed with exit code {process.returncode}: {shlex.join(map(str, command))}")
    per_mib = 1024 * 1024 if sys.platform == "darwin" else 1024
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib


def row(name, pairs):
    """A line of the table from pairs of measurements (ours, theirs)."""
    cells = [name]
    for what, digits in [(0, 2), (1, 2), (2, 0)]:
        ours, theirs = ([side[what] for side in sides] for sides in zip(*pairs))
        ratio = median(a / b for a, b in zip(ours, theirs))
        cells += [f"{median(ours):,.{digits}f}", f"{median(theirs):,.{digits}f}", f"{ratio:.2f}"]
    return "| " + " | ".join(cells) + " |"


def version(command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout.strip()


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def compare(options):
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    python = options.python or python_with_packages(work)
    binary = build()
    data, out = generate(python, work, options), work / "out"
    env = {**os.environ, "BENCH_DATA": str(data), "BENCH_OUT": str(out)}
    threads = ["--threads", str(options.threads)]

    def ours(marts):
        return [binary, "run", CONFIG, "--quiet", *threads, *(["--marts", marts] if marts else [])]

    def theirs(credits):
        credits = ["--credits", work / "credits.parquet"] if credits else []
        return [python, BENCHES / "rivals/duckdb_job.py", data, work / "returns.parquet", *threads, *credits]

    say("checking that both agree")
    measure(ours(None), env)
    subprocess.run([python, BENCHES / "agree.py", data, out, *threads], check=True, stdout=sys.stderr)

    load_before, rows = os.getloadavg()[0], []
    for name, marts, credits in JOBS:
        pairs = []
        for number in range(1, options.pairs + 1):
            say(f"{name}: pair {number} of {options.pairs}")
            sides = [lambda: measure(ours(marts), env), lambda: measure(theirs(credits), env)]
            # Who goes first changes, so that a drift of the machine favours nobody.
            results = [sides[0](), sides[1]()] if number % 2 else [sides[1](), sides[0]()][::-1]
            pairs.append(results)
        rows.append(row(name, pairs))
    load = f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    duckdb = version([python, "-c", "import duckdb; print(duckdb.__version__)"])
    ids = {"int": "integer", "str": "text"}[options.ids]
    return "\n".join([
        f"{datetime.date.today()}: {version([binary, '--version'])} against DuckDB {duckdb}, {options.touches:,} touches, "
        f"{ids} account ids, {options.threads} threads on {os.cpu_count()} cores ({processor()}), {options.pairs} pairs, {load}. "
        "Ratios are ours / DuckDB's: below 1 we are faster or smaller.",
        "",
        "| job | wall s | DuckDB | ratio | CPU s | DuckDB | ratio | peak MiB | DuckDB | ratio |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *rows,
    ])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--ids", choices=["int", "str"], default="int", help="what account identifiers are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--python", type=Path, help="an interpreter with the packages of requirements.txt")
    parser.add_argument("--work", type=Path, default=PROJECT / "target/bench", help="for data, results and environment")
    parser.add_argument("--out", type=Path, help="also append the table to this file")
    options = parser.parse_args()
    table = compare(options)
    print(table)
    if options.out:
        with options.out.open("a") as file:
            file.write(table + "\n\n")
