"""One look over the log: events per day, equal times, and the pace of each user."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of

Ints = npt.NDArray[np.int64]


@kernel
def day_counts(offsets: Ints, time: Ints, midnights: Ints) -> tuple[Ints, int, int]:
    """Count the events of each day, those at the time of the same user's event before, and those at midnight sharp."""
    counts = np.zeros(len(midnights) - 1, np.int64)
    ties = 0
    sharp = 0
    for user in range(len(offsets) - 1):
        low = np.int64(1)
        high = np.int64(0)
        day = 0
        for row in range(offsets[user], offsets[user + 1]):
            now = time[row]
            if now < low or now >= high:
                day = period_of(now, midnights)
                low, high = midnights[day], midnights[day + 1]
            counts[day] += 1
            sharp += now == low
            if row > offsets[user] and time[row - 1] == now:
                ties += 1
    return counts, ties, sharp


@kernel
def _most_within(time: Ints, first: int, after: int, width: int) -> int:
    most = 0
    tail = first
    for row in range(first, after):
        while time[row] - time[tail] >= width:
            tail += 1
        most = max(most, row - tail + 1)
    return most


@kernel
def _regular_share(time: Ints, first: int, after: int) -> float:
    """The share of a user's gaps that lie within 2 % of their median (of at least a second)."""
    gaps = np.empty(after - first - 1, np.int64)
    for row in range(first + 1, after):
        gaps[row - first - 1] = time[row] - time[row - 1]
    middle = np.median(gaps)
    if middle < 1_000_000:
        return 0.0
    near = 0
    for gap in gaps:
        if abs(gap - middle) <= 0.02 * middle:
            near += 1
    return near / len(gaps)


@kernel
def program_like(
    offsets: Ints, time: Ints, minute: int, day: int, enough: int
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Return, for each user, the most events within a minute, within a day, and the share of even gaps.

    Users with at most ``enough`` gaps are too small to tell and get the share 0.
    """
    size = len(offsets) - 1
    per_minute = np.zeros(size, np.int64)
    per_day = np.zeros(size, np.int64)
    regular = np.zeros(size, np.float64)
    for user in range(size):
        first, after = offsets[user], offsets[user + 1]
        per_minute[user] = _most_within(time, first, after, minute)
        per_day[user] = _most_within(time, first, after, day)
        if after - first > enough:
            regular[user] = _regular_share(time, first, after)
    return per_minute, per_day, regular
