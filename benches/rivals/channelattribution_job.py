#!/usr/bin/env python3
"""The same aggregated paths through ChannelAttribution: reads the file, fits one Markov model, writes channels as CSV.

    channelattribution_job.py FILE OUT [--order 1] [--threads 1] [--shuffle SEED] [--simulations N]

Runs in an environment with ChannelAttribution==2.2.5, cython and matplotlib. Everything else is the package's default.
It simulates journeys. Its own `seed` changes few of its answers; with --shuffle the rows come in another order, which
makes it simulate others. --simulations asks for more of them than it would do by itself.
"""

import argparse
import contextlib
import io

import pandas as pd

with contextlib.redirect_stdout(io.StringIO()):  # it greets
    from ChannelAttribution import markov_model


def run(options):
    paths = pd.read_csv(options.file, sep=";")
    if options.shuffle is not None:
        paths = paths.sample(frac=1, random_state=options.shuffle)
    more = {"nsim_start": options.simulations} if options.simulations else {}
    found = markov_model(
        paths, "path", "total_conversions", var_value="total_conversion_value", var_null="total_null", out_more=True,
        order=options.order, ncore=options.threads, verbose=False, flg_pro=False, **more,
    )
    found["result"].merge(found["removal_effects"], on="channel_name").to_csv(options.out, index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("out")
    parser.add_argument("--order", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shuffle", type=int)
    parser.add_argument("--simulations", type=float)
    run(parser.parse_args())
