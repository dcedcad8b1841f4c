"""Rhythm: at which hours of the local week users are active, and how much happens on each day."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]

CELLS: Final = 168  # hours of a week, from Monday 0:00 local time
_HOUR: Final = 3_600_000_000
_LATEST: Final = 9_223_372_036_854_775_807


class Clock(NamedTuple):
    """A zone's offsets: local time is UTC + ``offset[i]`` from the instant ``since[i]`` on.

    ``monday`` is a local Monday's midnight before every event, so that all counting from it is of positive numbers.
    """

    since: Ints
    offset: Ints
    monday: int


class Runs(NamedTuple):
    """The events of some users, in a run for each user, or for each of a user's segments.

    ``segment`` and ``group`` have those of each run; a group of users stands for them where intervals are made.
    """

    offsets: Ints
    time: Ints
    segment: Codes
    group: Codes


class Week(NamedTuple):
    """Counts by segment (rows) and cell: 168 hours of the week, 7 weekdays, 24 hours of the day.

    ``shares`` sums up, over users, the share of a user's events that falls into a cell. ``groups`` has the events of
    each group of users, by segment and cell. ``people`` are the users of each segment.
    """

    events: Ints
    users: Ints
    shares: Floats
    weekday_users: Ints
    hour_users: Ints
    people: Ints
    groups: Ints


@kernel
def week(runs: Runs, clock: Clock, segments: int, groups: int) -> Week:
    """Count the hours of the local week.

    A user's events are put into the 168 cells first, of which those that were touched are then added up. Within one
    hour only the first event is looked at closely.
    """
    offsets, time, segment, group = runs
    out = _nothing(segments, groups)
    count, touched = np.zeros(CELLS, np.int64), np.zeros(CELLS, np.uint64)
    one, piece = np.uint64(1), np.uint64(0)
    final = np.uint64(len(clock.since) - 1)
    cell = np.uint64(0)
    for user in range(len(offsets) - 1):
        until, found = np.int64(-_LATEST), np.uint64(0)
        for row in range(offsets[user], offsets[user + 1]):
            now = time[row]
            if now >= until:
                while piece < final and now >= clock.since[piece + one]:
                    piece += one
                while piece > 0 and now < clock.since[piece]:
                    piece -= one
                local = np.uint64(now + clock.offset[piece] - clock.monday)
                hour = local // np.uint64(_HOUR)
                cell = hour % np.uint64(CELLS)
                until = now + np.int64((hour + one) * np.uint64(_HOUR) - local)
                if piece < final:
                    until = min(until, clock.since[piece + one])
                if count[cell] == 0:
                    touched[found] = cell
                    found += one
            count[cell] += 1
        if found > 0:
            _add(touched[:found], count, segment[user], group[user], out)
    return out


@kernel
def _nothing(segments: int, groups: int) -> Week:
    events, users = np.zeros((segments, CELLS), np.int64), np.zeros((segments, CELLS), np.int64)
    shares = np.zeros((segments, CELLS), np.float64)
    weekdays, hours = np.zeros((segments, 7), np.int64), np.zeros((segments, 24), np.int64)
    grouped = np.zeros((segments, groups, CELLS), np.int64)
    return Week(events, users, shares, weekdays, hours, np.zeros(segments, np.int64), grouped)


@kernel
def _add(touched: npt.NDArray[np.uint64], count: Ints, part: int, group: int, out: Week) -> None:
    """Add the cells of one user to the counts, and clear them for the next."""
    total, days, hours = np.int64(0), np.uint64(0), np.uint64(0)
    one, width = np.uint64(1), np.uint64(24)
    for cell in touched:
        total += count[cell]
        days |= one << (cell // width)
        hours |= one << (cell % width)
    for cell in touched:
        out.events[part, cell] += count[cell]
        out.users[part, cell] += 1
        out.shares[part, cell] += count[cell] / total
        out.groups[part, group, cell] += count[cell]
        count[cell] = 0
    for day in range(7):
        out.weekday_users[part, day] += np.int64((days >> np.uint64(day)) & one)
    for hour in range(24):
        out.hour_users[part, hour] += np.int64((hours >> np.uint64(hour)) & one)
    out.people[part] += 1


class Daily(NamedTuple):
    """What happened on each day: events, different users, and the sum of the amounts, missing ones left out."""

    events: Ints
    users: Ints
    amount: Floats


@kernel
def daily(offsets: Ints, time: Ints, amount: Floats, edges: Ints) -> Daily:
    """Count the days that ``edges`` bound; what lies outside them is left out. ``amount`` may be empty."""
    days = len(edges) - 1
    events, users, sums = np.zeros(days, np.int64), np.zeros(days, np.int64), np.zeros(days, np.float64)
    priced = len(amount) > 0
    for user in range(len(offsets) - 1):
        day, until = -1, np.int64(-_LATEST)
        for row in range(offsets[user], offsets[user + 1]):
            now = time[row]
            if now >= until:
                if now < edges[0]:
                    continue
                if now >= edges[days]:
                    break
                near = day >= 0 and day + 2 <= days and now < edges[day + 2]
                day = day + 1 if near else period_of(now, edges)
                until = edges[day + 1]
                users[day] += 1
            events[day] += 1
            if priced and not np.isnan(amount[row]):
                sums[day] += amount[row]
    return Daily(events, users, sums)
