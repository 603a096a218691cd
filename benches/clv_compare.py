#!/usr/bin/env python3
"""closedloop against lifetimes (PyPI) on lifetime value, whole processes; prints a Markdown table.

    clv_compare.py [--customers 1000000] [--pairs 3] [--work DIR] [--closedloop BINARY] [--python PYTHON]

Both read the same transactions and do BG/NBD, Gamma-Gamma and the value of twelve months of every customer. lifetimes needs
an environment of its own, because it is no longer kept up:

    python3.11 -m venv venv && venv/bin/pip install lifetimes==0.11.3 "numpy<2" "pandas<2.1" "scipy<1.12" "pyarrow<18"

--python names its interpreter; --generator one with numpy and pyarrow, by default the same. First it is checked that both find
the same parameters; then they run in turn, pair by pair.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

BENCHES = Path(__file__).resolve().parent


def measured(command):
    """Standard output, wall seconds and peak memory in MiB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed: {' '.join(map(str, command))}")
    return output, time.perf_counter() - start, usage.ru_maxrss / 1024


def check(ours, theirs):
    """The estimates agree: theirs stop at a looser tolerance."""
    for row in csv.DictReader(io.StringIO(ours)):
        their = theirs[row["model"]][row["parameter"]]
        difference = abs(float(row["estimate"]) / their - 1)
        if difference > 0.01:
            sys.exit(f"{row['model']}.{row['parameter']}: {row['estimate']} against {their}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("target/clv"))
    parser.add_argument("--closedloop", type=Path, default=Path("target/release/closedloop"))
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--generator", type=Path)
    arguments = parser.parse_args()
    transactions = arguments.work / f"transactions-{arguments.customers}.parquet"
    if not transactions.exists():
        generator = arguments.generator or arguments.python
        command = [generator, BENCHES / "clv_generate.py", "--customers", str(arguments.customers), "--out", transactions]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # 1 % a month is 12.68 % a year.
    ours = [arguments.closedloop, "clv", transactions, "--id", "customer_id", "--at", "ordered_at", "--amount", "amount",
            "--unit", "week", "--models", "bg_nbd,gamma_gamma", "--horizon", "12", "--discount", str(1.01**12 - 1),
            "--format", "csv", "--out", arguments.work / "ours"]
    theirs = [arguments.python, BENCHES / "rivals/lifetimes_job.py", transactions, arguments.work / "theirs.parquet"]
    rows = []
    for _ in range(arguments.pairs):
        our_output, our_time, our_memory = measured(ours)
        their_output, their_time, their_memory = measured(theirs)
        check(our_output, json.loads(their_output.strip().splitlines()[-1]))
        rows.append((our_time, their_time, our_memory, their_memory))
    column = lambda pick: median(pick(row) for row in rows)
    print(f"{arguments.customers:,} customers, median of {arguments.pairs} pairs, {os.cpu_count()} cores\n")
    print("| | closedloop | lifetimes | ratio |\n|---|---|---|---|")
    print(f"| seconds | {column(lambda r: r[0]):.2f} | {column(lambda r: r[1]):.2f} | {column(lambda r: r[1] / r[0]):.1f} |")
    print(f"| peak MiB | {column(lambda r: r[2]):.0f} | {column(lambda r: r[3]):.0f} | {column(lambda r: r[3] / r[2]):.1f} |")


if __name__ == "__main__":
    main()
