"""pandas with NumPy: the fastest formulation we found for each task, with the alternatives that lost.

What experts do in pandas at this size is to leave its frames for NumPy arrays: ``np.sort`` of one integer per row
(user code << 44 | microseconds since the start) instead of ``sort_values(["user", "time"])``; ``np.diff`` instead of
``groupby.diff``; ``np.maximum.accumulate`` instead of ``groupby.ffill``; a boolean matrix user x period instead of
``drop_duplicates`` and ``nunique`` (ten times the time). ``groupby.median`` stays: NumPy's partition by group is no
faster. No compiled code of our own.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
    ("raw", "sessions"): "read_parquet with user as categorical, np.sort of (code << 44 + time), diff",
    ("raw", "funnel"): "the three events only, np.argsort as above, running maximum per step",
    ("raw", "retention"): "boolean matrix user x week, no sort",
    ("raw", "flows"): "np.argsort as above, groupby.median, boolean matrix user x edge",
    ("raw", "daily"): "boolean matrix user x day, bincount, no sort",
    ("raw", "lifecycle"): "boolean matrix user x week, no sort; its rows as bits, counted with unique",
    ("raw", "rhythm"): "boolean matrix user x hour of the week, bincount, no sort",
    ("raw", "rfm"): "rows with an amount, factorize, maximum.at, bincount, quantile",
    ("raw", "sales"): "rows with an amount, factorize, boolean matrix user x month, bincount",
    ("prepared", "sessions"): "diff over the sorted keys",
    ("prepared", "funnel"): "the three events only, running maximum per step",
    ("prepared", "retention"): "rows where (user, week) changes, bincount",
    ("prepared", "flows"): "groupby.median of neighbours' differences, boolean matrix user x edge",
    ("prepared", "daily"): "rows where (user, day) changes, bincount",
    ("prepared", "lifecycle"): "rows where (user, week) changes, week bits added up with add.reduceat, unique",
    ("prepared", "rhythm"): "boolean matrix user x hour of the week, bincount",
    ("prepared", "rfm"): "the frame of purchases, maximum.at, bincount, quantile",
    ("prepared", "sales"): "the frame of purchases, boolean matrix user x month, bincount",
}
PREPARED_FORM: Final = (
    "DataFrame sorted by user, time: key int64 (user << 44 + time), user int32, time int64, event uint8; and of the "
    "rows with an amount user int32, time int64, amount int64"
)

SHIFT: Final = 44  # 2**44 microseconds = 203 days
FAR: Final = 1 << SHIFT

Ints = npt.NDArray[np.int64]


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open the file; in the league ``prepared`` also load, code and sort it."""
    pa.set_cpu_count(threads)
    asked = _Prepared(path) if league == "prepared" else _Raw(path)
    return Peer(
        answered(asked), f"pandas {pd.__version__}, NumPy {np.__version__}", "reading takes all threads, the rest one"
    )


# ---- what both leagues share ----------------------------------------------------------------------------------------


def _sessions(key: Ints) -> Answer:
    gap = np.diff(key)
    new = gap > GAP
    bounces = int(np.count_nonzero(new[1:] & new[:-1])) + int(new[0]) + int(new[-1])
    return [int(np.count_nonzero(new)) + 1, bounces, int(gap[~new].sum())]


def _funnel(key: Ints, step: npt.NDArray[Any], codes: list[int]) -> Answer:
    """Count levels: the latest start is the best one, and keys only grow, so a running maximum carries it forward."""
    view, cart, order = (step == code for code in codes)
    began = np.maximum.accumulate(np.where(view, key, -FAR))
    carted = np.maximum.accumulate(np.where(cart, began, -FAR))
    reached = (view, cart & (key - began <= WITHIN), order & (key - carted <= WITHIN))
    return [_changes(key[rows] >> SHIFT) for rows in reached]


def _changes(users: Ints) -> int:
    return int(np.count_nonzero(np.diff(users))) + (len(users) > 0)


