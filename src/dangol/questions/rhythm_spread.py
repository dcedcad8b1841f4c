"""How unevenly activity is spread over the cells of the week, and whether it could be even."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVELS: Final = ("hour", "weekday", "hour of week")
_DRAWS: Final = 1000
_AT_ONCE: Final = 100  # draws made together, to keep memory small
_NAN: Final = float("nan")


class Spread(NamedTuple):
    """The coefficient of variation of cells' rates, without the noise of chance and with its interval; and the test.

    The test is of equal rates.
    """

    cv: float
    cv_adjusted: float
    lower: float
    upper: float
    chi2: float
    df: float
    p: float


def gathered(values: npt.NDArray[Any], level: str) -> npt.NDArray[Any]:
    """Add up the 168 hours of the week (the last axis) to the cells of a level."""
    if level == LEVELS[2]:
        return values
    week = values.reshape(*values.shape[:-1], 7, 24)
    found: npt.NDArray[Any] = week.sum(axis=-2 if level == LEVELS[0] else -1)
    return found


def variation(amounts: npt.NDArray[Any], exposure: Floats) -> Floats:
    """Return population standard deviation over mean of each row's rates; cells without exposure are left out.

    >>> variation(np.array([[1.0, 3.0, 9.0]]), np.array([1.0, 1.0, 0.0])).tolist()
    [0.5]
    """
    seen = exposure > 0
    found: Floats = np.full(len(amounts), np.nan)
    if not seen.any():
        return found
    rates = amounts[:, seen] / exposure[seen]
    mean = rates.mean(axis=1)
    np.divide(rates.std(axis=1), mean, out=found, where=mean > 0)
    return found


def spreads(clusters: Ints, exposure: Floats, seed: tuple[int, int]) -> dict[str, Spread]:
    """Measure the spread of events over the cells of each level.

    Args:
        clusters: events of each group of users (rows) in each hour of the week.
        exposure: how long each hour of the week lasted.
        seed: of the bootstrap, which draws the groups anew.
    """
    some = clusters[clusters.sum(axis=1) > 0].astype(np.float64)
    drawn = _drawn(some, seed) if len(some) > 1 else None
    found = {}
    for level in LEVELS:
        hours = gathered(exposure, level)
        cv = float(variation(gathered(some.sum(axis=0)[None], level), hours)[0])
        adjusted = (_NAN, _NAN, _NAN)
        if drawn is not None:
            adjusted = _adjusted(cv, variation(gathered(drawn, level), hours))
        found[level] = Spread(cv, *adjusted, *even(gathered(some, level), hours))
    return found


def _adjusted(cv: float, drawn: Floats) -> tuple[float, float, float]:
    """Take the noise of chance off a coefficient of variation; return it with its 95 % interval.

    Chance makes even rates differ, so a squared coefficient is too large by the noise of its rates, and that of a draw
    by as much again: the excess of the draws' mean says how much that is.
    """
    squares = drawn**2
    noise = float(squares.mean()) - cv**2
    lower, upper = np.quantile(squares, [0.025, 0.975]).tolist()
    found = np.sqrt(np.maximum([cv**2 - noise, lower - 2 * noise, upper - 2 * noise], 0))
    return float(found[0]), float(found[1]), float(found[2])


def _drawn(clusters: Floats, seed: tuple[int, int]) -> Floats:
    """Return the totals of the cells, with the groups drawn anew, for each draw."""
    random = np.random.default_rng(seed)
    size, totals = len(clusters), []
    for _ in range(_DRAWS // _AT_ONCE):
        chosen = random.integers(0, size, (_AT_ONCE, size)) + size * np.arange(_AT_ONCE)[:, None]
        weight = np.bincount(chosen.ravel(), minlength=_AT_ONCE * size).reshape(_AT_ONCE, size)
        totals.append(weight.astype(np.float64) @ clusters)
    return np.concatenate(totals)


def even(clusters: Floats, exposure: Floats) -> tuple[float, float, float]:
    """Test whether events come at the same rate in all cells; return chi-square, degrees of freedom and p.

    Pearson's statistic against counts in proportion to exposure, corrected to the second order (Rao and Scott) by the
    eigenvalues of the cells' covariance between groups of users: that of the deviations from each group's own expected
    counts. The sum of its squared eigenvalues is estimated without the groups' products with themselves, as these would
    inflate it wherever groups are not many more than cells.
    """
    seen = exposure > 0
    counts = clusters[:, seen]
    total, cells, size = counts.sum(), int(seen.sum()), len(counts)
    if cells < 2 or size < 2:
        return _NAN, _NAN, _NAN
    from scipy.special import gammaincc

    expected = exposure[seen] / exposure[seen].sum()
    off = (counts - counts.sum(axis=1, keepdims=True) * expected) / np.sqrt(total * expected)
    pearson = float((off.sum(axis=0) ** 2).sum())
    off -= off.mean(axis=0)
    own, small = (off**2).sum(axis=1), size / (size - 1)
    trace = small * float(own.sum())
    squared = small**3 * (float(((off.T @ off) ** 2).sum()) - float((own**2).sum()))
    if trace <= 0:  # every group deviates in the same way
        return _NAN, _NAN, _NAN
    squared = max(squared, trace**2 / (cells - 1))  # there are no more degrees of freedom than that
    chi2, df = pearson * trace / squared, trace**2 / squared
    return chi2, df, float(gammaincc(df / 2, chi2 / 2))
