"""Methods: from points to labels, each method by its plan; what several numbers of segments share is made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice
from dangol.kernels.distances import Space, columns, measure, pairwise
from dangol.kernels.linkage import single_linkage
from dangol.kernels.means import means
from dangol.kernels.medoids import kmedoids

from .units import LARGEST

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Method = Literal["kmeans", "minibatch", "kmedoids", "hierarchical", "gmm", "dbscan", "hdbscan"]
Linkage = Literal["ward", "complete", "average", "weighted", "single", "centroid", "median"]
Metric = Literal["euclidean", "manhattan", "cosine", "gower"]

BY_DENSITY: Final = ("dbscan", "hdbscan")  # they find the number of segments, and leave noise
MATRIX: Final = 20_000  # units up to which all distances are kept
DENSE: Final = 8_000  # the same for scikit-learn, which makes several copies in double precision
_CENTRED: Final = ("ward", "centroid", "median")  # linkages of means, which need squared Euclidean distances
_MEANS: Final = ("kmeans", "minibatch", "gmm")
_STARTS: Final = 10
_SEEDS: Final = 2**32 - 1_000  # scikit-learn takes seeds below 2**32, and starts count on from them


@dataclass(frozen=True)
class Plan:
    """How to cluster: what is done to the features, the method and what it needs; plain data.

    ``transforms`` are steps, ``scale`` the last of them; ``extremes`` says whether units far from all others are set
    aside (``"own"``) or clustered with the rest (``"keep"``); ``starts`` is how often k-means begins anew.
    """

    method: str
    k: int | None = None
    cut: float | None = None
    linkage: str = "ward"
    metric: str = "euclidean"
    eps: float | None = None
    min_size: int | None = None
    transforms: tuple[str, ...] = ()
    scale: str = "robust"
    extremes: str = "own"
    seed: int = 0
    starts: int = _STARTS


@dataclass(frozen=True, eq=False)
class Fit:
    """What a method found.

    Attributes:
        labels: a segment from 0 for each unit; -1 is noise.
        k: how many segments there are, noise not counted.
        loss: what the method makes small: inertia of k-means, sum of distances to medoids; else NaN.
        bic: of a Gaussian mixture (the lower the better); else NaN.
        medoids: the rows that stand for the segments of k-medoids; else None.
        tree: the merges of hierarchical clustering, as SciPy writes them; else None.
        chosen: what the method chose by itself, by name: eps, the shape of covariances, the smallest segment.
    """

    labels: Ints
    k: int
    loss: float = float("nan")
    bic: float = float("nan")
    medoids: Ints | None = None
    tree: Floats | None = None
    chosen: dict[str, Any] = field(default_factory=dict)


def read_plan(plan: Plan) -> Plan:
    """Check a plan and return it, its numbers as JSON could hold them.

    Raises:
        InputError: for unknown words, numbers that cannot be, and what a method cannot use.
    """
    choice("method", plan.method, get_args(Method))
    choice("linkage", plan.linkage, get_args(Linkage))
    choice("metric", plan.metric, get_args(Metric))
    choice("extremes", plan.extremes, ("own", "keep"))
    _number("k", plan.k, 1, whole=True)
    _number("cut", plan.cut, 0)
    _number("eps", plan.eps, 0)
    _number("min_size", plan.min_size, 2, whole=True)
    read_seed(plan.seed)
    if plan.cut is not None and plan.method != "hierarchical":
        raise InputError(f"cut={plan.cut!r} is a height of a tree, and {plan.method} makes none; give k")
    if plan.cut is not None and plan.k is not None:
        raise InputError(f"k={plan.k!r} and cut={plan.cut!r} both say how many segments; give one of them")
    if plan.method in BY_DENSITY and plan.k is not None:
        raise InputError(f"{plan.method} finds the number of segments itself; give min_size instead of k={plan.k!r}")
    if plan.eps is not None and plan.method != "dbscan":
        raise InputError(f"eps={plan.eps!r} is the reach of dbscan, and {plan.method} has none; leave it out")
    if plan.min_size is not None and plan.method not in BY_DENSITY:
        raise InputError(f"min_size={plan.min_size!r} is for dbscan and hdbscan, not for {plan.method}; leave it out")
    if plan.metric != "euclidean" and plan.method in _MEANS:
        raise InputError(f"{plan.method} works with means, so metric={plan.metric!r} does not fit; use kmedoids")
    if plan.metric != "euclidean" and plan.method == "hierarchical" and plan.linkage in _CENTRED:
        raise InputError(
            f"linkage={plan.linkage!r} works with means, so metric={plan.metric!r} does not fit; use average linkage"
        )
    wholes = {name: None if (one := getattr(plan, name)) is None else int(one) for name in ("k", "min_size", "seed")}
    reals = {name: None if (one := getattr(plan, name)) is None else float(one) for name in ("cut", "eps")}
    return replace(plan, **wholes, **reals)  # type: ignore[arg-type]


def read_seed(seed: Any) -> int:
    """Check a seed and return it: what every method takes."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < _SEEDS:
        raise InputError(f"seed={seed!r} must be a whole number from 0 to {_SEEDS - 1:,}")
    return int(seed)


