"""Funnels: the attempt of each unit that gets furthest, in one pass over its events.

Per number of steps done only the attempt that began last is kept: whatever an older one can still do, it can do too.
A later start, and with it a later last step, makes every limit of time easier; so one attempt per step is exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]


class Stream(NamedTuple):
    """The events of some units: unit ``i`` has the rows ``offsets[i]`` up to, not including, ``offsets[i + 1]``."""

    offsets: Ints
    time: Ints
    event: npt.NDArray[np.int32]


class Names(NamedTuple):
    """What each event code means.

    Bit ``k`` of ``bits`` says that the event may be step ``k`` (from 0), ``top`` is the highest such ``k`` (-1: none).
    The event ends every attempt that has done fewer than ``need`` steps (0: it ends none).
    """

    bits: Ints
    top: Ints
    need: Ints


class Limits(NamedTuple):
    """The number of steps, and what an attempt must keep to.

    ``longest[0]`` is the longest time from the first step, closed; ``longest[k]``, where the array goes on, that of
    step ``k`` from the one before. ``once``: each step counts at its first event, and another one of a step done (the
    first step's excepted) ends the attempt. ``increase``: the times must differ.
    """

    steps: int
    longest: Ints
    once: bool
    increase: bool


class Attempts(NamedTuple):
    """The reported attempt of each unit that entered, in the order of the units.

    ``level`` is how many steps it did, ``first`` and ``last`` are its rows, ``entry`` is the row of the unit's entry.
    """

    unit: Ints
    level: Ints
    entry: Ints
    first: Ints
    last: Ints


class Held(NamedTuple):
    """Sequences of events that share a unit and a property's value, each in row order.

    ``rows`` are the rows in the block, -1 for a mark that something in between ended every attempt.
    """

    offsets: Ints
    rows: Ints
    unit: Ints


@kernel
def furthest(stream: Stream, names: Names, limits: Limits) -> Attempts:
    """Find each unit's attempt that gets furthest, the earliest to do so, with the latest possible first step.

    ``kept[0, :, k]`` is the attempt kept of those with ``k`` steps done: its first row, the time of it, and the time of
    its last row. Where times must differ, ``kept[1]`` holds those made at the present instant until it is over.
    """
    offsets, time, event = stream
    bits, top, need = names
    total, longest, once, increase = limits
    unit_of, level, entry, first, last = _room(len(offsets) - 1)
    size = 0
    kept = np.empty((2 if increase else 1, 3, total + 1), np.int64)
    for unit in range(len(offsets) - 1):
        kept[:, 0] = -1
        reached, clock = 0, np.int64(-9223372036854775808)
        for row in range(offsets[unit], offsets[unit + 1]):
            code = event[row]
            for steps in range(1, min(need[code], total + 1)):
                kept[:, 0, steps] = -1
            if top[code] < 0:
                continue
            now = time[row]
            if increase and now != clock:
                _settle(kept)
                clock = now
            if once:
                steps = _take_once(row, now, bits[code], kept, longest)
            else:
                steps = _take(row, now, bits[code], top[code], kept, longest)
            if steps > reached:
                if reached == 0:
                    unit_of[size], entry[size] = unit, row
                reached = steps
                level[size], first[size], last[size] = steps, kept[-1, 0, steps], row
                if steps == total:
                    break
        size += reached > 0
    return Attempts(unit_of[:size], level[:size], entry[:size], first[:size], last[:size])


@kernel
def _room(units: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return arrays for the most attempts there can be; memory that is not written to costs nothing."""
    room = np.empty((5, units), np.int64)
    return room[0], room[1], room[2], room[3], room[4]


@kernel
def _settle(kept: Ints) -> None:
    """Let the attempts made at the instant that is over take the places of the older ones."""
    for steps in range(1, kept.shape[2]):
        if kept[1, 0, steps] >= 0:
            kept[0, :, steps] = kept[1, :, steps]
            kept[1, 0, steps] = -1


@kernel
def _take(row: int, now: int, bits: int, step: int, kept: Ints, longest: Ints) -> int:
    """Let the attempts take a row, furthest first, so that none takes it twice; return the most steps then done.

    ``step`` is the highest step the event may be. Limits come as plain values: unpacking a tuple at every event would
    take longer than the rest.
    """
    most = 0
    while True:
        if step == 0:
            kept[-1, 0, 1], kept[-1, 1, 1], kept[-1, 2, 1] = row, now, now
            most = max(most, 1)
        elif _may(now, step, kept, longest):
            _pass(step, now, kept)
            most = max(most, step + 1)
        bits ^= 1 << step
        if bits == 0:
            return most
        while not bits >> step & 1:
            step -= 1


@kernel
def _take_once(row: int, now: int, bits: int, kept: Ints, longest: Ints) -> int:
    """Let the attempts take a row; those that have done its step and cannot take it as their next one end."""
    most, lowest = 0, 1
    while lowest < kept.shape[2] and not bits >> lowest & 1:
        lowest += 1
    for step in range(kept.shape[2] - 2, lowest - 1, -1):
        takes = bits >> step & 1 and _may(now, step, kept, longest)
        kept[:, 0, step + 1] = -1
        if takes:
            _pass(step, now, kept)
            kept[0, 0, step] = -1
            most = max(most, step + 1)
    if bits & 1:
        kept[-1, 0, 1], kept[-1, 1, 1], kept[-1, 2, 1] = row, now, now
        most = max(most, 1)
    return most


@kernel
def _pass(steps: int, now: int, kept: Ints) -> None:
    """Let the attempt with some steps done have done one more."""
    kept[-1, 0, steps + 1], kept[-1, 1, steps + 1], kept[-1, 2, steps + 1] = kept[0, 0, steps], kept[0, 1, steps], now


@kernel
def _may(now: int, steps: int, kept: Ints, longest: Ints) -> bool:
    """Whether the attempt with some steps done may take an event of the present instant as its next step."""
    if kept[0, 0, steps] < 0 or now - kept[0, 1, steps] > longest[0]:
        return False
    return len(longest) == 1 or now - kept[0, 2, steps] <= longest[steps]


@kernel
def furthest_any(stream: Stream, names: Names, limits: Limits) -> Attempts:
    """Find the moment at which each unit has done most different steps within the window, whatever their order."""
    offsets, time, event = stream
    top, need, within = names.top, names.need, limits.longest[0]
    unit_of, level, entry, first, last = _room(len(offsets) - 1)
    size = 0
    latest = np.empty(limits.steps, np.int64)
    for unit in range(len(offsets) - 1):
        latest[:] = -1
        reached = 0
        for row in range(offsets[unit], offsets[unit + 1]):
            step = top[event[row]]
            if need[event[row]] > 0:
                latest[:] = -1
            if step < 0:
                continue
            before, latest[step] = latest[step], row
            if before >= 0 and time[row] - time[before] <= within:
                continue  # the window held this step already: it cannot hold more steps than it did
            steps, begin = 0, row
            for one in latest:
                if one >= 0 and time[row] - time[one] <= within:
                    steps += 1
                    begin = min(begin, int(one))
            if steps > reached:
                if reached == 0:
                    unit_of[size], entry[size] = unit, row
                reached = steps
                level[size], first[size], last[size] = steps, begin, row
                if steps == limits.steps:
                    break
        size += reached > 0
    return Attempts(unit_of[:size], level[:size], entry[:size], first[:size], last[:size])


@kernel
def hold(stream: Stream, value: Ints, bits: Ints, need: Ints, steps: int, strict: bool) -> Held:
    """Part each unit's events by a value, ascending, keeping those that may be a step (``bits``) and have a value.

    The smallest integer stands for no value. Where an event that ends all attempts was between two that follow one
    another in a sequence, a mark is put; with ``strict`` any event of another sequence is such an event.
    """
    offsets, many = stream.offsets, len(value)
    kept, ended = np.empty(many, np.int64), np.zeros(many + 1, np.int64)
    rows, begin, unit_of = np.empty(2 * many, np.int64), np.empty(many + 1, np.int64), np.empty(many, np.int64)
    size, sequences = 0, 0
    for unit in range(len(offsets) - 1):
        count = 0
        for row in range(offsets[unit], offsets[unit + 1]):
            code = stream.event[row]
            ended[row + 1] = ended[row] + (need[code] > steps)
            if bits[code] != 0 and value[row] != -9223372036854775808:
                kept[count] = row
                count += 1
        _sort(kept[:count], value)
        for place in range(count):
            row = kept[place]
            before = kept[place - 1]
            if place == 0 or value[row] != value[before]:
                begin[sequences], unit_of[sequences] = size, unit
                sequences += 1
            elif (strict and row > before + 1) or ended[row] > ended[before]:
                rows[size] = -1
                size += 1
            rows[size] = row
            size += 1
    begin[sequences] = size
    return Held(begin[: sequences + 1].copy(), rows[:size].copy(), unit_of[:sequences].copy())


@kernel
def _sort(rows: Ints, value: Ints) -> None:
    """Sort ascending rows by their value, equal values by row; few rows, or sorted ones, without new memory."""
    if len(rows) > 64:
        rows[:] = rows[np.argsort(value[rows], kind="mergesort")]
        return
    for place in range(1, len(rows)):
        row, at = rows[place], place
        while at > 0 and value[rows[at - 1]] > value[row]:
            rows[at] = rows[at - 1]
            at -= 1
        rows[at] = row


@kernel
def best_of(held: Held, found: Attempts) -> tuple[Ints, Ints]:
    """Return, for each unit that entered, its attempt that gets furthest, the earliest to do so, and its first entry.

    ``found`` are the attempts of the sequences in ``held``; the first entry is a row of the block.
    """
    chosen, entry = np.empty(len(found.unit), np.int64), np.empty(len(found.unit), np.int64)
    rows, unit_of = held.rows, held.unit
    size = 0
    for one in range(len(found.unit)):
        row = rows[found.entry[one]]
        if size == 0 or unit_of[found.unit[one]] != unit_of[found.unit[chosen[size - 1]]]:
            chosen[size], entry[size] = one, row
            size += 1
            continue
        best = chosen[size - 1]
        entry[size - 1] = min(entry[size - 1], row)
        more = found.level[one] - found.level[best]
        if more > 0 or (more == 0 and rows[found.last[one]] < rows[found.last[best]]):
            chosen[size - 1] = one
    return chosen[:size], entry[:size]
