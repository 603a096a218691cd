"""The Markdown of what compare.py found."""

from statistics import median

from harness import Cost

FORMATS = {"parquet": "Parquet", "csv": "CSV"}


def comparison(found):
    """Everything: what was measured where, a table a job, and start-up."""
    return "\n\n".join([heading(found), *map(table, found["jobs"]), start_up_table(found["start_up"])])


def heading(found):
    host, load = found["machine"], found["load"]
    against = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return (
        f"{found['date']}: {found['touches']:,} touches in {FORMATS[found['format']]}, {found['ids']} account ids, {found['threads']} threads on "
        f"{host['cores']} cores ({host['processor']}, {host['memory_gib']} GiB), rounds: {found['pairs']}, load average "
        f"{load[0]:.1f} before and {load[1]:.1f} after; {against}. Ratios are medians of rounds, ours / theirs: below 1 we are "
        "faster or smaller."
    )


def table(job):
    """A job's costs and the ratios ours / theirs."""
    costs = {name: [Cost(*cost) for cost in rows] for name, rows in job["costs"].items()}
    ours = costs["closedloop"]
    lines = [
        f"**{job['title']}**",
        "",
        "| | wall s | (least–most) | CPU s | peak MiB | wall: ours / theirs | CPU | peak |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, theirs in costs.items():
        wall, cpu, peak = (median(column) for column in zip(*theirs))
        walls = [cost.wall for cost in theirs]
        cells = [name, f"{wall:,.2f}", f"{min(walls):,.2f}–{max(walls):,.2f}", f"{cpu:,.2f}", f"{peak:,.0f}"]
        for what in range(3):
            ratio = median(a[what] / b[what] for a, b in zip(ours, theirs))
            cells.append("" if name == "closedloop" else f"{ratio:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def start_up_table(rows):
    lines = ["**start-up**", "", "| | wall ms | (least–most) |", "|---|--:|--:|"]
    for row in rows:
        walls = [1000 * Cost(*cost).wall for cost in row["costs"]]
        lines.append(f"| {row['title']} | {median(walls):,.0f} | {min(walls):,.0f}–{max(walls):,.0f} |")
    return "\n".join(lines)
