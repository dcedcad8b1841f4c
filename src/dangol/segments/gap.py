"""What noise would do: units without structure are clustered in the same way, and the real ones are held to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.kernels.distances import EUCLIDEAN, Space, space
from dangol.kernels.separation import separations
from dangol.kernels.silhouettes import squared_silhouettes

from .again import at_once, ladder_of
from .methods import Fit, Plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SETS: Final = 10  # of noise
MOST: Final = 1_000  # units in each; of more units a sample is held to them
STARTS: Final = 2  # of k-means and k-medoids, here and there
WITH_GAP: Final = ("kmeans", "kmedoids", "hierarchical")


@dataclass(frozen=True, eq=False)
class Noise:
    """What came of noise, a place for each number of segments; NaN where it cannot be told.

    Attributes:
        ks: the numbers of segments.
        gap: by method, how much less the logarithm of the loss is than in noise.
        gap_se: by method, its standard error.
        silhouette: the mean silhouette of k-means in noise.
        spread: the standard deviation of that from one set of noise to the next, pooled.
        units: how many units there were in each set.
    """

    ks: tuple[int, ...]
    gap: dict[str, Floats]
    gap_se: dict[str, Floats]
    silhouette: Floats
    spread: float
    units: int

    def beaten(self, k: int) -> float:
        """Return the silhouette above which k segments are better than those of noise, by three standard deviations."""
        return self.expected(k) + 3 * self.spread

    def expected(self, k: int) -> float:
        """Return the silhouette that noise has with k segments, or with the nearest numbers that were tried."""
        return float(np.interp(k, self.ks, self.silhouette))


def noise_of(where: Space, plans: Sequence[Plan], ks: Sequence[int], *, squared: bool, seed: int) -> Noise:
    """Cluster sets of noise, uniform in the box along the principal axes of the units.

    Args:
        where: the units; noise is known for Euclidean distances alone.
        plans: a plan for each method that the gap statistic is wanted of.
        ks: numbers of segments.
        squared: whether silhouettes are those of squared distances.
        seed: draws the noise, and the sample of more than 1,000 units.
    """
    nothing = np.full(len(ks), np.nan)
    if where.metric != EUCLIDEAN:
        return Noise(tuple(ks), {}, {}, nothing, np.nan, 0)
    real, *noise = _sets(where.values, max(MOST, 10 * max(ks)), seed)
    wanted = {plan.method: replace(plan, starts=STARTS) for plan in plans if plan.method in WITH_GAP}
    lines = {**wanted, "kmeans": wanted.get("kmeans", Plan("kmeans", starts=STARTS, seed=seed))}
    jobs = [(plan, values) for values in (real, *noise) for plan in lines.values()]
    done = iter(at_once(lambda job: ladder_of(space(job[1]), job[0], ks), jobs))
    fits = [{method: next(done) for method in lines} for _ in (real, *noise)]
    losses = {
        method: np.log([_losses(values, fits[place][method]) for place, values in enumerate((real, *noise))])
        for method in wanted
    }
    widths = np.array([_widths(values, one["kmeans"], squared) for values, one in zip(noise, fits[1:], strict=True)])
    return Noise(
        ks=tuple(ks),
        gap={method: loss[1:].mean(axis=0) - loss[0] for method, loss in losses.items()},
        gap_se={method: loss[1:].std(axis=0) * np.sqrt(1 + 1 / SETS) for method, loss in losses.items()},
        silhouette=widths.mean(axis=0),
        spread=float(np.sqrt(widths.var(axis=0, ddof=1).mean() * (1 + 1 / SETS))),
        units=len(real),
    )


def _sets(values: Floats, most: int, seed: int) -> list[Floats]:
    """Return the units, or a sample of them, along their principal axes, and sets of noise in the same box."""
    chance = np.random.default_rng(seed)
    if len(values) > most:
        values = values[np.sort(chance.choice(len(values), most, replace=False))]
    centred = values - values.mean(axis=0)
    turned = centred @ np.linalg.eigh(centred.T @ centred)[1]
    lowest, highest = turned.min(axis=0), turned.max(axis=0)
    return [turned, *(chance.uniform(lowest, highest, turned.shape) for _ in range(SETS))]


def _losses(values: Floats, fits: Sequence[Fit | None]) -> Floats:
    """Return the loss of each fit: its own, or the squared distances to the means; NaN where there is none."""
    losses = [
        np.nan if fit is None else fit.loss if fit.loss == fit.loss else within(values, fit.labels) for fit in fits
    ]
    return np.array([loss if loss > 0 else np.nan for loss in losses])


def within(values: Floats, labels: Ints) -> float:
    """Return the sum of squared distances to the means of the segments."""
    counts = np.bincount(labels)
    means = np.column_stack([np.bincount(labels, weights=column) for column in values.T]) / counts[:, None]
    return float(((values - means[labels]) ** 2).sum())


def _widths(values: Floats, fits: Sequence[Fit | None], squared: bool) -> Floats:
    """Return the mean silhouette of each fit."""
    found = [np.full(len(values), -1) if fit is None else fit.labels for fit in fits]
    if squared:
        return np.array([squared_silhouettes(values, labels).mean() for labels in found])
    means: Floats = separations(space(values), np.array(found)).mean(axis=1)
    return means
