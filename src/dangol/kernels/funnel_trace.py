"""Funnels: the rows of the attempts that are reported."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .funnel import Attempts, Limits, Names, Stream

Ints = npt.NDArray[np.int64]


class Aside(NamedTuple):
    """The optional steps.

    ``bits`` flags, per event code, which of them it may be; ``after[i]`` is the step that optional step ``i`` follows;
    ``stop`` is the end of the rows of each attempt's unit.
    """

    bits: Ints
    after: Ints
    stop: Ints


@kernel
def trace(stream: Stream, names: Names, limits: Limits, found: Attempts) -> Ints:
    """Return the rows of every attempt, one attempt after another: each step at the first event that leads on."""
    time, event = stream.time, stream.event
    bits, increase = names.bits, limits.increase
    result = np.empty(found.level.sum(), np.int64)
    looks_ahead = len(limits.longest) > 1 and not limits.once
    good = np.empty(len(time) if looks_ahead else 0, np.int64)
    place = 0
    for one in range(len(found.unit)):
        level, row = found.level[one], found.first[one]
        if looks_ahead:
            _mark(stream, names, limits, found, one, good)
        result[place] = row
        step = 1
        for later in range(row + 1, found.last[one] + 1):
            fits = good[later] if looks_ahead else bits[event[later]]
            if step < level and fits >> step & 1 and (not increase or time[later] > time[row]):
                row = later
                result[place + step] = row
                step += 1
        place += level
    return result


@kernel
def _mark(stream: Stream, names: Names, limits: Limits, found: Attempts, one: int, good: Ints) -> None:
    """Flag for each row of an attempt's span, as bits, the steps at which it leads on to the attempt's last row.

    Walking backwards, ``near`` and ``far`` hold the nearest row that leads on from each step, at the present instant
    and later than it.
    """
    time, event = stream.time, stream.event
    level, last = found.level[one], found.last[one]
    near, far = np.full(level, -1, np.int64), np.full(level, -1, np.int64)
    near[level - 1], good[last] = last, 1 << (level - 1)
    for row in range(last - 1, found.first[one] - 1, -1):
        if time[row] != time[row + 1]:
            for step in range(level):
                far[step] = near[step] if near[step] >= 0 else far[step]
                near[step] = -1
        good[row] = 0
        for step in range(level - 1):
            after = far[step + 1] if limits.increase or near[step + 1] < 0 else near[step + 1]
            near_enough = after >= 0 and time[after] - time[row] <= limits.longest[step + 1]
            if near_enough and names.bits[event[row]] >> step & 1:
                good[row] |= 1 << step
        for step in range(min(names.need[event[row]], level)):
            near[step], far[step] = -1, -1
        for step in range(level - 1):
            if good[row] >> step & 1:
                near[step] = row


@kernel
def trace_any(stream: Stream, names: Names, found: Attempts) -> Ints:
    """Return the rows of every attempt in any order: each different step at its first event since the attempt began."""
    bits, event = names.bits, stream.event
    result = np.empty(found.level.sum(), np.int64)
    place = 0
    for one in range(len(found.unit)):
        seen = 0
        for row in range(found.first[one], found.last[one] + 1):
            if bits[event[row]] & ~seen:
                result[place] = row
                place += 1
                seen |= bits[event[row]]
    return result


@kernel
def beside(stream: Stream, names: Names, limits: Limits, found: Attempts, chain: Ints, aside: Aside) -> Ints:
    """Return the row of every optional step (one column each) in every attempt, -1 where it was not done.

    It must stand between the step that it follows and the next one; where there is no next one, before the attempt is
    over. ``chain`` as from ``trace``.
    """
    time, event = stream.time, stream.event
    bits, after, stop = aside
    result = np.full((len(found.level), len(after)), -1, np.int64)
    place = 0
    for one in range(len(found.unit)):
        level = found.level[one]
        for extra in range(len(after)):
            if after[extra] >= level:
                continue
            row = chain[place + after[extra]]
            final = after[extra] == level - 1
            until = stop[one] if final else chain[place + after[extra] + 1]
            for later in range(row + 1, until):
                if final and _over(time[later] - time[chain[place]], event[later], names, limits, level):
                    break
                apart = time[later] > time[row] and (final or time[later] < time[until])
                if bits[event[later]] >> extra & 1 and (apart or not limits.increase):
                    result[one, extra] = later
                    break
        place += level
    return result


@kernel
def _over(elapsed: int, code: int, names: Names, limits: Limits, level: int) -> bool:
    """Whether an attempt of ``level`` steps is over at an event: too late, ended by it, or ended by a repeat."""
    if elapsed > limits.longest[0] or names.need[code] > level:
        return True
    done = (1 << level) - 2  # the bits of the steps done, without the first
    return limits.once and names.bits[code] & done != 0
