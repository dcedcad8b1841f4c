"""Flows: who moves from which event to which, and how long it takes.

A move is two events of one user next to each other, at most ``gap`` apart; a longer pause ends the unit (a session)
and begins the next. The beginning and the end of a unit are moves too, from and to the boundary, which has the code
after the last event's. Moves are numbered ``(segment * side + source) * side + target`` where these numbers are few,
else they are kept in a table of what occurs (``kernels.pairs``).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .pairs import Table, add, find, room

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

LOG_BITS: Final = 58  # lengths of time on the logarithmic scale of ``count_dense`` are below 1 << LOG_BITS
LOG_BASE: Final = 1022 << 52  # the bits of 0.5 as a float: below one microsecond
COUNT: Final = 2  # columns of a table of moves
USERS: Final = 3
_LAST: Final = 4
MOVE_COLUMNS: Final = 5


class Stream(NamedTuple):
    """The events of some whole users, and the segment of each user.

    ``gap`` is the longest pause within a unit, ``side`` how many codes there are: the events' and, last, the
    boundary's.
    """

    offsets: Ints
    time: Ints
    event: Codes
    segment: Codes
    gap: int
    side: int


@kernel
def count_dense(stream: Stream, shift: int, people: Codes, lengths: npt.NDArray[np.uint32]) -> None:
    """Count the moves by number: distinct users in ``people[move, 0]``, and how many take how long.

    ``lengths[move, bin]``: the bin is the bits of the time as a float, from ``LOG_BASE`` on, without the last
    ``shift``; the float's exponent comes first, so bins are narrow for short times and wide for long ones. The sum over
    bins is the number of moves. ``people[move, 1]`` is for the user seen last.
    """
    offsets, time, event, segment, gap, side = stream
    floats = np.empty(1, np.float64)
    bits = floats.view(np.int64)
    for user in range(len(offsets) - 1):
        first, after = offsets[user], offsets[user + 1]
        if first == after:
            continue
        base = segment[user] * side * side
        source = int(event[first])
        _count(base + (side - 1) * side + source, user, people, lengths)
        for row in range(first + 1, after):
            target = int(event[row])
            length = time[row] - time[row - 1]
            if length <= gap:
                move = base + source * side + target
                people[move, 0] += people[move, 1] != user + 1
                people[move, 1] = user + 1
                floats[0] = length
                lengths[move, max(bits[0] - LOG_BASE, 0) >> shift] += 1
            else:
                _count(base + source * side + side - 1, user, people, lengths)
                _count(base + (side - 1) * side + target, user, people, lengths)
            source = target
        _count(base + source * side + side - 1, user, people, lengths)


@kernel
def _count(move: int, user: int, people: Codes, lengths: npt.NDArray[np.uint32]) -> None:
    """Count a move from or to the boundary, which takes no time."""
    people[move, 0] += people[move, 1] != user + 1
    people[move, 1] = user + 1
    lengths[move, 0] += 1


@kernel
def count_sparse(stream: Stream, table: Table) -> Table:
    """Count the moves and their distinct users in a table keyed by (segment and source, target)."""
    offsets, time, event, segment, gap, side = stream
    for user in range(len(offsets) - 1):
        first, after = offsets[user], offsets[user + 1]
        table = room(table, 2 * (after - first))
        slots, rows, used = table
        base = segment[user] * side
        source = side - 1
        for row in range(first, after + 1):
            if row > first and (row == after or time[row] - time[row - 1] > gap):
                _see(add(slots, rows, used, base + source, side - 1), user, rows)
                source = side - 1
            if row < after:
                _see(add(slots, rows, used, base + source, int(event[row])), user, rows)
                source = int(event[row])
    return table


@kernel
def _see(row: int, user: int, rows: Ints) -> None:
    rows[row, COUNT] += 1
    rows[row, USERS] += rows[row, _LAST] != user + 1
    rows[row, _LAST] = user + 1


class Grid(NamedTuple):
    """The bins into which the times of a move go, by slot of the table (or number of the move).

    ``line`` is the move's row of bins, -1 for none. A bin is ``1 << shift`` wide, in microseconds from ``low`` on, or,
    if ``logarithmic``, in the bits of ``count_dense``.
    """

    line: Codes
    low: Ints
    shift: Ints
    logarithmic: bool


@kernel
def narrow(stream: Stream, table: Table, grid: Grid, lengths: npt.NDArray[np.uint32]) -> None:
    """Count, for the moves that have a line in ``lengths``, the times that fall into each bin."""
    offsets, time, event, segment, gap, side = stream
    line, low, shift, logarithmic = grid
    floats = np.empty(1, np.float64)
    bits = floats.view(np.int64)
    for user in range(len(offsets) - 1):
        base = segment[user] * side
        for row in range(offsets[user] + 1, offsets[user + 1]):
            length = time[row] - time[row - 1]
            if length > gap:
                continue
            move = find(table, base + int(event[row - 1]), int(event[row]), side)
            if line[move] < 0:
                continue
            if logarithmic:
                floats[0] = length
                lengths[line[move], max(bits[0] - LOG_BASE, 0) >> shift[move]] += 1
            elif length >= low[move]:
                place = (length - low[move]) >> shift[move]
                if place < lengths.shape[1]:
                    lengths[line[move], place] += 1


@kernel
def collect(stream: Stream, table: Table, spans: Ints, most: int, above: Ints) -> tuple[Ints, Codes, int]:
    """Return the times of the moves that lie in the move's span, the moves, and how many there are.

    ``spans[move]`` is the beginning of the span, its width, and the time from which on ``above[move]`` keeps the
    shortest. ``most`` is how many times there can be; each is written and then kept or not, which spares a jump that
    cannot be predicted.
    """
    offsets, time, event, segment, gap, side = stream
    values, moves = np.empty(most + 1, np.int64), np.empty(most + 1, np.int32)
    found = 0
    for user in range(len(offsets) - 1):
        base = segment[user] * side
        for row in range(offsets[user] + 1, offsets[user + 1]):
            length = time[row] - time[row - 1]
            if length > gap:
                continue
            move = find(table, base + int(event[row - 1]), int(event[row]), side)
            values[found], moves[found] = length, move
            found += int(np.uint64(length - spans[move, 0]) < np.uint64(spans[move, 1]))
            if spans[move, 2] <= length < above[move]:
                above[move] = length
    return values[:found].copy(), moves[:found].copy(), found


@kernel
def select(values: Ints, moves: Codes, rank: Ints) -> tuple[Ints, Ints]:
    """Return, of each move's values in order, the one with ``rank`` others before it, and the next one (-1: none)."""
    ends = np.zeros(len(rank) + 1, np.int64)
    for move in moves:
        ends[move + 1] += 1
    ends = np.cumsum(ends)
    place = ends[:-1].copy()
    sorted_by_move = np.empty(len(values), np.int64)
    for i in range(len(values)):
        sorted_by_move[place[moves[i]]] = values[i]
        place[moves[i]] += 1
    lower, upper = np.full(len(rank), -1, np.int64), np.full(len(rank), -1, np.int64)
    for move in range(len(rank)):
        some = sorted_by_move[ends[move] : ends[move + 1]]
        if len(some):
            _part(some, rank[move])
            lower[move] = some[rank[move]]
            if rank[move] + 1 < len(some):
                upper[move] = some[rank[move] + 1 :].min()
    return lower, upper


