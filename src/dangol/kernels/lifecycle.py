"""Lifecycle: in which periods users are active, and how each period follows from the one before."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
States = npt.NDArray[np.int8]

# The rows of the counts, and a user's state in one period; one that is none of these is ``ABSENT``.
NEW: Final = 0
RETURNING: Final = 1
RESURRECTED: Final = 2
DORMANT: Final = 3
ABSENT: Final = 4


class Stream(NamedTuple):
    """The events of some whole users; ``event`` may be empty where every event counts, which ``code`` -1 says."""

    offsets: Ints
    time: Ints
    event: Codes
    code: int


@kernel
def first_rows(stream: Stream) -> Ints:
    """Return the row of each user's first event that counts; -1 without any."""
    offsets, _, event, code = stream
    found = np.full(len(offsets) - 1, -1, np.int64)
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            if code < 0 or event[row] == code:
                found[user] = row
                break
    return found


@kernel
def count(stream: Stream, edges: Ints, segment: Codes, segments: int) -> Ints:
    """Count users by state (new, returning, resurrected, dormant), segment and period.

    ``segment`` has each user's. No time may lie outside the edges. Within a period only the first event that counts is
    looked at closely, so that most events cost one comparison.
    """
    offsets, time, event, code = stream
    periods = len(edges) - 1
    counts = np.zeros((4, segments, periods), np.int64)
    for user in range(len(offsets) - 1):
        part = segment[user]
        last, until = -1, np.int64(-9223372036854775808)
        for row in range(offsets[user], offsets[user + 1]):
            if time[row] < until or (code >= 0 and event[row] != code):
                continue
            near = last >= 0 and last + 1 < periods and time[row] < edges[last + 2]
            period = last + 1 if near else period_of(time[row], edges)
            if last < 0:
                counts[NEW, part, period] += 1
            elif period == last + 1:
                counts[RETURNING, part, period] += 1
            else:
                counts[RESURRECTED, part, period] += 1
                counts[DORMANT, part, last + 1] += 1
            last, until = period, edges[period + 1]
        if 0 <= last < periods - 1:
            counts[DORMANT, part, last + 1] += 1
    return counts


@kernel
def states(stream: Stream, before: int, start: int, end: int) -> States:
    """Return each user's state in the period from ``start`` up to ``end``; the one before it begins at ``before``."""
    offsets, time, event, code = stream
    found = np.full(len(offsets) - 1, ABSENT, np.int8)
    for user in range(len(offsets) - 1):
        ever, lately, now = False, False, False
        for row in range(offsets[user], offsets[user + 1]):
            if time[row] >= end:
                break
            if code >= 0 and event[row] != code:
                continue
            if time[row] >= start:
                now = True
                break
            ever = True
            lately = lately or time[row] >= before
        if now:
            found[user] = RETURNING if lately else (RESURRECTED if ever else NEW)
        elif lately:
            found[user] = DORMANT
    return found
