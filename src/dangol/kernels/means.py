"""k-means: k-means++ and Lloyd's rounds, compiled, so that threads do not wait for each other.

A call of scikit-learn takes longer to begin than 2,000 units take to divide, and holds the interpreter meanwhile.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .threads import cores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MANY: Final = 10_000  # units: fewer are divided before a second thread would have begun


def means(values: Floats, k: int, *, seed: int, starts: int = 1, most: int = 300) -> tuple[Ints, float]:
    """Divide units into k segments with a small sum of squared distances to their means.

    Every start draws its centres far apart (k-means++, each the best of 2 + log k candidates) and ends when the means
    hardly move: by 1e-4 of the variance, as in scikit-learn.

    Args:
        values: a row per unit, k different ones at least.
        k: how many segments; each gets a unit.
        seed: draws the first centres.
        starts: of which the best counts.
        most: rounds at most.

    Returns:
        The segment of every unit, and the sum of squared distances.
    """
    columns = np.ascontiguousarray((values - values.mean(axis=0)).T)
    still = 1e-4 * float(columns.var(axis=1).mean())
    chance = np.random.default_rng(seed).random((starts, k, 2 + int(np.log(k))))
    labels, least = np.empty((starts, len(values)), np.int64), np.empty(starts)

    def begin(start: int) -> None:
        centres = _first_centres(columns, chance[start])
        least[start] = _rounds(columns, centres, still, most, labels[start])

    with ThreadPoolExecutor(cores() if len(values) >= _MANY else 1) as pool:
        list(pool.map(begin, range(starts)))
    best = int(np.argmin(least))
    return labels[best], float(least[best])


@kernel
def _first_centres(columns: Floats, chance: Floats) -> Floats:
    """Draw centres one after the other, likelier the farther from those there are; of some draws the best is kept."""
    features, size = columns.shape
    k, trials = chance.shape
    centres, near = np.empty((k, features)), np.full(size, np.inf)
    away, kept = np.empty(size), np.empty(size)
    for one in range(k):
        least, chosen = np.inf, 0
        for trial in range(1 if one == 0 else trials):
            unit = int(chance[0, 0] * size) if one == 0 else _drawn(near, chance[one, trial])
            _squares(columns, columns[:, unit].copy(), away)
            total = 0.0
            for other in range(size):
                away[other] = min(away[other], near[other])
                total += away[other]
            if total < least:
                least, chosen = total, unit
                kept[:] = away
        near[:] = kept
        centres[one] = columns[:, chosen]
    return centres


@kernel
def _drawn(weight: Floats, chance: float) -> int:
    """Draw a place by weight."""
    goal, total, last = chance * weight.sum(), 0.0, 0
    for place in range(len(weight)):
        total += weight[place]
        if weight[place] > 0:
            last = place
            if total > goal:
                break
    return last


@kernel
def _squares(columns: Floats, centre: Floats, out: Floats) -> None:
    """Write the squared distances of units to a centre."""
    out[:] = 0.0
    for feature in range(len(centre)):
        column, here = columns[feature], centre[feature]
        for unit in range(len(out)):
            out[unit] += (column[unit] - here) * (column[unit] - here)


@kernel
def _rounds(columns: Floats, centres: Floats, still: float, most: int, labels: Ints) -> float:
    """Assign units to the nearest centre and move the centres to the means, until these hardly move."""
    features, size = columns.shape
    k = len(centres)
    near, away = np.empty(size), np.empty(size)
    moved = np.inf
    for turn in range(most + 1):
        near[:] = np.inf
        for one in range(k):
            _squares(columns, centres[one], away)
            for unit in range(size):
                if away[unit] < near[unit]:
                    near[unit], labels[unit] = away[unit], one
        counts = _filled(labels, near, k)
        if moved <= still or turn == most:
            break
        sums = np.zeros((k, features))
        for feature in range(features):
            column = columns[feature]
            for unit in range(size):
                sums[labels[unit], feature] += column[unit]
        moved = 0.0
        for one in range(k):
            for feature in range(features):
                mean = sums[one, feature] / counts[one]
                moved += (mean - centres[one, feature]) ** 2
                centres[one, feature] = mean
    total: float = near.sum()
    return total


@kernel
def _filled(labels: Ints, near: Floats, k: int) -> Ints:
    """Give a segment without units the one that is farthest from its centre; return how many units each has."""
    counts = np.zeros(k, np.int64)
    for label in labels:
        counts[label] += 1
    for one in range(k):
        if counts[one] == 0:
            farthest = -1
            for unit in range(len(labels)):
                if counts[labels[unit]] > 1 and (farthest < 0 or near[unit] > near[farthest]):
                    farthest = unit
            counts[labels[farthest]] -= 1
            labels[farthest], near[farthest], counts[one] = one, 0.0, 1
    return counts