@kernel
def _part(values: Ints, rank: int) -> None:
    """Move values so that the one with a rank is in its place, smaller ones before it and larger ones after it.

    Hoare's quickselect, with pivots at random so that no order of the values is a slow one. (numba's np.partition does
    the same, but takes many seconds to compile.)
    """
    low, high, chance = 0, len(values) - 1, 1
    while low < high:
        chance = chance * 1103515245 + 12345 & 0x7FFFFFFF
        pivot = values[low + chance % (high - low + 1)]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if right < rank < left:
            return
        low, high = (low, right) if rank <= right else (left, high)


@kernel
def movers(stream: Stream, source: int, target: int) -> Flags:
    """Flag the users who make a move at least once; ``side - 1`` as source or target is the unit's boundary."""
    offsets, time, event, _, gap, side = stream
    found = np.zeros(len(offsets) - 1, np.bool_)
    for user in range(len(offsets) - 1):
        first, after = offsets[user], offsets[user + 1]
        before = side - 1
        for row in range(first, after):
            if row > first and time[row] - time[row - 1] > gap:
                found[user] |= before == source and target == side - 1
                before = side - 1
            found[user] |= before == source and event[row] == target
            before = int(event[row])
        found[user] |= first < after and before == source and target == side - 1
    return found


# ---- whole units ------------------------------------------------------------------------------------------------


