"""``cluster``: units into segments that behave alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice
from dangol.core.words import Sentence

from .gap import Held, noise_of
from .methods import BY_DENSITY, Fit, Linkage, Method, Metric, Plan, fit, read_plan
from .prepare import Prepared, prepare
from .quality import Measures, kind, measures, worth
from .segment_words import skewness
from .segments import SEGMENT, Segments
from .stability import agreement
from .transform_steps import read_steps
from .units import Missing, read_units

Ints = npt.NDArray[np.int64]

NOISE: Final = "noise"
EXTREME: Final = "extreme: "  # what the name of a segment of extremes begins with


def cluster(
    table: object,
    features: str | Sequence[str],
    *,
    method: Method = "kmeans",
    k: int | None = None,
    cut: float | None = None,
    linkage: Linkage = "ward",
    metric: Metric = "euclidean",
    transforms: str | Sequence[str] = (),
    scale: str | None = None,
    extremes: str | None = None,
    eps: float | None = None,
    min_size: int | None = None,
    unit: str | None = None,
    missing: Missing = "refuse",
    as_of: str | None = None,
    resamples: int = 20,
    seed: int = 0,
) -> Segments:
    """Put units into segments whose members are alike, and say how far the segments can be trusted.

    The features are transformed, units far from all others are set aside as segments of their own, and the method
    clusters the rest, the core. The **silhouette** of a unit compares a, its mean distance to its own segment, with b,
    its mean distance to the nearest other one::

        silhouette = (b - a) / max(a, b)        from -1 to 1; 0 for a unit alone in its segment

    **Stability** is the mean adjusted Rand index between the segments and those made anew of 90 % of the core (1,500
    units at most), everything fitted anew: 1 where all come back, 0 where no more than by chance. Below .6, with more
    than 80 % of the units in one segment, or with a silhouette no higher than data without groups have (see
    ``choose_clusters``), the first sentence says that there is no strong structure.

    Args:
        table: anything with the Arrow C stream (pandas, polars), a Result, or the path of a Parquet or CSV file: a row
            per unit.
        features: the numeric columns to cluster on; in one text, parted by commas. With ``metric="gower"`` text, too.
        method: ``kmeans``; ``minibatch`` (k-means for millions); ``kmedoids`` (FasterPAM; CLARA above 20,000 units);
            ``hierarchical``; ``gmm`` (Gaussian mixture, the shape of covariances by BIC); ``dbscan``; ``hdbscan``.
        k: how many segments the core gets; dbscan and hdbscan find it.
        cut: of hierarchical instead of k: the height at which the tree is cut, in the units of the distance.
        linkage: of hierarchical.
        metric: distance between units; ``gower`` takes text, too. Methods of means take ``euclidean`` alone.
        transforms: steps in order, such as ``["log1p(events)", "winsorise(share=0.01)"]``: ``log1p``, ``winsorise``,
            ``shrink(rate, by=n)``, ``standard``, ``robust``, ``minmax``, each of the features in brackets or of all.
        scale: the last step, of all features: ``none``, ``standard``, ``robust``, ``minmax``. None takes ``robust``,
            with a cut ``none``.
        extremes: ``own``: units far from all others become segments of their own; ``keep``: they are clustered. None
            takes ``own``; ``keep`` with a cut, dbscan and hdbscan, which set extremes apart themselves.
        eps: of dbscan: how near neighbours are; None takes the knee of the distances to the last of min_size.
        min_size: of dbscan: neighbours that make a core point, itself counted (twice the number of features, 4 at
            least); of hdbscan: the smallest segment (1 % of the units, 5 at least).
        unit: the column of ids; None takes user, session or group, whichever is there, else the first text column.
        missing: what to do with units that lack a feature: ``refuse``, or ``drop`` and count.
        as_of: local time up to which the data reach; None takes the table's column ``as_of``, if it has one.
        resamples: how many times stability is tried; 0 does not.
        seed: the same seed gives the same segments.

    Returns:
        Segments, named "1", "2", … by size; extremes by what is extreme in them; noise "noise". ``.sizes`` has name →
        units, ``.table`` a row per unit, ``.centers`` a row per segment, ``.quality`` the measures, ``.result`` the
        sentences, tables and figure.

    Conventions:
        Quality is measured in the space that was clustered, of the core; ``silhouette_all`` with the extremes,
        everything fitted on all units. Segments of equal size follow their first unit. A merge at the height of the cut
        is made. Equal heights are cut in the order of merging.

    Raises:
        InputError: for columns that are missing, constant or no numbers, values that are missing or infinite, ids
            that are missing or stand twice, fewer than two units, more segments than units, and options that do not
            fit the method.

    References:
        Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7 (silhouette); Hubert, Arabie 1985, doi:10.1007/BF01908075
        (adjusted Rand); Schubert, Rousseeuw 2021, doi:10.1016/j.is.2021.101804 (FasterPAM); Hennig 2007,
        doi:10.1016/j.csda.2006.11.025 (stability).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> users = pd.DataFrame({"user": list("abcdef"), "visits": [1, 2, 3, 21, 22, 23], "spent": [9, 8, 9, 1, 2, 1]})
        >>> segments = dg.cluster(users, ["visits", "spent"], k=2, seed=1)
        >>> segments.sizes
        {'1': 3, '2': 3}
        >>> round(segments.quality["silhouette"], 2)
        0.91
    """
    steps = read_steps(transforms)
    by_itself = cut is not None or choice("method", method, get_args(Method)) in BY_DENSITY
    plan = read_plan(
        Plan(
            method=method,
            k=k,
            cut=cut,
            linkage=linkage,
            metric=metric,
            eps=eps,
            min_size=min_size,
            transforms=steps,
            scale=scale if scale is not None else "robust" if cut is None else "none",
            extremes=extremes if extremes is not None else "keep" if by_itself else "own",
            seed=seed,
        )
    )
    units = read_units(table, features, unit=unit, missing=missing, as_of=as_of, categories=metric == "gower")
    if SEGMENT in units.table.column_names:
        raise InputError(
            "the table has a column 'segment' already; rename it, so that the new segments can have the name"
        )
    ready = prepare(units, plan)
    found = fit(ready.space, plan)
    names, codes = named(found.labels, ready)
    return Segments(units, names, codes, _told(ready, found, plan, resamples))


def _told(ready: Prepared, found: Fit, plan: Plan, resamples: int) -> dict[str, Any]:
    """Say how segments were made and how good they are, as JSON could hold it."""
    numeric = ~ready.core.categorical
    quality = measures(ready, found.labels)
    return {
        "plan": {**asdict(plan), "transforms": list(plan.transforms)},
        "quality": {**quality, **_held_to_noise(ready, found, plan, quality)},
        "stability": agreement(
            ready.core,
            found.labels,
            plan,
            resamples=resamples,
            seed=plan.seed,
            covariances=found.chosen.get("covariances"),
        ),
        "transforms": ready.transformed.table().to_dict("records"),
        "skewness": skewness(ready.space.values[:, numeric], np.array(ready.core.features)[numeric].tolist()),
        "remarks": [_kept(one) for one in ready.transformed.sentences()],
        "extremes": _set_aside(ready),
        "chosen": found.chosen,
    }


def _held_to_noise(ready: Prepared, found: Fit, plan: Plan, quality: Measures) -> dict[str, float | bool | None]:
    """Say what data without groups have, and whether the segments are any clearer; None where it cannot be told."""
    ways = [(plan, found)] if found.k > 1 else []
    squared = kind(ready.space) == "squared"
    held = noise_of(ready.space, ways, squared=squared, seed=plan.seed).get(plan, Held())
    if math.isnan(held.limit):
        return {"silhouette_noise": None, "silhouette_limit": None, "clearer": None}
    known = {"silhouette_noise": held.silhouette, "silhouette_limit": held.limit}
    return {**known, "clearer": held.beaten(worth(quality))}


def named(labels: Ints, ready: Prepared) -> tuple[tuple[str, ...], Ints]:
    """Name the segments: the core's by size from "1", then those of extremes by size, then noise."""
    _, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    names = [str(place + 1) for place in range(len(order))]
    total = len(ready.everybody)
    codes = np.full(total, -1, np.int64)
    codes[ready.rows] = np.where(labels >= 0, rank[labels], -1) if len(order) else -1
    if ready.extremes is not None:
        outside = ready.extremes.names
        kinds, counts = np.unique(outside[outside != ""].astype(str), return_counts=True)
        for kind in kinds[np.argsort(-counts, kind="stable")]:
            codes[outside == kind] = len(names)
            names.append(EXTREME + str(kind))
    if (codes < 0).any():
        codes[codes < 0] = len(names)
        names.append(NOISE)
    return tuple(names), codes


def _set_aside(ready: Prepared) -> dict[str, Any]:
    if ready.extremes is None:
        return {"units": None}
    aside = len(ready.everybody) - len(ready.rows)
    return {"units": aside, "limit": float(ready.extremes.limit), "capped": bool(ready.extremes.capped)}


def _kept(said: Sentence) -> dict[str, Any]:
    """Keep a sentence as JSON could hold it: what it states as text already."""
    return {"en": said.write("en"), "ko": said.write("ko")}
