"""Retention: where users enter a cohort, and in which periods they come back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of

Ints = npt.NDArray[np.int64]


class Stream(NamedTuple):
    """The events of some whole users; ``event`` may be empty where every event counts."""

    offsets: Ints
    time: Ints
    event: npt.NDArray[np.int32]


class Entries(NamedTuple):
    """Who entered which cohort: one element per entry, in row order.

    ``row`` made the entry, ``owner`` is the user's position in the block, ``period`` the calendar period of the entry,
    ``cell`` where its counts begin, ``slots`` how many slots (from the first) may be counted for it.
    """

    row: Ints
    owner: Ints
    period: Ints
    cell: Ints
    slots: Ints


class Rule(NamedTuple):
    """What counts as coming back.

    ``event`` is the code of a return (-1: any), ``own`` whether the entry itself counts in its own period, ``later``
    whether a return counts in all earlier periods too. ``slot_of`` is the slot of each number of periods since the
    entry (-1: none), ascending; ``plain`` says that every period is a slot of its own.
    """

    event: int
    own: bool
    later: bool
    plain: bool
    slot_of: Ints


@kernel
def entries(stream: Stream, edges: Ints, start: int, recurring: bool) -> tuple[Ints, Ints, Ints]:
    """Return the row, the user and the calendar period of every entry into a cohort.

    A user enters at the first event with code ``start`` (-1: any), and with ``recurring`` again at the first such event
    of every later period.
    """
    offsets, time, event = stream
    size = len(time) if recurring else len(offsets) - 1
    row_of, owner, period_at = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    found = 0
    for user in range(len(offsets) - 1):
        until = np.int64(-9223372036854775808)
        for row in range(offsets[user], offsets[user + 1]):
            if time[row] < until or (start >= 0 and event[row] != start):
                continue
            period = period_of(time[row], edges)
            row_of[found], owner[found], period_at[found] = row, user, period
            found += 1
            if not recurring:
                break
            until = edges[period + 1]
    return row_of[:found].copy(), owner[:found].copy(), period_at[:found].copy()


@kernel
def count_calendar(stream: Stream, edges: Ints, entered: Entries, rule: Rule, counts: Ints) -> None:
    """Add every entry's returns to ``counts``; periods are calendar periods.

    A user's events are read once, backwards, collecting the periods with a return: at the row of an entry the
    collection holds exactly the returns after it, latest period first.
    """
    offsets, time, event = stream
    returned = np.empty(len(edges), np.int64)
    entry = len(entered.row) - 1
    while entry >= 0:
        owner = entered.owner[entry]
        row = offsets[owner + 1] - 1
        period, low, found = len(edges) - 1, edges[-1], 0
        while entry >= 0 and entered.owner[entry] == owner:
            stop = entered.row[entry]
            while row > stop:
                if time[row] < low and (rule.event < 0 or event[row] == rule.event):
                    # most often the return is in the period just before: then no division is needed
                    period = period - 1 if time[row] >= edges[period - 1] else period_of(time[row], edges)
                    low = edges[period]
                    returned[found] = period
                    found += 1
                row -= 1
            _add(returned[:found], entered.period[entry], entered.cell[entry], rule, counts)
            entry -= 1


@kernel
def _add(returned: Ints, period: int, cell: int, rule: Rule, counts: Ints) -> None:
    """Count one entry: ``returned`` are the calendar periods with a return, latest first."""
    if rule.own and (len(returned) == 0 or returned[-1] != period) and rule.slot_of[0] >= 0:
        first = rule.slot_of[0]
    else:
        first = np.int64(-1)
    if rule.later:
        most = returned[0] - period if len(returned) else first
        for slot in range(most + 1):
            counts[cell + slot] += 1
        return
    if rule.plain:
        for one in returned:
            counts[cell - period + one] += 1
        last = np.int64(-1)
    else:
        last = np.int64(-1)
        for one in returned:
            slot = rule.slot_of[one - period]
            if slot >= 0 and slot != last:
                counts[cell + slot] += 1
                last = slot
    if first >= 0 and first != last:
        counts[cell + first] += 1


@kernel
def count_rolling(stream: Stream, width: int, entered: Entries, rule: Rule, counts: Ints) -> None:
    """Add every entry's returns to ``counts``; period ``k`` runs from ``k`` to ``k + 1`` widths after the entry."""
    offsets, time, event = stream
    for entry in range(len(entered.row)):
        begin, cell, slots = time[entered.row[entry]], entered.cell[entry], entered.slots[entry]
        last = rule.slot_of[0] if rule.own else np.int64(-1)
        if 0 <= last < slots and not rule.later:
            counts[cell + last] += 1
        fresh = begin
        for row in range(entered.row[entry] + 1, offsets[entered.owner[entry] + 1]):
            if time[row] < fresh or (rule.event >= 0 and event[row] != rule.event):
                continue
            period = (time[row] - begin) // width
            fresh = begin + (period + 1) * width
            slot = rule.slot_of[period]
            if slot > last:
                last = slot
                if slot < slots and not rule.later:
                    counts[cell + slot] += 1
        if rule.later:
            for slot in range(min(last + 1, slots)):
                counts[cell + slot] += 1
