"""Distances between units: Euclidean, Manhattan, cosine and Gower, from one unit to many at once.

Every metric comes down to one loop over columns that are made ready before, so that vector instructions do the work. A
cosine distance is half the squared Euclidean distance between directions; a row of zeros has a direction of its own, so
it is at distance 1 from all but such rows. Gower's distance is the mean over the features of the difference divided by
the feature's range, or, for text, of 1 where the two differ (J. C. Gower, A general coefficient of similarity and some
of its properties, Biometrics 27 (1971), doi:10.2307/2528823).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .threads import in_threads

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float32]

EUCLIDEAN: Final = 0
MANHATTAN: Final = 1
COSINE: Final = 2
GOWER: Final = 3
METRICS: Final = {"euclidean": EUCLIDEAN, "manhattan": MANHATTAN, "cosine": COSINE, "gower": GOWER}

SAME: Final = 1e-30  # squares of rounding errors: parallel rows have one direction
BLOCK: Final = 1024  # distances computed at once: they stay in the nearest cache


class Space(NamedTuple):
    """Units as rows of ``values``, and how far apart two rows are.

    With Gower's distance ``weight`` is 1 divided by the feature's range (0 where all are equal, 1 for text), else 1;
    ``categorical`` says which columns are codes of text, which only Gower's distance may meet. A part of the rows is
    the same space with ``_replace(values=...)``: the ranges stay those of all.
    """

    values: Floats
    metric: int
    weight: Floats
    categorical: Flags


class Columns(NamedTuple):
    """A space made ready for the kernels: a row for each feature, and its weight; from ``texts`` on they are codes."""

    values: Floats
    metric: int
    weight: Floats
    texts: int


def space(values: npt.ArrayLike, metric: str = "euclidean", categorical: npt.ArrayLike | None = None) -> Space:
    """Make a space of a table of finite numbers, a unit per row; ``metric`` is a key of METRICS."""
    rows = np.ascontiguousarray(values, np.float64)
    text = np.zeros(rows.shape[1], np.bool_) if categorical is None else np.array(categorical, np.bool_)
    weight = np.ones(rows.shape[1])
    if METRICS[metric] == GOWER:
        span = np.ptp(rows, axis=0)
        np.divide(1.0, span, out=weight, where=(span > 0) & ~text)
        weight[(span == 0) & ~text] = 0.0
    return Space(rows, METRICS[metric], weight, text)


def columns(space: Space) -> Columns:
    """Make a space ready for the kernels: a copy, one feature after another, the texts last."""
    rows, metric, weight, text = space
    if metric == COSINE:
        largest = np.abs(rows).max(axis=1, keepdims=True)
        rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)  # squares of huge ones stay finite
        length = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        rows = np.hstack([np.divide(rows, length, out=rows, where=length > 0), length == 0])
        weight, text = np.append(weight, 1.0), np.append(text, False)
    order = np.argsort(text, kind="stable") if text.any() else slice(None)
    return Columns(np.array(rows.T[order], order="C"), metric, weight[order], rows.shape[1] - int(text.sum()))


@kernel
def add_up(columns: Columns, unit: int, start: int, out: Floats) -> None:
    """Write into ``out`` what the distances of one unit to those from ``start`` on are made of: larger is farther."""
    values, metric, weight, texts = columns
    out[:] = 0.0
    for feature in range(len(values)):
        column = values[feature, start : start + len(out)]
        here, scale = values[feature, unit], weight[feature]
        if feature >= texts:
            for i in range(len(out)):
                out[i] += column[i] != here
        elif metric in (MANHATTAN, GOWER):
            for i in range(len(out)):
                out[i] += abs(column[i] - here) * scale
        else:
            for i in range(len(out)):
                apart = column[i] - here
                out[i] += apart * apart


@kernel
def finish(columns: Columns, out: Floats) -> None:
    """Turn sums into distances."""
    if columns.metric == EUCLIDEAN:
        for i in range(len(out)):
            out[i] = np.sqrt(out[i])
    elif columns.metric == COSINE:
        for i in range(len(out)):
            out[i] = 0.5 * out[i] if out[i] > SAME else 0.0
    elif columns.metric == GOWER:
        for i in range(len(out)):
            out[i] /= len(columns.values)


@kernel
def measure(columns: Columns, unit: int, start: int, out: Floats) -> None:
    """Write into ``out`` the distances of one unit to those from ``start`` on."""
    add_up(columns, unit, start, out)
    finish(columns, out)


@kernel
def _fill(columns: Columns, first: int, last: int, out: Matrix) -> None:
    size, room = columns.values.shape[1], np.empty(BLOCK)
    for start in range(0, size, BLOCK):
        block = room[: min(BLOCK, size - start)]
        for unit in range(first, last):
            measure(columns, unit, start, block)
            row = out[unit, start : start + len(block)]
            for i in range(len(block)):
                row[i] = block[i]


def pairwise(space: Space) -> Matrix:
    """Compute all distances, rounded to single precision: symmetric, with zeros on the diagonal."""
    ready, size = columns(space), len(space.values)
    out = np.empty((size, size), np.float32)
    in_threads(size, lambda first, last: _fill(ready, first, last, out))
    return out


@kernel
def _nearest(columns: Columns, chosen: Ints, first: int, last: int, labels: Ints, distance: Floats) -> None:
    room = np.empty(BLOCK)
    for start in range(first, last, BLOCK):
        block = room[: min(BLOCK, last - start)]
        least, label = distance[start : start + len(block)], labels[start : start + len(block)]
        for place in range(len(chosen)):
            measure(columns, chosen[place], start, block)
            for i in range(len(block)):
                nearer = block[i] < least[i]
                label[i] = place if nearer else label[i]
                least[i] = block[i] if nearer else least[i]


def nearest(space: Space, chosen: Ints) -> tuple[Ints, Floats]:
    """Find for every unit which of the chosen units is nearest, as a place among them, and how far it is.

    The first of equally near ones is taken, but a chosen unit is always its own.
    """
    ready, size, places = columns(space), len(space.values), np.array(chosen, np.int64)
    labels, distance = np.zeros(size, np.int64), np.full(size, np.inf)
    in_threads(size, lambda first, last: _nearest(ready, places, first, last, labels, distance))
    labels[places] = np.arange(len(places))
    return labels, distance


@kernel
def total(values: Floats) -> float:
    """Add up in four sums side by side, each of which need not wait for the others."""
    first = second = third = fourth = 0.0
    whole = len(values) // 4 * 4
    for i in range(0, whole, 4):
        first += values[i]
        second += values[i + 1]
        third += values[i + 2]
        fourth += values[i + 3]
    for i in range(whole, len(values)):
        first += values[i]
    return (first + second) + (third + fourth)


@kernel
def _totals(columns: Columns, others: int, first: int, last: int, out: Floats) -> None:
    room = np.empty(others)
    for unit in range(first, last):
        measure(columns, others + unit, 0, room)
        out[unit] = total(room)


def totals(space: Space, units: Ints, others: Ints) -> Floats:
    """Sum up the distances of each of some units to some others."""
    ready = columns(space._replace(values=space.values[np.concatenate([others, units])]))
    out = np.empty(len(units))
    in_threads(len(units), lambda first, last: _totals(ready, len(others), first, last, out))
    return out