def _number(name: str, value: Any, least: float, *, whole: bool = False) -> None:
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= LARGEST:
        kind = "whole number" if whole else "number"
        raise InputError(f"{name}={value!r} must be a {kind} of at least {least:g}, and of {LARGEST:g} at most")


def needs_k(plan: Plan) -> bool:
    """Whether a plan does not say yet how many segments there are to be."""
    return plan.k is None and plan.cut is None and plan.method not in BY_DENSITY


def fit(space: Space, plan: Plan) -> Fit:
    """Cluster once.

    Raises:
        InputError: if there are more segments than units that differ, or too many units for the method.
    """
    if needs_k(plan):
        raise InputError(f"{plan.method} needs k, the number of segments; choose_clusters shows how many there are")
    return next(ladder(space, plan, [plan.k or 0]))


def ladder(space: Space, plan: Plan, ks: Sequence[int]) -> Iterator[Fit]:
    """Cluster for several numbers of segments; a method that needs none, or has a cut, yields once."""
    n = len(space.values)
    if plan.cut is None and plan.method not in BY_DENSITY and max(ks) > n:
        raise InputError(f"k={max(ks)} is more than the {n:,} units there are to cluster; choose a smaller k")
    if plan.method == "hierarchical":
        tree = grown(space, plan)
        cuts = ks if plan.cut is None else [None]
        for k in cuts:
            labels = _felled(tree, plan.cut, k)
            yield Fit(labels, int(labels.max()) + 1, tree=tree)
    elif plan.method == "kmedoids":
        yield from _medoids(space, plan, ks)
    elif plan.method == "dbscan":
        yield _dbscan(space, plan)
    elif plan.method == "hdbscan":
        yield _hdbscan(space, plan)
    else:
        one = {"kmeans": _kmeans, "minibatch": _minibatch, "gmm": _gmm}[plan.method]
        yield from (one(space.values, replace(plan, k=k)) for k in ks)


# ---- one method each --------------------------------------------------------------------------------------------


def _kmeans(values: Floats, plan: Plan) -> Fit:
    k = distinct(values, plan.k or 1)
    labels, loss = means(values, k, seed=plan.seed, starts=plan.starts)
    return Fit(labels, k, loss=loss)


def _minibatch(values: Floats, plan: Plan) -> Fit:
    from sklearn.cluster import MiniBatchKMeans

    k = distinct(values, plan.k or 1)
    made = _quietly(MiniBatchKMeans(k, n_init=3, batch_size=4096, random_state=plan.seed), values)
    labels = compact(made.labels_)
    return Fit(labels, int(labels.max()) + 1, loss=float(made.inertia_))


def _medoids(space: Space, plan: Plan, ks: Sequence[int]) -> Iterator[Fit]:
    matrix = pairwise(space) if len(space.values) <= MATRIX else None
    for k in ks:
        distinct(space.values, k)
        found = kmedoids(space, k, seed=plan.seed, distance=matrix)
        yield Fit(found.labels, k, loss=found.loss, medoids=found.medoids)


def _gmm(values: Floats, plan: Plan) -> Fit:
    from .mixtures import gmm  # it makes a Fit, so it stands above this module

    return gmm(values, plan.k or 1, seed=plan.seed, starts=plan.starts)


