#!/usr/bin/env python3
"""Transactions of simulated customers, for the comparison of lifetime value: `clv_generate.py --customers N --out FILE`.

Customers come over twelve weeks from 2025-01-01 and are observed for 39 weeks in all. They buy at a gamma rate and leave after
a repeat purchase with a beta chance (BG/NBD), and each spends around a mean of their own (Gamma-Gamma), with the published
estimates of the CDNOW sample. The rows, customer_id, ordered_at and amount, are in random order.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RATE_SHAPE, RATE_SCALE = 0.2426, 4.4136  # purchases a week
LEAVE = (0.7929, 2.4259)
SPEND_SHAPE, MEAN_SHAPE, MEAN_SCALE = 6.25, 3.745, 15.44
FIRST_DAY = np.datetime64("2025-01-01T00:00:00", "us")
ENTRY_DAYS, OBSERVED_DAYS = 84, 273


def purchases(random, customers):
    """Customers and times in days, one pair a purchase."""
    rate = random.gamma(RATE_SHAPE, 1 / RATE_SCALE, customers) / 7
    leaves = random.beta(*LEAVE, customers)
    alive = np.arange(customers)
    now = random.uniform(0, ENTRY_DAYS, customers)
    who, when = [alive], [now.copy()]
    while len(alive):
        # A rate may be so small that the wait is infinite, which is beyond the end like any other long wait.
        with np.errstate(divide="ignore", over="ignore"):
            now[alive] += random.exponential(size=len(alive)) / rate[alive]
        alive = alive[now[alive] < OBSERVED_DAYS]
        who.append(alive)
        when.append(now[alive].copy())
        alive = alive[random.uniform(size=len(alive)) >= leaves[alive]]
    return np.concatenate(who), np.concatenate(when)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random = np.random.Generator(np.random.PCG64(arguments.seed))
    who, when = purchases(random, arguments.customers)
    mean = random.gamma(MEAN_SHAPE, 1 / MEAN_SCALE, arguments.customers)
    amount = np.maximum(0.01, np.round(random.gamma(SPEND_SHAPE, size=len(who)) / mean[who], 2))
    order = random.permutation(len(who))
    moments = FIRST_DAY + (when[order] * 86_400_000_000).astype("timedelta64[us]")
    table = pa.table({"customer_id": who[order] + 1, "ordered_at": moments, "amount": amount[order]})
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, arguments.out, compression="zstd")
    print(f"{arguments.customers:,} customers, {len(who):,} transactions: {arguments.out}")


if __name__ == "__main__":
    main()
