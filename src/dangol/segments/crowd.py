"""One crowd: units without groups, with the tails, ties and correlations of those at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PEAKS: Final = 64  # places that are tried for the peak
_CLOSE: Final = 1e-12  # of the range: no cell is narrower
_CROWDED: Final = 2  # a value with more than so many times its units has taken in a gap beside it


def crowds(values: Floats, sets: int, seed: int) -> list[Floats]:
    """Draw sets of units that are one crowd: each feature has one peak, and there is nothing but their correlation.

    A feature's distribution is the nearest one with a single peak: ties and tails stay, a valley between two peaks is
    filled. The features go together as their ranks do, by a normal copula. What a division of such a crowd looks like
    is what a long tail alone, whole numbers alone, or correlation alone can do.

    Args:
        values: a row per unit, a column per feature, finite.
        sets: how many to draw.
        seed: draws them.

    Returns:
        Arrays of the shape of ``values``.

    References:
        Grenander 1956, doi:10.1080/03461238.1956.10414944 (the monotone density); Hartigan, Hartigan 1985,
        doi:10.1214/aos/1176346577 (the nearest distribution with one peak).
    """
    from scipy.special import ndtr

    chance = np.random.default_rng(seed)
    root = _root(values)
    peaks = [one_peak(column) for column in values.T]
    return [
        np.column_stack([peak.at(level) for peak, level in zip(peaks, ndtr(root @ normal), strict=True)])
        for normal in chance.normal(size=(sets, values.shape[1], len(values)))
    ]


def _root(values: Floats) -> Floats:
    """Return a root of the correlation of normal scores."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = ndtri((rankdata(values, axis=0) - 0.5) / len(values))
    scores -= scores.mean(axis=0)
    widths = np.sqrt((scores**2).mean(axis=0))
    scores /= np.where(widths > 0, widths, 1)
    variances, axes = np.linalg.eigh(scores.T @ scores / len(values))
    root: Floats = axes * np.sqrt(np.maximum(variances, 0))
    return root


@dataclass(frozen=True, eq=False)
class Peak:
    """A distribution with one peak: cells around the values that occur, and the share of each.

    Attributes:
        value: the different values, ascending.
        low: where the cell of each begins: half way to the one before.
        width: of each cell.
        share: of the units in each cell.
        spread: whether the units of a cell lie all over it, and not at its value.
    """

    value: Floats
    low: Floats
    width: Floats
    share: Floats
    spread: npt.NDArray[np.bool_]

    def at(self, level: Floats) -> Floats:
        """Return the quantiles at levels between 0 and 1."""
        above = np.cumsum(self.share)
        cell = np.minimum(np.searchsorted(above, level), len(above) - 1)
        part = np.clip(1 - (above[cell] - level) / self.share[cell], 0, 1)
        return np.where(self.spread[cell], self.low[cell] + part * self.width[cell], self.value[cell])


def one_peak(column: Floats) -> Peak:
    """Return the distribution with one peak that is nearest to a column: its largest distance in the CDF is smallest.

    >>> peak = one_peak(np.array([0.0, 1, 1, 2, 8, 9, 9, 10]))  # the valley between 2 and 8 is filled
    >>> (peak.share * 8).round(1).tolist(), peak.spread.tolist()
    ([0.4, 0.8, 2.8, 2.8, 0.8, 0.4], [False, False, True, True, False, False])
    """
    value, counts = np.unique(column, return_counts=True)
    if len(value) < 2:
        return Peak(value, value, np.zeros(1), np.ones(1), np.zeros(1, bool))
    between = (value[1:] + value[:-1]) / 2
    low, high = np.concatenate([value[:1], between]), np.concatenate([between, value[-1:]])
    width = np.maximum(high - low, _CLOSE * (value[-1] - value[0]))
    total = np.cumsum(counts)
    tried = [_filled(counts, width, place) for place in _places(len(value))]
    units = min(tried, key=lambda one: float(np.abs(np.cumsum(one) - total).max()))
    return Peak(value, low, width, units / units.sum(), units > _CROWDED * counts)


def _places(cells: int) -> Ints:
    return np.unique(np.linspace(0, cells, _PEAKS).astype(np.int64))


def _filled(counts: Ints, width: Floats, place: int) -> Floats:
    """Return the units of each cell if densities may only rise before a place, and only fall from it on."""
    from scipy.optimize import isotonic_regression

    density = counts / width
    parts = ((density[:place], width[:place], True), (density[place:], width[place:], False))
    found = [isotonic_regression(one, weights=wide, increasing=rises).x for one, wide, rises in parts if len(one)]
    units: Floats = np.concatenate(found) * width
    return units
