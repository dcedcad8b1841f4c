"""Activity: who was there on which day, in which longer period, and within the last days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.uint64]


class Grid(NamedTuple):
    """Steps of time (days, or hours), ``edges[i] <= time < edges[i + 1]``, and the longer period that each lies in.

    ``week``, ``month`` and ``period`` give, for each step, the position of its period, never falling. ``short`` and
    ``long`` are the numbers of steps within which a user counts as lately active; 0: that is not counted.
    """

    edges: Ints
    week: Places
    month: Places
    period: Places
    short: np.uint64
    long: np.uint64


class Activity(NamedTuple):
    """Counts by segment (rows) and step, or period (columns).

    ``events``; ``users``, each once a step; ``fresh`` users, at the step of their first event; users once a ``week``,
    ``month``, ``period``; and how many more users than at the step before were active within the ``short`` and the
    ``long`` number of steps that end with it: summed up along the steps, that is how many were. (These two have one
    column more, for what ends after the last step.)
    """

    events: Ints
    users: Ints
    fresh: Ints
    week: Ints
    month: Ints
    period: Ints
    short: Ints
    long: Ints


@kernel
def activity(offsets: Ints, time: Ints, segment: Codes, fresh: Flags, segments: int, grid: Grid) -> Activity:
    """Count users and events; ``segment`` has each user's, ``fresh`` says whose first event is the first of all.

    No time may lie outside the edges. First the steps of a user are listed, then each count is made from the list:
    short loops without jumps. Unsigned numbers as places spare the check for negative ones, which takes half the time.
    """
    edges, week_of, month_of, period_of, short, long = grid
    one, steps = np.uint64(1), np.uint64(len(edges) - 1)
    out = _nothing(segments, grid)
    events, users, new, weeks, months, periods, shorts, longs = out
    found = np.full(len(edges), steps, np.uint64)  # the first is no step, so that every step differs from it
    for user in range(len(offsets) - 1):
        part = np.uint64(segment[user])
        n = _list_steps(time[offsets[user] : offsets[user + 1]], edges, found, events[part])
        if n == 0:
            continue
        new[part, found[1]] += fresh[user]
        week, month, period = steps, steps, steps
        for i in range(one, n + one):
            step = found[i]
            users[part, step] += 1
            weeks[part, week_of[step]] += week_of[step] != week
            months[part, month_of[step]] += month_of[step] != month
            periods[part, period_of[step]] += period_of[step] != period
            week, month, period = week_of[step], month_of[step], period_of[step]
        if long > 0:
            _add_spans(found[one : n + one], short, shorts[part])
            _add_spans(found[one : n + one], long, longs[part])
    return out


@kernel
def _nothing(segments: int, grid: Grid) -> Activity:
    steps = len(grid.edges) - 1
    events, users, new = np.zeros((3, segments, steps), np.int64)
    shorts, longs = np.zeros((2, segments, steps + 1), np.int64)  # the last column takes what ends after the last step
    weeks = np.zeros((segments, np.int64(grid.week[-1]) + 1), np.int64)
    months = np.zeros((segments, np.int64(grid.month[-1]) + 1), np.int64)
    periods = np.zeros((segments, np.int64(grid.period[-1]) + 1), np.int64)
    return Activity(events, users, new, weeks, months, periods, shorts, longs)


@kernel
def _list_steps(time: Ints, edges: Ints, found: Places, events: Ints) -> np.uint64:
    """Write the different steps of some times, in order, from ``found[1]`` on; count the events; return how many."""
    one, final = np.uint64(1), np.uint64(len(edges) - 2)
    origin = edges[0]
    scale = len(events) / (edges[final + one] - origin)
    n = np.uint64(0)
    for now in time:
        step = min(np.uint64((now - origin) * scale), final)  # steps are nearly even: this is it, or it is beside it
        while now < edges[step]:
            step -= one
        while now >= edges[step + one]:
            step += one
        events[step] += 1
        n += np.uint64(step != found[n])
        found[n] = step
    return n


@kernel
def _add_spans(found: Places, width: np.uint64, change: Ints) -> None:
    """Add a user who counts from each step found for ``width`` steps, once where these overlap."""
    final = np.uint64(len(change) - 1)
    last = found[0]
    change[last] += 1
    for step in found[1:]:
        gone = step - last >= width
        change[step] += gone
        change[min(last + width, final)] -= gone
        last = step
    change[min(last + width, final)] -= 1


@kernel
def count_names(offsets: Ints, event: Codes, names: int) -> tuple[Ints, Ints]:
    """Count, for each event name, the events and the users who have any."""
    events, users = np.zeros(names, np.int64), np.zeros(names, np.int64)
    seen = np.full(names, -1, np.int64)
    for user in range(len(offsets) - 1):
        for row in range(offsets[user], offsets[user + 1]):
            code = event[row]
            events[code] += 1
            users[code] += seen[code] != user
            seen[code] = user
    return events, users


class Split(NamedTuple):
    """The times of some users' events, put into one run for each user and segment, in order within a run.

    ``offsets`` bound the runs; ``segment`` is that of each run, and ``fresh`` whether it holds its user's first event.
    """

    time: Ints
    offsets: Ints
    segment: Codes
    fresh: Flags


@kernel
def split(offsets: Ints, time: Ints, segment: Codes, segments: int) -> Split:
    """Split the users by the segments of their events: a counting sort for each user, over the segments met alone."""
    size, one = len(segment), np.uint64(1)
    times, ends = np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    codes, fresh = np.empty(size, np.int32), np.zeros(size, np.bool_)
    count, place = np.zeros(segments, np.int64), np.zeros(segments, np.int64)
    runs = np.uint64(0)
    for user in range(len(offsets) - 1):
        first = runs
        for row in range(offsets[user], offsets[user + 1]):
            code = np.uint64(segment[row])
            if count[code] == 0:  # runs are in the order in which segments are met, so the first is the fresh one
                codes[runs] = segment[row]
                fresh[runs] = runs == first
                runs += one
            count[code] += 1
        for run in range(first, runs):
            code = np.uint64(codes[run])
            place[code] = ends[run]
            ends[run + one] = ends[run] + count[code]
            count[code] = 0
        for row in range(offsets[user], offsets[user + 1]):
            code = np.uint64(segment[row])
            times[np.uint64(place[code])] = time[row]
            place[code] += 1
    return Split(times, ends[: runs + one].copy(), codes[:runs].copy(), fresh[:runs].copy())
