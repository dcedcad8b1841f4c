"""Shares of a whole and their intervals, and the control of false discoveries."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)


def share(count: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """Divide counts by their denominators; a share of nothing is NaN.

    >>> share([1, 0], [4, 0]).tolist()
    [0.25, nan]
    """
    counts, totals = np.asarray(count, np.float64), np.asarray(n, np.float64)
    shares: Floats = np.full(np.broadcast(counts, totals).shape, np.nan)
    np.divide(counts, totals, out=shares, where=totals > 0)
    return shares


def wilson(count: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Wilson score interval of a proportion.

    References: Wilson 1927, doi:10.1080/01621459.1927.10502953; Newcombe 1998, doi:10.1002/(SICI)1097-0258.

    >>> [round(float(bound), 4) for bound in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    z = _z(level)
    total = np.asarray(n, np.float64)
    p = share(count, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (p + z * z / (2 * total)) / (1 + z * z / total)
        half = z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    lower, upper = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    return np.where(p == 0, 0.0, lower), np.where(p == 1, 1.0, upper)  # exact, where rounding would leave 1e-19


def newcombe(
    count_a: npt.ArrayLike, n_a: npt.ArrayLike, count_b: npt.ArrayLike, n_b: npt.ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the interval of the difference of two independent proportions, a minus b (Newcombe's method 10).

    References: Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    >>> [round(float(bound), 4) for bound in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    a, b = share(count_a, n_a), share(count_b, n_b)
    low_a, high_a = wilson(count_a, n_a, level)
    low_b, high_b = wilson(count_b, n_b, level)
    lower = a - b - np.sqrt((a - low_a) ** 2 + (high_b - b) ** 2)
    upper = a - b + np.sqrt((high_a - a) ** 2 + (b - low_b) ** 2)
    return lower, upper


def difference_p(count_a: npt.ArrayLike, n_a: npt.ArrayLike, count_b: npt.ArrayLike, n_b: npt.ArrayLike) -> Floats:
    """Return the two-sided p-value of the pooled z test that two independent proportions are equal.

    Equal to R's ``prop.test(c(56, 48), c(70, 80), correct = FALSE)``; NaN where nobody, or everybody, counts in both.

    >>> round(float(difference_p(56, 70, 48, 80)), 6)
    0.008045
    """
    a, b = share(count_a, n_a), share(count_b, n_b)
    first, second = np.asarray(n_a, np.float64), np.asarray(n_b, np.float64)
    pooled = share(np.add(count_a, count_b), first + second)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(a - b) / np.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
    tail: Any = np.vectorize(lambda value: 2 * NormalDist().cdf(-value) if np.isfinite(value) else np.nan, [np.float64])
    return np.asarray(tail(z), np.float64)


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """Return q-values: the smallest false-discovery rate at which each test would be called. NaN stays NaN.

    References: Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x (its 15 p-values: four at q = 0.05).

    >>> paper = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]
    >>> int((benjamini_hochberg(paper) <= 0.05).sum())
    4
    """
    values = np.asarray(p, np.float64)
    q = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")[::-1]]
    ranks = np.arange(len(order), 0, -1)
    q[order] = np.minimum.accumulate(np.minimum(values[order] * len(order) / np.maximum(ranks, 1), 1.0))
    return q
