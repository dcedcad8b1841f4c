"""Events of units: how many of each name, and how many different users have any; and who the users are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@kernel
def frequencies(offsets: Ints, event: Codes, unit: Codes, per_user: bool, names: int) -> Ints:
    """Count the events of each name that belong to a unit; ``unit`` is that of each user, or of each row; -1: none."""
    counts = np.zeros(names, np.int64)
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            counts[event[row]] += unit[user if per_user else row] >= 0
    return counts


@kernel
def counts(
    offsets: Ints, event: Codes, unit: Codes, per_user: bool, units: int, slot: Codes, slots: int
) -> tuple[Codes, Codes, Codes]:
    """Count, for each unit, its active users, and for each slot its events and the users with any.

    ``unit`` is that of each user, or of each row; ``slot`` that of each event's name; -1 stands for none. A user is
    active in a unit with any event in it, whatever its name.
    """
    users = np.zeros(units, np.int32)
    events, having = np.zeros((units, slots), np.int32), np.zeros((units, slots), np.int32)
    seen, met = np.full(units, -1, np.int64), np.full((units, slots), -1, np.int64)
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            code = unit[user if per_user else row]
            if code < 0:
                continue
            users[code] += seen[code] != user
            seen[code] = user
            place = slot[event[row]]
            if place >= 0:
                events[code, place] += 1
                having[code, place] += met[code, place] != user
                met[code, place] = user
    return users, events, having


@kernel
def values(offsets: Ints, value: Codes, unit: Codes, per_user: bool, units: int, size: int) -> Codes:
    """Count, for each unit, its active users by their value, which is one of ``size``."""
    counts = np.zeros((units, size), np.int32)
    seen = np.full(units, -1, np.int64)
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            code = unit[user if per_user else row]
            if code >= 0 and seen[code] != user:
                counts[code, value[user]] += 1
                seen[code] = user
    return counts
