"""Two by two tables: how strongly two yes-or-no things go together, plainly and with a third held equal.

All take counts in the order of ``proportions.newcombe``: how many of group a, out of ``n_a``, and of group b, out of
``n_b``, have the outcome. All work on whole arrays of tables at once.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STRIDE: Final = 256  # terms of a tail that are added up together
_SMALL: Final = 1e-17  # share of the sum below which further terms change nothing
_ENOUGH: Final = 5.0  # expected ones from which on the chi-square distribution is good enough
_TERMS: Final = 64  # of the distribution of a count that is expected to be less than that
_CLIPPED: Final = 40


def phi(count_a: npt.ArrayLike, n_a: npt.ArrayLike, count_b: npt.ArrayLike, n_b: npt.ArrayLike) -> Floats:
    """Return the correlation of being in group a with having the outcome, −1 to 1; NaN where one of them never varies.

    References: Yule 1912, doi:10.2307/2340126.

    >>> round(float(phi(20, 40, 10, 60)), 4)
    0.3563
    """
    a, m, b, n = _floats(count_a, n_a, count_b, n_b)
    have = a + b
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (a * (n - b) - b * (m - a)) / np.sqrt(m * n * have * (m + n - have))
    return found


def fisher(count_a: npt.ArrayLike, n_a: npt.ArrayLike, count_b: npt.ArrayLike, n_b: npt.ArrayLike) -> Floats:
    """Return the two-sided p-value of Fisher's exact test: twice the smaller one-sided value, at most 1.

    Given both margins, the count of group a is hypergeometric where group and outcome have nothing to do with each
    other; its two tails both hold the count found. A table that could not be otherwise has p = 1.

    References: Fisher 1935, doi:10.2307/2342435 (his convicts with twins: one-sided p = 619 / 1,330,665).

    >>> round(float(fisher(10, 13, 2, 17)) / 2 * 1330665)
    619
    """
    a, m, b, n = _floats(count_a, n_a, count_b, n_b)
    turned = a * n < b * m  # a low count of group a is a high one of group b: only upper tails are needed
    a, b, m, n = np.where(turned, b, a), np.where(turned, a, b), np.where(turned, n, m), np.where(turned, m, n)
    some = (m > 0) & (n > 0)
    p = np.ones(a.shape)
    if some.any():
        at, tail = _upper_tail(a[some], m[some], b[some], n[some])
        p[some] = np.minimum(2 * np.minimum(tail, 1 + at - tail), 1)
    return p


def _upper_tail(a: Floats, m: Floats, b: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return the hypergeometric probability of each count of group a, and of one as high or higher."""
    from scipy.special import gammaln

    def chosen(size: Floats, count: Floats) -> Floats:
        logarithm: Floats = gammaln(size + 1) - gammaln(count + 1) - gammaln(size - count + 1)
        return logarithm

    at = np.exp(chosen(m, a) + chosen(n, b) - chosen(m + n, a + b))
    total, term, open_ = np.ones(a.shape), np.ones(a.shape), np.arange(len(a))  # in units of the first term
    step = 0
    while len(open_):
        x = a[open_, None] + step + np.arange(_STRIDE)
        have = (a + b)[open_, None]
        up = np.maximum((m[open_, None] - x) * (have - x), 0) / ((x + 1) * (n[open_, None] - have + x + 1))
        terms = term[open_, None] * np.cumprod(np.where(x < np.minimum(m[open_, None], have), up, 0), axis=1)
        total[open_] += terms.sum(axis=1)
        term[open_] = terms[:, -1]
        open_ = open_[terms[:, -1] > _SMALL * total[open_]]
        step += _STRIDE
    return at, np.minimum(at * total, 1)


class Pooled(NamedTuple):
    """A comparison within strata: the difference with its interval, and the test that there is none."""

    difference: Floats
    lower: Floats
    upper: Floats
    statistic: Floats
    p: Floats