def _flows(key: Ints, user: Ints, event: npt.NDArray[np.uint8], names: list[str]) -> Answer:
    same = user[1:] == user[:-1]
    edge = (event[:-1].astype(np.int32) * len(names) + event[1:])[same]
    gaps = pd.DataFrame({"edge": edge, "gap": np.diff(key)[same]}).groupby("edge")["gap"].agg(["size", "median"])
    taken = np.zeros((int(user[-1]) + 1, len(names) ** 2), bool)
    taken[user[1:][same], edge] = True
    users = np.count_nonzero(taken, axis=0)
    return sorted(
        [names[code // len(names)], names[code % len(names)], int(n), int(users[code]), float(median)]
        for code, n, median in gaps.itertuples()
    )


def _matrix(user: npt.NDArray[Any], period: Ints) -> npt.NDArray[np.bool_]:
    seen = np.zeros((int(user.max()) + 1, int(period.max()) + 1), bool)
    seen[user, period] = True
    return seen


def _rhythm(user: npt.NDArray[Any], time: Ints) -> Answer:
    cell = ((time + MONDAY) // HOUR % 168).astype(np.uint8)
    seen = np.zeros((int(user.max()) + 1, 168), bool)
    seen[user, cell] = True
    counts = np.bincount(cell, minlength=168).tolist(), np.count_nonzero(seen, axis=0).tolist()
    return [[hour, n, users] for hour, (n, users) in enumerate(zip(*counts, strict=True)) if n]


def _rfm(user: npt.NDArray[Any], time: Ints, amount: Ints, as_of: int) -> Answer:
    """Cut and count customers; the rows are purchases."""
    order = amount > 0
    size = int(user.max()) + 1
    number = np.bincount(user[order], minlength=size)
    last = np.zeros(size, np.int64)
    np.maximum.at(last, user[order], time[order] // DAY)
    customer = number > 0
    money = np.bincount(user, amount, minlength=size)  # whole numbers far below 2**53
    fifths, above = [], []
    for values in (as_of - last[customer], number[customer], money[customer].astype(np.int64)):
        cuts = np.rint(5 * np.quantile(values, [0.2, 0.4, 0.6, 0.8])).astype(np.int64)
        fifths += cuts.tolist()
        above += [int(np.count_nonzero(5 * values > cut)) for cut in cuts]
    return quintiles(int(np.count_nonzero(customer)), fifths, above)


def _sales(user: npt.NDArray[Any], time: Ints, amount: Ints) -> Answer:
    month = time.view("datetime64[us]").astype("datetime64[M]").view(np.int64)
    first = int(month.min())
    order = amount > 0
    bought = _matrix(user[order], month[order] - first)
    size = bought.shape[1]
    fresh = np.bincount(bought.argmax(axis=1)[bought.any(axis=1)], minlength=size)
    money = np.bincount(month - first, amount, minlength=size)[:size].astype(np.int64)
    columns = money, np.bincount(month[order] - first), np.count_nonzero(bought, axis=0), fresh
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [[month_name(first + place), *row] for place, row in enumerate(rows) if row[1]]


class _Raw:
    """Every question reads the columns it needs from the file; codes for users are part of the question."""

    def __init__(self, path: str) -> None:
        self.path = path

    def _read(self, *columns: str, **options: Any) -> pd.DataFrame:
        text = [column for column in columns if column != "time"]
        return pd.read_parquet(self.path, columns=list(columns), read_dictionary=text, **options)

    def sessions(self) -> Answer:
        log = self._read("user", "time")
        return _sessions(np.sort(_key(_codes(log["user"]), _micros(log["time"]))))

    def funnel(self) -> Answer:
        log = self._read("user", "event", "time", filters=[("event", "in", list(STEPS))])
        key = _key(_codes(log["user"]), _micros(log["time"]))
        order = np.argsort(key)
        names = log["event"].cat.categories.tolist()
        codes = [names.index(name) for name in STEPS]
        return _funnel(key[order], _codes(log["event"])[order], codes)

    def retention(self) -> Answer:
        log = self._read("user", "time")
        week = (_micros(log["time"]) + MONDAY) // WEEK
        first = int(week.min())
        seen = _matrix(_codes(log["user"]), week - first)
        cohort = seen.argmax(axis=1)
        cells = ((c, w, int(n)) for c in range(seen.shape[1]) for w, n in enumerate(seen[cohort == c].sum(axis=0)))
        return [[monday_name(first + c), w - c, n] for c, w, n in cells if n]

    def flows(self) -> Answer:
        log = self._read("user", "event", "time")
        key = _key(_codes(log["user"]), _micros(log["time"]))
        order = np.argsort(key)
        key = key[order]
        names = [str(name) for name in log["event"].cat.categories]
        return _flows(key, key >> SHIFT, _codes(log["event"]).astype(np.uint8)[order], names)

    def daily(self) -> Answer:
        log = self._read("user", "time")
        day = _micros(log["time"]) // DAY
        first = int(day.min())
        seen = _matrix(_codes(log["user"]), day - first)
        columns = np.bincount(day - first), seen.sum(axis=0), np.bincount(seen.argmax(axis=1), minlength=seen.shape[1])
        return [
            [day_name(first + i), int(n), int(u), int(new)]
            for i, (n, u, new) in enumerate(zip(*columns, strict=True))
            if n
        ]

    def lifecycle(self) -> Answer:
        log = self._read("user", "time")
        week = (_micros(log["time"]) + MONDAY) // WEEK
        first = int(week.min())
        seen = _matrix(_codes(log["user"]), week - first)
        return weeks_of(*np.unique(seen @ (1 << np.arange(seen.shape[1], dtype=np.uint64)), return_counts=True), first)

    def rhythm(self) -> Answer:
        log = self._read("user", "time")
        return _rhythm(_codes(log["user"]), _micros(log["time"]))

    def _purchases(self) -> tuple[npt.NDArray[Any], Ints, Ints]:
        log = pd.read_parquet(self.path, columns=["user", "time", "amount"], filters=pc.field("amount").is_valid())
        return pd.factorize(log["user"])[0], _micros(log["time"]), log["amount"].to_numpy(np.int64)

    def rfm(self) -> Answer:
        last = _micros(self._read("time")["time"]).max()
        return _rfm(*self._purchases(), int(last) // DAY + 1)

    def sales(self) -> Answer:
        return _sales(*self._purchases())


class _Prepared:
    """A frame of integers in memory, sorted by user and time."""

    def __init__(self, path: str) -> None:
        log = _Raw(path)._read("user", "event", "time", "amount")
        micros = _micros(log["time"])
        key = _key(_codes(log["user"]), micros)
        self.names = [str(name) for name in log["event"].cat.categories]
        order = np.argsort(key)
        key = key[order]
        self.frame = pd.DataFrame(
            {
                "key": key,
                "user": (key >> SHIFT).astype(np.int32),
                "time": micros[order],
                "event": _codes(log["event"])[order].astype(np.uint8),
            }
        )
        amount = log["amount"].to_numpy(np.float64, na_value=0.0)[order]  # whole numbers far below 2**53
        rows = np.flatnonzero(amount)
        self.purchases = self.frame[["user", "time"]].iloc[rows].assign(amount=amount[rows].astype(np.int64))

    def lifecycle(self) -> Answer:
        user, time = self._columns("user", "time")
        week = (time + MONDAY) // WEEK
        first = int(week.min())
        new, seen = _first_rows(user, week)
        bits = np.left_shift(np.uint64(1), (week[seen] - first).astype(np.uint64))
        masks = np.add.reduceat(bits, np.searchsorted(seen, new))
        return weeks_of(*np.unique(masks, return_counts=True), first)

    def rhythm(self) -> Answer:
        return _rhythm(*self._columns("user", "time"))

    def rfm(self) -> Answer:
        last = int(self.frame["time"].to_numpy().max())
        user, time, amount = self._bought()
        return _rfm(user, time, amount, last // DAY + 1)

    def sales(self) -> Answer:
        return _sales(*self._bought())

    def _bought(self) -> list[Any]:
        return [self.purchases[name].to_numpy() for name in ("user", "time", "amount")]

    def _columns(self, *names: str) -> list[Any]:
        return [self.frame[name].to_numpy() for name in names]

    def sessions(self) -> Answer:
        return _sessions(*self._columns("key"))

    def funnel(self) -> Answer:
        key, event = self._columns("key", "event")
        codes = [self.names.index(name) for name in STEPS]
        rows = np.flatnonzero((event == codes[0]) | (event == codes[1]) | (event == codes[2]))
        return _funnel(key[rows], event[rows], codes)

    def retention(self) -> Answer:
        user, time = self._columns("user", "time")
        week = (time + MONDAY) // WEEK
        new, seen = _first_rows(user, week)
        first, weeks = int(week.min()), int(week.max()) + 1 - int(week.min())
        cohort = np.repeat(week[new] - first, np.diff(np.append(np.searchsorted(seen, new), len(seen))))
        cells = np.bincount(cohort * weeks + week[seen] - first, minlength=weeks * weeks).reshape(weeks, weeks)
        return [[monday_name(first + c), w - c, int(cells[c, w])] for c, w in np.argwhere(cells).tolist()]

    def flows(self) -> Answer:
        key, user, event = self._columns("key", "user", "event")
        return _flows(key, user, event, self.names)

    def daily(self) -> Answer:
        user, time = self._columns("user", "time")
        day = time // DAY
        day -= (first := int(day.min()))
        columns = [
            np.bincount(rows, minlength=int(day.max()) + 1) for rows in (day, *(day[i] for i in _first_rows(user, day)))
        ]
        events, new, users = (column.tolist() for column in columns)
        return [[day_name(first + i), events[i], users[i], new[i]] for i in range(len(events)) if events[i]]


def _first_rows(user: npt.NDArray[Any], period: Ints) -> tuple[Ints, Ints]:
    """Return the first row of each user, and of each user's period, of rows sorted by both."""
    new = np.concatenate([[True], user[1:] != user[:-1]])
    moved = np.concatenate([[True], period[1:] != period[:-1]])
    return np.flatnonzero(new), np.flatnonzero(new | moved)


def _codes(column: pd.Series[Any]) -> npt.NDArray[np.int32]:
    codes: npt.NDArray[np.int32] = column.cat.codes.to_numpy()
    return codes


def _micros(column: pd.Series[Any]) -> Ints:
    micros: Ints = column.to_numpy("datetime64[us]").view(np.int64)
    return micros


def _key(user: npt.NDArray[np.int32], micros: Ints) -> Ints:
    first = micros.min()
    if micros.max() - first + WITHIN >= FAR:
        raise SystemExit("the log is too long for keys of 44 bits of time")
    if int(user.max()) >= 1 << 63 - SHIFT:
        raise SystemExit("too many users for keys of 63 bits")
    key: Ints = (user.astype(np.int64) << SHIFT) + (micros - first)
    return key
