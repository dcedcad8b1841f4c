"""A table of rows of numbers, each found by the pair of numbers in its first two columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]


class Table(NamedTuple):
    """``rows`` in the order in which they were added, of which the first ``used[0]`` are taken.

    ``slots`` tells which row a pair has: from the place that its hash names on, the first that holds the number of its
    row; -1 is free. There are twice as many slots as rows, a power of two.
    """

    slots: npt.NDArray[np.int32]
    rows: Ints
    used: Ints


def new_table(columns: int) -> Table:
    """Return an empty table."""
    return Table(np.full(4096, -1, np.int32), np.zeros((2048, columns), np.int64), np.zeros(1, np.int64))


def no_table() -> Table:
    """Return the table without slots, which stands for 'a pair has a number of its own': see ``find``."""
    return Table(np.empty(0, np.int32), np.zeros((0, 2), np.int64), np.zeros(1, np.int64))


def taken(table: Table) -> Ints:
    """Return the rows that are taken, without the spare ones."""
    return table.rows[: table.used[0]].copy()


@kernel
def _place(slots: npt.NDArray[np.int32], rows: Ints, first: int, second: int) -> int:
    """Return where in ``slots`` the pair is, or the free place where it belongs."""
    mask = len(slots) - 1
    mixed = (first * -7046029254386353131 + second) * -4417276706812531889  # odd constants; the product wraps
    place = (mixed ^ (mixed >> 31)) & mask
    row = slots[place]
    while row >= 0 and (rows[row, 0] != first or rows[row, 1] != second):
        place = (place + 1) & mask
        row = slots[place]
    return place


@kernel
def find(table: Table, first: int, second: int, side: int) -> int:
    """Return the row of a pair that is in the table; without slots the pair's number, ``first * side + second``."""
    if len(table.slots) == 0:
        return first * side + second
    return int(table.slots[_place(table.slots, table.rows, first, second)])


@kernel
def add(slots: npt.NDArray[np.int32], rows: Ints, used: Ints, first: int, second: int) -> int:
    """Return the row of a pair, a new one of zeros if it was not there; see to the ``room`` before.

    It takes the parts of a table: handing over the whole for every event costs twice the time.
    """
    place = _place(slots, rows, first, second)
    row = int(slots[place])
    if row < 0:
        row = int(used[0])
        slots[place] = row
        rows[row, 0], rows[row, 1] = first, second
        used[0] += 1
    return row


@kernel
def room(table: Table, more: int) -> Table:
    """Return the table with room for more rows: itself, or a larger copy."""
    used = table.used[0]
    size = len(table.rows)
    if used + more <= size:
        return table
    while size < used + more:
        size *= 2
    rows = np.zeros((size, table.rows.shape[1]), np.int64)
    slots = np.full(2 * size, -1, np.int32)
    for row in range(used):
        for column in range(rows.shape[1]):  # one by one: numba takes seconds to compile the copy of a slice
            rows[row, column] = table.rows[row, column]
        slots[_place(slots, rows, rows[row, 0], rows[row, 1])] = row
    return Table(slots, rows, table.used)


@kernel
def absorb(table: Table, more: Ints | npt.NDArray[np.int32], summed: int) -> Table:
    """Add rows to a table: columns 2 up to, not including, ``summed`` are summed, the rest are kept from the first."""
    table = room(table, len(more))
    slots, rows, used = table
    for i in range(len(more)):
        before = used[0]
        row = add(slots, rows, used, more[i, 0], more[i, 1])
        for column in range(2, summed if row < before else more.shape[1]):
            rows[row, column] += more[i, column]
    return table
