"""Sales: in which period every purchase counts, whether its buyer is new there, and the sums of each cell."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .purchases import FAILED, ORDER, REFUND, Picked

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEW: Final = 0
RETURNING: Final = 1

# the columns of a cell's sums: eight, so that a cell fills one line of the processor's cache
BUYERS: Final = 0
ORDERS: Final = 1
FAILURES: Final = 2
GROSS: Final = 3
REFUNDS: Final = 4
FAILED_AMOUNT: Final = 5
NEW_BUYERS: Final = 6
RETURNS: Final = 7
SUMS: Final = 8

# the columns of a group's squares, eight as well: sums over users of products of their net amounts in two periods, in
# the group (a before, b after) and in all groups together (A, B); and how many bought in no other group
AA: Final = 0
AB: Final = 1
BB: Final = 2
IN_AA: Final = 3  # a·A
IN_AB: Final = 4  # a·B + b·A
IN_BB: Final = 5  # b·B
ONLY_BEFORE: Final = 6
ONLY_AFTER: Final = 7
SQUARES: Final = 8


class Placed(NamedTuple):
    """Where purchases count.

    ``period`` of each (the rows of an order: that of its first row), ``kind`` NEW in the period of the user's first
    order, else RETURNING; ``entry`` is each user's first order, as a position among the purchases, -1 without any;
    ``repeats`` counts the orders that repeat event, time and amount of the order row before.
    """

    period: Codes
    kind: Codes
    entry: Ints
    repeats: int


@kernel
def count_lines(picked: Picked) -> tuple[int, int]:
    """Count the orders of several rows, and those of them with the same amount in each."""
    size = len(picked.start)
    rows, same = np.zeros(size, np.int32), np.ones(size, np.bool_)
    for i in range(size):
        if picked.role[i] == ORDER:
            first = np.uint64(picked.start[i])
            rows[first] += 1
            same[first] &= picked.amount[i] == picked.amount[first]
    several = rows > 1
    return several.sum(), (several & same).sum()


@kernel
def place(picked: Picked, time: Ints, event: Codes, edges: Ints) -> Placed:
    """Place the purchases in periods, ``edges[i] <= time < edges[i + 1]``; no time may lie outside the edges."""
    offsets, row, role, first, _, amount, missing, start = picked
    users, size = len(offsets) - 1, len(row)
    period, kind, entry = np.empty(size, np.int32), np.ones(size, np.int32), np.full(users, -1, np.int64)
    scale = (len(edges) - 1) / (edges[-1] - edges[0])
    repeats = 0
    for user in range(users):
        before = -1
        for i in range(offsets[user], offsets[user + 1]):
            if role[i] == ORDER and len(start) > 0 and start[i] != i:
                period[i] = period[start[i]]
            else:
                period[i] = _period(time[row[i]], edges, scale)
            if role[i] != ORDER:
                continue
            if before < 0:
                entry[user] = i
            elif first[i] and time[row[i]] == time[row[before]] and event[row[i]] == event[row[before]]:
                repeats += amount[i] == amount[before] and missing[i] == missing[before]
            before = i
        if before >= 0:
            new = period[entry[user]]
            for i in range(offsets[user], offsets[user + 1]):
                kind[i] = period[i] != new
    return Placed(period, kind, entry, repeats)


@kernel
def _period(now: int, edges: Ints, scale: float) -> np.uint64:
    """Find the period of a time: periods are nearly even, so a product lands at it, or beside it."""
    one = np.uint64(1)
    step = min(np.uint64((now - edges[0]) * scale), np.uint64(len(edges) - 2))
    while now < edges[step]:
        step -= one
    while now >= edges[step + one]:
        step += one
    return step


@kernel
def begins_in_group(picked: Picked, group: Codes) -> Flags:
    """Flag the rows that are the first of their order in their group: an order may have rows in several groups.

    The groups met by an order are kept as a chain of its flagged rows, latest first.
    """
    start, size = picked.start, len(picked.start)
    flags, latest, earlier = np.zeros(size, np.bool_), np.full(size, -1, np.int64), np.full(size, -1, np.int64)
    for i in range(size):
        if picked.role[i] != ORDER:
            continue
        met = latest[start[i]]
        while met >= 0 and group[met] != group[i]:
            met = earlier[met]
        if met < 0:
            flags[i] = True
            earlier[i], latest[start[i]] = latest[start[i]], i
    return flags


@kernel
def add_up(picked: Picked, begins: Flags, placed: Placed, group: Codes, groups: int, periods: int) -> Floats:
    """Return the sums of each cell (``group * periods + period``; columns BUYERS …); ``begins`` flags new orders."""
    offsets, _, role, _, net, amount, _, _ = picked
    sums = np.zeros((groups * periods, SUMS))
    seen = np.full(groups * periods, -1, np.int64)
    width = np.uint64(periods)
    for user in range(len(offsets) - 1):
        for i in range(offsets[user], offsets[user + 1]):
            cell = np.uint64(group[i]) * width + np.uint64(placed.period[i])
            if role[i] == ORDER:
                sums[cell, GROSS] += net[i]
                if begins[i]:
                    sums[cell, ORDERS] += 1
                    sums[cell, BUYERS] += seen[cell] != user
                    seen[cell] = user
            elif role[i] == REFUND:
                sums[cell, REFUNDS] -= net[i]
                sums[cell, RETURNS] += 1
            elif role[i] == FAILED:
                sums[cell, FAILURES] += 1
                sums[cell, FAILED_AMOUNT] += amount[i]
        if placed.entry[user] >= 0:
            i = placed.entry[user]
            sums[np.uint64(group[i]) * width + np.uint64(placed.period[i]), NEW_BUYERS] += 1
    return sums


@kernel
def square(picked: Picked, placed: Placed, group: Codes, groups: int, before: int) -> tuple[Floats, Floats]:
    """Add up the squares of users' net amounts in the period ``before`` and the next: by group, and in all (AA AB BB).

    A group's row has the columns AA …; with those of all, the squares of everybody else follow from it.
    """
    offsets, role, net = picked.offsets, picked.role, picked.net
    cells, whole = np.zeros((groups, SQUARES)), np.zeros(3)
    own, bought = np.zeros((groups, 2)), np.zeros((groups, 2), np.bool_)
    seen, met = np.full(groups, -1, np.int64), np.empty(groups, np.int64)
    one, zero = np.uint64(1), np.uint64(0)
    for user in range(len(offsets) - 1):
        n = zero
        for i in range(offsets[user], offsets[user + 1]):
            after = placed.period[i] - before
            if after < 0 or after > 1 or role[i] == FAILED:
                continue
            at, late = np.uint64(group[i]), np.uint64(after)
            if seen[at] != user:
                seen[at], met[n] = user, at
                n += one
                own[at, zero], own[at, one] = 0.0, 0.0
                bought[at, zero], bought[at, one] = False, False
            own[at, late] += net[i]
            bought[at, late] |= role[i] == ORDER
        if n > zero:
            _add_squares(cells, whole, own, bought, met[:n])
    return cells, whole


@kernel
def _add_squares(cells: Floats, whole: Floats, own: Floats, bought: Flags, met: Ints) -> None:
    """Add the squares of one user, who has amounts in the groups met."""
    a, b, before, after = 0.0, 0.0, 0, 0
    for at in met:
        a += own[at, 0]
        b += own[at, 1]
        before += bought[at, 0]
        after += bought[at, 1]
    whole[AA] += a * a
    whole[AB] += a * b
    whole[BB] += b * b
    for at in met:
        cell, x, y = cells[at], own[at, 0], own[at, 1]
        cell[AA] += x * x
        cell[AB] += x * y
        cell[BB] += y * y
        cell[IN_AA] += x * a
        cell[IN_AB] += x * b + y * a
        cell[IN_BB] += y * b
        cell[ONLY_BEFORE] += bought[at, 0] and before == 1
        cell[ONLY_AFTER] += bought[at, 1] and after == 1