def _quietly(model: Any, values: Floats) -> Any:
    """Fit a model; what has not settled, or found fewer segments, is judged as it is: nobody is to be warned."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(values)


def grown(space: Space, plan: Plan) -> Floats:
    """Return the tree of all merges, as SciPy writes it.

    Raises:
        InputError: if the linkage needs all distances, and they would not fit into memory.
    """
    import fastcluster

    n = len(space.values)
    if plan.linkage == "single":
        return single_linkage(space)
    if plan.metric == "euclidean" and plan.linkage in _CENTRED:
        return np.asarray(fastcluster.linkage_vector(space.values, plan.linkage), np.float64)
    if n > MATRIX:
        raise InputError(
            f"linkage={plan.linkage!r} needs all distances between units, for up to {MATRIX:,}; there are {n:,}: use "
            "linkage='ward' or 'single', or another method"
        )
    # the distances are made for this alone, so they need no copy: of 20,000 units they are 1.6 GB
    return np.asarray(fastcluster.linkage(_condensed(space), plan.linkage, preserve_input=False), np.float64)


def _condensed(space: Space) -> Floats:
    """Return each distance once, those of the first unit to all after it first, as SciPy has them."""
    ready, size = columns(space), len(space.values)
    distances, at = np.empty(size * (size - 1) // 2), 0
    for unit in range(size - 1):
        measure(ready, unit, unit + 1, distances[at : at + size - 1 - unit])
        at += size - 1 - unit
    return distances


def _felled(tree: Floats, cut: float | None, k: int | None) -> Ints:
    """Cut a tree at a height (merges at the height are made), or undo the last merges until there are k parts."""
    from scipy.cluster.hierarchy import fcluster

    if cut is not None:
        return compact(fcluster(tree, cut, "distance"))
    ranked = tree.copy()  # equal heights, and those of centroid and median that fall, are cut in the order of merging
    ranked[:, 2] = np.arange(len(tree))
    return compact(fcluster(ranked, len(tree) - (k or 1) + 0.5, "distance"))


def _dbscan(space: Space, plan: Plan) -> Fit:
    from sklearn.cluster import DBSCAN

    points, metric = _for_sklearn(space, plan)
    least = min(plan.min_size or max(4, 2 * space.values.shape[1]), len(space.values) + 1)
    reach = plan.eps if plan.eps is not None else knee(np.sort(kth_distances(points, metric, least)))
    if reach <= 0:
        raise InputError("more than half of the units have neighbours at distance 0, so dbscan has no reach; give eps")
    labels = compact(DBSCAN(eps=reach, min_samples=least, metric=metric).fit(points).labels_)
    return Fit(labels, int(labels.max()) + 1, chosen={"eps": float(reach), "min_size": least})


def _hdbscan(space: Space, plan: Plan) -> Fit:
    from sklearn.cluster import HDBSCAN

    points, metric = _for_sklearn(space, plan)
    least = min(plan.min_size or max(5, len(space.values) // 100), len(space.values))
    labels = compact(HDBSCAN(min_cluster_size=least, metric=metric, copy=True).fit(points).labels_)
    return Fit(labels, int(labels.max()) + 1, chosen={"min_size": least})


def _for_sklearn(space: Space, plan: Plan) -> tuple[Any, str]:
    """Return what scikit-learn is to be given, points or distances, and the name of its metric."""
    if plan.metric in ("euclidean", "manhattan"):
        return space.values, plan.metric
    if len(space.values) > DENSE:
        raise InputError(
            f"{plan.method} with metric={plan.metric!r} needs all distances, for up to {DENSE:,} units; there are "
            f"{len(space.values):,}: use kmedoids"
        )
    return np.asarray(pairwise(space), np.float64), "precomputed"


def kth_distances(points: Any, metric: str, least: int) -> Floats:
    """Return every unit's distance to the last of its ``least`` nearest, itself counted."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(least, len(points)), metric=metric).fit(points)
    distances: Floats = near.kneighbors(points)[0][:, -1]
    return distances


def knee(ascending: Floats) -> float:
    """Return the value at which an ascending curve bends most: farthest below the line between its ends.

    >>> knee(np.array([1.0, 1.1, 1.2, 1.3, 5.0]))
    1.3
    """
    line = np.linspace(ascending[0], ascending[-1], len(ascending))
    return float(ascending[int(np.argmax(line - ascending))])


# ---- labels -----------------------------------------------------------------------------------------------------


def distinct(values: Floats, k: int) -> int:
    """Return k if so many units differ."""
    some = len(np.unique(values[: 50 * k], axis=0))  # enough, nearly always
    differ = some if some >= k else len(np.unique(values, axis=0))
    if differ >= k:
        return k
    raise InputError(f"k={k} is more than the {differ:,} different units there are; choose a smaller k")


def compact(labels: npt.NDArray[Any]) -> Ints:
    """Number segments from 0 without gaps; noise stays -1."""
    found, codes = np.unique(labels[labels >= 0], return_inverse=True)
    compact = np.full(len(labels), -1, np.int64)
    compact[labels >= 0] = codes if len(found) else 0
    return compact
