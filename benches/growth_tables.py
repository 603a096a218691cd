"""The Markdown of what growth.py found: a table a series, and the worst cases by name."""

from itertools import pairwise
from math import log

COLUMNS = [
    "touches", "credits", "rows in marts", "wall s", "CPU s", "peak MiB", "CPU ns per touch", "per row", "grows as", "rows as",
]


def growth_report(found):
    host, load = found["machine"], found["load"]
    heading = (
        f"{found['date']}: closedloop {found['versions']['closedloop']}, {found['marts']} marts, {found['threads']} threads "
        f"on {host['cores']} cores ({host['processor']}, {host['memory_gib']} GiB), medians of {found['repeats']} runs, load "
        f"average {load[0]:.1f} before and {load[1]:.1f} after. A credit is a row for a deal and touch."
    )
    return "\n\n".join([heading, *map(table, found["series"]), worst_cases(found["series"])])


def exponent(before, after, what):
    """The power of the quantity with which `what` grows between two points."""
    return log(after[what] / before[what]) / log(after["value"] / before["value"])


def per(point, what):
    """CPU nanoseconds for each of something."""
    return 1e9 * point["cpu"] / point[what]


def table(series):
    points = series["points"]
    lines = [f"**{series['title']}**", ""]
    lines += ["| " + " | ".join([series["quantity"], *COLUMNS]) + " |", "|" + "--:|" * (1 + len(COLUMNS))]
    for before, point in zip([None, *points], points):
        cells = [
            *(f"{point[what]:,}" for what in ["value", "touches", "credits", "rows"]),
            *(f"{point[what]:,.{digits}f}" for what, digits in [("wall", 2), ("cpu", 2), ("peak", 0)]),
            *(f"{per(point, what):,.0f}" for what in ["touches", "rows"]),
            *(f"{exponent(before, point, what):.2f}" if before else "" for what in ["wall", "rows"]),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def worst_cases(all_series):
    """The steepest growth; the dearest touch and row, and the most memory, among the largest points."""
    lines = ["**worst cases**", ""]
    steps = [(series, *step) for series in all_series for step in pairwise(series["points"])]
    if steps:
        series, before, after = max(steps, key=lambda step: exponent(*step[1:], "wall"))
        lines.append(
            f"- steepest growth: {series['title']}, as the power {exponent(before, after, 'wall'):.2f} from "
            f"{before['value']:,} to {after['value']:,} {series['quantity']}, rows as the power "
            f"{exponent(before, after, 'rows'):.2f}; {longest_stage(after)}"
        )
    # Starting up hides least in the largest point of a series.
    largest = [(series, series["points"][-1]) for series in all_series]
    measures = {
        "dearest touch": (lambda point: per(point, "touches"), "ns of CPU"),
        "dearest row": (lambda point: per(point, "rows"), "ns of CPU"),
        "most memory": (lambda point: point["peak"], "MiB"),
    }
    for name, (measure, unit) in measures.items():
        series, point = max(largest, key=lambda pair: measure(pair[1]))
        lines.append(
            f"- {name}: {series['title']}, {measure(point):,.0f} {unit} at {point['value']:,} {series['quantity']}; "
            f"{longest_stage(point)}"
        )
    return "\n".join(lines)


def longest_stage(point):
    stage, seconds = max(point["stages"].items(), key=lambda stage: stage[1])
    return f"the longest stage is `{stage}`, {seconds:.2f} s"
