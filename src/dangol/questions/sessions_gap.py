"""The idle time that separates visits, suggested from the idle times themselves."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FEWEST: Final = 200  # idle times below which nothing is suggested
_STARTS: Final = ((0.25, 0.75), (0.1, 0.9), (0.5, 0.95))  # quantiles at which the two components begin
_ROUNDS: Final = 200
_CLOSE: Final = 1e-7  # gain in mean log-likelihood at which a fit stands still
_APART: Final = 2.0  # Ashman's D above which two normal components are separate
_SMALLEST: Final = 0.05  # share of idle times that each component must have
_VALLEY: Final = 0.75  # of the times near either mean: with fewer near the crossing, there is a valley
_NEAR: Final = 0.2  # decades to either side that are near


def suggested_gap(counts: Ints, edges: Ints) -> float | None:
    """Suggest the idle time that separates visits: where the two components of a mixture cross.

    Two normal components are fitted to log10 of the idle times by expectation and maximisation; between their means
    lies the point where a time is as likely to be of one as of the other.

    Args:
        counts: idle times in each bin; those of zero length, in the first bin, have no logarithm and are left out.
        edges: the bins' edges in microseconds, ascending.

    Returns:
        Microseconds; None below 200 idle times, or where the components are not separate: Ashman's D of at most 2, one
        with less than 5 % of the times, or no valley between them: the times within 0.2 decades of the crossing must be
        under three quarters of those within 0.2 decades of either mean.

    References:
        Halfaker et al. 2015, doi:10.1145/2736277.2741117; Ashman, Bird, Zepf 1994, doi:10.1086/117248.
    """
    used = np.flatnonzero(counts[1:]) + 1
    n = counts[used].astype(np.float64)
    if n.sum() < _FEWEST or len(used) < 2:
        return None
    x = np.log10((edges[used] + np.maximum(edges[used + 1] - 1, edges[used])) / 2)
    fits = [_fitted(x, n, start) for start in _STARTS]
    _, weight, mean, deviation = max(fits, key=lambda fit: fit[0])
    order = np.argsort(mean)
    weight, mean, deviation = weight[order], mean[order], deviation[order]
    apart = np.sqrt(2) * (mean[1] - mean[0]) / np.hypot(*deviation)
    if apart <= _APART or weight.min() < _SMALLEST:
        return None
    crossing = _crossing(weight, mean, deviation)
    if crossing is None or _around(x, n, crossing) >= _VALLEY * min(_around(x, n, float(one)) for one in mean):
        return None
    return float(10**crossing)


def _around(x: Floats, n: Floats, place: float) -> float:
    return float(n[np.abs(x - place) <= _NEAR].sum())


def _fitted(x: Floats, n: Floats, start: tuple[float, float]) -> tuple[float, Floats, Floats, Floats]:
    """Fit two components from one start; return the mean log-likelihood, the weights, means and deviations."""
    total = n.sum()
    middle = (n * x).sum() / total
    spread = max(float(np.sqrt((n * (x - middle) ** 2).sum() / total)), 0.05)
    mean = x[np.minimum(np.searchsorted(n.cumsum(), np.array(start) * total), len(x) - 1)]
    weight, deviation = np.full(2, 0.5), np.full(2, spread / 2)
    before = -np.inf
    for _ in range(_ROUNDS):
        density = _densities(x, weight, mean, deviation)
        both = np.maximum(density.sum(axis=0), 1e-300)
        likelihood = float((n * np.log(both)).sum() / total)
        if likelihood - before < _CLOSE:
            break
        before = likelihood
        part = n * density / both
        size = np.maximum(part.sum(axis=1), 1e-12)
        weight, mean = size / total, (part * x).sum(axis=1) / size
        deviation = np.sqrt((part * (x - mean[:, None]) ** 2).sum(axis=1) / size)
        deviation = np.maximum(deviation, 0.02)  # no narrower than a bin, or a single value would take a component
    return before, weight, mean, deviation


def _densities(x: Floats, weight: Floats, mean: Floats, deviation: Floats) -> Floats:
    z = (x - mean[:, None]) / deviation[:, None]
    density: Floats = weight[:, None] * np.exp(-0.5 * z * z) / (np.sqrt(2 * np.pi) * deviation[:, None])
    return density


def _crossing(weight: Floats, mean: Floats, deviation: Floats) -> float | None:
    """Find by halving where the two weighted densities are equal between the means."""
    low, high = float(mean[0]), float(mean[1])

    def first_leads(x: float) -> bool:
        first, second = _densities(np.array([x]), weight, mean, deviation)[:, 0]
        return bool(first > second)

    if not first_leads(low) or first_leads(high):
        return None
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if first_leads(middle) else (low, middle)
    return low
