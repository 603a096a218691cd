"""The Markdown of what growth.py found: a table a series, and the worst cases by name."""

from itertools import pairwise
from math import log

HEAD = """| {quantity} | touches | credits | wall s | CPU s | peak MiB | CPU ns per touch | per credit | grows as | credits as |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


def growth_report(found):
    host, load = found["machine"], found["load"]
    heading = (
        f"{found['date']}: closedloop {found['versions']['closedloop']}, {found['marts']} marts, {found['threads']} threads on "
        f"{host['cores']} cores ({host['processor']}, {host['memory_gib']} GiB), medians of {found['repeats']} runs, load "
        f"average {load[0]:.1f} before and {load[1]:.1f} after. A credit is a row for a deal and touch."
    )
    return "\n\n".join([heading, *map(table, found["series"]), worst_cases(found["series"])])


def exponent(before, after, what):
    """The power of the quantity with which `what` grows between two points; None where it is nothing."""
    if not before[what] or not after[what]:
        return None
    return log(after[what] / before[what]) / log(after["value"] / before["value"])


def per(point, what):
    """CPU nanoseconds per touch or credit; None where there is none."""
    return 1e9 * point["cpu"] / point[what] if point[what] else None


def number(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def table(series):
    points = series["points"]
    lines = [f"**{series['title']}**", "", HEAD.format(quantity=series["quantity"])]
    for before, point in zip([None, *points], points):
        growth = [exponent(before, point, what) if before else None for what in ["wall", "credits"]]
        cells = [
            *(f"{point[what]:,}" for what in ["value", "touches", "credits"]),
            *(number(point[what], digits) for what, digits in [("wall", 2), ("cpu", 2), ("peak", 0)]),
            *(number(per(point, what), 0) for what in ["touches", "credits"]),
            *(number(value, 2) for value in growth),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def worst_cases(all_series):
    """The steepest growth, and the dearest touch and credit among the largest points, where starting up hides least."""
    lines = ["**worst cases**", ""]
    steps = [(series, *step) for series in all_series for step in pairwise(series["points"])]
    if steps:
        series, before, after = max(steps, key=lambda step: exponent(*step[1:], "wall"))
        lines.append(
            f"- steepest growth: {series['title']}, as the power {exponent(before, after, 'wall'):.2f} from {before['value']:,} "
            f"to {after['value']:,} {series['quantity']}, where credits grow as the power "
            f"{number(exponent(before, after, 'credits'), 2) or '0'}"
        )
    largest = [(series, series["points"][-1]) for series in all_series]
    for what, name in [("touches", "touch"), ("credits", "credit")]:
        some = [(series, point) for series, point in largest if point[what]]
        if some:
            series, point = max(some, key=lambda pair: per(pair[1], what))
            lines.append(
                f"- dearest {name}: {series['title']}, {per(point, what):,.0f} ns of CPU at {point['value']:,} {series['quantity']}"
            )
    series, point = max(largest, key=lambda pair: pair[1]["peak"])
    lines.append(
        f"- most memory: {series['title']}, {point['peak']:,.0f} MiB at {point['value']:,} {series['quantity']}"
    )
    return "\n".join(lines)
