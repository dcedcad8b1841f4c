"""How far a unit's neighbours are: the distance to the m-th nearest, and the least of a measure within a distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .distances import Columns, Space, columns, measure
from .threads import in_threads

Floats = npt.NDArray[np.float64]


@kernel
def _sink(heap: Floats, value: float) -> None:
    """Put a value in the place of a heap's largest, which stands first."""
    place, below = 0, 1
    while below < len(heap):
        if below + 1 < len(heap) and heap[below + 1] > heap[below]:
            below += 1
        if heap[below] <= value:
            break
        heap[place] = heap[below]
        place, below = below, 2 * below + 1
    heap[place] = value


@kernel
def _radii(columns: Columns, crowd: int, near: int, first: int, last: int, out: Floats) -> None:
    row, heap = np.empty(crowd), np.empty(near)
    for unit in range(first, last):
        measure(columns, unit, 0, row)
        heap[:] = np.inf
        for other in range(crowd):
            if row[other] < heap[0] and other != unit:
                _sink(heap, row[other])
        out[unit] = heap[0]


def radii(space: Space, near: int, crowd: int) -> Floats:
    """Return every unit's distance to the ``near``-th nearest of the first ``crowd`` units, itself not counted."""
    ready, size = columns(space), len(space.values)
    out = np.empty(size)
    in_threads(size, lambda first, last: _radii(ready, crowd, near, first, last, out))
    return out


@kernel
def _least_within(columns: Columns, radius: Floats, level: Floats, first: int, last: int, out: Floats) -> None:
    row = np.empty(len(level))
    for unit in range(first, last):
        measure(columns, unit, 0, row)
        least = np.inf
        for other in range(len(level)):
            if row[other] <= radius[unit] and level[other] < least:
                least = level[other]
        out[unit] = least


def least_within(space: Space, radius: Floats, level: Floats) -> Floats:
    """Return, for every unit, the least level of the first units (those that have one) within its radius."""
    ready, size = columns(space), len(space.values)
    out = np.empty(size)
    in_threads(size, lambda first, last: _least_within(ready, radius, level, first, last, out))
    return out
