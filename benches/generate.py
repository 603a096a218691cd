#!/usr/bin/env python3
"""Data for the benchmark, of any size: campaigns, daily spend, touchpoints and opportunities of a B2B company.

    generate.py OUT --touches 10000000 [--ids int|str] [--seed 1] [--campaigns 500] [--spend-every DAYS]
        [--accounts N] [--deals N] [--all-in-window] [--twice SHARE] [--blank SHARE]

The same arguments give the same rows: every column draws from a Philox stream of its own, whose bits numpy
guarantees, and turns them into values here. Rows are shuffled: neither by account nor by time.

    campaigns(campaign_id int32, channel, name, start_date, end_date)                                   one row each
    spend(campaign_id int32, date, amount double)                                                       one row a day
    touchpoints(touch_id int64, account_id, contact_id int64, ts, campaign_id int32, channel, touch_type)
    opportunities(opportunity_id int64, account_id, created_at, closed_at, stage, amount double, is_won)

account_id is int64 or text of 18 characters; timestamps are microseconds without zone; closed_at is null while an
opportunity is open; amounts are whole cents. Accounts have 1 to 400 touches (log-normal, median 5) and on average one
opportunity for every ten touches, at most twelve. Touches gather before a close; some fall on the same weekly instant.

For extreme shapes: --accounts makes so many accounts with equally many touches, --deals gives each of them so many
opportunities, all won, and --all-in-window puts every touch into the 90 days before a close of its account.
For exports as they come: --twice writes a share of touches and opportunities a second time, and --blank leaves out the
time of a share of touches and the creation of a share of opportunities.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DAY = 86_400
START = 1_672_531_200  # 2023-01-01
DAYS = 731
SPAN = DAYS * DAY
WINDOW = 90 * DAY
CHANNELS = {
    "paid_search": 16, "email": 16, "paid_social": 13, "organic_search": 10, "display": 9, "webinar": 7, "event": 6,
    "content_syndication": 6, "direct": 6, "outbound_sdr": 5, "partner": 3, "referral": 3,
}
UNPAID = ["organic_search", "direct"]
TOUCH_TYPES = ["ad_view", "ad_click", "email_open", "email_click", "web_visit", "form_fill", "call", "meeting"]
STAGES = ["Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"]
ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)
ROW_GROUP, FILE = 262_144, 4_194_304


class Draws:
    """Independent streams of numbers, one a name."""

    def __init__(self, seed):
        self.seed = seed

    def bits(self, name, n):
        key = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return np.random.Philox(key=np.frombuffer(key[:16], np.uint64)).random_raw(n)

    def uniform(self, name, n):
        """Numbers in the open interval (0, 1)."""
        return ((self.bits(name, n) >> np.uint64(11)) + 0.5) * 2.0**-53

    def normal(self, name, n):
        radius = np.sqrt(-2 * np.log(self.uniform(f"{name} radius", n)))
        return radius * np.cos(2 * np.pi * self.uniform(f"{name} angle", n))

    def order(self, name, n):
        return np.argsort(self.bits(name, n), kind="stable")


def poisson(mean, uniform, most):
    """Poisson counts by inversion, at most `most`."""
    count, chance = np.zeros(len(mean), np.int64), np.exp(-mean)
    reached = chance.copy()
    for k in range(1, most + 1):
        count += uniform > reached
        chance = chance * mean / k
        reached += chance
    return count


def campaigns(draws, n):
    weights = np.cumsum(list(CHANNELS.values()))
    channel = np.searchsorted(weights / weights[-1], draws.uniform("channel", n))
    always = draws.uniform("always on", n) < 0.25
    channel[: len(CHANNELS)], always[: len(CHANNELS)] = np.arange(len(CHANNELS)), True
    first = np.where(always, 0, (draws.uniform("start", n) * (DAYS - 60)).astype(np.int64))
    length = 30 + (draws.uniform("length", n) * 330).astype(np.int64)
    last = np.where(always, DAYS - 1, np.minimum(first + length, DAYS - 1))
    popularity = (1.0 + draws.order("popularity", n)) ** -0.8
    return channel, first, last, popularity


def spend(draws, channel, first, last, popularity, touches, every):
    days = last - first + 1
    campaign = np.repeat(np.arange(len(channel)), days)
    day = np.arange(days.sum()) - np.repeat(np.cumsum(days) - days, days) + first[campaign]
    level = popularity / popularity.sum() * np.exp(0.4 * draws.normal("budget", len(channel)))
    # About two thirds of what the touches will earn, so that some campaigns pay and some do not.
    amount = 0.6 * every * touches * level[campaign] * (0.5 + draws.uniform("day's spend", len(day)))
    is_paid = ~np.isin(channel, [list(CHANNELS).index(name) for name in UNPAID])
    kept = (is_paid | (draws.uniform("unpaid but spent", len(channel)) < 0.2))[campaign]
    kept &= (day - first[campaign]) % every == 0
    return campaign[kept], day[kept], np.round(amount[kept], 2)


def equal_accounts(touches, n):
    """`touches` divided among `n` accounts."""
    return touches // n + (np.arange(n) < touches % n)


def account_sizes(draws, touches):
    """Touches per account, log-normal; they sum to `touches`."""
    n = touches // 5 + 1_000
    sizes = np.exp(np.log(5) + 1.1 * draws.normal("journey", n))
    sizes = np.clip(np.round(sizes), 1, 400).astype(np.int64)
    total = np.cumsum(sizes)
    n = int(np.searchsorted(total, touches)) + 1
    sizes = sizes[:n]
    sizes[-1] -= total[n - 1] - touches
    return sizes


def opportunities(draws, owner, all_won):
    n = len(owner)
    closed = START + 30 * DAY + (draws.uniform("close", n) * (SPAN - 30 * DAY)).astype(np.int64)
    at_midnight = draws.uniform("close date only", n) < 0.15
    closed = np.where(at_midnight, closed // DAY * DAY, closed)
    cycle = np.exp(np.log(45 * DAY) + 0.7 * draws.normal("sales cycle", n))
    created = np.maximum(closed - np.clip(cycle, DAY, 400 * DAY).astype(np.int64), START)
    outcome = draws.uniform("outcome", n)
    stage = (draws.bits("open stage", n) % np.uint64(4)).astype(np.int64)
    stage = np.where((outcome < 0.53) | all_won, 4, np.where(outcome < 0.82, 5, stage))
    amount = np.round(np.exp(np.log(12_000) + draws.normal("amount", n)), 2)
    return created, closed, stage, amount


def touch_times(draws, owner, opportunities_of, first_opportunity, closed):
    """Four fifths lie before a close of their account, where it has one; the others anywhere."""
    n = len(owner)
    nth = (draws.uniform("which close", n) * opportunities_of[owner]).astype(np.int64)
    position = np.minimum(first_opportunity[owner] + nth, max(len(closed) - 1, 0))
    lead = (-np.log(draws.uniform("before close", n)) * 50 * DAY).astype(np.int64)
    anywhere = START + (draws.uniform("anywhere", n) * SPAN).astype(np.int64)
    is_led = (opportunities_of[owner] > 0) & (draws.uniform("is led", n) < 0.8)
    at = np.where(is_led, closed[position] - lead, anywhere)
    at = (at - START) % SPAN + START
    is_import = draws.uniform("weekly import", n) < 0.06
    week = 7 * DAY
    return np.maximum(np.where(is_import, at // week * week, at), START)


def times_in_window(draws, owner, opportunities_of, first_opportunity, closed):
    """Each within the 90 days before a close of its account, and not before the start of all data."""
    nth = (draws.uniform("which close", len(owner)) * opportunities_of[owner]).astype(np.int64)
    close = closed[first_opportunity[owner] + nth]
    return close - (draws.uniform("before close", len(owner)) * np.minimum(close - START, WINDOW)).astype(np.int64)


def touch_campaigns(draws, at, first, last, popularity):
    """Popular campaigns that run in the touch's month, by a table of at least 65,536 equal chances a month."""
    month = (at - START) // (30 * DAY)
    bits = max(16, (8 * len(popularity)).bit_length())
    table = np.empty((int(month.max()) + 1, 1 << bits), np.int32)
    for m, row in enumerate(table):
        runs = (first <= m * 30 + 30) & (last >= m * 30)
        chance = np.cumsum(np.where(runs, popularity, 0.0))
        row[:] = np.searchsorted(chance / chance[-1], (np.arange(1 << bits) + 0.5) / (1 << bits))
    return table[month, (draws.bits("campaign", len(at)) >> np.uint64(64 - bits)).astype(np.int64)]


