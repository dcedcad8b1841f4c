"""Clustering many times over: parts of the units, and noise, as many at once as there are cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from dangol.core.errors import InputError
from dangol.kernels.distances import Space, pairwise
from dangol.kernels.medoids import fasterpam, lab
from dangol.kernels.threads import cores

from .methods import MATRIX, Fit, Plan, distinct, ladder
from .mixtures import gmm

MOST_PAIRS: Final = 2_000**2  # units squared, over all starts of k-medoids
One = TypeVar("One")
Other = TypeVar("Other")


def ladder_of(
    space: Space, plan: Plan, ks: Sequence[int], shapes: Sequence[str | None] | None = None
) -> list[Fit | None]:
    """Cluster for several numbers of segments; None from the number on for which too few units differ.

    ``shapes`` are the covariances of each mixture; without them all are tried.
    """
    found: list[Fit | None] = []
    with suppress(InputError):
        if plan.method == "gmm":
            pairs = zip(ks, shapes or [None] * len(ks), strict=True)
            found.extend(gmm(space.values, k, seed=plan.seed, starts=plan.starts, shape=shape) for k, shape in pairs)
        elif plan.method == "kmedoids" and len(space.values) <= MATRIX:
            found.extend(_kmedoids(space, plan, ks))
        else:
            found.extend(ladder(space, plan, ks))
    return found + [None] * (len(ks) - len(found))


def _kmedoids(space: Space, plan: Plan, ks: Sequence[int]) -> Iterator[Fit]:
    """Search from as many starts as k-means has, where so many cost next to nothing."""
    distance = pairwise(space)
    seeds = range(plan.seed, plan.seed + max(1, min(plan.starts, MOST_PAIRS // distance.size)))
    for k in ks:
        distinct(space.values, k)
        found = min((fasterpam(distance, lab(distance, k, one)) for one in seeds), key=lambda one: one.loss)
        yield Fit(found.labels, k, loss=found.loss, medoids=found.medoids)


def at_once(work: Callable[[One], Other], jobs: Iterable[One]) -> list[Other]:
    """Do jobs in as many threads as there are cores, each with one thread of its own below it."""
    import sklearn.cluster  # noqa: F401 - only what is loaded can be limited
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1), ThreadPoolExecutor(cores(), initializer=threadpool_limits, initargs=(1,)) as pool:
        return list(pool.map(work, jobs))
