"""What ``choose_clusters`` computes: every way to divide the units, measured, resampled, and held against noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError
from dangol.kernels.distances import Space
from dangol.kernels.separation import separations

from .again import at_once, ladder_of
from .gap import Held, noise_of
from .methods import Fit, Plan, ladder
from .mixtures import gmm
from .prepare import Prepared, points
from .quality import EXACT, Measures, everybody, kind, measured, widths, with_extremes, worth
from .segment_words import FRAGILE, LOPSIDED
from .stability import adjusted_rand, draws, part_plan, told

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TIE: Final = 0.02  # silhouettes that differ by no more are called equal
SHARES: Final = (0.01, 0.02, 0.05)  # of the core: the smallest segments that hdbscan tries
STARTS: Final = 3  # of k-means in resamples, and for many units
LIKE_NOISE: Final = "like noise"  # the verdict
_SLOWEST: Final = ("hierarchical", "kmedoids", "hdbscan", "gmm")  # they are begun first, so that no thread is idle


@dataclass(frozen=True, eq=False)
class Choice:
    """One way to divide the core: how it was made, how good it is, and what speaks against it.

    Attributes:
        plan: how it was made, with its k or smallest size.
        fit: what came of it.
        measures: its quality.
        stability: its agreement with the same way in resamples.
        held: what the same way comes to in noise.
        verdict: ``recommended``, ``near tie``, or what speaks against it; "" if it is merely not the best.
    """

    plan: Plan
    fit: Fit
    measures: Measures
    stability: Mapping[str, Any]
    held: Held
    verdict: str = ""

    @property
    def worth(self) -> float:
        """The silhouette by which ways are compared."""
        return worth(self.measures)


def choices(ready: Prepared, plans: Sequence[Plan], ks: Sequence[int], resamples: int, least: int) -> list[Choice]:
    """Divide the core in every way, and judge each."""
    seed = plans[0].seed
    fits = _fits(ready, plans, ks)
    if not fits:
        return []
    measures = _measured(ready, [fit for _, fit in fits])
    drawn = draws(len(ready.core), resamples, seed)
    scores = _scores(ready, fits, drawn)
    held = noise_of(ready.space, fits, squared=kind(ready.space) == "squared", seed=seed)
    units = len(drawn[0]) if drawn else 0
    made = [
        Choice(plan, fit, one, told(list(score), units), held.get(plan, Held()))
        for (plan, fit), one, score in zip(fits, measures, scores.T, strict=True)
    ]
    return judged([replace(one, verdict=_against(one, least)) for one in made])


# ---- dividing ---------------------------------------------------------------------------------------------------


def _fits(ready: Prepared, plans: Sequence[Plan], ks: Sequence[int]) -> list[tuple[Plan, Fit]]:
    """Divide the core by each method with each k; of hdbscan, keep one way for each number of segments it finds."""
    jobs = [job for plan in plans for job in _jobs(plan, ks, len(ready.core))]
    jobs.sort(key=lambda job: _SLOWEST.index(job[0].method) if job[0].method in _SLOWEST else len(_SLOWEST))
    done = at_once(lambda job: _fitted(ready.space, *job), jobs)
    fits = [(replace(plan, k=k or None), fit) for (plan, _), some in zip(jobs, done, strict=True) for k, fit in some]
    order = [plan.method for plan in plans]
    found: dict[tuple[int, int], tuple[Plan, Fit]] = {}
    for plan, fit in sorted(fits, key=lambda one: (one[0].k or 0, one[0].min_size or 0)):
        if fit.k > 1:
            found.setdefault((order.index(plan.method), fit.k), (plan, fit))
    return [found[key] for key in sorted(found)]


def _fitted(space: Space, plan: Plan, ks: Sequence[int]) -> list[tuple[int, Fit]]:
    if plan.method == "gmm":
        return [(k, gmm(space.values, k, seed=plan.seed, starts=plan.starts)) for k in ks]
    return list(zip(ks, ladder(space, plan, ks), strict=True))


def _jobs(plan: Plan, ks: Sequence[int], n: int) -> list[tuple[Plan, list[int]]]:
    """Part the work: what several numbers of segments share is not parted."""
    if plan.method == "hdbscan":
        return [(replace(plan, min_size=size), [0]) for size in sorted({max(5, math.ceil(n * one)) for one in SHARES})]
    if plan.method == "dbscan":
        return [(plan, [0])]
    if plan.method in ("hierarchical", "kmedoids"):
        return [(plan, list(ks))]
    return [(plan, [k]) for k in reversed(ks)]


# ---- measuring --------------------------------------------------------------------------------------------------


def _measured(ready: Prepared, fits: Sequence[Fit]) -> list[Measures]:
    """Measure all ways at once."""
    labels = np.array([fit.labels for fit in fits])
    alike = len(ready.rows) == len(ready.everybody)
    whole = labels if alike else np.array([with_extremes(ready, one) for one in labels])
    if len(ready.everybody) <= EXACT:
        inner = separations(ready.space, labels)
        outer = inner if alike else separations(everybody(ready), whole)
    else:
        inner = np.array(at_once(lambda one: widths(ready.space, one), labels))
        outer = inner if alike else np.array(at_once(lambda one: widths(everybody(ready), one), whole))
    jobs = zip(labels, inner, outer, strict=True)
    return at_once(lambda job: measured(ready.space, *job), jobs)


def _scores(ready: Prepared, fits: Sequence[tuple[Plan, Fit]], drawn: Sequence[Ints]) -> Floats:
    """Return the agreement of each resample (row) with each way (column)."""
    lines: dict[Plan, list[tuple[int, Fit]]] = {}
    for plan, fit in fits:
        lines.setdefault(replace(plan, k=None, starts=STARTS), []).append((plan.k or 0, fit))

    def scores(rows: Ints) -> list[float]:
        try:
            part = points(ready.core.taken(rows), fits[0][0])
        except InputError:
            return [0.0] * len(fits)
        found = []
        for plan, own in lines.items():
            shapes = [fit.chosen.get("covariances") for _, fit in own]
            again = ladder_of(part, part_plan(plan, len(rows), len(ready.core)), [k for k, _ in own], shapes)
            pairs = zip(own, again, strict=True)
            found += [adjusted_rand(fit.labels[rows], None if one is None else one.labels) for (_, fit), one in pairs]
        return found

    return np.array(at_once(scores, drawn)).reshape(-1, len(fits))


# ---- judging ----------------------------------------------------------------------------------------------------


def _against(choice: Choice, least: int) -> str:
    """Name what speaks against a way, the gravest first."""
    measures, stability = choice.measures, choice.stability["mean"]
    if float(measures["smallest"] or 0) < least:
        return "too small"
    if float(measures["largest_share"] or 0) > LOPSIDED:
        return "lopsided"
    if stability is not None and stability < FRAGILE:
        return "fragile"
    return "" if choice.held.beaten(choice.worth) else LIKE_NOISE


def judged(made: Sequence[Choice]) -> list[Choice]:
    """Recommend the best of the ways that nothing speaks against: of near ties that with the fewest segments."""
    fit = [one for one in made if not one.verdict]
    if not fit:
        return list(made)
    best = max(one.worth for one in fit)
    near = [one for one in fit if one.worth >= best - TIE]
    chosen = min(near, key=lambda one: (one.fit.k, -(one.stability["mean"] or 0), -one.worth))
    return [
        replace(one, verdict="recommended" if one is chosen else "near tie") if one in near else one for one in made
    ]


def leading(made: Sequence[Choice]) -> int | None:
    """Return the place of the recommended way; without one, that of the best with nothing but noise against it.

    Where silhouettes are those of noise they decide little: of near ties the most stable leads.
    """
    fair = [one for one in made if one.verdict == LIKE_NOISE]
    best = max((one.worth for one in fair), default=0.0)

    def rank(at: int) -> tuple[bool, bool, float, float]:
        one = made[at]
        near = one.verdict == LIKE_NOISE and one.worth >= best - TIE
        return one.verdict == "recommended", near, float(one.stability["mean"] or 0) if near else 0.0, one.worth

    return max(range(len(made)), key=rank, default=None)


# ---- other scales -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scaled:
    """The leading way with another scale: its agreement with the leading one, and its silhouette in its own space."""

    scale: str
    agreement: float
    silhouette: float


def rescaled(ready: Prepared, choice: Choice, scales: Sequence[str]) -> list[Scaled]:
    """Divide the same core in the same way with other scales; the first that is told is the way's own."""

    def one(scale: str) -> Scaled:
        if scale == choice.plan.scale:
            return Scaled(scale, 1.0, float(choice.measures["silhouette"] or math.nan))
        plan = replace(choice.plan, scale=scale, starts=STARTS)
        space = points(ready.core, plan)
        fit = ladder_of(space, plan, [plan.k or 0])[0]
        if fit is None:
            return Scaled(scale, math.nan, math.nan)
        inner = widths(space, fit.labels)
        known = inner[~np.isnan(inner)]
        return Scaled(
            scale, adjusted_rand(choice.fit.labels, fit.labels), float(known.mean()) if len(known) else math.nan
        )

    return at_once(one, scales)
