"""The questions every tool is asked, defined so exactly that all answers must be equal.

An *answer* is plain Python (lists of integers, floats and text), so that two tools' answers are compared with ``==``:

``sessions``
    A session ends where the idle time of its user is strictly greater than 30 minutes.
    -> ``[sessions, sessions of a single event, sum of the sessions' durations in microseconds]``
``funnel``
    view -> cart -> order, in this order, other events between allowed, the last at most 14 days after the view
    (closed); a user's level is the most steps that any of his attempts reaches (ClickHouse's ``windowFunnel`` without
    a mode).
    -> ``[users who reach step 1, step 2, step 3]``
``retention``
    Calendar weeks from Monday, UTC. A user's cohort is the week of his first event; users of the cohort with an event
    in exactly the week k weeks later, k = 0, 1, 2 ... (cells of 0 users are left out).
    -> ``[[Monday of the cohort, k, users], ...]`` sorted
``flows``
    Every pair of a user's consecutive events: pairs, distinct users with such a pair, exact median of the time
    between (the mean of the two middle ones where their number is even).
    -> ``[[source, target, pairs, users, median in microseconds], ...]`` sorted by names
``daily``
    Calendar days, UTC: events, distinct users, users whose first event of the log is on that day.
    -> ``[[day, events, users, new users], ...]`` sorted
``lifecycle``
    Calendar weeks from Monday, UTC, from the first to the last of the log. A user of a week is new if it is the first
    one, returning if also active in the week before, resurrected otherwise; dormant are the users of the week before
    who are not active in this one.
    -> ``[[Monday, users, new, returning, resurrected, dormant], ...]`` sorted
``rhythm``
    Hours of the week, UTC, 0 to 167 from Monday, midnight: events, distinct users (hours without events are left out).
    -> ``[[hour of the week, events, users], ...]`` sorted
``rfm``
    An event with an amount above zero is an order, one with an amount below zero a refund. Of every user with an order:
    days from the day (UTC) of the last order to the day after the log's last, number of orders, sum of all amounts. Of
    each of the three the quantiles at 1/5, 2/5, 3/5, 4/5, interpolated linearly, times five (whole numbers, since
    amounts are), and how many users lie above each; equal quantiles are one.
    -> ``[users, [[5 x quantile, users above], ...] of days, the same of orders, the same of amounts]``
``sales``
    Calendar months, UTC, with orders: sum of amounts less refunds, orders, users with an order, users whose first order
    of the log is in the month.
    -> ``[[first day of the month, amount, orders, buyers, new buyers], ...]`` sorted

Two more are asked of Dangol alone, since no peer answers them in one query: ``repurchase`` and ``drivers``.

Consecutive means: by time, then by the source's order. ``make_log`` gives each user distinct times, so that no tool
has to honour the second rule. No tool may rely on the file's order of rows or on how user ids are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 86_400 * SECOND
WEEK: Final = 7 * DAY
MONDAY: Final = 3 * DAY  # 1970-01-01 was a Thursday: (t + MONDAY) // WEEK numbers the weeks that begin on Monday

GAP: Final = 30 * 60 * SECOND
STEPS: Final = ("view", "cart", "order")
WITHIN: Final = 14 * DAY

ORDERED: Final = ("sessions", "funnel", "retention", "flows", "daily")  # what users do, in order
REGULARS: Final = ("lifecycle", "rhythm", "rfm", "sales")  # who comes back and what they pay
ALONE: Final = ("repurchase", "drivers")  # asked of Dangol alone
TASKS: Final = (*ORDERED, *REGULARS, *ALONE)
LEAGUES: Final = ("raw", "prepared")

Answer = list[Any]


@dataclass(frozen=True)
class Peer:
    """One tool, opened on one file in one league: what to call for each task, and the versions it ran with.

    ``tasks`` may lack what the tool does not offer. An answer's None stands for what a tool does not give (or not
    exactly); it is compared with nothing. Dangol alone has ``calls``, the questions without the tables that answer the
    task, and ``floor``, a plain sum over the columns.
    """

    tasks: Mapping[str, Callable[[], Answer]]
    version: str
    notes: str = ""
    calls: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    floor: Callable[[], int] | None = None


def answered(asked: object) -> dict[str, Callable[[], Answer]]:
    """Return what a tool answers in a league: the methods that are named like tasks."""
    return {task: getattr(asked, task) for task in TASKS if hasattr(asked, task)}


def day_name(day: int) -> str:
    """Write a number of days since 1970 as ``2026-03-01``."""
    return str(np.datetime64(day, "D"))


def monday_name(week: int) -> str:
    """Write a number of weeks (as ``MONDAY`` numbers them) as the date of its Monday."""
    return day_name(week * 7 - 3)


def month_name(month: int) -> str:
    """Write a number of months since 1970 as the date of its first day."""
    return f"{1970 + month // 12}-{month % 12 + 1:02d}-01"


def quintiles(users: int, fifths: list[int], above: list[int]) -> Answer:
    """Write the answer to ``rfm``: four cuts of days, of orders and of amounts, and how many users lie above each."""
    pairs = [list(pair) for pair in zip(fifths, above, strict=True)]
    return [users, *(sorted(map(list, {tuple(pair) for pair in pairs[at : at + 4]})) for at in (0, 4, 8))]


def weeks_of(masks: npt.NDArray[np.uint64], users: npt.NDArray[np.int64], first: int) -> Answer:
    """Write the answer to ``lifecycle`` from masks of weeks, lowest bit ``first``, and how many users have each."""
    weeks = np.arange(int(masks.max()).bit_length(), dtype=np.uint64)
    one = np.uint64(1)
    here = (masks[:, None] >> weeks) & one == one
    before = np.hstack([np.zeros_like(here[:, :1]), here[:, :-1]])
    fresh = here & (np.cumsum(here, axis=1) == 1)
    states = (here, fresh, here & before, here & ~before & ~fresh, before & ~here)
    columns = (users @ state for state in states)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [[monday_name(first + week), *row] for week, row in enumerate(rows)]
