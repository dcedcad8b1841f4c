"""Drivers: what users did in their first days, and whether they have the outcome later."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.uint64]

LATE: Final = -1  # the user's window or horizon is not over
NEVER: Final = -2  # the user has no entry
ANY: Final = -1  # any event
MEMBER: Final = -2  # not an event: what ``Stream.member`` says


class Stream(NamedTuple):
    """The events of some whole users; ``member`` says of each user whether they belong to a segment, or is empty."""

    offsets: Ints
    time: Ints
    event: Codes
    member: Flags


class Rule(NamedTuple):
    """Who is looked at, and what for.

    ``start`` is the code of the entry (ANY), ``outcome`` that of the outcome (ANY, MEMBER); ``within`` and ``horizon``
    are the lengths of the window and of what follows it, both to be over at ``until``.
    """

    start: int
    outcome: int
    within: int
    horizon: int
    until: int


class Windows(NamedTuple):
    """Each user's first row in the window, the first after it, and the outcome: 0, 1, LATE or NEVER (then no rows)."""

    first: Ints
    after: Ints
    outcome: npt.NDArray[np.int8]


class Grid(NamedTuple):
    """``slot`` of each event code (-1: none) among the ``behaviours``; ``lengths`` and ``counts``, both ascending."""

    slot: Ints
    behaviours: int
    lengths: Ints
    counts: Ints


class Tally(NamedTuple):
    """One user's events by behaviour; the same by the shortest length that holds them; the behaviours met."""

    total: Ints
    by_day: Ints
    seen: Places


@kernel
def windows(stream: Stream, rule: Rule) -> Windows:
    """Find every user's window and outcome: the window begins with the row of the entry, and has no row before it."""
    offsets, time, event, member = stream
    start, wanted, within, horizon, until = rule
    size = len(offsets) - 1
    first, after = np.zeros(size, np.int64), np.zeros(size, np.int64)
    outcome = np.full(size, NEVER, np.int8)
    for user in range(size):
        row, last = offsets[user], offsets[user + 1]
        while start != ANY and row < last and event[row] != start:
            row += 1
        if row == last:
            continue
        middle = time[row] + within
        end = middle + horizon
        if end > until:
            outcome[user] = LATE
            continue
        first[user] = row
        while row < last and time[row] < middle:
            row += 1
        after[user] = row
        if wanted == MEMBER:
            outcome[user] = member[user]
            continue
        while wanted != ANY and row < last and time[row] < end and event[row] != wanted:
            row += 1
        outcome[user] = row < last and time[row] < end
    return Windows(first, after, outcome)


@kernel
def reach(event: Codes, found: Windows, names: int) -> Ints:
    """Count, for each event name, the users who have it in their window."""
    users, seen = np.zeros(names, np.int64), np.full(names, -1, np.int64)
    for user in range(len(found.first)):
        for row in range(found.first[user], found.after[user]):
            code = event[row]
            users[code] += seen[code] != user
            seen[code] = user
    return users


@kernel
def activity(time: Ints, found: Windows, lengths: Ints) -> Ints:
    """Count each user's events within each length of time from the entry; 0 without an entry."""
    events = np.zeros((len(lengths), len(found.first)), np.int64)
    for user in range(len(found.first)):
        row = found.first[user]
        for day in range(len(lengths)):
            while row < found.after[user] and time[row] < time[found.first[user]] + lengths[day]:
                row += 1
            events[day, user] = row - found.first[user]
    return events


@kernel
def cells(stream: Stream, found: Windows, stratum: Ints, strata: int, grid: Grid) -> Counts:
    """Count the users of every cell of the grid by outcome and by the ``stratum`` they are in for each length.

    The axes: behaviour, length, the last of the counts that was reached (who reached none is in no cell), outcome,
    stratum.
    """
    slot, behaviours, lengths, counts = grid
    days, steps = len(lengths), len(counts)
    done = np.zeros((behaviours, days, steps, 2, strata), np.int32)
    tally = _no_tally(behaviours, days)
    total, by_day, seen = tally
    for user in range(len(found.first)):
        if found.outcome[user] < 0:
            continue
        have, first, after = np.uint64(found.outcome[user]), found.first[user], found.after[user]
        n = _count(stream.time[first:after], stream.event[first:after], slot, lengths, tally)
        for i in range(np.uint64(0), n):
            place = seen[i]
            reached, so_far = np.uint64(0), np.int64(0)
            for day in range(np.uint64(0), np.uint64(days)):
                so_far += by_day[place, day]
                by_day[place, day] = 0
                while reached < steps and counts[reached] <= so_far:
                    reached += np.uint64(1)
                if reached > 0:
                    done[place, day, reached - np.uint64(1), have, np.uint64(stratum[day, user])] += 1
            total[place] = 0
    return done


@kernel
def _no_tally(behaviours: int, days: int) -> Tally:
    room = behaviours + 1  # one place more, to write to once all have been met
    return Tally(np.zeros(behaviours, np.int64), np.zeros((behaviours, days), np.int64), np.empty(room, np.uint64))


@kernel
def _count(time: Ints, event: Codes, slot: Ints, lengths: Ints, tally: Tally) -> np.uint64:
    """Count one user's events by behaviour, and by the shortest length that holds them; return how many were met."""
    total, by_day, seen = tally
    n, one, day, days = np.uint64(0), np.uint64(1), np.uint64(0), np.uint64(len(lengths))
    for row in range(len(time)):
        while day < days and time[row] >= time[0] + lengths[day]:
            day += one
        if day == days:
            break
        if slot[event[row]] >= 0:
            place = np.uint64(slot[event[row]])
            seen[n] = place  # stays only if it is new
            n += np.uint64(total[place] == 0)
            total[place] += 1
            by_day[place, day] += 1
    return n


@kernel
def did(stream: Stream, found: Windows, code: int, length: int, count: int) -> Flags:
    """Say of every user whether the event came at least so many times within a length of time from the entry."""
    done = np.zeros(len(found.first), np.bool_)
    for user in range(len(found.first)):
        row, left = found.first[user], count
        end = stream.time[row] + length if found.after[user] > row else 0
        while left > 0 and row < found.after[user] and stream.time[row] < end:
            left -= stream.event[row] == code
            row += 1
        done[user] = left == 0
    return done
