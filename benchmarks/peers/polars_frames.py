"""polars: the fastest formulation we found for each task, with the alternatives that lost.

User code and time share one integer, ``user << 44 | microseconds since the start``, so that one sort of integers
replaces a sort by text and time (3 times the CPU), rows of different users are further apart than any gap or
window, and no test for the same user is needed. ``cast(Categorical)`` codes text at once; ``rank("dense")`` takes ten
times as long, per-user ``group_by(...).agg(pl.col.time.sort()...)`` five times. Group-bys over the file run on the
streaming engine.

Prepared: the sorted frame is also cut between users into one slice per thread, since element-wise expressions run in
one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import polars as pl
from polars import col

from benchmarks.definitions import (
    DAY,
    GAP,
    HOUR,
    MONDAY,
    STEPS,
    WEEK,
    WITHIN,
    Answer,
    Peer,
    answered,
    day_name,
    monday_name,
    month_name,
    quintiles,
    weeks_of,
)

HOW: Final = {
    ("raw", "sessions"): "users cast to Categorical, one sort by (code << 44 + time), diff",
    ("raw", "funnel"): "the three events only, sort as above, join_asof to the last view, then to the last cart",
    ("raw", "retention"): "unique (user, week), group_by, streaming engine",
    ("raw", "flows"): "sort as above, shift, group_by edge: median, and changes of user for distinct users",
    ("raw", "daily"): "group_by (user, day), then by day, streaming engine",
    ("raw", "lifecycle"): "group_by user: bitwise_or of week bits, masks counted, streaming engine, unpacked in NumPy",
    ("raw", "rhythm"): "group_by hour of the week: n_unique of users, streaming engine",
    ("raw", "rfm"): "rows with an amount, group_by user, quantile",
    ("raw", "sales"): "rows with an amount, group_by (user, month), then by month; first months joined",
    ("prepared", "sessions"): "diff over the sorted keys, a slice of users per thread",
    ("prepared", "funnel"): "join_asof to the last view, then to the last cart, a slice of users per thread",
    ("prepared", "retention"): "rows where (user, week) changes, forward_fill of the first week, group_by",
    ("prepared", "flows"): "shift, group_by edge: median, and changes of user for distinct users",
    ("prepared", "daily"): "rows where (user, day) changes, group_by day",
    ("prepared", "lifecycle"): "rows where (user, week) changes, week bits added up per user, unpacked in NumPy",
    ("prepared", "rhythm"): "group_by hour of the week: n_unique of users",
    ("prepared", "rfm"): "the frame of purchases, group_by user, quantile",
    ("prepared", "sales"): "the frame of purchases, rows where (user, month) changes, group_by month",
}
PREPARED_FORM: Final = (
    "DataFrame sorted by user, time: key Int64 (user << 44 + time), user UInt32, time Int64, event UInt8; and of the "
    "rows with an amount user UInt32, time Int64, amount Int64"
)

SHIFT: Final = 44  # 2**44 microseconds = 203 days
FAR: Final = 1 << SHIFT
TIME: Final = col("time").to_physical()
USER: Final = col("user").cast(pl.Categorical).to_physical()


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open the file; in the league ``prepared`` also load, code and sort it."""
    if pl.thread_pool_size() != threads:
        raise SystemExit(f"polars runs {pl.thread_pool_size()} threads, not {threads}: set POLARS_MAX_THREADS")
    asked = _Prepared(path, threads) if league == "prepared" else _Raw(path)
    return Peer(answered(asked), f"polars {pl.__version__}")


# ---- what both leagues share: expressions over rows sorted by key ---------------------------------------------------


def _sessions(keys: pl.LazyFrame) -> pl.LazyFrame:
    gaps = keys.select(gap=col("key").diff().fill_null(FAR)).with_columns(new=col("gap") > GAP)
    return gaps.select(
        col("new").sum().alias("sessions"),
        (col("new") & col("new").shift(-1).fill_null(True)).sum().alias("bounces"),
        (col("gap") * ~col("new")).sum().alias("duration"),
    )


