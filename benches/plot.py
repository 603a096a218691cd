#!/usr/bin/env python3
"""Pictures of what compare.py and growth.py measured.

    plot.py --out docs/speed.svg speed COMPARISON.json... [--jobs money,…]
    plot.py --out docs/growth.svg growth GROWTH.json

`speed` draws bars of median wall seconds and of peak memory, a column for every size that was compared. `growth` draws
seconds against each quantity that varied, on logarithmic axes; along the thin lines cost is proportional to it.
"""

import argparse
import json
from pathlib import Path
from statistics import median

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import NullLocator

# Ours stands out, the rivals share a tone.
OURS, THEIRS, INK = "#0b6e4f", "#b8c4cc", "#30363b"
NAMES = {"duckdb": "DuckDB", "polars": "Polars", "datafusion": "DataFusion SQL", "chdb": "ClickHouse (chDB)"}
MEASURES = [("wall seconds", 0), ("peak memory, MiB", 2)]
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.edgecolor": "#9aa5ad", "axes.spines.top": False, "axes.spines.right": False,
    "svg.hashsalt": "closedloop", "figure.facecolor": "white",
}


def short(count):
    """1000000 as 1M."""
    for size, letter in [(10**6, "M"), (10**3, "k")]:
        if count >= size:
            return f"{count / size:g}{letter}"
    return f"{count:g}"


def bars(axes, sides, measure):
    """One job on one size: a bar for every side, ours on top."""
    names = list(sides)
    heights = [median(cost[measure] for cost in sides[name]) for name in names]
    colours = [OURS if name == "closedloop" else THEIRS for name in names]
    drawn = axes.barh([NAMES.get(name, name) for name in names], heights, color=colours, height=0.7)
    labels = [f"{height:,.2f}" if height < 10 else f"{height:,.0f}" for height in heights]
    axes.bar_label(drawn, labels, padding=3)
    axes.set_xlim(0, 1.2 * max(heights))
    axes.invert_yaxis()
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.set_major_locator(NullLocator())
    axes.tick_params(left=False)


def speed(found, wanted):
    """A block for every job: a row for each measure, a column for every size."""
    found.sort(key=lambda one: (one["touches"], one["ids"]))
    blocks = []
    for name in wanted:
        columns = [(one, job) for one in found for job in one["jobs"] if job["job"] == name]
        if not columns:
            raise SystemExit(f"no file measures the job {name}; choose others with --jobs")
        blocks.append(columns)
    widest = max(map(len, blocks))
    figure = plt.figure(figsize=(1.2 + 3.1 * widest, 3.7 * len(blocks)), layout="constrained")
    for part, columns in zip(figure.subfigures(len(blocks), 1, squeeze=False)[:, 0], blocks):
        part.suptitle(columns[0][1]["title"], x=0.01, ha="left", fontweight="bold", fontsize=10)
        grid = part.subplots(len(MEASURES), len(columns), squeeze=False)
        for line, (measure, place) in zip(grid, MEASURES):
            for axes, (one, job) in zip(line, columns):
                bars(axes, job["costs"], place)
                ids = "" if one["ids"] == "integer" else f", {one['ids']} ids"
                axes.set_title(f"{short(one['touches'])} touches{ids}: {measure}", loc="left", fontsize=9)
            for axes, (_, job) in list(zip(line, columns))[1:]:
                if list(job["costs"]) == list(columns[0][1]["costs"]):
                    axes.set_yticklabels([])
    first = found[0]
    part.supxlabel(
        f"{first['date']}, {first['threads']} threads, {first['machine']['processor']}; less is better",
        x=0.01, ha="left", fontsize=8,
    )
    return figure


def growth(found):
    """A panel for every quantity, all with the same seconds; the thin line would be proportional to the last point."""
    columns = 3
    rows = -(-len(found["series"]) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(10, 2.6 * rows), squeeze=False, sharey=True, layout="constrained")
    panels = grid.flatten()
    for axes, series in zip(panels, found["series"]):
        points = series["points"]
        values = [point["value"] for point in points]
        walls = [point["wall"] for point in points]
        axes.loglog(values, walls, color=OURS, marker="o", markersize=4, zorder=2)
        axes.plot(values, [walls[-1] * value / values[-1] for value in values], color=THEIRS, linewidth=0.8, zorder=1)
        axes.set_title(series["title"], loc="left", fontsize=9)
        axes.set_xlabel(series["quantity"])
        axes.set_xticks(values, [short(value) for value in values])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(lambda seconds, _: f"{seconds:g}")
    walls = [point["wall"] for series in found["series"] for point in series["points"]]
    for axes in grid[:, 0]:
        axes.set_ylabel("wall seconds")
    panels[0].set_ylim(min(walls) / 2, max(walls) * 2)
    for axes in panels[len(found["series"]):]:
        axes.axis("off")
    figure.supxlabel(
        f"{found['date']}, {found['marts']} marts, {found['threads']} threads, {found['machine']['processor']}; "
        "thin lines: proportional growth",
        x=0.01, ha="left", fontsize=8,
    )
    return figure


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="an svg or png file")
    pictures = parser.add_subparsers(dest="picture", required=True)
    of_speed = pictures.add_parser("speed", help="bars: ours and the rivals")
    of_speed.add_argument("files", nargs="+", type=Path)
    of_speed.add_argument("--jobs", type=lambda text: text.split(","), default=["money"])
    of_growth = pictures.add_parser("growth", help="lines: our cost against each quantity")
    of_growth.add_argument("file", type=Path)
    options = parser.parse_args()
    plt.rcParams.update(STYLE)
    if options.picture == "speed":
        figure = speed([json.loads(path.read_text()) for path in options.files], options.jobs)
    else:
        figure = growth(json.loads(options.file.read_text()))
    figure.savefig(options.out, dpi=150, metadata={"Date": None} if options.out.suffix == ".svg" else None)
