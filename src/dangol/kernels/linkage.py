"""Single linkage by the shortest tree that joins all units: no matrix of distances.

The tree is Prim's (R. C. Prim, Shortest connection networks and some generalizations, Bell System Technical Journal 36
(1957), doi:10.1002/j.1538-7305.1957.tb01515.x); its edges in rising order are the merges (J. C. Gower and G. J. S.
Ross, Minimum spanning trees and single linkage cluster analysis, Applied Statistics 18 (1969), doi:10.2307/2346439).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .distances import BLOCK, Columns, Space, add_up, columns, finish

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


REACHED: Final = -1.0


class Outside(NamedTuple):
    """Units that the tree may not have reached, in order: how near it is, and to which of its units.

    ``near`` is REACHED for those that it has reached since the others were last moved together.
    """

    columns: Columns
    units: Ints
    near: Floats
    joint: Ints


def single_linkage(space: Space) -> Floats:
    """Join units by single linkage.

    Returns:
        A row for each merge, as SciPy has them: the two clusters (units first, then earlier merges; the lower number
        first), their distance, and the units they have together. Distances never fall.
    """
    edges, heights = _shortest_tree(columns(space))
    order = np.argsort(heights, kind="stable")
    return _merges(edges[order], heights[order])


@kernel
def _shortest_tree(columns: Columns) -> tuple[Ints, Floats]:
    """Grow the tree by the nearest unit outside, the first of equally near ones; the columns are used up."""
    size = columns.values.shape[1]
    edges, heights = np.empty((size - 1, 2), np.int64), np.empty(size - 1)
    outside = Outside(columns, np.arange(size), np.full(size, np.inf), np.zeros(size, np.int64))
    waiting, reached, place, room = size, 0, 0, np.empty(BLOCK)
    for step in range(size - 1):
        outside.near[place] = REACHED
        reached += 1
        place = _approach(outside, place, waiting, room)
        edges[step, 0], edges[step, 1] = outside.joint[place], outside.units[place]
        heights[step] = outside.near[place]
        if 4 * reached > waiting:
            place = _move_together(outside, place, waiting)
            waiting, reached = waiting - reached, 0
    finish(columns, heights)
    return edges, heights


@kernel
def _approach(outside: Outside, place: int, waiting: int, room: Floats) -> int:
    """Note where the newest unit of the tree is nearer than the others; return the place of the nearest outside."""
    columns, units, near, joint = outside
    unit, best, least = units[place], 0, np.inf
    for start in range(0, waiting, BLOCK):
        block = room[: min(BLOCK, waiting - start)]
        add_up(columns, place, start, block)
        old, via = near[start : start + len(block)], joint[start : start + len(block)]
        for i in range(len(block)):
            nearer = block[i] < old[i]
            via[i] = unit if nearer else via[i]
            old[i] = block[i] if nearer else old[i]
        for i in range(len(block)):
            if REACHED < old[i] < least:
                best, least = start + i, old[i]
    return best


@kernel
def _move_together(outside: Outside, place: int, waiting: int) -> int:
    """Drop the units that were reached; return where the unit of a place is now."""
    columns, units, near, joint = outside
    kept, moved = 0, 0
    for i in range(waiting):
        if near[i] == REACHED:
            continue
        if i == place:
            moved = kept
        units[kept], near[kept], joint[kept] = units[i], near[i], joint[i]
        for feature in range(len(columns.values)):
            columns.values[feature, kept] = columns.values[feature, i]
        kept += 1
    return moved


@kernel
def _merges(edges: Ints, heights: Floats) -> Floats:
    """Follow which cluster every unit is in while the edges are added in order."""
    size = len(heights) + 1
    parent, units = np.arange(2 * size - 1), np.ones(2 * size - 1, np.int64)
    merges = np.empty((size - 1, 4))
    for step in range(size - 1):
        first, second = _root(parent, edges[step, 0]), _root(parent, edges[step, 1])
        new = size + step
        parent[first] = parent[second] = new
        units[new] = units[first] + units[second]
        merges[step, 0], merges[step, 1] = min(first, second), max(first, second)
        merges[step, 2], merges[step, 3] = heights[step], units[new]
    return merges


@kernel
def _root(parent: Ints, node: int) -> int:
    """Find the cluster that holds a node, and shorten the way to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node
