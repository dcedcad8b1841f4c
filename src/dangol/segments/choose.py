"""``choose_clusters``: how many segments there are, by which method, and whether there are any at all."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result

from .choose_rows import STARTS, choices, leading, rescaled
from .choose_tables import Chosen, tables
from .choose_words import explain, sentences
from .methods import DENSE, Linkage, Method, Metric, Plan, read_plan
from .prepare import prepare
from .quality import EXACT
from .transform_steps import SCALES, read_steps
from .units import Missing, read_units

METHODS: Final = ("kmeans", "kmedoids", "hierarchical", "gmm", "hdbscan")
FOR_MANY: Final = ("kmeans", "kmedoids", "minibatch")  # above 20,000 units
_CENTRED: Final = ("ward", "centroid", "median")


def choose_clusters(
    table: object,
    features: str | Sequence[str],
    *,
    methods: str | Sequence[str] | None = None,
    k: str | Sequence[int] = "2..10",
    linkage: Linkage = "ward",
    metric: Metric = "euclidean",
    transforms: str | Sequence[str] = (),
    scale: str = "robust",
    extremes: str = "own",
    unit: str | None = None,
    missing: Missing = "refuse",
    as_of: str | None = None,
    resamples: int = 20,
    least: int | None = None,
    seed: int = 0,
) -> Result:
    """Try several methods and numbers of segments, and recommend one, or say that there is no strong structure.

    The units are made ready as ``cluster`` does it: transformed, and those far from all others set aside. Every method
    divides the rest, the core, with every k. A way to divide it has something against it if

    - ``too small``: its smallest segment has fewer than ``least`` units;
    - ``lopsided``: more than 80 % of the core are in one segment;
    - ``fragile``: its segments do not come back. Resamples of 90 % of the core (1,500 units at most) are divided anew,
      everything fitted on the resample; stability is the mean adjusted Rand index with the whole, and must reach 0.6;
    - ``like noise``: its silhouette is not three standard deviations above that of data without groups, divided in
      the same way. There are two kinds, ten sets each, and the stricter counts: uniform in the box along the principal
      axes of the core (750 units at most), and one crowd, each feature with its own tail and ties but a single peak,
      correlated as the ranks of the core are.

    Of the others the highest silhouette is best. Those within 0.02 of it are near ties: the fewest segments win, then
    the most stable. If nothing is left, none is recommended, and the first sentence says "No strong structure". Then
    the best way with nothing but ``like noise`` against it leads, of near ties the most stable: its segments are parts
    of a continuum, not separate kinds.

    Args:
        table: a row per unit: a data frame, anything with the Arrow C stream, a ``Result``, a Parquet or CSV file.
        features: the columns to cluster on.
        methods: of ``kmeans``, ``minibatch``, ``kmedoids``, ``hierarchical``, ``gmm``, ``dbscan``, ``hdbscan``. None
            takes kmeans, kmedoids, hierarchical, gmm and hdbscan, above 20,000 units kmeans, kmedoids and minibatch;
            with another metric those of them that need no means.
        k: numbers of segments, as ``"2..10"``, ``"2, 3, 5"`` or a list. hdbscan finds them itself: it is tried with
            smallest segments of 1 %, 2 % and 5 % of the core, dbscan with the reach it finds.
        linkage: of hierarchical.
        metric: distance between units; ``gower`` allows text features.
        transforms: steps in order, as in ``cluster``.
        scale: the last step, of all features: ``none``, ``standard``, ``robust``, ``minmax``.
        extremes: ``own``: units far from all others are set aside; ``keep``: they are clustered.
        unit: the column of ids; None takes user, session or group, whichever is there, else the first text column.
        missing: what to do with units that lack a feature: ``refuse``, or ``drop`` and count.
        as_of: local time up to which the data reach; None takes the table's column ``as_of``, if it has one.
        resamples: how many times stability is tried; 0 does not, and nothing is called fragile.
        least: units of the smallest segment that may be; None takes 1 % of the core, 5 at least.
        seed: the same seed gives the same answer.

    Returns:
        A Result named ``choose``. ``choices`` has a row per way: method, k (segments in the core), silhouette (mean of
        the core, noise left out), silhouette_kind (``exact``; above 20,000 units ``squared``, by squared distances),
        silhouette_macro (mean of the segments' means), silhouette_all (with the extremes as segments), silhouette_noise
        (data without groups), davies_bouldin, calinski_harabasz, gap and gap_se (kmeans, kmedoids by its sum of
        distances, hierarchical; on 750 units at most), bic (gmm; lower is better), smallest (units), largest_share,
        noise (share of the core), min_size (hdbscan), stability, stability_sd, verdict. ``best`` has the ways from best
        to worst. ``elbow``: method, k, loss. Of the way that leads, recommended or not: ``silhouettes`` (unit, segment,
        silhouette), ``map`` and ``axes`` (unit, x, y, segment: two principal components, or the two features:
        only a picture), ``sensitivity`` (scale, agreement, silhouette). ``tree``: the merges of hierarchical.
        ``transforms``, ``excluded``. ``units(segment=, method=, k=)`` lists the units of a segment.

    Conventions:
        Ways of one method and k are not repeated: hdbscan has a row per number of segments that it finds. A unit that
        density-based methods leave as noise counts as a silhouette of 0 when ways are compared, and as one more segment
        for stability. Noise is known for Euclidean distances alone: with other metrics nothing is held to it.

    Raises:
        InputError: as ``cluster``; and for a k that is no whole number of at least 2, or more than the units that
            differ.

    References:
        Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7 (silhouette); Tibshirani, Walther, Hastie 2001,
        doi:10.1111/1467-9868.00293 (gap); Davies, Bouldin 1979, doi:10.1109/TPAMI.1979.4766909; Caliński, Harabasz
        1974, doi:10.1080/03610927408827101; Liu et al. 2008, doi:10.1198/016214508000000454 (held to a single crowd);
        Hubert, Arabie 1985, doi:10.1007/BF01908075 (adjusted Rand); Hennig 2007, doi:10.1016/j.csda.2006.11.025
        (stability).

    Example:
        >>> import numpy as np, pandas as pd
        >>> chance = np.random.default_rng(0)
        >>> places = np.repeat([[0, 0], [9, 0], [0, 9]], 40, axis=0) + chance.normal(size=(120, 2))
        >>> users = pd.DataFrame({"user": [f"u{i}" for i in range(120)], "visits": places[:, 0], "spent": places[:, 1]})
        >>> answer = choose_clusters(users, ["visits", "spent"], methods="kmeans, hierarchical", k="2..5")
        >>> answer.table.loc[answer.table["verdict"] == "recommended", ["k", "smallest"]].to_numpy().tolist()
        [[3, 40]]
    """
    ks = read_ks(k)
    _whole("seed", seed, 0)
    _whole("resamples", resamples, 0)
    _whole("least", least if least is not None else 1, 1)
    common = Plan(
        "kmedoids", metric=metric, transforms=read_steps(transforms), scale=scale, extremes=extremes, seed=seed
    )
    choice("scale", scale, SCALES)
    choice("linkage", linkage, get_args(Linkage))
    common = replace(read_plan(common), linkage=linkage)
    units = read_units(table, features, unit=unit, missing=missing, as_of=as_of, categories=metric == "gower")
    ready = prepare(units, common)
    n = len(ready.core)
    if ks[-1] > n:
        raise InputError(f"k={ks[-1]} is more than the {n:,} units there are to cluster; choose a smaller k")
    wanted = read_methods(methods, n, metric, linkage)
    few = replace(common, starts=STARTS) if n > EXACT else common
    plans = [read_plan(replace(few, method=one)) for one in wanted]
    least = max(5, math.ceil(n / 100)) if least is None else least
    made = choices(ready, plans, ks, resamples, least)
    place = leading(made)
    scaled = [] if place is None else rescaled(ready, made[place], SCALES)
    chosen = Chosen(units, ready, common, wanted, tuple(made), place, least, tuple(scaled))
    asked: dict[str, Any] = {"features": list(units.features), "methods": list(wanted), "k": list(ks)}
    asked |= {"linkage": linkage, "metric": metric, "transforms": list(common.transforms), "scale": scale}
    asked |= {"extremes": extremes, "unit": units.unit, "missing": missing, "as_of": as_of}
    asked |= {"resamples": resamples, "least": least, "seed": seed}
    return Result(
        name="choose",
        sentences=sentences(chosen),
        how=explain(chosen, ks),
        recipe={"question": "choose_clusters", "parameters": asked, "table": units.described},
        tables=tables(chosen),
        shown=("best",),
        find=partial(_find, chosen),
        unit=units.unit,
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def read_ks(k: object) -> tuple[int, ...]:
    """Read numbers of segments.

    >>> read_ks("2..5"), read_ks("3, 2"), read_ks(range(2, 4)), read_ks(4)
    ((2, 3, 4, 5), (2, 3), (2, 3), (4,))
    """
    given = _numbers(k) if isinstance(k, str) else [k] if isinstance(k, int | np.integer) else k
    try:
        found = list(given)  # type: ignore[call-overload]
    except TypeError:
        found = []
    if not found or any(isinstance(one, bool) or not isinstance(one, int | np.integer) for one in found):
        raise InputError(f"k={k!r} must be numbers of segments, such as '2..10' or [2, 3, 5]")
    if min(found) < 2:
        raise InputError(f"k={min(found)} is no division into segments; begin with 2")
    return tuple(sorted({int(one) for one in found}))


def _whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}={value!r} must be a whole number of at least {least}")


def _numbers(text: str) -> list[int]:
    span = re.fullmatch(r"\s*(\d{1,6})\s*\.\.\s*(\d{1,6})\s*", text)
    if span:
        return list(range(int(span[1]), int(span[2]) + 1))
    parts = [part.strip() for part in text.split(",")]
    return [int(part) for part in parts] if all(re.fullmatch(r"\d{1,7}", part) for part in parts) else []


def read_methods(methods: object, n: int, metric: str, linkage: str) -> tuple[str, ...]:
    """Read the methods to try; without any, those that suit so many units and the metric."""
    if methods is None:
        if metric != "euclidean":
            tree = () if linkage in _CENTRED else ("hierarchical",)
            density = () if n > DENSE else ("hdbscan",)
            return ("kmedoids", *tree, *density) if n <= EXACT else ("kmedoids",)
        return METHODS if n <= EXACT else FOR_MANY
    named = [part.strip() for part in methods.split(",")] if isinstance(methods, str) else methods
    if not isinstance(named, Sequence) or not named:
        raise InputError(f"methods={methods!r} must be names of methods, such as ['kmeans', 'gmm']")
    for one in named:
        if one not in get_args(Method):
            raise unknown("method", one, get_args(Method), "the methods")
    return tuple(dict.fromkeys(named))


# ---- the units behind a number ----------------------------------------------------------------------------------


def _find(
    chosen: Chosen, *, segment: str | None = None, method: str | None = None, k: int | None = None
) -> npt.NDArray[Any]:
    """List the units of a segment of one way, of the leading one if none is named."""
    ids = np.array(chosen.units.ids.to_pylist(), object)
    ways = [
        one
        for one in ([chosen.leader] if method is None and k is None else chosen.choices)
        if one is not None and method in (None, one.plan.method) and k in (None, one.fit.k)
    ]
    if not ways:
        raise InputError(f"method={method!r}, k={k!r} is no way that was tried; see the table 'choices'")
    if len(ways) > 1:
        tried = ", ".join(f"{one.plan.method} {one.fit.k}" for one in ways[:4])
        raise InputError(f"method={method!r}, k={k!r} names several ways ({tried}); give both")
    names, codes = chosen.named(ways[0])
    if segment is None:
        return ids
    if not isinstance(segment, str):
        raise InputError(f"segment={segment!r} must be the name of a segment, a text such as '1'")
    if segment not in names:
        raise unknown("segment", segment, names, "this way")
    found: npt.NDArray[Any] = ids[codes == names.index(segment)]
    return found
