"""How well segments hold together: silhouettes and other measures, in the space in which the units were clustered."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.kernels.distances import EUCLIDEAN, Space
from dangol.kernels.silhouettes import silhouettes, squared_silhouettes

from .prepare import Prepared

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EXACT: Final = 20_000  # units up to which all distances are looked at
Measures = dict[str, float | int | str | None]


def measures(ready: Prepared, labels: Ints) -> Measures:
    """Measure segments; None is what cannot be told, such as the silhouette of a single segment.

    Returns:
        ``k`` segments; ``silhouette``, the mean over units; ``silhouette_macro``, the mean over segments of their
        means; ``silhouette_all``, the mean over all units with the extremes as segments; ``silhouette_kind``:
        ``exact`` by mean distances, ``squared`` by mean squared Euclidean distances where there are many units,
        ``sample`` by mean distances within a sample (other metrics, many units); ``davies_bouldin`` (lower is better)
        and ``calinski_harabasz`` (higher is better), of Euclidean distances alone; ``smallest``, units of the smallest
        segment; ``largest_share`` and ``noise``, shares of the core.
    """
    inner = widths(ready.space, labels)
    outer = inner if len(ready.rows) == len(ready.everybody) else widths(everybody(ready), with_extremes(ready, labels))
    return measured(ready.space, labels, inner, outer)


def measured(space: Space, labels: Ints, inner: Floats, outer: Floats) -> Measures:
    """Measure segments whose silhouettes are known, those of the core and those of all units."""
    sizes = np.bincount(labels[labels >= 0])
    spread = _spread(space, labels) if space.metric == EUCLIDEAN else (math.nan, math.nan)
    known: dict[str, float | int | str] = {
        "k": len(sizes),
        "silhouette": mean(inner),
        "silhouette_macro": macro(inner, labels),
        "silhouette_all": mean(outer),
        "silhouette_kind": kind(space),
        "davies_bouldin": spread[0],
        "calinski_harabasz": spread[1],
        "smallest": int(sizes.min()) if len(sizes) else 0,
        "largest_share": float(sizes.max() / len(labels)) if len(sizes) else 0.0,
        "noise": float((labels < 0).mean()),
    }
    return {name: None if value != value else value for name, value in known.items()}


def worth(measures: Mapping[str, Any]) -> float:
    """Return the silhouette by which segments are compared: a unit that is left as noise counts as 0."""
    silhouette, noise = measures["silhouette"], measures["noise"]
    return -math.inf if silhouette is None else float(silhouette) * (1 - float(noise or 0))


def kind(space: Space) -> str:
    """Say which silhouette so many units get."""
    if len(space.values) <= EXACT:
        return "exact"
    return "squared" if space.metric == EUCLIDEAN else "sample"


def widths(space: Space, labels: Ints) -> Floats:
    """Compute every unit's silhouette; NaN for noise, for units outside a sample, and if there are not two segments."""
    if len(np.unique(labels[labels >= 0])) < 2:
        return np.full(len(labels), math.nan)
    which = kind(space)
    if which == "exact":
        return silhouettes(space, labels)
    if which == "squared":
        return squared_silhouettes(space.values, labels)
    found = np.full(len(labels), math.nan)
    some = sample(len(labels))
    found[some] = silhouettes(space._replace(values=space.values[some]), labels[some])
    return found


def sample(n: int) -> Ints:
    """Take units at even steps, so many that all distances between them can be looked at."""
    return np.linspace(0, n - 1, min(n, EXACT // 2)).astype(np.int64)


def everybody(ready: Prepared) -> Space:
    """Return the space of all units, extremes too."""
    return ready.space._replace(values=ready.everybody)


def with_extremes(ready: Prepared, labels: Ints) -> Ints:
    """Return the labels of all units: those of the core, then each kind of extremes."""
    if ready.extremes is None:
        return labels
    _, codes = np.unique(ready.extremes.names.astype(str), return_inverse=True)  # "" of the core comes first
    whole = codes.astype(np.int64) + int(labels.max(initial=-1))
    whole[ready.rows] = labels
    return whole


def mean(values: Floats) -> float:
    """Average what is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def macro(values: Floats, labels: Ints) -> float:
    """Average the segments' averages, so that a large segment does not outvote the small ones."""
    known = ~np.isnan(values)
    if not known.any():
        return math.nan
    counts = np.bincount(labels[known])
    sums = np.bincount(labels[known], weights=values[known])
    return float((sums[counts > 0] / counts[counts > 0]).mean())


def _spread(space: Space, labels: Ints) -> tuple[float, float]:
    """Return the index of Davies and Bouldin and that of Calinski and Harabasz."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    kept = labels >= 0
    inside: Any = space.values[kept]
    if not 2 <= len(np.unique(labels[kept])) < len(inside):
        return math.nan, math.nan
    return float(davies_bouldin_score(inside, labels[kept])), float(calinski_harabasz_score(inside, labels[kept]))
