#!/usr/bin/env python3
"""The job of lifetime value in lifetimes (PyPI): from transactions to BG/NBD, Gamma-Gamma and CLV of twelve months.

    lifetimes_job.py TRANSACTIONS OUT

Times are counted in days and told in weeks, as `closedloop clv --unit week` does. Writes CLV per customer to OUT, and prints
the estimates as JSON.
"""

import json
import sys

import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data


def main():
    transactions, out = sys.argv[1:]
    rows = pd.read_parquet(transactions)
    summary = summary_data_from_transaction_data(
        rows, "customer_id", "ordered_at", monetary_value_col="amount", freq="D", observation_period_end=rows["ordered_at"].max()
    )
    frequency, recency, observed = summary["frequency"], summary["recency"] / 7, summary["T"] / 7
    purchases = BetaGeoFitter().fit(frequency, recency, observed)
    repeaters = summary[(frequency > 0) & (summary["monetary_value"] > 0)]
    spend = GammaGammaFitter().fit(repeaters["frequency"], repeaters["monetary_value"])
    clv = spend.customer_lifetime_value(
        purchases, frequency, recency, observed, summary["monetary_value"], time=12, discount_rate=0.01, freq="W"
    )
    clv.rename("clv").reset_index().to_parquet(out)
    print(json.dumps({"bg_nbd": dict(purchases.params_), "gamma_gamma": dict(spend.params_), "clv": float(clv.sum())}))


if __name__ == "__main__":
    main()