def text_ids(ids):
    """Text of 18 characters, as customer systems write their keys."""
    digits = np.empty((len(ids), 18), np.uint8)
    digits[:, :3] = np.frombuffer(b"001", np.uint8)
    rest = ids.astype(np.uint64)
    for place in range(17, 2, -1):
        digits[:, place] = ALPHABET[(rest % np.uint64(62)).astype(np.int64)]
        rest //= np.uint64(62)
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * 18).buffers()[1]
    return pa.StringArray.from_buffers(len(ids), offsets, pa.py_buffer(digits.tobytes()))


def positions(n, twice):
    """The positions of all rows, and once more those of the first of them."""
    return np.concatenate([np.arange(n), np.arange(round(n * twice))])


def blanked(values, rows, n, blank):
    """Values of rows without those of a share of all, which stand together."""
    return values if blank == 0 else pc.if_else(pa.array(rows >= n - round(n * blank)), None, values)


def words(codes, names):
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(names))).cast(pa.string())


def dates(days):
    return pa.array(days + START // DAY, pa.int32()).cast(pa.date32())


def instants(seconds):
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us"))


def write(out, table, rows, columns):
    """Writes `rows` rows in files of `FILE`; `columns(slice)` makes the columns of some of them."""
    folder = out / table
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, start in enumerate(range(0, rows, FILE)):
        part = pa.table(columns(slice(start, min(start + FILE, rows))))
        path = folder / f"part-{number:03}.parquet"
        pq.write_table(part, path, compression="zstd", row_group_size=ROW_GROUP, store_schema=False)


def generate(options):
    out, touches, draws = options.out, options.touches, Draws(options.seed)
    channel, first, last, popularity = campaigns(draws, options.campaigns)
    spent_by, spent_on, spent = spend(draws, channel, first, last, popularity, touches, options.spend_every)
    sizes = equal_accounts(touches, options.accounts) if options.accounts else account_sizes(draws, touches)
    n = len(sizes)
    if options.deals:
        opportunities_of = np.full(n, options.deals)
    else:
        opportunities_of = poisson(0.1 * sizes, draws.uniform("opportunities", n), 12)
    account_ids = (draws.bits("account ids", n) >> np.uint64(1)).astype(np.int64)
    assert len(np.unique(account_ids)) == n, "two accounts share an identifier; take another seed"
    named = text_ids if options.ids == "str" else pa.array

    write(out, "campaigns", len(channel), lambda rows: {
        "campaign_id": pa.array(np.arange(len(channel))[rows] + 1, pa.int32()),
        "channel": words(channel[rows], CHANNELS),
        "name": pa.array([f"{list(CHANNELS)[channel[c]]} {c + 1:03}" for c in range(len(channel))[rows]]),
        "start_date": dates(first[rows]),
        "end_date": dates(last[rows]),
    })
    write(out, "spend", len(spent), lambda rows: {
        "campaign_id": pa.array(spent_by[rows] + 1, pa.int32()),
        "date": dates(spent_on[rows]),
        "amount": pa.array(spent[rows]),
    })

    owner = np.repeat(np.arange(n), opportunities_of)
    created, closed, stage, amount = opportunities(draws, owner, bool(options.deals))
    order = draws.order("opportunity order", len(owner))
    opportunity_positions = positions(len(owner), options.twice)

    def opportunity_columns(rows):
        places = opportunity_positions[rows]
        rows = order[places]
        is_closed = stage[rows] >= 4
        return {
            "opportunity_id": pa.array(rows + 1),
            "account_id": named(account_ids[owner[rows]]),
            "created_at": blanked(instants(created[rows]), places, len(owner), options.blank),
            "closed_at": pa.array(closed[rows] * 1_000_000, mask=~is_closed).cast(pa.timestamp("us")),
            "stage": words(stage[rows], STAGES),
            "amount": pa.array(amount[rows]),
            "is_won": pa.array(stage[rows] == 4),
        }

    write(out, "opportunities", len(opportunity_positions), opportunity_columns)

    toucher = np.repeat(np.arange(n, dtype=np.int32), sizes)
    times = times_in_window if options.all_in_window else touch_times
    at = times(draws, toucher, opportunities_of, np.cumsum(opportunities_of) - opportunities_of, closed)
    campaign = touch_campaigns(draws, at, first, last, popularity)
    detail = draws.bits("detail", touches)
    touch_order, touch_positions = draws.order("touch order", touches), positions(touches, options.twice)

    def touch_columns(rows):
        places = touch_positions[rows]
        rows = touch_order[places]
        account, chance = toucher[rows].astype(np.int64), (detail[rows] >> np.uint64(32)).astype(np.int64)
        kind = (channel[campaign[rows]] + chance % 5) % len(TOUCH_TYPES)
        return {
            "touch_id": pa.array(places + 1),
            "account_id": named(account_ids[account]),
            "contact_id": pa.array(account * 64 + chance % (1 + sizes[account] // 7)),
            "ts": blanked(instants(at[rows]), places, touches, options.blank),
            "campaign_id": pa.array(campaign[rows].astype(np.int32) + 1),
            "channel": words(channel[campaign[rows]], CHANNELS),
            "touch_type": words(kind, TOUCH_TYPES),
        }

    write(out, "touchpoints", len(touch_positions), touch_columns)
    won = stage == 4
    print(f"{touches:,} touches, {n:,} accounts, {len(owner):,} opportunities, {won.sum():,} won for {amount[won].sum():,.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--ids", choices=["int", "str"], default="int")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaigns", type=int, default=500)
    parser.add_argument("--spend-every", type=int, default=1, metavar="DAYS", help="a row of spend in so many days")
    parser.add_argument("--accounts", type=int, help="so many, all of the same size")
    parser.add_argument("--deals", type=int, help="won opportunities of each account")
    parser.add_argument("--all-in-window", action="store_true", help="every touch counts for a deal; needs --deals")
    parser.add_argument("--twice", type=float, default=0, metavar="SHARE", help="of rows that are written twice")
    parser.add_argument("--blank", type=float, default=0, metavar="SHARE", help="of rows that lack their time")
    options = parser.parse_args()
    if options.all_in_window and not options.deals:
        parser.error("--all-in-window needs --deals")
    generate(options)