def _funnel(rows: pl.LazyFrame, codes: list[int]) -> pl.LazyFrame:
    """Count levels: a cart's best start is the last view before it; the last cart before an order carries the best."""
    view, cart, order = (rows.filter(col("event") == code).select(col("key").set_sorted()) for code in codes)
    started = view.select("key", start="key")
    carted = cart.join_asof(started, on="key")
    ordered = order.join_asof(carted, on="key")
    timely = col("key") - col("start") <= WITHIN
    return pl.concat(
        [
            started.select(_users().alias("one")),
            carted.filter(timely).select(_users().alias("two")),
            ordered.filter(timely).select(_users().alias("three")),
        ],
        how="horizontal",
    )


def _users() -> pl.Expr:
    """Count the distinct users of rows sorted by key: each change is a new user."""
    user = col("key") // FAR
    return (user != user.shift()).fill_null(True).sum()


def _edges(rows: pl.LazyFrame, names: list[str]) -> Answer:
    """Count pairs of consecutive events; inside a group rows stay sorted, so a change of user is a new user."""
    pairs = rows.select(
        "user",
        same=col("user") == col("user").shift(-1),
        edge=col("event").cast(pl.UInt16) * 256 + col("event").shift(-1),
        gap=col("key").shift(-1) - col("key"),
    ).filter("same")
    users = ((col("user") != col("user").shift()).sum() + 1).alias("users")
    table = pairs.group_by("edge").agg(pl.len(), users, col("gap").median()).collect(engine="in-memory")
    found = ([names[edge // 256], names[edge % 256], *rest] for edge, *rest in table.rows())
    return sorted(found)


def _cells(table: pl.DataFrame) -> Answer:
    return sorted([monday_name(cohort), week - cohort, users] for cohort, week, users in table.rows())


def _named_days(table: pl.DataFrame) -> Answer:
    return [[day_name(day), *rest] for day, *rest in table.sort("day").rows()]


def _masks(table: pl.DataFrame, first: int) -> Answer:
    return weeks_of(table["bit"].to_numpy(), table["len"].cast(pl.Int64).to_numpy(), first)


def _rfm(rows: pl.LazyFrame, as_of: int) -> Answer:
    """Cut and count customers; ``rows`` are purchases."""
    order = col("amount") > 0
    recency = as_of - (TIME // DAY).filter(order).max()
    orders = rows.group_by("user").agg(r=recency, f=order.sum().cast(pl.Int64), m=col("amount").sum())
    users = orders.filter(col("f") > 0).collect()
    cuts = [(one, at) for one in ("r", "f", "m") for at in (1, 2, 3, 4)]
    fifths = users.select(
        [(5 * col(one).quantile(at / 5, "linear")).round().cast(pl.Int64).alias(f"{one}{at}") for one, at in cuts]
    ).row(0)
    above = users.select(
        [(5 * col(one) > cut).sum().alias(f"{one}{at}") for (one, at), cut in zip(cuts, fifths, strict=True)]
    ).row(0)
    return quintiles(len(users), list(fifths), list(above))


def _months(table: pl.DataFrame) -> Answer:
    return [[month_name(month), *rest] for month, *rest in table.filter(col("orders") > 0).sort("month").rows()]


MOMENT: Final = TIME.cast(pl.Datetime("us"))
MONTH: Final = ((MOMENT.dt.year() - 1970) * 12 + MOMENT.dt.month() - 1).alias("month")
CELL: Final = ((TIME + MONDAY) // HOUR % 168).cast(pl.UInt8).alias("cell")


class _Raw:
    """Every question scans the file; codes for users are part of the question."""

    def __init__(self, path: str) -> None:
        self.log = pl.scan_parquet(path)

    def _key(self) -> pl.Expr:
        bounds = self.log.select(first=TIME.min(), last=TIME.max()).collect()
        if bounds["last"][0] - bounds["first"][0] + WITHIN >= FAR:
            raise SystemExit("the log is too long for keys of 44 bits of time")
        return (USER.cast(pl.Int64) * FAR + (TIME - bounds["first"][0])).alias("key")

    def sessions(self) -> Answer:
        return list(_sessions(self.log.select(self._key()).sort("key")).collect(engine="streaming").row(0))

    def funnel(self) -> Answer:
        event = col("event").replace_strict(list(STEPS), [0, 1, 2], return_dtype=pl.UInt8)
        rows = self.log.filter(col("event").is_in(STEPS)).select(self._key(), event=event).sort("key").collect()
        return list(_funnel(rows.lazy(), [0, 1, 2]).collect().row(0))

    def retention(self) -> Answer:
        week = ((TIME + MONDAY) // WEEK).cast(pl.UInt64)
        pairs = self.log.select(pair=USER.cast(pl.UInt64) * 65536 + week).unique()
        seen = pairs.select(user=col("pair") // 65536, week=(col("pair") % 65536).cast(pl.Int64))
        first = seen.group_by("user").agg(cohort=col("week").min())
        return _cells(seen.join(first, on="user").group_by("cohort", "week").len().collect(engine="streaming"))

    def flows(self) -> Answer:
        event = col("event").cast(pl.Categorical)
        rows = self.log.select(self._key(), name=event).sort("key").collect()
        names = rows["name"].unique().sort().to_list()
        codes = rows["name"].cast(pl.Enum(names)).to_physical().cast(pl.UInt8)
        user = (col("key") // FAR).cast(pl.UInt32)
        return _edges(rows.lazy().select("key", user=user, event=codes), names)

    def daily(self) -> Answer:
        day = (TIME // DAY).cast(pl.UInt64)
        pairs = self.log.select(pair=USER.cast(pl.UInt64) * 65536 + day).group_by("pair").len("events")
        seen = pairs.select("events", user=col("pair") // 65536, day=(col("pair") % 65536).cast(pl.Int64))
        new = seen.group_by("user").agg(col("day").min()).group_by("day").agg(new=pl.len())
        days = seen.group_by("day").agg(col("events").sum().cast(pl.Int64), users=pl.len())
        table = days.join(new, on="day", how="left").with_columns(col("new").fill_null(0))
        return _named_days(table.collect(engine="streaming"))

    def lifecycle(self) -> Answer:
        week = (TIME + MONDAY) // WEEK
        first: int = self.log.select(week.min()).collect().item()
        bit = pl.lit(2, pl.UInt64).pow(week - first)
        masks = self.log.select("user", bit=bit).group_by("user").agg(col("bit").bitwise_or()).group_by("bit").len()
        return _masks(masks.collect(engine="streaming"), first)

    def rhythm(self) -> Answer:
        cells = self.log.select(CELL, "user").group_by("cell").agg(pl.len(), col("user").n_unique()).sort("cell")
        return [list(row) for row in cells.collect(engine="streaming").rows()]

    def _purchases(self) -> pl.LazyFrame:
        return self.log.filter(col("amount").is_not_null()).select("user", "time", "amount")

    def rfm(self) -> Answer:
        return _rfm(self._purchases(), self.log.select(TIME.max() // DAY + 1).collect().item())

    def sales(self) -> Answer:
        n = (col("amount") > 0).sum().cast(pl.Int64)
        bought = self._purchases().group_by("user", MONTH).agg(n=n, amount=col("amount").sum())
        new = bought.filter(col("n") > 0).group_by("user").agg(col("month").min()).group_by("month").agg(new=pl.len())
        months = bought.group_by("month").agg(
            col("amount").sum(), col("n").sum().alias("orders"), (col("n") > 0).sum().alias("buyers")
        )
        table = months.join(new, on="month", how="left").with_columns(col("new").fill_null(0))
        return _months(table.collect(engine="streaming"))


class _Prepared:
    """A frame of integers in memory, sorted by user and time."""

    def __init__(self, path: str, threads: int) -> None:
        raw = _Raw(path)
        name = col("event").cast(pl.Categorical)
        coded = raw.log.select(raw._key(), "amount", time=TIME, name=name).sort("key").collect()
        self.names = coded["name"].unique().sort().to_list()
        events = coded["name"].cast(pl.Enum(self.names)).to_physical().cast(pl.UInt8)
        user = (col("key") // FAR).cast(pl.UInt32)
        self.frame = coded.select("key", "time", user=user).with_columns(event=events).rechunk()
        self.purchases = coded.select("time", "amount", user=user).filter(col("amount").is_not_null()).rechunk()
        bounds = coded.select(week=(col("time").min() + MONDAY) // WEEK, day=col("time").max() // DAY)
        self.first_week, self.last_day = bounds.row(0)
        users = self.frame["user"]
        starts = users.search_sorted(users.gather([len(users) * part // threads for part in range(threads)]))
        cuts = [*starts.to_list(), len(users)]
        self.slices = [self.frame.slice(a, b - a).lazy() for a, b in pairwise(cuts)]

    def _summed(self, ask: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Answer:
        return list(pl.concat(pl.collect_all([ask(part) for part in self.slices])).sum().row(0))

    def sessions(self) -> Answer:
        return self._summed(_sessions)

    def funnel(self) -> Answer:
        codes = [self.names.index(name) for name in STEPS]
        return self._summed(lambda part: _funnel(part, codes))

    def retention(self) -> Answer:
        return _cells(self._counted(_triangle, ["cohort", "week"]))

    def flows(self) -> Answer:
        return _edges(self.frame.lazy(), self.names)

    def daily(self) -> Answer:
        return _named_days(self._counted(_days, ["day"]))

    def lifecycle(self) -> Answer:
        masks = self._counted(lambda rows: _week_bits(rows, self.first_week), ["bit"])
        return _masks(masks, self.first_week)

    def rhythm(self) -> Answer:
        cells = self.frame.lazy().select(CELL, "user").group_by("cell").agg(pl.len(), col("user").n_unique())
        return [list(row) for row in cells.sort("cell").collect(engine="in-memory").rows()]

    def rfm(self) -> Answer:
        return _rfm(self.purchases.lazy(), self.last_day + 1)

    def sales(self) -> Answer:
        rows = self.purchases.lazy().select("user", "amount", MONTH)
        orders = rows.filter(col("amount") > 0).with_columns(new=(col("user") != col("user").shift()).fill_null(True))
        orders = orders.with_columns(buyer=col("new") | (col("month") != col("month").shift()))
        people = orders.group_by("month").agg(pl.len().alias("orders"), col("buyer").sum(), col("new").sum())
        table = rows.group_by("month").agg(col("amount").sum()).join(people, on="month")
        return _months(table.collect())

    def _counted(self, ask: Callable[[pl.LazyFrame], pl.LazyFrame], by: list[str]) -> pl.DataFrame:
        return pl.concat(pl.collect_all([ask(part) for part in self.slices])).group_by(by).sum()


def _triangle(rows: pl.LazyFrame) -> pl.LazyFrame:
    new = (col("user") != col("user").shift()).fill_null(True)
    weeks = rows.select("user", week=((col("time") + MONDAY) // WEEK).cast(pl.Int32))
    seen = weeks.filter(new | (col("week") != col("week").shift()))
    cohort = pl.when(new).then(col("week")).forward_fill()
    return seen.with_columns(cohort=cohort).group_by("cohort", "week").agg(users=pl.len().cast(pl.Int64))


def _week_bits(rows: pl.LazyFrame, first: int) -> pl.LazyFrame:
    weeks = rows.select("user", week=(col("time") + MONDAY) // WEEK - first)
    seen = weeks.filter(((col("user") != col("user").shift()) | (col("week") != col("week").shift())).fill_null(True))
    bits = seen.group_by("user").agg(bit=pl.lit(2, pl.UInt64).pow(col("week")).sum())
    return bits.group_by("bit").agg(pl.len().cast(pl.Int64))


def _days(rows: pl.LazyFrame) -> pl.LazyFrame:
    days = rows.select(
        day=(col("time") // DAY).cast(pl.Int32), new=(col("user") != col("user").shift()).fill_null(True)
    ).with_columns(seen=col("new") | (col("day") != col("day").shift()))
    return (
        days.group_by("day")
        .agg(pl.len().cast(pl.Int64).alias("events"), col("seen").sum().cast(pl.Int64), col("new").sum().cast(pl.Int64))
        .select("day", "events", "seen", "new")
    )
