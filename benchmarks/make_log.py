"""Make a realistic event log as one Parquet file in arrival (time) order.

    python -m benchmarks.make_log --events 20000000 --users 400000 --out log.parquet

Columns: ``user`` (text, ``u0000123``), ``event`` (text, 12 names, 'view' about 30 %), ``time`` (timestamp[us, UTC]),
``country`` (text, 12 values, fixed per user) and ``amount`` (int64, whole won, so that sums are exact: above zero on
'order', below on 'refund', null elsewhere). What makes it realistic: users arrive over the 90 days and then fade; their
activity is log-normal, so that a few are a thousand times as busy as most; they come in sessions with log-normal
pauses; nights are quiet; what is done next depends on what was done before; prices are log-normal, in hundreds.

The times of one user are all different, so no answer depends on how a tool orders ties. The same arguments give the
same rows on every machine with the same numpy. Memory: the sessions (16 bytes each, about 7 events in one) and one day.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

EVENTS = ("view", "search", "item", "cart", "checkout", "order", "like", "share", "login", "logout", "help", "refund")
SHARES = (0.24, 0.22, 0.12, 0.10, 0.05, 0.03, 0.08, 0.03, 0.07, 0.03, 0.02, 0.01)
ORDER, REFUND = EVENTS.index("order"), EVENTS.index("refund")
FOLLOWS = (2, 0, 0, 4, 5, 0, 0, 0, 1, 8, 0, 10)  # what comes next when the user follows the usual path, by code
COUNTRIES = ("KR", "US", "JP", "DE", "FR", "GB", "IN", "BR", "VN", "TH", "CA", "AU")
COUNTRY_SHARES = (0.34, 0.18, 0.12, 0.08, 0.06, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01, 0.01)
HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 8, 10, 9, 8, 8, 8, 9, 10, 12, 14, 13, 9, 5)  # sessions begun by hour

SECOND = 1_000_000
DAY = 86_400 * SECOND
DAYS = 90
START = 1_772_323_200 * SECOND  # 2026-03-01 00:00 UTC, a Sunday
EVENTS_PER_SESSION = 7
TICK = 1 << 16  # the low 16 bits (65 ms) of a time number the user's session: no two events of a user share an instant

Ints = npt.NDArray[np.int64]


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--users", type=int, default=400_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    began = time.perf_counter()
    make_log(args.out, events=args.events, users=args.users, seed=args.seed)
    print(f"{args.out}: {args.events:,} events, {args.users:,} users, {time.perf_counter() - began:.1f} s")


def make_log(out: Path, *, events: int, users: int, seed: int = 0) -> None:
    """Write the log; it has exactly ``events`` rows and ``users`` users."""
    if not 1 <= users <= events:
        raise SystemExit("a log needs at least one user, and an event for each user")
    rng, prices = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    ids = pa.array(np.char.add("u", np.char.zfill(np.arange(users).astype("U8"), 7)).tolist(), pa.string())
    country = rng.choice(len(COUNTRIES), users, p=COUNTRY_SHARES).astype(np.int8)
    names, lands = pa.array(EVENTS), pa.array(COUNTRIES)
    text = pa.string()
    schema = pa.schema(
        {"user": text, "event": text, "time": pa.timestamp("us", "UTC"), "country": text, "amount": pa.int64()}
    )
    with pq.ParquetWriter(out, schema, store_schema=False) as writer:
        for user, event, moment in _days(rng, events, users):
            columns = [
                ids.take(pa.array(user)),
                names.take(pa.array(event)),
                pa.array(moment).cast(schema.field("time").type),
                lands.take(pa.array(country[user])),
                _amounts(prices, event),
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=1 << 20)


def _amounts(rng: np.random.Generator, event: npt.NDArray[np.int8]) -> pa.Array:
    """Draw what orders cost and refunds give back; a generator of its own leaves all other columns as they are."""
    amount = np.zeros(len(event), np.int64)
    paid = np.flatnonzero((event == ORDER) | (event == REFUND))
    amount[paid] = np.maximum(1, rng.lognormal(5.5, 0.8, len(paid)).astype(np.int64)) * 100
    amount[event == REFUND] *= -1
    return pa.array(amount, mask=amount == 0)


def _sessions(rng: np.random.Generator, events: int, users: int) -> tuple[Ints, npt.NDArray[np.int32], Ints]:
    """Draw every session, in the order they begin: start, user, and number of events (they add up to ``events``)."""
    n_sessions = max(users, events // EVENTS_PER_SESSION)
    arrival = np.where(rng.random(users) < 0.3, rng.random(users) * 7, rng.random(users) ** 1.2 * DAYS)  # day
    weights = rng.lognormal(0.0, 1.4, users) * (1 - arrival / DAYS)
    more = rng.multinomial(n_sessions - users, weights / weights.sum())
    owner = np.repeat(np.arange(users, dtype=np.int32), np.minimum(more + 1, TICK - 1))
    number = np.arange(len(owner), dtype=np.int64) - np.searchsorted(owner, owner, side="left")
    size = _sizes(rng, len(owner), events)
    stay = rng.random(len(owner)) ** 1.6  # share of the days left: more of them soon after the arrival
    day = (arrival[owner] + np.where(number == 0, 0.0, stay) * (DAYS - arrival[owner])).astype(np.int64)
    hours = rng.choice(24, len(owner), p=np.array(HOURS) / sum(HOURS))
    start = START + day * DAY + hours * 3600 * SECOND + rng.integers(0, 3600 * SECOND, len(owner))
    start = start // TICK * TICK + number
    order = np.argsort(start, kind="stable")
    return start[order], owner[order], size[order]


def _sizes(rng: np.random.Generator, sessions: int, events: int) -> Ints:
    """Draw how many events each session has: many of one event, a long tail, ``events`` in all."""
    size = np.minimum(1 + rng.lognormal(1.2, 1.1, sessions).astype(np.int64), 400)
    size = np.maximum(1, (size * (events / size.sum())).astype(np.int64))
    while (short := events - int(size.sum())) != 0:
        if short > 0:
            np.add.at(size, rng.integers(0, sessions, short), 1)
        else:
            long = np.flatnonzero(size > 1)
            size[rng.choice(long, min(-short, len(long)), replace=False)] -= 1
    return size


def _days(
    rng: np.random.Generator, events: int, users: int
) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.int8], Ints]]:
    """Yield user, event and time of each day's events in time order; what runs past a day's end waits for the next."""
    start, owner, size = _sessions(rng, events, users)
    bounds = np.searchsorted(start, START + np.arange(DAYS + 1) * DAY)
    waiting = (np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0, np.int64))
    for day in range(DAYS):
        part = slice(bounds[day], bounds[day + 1])
        fresh = _expand(rng, start[part], owner[part], size[part])
        user = np.concatenate([waiting[0], fresh[0]])
        event = np.concatenate([waiting[1], fresh[1]])
        moment = np.concatenate([waiting[2], fresh[2]])
        order = np.argsort(moment, kind="stable")
        end = START + (day + 1) * DAY if day < DAYS - 1 else np.iinfo(np.int64).max
        kept = int(np.searchsorted(moment, end, sorter=order))
        now, later = order[:kept], order[kept:]
        waiting = (user[later], event[later], moment[later])
        yield user[now], event[now], moment[now]


def _expand(
    rng: np.random.Generator, start: Ints, owner: npt.NDArray[np.int32], size: Ints
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8], Ints]:
    """Make the events of some sessions: pauses are log-normal, in whole ticks, at least one."""
    n = int(size.sum())
    first = np.cumsum(size) - size
    pause = np.maximum(1, rng.lognormal(3.2, 1.3, n) * (SECOND / TICK)).astype(np.int64)
    pause[first] = 0
    passed = np.cumsum(pause)
    moment = np.repeat(start - passed[first] * TICK, size) + passed * TICK
    drawn = np.searchsorted(np.cumsum(SHARES)[:-1], rng.random(n, np.float32)).astype(np.int8)
    usual = np.array(FOLLOWS, np.int8)[np.roll(drawn, 1)]
    follows = rng.random(n, np.float32) < 0.4
    follows[first] = False
    return np.repeat(owner, size), np.where(follows, usual, drawn), moment


if __name__ == "__main__":
    main()
