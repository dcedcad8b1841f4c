"""Dangol: every question through its public functions, asked of a log that was ingested before.

Timed twice: the call alone (a ``Result`` with its sentences; it counts more than the task asks for: medians,
intervals, entry and last events, completeness), and the call with the tables from which the task's answer is read.
Comparisons with the peers use the second.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import dangol as dg
from benchmarks.definitions import SECOND, STEPS, Answer, Peer

HOW: Final = {
    ("log", "sessions"): 'dg.sessions(log, gap="30m") and its table "summary"',
    ("log", "funnel"): 'dg.funnel(log, ["view", "cart", "order"], within="14d", as_of=...) and its table',
    ("log", "retention"): 'dg.retention(log, every="1w", counting="on") and its table',
    ("log", "flows"): "dg.flows(log) and its table",
    ("log", "daily"): 'dg.overview(log, every="1d") and its table',
    ("log", "lifecycle"): 'dg.lifecycle(log, every="1w") and its table',
    ("log", "rhythm"): "dg.rhythm(log) and its table: with bootstrap intervals, test and seasonal decomposition",
    ("log", "rfm"): 'dg.rfm(log, as_of=...) and its table "cuts"',
    ("log", "sales"): 'dg.sales(log, every="1mo") and its table',
    ("log", "repurchase"): "dg.repurchase(log) and its table: labelled and returned for nine numbers of days",
    ("log", "drivers"): 'dg.drivers(log, "order") and its table: a grid of 11 behaviours, 5 counts, 5 spans of days',
}
PREPARED_FORM: Final = "the log on disk that dg.ingest wrote, mapped into memory"


def open_peer(path: str, league: str, threads: int) -> Peer:
    """Open a log's folder. Dangol takes all cores that the process may use."""
    assert league == "log"
    log = dg.open_log(path)
    calls = _calls(log)
    read = {
        "sessions": _sessions,
        "funnel": _funnel,
        "retention": _retention,
        "flows": _flows,
        "daily": _daily,
        "lifecycle": _lifecycle,
        "rhythm": _rhythm,
        "rfm": _rfm,
        "sales": _sales,
        "repurchase": _repurchase,
        "drivers": _drivers,
    }
    tasks = {task: _then(calls[task], read[task]) for task in calls}
    return Peer(tasks, f"dangol {dg.__version__}", calls=calls, floor=_plain_sum(log, threads))


def _calls(log: dg.EventLog) -> dict[str, Callable[[], Any]]:
    # The task asks for the levels of all users; Dangol sets those apart who entered too late to have the whole
    # window. Said to be complete until long after its end, the log has none of them.
    end = datetime.fromtimestamp(log.end / SECOND, UTC)
    later, next_day = end + timedelta(days=15), end + timedelta(days=1)
    return {
        "sessions": lambda: dg.sessions(log, gap="30m"),
        "funnel": lambda: dg.funnel(log, list(STEPS), within="14d", as_of=f"{later:%Y-%m-%d}"),
        "retention": lambda: dg.retention(log, every="1w", counting="on"),
        "flows": lambda: dg.flows(log),
        "daily": lambda: dg.overview(log, every="1d"),
        "lifecycle": lambda: dg.lifecycle(log, every="1w"),
        "rhythm": lambda: dg.rhythm(log),
        "rfm": lambda: dg.rfm(log, as_of=f"{next_day:%Y-%m-%d}"),
        "sales": lambda: dg.sales(log, every="1mo"),
        "repurchase": lambda: dg.repurchase(log),
        "drivers": lambda: dg.drivers(log, "order"),
    }


def _then(call: Callable[[], Any], read: Callable[[Any], Answer]) -> Callable[[], Answer]:
    return lambda: read(call())


def _plain_sum(log: dg.EventLog, threads: int) -> Callable[[], int]:
    """The least that any answer costs: one look at the time and the event of every row, in as many threads."""
    time, event = log.contents.array("time"), log.contents.array("event")
    cuts = np.linspace(0, len(time), threads + 1).astype(int).tolist()

    def part(low: int, high: int) -> int:
        return int(time[low:high].sum()) + int(event[low:high].sum(dtype=np.int64))

    def total() -> int:
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(part, cuts, cuts[1:]))

    return total


def _sessions(result: Any) -> Answer:
    measure = dict(zip(*(result.tables["summary"][name] for name in ("measure", "value")), strict=True))
    sessions = int(measure["sessions"])
    bounces, micros = measure["bounce_rate"] * sessions, measure["mean_duration_s"] * SECOND * sessions
    return [sessions, round(bounces), round(micros)]


def _funnel(result: Any) -> Answer:
    return [int(users) for users in result.table["users"]]


def _retention(result: Any) -> Answer:
    table = result.table
    cells = zip(table["cohort"].tolist(), table["period"].tolist(), table["users"].tolist(), strict=True)
    return sorted([cohort, period, users] for cohort, period, users in cells if users)


def _flows(result: Any) -> Answer:
    table = result.table
    half = np.rint(table["median_s"].to_numpy(np.float64) * (2 * SECOND)) / 2  # the mean of two integers
    return sorted(
        list(row) for row in zip(*_lists(table, "source", "target", "count", "users"), half.tolist(), strict=True)
    )


def _daily(result: Any) -> Answer:
    rows = zip(*_lists(result.table, "period", "events", "users", "new_users"), strict=True)
    return [list(row) for row in rows if row[1]]


def _lifecycle(result: Any) -> Answer:
    states = ("new", "returning", "resurrected", "dormant")
    return [list(row) for row in zip(*_lists(result.table, "period", "users", *states), strict=True)]


def _rhythm(result: Any) -> Answer:
    rows = zip(*_lists(result.table, "weekday", "hour", "events", "users"), strict=True)
    return [[(weekday - 1) * 24 + hour, events, users] for weekday, hour, events, users in rows if events]


def _rfm(result: Any) -> Answer:
    answer: Answer = []
    for _, scores in result.tables["cuts"].groupby("measure", sort=False):
        bands = scores.sort_values("upper", na_position="last")  # the open end is the highest
        users = bands["users"].to_numpy()
        above = (users.sum() - users.cumsum())[:-1].tolist()
        fifths = np.rint(5 * bands["upper"].to_numpy()[:-1]).astype(np.int64).tolist()
        answer.append([list(pair) for pair in zip(fifths, above, strict=True)])
    return [int(result.table["users"].sum()), *answer]


def _sales(result: Any) -> Answer:
    rows = zip(*_lists(result.table, "period", "amount", "orders", "buyers", "new_buyers"), strict=True)
    return [[f"{month}-01", round(amount), *rest] for month, amount, *rest in rows if rest[0]]


def _repurchase(result: Any) -> Answer:
    names = ("days", "n", "censored", "labelled", "returned", "users")
    return [list(row) for row in zip(*_lists(result.table, *names), strict=True)]


def _drivers(result: Any) -> Answer:
    return [list(row) for row in zip(*_lists(result.table, "event", "count", "days", "n", "users"), strict=True)]


def _lists(table: Any, *columns: str) -> list[npt.NDArray[Any]]:
    return [table[column].tolist() for column in columns]
