"""What every measurement needs: the binary, the data, an interpreter for the rivals, and the cost of one process.

It imports nothing large: a process's peak memory counts what it was started from, so what measures must stay small.
"""

import argparse
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

BENCHES = Path(__file__).resolve().parent
PROJECT = BENCHES.parent
CONFIG = PROJECT / "fixtures/configs/bench.toml"


class Cost(NamedTuple):
    """What one process took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, all threads
    peak: float  # MiB resident


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(command, env=None):
    """Runs a command to its end; what the whole process took."""
    command = [str(word) for word in command]
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed with exit code {process.returncode}: {shlex.join(command)}")
    per_mib = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mib)


def output(command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def arguments(description):
    """A parser of what every measurement takes."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", type=Path, help="a closedloop to measure [default: build this one]")
    parser.add_argument("--python", type=Path, help="an interpreter with the packages of requirements.txt")
    parser.add_argument("--work", type=Path, default=PROJECT / "target/bench", help="for data, results and environment")
    parser.add_argument("--json", type=Path, help="also write every measurement to this file, for plot.py")
    return parser


def prepare(options):
    """Makes what the options leave out: the folder, the environment and the binary."""
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.python = options.python or python_with_packages(options.work)
    options.binary = options.binary.resolve() if options.binary else build()


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
    return PROJECT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/closedloop"


def generate(options, *shape):
    """The folder of generated data of that shape, arguments of generate.py; made once."""
    name = "-".join(str(word).strip("-") for word in [*shape, "--seed", options.seed])
    data = options.work / name
    if not (data / "complete").exists():
        say(f"generating {data.name}")
        script = [options.python, BENCHES / "generate.py", data, *shape, "--seed", options.seed]
        subprocess.run([str(word) for word in script], check=True, stdout=sys.stderr)
        (data / "complete").touch()
    return data


def written_as_csv(options, data):
    """The folder of the same data in CSV files, one a table; made once."""
    files = options.work / f"{data.name}-csv"
    if not (files / "complete").exists():
        say(f"writing {files.name}")
        for table in sorted(path for path in data.iterdir() if path.is_dir()):
            (files / table.name).mkdir(parents=True, exist_ok=True)
            copied = f"COPY (FROM read_parquet('{table}/*.parquet')) TO '{files / table.name}/part-000.csv'"
            output([options.python, "-c", f'import duckdb; duckdb.connect().execute("{copied}")'])
        (files / "complete").touch()
    return files


def config_with(options, models, default=None):
    """The benchmark's configuration with other models or groups to run, the first the default, as a file beside the data."""
    listed = ", ".join(f'"{model}"' for model in models)
    text, lines = re.subn(
        r"^run = .*\ndefault = .*$", f'run = [{listed}]\ndefault = "{default or models[0]}"', CONFIG.read_text(), flags=re.MULTILINE
    )
    assert lines == 1, f"{CONFIG} has no two lines that say which models run"
    path = options.work / f"{len(models)}-models.toml"
    path.write_text(text)
    return path


def models(binary):
    """The ids of all models that the program knows, the house's first."""
    return [line.split()[0] for line in output([binary, "models"]).splitlines()]


def run_command(options, config=CONFIG, marts=None, limit=None, intervals=None):
    """Our command; `marts` of None are all of them, `intervals` of None what is usual."""
    intervals = ["--intervals", intervals] if intervals else []
    marts = ["--marts", marts] if marts else []
    limit = ["--memory-limit", limit] if limit else []
    return [options.binary, "run", config, "--quiet", "--threads", options.threads, *marts, *limit, *intervals]


def environment(data, out):
    """Where the configuration finds its data and puts its marts."""
    return {"BENCH_DATA": str(data), "BENCH_OUT": str(out)}


def publish(options, text, found):
    """Prints the tables, and writes them and what was measured where that is wanted."""
    print(text)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.out:
        with options.out.open("a") as file:
            file.write(text + "\n\n")


def machine():
    """What it was measured on."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
    }


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
