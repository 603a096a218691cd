#!/usr/bin/env python3
"""What inputs as they come cost over clean ones: rows that stand twice, rows without a time, another time zone.

    inputs.py [--touches 1000000] [--rounds 5] [--threads N] [--binary FILE] [--python PYTHON] [--json FILE] [--out FILE]

Every round runs the money of the benchmark's six models over clean data and over each other kind of the same data, from
Parquet and from CSV files; ratios are medians over the rounds.
"""

import datetime
from pathlib import Path
from statistics import median

from harness import (
    CONFIG, arguments, environment, generate, machine, measure, output, prepare, publish, run_command, say, written_as_csv,
)

# Arguments of generate.py.
DATA = {
    "clean": [],
    "one row in a thousand without its time": ["--blank", 0.001],
    "one row in twenty stands twice": ["--twice", 0.05],
}
ZONE = "America/New_York"
IN_ZONE = f"times of {ZONE}, some of which its clocks skip"


def config_in_zone(options):
    """The benchmark's configuration where times without an offset are local."""
    path = options.work / "in-zone.toml"
    path.write_text(f'{CONFIG.read_text()}\n[calendar]\ntime_zone = "{ZONE}"\n')
    return path


def kinds(options):
    """Title, data and configuration of every kind of input, clean ones first."""
    data = {title: generate(options, "--touches", options.touches, *shape) for title, shape in DATA.items()}
    of_format = {"Parquet": data, "CSV": {title: written_as_csv(options, folder) for title, folder in data.items()}}
    in_zone = config_in_zone(options)
    return {
        name: [*((title, folder, CONFIG) for title, folder in data.items()), (IN_ZONE, data["clean"], in_zone)]
        for name, data in of_format.items()
    }


def look(options):
    prepare(options)
    found = []
    for name, inputs in kinds(options).items():
        costs = {title: [] for title, *_ in inputs}
        for number in range(options.rounds + 1):
            say(f"{name}, round {number} of {options.rounds}" if number else f"{name}, files into the page cache")
            for title, data, config in inputs:
                command = run_command(options, config, "campaign_roi", intervals="off")
                cost = measure(command, environment(data, options.work / "out"))
                if number:
                    costs[title].append(cost)
        found.append({"format": name, "costs": costs})
    return {
        "date": str(datetime.date.today()),
        "machine": machine(),
        "versions": {"closedloop": output([options.binary, "--version"]).split()[-1]},
        "threads": options.threads,
        "touches": options.touches,
        "rounds": options.rounds,
        "formats": found,
    }


def table(of_format):
    """One format's kinds of input beside its clean one."""
    clean = of_format["costs"]["clean"]
    lines = [f"**{of_format['format']}**", "", "| | wall s | (least–most) | CPU s | peak MiB | wall: to clean |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for title, costs in of_format["costs"].items():
        walls = [cost.wall for cost in costs]
        ratio = median(cost.wall / other.wall for cost, other in zip(costs, clean))
        lines.append(
            f"| {title} | {median(walls):.2f} | {min(walls):.2f}–{max(walls):.2f} | {median(cost.cpu for cost in costs):.2f} "
            f"| {median(cost.peak for cost in costs):,.0f} | {ratio:.2f} |"
        )
    return "\n".join(lines)


def report(found):
    host = found["machine"]
    heading = (
        f"{found['date']}: closedloop {found['versions']['closedloop']}, {found['touches']:,} touches, {found['threads']} "
        f"threads on {host['cores']} cores ({host['processor']}, {host['memory_gib']} GiB), {found['rounds']} rounds."
    )
    return "\n\n".join([heading, *map(table, found["formats"])])


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="also append the tables to this file")
    options = parser.parse_args()
    found = look(options)
    publish(options, report(found), found)