VARIANT_LAST: Final = 4  # columns of a table of variants; the first two are the hash
LENGTH: Final = 5
WHO: Final = 6
WHICH: Final = 7
SEGMENT: Final = 8
VARIANT_COLUMNS: Final = 9
NO_ANCHOR: Final = -2  # a row before the first is -1


class Units(NamedTuple):
    """Unit ``i`` of the user ``owner[i]`` has the rows ``bounds[i]`` up to, not including, ``bounds[i + 1]``."""

    bounds: Ints
    owner: Ints


@kernel
def count_variants(units: Units, event: Codes, segment: Codes, table: Table) -> Table:
    """Count equal sequences of events, and their distinct users, in a table keyed by the sequence's 128-bit hash.

    Each row also says how long the sequence is and where one is: the user, and which of the user's units.
    """
    bounds, owner = units
    slots, rows, used = table
    which = 0
    for unit in range(len(owner)):
        user = owner[unit]
        which = which + 1 if unit > 0 and owner[unit - 1] == user else 0
        one = (int(segment[user]) + 1) * 6364136223846793005  # odd constants; the products wrap
        two = (int(segment[user]) + 1) * -3335678366873096957
        for row in range(bounds[unit], bounds[unit + 1]):
            one = (one ^ int(event[row])) * -7046029254386353131
            two = (two ^ int(event[row])) * -4417276706812531889
            one ^= one >> 29
            two ^= two >> 32
        if used[0] == len(rows):
            table = room(table, 1)
            slots, rows, used = table
        slot = add(slots, rows, used, one, two)
        rows[slot, COUNT] += 1
        rows[slot, USERS] += rows[slot, VARIANT_LAST] != user + 1
        rows[slot, VARIANT_LAST] = user + 1
        if rows[slot, COUNT] == 1:
            rows[slot, LENGTH] = bounds[unit + 1] - bounds[unit]
            rows[slot, WHO], rows[slot, WHICH], rows[slot, SEGMENT] = user, which, segment[user]
    return table


@kernel
def anchors(units: Units, event: Codes, anchor: int) -> Ints:
    """Return the row of each unit's first event with a code, ``NO_ANCHOR`` for none."""
    rows = np.full(len(units.owner), NO_ANCHOR, np.int64)
    for unit in range(len(units.owner)):
        for row in range(units.bounds[unit], units.bounds[unit + 1]):
            if event[row] == anchor:
                rows[unit] = row
                break
    return rows


class Path(NamedTuple):
    """From which ``row`` each unit is followed, which way (1 or -1), and as which node an event counts at each step."""

    rows: Ints
    sign: int
    node: Codes


@kernel
def tread(units: Units, event: Codes, segment: Codes, path: Path, counts: Codes) -> None:
    """Count the units by segment, step, node at the step before (at the first: 0) and node.

    The last code of ``path.node`` is that of units without a further event. Where ``counts`` has room for one node at
    the step before, nodes are counted whatever is before.
    """
    bounds, owner = units
    boundary, linked = path.node.shape[1] - 1, counts.shape[2] > 1
    for unit in range(len(owner)):
        row = path.rows[unit]
        if row == NO_ANCHOR:
            continue
        part = counts[segment[owner[unit]]]
        before = 0
        for step in range(len(path.node)):
            row += path.sign
            code = int(event[row]) if bounds[unit] <= row < bounds[unit + 1] else boundary
            there = int(path.node[step, code])
            part[step, before, there] += 1
            before = there if linked else 0


@kernel
def alike(units: Units, event: Codes, sequence: Codes) -> Flags:
    """Flag the units whose events are exactly a sequence."""
    found = np.zeros(len(units.owner), np.bool_)
    for unit in range(len(units.owner)):
        first = units.bounds[unit]
        if units.bounds[unit + 1] - first != len(sequence):
            continue
        same = True
        for i in range(len(sequence)):
            if event[first + i] != sequence[i]:
                same = False
                break
        found[unit] = same
    return found