def mantel_haenszel(
    count_a: npt.ArrayLike, n_a: npt.ArrayLike, count_b: npt.ArrayLike, n_b: npt.ArrayLike, level: float = 0.95
) -> Pooled:
    """Compare the shares of two groups within strata, which lie along the last axis, and pool the differences.

    The difference, a minus b, is Mantel and Haenszel's (weights n_a · n_b / n), its interval Sato's; the statistic is
    Cochran's, Mantel's and Haenszel's chi-square, one degree of freedom, without continuity correction. Its p-value is
    wrong where hardly anybody has the outcome, or lacks it: where Mantel and Fleiss's criterion is below 5, p is that
    of the exact conditional test, twice the smaller tail, which for one stratum is Fisher's. Strata in which one of the
    groups is missing say nothing: where that is all, the difference is NaN, and p is 1.

    References: Mantel, Haenszel 1959, doi:10.1093/jnci/22.4.719; Cochran 1954, doi:10.2307/3001616; Sato, Greenland,
    Robins 1989, Biometrics 45(4):1323; Mantel, Fleiss 1980, American Journal of Epidemiology 112(1):129.

    The University Group Diabetes Program (Rothman, Greenland, Lash 2008, table 15-1): deaths with tolbutamide and with
    placebo, below and above 55 years of age; 90 % interval.

    >>> [round(float(one), 4) for one in mantel_haenszel([8, 22], [106, 98], [5, 16], [120, 85], level=0.9)]
    [0.0349, -0.0176, 0.0874, 1.1914, 0.275]
    """
    from scipy.special import erfc

    a, m, b, n = _floats(count_a, n_a, count_b, n_b)
    size = np.maximum(m + n, 1)
    weight, have = m * n / size, a + b
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = ((a * n - b * m) / size).sum(axis=-1) / weight.sum(axis=-1)
        half = _z(level) * np.sqrt(_sato(a, m, b, n, difference)) / weight.sum(axis=-1)
        spread = weight * have * (size - have) / (size * np.maximum(size - 1, 1))
        statistic = ((a - m * have / size).sum(axis=-1)) ** 2 / spread.sum(axis=-1)
    p: Floats = np.asarray(erfc(np.sqrt(statistic / 2)), np.float64)
    few = _room(m, n, have) < _ENOUGH
    if few.any():
        p = np.where(few, 1.0, p)
        p[few] = _exact(a[few], m[few], n[few], have[few])
    return Pooled(difference, np.maximum(difference - half, -1), np.minimum(difference + half, 1), statistic, p)


def _room(m: Floats, n: Floats, have: Floats) -> Floats:
    """Return Mantel and Fleiss's criterion: how far the expected count of group a is from what it can be, both ways."""
    expected = m * have / np.maximum(m + n, 1)
    low, high = np.maximum(have - n, 0), np.minimum(m, have)
    nearest: Floats = np.minimum((expected - low).sum(axis=-1), (high - expected).sum(axis=-1))
    return nearest


def _exact(a: Floats, m: Floats, n: Floats, have: Floats) -> Floats:
    """Return the p-values of the exact conditional test of some tables (rows) within strata (columns).

    Counted is how far group a's count is above the least it can be, or below the most, whichever is expected to be less
    (then under ``_ENOUGH``); that this comes to ``_CLIPPED`` or more is as good as impossible.
    """
    from scipy.special import gammaln

    def chosen(size: Floats, count: Floats) -> Floats:
        logarithm: Floats = gammaln(size + 1) - gammaln(count + 1) - gammaln(size - count + 1)
        return logarithm

    expected = m * have / np.maximum(m + n, 1)
    turn = (expected - np.maximum(have - n, 0)).sum(axis=-1) > (np.minimum(m, have) - expected).sum(axis=-1)
    have, a = np.where(turn[:, None], m + n - have, have), np.where(turn[:, None], m - a, a)
    low = np.maximum(have - n, 0)
    first = np.exp(chosen(m, low) + chosen(n, have - low) - chosen(m + n, have))
    total = np.zeros((len(a), _TERMS))  # the distribution of the sum over the strata so far
    total[:, 0] = 1
    varies = (low < np.minimum(m, have)).T
    for stratum, rows in enumerate(map(np.flatnonzero, varies)):
        total[rows] = _convolved(total[rows], *(one[rows, stratum] for one in (first, low, m, n, have)))
    found, rows = np.minimum((a - low).sum(axis=-1), _CLIPPED).astype(np.int64), np.arange(len(a))
    below, above = total.cumsum(axis=1)[rows, found], total[:, ::-1].cumsum(axis=1)[:, ::-1][rows, found]
    p: Floats = np.minimum(2 * np.minimum(below, above), 1)
    return p


def _convolved(total: Floats, chance: Floats, x: Floats, m: Floats, n: Floats, have: Floats) -> Floats:
    """Add one hypergeometric count, whose least value ``x`` has the probability ``chance``, to a sum's distribution."""
    added = np.zeros_like(total)
    for step in range(_TERMS):
        added[:, step:] += chance[:, None] * total[:, : _TERMS - step]
        chance = chance * np.maximum((m - x) * (have - x), 0) / ((x + 1) * (n - have + x + 1))
        chance = np.where(x < np.minimum(m, have), chance, 0)
        x = x + 1
        if not (chance > _SMALL).any():
            break
    return added


def _sato(a: Floats, m: Floats, b: Floats, n: Floats, difference: Floats) -> Floats:
    """Return the variance of the sum of weighted differences."""
    size = np.maximum(m + n, 1)
    first = (m**2 * b - n**2 * a + m * n * (n - m) / 2) / size**2
    second = (a * (n - b) + b * (m - a)) / (2 * size)
    variance: Floats = np.maximum(difference * first.sum(axis=-1) + second.sum(axis=-1), 0)
    return variance


def _floats(*values: npt.ArrayLike) -> tuple[Any, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(one, np.float64) for one in values)))


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
