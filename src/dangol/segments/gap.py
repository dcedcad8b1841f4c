"""What data without groups would do: they are clustered in the same way, and the real units are held to that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.kernels.distances import EUCLIDEAN, Space, space
from dangol.kernels.separation import separations
from dangol.kernels.silhouettes import squared_silhouettes

from .again import at_once, ladder_of
from .crowd import crowds
from .methods import BY_DENSITY, Fit, Plan
from .stability import part_plan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SETS: Final = 10  # of each kind of noise
MOST: Final = 750  # units in each; of more units a sample is held to them
STARTS: Final = {"kmeans": 2}  # here and there; of others one: they depend little on it
_NOTHING: Final = 1e-12  # of the squared distances: rounding
_CLEAR: Final = 3  # standard deviations of silhouettes
_TIGHT: Final = 5  # of tightness: features that share a factor (busy users do more of everything) reach 4
WITH_GAP: Final = ("kmeans", "kmedoids", "hierarchical")


@dataclass(frozen=True)
class Held:
    """What a way to divide units comes to in noise; NaN where it cannot be told.

    Attributes:
        silhouette: the mean silhouette in the stricter kind of noise; units left out count as 0.
        limit: three standard deviations above it; of methods by density half way from the highest that was found to 1.
        tighter: by how many standard deviations the squared distances within segments, as a logarithm of their share
            of all, are below those in noise, the stricter kind again; NaN of methods by density.
        gap: how much less the logarithm of the loss is than in uniform noise.
        gap_se: its standard error.
    """

    silhouette: float = math.nan
    limit: float = math.nan
    tighter: float = math.nan
    gap: float = math.nan
    gap_se: float = math.nan

    def beaten(self, worth: float) -> bool:
        """Whether segments are clearer than in noise: by their silhouette, or by how tight they are."""
        return not worth < self.limit or bool(self.tighter >= _TIGHT)


def noise_of(where: Space, ways: Sequence[tuple[Plan, Fit]], *, squared: bool, seed: int) -> Mapping[Plan, Held]:
    """Divide noise in the same ways, and tell by the plan of each what comes of it.

    There are two kinds of noise: uniform in the box along the principal axes of the units, which the gap statistic is
    of; and one crowd (see ``crowds``), as a long tail or whole numbers are cut into segments that uniform noise does
    not have.

    Args:
        where: the units; noise is known for Euclidean distances alone.
        ways: plans and what they found.
        squared: whether silhouettes are those of squared distances.
        seed: draws the noise, and the sample of more than 750 units.
    """
    if where.metric != EUCLIDEAN or not ways:
        return {}
    real = _sample(where.values, max(MOST, 10 * max(fit.k for _, fit in ways)), seed)
    sets = [real, *boxes(real, SETS, seed), *crowds(real, SETS, seed)]
    held: dict[Plan, Held] = {}
    for line, own in _lines(ways).items():
        plan = part_plan(line, len(real), len(where.values))
        fits = at_once(partial(_again, plan, own), sets)
        worths = np.array(at_once(lambda one: _worths(*one, squared), zip(sets[1:], fits[1:], strict=True)))
        told = _by_chance(worths) if line.method in BY_DENSITY else _told(sets, fits, worths)
        if line.method in WITH_GAP:
            told |= _gap(np.log([_losses(*one) for one in zip(sets[: SETS + 1], fits, strict=False)]))
        for place, (way, _) in enumerate(own):
            held[way] = Held(**{name: float(values[place]) for name, values in told.items()})
    return held


def _told(sets: Sequence[Floats], fits: Sequence[Sequence[Fit | None]], worths: Floats) -> dict[str, Floats]:
    """Tell silhouettes and tightness of noise: the first set holds the units, the others are halves of two kinds."""
    means, spreads = _kinds(worths)
    limits, every = means + _CLEAR * spreads, np.arange(worths.shape[1])
    stricter = limits.argmax(axis=0)
    left = np.log([[_left(values, fit) for fit in some] for values, some in zip(sets, fits, strict=True)])
    usual, spread = _kinds(left[1:])
    return {
        "silhouette": means[stricter, every],
        "limit": limits[stricter, every],
        "tighter": ((usual - left[0]) / np.where(spread > 0, spread, np.nan)).min(axis=0),
    }


def _by_chance(worths: Floats) -> dict[str, Floats]:
    """Tell what density finds in noise: something or nothing, so the limit is half way from the highest to 1.

    NaN where it is mostly nothing.
    """
    nothing = np.median(worths, axis=0) == 0
    usual, highest = worths.mean(axis=0), worths.max(axis=0)
    return {"silhouette": np.where(nothing, np.nan, usual), "limit": np.where(nothing, np.nan, (1 + highest) / 2)}


def _kinds(noise: Floats) -> tuple[Floats, Floats]:
    """Return means and standard deviations of two kinds of noise (rows): those of one k do not depend on other ks."""
    kinds = noise.reshape(2, SETS, -1)
    return kinds.mean(axis=1), kinds.std(axis=1, ddof=1) * np.sqrt(1 + 1 / SETS)


def _lines(ways: Sequence[tuple[Plan, Fit]]) -> dict[Plan, list[tuple[Plan, Fit]]]:
    """Put ways together that differ in the number of segments alone."""
    lines: dict[Plan, list[tuple[Plan, Fit]]] = {}
    for plan, fit in ways:
        lines.setdefault(replace(plan, k=None, cut=None, starts=STARTS.get(plan.method, 1)), []).append((plan, fit))
    return lines


def _again(plan: Plan, own: Sequence[tuple[Plan, Fit]], values: Floats) -> list[Fit | None]:
    if plan.method in BY_DENSITY:
        found = ladder_of(space(values), plan, [0])[0]
        return [found or Fit(np.full(len(values), -1), 0)]
    return ladder_of(space(values), plan, [fit.k for _, fit in own], [fit.chosen.get("covariances") for _, fit in own])


def _gap(losses: Floats) -> dict[str, Floats]:
    """Return the gap statistic and its standard error, from logarithms: of the units first, then of uniform noise."""
    error = losses[1:].std(axis=0) * np.sqrt(1 + 1 / SETS)
    return {"gap": losses[1:].mean(axis=0) - losses[0], "gap_se": error}


# ---- noise ------------------------------------------------------------------------------------------------------


def _sample(values: Floats, most: int, seed: int) -> Floats:
    if len(values) <= most:
        return values
    chance = np.random.default_rng(seed)
    return values[np.sort(chance.choice(len(values), most, replace=False))]


def boxes(values: Floats, sets: int, seed: int) -> list[Floats]:
    """Draw sets of noise, uniform in the box along the principal axes of units; in the axes of the units."""
    middle = values.mean(axis=0)
    axes = np.linalg.eigh((values - middle).T @ (values - middle))[1]
    turned = (values - middle) @ axes
    lowest, highest = turned.min(axis=0), turned.max(axis=0)
    chance = np.random.default_rng(seed)
    return [chance.uniform(lowest, highest, values.shape) @ axes.T + middle for _ in range(sets)]


# ---- measures ---------------------------------------------------------------------------------------------------


def _losses(values: Floats, fits: Sequence[Fit | None]) -> Floats:
    """Return the loss of each fit: its own, or the squared distances to the means; NaN where there is none."""
    losses = [
        np.nan if fit is None else fit.loss if fit.loss == fit.loss else within(values, fit.labels) for fit in fits
    ]
    return np.array([loss if loss > 0 else np.nan for loss in losses])


def _left(values: Floats, fit: Fit | None) -> float:
    """Return the share of squared distances that is left within segments; NaN if units are left out, or if none is."""
    if fit is None or (fit.labels < 0).any():
        return math.nan
    left, whole = within(values, fit.labels), float(((values - values.mean(axis=0)) ** 2).sum())
    return left / whole if left > _NOTHING * whole else math.nan


def within(values: Floats, labels: Ints) -> float:
    """Return the sum of squared distances to the means of the segments."""
    counts = np.bincount(labels)
    means = np.column_stack([np.bincount(labels, weights=column) for column in values.T]) / counts[:, None]
    return float(((values - means[labels]) ** 2).sum())


def _worths(values: Floats, fits: Sequence[Fit | None], squared: bool) -> Floats:
    """Return the mean silhouette of each fit, units left out counted as 0; 1 where each segment could be one point."""
    found = [fit.labels for fit in fits if fit is not None]
    if squared:
        widths = [squared_silhouettes(values, labels) for labels in found]
    else:
        widths = list(separations(space(values), np.array(found))) if found else []
    worths = [float(np.nansum(one)) / len(values) for one in widths]
    return np.array([*worths, *[1.0] * (len(fits) - len(found))])
