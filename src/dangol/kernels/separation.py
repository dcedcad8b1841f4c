"""Silhouettes of many partitions of the same units at once: every distance is computed a single time.

Units that no partition of a group tells apart make a cell, and distances are summed up by cell. The cuts of one tree
have no more cells than the finest of them has segments, so that they cost hardly more than one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .distances import BLOCK, Columns, Space, columns, measure
from .threads import in_threads

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEWEST: Final = 64  # cells that a group may have whatever the number of units


class Cells(NamedTuple):
    """Partitions in groups: the cell of every unit (row) in each group (column), and where groups begin.

    ``member`` is some unit of each cell; ``cells`` and ``partitions`` say which belong to a group, by where they begin.
    """

    of_unit: Ints
    member: Ints
    cells: Ints
    partitions: Ints


class Slots(NamedTuple):
    """The segments of all partitions, numbered through: one slot for what is ignored, then a partition's segments."""

    of_unit: Ints
    first: Ints
    counts: Ints


def separations(space: Space, labels: Ints) -> Floats:
    """Compute every unit's silhouette in each partition, by mean distances.

    ``labels`` has a row per partition and a column per unit. NaN for label -1, which is ignored, and 0 for a unit alone
    in its segment or where there is no other segment.
    """
    partitions, size = labels.shape
    first = np.concatenate([[0], np.cumsum(labels.max(axis=1, initial=-1) + 2)]).astype(np.int64)
    of_unit = np.ascontiguousarray((labels + 1 + first[:-1, None]).T)
    slots = Slots(of_unit, first, np.bincount(of_unit.ravel(), minlength=int(first[-1])))
    cells = _cells(labels, max(_FEWEST, size // 16))
    found, ready = np.empty((partitions, size)), columns(space)
    in_threads(size, lambda start, end: _separations(ready, cells, slots, start, end, found))
    return found


def _cells(labels: Ints, most: int) -> Cells:
    """Group partitions, one after the other, as long as they have at most so many cells together."""
    joint: list[Ints] = []
    members: list[Ints] = []
    begins: list[int] = []
    for place, partition in enumerate(labels):
        if joint:
            both = joint[-1] * (partition.max(initial=-1) + 2) + partition + 1
            found, member, codes = np.unique(both, return_index=True, return_inverse=True)
            if len(found) <= most:
                joint[-1], members[-1] = codes, member
                continue
        _, member, codes = np.unique(partition, return_index=True, return_inverse=True)
        joint.append(codes)
        members.append(member)
        begins.append(place)
    cells = np.cumsum([0, *map(len, members)])
    of_unit = np.ascontiguousarray((np.array(joint) + cells[:-1, None]).T)
    return Cells(of_unit, np.concatenate(members), cells, np.array([*begins, len(labels)]))


@kernel
def _separations(columns: Columns, cells: Cells, slots: Slots, start: int, end: int, found: Floats) -> None:
    size, groups = cells.of_unit.shape
    within, sums, room = np.empty(len(cells.member)), np.empty(len(slots.counts)), np.empty(BLOCK)
    for unit in range(start, end):
        within[:], sums[:] = 0.0, 0.0
        for begin in range(0, size, BLOCK):
            block = room[: min(BLOCK, size - begin)]
            measure(columns, unit, begin, block)
            for i in range(len(block)):
                for group in range(groups):
                    within[cells.of_unit[begin + i, group]] += block[i]
        for group in range(groups):
            for cell in range(cells.cells[group], cells.cells[group + 1]):
                for partition in range(cells.partitions[group], cells.partitions[group + 1]):
                    sums[slots.of_unit[cells.member[cell], partition]] += within[cell]
        for partition in range(len(found)):
            own = slots.of_unit[unit, partition]
            found[partition, unit] = _width(sums, slots.counts, slots.first[partition], slots.first[partition + 1], own)


@kernel
def _width(sums: Floats, counts: Ints, ignored: int, end: int, own: int) -> float:
    """Say how much nearer a unit's own segment is than the next; the slot of what is ignored comes first."""
    if own == ignored:
        return np.nan
    if counts[own] < 2:
        return 0.0
    within, between = sums[own] / (counts[own] - 1), np.inf
    for slot in range(ignored + 1, end):
        if slot != own and counts[slot] > 0:
            between = min(between, sums[slot] / counts[slot])
    larger = max(within, between)
    return (between - within) / larger if 0 < larger < np.inf else 0.0
