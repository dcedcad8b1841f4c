"""How well every unit lies in its cluster: silhouettes, exactly, without a matrix of distances.

The silhouette of a unit is (b - a) / max(a, b): a is its mean distance to the others of its cluster, b the least of its
mean distances to another cluster (P. J. Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20
(1987), doi:10.1016/0377-0427(87)90125-7). It is 0 for a unit that is alone in its cluster, where both are 0, and where
there is one cluster only; NaN for a unit that is in none (label -1), which counts for no other unit either.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .distances import BLOCK, Columns, Space, columns, measure, total
from .threads import in_threads

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Clusters(NamedTuple):
    """The units that are in a cluster, cluster by cluster: which they are, where each begins, and whose each one is."""

    units: Ints
    bounds: Ints
    owner: Ints


class Spread(NamedTuple):
    """The mean of each cluster, its units' mean squared distance to it, and how many they are."""

    means: Floats
    within: Floats
    units: Ints


def silhouettes(space: Space, labels: Ints) -> Floats:
    """Compute every unit's silhouette by the distances of a space: time by the square of the units."""
    clusters = _clusters(labels)
    units = clusters.units
    out, found = np.zeros(len(units)), np.full(len(labels), np.nan)
    if len(units):
        ready = columns(space._replace(values=space.values[units]))
        in_threads(len(units), lambda first, last: _by_distances(ready, clusters, first, last, out))
    found[units] = out
    return found


def _clusters(labels: Ints) -> Clusters:
    codes = np.asarray(labels, np.int64)
    units = np.argsort(codes, kind="stable")
    units = units[np.searchsorted(codes[units], 0) :]
    _, first, owner = np.unique(codes[units], return_index=True, return_inverse=True)
    return Clusters(units, np.append(first, len(units)), owner)


@kernel
def _by_distances(columns: Columns, clusters: Clusters, first: int, last: int, out: Floats) -> None:
    """Sum up the distances of a range of units to all, a cluster at a time."""
    _, bounds, owner = clusters
    means, room = np.zeros((last - first, len(bounds) - 1)), np.empty(BLOCK)
    for which in range(len(bounds) - 1):
        for start in range(bounds[which], bounds[which + 1], BLOCK):
            block = room[: min(BLOCK, bounds[which + 1] - start)]
            for unit in range(first, last):
                measure(columns, unit, start, block)
                means[unit - first, which] += total(block)
        for unit in range(first, last):
            others = bounds[which + 1] - bounds[which] - (owner[unit] == which)
            means[unit - first, which] /= max(1, others)
    for unit in range(first, last):
        alone = bounds[owner[unit] + 1] - bounds[owner[unit]] == 1
        out[unit] = 0.0 if alone else _silhouette(means[unit - first], owner[unit])


@kernel
def _silhouette(means: Floats, own: int) -> float:
    """Compare a unit's mean distance to its own cluster with that to the nearest other."""
    other = np.inf
    for which in range(len(means)):
        if which != own:
            other = min(other, means[which])
    larger = max(means[own], other)
    return (other - means[own]) / larger if 0 < larger < np.inf else 0.0


def squared_silhouettes(values: Floats, labels: Ints) -> Floats:
    """Compute every unit's silhouette by squared Euclidean distances: time by units, clusters and features.

    The mean squared distance of a point to a cluster is its squared distance to the cluster's mean and the mean squared
    distance of the cluster's units to that mean: no distance between two units is needed.
    """
    units, bounds, owner = _clusters(labels)
    out, found = np.zeros(len(units)), np.full(len(labels), np.nan)
    if len(units):
        rows = np.asarray(values, np.float64)[units]
        spread = _spread(rows, bounds)
        in_threads(len(units), lambda first, last: _by_means(rows, owner, spread, first, last, out))
    found[units] = out
    return found


@kernel
def _spread(rows: Floats, bounds: Ints) -> Spread:
    """Find each cluster's mean as its first unit and the mean way from it, which is exact where all are equal."""
    k, features = len(bounds) - 1, rows.shape[1]
    means, within = np.zeros((k, features)), np.zeros(k)
    for which in range(k):
        start, end = bounds[which], bounds[which + 1]
        for unit in range(start, end):
            for i in range(features):
                means[which, i] += rows[unit, i] - rows[start, i]
        for i in range(features):
            means[which, i] = rows[start, i] + means[which, i] / (end - start)
        for unit in range(start, end):
            within[which] += _square(rows[unit], means[which])
        within[which] /= end - start
    return Spread(means, within, np.diff(bounds))


@kernel
def _by_means(rows: Floats, owner: Ints, spread: Spread, first: int, last: int, out: Floats) -> None:
    means, within, units = spread
    apart = np.empty(len(means))
    for unit in range(first, last):
        own = owner[unit]
        for which in range(len(means)):
            apart[which] = _square(rows[unit], means[which]) + within[which]
        apart[own] *= units[own] / max(1, units[own] - 1)
        out[unit] = _silhouette(apart, own) if units[own] > 1 else 0.0


@kernel
def _square(first: Floats, second: Floats) -> float:
    """Compute the squared Euclidean distance of two points."""
    square = 0.0
    for i in range(len(first)):
        square += (first[i] - second[i]) * (first[i] - second[i])
    return square
