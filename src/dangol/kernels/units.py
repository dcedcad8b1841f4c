"""What the members of units did: one run of events for each user of a unit, and how the events of a unit are spread.

A run is what one user did within one unit; a user of a group, a user taken alone and a session are all such runs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of
from .rhythm import CELLS, Clock

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_HOUR: Final = 3_600_000_000
_LATEST: Final = 9_223_372_036_854_775_807


class Runs(NamedTuple):
    """Runs of rows: run ``i`` has the rows ``order[offsets[i]:offsets[i + 1]]``, of one user in one unit."""

    order: Ints
    offsets: Ints
    owner: Ints
    unit: Codes


@kernel
def by_unit(offsets: Ints, unit: Codes, units: int) -> Runs:
    """Put the rows of each user into a run for each unit, in order within a run: a counting sort of the units met."""
    size = len(unit)
    order, ends = np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    owner, codes = np.empty(size, np.int64), np.empty(size, np.int32)
    count, place = np.zeros(units, np.int64), np.zeros(units, np.int64)
    runs = 0
    for user in range(len(offsets) - 1):
        first = runs
        for row in range(offsets[user], offsets[user + 1]):
            code = unit[row]
            if count[code] == 0:
                codes[runs], owner[runs] = code, user
                runs += 1
            count[code] += 1
        for run in range(first, runs):
            place[codes[run]] = ends[run]
            ends[run + 1] = ends[run] + count[codes[run]]
            count[codes[run]] = 0
        for row in range(offsets[user], offsets[user + 1]):
            order[place[unit[row]]] = row
            place[unit[row]] += 1
    return Runs(order, ends[: runs + 1].copy(), owner[:runs].copy(), codes[:runs].copy())


@kernel
def names(offsets: Ints, slot: Ints, event: Codes, kind: Codes, counts: Codes) -> None:
    """Count events by the slot of their run and the kind of their name: ``counts[slot, kind]``."""
    for run in range(len(offsets) - 1):
        into = counts[slot[run]]
        for row in range(offsets[run], offsets[run + 1]):
            into[np.uint64(kind[np.uint64(event[row])])] += 1


@kernel
def clock(
    offsets: Ints, slot: Ints, time: Ints, zone: Clock, hour: Codes, weekday: Codes, hours: Codes, weekdays: Codes
) -> None:
    """Count events by slot and kind of local hour, and of weekday; an array without columns is not wanted.

    Events within one hour are added together.
    """
    by_hour, by_weekday = hours.shape[1] > 0, weekdays.shape[1] > 0
    one, piece, final = np.uint64(1), np.uint64(0), np.uint64(len(zone.since) - 1)
    for run in range(len(offsets) - 1):
        row, after = offsets[run], offsets[run + 1]
        while row < after:
            now = time[row]
            while piece < final and now >= zone.since[piece + one]:
                piece += one
            while piece > 0 and now < zone.since[piece]:
                piece -= one
            local = np.uint64(now + zone.offset[piece] - zone.monday)
            past = local // np.uint64(_HOUR)
            until = now + np.int64((past + one) * np.uint64(_HOUR) - local)
            if piece < final:
                until = min(until, zone.since[piece + one])
            first = row
            while row < after and time[row] < until:
                row += 1
            cell = np.int64(past % np.uint64(CELLS))
            if by_hour:
                hours[slot[run], hour[cell % 24]] += np.int32(row - first)
            if by_weekday:
                weekdays[slot[run], weekday[cell // 24]] += np.int32(row - first)


@kernel
def sessions(offsets: Ints, time: Ints, gap: int) -> tuple[Ints, Ints]:
    """Return how many sessions each run has, and how long they last together; an idle time over ``gap`` parts them."""
    count, length = np.zeros(len(offsets) - 1, np.int64), np.zeros(len(offsets) - 1, np.int64)
    for run in range(len(offsets) - 1):
        first, after = offsets[run], offsets[run + 1]
        if first == after:
            continue
        parts, idle = 1, 0
        for row in range(first + 1, after):
            pause = time[row] - time[row - 1]
            if pause > gap:
                parts += 1
                idle += pause
        count[run], length[run] = parts, time[after - 1] - time[first] - idle
    return count, length


@kernel
def days(offsets: Ints, time: Ints, edges: Ints) -> Ints:
    """Return on how many of the days that ``edges`` bound each run has an event; all times lie within the edges."""
    count = np.zeros(len(offsets) - 1, np.int64)
    last = len(edges) - 1
    for run in range(len(offsets) - 1):
        until = np.int64(-_LATEST)
        for row in range(offsets[run], offsets[run + 1]):
            if time[row] >= until:
                day = period_of(time[row], edges)
                until = edges[day + 1] if day < last else np.int64(_LATEST)
                count[run] += 1
    return count


class Moves(NamedTuple):
    """How a balance moved in each run, from one reading to the next: falls and rises added up, and their number."""

    drops: Floats
    rises: Floats
    pairs: Ints


@kernel
def moves(offsets: Ints, balance: Floats) -> Moves:
    """Add up the falls and rises of a balance; events without a reading (NaN) are passed over."""
    size = len(offsets) - 1
    drops, rises, pairs = np.zeros(size, np.float64), np.zeros(size, np.float64), np.zeros(size, np.int64)
    for run in range(size):
        before = np.nan
        for row in range(offsets[run], offsets[run + 1]):
            now = balance[row]
            if np.isnan(now):
                continue
            if not np.isnan(before):
                drops[run] += max(before - now, 0.0)
                rises[run] += max(now - before, 0.0)
                pairs[run] += 1
            before = now
    return Moves(drops, rises, pairs)


@kernel
def sums(offsets: Ints, amount: Floats) -> Floats:
    """Add up the amounts of each run; missing ones (NaN) add nothing."""
    found = np.zeros(len(offsets) - 1, np.float64)
    for run in range(len(offsets) - 1):
        for row in range(offsets[run], offsets[run + 1]):
            if not np.isnan(amount[row]):
                found[run] += amount[row]
    return found


@kernel
def early(offsets: Ints, time: Ints, event: Codes, wanted: Flags, within: int) -> Ints:
    """Count the wanted events of each run, less than ``within`` after its first event; 0 sets no limit."""
    found = np.zeros(len(offsets) - 1, np.int64)
    for run in range(len(offsets) - 1):
        until = time[offsets[run]] + within if within > 0 else np.int64(_LATEST)
        for row in range(offsets[run], offsets[run + 1]):
            if time[row] >= until:
                break
            found[run] += wanted[event[row]]
    return found


INACTIVE, APART, LEFT_OUT, KEPT = 0, 1, 2, 3  # what `shared` says of a pair


@kernel
def shared(first: Ints, second: Ints, starts: Ints, unit: Ints, kept: Flags, named: Flags, count: Ints) -> Ints:
    """Add each pair of users to the units that both are in; return how many pairs met each of the four fates.

    User ``i`` is in the units ``unit[starts[i]:starts[i + 1]]``, ascending. A pair that is in several units is kept if
    one of them is.
    """
    fates = np.zeros(4, np.int64)
    for pair in range(len(first)):
        a, after_a = starts[first[pair]], starts[first[pair] + 1]
        b, after_b = starts[second[pair]], starts[second[pair] + 1]
        fate = INACTIVE if a == after_a or b == after_b else APART
        while a < after_a and b < after_b:
            if unit[a] == unit[b]:
                if named[unit[a]]:
                    count[unit[a]] += 1
                    fate = max(fate, KEPT if kept[unit[a]] else LEFT_OUT)
                a += 1
                b += 1
            elif unit[a] < unit[b]:
                a += 1
            else:
                b += 1
        fates[fate] += 1
    return fates
